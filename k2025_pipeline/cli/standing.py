"""``k2025 status``, ``accept``, ``publish``, ``check``: what stands, and what a person decides about it.

Here belongs showing and deciding. Not here: asking the figures (``asking``).
"""

from __future__ import annotations

import sys
from typing import Any

import click
from rich.table import Table

from k2025_pipeline.cli.base import BLOCKED, Explained, console, current_settings, main

STATE, OTHER_COLUMNS = 24, 56
"""Characters of the last column of `k2025 status`, and of all but the title: a table takes one line of a screen."""


@main.command()
def status() -> None:
    """Tables, vintages, last run, and what is late at the source."""
    from datetime import UTC, datetime

    from k2025_pipeline.catalog import load_catalog
    from k2025_pipeline.console import cell_text
    from k2025_pipeline.lake.home import Home
    from k2025_pipeline.lake.typed import TypedLake
    from k2025_pipeline.quality import freshness, nights

    settings = current_settings(None)
    home, catalog = Home(settings.home), load_catalog(settings.schemas)
    lake, lights = TypedLake(home), freshness.of_tables(home, catalog, datetime.now(UTC))
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("table", "title", "vintage", "rows"):
        table.add_column(name, no_wrap=True, justify="right" if name == "rows" else "left")
    table.columns[1].max_width = max(10, console.width - OTHER_COLUMNS)
    table.add_column("state", min_width=STATE)
    for contract in catalog.tables.values():
        vintage = lake.current(contract.name)
        if vintage is None:
            state, because = lake.state(contract.name)
            told = f"[yellow]{state.replace('_', ' ')}[/] {cell_text(because)}"
            table.add_row(contract.id, contract.title.nb, "–", "–", told)
            continue
        state = _state(lights[contract.name], vintage.stale_because)
        rows = f"{vintage.rows:,}".replace(",", " ")
        table.add_row(contract.id, contract.title.nb, vintage.updated[:10], rows, state)
    console.print(table)
    _print_refusals(lake, catalog)
    record = nights.latest(home)
    if record is None:
        console.print(f"\n{home.root}: no refresh yet. Run `k2025 refresh`.")
    else:
        _print_night(home, record)
    _print_standing(home)


def _print_night(home: Any, record: Any) -> None:
    """The last night: what became of it, what does not hold, and where that is told."""
    from k2025_pipeline import runbook
    from k2025_pipeline.console import cell_text
    from k2025_pipeline.quality import morning, nights

    colour = {"published": "green", "unchanged": "green", "held": "yellow", "blocked": "bold red"}[record.ending]
    asked = ", ".join(f"{count} to {service}" for service, count in sorted(record.requests.items()))
    ended = f"{record.finished_at} from {record.source}, {asked or 'no'} requests"
    console.print(f"\nLast run   [{colour}]{record.ending}[/] {ended}", highlight=False)
    console.print(f"Morning    {home.reports / morning.LATEST}", highlight=False)
    checks = nights.checks_of(home, record.night_id)
    for row in checks.filter(~checks["passed"] & (checks["severity"] == "error")).iter_rows(named=True):
        page = runbook.link(row["runbook"])
        console.print(f"[red]Broken[/]     {cell_text(row['message'])} See {page}", highlight=False)
    for name, problem in record.problems.items():
        console.print(f"[red]Problem[/]    {cell_text(f'{name}: {problem}')}", highlight=False)


def _state(lights: Any, stale_because: str | None) -> str:
    """How a table stands, the gravest first: refused or not fetched, late with us, late at the source."""
    from k2025_pipeline.console import cell_text

    if stale_because:
        return f"[red]stale[/]: {cell_text(stale_because)}"
    if lights.ours.state == "late":
        return f"[red]late with us[/]: {cell_text(lights.ours.message.en)}"
    if lights.source.state == "late":
        return f"[yellow]late at source (due {lights.due})[/]"
    if lights.source.state == "unknown":
        return f"[yellow]not known[/]: {cell_text(lights.source.message.en)}"
    return "[green]current[/]" if lights.due else "[green]current[/], closed series"


def _print_standing(home: Any) -> None:
    """What readers get: the file, what it was made by, the copies, and whether publication is paused."""
    from k2025_pipeline.console import cell_text
    from k2025_pipeline.warehouse import copies
    from k2025_pipeline.warehouse.publish import held, is_as_published, published

    file, days, hold = published(home), list(copies.available(home)), held(home)
    if file is None:
        console.print("Published  nothing yet")
        return
    made = f"K2025 {file.version or 'of an older version'}, revision {(file.revision or 'unknown')[:12]}"
    console.print(f"Published  {file.published_at}, source {file.source}, {home.warehouse}", highlight=False)
    console.print(f"           by {made}, sha256 {file.sha256[:12]}", highlight=False)
    for level, counted in (file.checks or {}).items():
        told = f"{counted['passed']} hold, {counted['failed']} do not ({counted['blocking']} of all can block)"
        console.print(f"           {level}: {told}", highlight=False)
    if days:
        several = f"{len(days)}, {days[0]} to {days[-1]}"
        console.print(f"Copies     {several} (k2025 publish --list)", highlight=False)
    if hold is not None:
        told = cell_text(f"since {hold.since} by {hold.by}: {hold.reason}")
        console.print(f"[bold yellow]Paused[/]     {told}", highlight=False)
        console.print("           Nights publish nothing until: k2025 publish --resume", highlight=False)
    if not is_as_published(home):
        console.print(
            f"[bold red]NOT THE FILE THAT WAS PUBLISHED[/]: {home.warehouse} is not what its manifest speaks of. "
            "Somebody has changed or exchanged it. `k2025 refresh` puts a new one out; "
            "see docs/runbook/damaged-home.md.",
            highlight=False,
        )
        sys.exit(BLOCKED)


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
    settings = current_settings(None)
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
    home = Home(current_settings(None).home)
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
    moved = f"Went back from {before} to {stands.published_at}"
    already = f"The file of {stands.published_at} stood already"
    console.print(f"{already if before == stands.published_at else moved}: {home.warehouse}", highlight=False)
    console.print("Publication is paused: nights go on and publish nothing.", highlight=False)
    console.print("When the cause is mended: k2025 publish --resume", highlight=False)
    _tell_decision(home, stands, paused=True)


def _tell_decision(home: Any, stands: Any, paused: bool) -> None:
    from k2025_pipeline.catalog import load_catalog
    from k2025_pipeline.quality import morning

    catalog = load_catalog(current_settings(None).schemas)
    morning.tell_decision(home, catalog, stands.published_at if stands else None, paused)


def _resume(home: Any) -> None:
    from k2025_pipeline.warehouse import going_back
    from k2025_pipeline.warehouse.publish import published

    ended = going_back.resume(home)
    if ended is None:
        console.print("Publication was not paused.")
    else:
        console.print(f"Publication goes on; it was paused since {ended.since} by {ended.by}.", highlight=False)
        console.print("The next refresh publishes: k2025 refresh", highlight=False)
        _tell_decision(home, published(home), paused=False)


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

    settings = current_settings(source)
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
