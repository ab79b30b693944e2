"""The history of a table's cells: only changes are stored, and every vintage can be had back from it."""

from datetime import UTC, datetime

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from k2025_pipeline.ingest import history

KEY = ["region_code", "measure", "period"]
MARCH, JUNE, AUTUMN = (datetime(2026, month, 15, tzinfo=UTC) for month in (3, 6, 9))
Cell = tuple[str, str, float | None, str | None]


def frame(*cells: Cell) -> pl.DataFrame:
    rows = [
        {"region_code": region, "measure": "fte", "period": period, "unit": "årsverk", "value": value, "symbol": symbol}
        for region, period, value, symbol in cells
    ]
    schema = dict.fromkeys([*KEY, "unit", "symbol"], pl.String) | {"value": pl.Float64}
    text = pl.Categorical()
    return pl.DataFrame(rows, schema=schema).with_columns(pl.col(*KEY, "unit", "symbol").cast(text))


def as_of(step: history.Step, moment: datetime) -> pl.DataFrame:
    held = (pl.col("valid_from") <= moment) & (pl.col("valid_to").is_null() | (pl.col("valid_to") > moment))
    return said(step.history.filter(held))


def said(cells: pl.DataFrame) -> pl.DataFrame:
    texts = pl.col(*KEY, "unit", "symbol").cast(pl.String)
    return cells.select(texts, "value").sort(KEY)


BEFORE = frame(("0301", "2024", 10.0, None), ("0301", "2025", 20.0, None), ("EAK", "2025", None, ".."))


class TestExtend:
    def test_the_first_vintage_is_the_whole_history(self) -> None:
        step = history.begin(KEY, BEFORE, MARCH)
        assert as_of(step, MARCH).equals(said(BEFORE))
        assert [(row["kind"], row["cells"]) for row in step.changes] == [("first_vintage", 3)]

    def test_the_same_again_adds_nothing_and_tells_nothing(self) -> None:
        first = history.begin(KEY, BEFORE, MARCH)
        again = history.extend(first.history, KEY, BEFORE.reverse(), JUNE)
        assert again.history.height == 3
        assert again.changes == []

    def test_each_kind_of_change_is_told_apart(self) -> None:
        after = frame(
            ("0301", "2024", 10.05, None),  # revised a little
            ("0301", "2025", None, ":"),  # hidden now
            ("EAK", "2025", 500.0, None),  # reported now
            ("0301", "2026", 21.0, None),  # new period
            ("1508", "2025", 7.0, None),  # new cell of a known period
        )
        step = history.extend(history.begin(KEY, BEFORE, MARCH).history, KEY, after, JUNE)
        told = {(row["kind"], row["period"], row["size"]): row for row in step.changes}
        assert set(told) == {
            ("revised", "2024", "up_to_1"),
            ("value_lost", "2025", None),
            ("value_appeared", "2025", None),
            ("new_period", "2026", None),
            ("cells_added", "2025", None),
        }
        revised = told["revised", "2024", "up_to_1"]
        assert (revised["cells"], revised["region_code"]) == (1, "0301")
        assert (revised["value_before"], revised["value_after"]) == (10.0, 10.05)
        assert as_of(step, MARCH).equals(said(BEFORE))
        assert as_of(step, JUNE).equals(said(after))

    def test_a_cell_that_is_gone_ends_and_one_that_returns_begins_anew(self) -> None:
        less = BEFORE.filter(pl.col("period") == "2025")
        second = history.extend(history.begin(KEY, BEFORE, MARCH).history, KEY, less, JUNE)
        assert [(row["kind"], row["period"]) for row in second.changes] == [("period_withdrawn", "2024")]
        third = history.extend(second.history, KEY, BEFORE, AUTUMN)
        for moment, vintage in ((MARCH, BEFORE), (JUNE, less), (AUTUMN, BEFORE)):
            assert as_of(third, moment).equals(said(vintage))
        assert third.history.height == 4

    def test_sizes_are_shares_of_the_larger_value(self) -> None:
        before = frame(
            *[("0301", f"20{n}", value, None) for n, value in ((10, 100.0), (11, 100.0), (12, 100.0), (13, 0.0))]
        )
        after = frame(
            *[("0301", f"20{n}", value, None) for n, value in ((10, 101.0), (11, 95.0), (12, 125.0), (13, 1.0))]
        )
        step = history.extend(history.begin(KEY, before, MARCH).history, KEY, after, JUNE)
        assert {row["period"]: row["size"] for row in step.changes} == {
            "2010": "up_to_1",
            "2011": "1_to_5",
            "2012": "5_to_20",
            "2013": "over_20",
        }

    def test_a_symbol_beside_the_same_value_is_a_change_of_symbol(self) -> None:
        after = frame(("0301", "2024", 10.0, "*"), ("0301", "2025", 20.0, None), ("EAK", "2025", None, ":"))
        step = history.extend(history.begin(KEY, BEFORE, MARCH).history, KEY, after, JUNE)
        assert [(row["kind"], row["period"]) for row in step.changes] == [
            ("symbol_changed", "2024"),
            ("symbol_changed", "2025"),
        ]


CELLS = st.dictionaries(
    st.tuples(st.sampled_from(["0301", "1508", "EAK"]), st.sampled_from(["2024", "2025"])),
    st.one_of(st.none(), st.integers(0, 3)),
)


@given(st.lists(CELLS, min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_every_vintage_can_be_had_back(vintages: list[dict[tuple[str, str], int | None]]) -> None:
    frames = [
        frame(*[(r, p, None if v is None else float(v), ".." if v is None else None) for (r, p), v in cells.items()])
        for cells in vintages
    ]
    moments = [datetime(2026, 1, day, tzinfo=UTC) for day in range(1, len(frames) + 1)]
    step = history.begin(KEY, frames[0], moments[0])
    for cells, moment in zip(frames[1:], moments[1:], strict=True):
        step = history.extend(step.history, KEY, cells, moment)
    for cells, moment in zip(frames, moments, strict=True):
        assert as_of(step, moment).equals(said(cells))
    open_cells = step.history.filter(pl.col("valid_to").is_null())
    assert open_cells.select(KEY).is_unique().all()


def test_renamed_codes_are_told_with_both_names() -> None:
    (row,) = history.renamed([{"column": "region_label", "code": "5025", "before": "Røros", "now": "Røros - Rosse"}])
    assert (row["kind"], row["text_before"], row["text_after"]) == ("renamed", "5025 Røros", "5025 Røros - Rosse")
