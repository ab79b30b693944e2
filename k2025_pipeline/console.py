"""What a person at a terminal sees: progress of a refresh, its summary, and rows of an answer.

Here belongs layout and wording. Not here: what is done (``night``).
"""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from typing import Any

import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from k2025_pipeline.harmless import for_terminal
from k2025_pipeline.ingest import acceptance
from k2025_pipeline.ingest.session import FetchOutcome
from k2025_pipeline.lake.home import Home
from k2025_pipeline.quality import morning
from k2025_pipeline.quality.acceptance import Acceptance
from k2025_pipeline.quality.nights import NightRecord
from k2025_pipeline.warehouse import publish
from k2025_pipeline.warehouse.audit import data_docs
from k2025_pipeline.warehouse.publish import Published

MARKS = {
    "fetched": "[green]✔[/]",
    "accepted": "[green]✔[/]",
    "unchanged": "[dim]=[/]",
    "not_offered": "[yellow]–[/]",
    "postponed": "[yellow]![/]",
    "absent": "[yellow]–[/]",
    "warned": "[yellow]![/]",
    "failed": "[red]✘[/]",
    "refused": "[red]✘[/]",
}
FIRST_QUERY = (
    "select region_name, period, value, unit, obs_status from public.indicator_values "
    "where structure = 'current' and indicator_id = 'KOMP-01' and region_code in ('0301', 'EAK') order by 1, 2"
)


class ConsoleReporter:
    """Prints each step as it happens and keeps what the summary needs."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.fetches: list[FetchOutcome] = []
        self.outcomes: list[acceptance.Outcome] = []
        self.publication: Published | None = None
        self.publication_skipped = False

    @property
    def problems(self) -> dict[str, str]:
        """Tables that stand stale or are missing for another reason than that the source has none, and why."""
        found = {o.name: o.message for o in self.fetches if o.state in ("failed", "postponed")}
        for outcome in self.outcomes:
            because = outcome.message if outcome.state == "refused" else outcome.stale_because
            if because:
                found[outcome.name] = because
        return found

    def fetched(self, outcome: FetchOutcome) -> None:
        """See :class:`k2025_pipeline.night.Reporter`."""
        self.fetches.append(outcome)
        self._line("raw", outcome.name, outcome.state, outcome.message)

    def typed(self, outcome: acceptance.Outcome) -> None:
        """See :class:`k2025_pipeline.night.Reporter`."""
        self.outcomes.append(outcome)
        self._line("typed", outcome.name, outcome.state, outcome.message)

    def building(self, skipped: bool) -> None:
        """See :class:`k2025_pipeline.night.Reporter`."""
        state = "unchanged" if skipped else "fetched"
        self._line("dbt", "models", state, "nothing to build" if skipped else "building and testing …")

    def audited(self, results: list[Acceptance], skipped: bool) -> None:
        """See :class:`k2025_pipeline.night.Reporter`."""
        held = sum(result.passed for result in results)
        blocked = any(not result.passed and result.blocking for result in results)
        state = "refused" if blocked else "warned" if held < len(results) else "unchanged" if skipped else "accepted"
        self._line("audit", "public", state, f"{held} of {len(results)} expectations hold")

    def published(self, result: Published, skipped: bool) -> None:
        """See :class:`k2025_pipeline.night.Reporter`."""
        self.publication, self.publication_skipped = result, skipped
        message = f"published {result.published_at}" + (", unchanged" if skipped else "")
        self._line("publish", "warehouse", "unchanged" if skipped else "accepted", message)

    def stopped(self, steps: dict[str, str]) -> None:
        """Tell why steps stopped that raised an error."""
        for step, why in steps.items():
            self._line("step", step, "failed", why)

    def _line(self, layer: str, name: str, state: str, message: str) -> None:
        line = f"{MARKS[state]} [bold]{layer:<8}[/]{name:<11} [dim]{cell_text(message)}[/]"
        self._console.print(line, highlight=False)


def print_summary(
    console: Console,
    home: Home,
    reporter: ConsoleReporter,
    checks: list[Any],
    record: NightRecord | None,
    seconds: float,
) -> None:
    """Print what the night came to: tables, cells, checks, indicators, the file and a first query."""
    failed = [check for check in checks if not check.passed]
    grid = Table.grid(padding=(0, 2))
    grid.add_row("Tables", _counts(reporter))
    grid.add_row("Cells", f"{_cells(home):,} in the published file".replace(",", " "))
    grid.add_row("Checks", f"{len(checks) - len(failed)} passed, {len(failed)} failed")
    grid.add_row("Indicators", _indicators(home))
    requests = record.requests if record else {}
    asked = ", ".join(f"{count} to {service}" for service, count in sorted(requests.items())) or "none"
    grid.add_row("Changes", (record and record.changes) or "nothing was published")
    grid.add_row("Requests", f"{asked}; {seconds:.0f} seconds in all")
    if home.warehouse.exists():
        size = home.warehouse.stat().st_size / 1e6
        standing = " (unchanged)" if reporter.publication_skipped else ""
        grid.add_row("File", f"{home.warehouse} ({size:.1f} MB){standing}")
        grid.add_row("Data Docs", str(data_docs(home)))
    grid.add_row("Morning", str(home.reports / morning.LATEST))
    console.print()
    console.print(Panel(grid, title="K2025", title_align="left", expand=False))
    for check in failed:
        console.print(_failed_check(check), highlight=False)
    if reporter.publication and reporter.publication.source == "demo":
        console.print("[bold yellow]DEMO: all figures are generated / alle tall er generert. Not SSB's figures.[/]")
    console.print("[dim]✔ done   = unchanged   – not offered   ! noticed, does not block   ✘ failed[/]")
    if home.warehouse.exists():
        command = "k2025" if shutil.which("k2025") else sys.argv[0]
        console.print(f'\nTry:  [bold]{command} query[/] "{FIRST_QUERY}"', highlight=False, soft_wrap=True)


def _counts(reporter: ConsoleReporter) -> str:
    states = Counter(outcome.state for outcome in reporter.fetches)
    refused = sum(outcome.state == "refused" for outcome in reporter.outcomes)
    words = [f"{count} {state.replace('_', ' ')}" for state, count in states.items()]
    return ", ".join(words + ([f"[red]{refused} refused[/]"] if refused else []))


def _cells(home: Home) -> int:
    published = publish.published(home)
    if published is None:
        return 0
    return sum(rows for name, rows in published.tables.items() if name.startswith("source."))


def _indicators(home: Home) -> str:
    if not home.warehouse.exists():
        return "none published"
    sql = (
        "select count(distinct indicator_id) filter (where value is not null), count(value), "
        "(select count(*) from public.indicators) from public.indicator_values where structure = 'as_published'"
    )
    with_values, values, declared = publish.query(home, sql).row(0)
    return f"{with_values} of {declared} published with figures, {values:,} values".replace(",", " ", 2)


def _failed_check(check: Any) -> str:
    blocking = "[red]blocking[/]" if check.blocking else "[yellow]not blocking[/]"
    names = ("message", "dagster_dbt/failed_row_count")
    said = next((check.metadata[name].value for name in names if name in check.metadata), None)
    text = "" if said is None else f": {said} rows break it" if isinstance(said, int) else f": {said}"
    mark = "[red]✘[/]" if check.blocking else "[yellow]![/]"
    return f"  {mark} {'/'.join(check.asset_key.path)} · {check.check_name} ({blocking}){cell_text(text)}"


def upload_table(standing: list[dict[str, Any]]) -> Table:
    """What stands of each upload as a table for the terminal."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    names = ["upload", "file", "rows", "figures", "taken in", "from", "note", "source", "state"]
    for name in names:
        table.add_column(name, justify="right" if name in ("rows", "figures") else "left", overflow="fold")
    for row in standing:
        table.add_row(*(cell_text(row[name]) for name in names))
    return table


def print_frame(console: Console, frame: pl.DataFrame) -> None:
    """Print rows; where they are wider than the terminal, what is the same in all of them stands above once."""
    table = as_table(frame)
    if frame.height > 1 and console.measure(table).minimum >= console.width // 2:
        same = [name for name in frame.columns if frame[name].n_unique() == 1]
        for name in same:
            console.print(f"[bold]{cell_text(name)}[/] {cell_text(frame[name][0])}", highlight=False)
        console.print()
        table = as_table(frame.drop(same))
    console.print(table)
    console.print(f"[dim]{frame.height} rows[/]")


def as_table(frame: pl.DataFrame) -> Table:
    """Rows as a table for the terminal; numbers to the right, a missing value as a dash."""
    numeric = [dtype.is_numeric() for dtype in frame.dtypes]
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name, is_number in zip(frame.columns, numeric, strict=True):
        table.add_column(cell_text(name), justify="right" if is_number else "left", overflow="fold")
    for row in frame.iter_rows():
        table.add_row(*(cell_text(value) for value in row))
    return table


def cell_text(value: Any) -> str:
    """One value as text, with what steers a terminal and the markup of the terminal library made harmless."""
    if value is None:
        return "[dim]–[/]"
    if hasattr(value, "strftime") and hasattr(value, "hour"):
        return str(value.strftime("%Y-%m-%d %H:%M"))
    if isinstance(value, float):
        return f"{value:.12g}"
    return escape(for_terminal(str(value)))
