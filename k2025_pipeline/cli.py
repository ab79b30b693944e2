"""The command line: ``k2025 …``.

Here belong commands, options and exit statuses. Heavy libraries are imported by the command that needs
them, so that ``--help`` and ``query`` answer at once.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from k2025_pipeline import __version__, runbook
from k2025_pipeline.settings import PROJECT_ROOT, Settings, disable_telemetry

BLOCKED, USAGE, PARTLY = 1, 2, 3
EXIT_STATUSES = """
\b
Exit status:
  0  published, or nothing new
  1  blocked: nothing was published, the old file stands
  2  the command could not start (wrong source, wrong declaration, …)
  3  published, but a table was refused or could not be fetched and stands stale
"""

console = Console()


class Group(click.Group):
    """Shows an error that has a page in the runbook as one sentence and the page, instead of a traceback."""

    def invoke(self, context: click.Context) -> Any:
        """See :class:`click.Group`."""
        try:
            return super().invoke(context)
        except Exception as error:
            page = runbook.page_of(error)
            if page is None:
                raise
            from k2025_pipeline.harmless import for_terminal

            click.echo(f"k2025: {for_terminal(str(error))}\nSee {runbook.link(page)}", err=True)
            context.exit(USAGE)


class Explained(click.ClickException):
    """What was asked for cannot be done: one sentence and its page in the runbook, exit status 1.

    Args:
        message: what happened and what to do. page: name of the page.
    """

    def __init__(self, message: str, page: str) -> None:
        super().__init__(message)
        self.page = page

    def format_message(self) -> str:
        """See :class:`click.ClickException`."""
        return f"{self.message}\nSee {runbook.link(self.page)}"


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__)
def main() -> None:
    """K2025: competence and staffing in Norwegian municipal care, from Statistics Norway to one file.

    \b
    First time:            k2025 refresh
    What is in it:         k2025 indicators
    Ask it something:      k2025 query "select * from public.indicators"
    How is it:             k2025 status
    See runs and checks:   k2025 ui

    K2025_HOME (default var/) holds everything written; K2025_SOURCE is the default of --source. A relative
    K2025_HOME counts from the project's folder, a folder given as source from where you stand.
    """
    disable_telemetry()


@main.command(epilog=EXIT_STATUSES)
@click.option(
    "--source",
    help="demo (generated), demo:unrevised (its March edition), live (data.ssb.no), a URL, or a folder of tables.",
)
@click.option("--only", multiple=True, metavar="ID", help="Ask only for this table or classification; repeatable.")
@click.option("--force", is_flag=True, help="Fetch everything anew, changed or not, also while SSB publishes.")
@click.option("--tell", is_flag=True, help="Send alerts afterwards, as Dagster's sensors do; for cron without them.")
def refresh(source: str | None, only: tuple[str, ...], force: bool, tell: bool) -> None:
    """Run the nightly job now: ask what changed, fetch it, prove it, publish.

    It is the same Dagster job as the schedule's, so the run is seen in `k2025 ui`. A table that fails keeps
    its last good vintage and is marked stale; the rest of the night goes on.
    """
    settings = _settings(source)
    with _telling(settings) if tell else contextlib.nullcontext():
        _refresh(settings, only, force)


def _refresh(settings: Settings, only: tuple[str, ...], force: bool) -> None:
    from k2025_pipeline.catalog import load_catalog
    from k2025_pipeline.console import ConsoleReporter, print_summary
    from k2025_pipeline.harmless import for_terminal
    from k2025_pipeline.ingest.source import identity, keeps_hours
    from k2025_pipeline.lake.home import Home
    from k2025_pipeline.pxweb.hours import PublicationHours
    from k2025_pipeline.quality import nights

    home = Home(settings.home)
    known = load_catalog(settings.schemas)
    unknown = [i for i in only if i not in known.tables and i not in known.classifications]
    if unknown:
        raise click.UsageError(f"--only {unknown[0]}: no such file in schemas/tables or schemas/classifications.")
    home.check_source(identity(settings.source))
    if keeps_hours(settings.source) and settings.publication_hours == "end" and not force:
        PublicationHours("end").before_request("refresh")
    _answers(settings.source)
    started = time.monotonic()
    console = Console(file=sys.stdout)  # bound now: the run sends everything else to its log
    reporter = ConsoleReporter(console)
    console.print(f"[dim]{settings.source} → {home.root}[/]", highlight=False)
    with home.held(), _log_file(home.root / "refresh.log"):
        success, checks = run_job(settings, reporter, force, only)
    record = nights.latest(home)
    print_summary(console, home, reporter, checks, record, time.monotonic() - started)
    if not success:
        console.print(
            f"\n[bold red]Blocked: nothing was published.[/] The file stands as it was. "
            f"The reasons are above, in `k2025 ui`, and at the end of {home.root / 'refresh.log'}.\n"
            f"What to do: {runbook.INDEX}"
        )
        sys.exit(BLOCKED)
    if reporter.problems:
        console.print(f"\n[bold yellow]Published, but stale or missing: {', '.join(sorted(reporter.problems))}.[/]")
        for name, message in sorted(reporter.problems.items()):
            console.print(f"  {name}: {for_terminal(message)}", highlight=False, markup=False)
        if any(name.startswith(("upload_", "inputs/")) for name in reporter.problems):
            console.print("Files of people: k2025 upload check FILE tells every error; mend it, then k2025 refresh.")
        if any(not name.startswith(("upload_", "inputs/")) for name in reporter.problems):
            console.print("Once the source is mended: k2025 refresh --only ID --force")
        console.print(f"What to do: {runbook.INDEX}")
        sys.exit(PARTLY)


@contextlib.contextmanager
def _telling(settings: Settings) -> Iterator[None]:
    """Tell how a refresh ended, also one that could not begin; see docs/alerts.md."""
    from k2025_pipeline.alerts.configuration import AlertSettings

    configured = AlertSettings.from_env()
    if not configured.any:
        raise click.UsageError(
            "--tell: no channel is configured. Set K2025_ALERT_SMTP_HOST or another, docs/alerts.md."
        )
    try:
        yield
    except SystemExit:
        _tell_newest_run(settings)
        raise
    except click.UsageError:
        raise
    except Exception as error:
        _tell(settings, None, f"{type(error).__name__}: {error}")
        raise
    else:
        _tell_newest_run(settings)


def _tell_newest_run(settings: Settings) -> None:
    import dagster as dg

    from k2025_pipeline.orchestration.alerts import failure_of, newest_run

    with dg.DagsterInstance.get() as instance:
        run_id = newest_run(instance)
        failure = failure_of(instance, run_id) if run_id else None
    _tell(settings, run_id, failure)


def _tell(settings: Settings, run_id: str | None, failure: str | None) -> None:
    """Send; what does not arrive is owed to the next run and said here, and leaves the exit status alone."""
    from k2025_pipeline.alerts.telling import NotDelivered, tell
    from k2025_pipeline.lake.home import Home

    try:
        for sent in tell(Home(settings.home), settings, run_id, failure):
            click.echo(f"Told / sendt: {sent}")
    except NotDelivered as error:
        click.echo(f"k2025: {error}", err=True)


def _answers(source: str) -> None:
    """See that a URL is a Statbank before a home is bound to it."""
    from k2025_pipeline.pxweb.client import source_kind
    from k2025_pipeline.pxweb.limiter import shared_folder
    from k2025_pipeline.pxweb.transport import Transport

    if source.startswith(("http://", "https://")):
        source_kind(source, Transport(attempts=2, limits_folder=shared_folder()))


def run_job(
    settings: Settings, reporter: Any, force: bool = False, only: tuple[str, ...] = ()
) -> tuple[bool, list[Any]]:
    """Run the nightly job in this process, recorded in the home's Dagster instance.

    Returns:
        Whether it succeeded, and the evaluations of all checks.
    """
    from k2025_pipeline.lake.home import Home
    from k2025_pipeline.orchestration.instance import prepare_instance

    prepare_instance(Home(settings.home))
    import dagster as dg

    from k2025_pipeline.definitions import build_definitions
    from k2025_pipeline.orchestration.common import NIGHT
    from k2025_pipeline.orchestration.failures import stopped_steps
    from k2025_pipeline.orchestration.instance import close_dead_runs
    from k2025_pipeline.orchestration.jobs import NIGHTLY

    definitions = build_definitions(settings, reporter)
    with dg.DagsterInstance.get() as instance:
        close_dead_runs(instance)
        result = definitions.resolve_job_def(NIGHTLY).execute_in_process(
            instance=instance,
            raise_on_error=False,
            run_config={"resources": {NIGHT: {"config": {"force": force, "only": list(only)}}}},
        )
        reporter.stopped(stopped_steps(result, settings.home))
        return result.success, list(result.get_asset_check_evaluations())


@contextlib.contextmanager
def _log_file(path: Path) -> Iterator[None]:
    """Send what libraries say to a file; the terminal belongs to the reporter."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        handler = logging.StreamHandler(file)
        logging.getLogger().addHandler(handler)
        try:
            with contextlib.redirect_stdout(file), contextlib.redirect_stderr(file):
                yield
        finally:
            logging.getLogger().removeHandler(handler)


@main.command()
def status() -> None:
    """Tables, vintages, last run, and what is late at the source."""
    from datetime import UTC, datetime, timedelta

    from k2025_pipeline.catalog import load_catalog
    from k2025_pipeline.catalog.calendar import last_due
    from k2025_pipeline.console import cell_text
    from k2025_pipeline.lake.home import Home
    from k2025_pipeline.lake.typed import TypedLake
    from k2025_pipeline.quality import nights

    settings = _settings(None)
    home, catalog = Home(settings.home), load_catalog(settings.schemas)
    lake, today = TypedLake(home), datetime.now(UTC).date()
    table = Table("table", "title", "vintage", "rows", "state", box=None, header_style="bold", pad_edge=False)
    for contract in catalog.tables.values():
        vintage = lake.current(contract.name)
        if vintage is None:
            state, because = lake.state(contract.name)
            told = f"[yellow]{state.replace('_', ' ')}[/] {cell_text(because)}"
            table.add_row(contract.id, contract.title.nb, "–", "–", told)
            continue
        due = last_due(contract.calendar, today, timedelta(days=catalog.quality.freshness.grace_days))
        state = "[green]current[/]" if due else "[green]current[/], closed series"
        if due and vintage.updated[:10] < due.isoformat():
            state = f"[yellow]late at source (due {due})[/]"
        if vintage.stale_because:
            state = f"[red]stale[/]: {cell_text(vintage.stale_because)}"
        table.add_row(contract.id, contract.title.nb, vintage.updated, f"{vintage.rows:,}".replace(",", " "), state)
    console.print(table)
    _print_refusals(lake, catalog)
    record = nights.latest(home)
    if record is None:
        console.print(f"\n{home.root}: no refresh yet. Run `k2025 refresh`.")
        return
    asked = ", ".join(f"{count} to {service}" for service, count in sorted(record.requests.items()))
    console.print(f"\nLast run   {record.finished_at} from {record.source}, {asked or 'no'} requests")
    for name, problem in record.problems.items():
        console.print(f"[red]Problem[/]    {cell_text(f'{name}: {problem}')}", highlight=False)
    _print_standing(home)


def _print_standing(home: Any) -> None:
    """What readers get: the file, what it was made by, the copies, and whether publication is paused."""
    from k2025_pipeline.console import cell_text
    from k2025_pipeline.warehouse import copies
    from k2025_pipeline.warehouse.publish import file_hash, held, published

    file, days, hold = published(home), list(copies.available(home)), held(home)
    if file is None:
        console.print("Published  nothing yet")
        return
    made = f"K2025 {file.version or 'of an older version'}, revision {(file.revision or 'unknown')[:12]}"
    console.print(f"Published  {file.published_at}, source {file.source}, {home.warehouse}", highlight=False)
    console.print(f"           by {made}, sha256 {file.sha256[:12]}", highlight=False)
    for level, counted in (file.checks or {}).items():
        told = ", ".join(f"{count} {word}" for word, count in counted.items())
        console.print(f"           {level}: {told}", highlight=False)
    if days:
        several = f"{len(days)}, {days[0]} to {days[-1]}"
        console.print(f"Copies     {several} (k2025 publish --list)", highlight=False)
    if hold is not None:
        told = cell_text(f"since {hold.since} by {hold.by}: {hold.reason}")
        console.print(f"[bold yellow]Paused[/]     {told}", highlight=False)
        console.print("           Nights publish nothing until: k2025 publish --resume", highlight=False)
    if file_hash(home.warehouse) != file.sha256:
        console.print(
            f"[bold red]NOT THE FILE THAT WAS PUBLISHED[/]: {home.warehouse} is not what its manifest speaks of. "
            "Somebody has changed or exchanged it. Go back to a copy: k2025 publish --list",
            highlight=False,
        )


def _contracts(catalog: Any) -> list[Any]:
    return [*catalog.tables.values(), *catalog.classifications.values()]


def _print_refusals(lake: Any, catalog: Any) -> None:
    from k2025_pipeline.console import cell_text

    for contract in _contracts(catalog):
        for refusal in lake.standing_refusals(contract.name):
            console.print(f"\n[red]Refused[/]    {refusal.vintage} {cell_text(refusal.because)}", highlight=False)
            console.print(
                f"           Right after all?  k2025 accept {contract.name} {refusal.vintage} --reason …",
                highlight=False,
            )


@main.command()
@click.argument("table")
@click.argument("vintage")
@click.option("--reason", required=True, help="Why it is right after all, for those who read it in a year.")
@click.option("--by", help="Who decides; your user name if left out.")
def accept(table: str, vintage: str, reason: str, by: str | None) -> None:
    """Accept a refused VINTAGE of TABLE in spite of the rules that it breaks; `k2025 status` lists them.

    Only rules about size and drift can be overruled. Who, when and why stands in public.source_vintages from the
    next `k2025 refresh` on.
    """
    import getpass

    from k2025_pipeline.catalog import load_catalog
    from k2025_pipeline.ingest import acceptance, overruling
    from k2025_pipeline.lake.home import Home
    from k2025_pipeline.night import source_kind

    if not reason.strip():
        raise click.UsageError("--reason: say why, in words that another person understands.")
    settings = _settings(None)
    home, catalog = Home(settings.home), load_catalog(settings.schemas)
    known = {name: c for c in _contracts(catalog) for name in (c.id, c.name)}
    if table not in known:
        raise click.UsageError(f"{table}: no such file in schemas/tables or schemas/classifications.")
    contract = known[table]
    with home.held():
        try:
            rules = overruling.overrule(home, contract, vintage, reason.strip(), by or getpass.getuser())
            partial = source_kind(home) == "recording"
            outcome = acceptance.accept(home, contract, acceptance.Tonight(asked=False, partial=partial))
        except (overruling.CannotOverrule, acceptance.ContractEdited) as error:
            raise Explained(str(error), error.runbook) from error
    console.print(f"{contract.id}: {outcome.message}", highlight=False)
    console.print(f"Overruled: {', '.join(rules)}. Run `k2025 refresh` to publish it.", highlight=False)


@main.command("publish")
@click.option("--list", "listing", is_flag=True, help="Show the dated copies, the newest last.")
@click.option(
    "--rollback",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Let the file that was published on this date (2026-11-20) stand again, and pause publication.",
)
@click.option("--resume", is_flag=True, help="Let the next refresh publish again.")
@click.option("--reason", help="With --rollback: why, for those who come after you.")
@click.option("--by", help="With --rollback: who decides; your user name if left out.")
def publish_command(listing: bool, day: Any, resume: bool, reason: str | None, by: str | None) -> None:
    """Go back to an earlier published file, or see which there are; nights publish by themselves.

    Going back swaps the copy in as a night swaps its new file in: readers are never locked out. Nights go on and
    publish nothing until `k2025 publish --resume`, since they would bring back what you have taken away.
    """
    from k2025_pipeline.lake.home import Home
    from k2025_pipeline.warehouse import swap

    if [listing, day is not None, resume].count(True) != 1:
        raise click.UsageError("Say one of --list, --rollback DATE and --resume. Nights publish by themselves.")
    home = Home(_settings(None).home)
    if listing:
        _print_copies(home)
        return
    if day is not None and not (reason or "").strip():
        raise click.UsageError("--reason: say why you go back, in words that another person understands.")
    with home.held():
        swap.recover(home)
        if resume:
            _resume(home)
        else:
            _go_back(home, day.date(), str(reason).strip(), by)


def _print_copies(home: Any) -> None:
    from k2025_pipeline.warehouse import copies
    from k2025_pipeline.warehouse.publish import published

    standing = published(home)
    table = Table(
        "date", "published", "source", "revision", "sha256", "", box=None, header_style="bold", pad_edge=False
    )
    for day, copy in copies.available(home).items():
        stands = "[green]stands[/]" if standing and standing.sha256 == copy.sha256 else ""
        revision = (copy.revision or "–")[:12]
        table.add_row(day.isoformat(), copy.published_at, copy.source, revision, copy.sha256[:12], stands)
    console.print(table if table.row_count else f"There are no copies in {home.copies} yet.", highlight=False)


def _go_back(home: Any, day: Any, reason: str, by: str | None) -> None:
    import getpass

    from k2025_pipeline.warehouse import going_back

    left, stands = going_back.go_back(home, day, by or getpass.getuser(), reason)
    before = left.published_at if left else "nothing"
    console.print(f"Went back from {before} to {stands.published_at}: {home.warehouse}", highlight=False)
    console.print("Publication is paused: nights go on and publish nothing.", highlight=False)
    console.print("When the cause is mended: k2025 publish --resume", highlight=False)


def _resume(home: Any) -> None:
    from k2025_pipeline.warehouse import going_back

    ended = going_back.resume(home)
    if ended is None:
        console.print("Publication was not paused.")
    else:
        console.print(f"Publication goes on; it was paused since {ended.since} by {ended.by}.", highlight=False)
        console.print("The next refresh publishes: k2025 refresh", highlight=False)


@main.command()
@click.argument("sql")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True)
def query(sql: str, form: str) -> None:
    """Ask the published file in SQL (DuckDB).

    \b
    k2025 query "select * from public.indicator_values
                 where structure = 'current' and indicator_id = 'KOMP-01' and region_code = '0301'
                 order by period"

    In CSV, text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    import duckdb
    import polars as pl

    from k2025_pipeline import harmless
    from k2025_pipeline.console import print_frame
    from k2025_pipeline.lake.home import Home
    from k2025_pipeline.warehouse import publish

    try:
        frame = publish.query(Home(_settings(None).home), sql)
        text = harmless.as_csv(frame) if form == "csv" else harmless.as_json(frame) if form == "json" else ""
    except (duckdb.Error, publish.QueryError) as error:
        raise Explained(harmless.for_terminal(str(error)), publish.QueryError.runbook) from error
    except pl.exceptions.ComputeError as error:
        advice = "Take the parts, cast it to text, or use --format json."
        raise Explained(f"A column has no form in CSV: {error}. {advice}", publish.QueryError.runbook) from error
    if text:
        click.echo(text, nl=form == "json")
    else:
        print_frame(console, frame)


@main.command()
@click.argument("indicator_id", required=False)
@click.option("--all", "everything", is_flag=True, help="Every definition, not only the first of each indicator.")
def indicators(indicator_id: str | None, everything: bool) -> None:
    """The catalogue, or one definition with its latest national value."""
    from k2025_pipeline.console import as_table, cell_text
    from k2025_pipeline.lake.home import Home
    from k2025_pipeline.warehouse import publish

    home = Home(_settings(None).home)
    if indicator_id is None:
        chosen = "true" if everything else "i.indicator_id = i.family_id"
        console.print(as_table(publish.query(home, _CATALOGUE.format(chosen=chosen))))
        return
    chosen = indicator_id.upper().replace("'", "")
    found = publish.query(home, f"select * from public.indicators where upper(indicator_id) = '{chosen}'")
    if found.is_empty():
        raise click.ClickException(f"{indicator_id}: no such indicator. `k2025 indicators` lists them.")
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in found.row(0, named=True).items():
        table.add_row(f"[bold]{name}[/]", cell_text(value))
    latest = publish.query(home, _LATEST.format(indicator_id=chosen))
    if latest.height:
        value = latest.row(0, named=True)
        table.add_row("[bold]latest, country[/]", f"{value['value']} {value['unit']} ({value['period']})")
        table.add_row("[bold]status, source[/]", f"{value['obs_status']}, {value['source']}, {value['vintage']}")
    else:
        table.add_row("[bold]latest, country[/]", "no national figure published")
    console.print(table)


_LATEST = """
select period, value, unit, obs_status, source, vintage from public.indicator_values
where structure = 'as_published' and upper(indicator_id) = '{indicator_id}'
    and region_level = 'country' and value is not null
order by period desc limit 1
"""
_CATALOGUE = """
with latest as (
    select indicator_id, period, value from public.indicator_values
    where structure = 'as_published' and region_level = 'country' and value is not null
    qualify row_number() over (partition by indicator_id order by period desc) = 1
),
families as (select family_id, count(*) as definitions from public.indicators group by family_id)
select i.indicator_id as id, i.name_nb, i.unit, l.value as country, l.period, f.definitions
from public.indicators i join families f using (family_id) left join latest l using (indicator_id)
where {chosen} order by i.indicator_id
"""


@main.command()
@click.option("--source", help="As for refresh.")
def check(source: str | None) -> None:
    """Hold every contract against the source's metadata and say what to edit; status 1 if anything differs.

    Run it before the first live refresh: codes that no public source shows are assumed, and are looked up here
    by their labels.
    """
    from k2025_pipeline.catalog import load_catalog
    from k2025_pipeline.ingest.check import assumed_first, check_classification, check_contract
    from k2025_pipeline.ingest.source import open_source
    from k2025_pipeline.klass.client import KlassClient
    from k2025_pipeline.lake.home import Home
    from k2025_pipeline.pxweb.client import StatbankClient
    from k2025_pipeline.pxweb.limiter import shared_folder
    from k2025_pipeline.pxweb.transport import Transport

    settings = _settings(source)
    catalog = load_catalog(settings.schemas)
    transport = Transport(settings.contact, limits_folder=shared_folder())
    differences = 0
    with open_source(settings.source, Home(settings.home), transport) as opened:
        statbank, klass = StatbankClient(opened.base_url, transport), KlassClient(opened.base_url, transport)
        for contract in assumed_first(catalog.tables.values()):
            differences += _print_report("tables", contract, check_contract(contract, statbank))
        for classification in catalog.classifications.values():
            differences += _print_report("classifications", classification, check_classification(classification, klass))
    console.print(f"\n{differences} differences" if differences else "\nEvery contract fits.")
    if differences:
        sys.exit(BLOCKED)


def _print_report(folder: str, contract: Any, report: Any) -> int:
    from k2025_pipeline.console import cell_text

    mark = "[green]✔[/]" if not report.findings else "[yellow]![/]"
    console.print(f"{mark} [bold]{contract.id}[/] {contract.title.nb}", highlight=False)
    for finding in report.findings:
        console.print(
            f"    schemas/{folder}/{contract.id}.yml, {cell_text(finding.field)} ({finding.evidence}): "
            f"{cell_text(finding.problem)}; {cell_text(finding.advice)}.",
            highlight=False,
        )
    for line in report.confirmed:
        console.print(f"    [dim]{cell_text(line)}[/]", highlight=False)
    return len(report.findings)


@main.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def pages(folder: Path) -> None:
    """Write a page in bokmål for each indicator, with a chart of the published figures.

    The text follows from schemas/indicators alone; the charts show what is published in K2025_HOME, and say whether
    that is generated.
    """
    from k2025_pipeline.catalog import load_catalog
    from k2025_pipeline.lake.home import Home
    from k2025_pipeline.warehouse import charts
    from k2025_pipeline.warehouse import pages as writing
    from k2025_pipeline.warehouse.publish import NothingPublished

    settings = _settings(None)
    warehouse, catalog = Home(settings.home).warehouse, load_catalog(settings.schemas)
    if not warehouse.exists():
        raise NothingPublished(f"{warehouse} is not there yet: nothing is published. Run `k2025 refresh` first.")
    drawn = charts.draw(warehouse, {family.id: family.name.nb for family in catalog.indicators.values()})
    written = writing.pages(catalog, set(drawn))
    writing.write(folder, written, drawn)
    console.print(f"{len(written)} pages and {len(drawn)} charts in {folder}")


@main.group()
def upload() -> None:
    """Figures that only you have: files in K2025_HOME/inputs/, see docs/uploads.md."""


def _upload_contract(name: str) -> Any:
    from k2025_pipeline.catalog.loader import load_uploads

    uploads = {contract.file: contract for contract in load_uploads(_settings(None).schemas).values()}
    if name.lower() not in uploads:
        raise click.UsageError(f"{name!r}: no such upload. There are: {', '.join(sorted(uploads))}.")
    return uploads[name.lower()]


@upload.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "name", help="Which upload it is, where the file has another name.")
@click.option("--language", type=click.Choice(["nb", "en"]), default="nb", show_default=True)
def upload_check(file: Path, name: str | None, language: str) -> None:
    """Say everything that is wrong with FILE, row by row, without taking it in; status 1 if anything is."""
    from datetime import UTC, datetime

    from k2025_pipeline.ingest import uploads
    from k2025_pipeline.lake.home import Home

    contract = _upload_contract(name or file.stem)
    regions = uploads.known_regions(Home(_settings(None).home))
    checked = uploads.check(contract, file.name, uploads.read_bytes(file), regions, datetime.now(UTC).year)
    for notice in checked.notices:
        click.echo(notice)
    for found in checked.errors:
        click.echo(f"{file.name}: {found.text(language)}")
    if checked.errors:
        click.echo(f"{len(checked.errors)} feil. Ingenting er tatt inn. / Nothing was taken in.")
        sys.exit(BLOCKED)
    rows = checked.sheet.rows.height
    click.echo(
        f"{file.name}: {rows} rader er riktige. / {rows} rows are right. Put it into inputs/, then k2025 refresh."
    )


@upload.command("template")
@click.argument("name")
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["csv", "xlsx"]), help="From PATH's ending if left out, or csv.")
def upload_template(name: str, path: Path | None, form: str | None) -> None:
    """Write a template for the upload NAME to PATH (here, if left out): headers, an example, explanations."""
    from k2025_pipeline.ingest import upload_templates

    contract = _upload_contract(name)
    ending = form or (path.suffix.lstrip(".").lower() if path and path.suffix else "csv")
    if ending not in ("csv", "xlsx"):
        raise click.UsageError(f"{path}: templates are .csv or .xlsx.")
    target = path or Path(f"{contract.file}.{ending}")
    if target.is_dir():
        target = target / f"{contract.file}.{ending}"
    content = upload_templates.as_csv(contract) if ending == "csv" else upload_templates.as_excel(contract)
    try:
        with target.open("xb") as written:
            written.write(content)
    except FileExistsError as error:
        raise click.ClickException(f"{target} is there already; nothing was written. Choose another PATH.") from error
    click.echo(f"{target}: fill it in, k2025 upload check {target}, and lay it into inputs/.")


@upload.command("list")
def upload_list() -> None:
    """What stands of each upload: file, rows, when, from whom, note, and what was refused."""
    from k2025_pipeline.catalog.loader import load_uploads
    from k2025_pipeline.console import upload_table
    from k2025_pipeline.ingest.reception import standing
    from k2025_pipeline.lake.home import Home

    settings = _settings(None)
    home = Home(settings.home)
    console.print(upload_table([standing(home, c) for c in load_uploads(settings.schemas).values()]))
    console.print(f"\nFiles are laid into {home.inputs}", highlight=False, soft_wrap=True)


@main.group()
def alert() -> None:
    """Who is told when a night goes wrong: e-mail, Slack-compatible and generic webhook, see docs/alerts.md."""


@alert.command("test")
def alert_test() -> None:
    """Send a test message on every configured channel and say how it went; status 1 if one did not arrive."""
    from k2025_pipeline.alerts.telling import send_test

    went = send_test()
    if not went:
        raise click.UsageError("no channel is configured. Set K2025_ALERT_SMTP_HOST or another, see docs/alerts.md.")
    for channel, delivery in went:
        click.echo(f"{'✔' if delivery.arrived else '✘'} {channel.name} → {channel.target}")
        if delivery.problem:
            click.echo(f"  {delivery.problem}")
    if not all(delivery.arrived for _, delivery in went):
        sys.exit(BLOCKED)


@alert.command("show")
def alert_show() -> None:
    """Print what the last recorded night has to tell, and to whom; nothing is sent."""
    from k2025_pipeline.alerts.telling import preview
    from k2025_pipeline.lake.home import Home

    settings = _settings(None)
    shown = preview(Home(settings.home), settings)
    if not shown:
        click.echo("Ingenting å melde fra siste natt. / The last recorded night has nothing to tell.")
    for one in shown:
        click.echo(f"\nTil / to: {'; '.join(one.to) or 'ingen / nobody'}")
        if one.told:
            click.echo(f"Ikke nytt for / not news to: {'; '.join(one.told)}")
        click.echo(f"Emne / subject: {one.message.subject}\n\n{one.message.text}", nl=False)


@main.group()
def demo() -> None:
    """The local Statbank: PxWebApi v2 and Klass over generated or recorded tables."""


@demo.command()
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of tables.")
@click.option("--port", default=8025, show_default=True, help="Port on 127.0.0.1.")
@click.option("--fault", "specs", multiple=True, metavar="SPEC", help="Inject a fault, e.g. 503@data:0.2; repeatable.")
@click.option("--list-faults", is_flag=True, help="Say which faults there are, and end.")
@click.option("--seed", default=0, show_default=True, help="Of the faults' draw.")
@click.option(
    "--cells", type=click.IntRange(min=1), default=800_000, show_default=True, help="Most cells in an answer."
)
@click.option("--rate", type=click.IntRange(min=1), default=6000, show_default=True, help="Most calls in a minute.")
def serve(
    data: Path | None, port: int, specs: tuple[str, ...], list_faults: bool, seed: int, cells: int, rate: int
) -> None:
    """Serve tables on 127.0.0.1 until interrupted; the generated demo without --data."""
    from k2025_pipeline.demo import injection
    from k2025_pipeline.demo.generator import ensure_demo
    from k2025_pipeline.demo.server import serve as serve_folder
    from k2025_pipeline.lake.home import Home

    if list_faults:
        click.echo(f"{injection.FORM}\n\n{injection.fault_table()}\n\nRoutes: {', '.join(injection.STAGES)}, *")
        return
    try:
        faults = [injection.parse_fault(spec, seed) for spec in specs]
    except injection.BadFault as error:
        raise click.BadParameter(str(error), param_hint="--fault") from error
    folder = data or ensure_demo(Home(_settings(None).home).demo, "revised")
    console.print(f"http://127.0.0.1:{port}/api/pxwebapi/v2/tables  ({folder})", highlight=False)
    for fault in faults:
        click.echo(f"injects {fault}: {injection.FAULTS[fault.name].meaning}")
    serve_folder(folder, port, faults=faults, cell_limit=cells, rate_limit=rate)


@main.command()
@click.option("--port", default=3000, show_default=True, help="Port on 127.0.0.1; the reports take the next one.")
@click.option("--read-only", is_flag=True, help="Only look: no run can be started, and no schedule runs.")
def ui(port: int, read_only: bool) -> None:
    """Open Dagster on 127.0.0.1, with its daemon for the schedules, and the pages of reports/ beside it.

    For a team see docs/security.md.
    """
    from k2025_pipeline.ingest.source import without_secrets
    from k2025_pipeline.lake.home import Home
    from k2025_pipeline.orchestration.instance import prepare_instance
    from k2025_pipeline.quality import morning, serve
    from k2025_pipeline.warehouse.dbt_project import ensure_manifest

    settings = _settings(None)
    without_secrets(settings.source)
    home = Home(settings.home)
    prepare_instance(home)
    ensure_manifest(settings.dbt_project, home)
    program = ["dagster-webserver", "--read-only"] if read_only else ["dagster", "dev"]
    command = [str(Path(sys.executable).with_name(program[0])), *program[1:], "-h", "127.0.0.1", "-p", str(port)]
    with serve.reports(home.reports, port + 1) as reports:
        console.print(f"Dagster: http://127.0.0.1:{port}  (stop with Ctrl-C)", highlight=False)
        console.print(f"Morning page: {reports}/{morning.LATEST}", highlight=False)
        environment = {
            "K2025_REPORTS_URL": reports,
            **os.environ,
            "K2025_HOME": str(settings.home),
            "K2025_SOURCE": settings.source,
        }
        finished = subprocess.run(
            [*command, "-w", str(PROJECT_ROOT / "workspace.yaml")], env=environment, cwd=home.dagster, check=False
        )
    sys.exit(finished.returncode)


def _settings(source: str | None) -> Settings:
    """The environment's settings; the source is the option, the environment's, the home's own, or the demo."""
    from k2025_pipeline.lake.home import Home

    settings = Settings.from_env()
    bound = Home(settings.home).bound_source if not os.environ.get("K2025_SOURCE") else None
    return replace(settings, source=source or bound or settings.source)


if __name__ == "__main__":
    main()
