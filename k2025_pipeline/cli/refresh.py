"""``k2025 refresh``: the nightly job from a terminal, and alerts after it where no daemon runs.

Here belongs starting a run and telling how it ended. Not here: the job itself (``orchestration``).
"""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from k2025_pipeline import runbook
from k2025_pipeline.cli.base import BLOCKED, EXIT_STATUSES, PARTLY, current_settings, main
from k2025_pipeline.settings import Settings


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
    settings = current_settings(source)
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
        failure = failure_of(instance, run_id, settings.home) if run_id else None
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
