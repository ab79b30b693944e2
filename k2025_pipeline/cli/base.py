"""The group that all commands belong to, and what they share: settings, terminal, exit statuses, how an error is told.

Here belongs what is no command. Not here: commands.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import click
from rich.console import Console

from k2025_pipeline import __version__, runbook
from k2025_pipeline.settings import Settings, disable_telemetry

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


def current_settings(source: str | None) -> Settings:
    """The environment's settings; the source is the option, the environment's, the home's own, or the demo."""
    from k2025_pipeline.lake.home import Home

    if source is not None and not source.strip():
        raise click.UsageError("--source is empty: say demo, live, a URL or a folder, or leave it out.")
    settings = Settings.from_env()
    bound = Home(settings.home).bound_source if not os.environ.get("K2025_SOURCE") else None
    return replace(settings, source=source or bound or settings.source)
