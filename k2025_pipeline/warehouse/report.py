"""What tonight changed, for people: Markdown for the run and ``reports/changes.md``.

Here belongs the wording of a night's changes. Not here: finding them (``ingest.history``, ``dbt``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from k2025_pipeline.catalog import Catalog
from k2025_pipeline.harmless import for_markdown
from k2025_pipeline.lake.home import Home, write_bytes
from k2025_pipeline.lake.typed import Refusal, TypedLake
from k2025_pipeline.warehouse import publish, record

MOST_ROWS = 200
NOTHING = "Ingenting er endret. / Nothing changed."
KINDS = {
    "first_vintage": "første utgave / first vintage",
    "new_period": "ny periode / new period",
    "cells_added": "nye celler / new cells",
    "cells_withdrawn": "celler borte / cells withdrawn",
    "period_withdrawn": "periode borte / period withdrawn",
    "value_appeared": "tall kom til / values appeared",
    "value_lost": "tall falt bort / values lost",
    "symbol_changed": "tegn endret / symbols changed",
    "revised": "revidert / revised",
    "renamed": "nytt navn / renamed",
}
SIZES = {"up_to_1": "≤ 1 %", "1_to_5": "1–5 %", "5_to_20": "5–20 %", "over_20": "> 20 %"}
REVISED = (
    "select indicator_id, count(*) as revised, max(abs(difference)) as largest from public.indicator_revisions "
    "where revised_at > timestamptz '{since}' group by all order by 1"
)


@dataclass(frozen=True)
class Changes:
    """What is new since a publication.

    Attributes:
        cells: rows of ``public.changes``. indicators: revised values by indicator, with the largest difference.
        refusals: deliveries that stand refused.
    """

    cells: pl.DataFrame
    indicators: pl.DataFrame
    refusals: list[Refusal]

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed and nothing was refused."""
        return self.cells.is_empty() and self.indicators.is_empty() and not self.refusals

    def summary(self) -> str:
        """One line."""
        if self.is_empty:
            return "none"
        tables = self.cells["table_id"].n_unique()
        counted = self.cells.group_by("kind").agg(pl.col("cells").sum()).sort("kind")
        told = [f"{count:,} {kind.replace('_', ' ')}".replace(",", " ") for kind, count in counted.iter_rows()]
        revised = int(self.indicators["revised"].sum())
        parts = [f"{tables} tables ({', '.join(told)})"] if told else []
        parts += [f"{revised} indicator values revised"] if revised else []
        parts += [f"{len(self.refusals)} refused"] if self.refusals else []
        return ", ".join(parts)

    def markdown(self) -> str:
        """A page for the run in Dagster and for ``reports/``."""
        return "\n".join(_lines(self)) + "\n"


def since(home: Home, catalog: Catalog, moment: str | None) -> Changes:
    """What changed after a publication, as the lake and the published file tell it.

    Args:
        home: where everything lies. catalog: the declarations. moment: of the last publication, ISO 8601, or None.
    """
    lake = TypedLake(home)
    after = datetime.fromisoformat(moment or "2000-01-01T00:00:00+00:00")
    cells = record.changes(catalog, lake).filter(pl.col("accepted_at") > after)
    revised = publish.query(home, REVISED.format(since=after.isoformat()))
    names = [table.name for table in catalog.tables.values()]
    names += [classification.name for classification in catalog.classifications.values()]
    refusals = [refusal for name in names for refusal in lake.standing_refusals(name)]
    return Changes(cells, revised, refusals)


def write(home: Home, changes: Changes) -> None:
    """Write the page."""
    write_bytes(home.changes_page, changes.markdown().encode())


def _lines(changes: Changes) -> Iterator[str]:
    yield "# Endringer i natt / Changes tonight\n"
    if changes.is_empty:
        yield NOTHING
        return
    if changes.refusals:
        yield "## Avvist / Refused\n"
        yield from _table(["tabell / table", "utgave / vintage", "hvorfor / why"], _refused(changes.refusals))
    if not changes.indicators.is_empty():
        yield "\n## Reviderte indikatorer / Revised indicators\n"
        head = ["indikator / indicator", "verdier / values", "største endring / largest change"]
        yield from _table(head, ([name, f"{count}", _number(most)] for name, count, most in changes.indicators.rows()))
    if not changes.cells.is_empty():
        yield "\n## Kildetabeller / Source tables\n"
        head = ["tabell / table", "hva / what", "mål / measure", "periode / period", "celler / cells", "mest / most"]
        yield from _table(head, map(_cell_row, changes.cells.head(MOST_ROWS).iter_rows(named=True)))
        if changes.cells.height > MOST_ROWS:
            yield f"\n… {changes.cells.height - MOST_ROWS} rader til i public.changes / more rows in public.changes"


def _refused(refusals: list[Refusal]) -> Iterator[list[str]]:
    for refusal in refusals:
        yield [refusal.dataset, refusal.vintage, refusal.because]


def _cell_row(row: dict[str, object]) -> list[str]:
    what = KINDS[str(row["kind"])] + (f" {SIZES[str(row['size'])]}" if row["size"] else "")
    most = ""
    if row["region_code"]:
        most = f"{row['region_code']}: {_number(row['value_before'])} → {_number(row['value_after'])}"
    if row["text_after"]:
        most = f"{row['text_before']} → {row['text_after']}"
    return [str(row["table_id"]), what, str(row["measure"] or ""), str(row["period"] or ""), f"{row['cells']}", most]


def _number(value: object) -> str:
    return "–" if value is None else f"{value:g}"


def _table(head: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(for_markdown(text) for text in row) + " |"
