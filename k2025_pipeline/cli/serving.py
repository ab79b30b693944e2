"""``k2025 ui`` and ``k2025 demo``: servers on loopback.

Here belongs starting them. Not here: what they serve.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import click

from k2025_pipeline.cli.base import console, current_settings, main
from k2025_pipeline.settings import PROJECT_ROOT


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
    folder = data or ensure_demo(Home(current_settings(None).home).demo, "revised")
    console.print(f"http://127.0.0.1:{port}/api/pxwebapi/v2/tables  ({folder})", highlight=False)
    for fault in faults:
        click.echo(f"injects {fault}: {injection.FAULTS[fault.name].meaning}")
    serve_folder(folder, port, faults=faults, cell_limit=cells, rate_limit=rate)


@contextmanager
def _free(served: AbstractContextManager[str], port: int) -> Iterator[str]:
    """Serve, or say that another program has the port."""
    with ExitStack() as stack:
        try:
            address = stack.enter_context(served)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise click.UsageError(
                f"Port {port} is taken by another program. The reports take the port after Dagster's: choose another "
                "one with --port."
            ) from error
        yield address


@main.command()
@click.option(
    "--port",
    type=click.IntRange(1, 65_534),
    default=3000,
    show_default=True,
    help="Port on 127.0.0.1; the reports take the next one.",
)
@click.option("--read-only", is_flag=True, help="Only look: no run can be started, and no schedule runs.")
def ui(port: int, read_only: bool) -> None:
    """Open Dagster on 127.0.0.1, with its daemon for the schedules, and the pages of reports/ beside it.

    For a team see docs/security.md.
    """
    from k2025_pipeline.dbt_project import ensure_manifest
    from k2025_pipeline.ingest.source import without_secrets
    from k2025_pipeline.lake.home import Home
    from k2025_pipeline.orchestration.instance import prepare_instance
    from k2025_pipeline.quality import morning, serve

    settings = current_settings(None)
    without_secrets(settings.source)
    home = Home(settings.home)
    prepare_instance(home)
    ensure_manifest(settings.dbt_project, home)
    program = ["dagster-webserver", "--read-only"] if read_only else ["dagster", "dev"]
    command = [str(Path(sys.executable).with_name(program[0])), *program[1:], "-h", "127.0.0.1", "-p", str(port)]
    with _free(serve.reports(home.reports, port + 1), port + 1) as reports:
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
