"""Every rule on two vintages is seen to hold and seen to fail, through ``judge_table``.

Here belongs what a new vintage is compared for with the one that stands. Not here: rules on a single frame
(``test_table_rules``), and what a refusal does to the lake (``test_acceptance_flow``).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date

import orjson
import polars as pl
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from contract_frames import Row, frame_of, good_rows
from k2025_pipeline.catalog import load_catalog
from k2025_pipeline.catalog.tables import Coverage, Drift, TableContract
from k2025_pipeline.klass.client import SCHEMAS
from k2025_pipeline.settings import PROJECT_ROOT
from k2025_pipeline.validation.contract import RuleResult, Verdict, judge_table

CATALOG = load_catalog(PROJECT_ROOT / "schemas")
LIMITS = Drift(
    rows=0.25, magnitude=2, smallest_sample=5, jump=3, jump_from=100, missing_rise=0.1, zeros_rise=0.1, unchanged=1
)
"""A new period of these tests is a copy of the one before, so that one thing alone is wrong with it."""
REGIONS = [f"46{number:02}" for number in range(1, 11)]
FTE, KR, SHARE = "fte_per_10000", "expenditure_per_inhabitant", "share_80_institution"
Change = Callable[[Row], bool]


def limited(table: str, **limits: object) -> TableContract:
    """A real contract with the thresholds of this file, whatever its own are, and room for a few cells."""
    update = {"drift": LIMITS.model_copy(update=limits), "coverage": Coverage(min_cells=1, max_cells=10_000_000)}
    return CATALOG.tables[table].model_copy(update=update)


CARE = limited("12209")


def rows_of(contract: TableContract = CARE, regions: list[str] | None = None) -> list[Row]:
    return good_rows(contract, regions or REGIONS)


def with_2025(rows: list[Row]) -> list[Row]:
    return rows + [row | {"period": "2025"} for row in rows if row["period"] == "2024"]


def altered(rows: list[Row], where: Change, **cells: object) -> list[Row]:
    """Copies of the rows, with cells replaced; a cell that is a function is made from the one before."""
    return [
        row | {name: cell(row[name]) if callable(cell) else cell for name, cell in cells.items()} if where(row) else row
        for row in rows
    ]


def judge(
    after: list[Row],
    before: list[Row],
    contract: TableContract = CARE,
    changes: pl.LazyFrame | None = None,
    partial: bool = True,
) -> Verdict:
    standing = frame_of(contract, before).lazy()
    return judge_table(contract, frame_of(contract, after), standing, partial, changes)


def broken(verdict: Verdict) -> list[str]:
    return [result.rule for result in verdict.broken]


def only(verdict: Verdict, rule: str) -> RuleResult:
    """The only broken rule, which is ``rule``; what it shows can be written as JSON."""
    assert broken(verdict) == [rule]
    orjson.dumps(verdict.as_data())
    return verdict.broken[0]


def refused(verdict: Verdict, rule: str) -> RuleResult:
    """The only blocking rule that is broken, which is ``rule``."""
    assert [r.rule for r in verdict.broken if r.blocking] == [rule]
    orjson.dumps(verdict.as_data())
    result = verdict.broken[0]
    assert f"k2025 accept {verdict.table.removeprefix('ssb_')} VINTAGE --reason" in result.advice
    assert result.overrulable
    assert verdict.overrulable
    assert not verdict.passed
    return result


def klass(*moves: tuple[str | None, str | None, int]) -> pl.LazyFrame:
    rows = [
        {"old_code": old, "old_name": f"name {old}", "new_code": new, "new_name": "", "changed_on": date(year, 1, 1)}
        for old, new, year in moves
    ]
    return pl.DataFrame(rows, schema=SCHEMAS["changes"]).lazy()


TJELDSUND = klass(("1852", "1852", 2018), ("1852", "5412", 2020), ("1913", "5412", 2020))
DRIFT_RULES = {
    "nothing_vanished", "regions_explained_by_klass", "unit_unchanged", "labels_not_swapped", "renames",
    "magnitude", "missing_share", "zeros", "zeros_for_missing", "new_period_unchanged", "jumps", "jumps_in_new_period",
    "country_figures", "country_missing_in_new_period",
}  # fmt: skip
SHOWN = {
    "regions_explained_by_klass", "renames", "jumps", "jumps_in_new_period", "country_missing_in_new_period",
}  # fmt: skip


# What is compared at all


def test_every_table_declares_how_far_it_may_drift() -> None:
    for path in (PROJECT_ROOT / "schemas" / "tables").glob("*.yml"):
        assert yaml.safe_load(path.read_text("utf-8")).get("drift"), path.name


@pytest.mark.parametrize("table", CATALOG.tables)
def test_a_table_as_it_stood_breaks_nothing(table: str) -> None:
    contract = CATALOG.tables[table]
    rows = good_rows(contract)
    verdict = judge(rows, rows, contract, TJELDSUND)
    assert broken(verdict) == []
    assert {r.rule for r in verdict.results} >= DRIFT_RULES
    assert {r.rule for r in verdict.results if r.rule in DRIFT_RULES and not r.blocking} == SHOWN


def test_a_first_vintage_is_compared_with_nothing() -> None:
    verdict = judge_table(CARE, frame_of(CARE, rows_of()))
    assert {r.rule for r in verdict.results} & (DRIFT_RULES | {"size"}) == set()


def test_an_answer_without_rows_is_refused_for_that_alone() -> None:
    assert broken(judge([], rows_of())) == ["not_empty"]


def test_a_vintage_of_an_older_contract_is_not_compared_and_that_is_shown() -> None:
    frame = frame_of(CARE, rows_of())
    verdict = judge_table(CARE, frame, frame.drop("unit").lazy(), partial=True)
    result = only(verdict, "comparable")
    assert (result.blocking, result.sample) == (False, [{"missing_column": "unit"}])
    assert verdict.passed


def test_a_standing_vintage_of_plain_text_is_compared_too() -> None:
    frame = frame_of(CARE, rows_of())
    before = frame.with_columns(pl.col(pl.Categorical).cast(pl.String)).lazy()
    assert broken(judge_table(CARE, frame, before, partial=True)) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rows", 0), ("rows", 1.1), ("magnitude", 1), ("magnitude", float("inf")), ("smallest_sample", 0),
        ("jump", 1), ("jump_from", 0), ("missing_rise", -0.1), ("missing_rise", 1), ("zeros_rise", float("nan")),
        ("unchanged", 0), ("unchanged", 1.1),
    ],
)  # fmt: skip
def test_a_threshold_that_means_nothing_is_refused(field: str, value: float) -> None:
    with pytest.raises(ValidationError, match=field):
        Drift.model_validate(LIMITS.model_dump() | {field: value})


# Size and what is gone


@pytest.mark.parametrize(("share", "holds"), [(0.76, True), (0.75, True), (0.74, False), (1.25, True), (1.26, False)])
def test_the_number_of_cells_stays_within_the_declared_share(share: float, holds: bool) -> None:
    rows = good_rows(CARE, [f"{1000 + number}" for number in range(200)])
    before, after = rows[:1600], rows[: int(1600 * share)]
    found = {r.rule: r for r in judge(after, before, partial=False).results}
    assert found["size"].passed is holds
    if not holds:
        assert found["size"].sample == [{"cells_before": 1600, "cells_now": len(after), "change_at_most": 0.25}]
        assert (found["size"].blocking, found["size"].overrulable) == (True, True)
    assert "size" not in {r.rule for r in judge(after, before, partial=True).results}


def test_a_halved_table_is_refused() -> None:
    contract = limited("07459")
    before = good_rows(contract)
    women = [row for row in before if row["sex"] == "2"]
    verdict = judge(women, before, contract, partial=False)
    assert {r.rule for r in verdict.broken} == {"size", "nothing_vanished"}
    assert verdict.overrulable
    gone = next(r for r in verdict.broken if r.rule == "nothing_vanished")
    assert [(row["structure"], row["column"], row["vanished"]) for row in gone.sample] == [
        ("as_published", "sex", "1"),
        ("current", "sex", "1"),
    ]


def test_a_region_that_nobody_explains_may_not_vanish() -> None:
    before = rows_of(regions=[*REGIONS, "1852"])
    result = refused(judge(rows_of(), before), "nothing_vanished")
    row = {"structure": "as_published", "column": "region_code", "vanished": "1852", "cells": 16}
    assert (result.failed, result.sample) == (1, [row])


@pytest.mark.parametrize("block", [("region_code", "4603"), ("measure", KR)])
def test_figures_may_not_vanish_though_all_their_codes_are_still_there(block: tuple[str, str]) -> None:
    column, code = block
    before = rows_of()
    after = [row for row in before if (row[column], row["period"]) != (code, "2024")]
    result = refused(judge(after, before), "nothing_vanished")
    assert sum(row["cells"] for row in result.sample) == len(before) - len(after)
    assert {row["column"] for row in result.sample} == {"cells"}
    assert all("2024, regions 460" in row["vanished"] for row in result.sample)


def test_cells_that_had_no_figure_may_vanish() -> None:
    def closed(row: Row) -> bool:
        return (row["region_code"], row["period"]) == ("4603", "2024")

    before = altered(rows_of(), closed, value=None, symbol=".")
    assert broken(judge([row for row in before if not closed(row)], before)) == []


def test_a_structure_that_is_gone_is_told_once() -> None:
    contract = limited("07459")
    before = good_rows(contract)
    after = [row for row in before if row["structure"] == "current"]
    result = refused(judge(after, before, contract), "nothing_vanished")
    assert [(row["column"], row["vanished"]) for row in result.sample] == [("structure", "as_published")]


# What Klass explains


FORMS = {
    "kostra": ("12209", ["1852", "1913", "0301"], ["5412", "0301"]),
    "statbank": ("11645", ["1852", "1913", "19", "0301"], ["5412", "54", "0301"]),
    "counties": ("12209", ["1852", "1913", "EKA18", "EKA19", "0301"], ["5412", "EKA54", "0301"]),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_merger_explains_the_old_codes(form: str) -> None:
    table, old, new = FORMS[form]
    contract = limited(table)
    verdict = judge(good_rows(contract, new), good_rows(contract, old), contract, TJELDSUND)
    result = only(verdict, "regions_explained_by_klass")
    assert verdict.passed
    assert [row["vanished"] for row in result.sample] == sorted(set(old) - set(new))
    assert {row["changed_on"] for row in result.sample} == {"2020-01-01"}
    assert {row["new_code"] for row in result.sample} <= {"5412", "54"}


def test_a_merger_explains_the_codes_of_a_codelist() -> None:
    contract = limited("07459")

    def current(codes: list[str]) -> list[Row]:
        return [row for row in good_rows(contract, codes) if row["structure"] == "current"]

    verdict = judge(current(["K-5412", "K-0301"]), current(["K-1852", "K-1913", "K-0301"]), contract, TJELDSUND)
    assert [row["vanished"] for row in only(verdict, "regions_explained_by_klass").sample] == ["K-1852", "K-1913"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (klass(("1852", "1852", 2020)), "a change of name only"),
        (klass(("1852", "5412", 2020), ("1852", "1852", 2020)), "a border moved, and the code lives on"),
        (klass(("1852", "5412", 2020), ("1850", "1852", 2022)), "the code came back"),
        (klass(("1913", "5412", 2020)), "another municipality's reform"),
        (klass(("1852", "5499", 2020)), "the new code is not there either"),
        (klass(("1852", "5412", 2020), ("1852", "5499", 2020)), "only one part of a split is there"),
        (None, "Klass is not known"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_reform_that_is_not_one_explains_nothing(changes: pl.LazyFrame | None, why: str) -> None:
    result = refused(
        judge(rows_of(regions=["5412"]), rows_of(regions=["5412", "1852"]), changes=changes), "nothing_vanished"
    )
    assert [row["vanished"] for row in result.sample] == ["1852"], why


@pytest.mark.parametrize("new", ["5412", "5512"])
def test_a_code_that_went_on_to_a_third_one_is_explained(new: str) -> None:
    changes = klass(("1852", "5412", 2020), ("5412", "5512", 2024))
    verdict = judge(rows_of(regions=[new]), rows_of(regions=[new, "1852"]), changes=changes)
    assert broken(verdict) == ["regions_explained_by_klass"]


def test_a_closed_code_without_a_new_one_is_explained() -> None:
    verdict = judge(rows_of(), rows_of(regions=[*REGIONS, "1852"]), changes=klass(("1852", None, 2020)))
    assert broken(verdict) == ["regions_explained_by_klass"]


def test_a_county_with_a_municipality_that_kept_its_code_is_not_explained() -> None:
    before = rows_of(regions=["1852", "1804", "EKA18", "5412"])
    verdict = judge(rows_of(regions=["1804", "5412"]), before, changes=TJELDSUND)
    assert [row["vanished"] for row in refused(verdict, "nothing_vanished").sample] == ["EKA18"]
    assert [row["vanished"] for row in verdict.broken[1].sample] == ["1852"]


# Names


def test_a_changed_unit_is_refused_until_it_is_declared_and_confirmed() -> None:
    after = altered(rows_of(), lambda row: row["measure"] == KR, unit="1000 kr")
    undeclared = judge(after, rows_of())
    assert broken(undeclared) == ["unit_as_declared", "unit_unchanged"]
    assert not undeclared.overrulable, "the contract has to be edited first"
    measures = [m.model_copy(update={"unit": "1000 kr"}) if m.name == KR else m for m in CARE.measures]
    declared = judge(after, rows_of(), CARE.model_copy(update={"measures": measures}))
    result = refused(declared, "unit_unchanged")
    row = {"structure": "as_published", "column": "unit", "code": KR, "before": "kr", "now": "1000 kr"}
    assert result.sample == [row]


def test_another_spelling_of_a_unit_is_only_shown() -> None:
    contract = limited("11645")
    rows = good_rows(contract)
    result = only(judge(altered(rows, lambda _: True, unit="antall"), rows, contract), "renames")
    row = {"structure": "as_published", "column": "unit", "code": "users", "before": "personer", "now": "antall"}
    assert (result.blocking, result.sample) == (False, [row])


@pytest.mark.parametrize(
    ("column", "key"),
    [("region_label", "region_code"), ("service_type_label", "service_type"), ("measure_code", "measure")],
)
def test_a_new_name_is_shown_and_stops_nothing(column: str, key: str) -> None:
    contract = limited("11645")
    rows = good_rows(contract)
    code = rows[0][key]
    verdict = judge(altered(rows, lambda row: row[key] == code, **{column: "renamed"}), rows, contract)
    result = only(verdict, "renames")
    assert verdict.passed
    row = {"structure": "as_published", "column": column, "code": code, "before": rows[0][column], "now": "renamed"}
    assert result.sample == [row]


def test_labels_that_changed_places_are_refused() -> None:
    labels = {"4601": "Region 4602", "4602": "Region 4601"}
    after = [row | {"region_label": labels.get(row["region_code"], row["region_label"])} for row in rows_of()]
    result = refused(judge(after, rows_of()), "labels_not_swapped")
    assert [(row["code"], row["now"], row["carried_by"]) for row in result.sample] == [
        ("4601", "Region 4602", "4602"),
        ("4602", "Region 4601", "4601"),
    ]


def test_a_label_that_moved_on_by_one_code_is_refused() -> None:
    after = [row | {"region_label": f"Region {int(row['region_code']) + 1}"} for row in rows_of()]
    assert refused(judge(after, rows_of()), "labels_not_swapped").failed == 9


def test_a_label_that_its_code_keeps_may_be_another_codes_too() -> None:
    after = altered(rows_of(), lambda row: row["region_code"] == "4601", region_label="Region 4602")
    assert broken(judge(after, rows_of())) == ["renames"]


def test_a_new_code_may_carry_the_label_of_an_old_one() -> None:
    """As after a reform: 3024 is called «Bærum (2020-2023)» from then on, and 3201 «Bærum»."""
    new = [row | {"region_label": "Region 4601"} for row in rows_of(regions=["4699"])]
    after = altered(rows_of(), lambda row: row["region_code"] == "4601", region_label="Region 4601 (2020-2023)")
    assert broken(judge(after + new, rows_of())) == ["renames"]


# Magnitude


def _times(factor: float) -> Callable[[float], float]:
    return lambda value: value * factor


WHERE: dict[str, tuple[Change, int]] = {
    "the whole table": (lambda row: True, 4),
    "one measure": (lambda row: row["measure"] == KR, 2),
    "one period": (lambda row: row["period"] == "2024", 2),
    "one measure in one period": (lambda row: (row["measure"], row["period"]) == (KR, "2024"), 1),
}
UNBOUNDED = [row for row in rows_of() if row["measure"] in (FTE, KR)]


@pytest.mark.parametrize("factor", [1000, 100, 0.01])
@pytest.mark.parametrize("where", WHERE)
def test_a_wrong_factor_is_refused(where: str, factor: float) -> None:
    change, groups = WHERE[where]
    rows = altered(UNBOUNDED, lambda _: True, value=500.0)
    result = refused(judge(altered(rows, change, value=_times(factor)), rows), "magnitude")
    assert result.failed == groups
    shown = result.sample[0]
    assert (shown["before"], shown["now"], shown["ratio"]) == (500, 500 * factor, factor)
    assert (shown["cells"], shown["at_least"], shown["at_most"]) == (10, 0.5, 2)


@pytest.mark.parametrize("factor", [1000, 100, 0.01])
def test_a_wrong_factor_in_a_new_period_is_refused(factor: float) -> None:
    rows = altered(UNBOUNDED, lambda _: True, value=500.0)
    after = altered(with_2025(rows), lambda row: row["period"] == "2025", value=_times(factor))
    verdict = judge(after, rows)
    result = refused(verdict, "magnitude")
    assert {(row["period"], row["compared_with"], row["ratio"]) for row in result.sample} == {("2025", "2024", factor)}
    assert result.failed == 2
    assert "jumps" not in broken(verdict), "nothing changed in a period that both have"


def test_a_share_instead_of_per_cent_is_refused() -> None:
    after = altered(rows_of(), lambda row: row["measure"] == SHARE, value=0.5)
    assert {row["measure"] for row in refused(judge(after, rows_of()), "magnitude").sample} == {SHARE}


@pytest.mark.parametrize(("factor", "holds"), [(2, True), (2.001, False), (0.5, True), (0.499, False), (-1, False)])
def test_the_declared_factor_is_still_allowed(factor: float, holds: bool) -> None:
    rows = [row for row in UNBOUNDED if row["measure"] == KR]
    rows = altered(rows, lambda _: True, value=1000.0)
    found = {r.rule: r.passed for r in judge(altered(rows, lambda _: True, value=_times(factor)), rows).results}
    assert found["magnitude"] is holds


def test_the_middle_figure_decides_not_the_largest() -> None:
    few = altered(UNBOUNDED, lambda row: row["region_code"] in REGIONS[:4], value=_times(1000))
    most = altered(UNBOUNDED, lambda row: row["region_code"] in REGIONS[:6], value=_times(1000))
    assert broken(judge(few, UNBOUNDED)) == ["jumps"]
    refused(judge(most, UNBOUNDED), "magnitude")


def test_of_few_figures_the_sums_are_compared() -> None:
    rows = altered([row for row in UNBOUNDED if row["region_code"] in REGIONS[:3]], lambda _: True, value=200.0)
    small = altered(rows, lambda row: row["region_code"] in REGIONS[:2], value=2.0)
    moved = altered(small, lambda row: row["region_code"] in REGIONS[:2], value=_times(3))
    assert broken(judge(moved, small)) == [], "the median would be 3"
    refused(judge(altered(small, lambda _: True, value=_times(3)), small), "magnitude")


def test_figures_that_cannot_be_compared_pass() -> None:
    nothing = altered(rows_of(), lambda row: row["measure"] == KR, value=None, symbol="..")
    assert "magnitude" not in broken(judge(rows_of(), nothing))
    earlier = rows_of() + [row | {"period": "2022", "value": 1e5} for row in UNBOUNDED if row["period"] == "2023"]
    assert broken(judge(earlier, rows_of())) == [], "there is no period before the first one"


# Single figures


@pytest.mark.parametrize(
    ("before", "now", "shown"),
    [(100, 300, False), (100, 301, True), (300, 100, False), (301, 100, True), (30, 99, False), (30, 100, True),
     (0, 100, True), (0, 99, False), (100, 0, True), (100, -100, True), (0, 0, False)],
)  # fmt: skip
def test_a_jump_is_shown_and_stops_nothing(before: float, now: float, shown: bool) -> None:
    def cell(row: Row) -> bool:
        return (row["region_code"], row["measure"], row["period"]) == ("4601", KR, "2024")

    verdict = judge(altered(rows_of(), cell, value=float(now)), altered(rows_of(), cell, value=float(before)))
    assert broken(verdict) == (["jumps"] if shown else [])
    assert verdict.passed


def test_the_worst_jump_is_shown_first() -> None:
    factors = {"4601": 4.0, "4602": 40.0, "4603": 0.001, "4604": 0.0}
    rows = [row | {"value": 1000.0} for row in rows_of() if (row["measure"], row["period"]) == (KR, "2024")]
    after = [row | {"value": row["value"] * factors.get(row["region_code"], 1.0)} for row in rows]
    verdict = judge(after, rows, limited("12209", zeros_rise=0.5))
    result = only(verdict, "jumps")
    assert [(row["region_code"], row["ratio"]) for row in result.sample] == [
        ("4604", 0), ("4603", 0.001), ("4602", 40), ("4601", 4),
    ]  # fmt: skip
    assert result.sample[2] == {
        "structure": "as_published", "region_code": "4602", "measure": KR, "period": "2024",
        "before": 1000.0, "now": 40000.0, "ratio": 40.0,
    }  # fmt: skip


def test_a_jump_into_a_new_period_is_shown_as_such() -> None:
    def cell(row: Row) -> bool:
        return (row["region_code"], row["measure"], row["period"]) == ("4601", KR, "2025")

    result = only(judge(altered(with_2025(rows_of()), cell, value=900.0), rows_of()), "jumps_in_new_period")
    assert (result.blocking, result.failed) == (False, 1)
    assert (result.sample[0]["compared_with"], result.sample[0]["ratio"]) == ("2024", 18)


# Missing figures and zeros


@pytest.mark.parametrize("symbol", ["..", ":", "."])
@pytest.mark.parametrize("period", ["2024", "2025"])
@pytest.mark.parametrize(("regions", "holds"), [(1, True), (2, False), (3, False)])
def test_figures_may_not_turn_into_symbols(symbol: str, period: str, regions: int, holds: bool) -> None:
    def lost(row: Row) -> bool:
        return (row["measure"], row["period"]) == (KR, period) and row["region_code"] in REGIONS[:regions]

    verdict = judge(altered(with_2025(rows_of()), lost, value=None, symbol=symbol), rows_of())
    if holds:
        assert broken(verdict) == []
        return
    assert refused(verdict, "missing_share").sample == [
        {"structure": "as_published", "level": "municipality", "measure": KR, "period": period,
         "compared_with": "2024", "symbol": symbol, "cells": 10, "share_before": 0.0, "share_now": regions / 10,
         "rise_at_most": 0.1},
    ]  # fmt: skip


def test_what_was_missing_before_does_not_count() -> None:
    before = altered(rows_of(), lambda row: row["region_code"] in REGIONS[:5], value=None, symbol="..")
    assert broken(judge(with_2025(before), before)) == []
    assert broken(judge(rows_of(), before)) == [], "figures may come"


def test_of_too_few_cells_no_share_is_formed() -> None:
    rows = rows_of(regions=REGIONS[:4])
    for cells in ({"value": None, "symbol": ".."}, {"value": 0.0}):
        assert not {"missing_share", "zeros"} & set(broken(judge(altered(rows, lambda _: True, **cells), rows)))


OLD, NEW, SAME = REGIONS[:5], [f"33{number:02}" for number in range(1, 6)], REGIONS[5:]
REFORM = klass(*((old, new, 2025) for old, new in zip(OLD, NEW, strict=True)))


def _reform_year(value: float | None, symbol: str | None) -> tuple[list[Row], list[Row]]:
    """Half of the municipalities get new codes in 2025; old and new codes stand side by side."""
    before = altered(rows_of(regions=OLD + NEW + SAME), lambda row: row["region_code"] in NEW, value=None, symbol=".")
    after = rows_of(regions=OLD + NEW + SAME)
    year = [row | {"period": "2025"} for row in after if row["period"] == "2024"]
    return before + altered(year, lambda row: row["region_code"] in OLD, value=value, symbol=symbol), before


@pytest.mark.parametrize(("value", "symbol", "rule"), [(None, ".", "missing_share"), (0.0, None, "zeros")])
def test_in_a_reform_year_old_codes_fall_silent(value: float | None, symbol: str | None, rule: str) -> None:
    after, before = _reform_year(value, symbol)
    assert broken(judge(after, before, changes=REFORM)) == []
    assert rule in broken(judge(after, before)), "without Klass nothing explains it"


def test_in_a_reform_year_other_codes_may_not_fall_silent() -> None:
    after, before = _reform_year(None, ".")
    after = altered(
        after, lambda row: row["region_code"] in SAME[:2] and row["period"] == "2025", value=None, symbol="."
    )
    result = refused(judge(after, before, changes=REFORM), "missing_share")
    assert {(row["cells"], row["share_now"]) for row in result.sample} == {(5, 0.4)}


@pytest.mark.parametrize("period", ["2024", "2025"])
@pytest.mark.parametrize(("regions", "holds"), [(1, True), (2, False)])
def test_figures_may_not_turn_into_zeros(period: str, regions: int, holds: bool) -> None:
    def lost(row: Row) -> bool:
        return (row["measure"], row["period"]) == (SHARE, period) and row["region_code"] in REGIONS[:regions]

    verdict = judge(altered(with_2025(rows_of()), lost, value=0.0), rows_of())
    if holds:
        assert broken(verdict) == []
        return
    assert refused(verdict, "zeros").sample == [
        {"structure": "as_published", "level": "municipality", "measure": SHARE, "period": period,
         "compared_with": "2024", "cells": 10, "zeros": 2, "share": 0.2, "share_at_most": 0.1},
    ]  # fmt: skip


UNREPORTED = {"value": None, "symbol": ".."}


def test_a_region_without_report_does_not_get_0_for_everything() -> None:
    silent = lambda row: row["region_code"] == "4601" and row["period"] == "2024"  # noqa: E731
    before = altered(rows_of(), silent, **UNREPORTED)
    result = refused(judge(altered(before, silent, value=0.0, symbol=None), before), "zeros_for_missing")
    assert result.sample == [
        {"structure": "as_published", "region_code": "4601", "period": "2024", "cells": 8, "zeros": 8}
    ]
    some = altered(
        altered(before, silent, value=7.0, symbol=None), lambda r: silent(r) and r["measure"] == FTE, value=0.0
    )
    assert broken(judge(some, before)) == [], "who reports may have 0 of something"
    one = altered(before, lambda row: silent(row) and row["measure"] == FTE, value=0.0, symbol=None)
    assert broken(judge(one, before)) == [], "a single 0 may be a figure that came later"
    unused = altered(rows_of(), silent, value=None, symbol=".")
    assert broken(judge(altered(unused, silent, value=0.0, symbol=None), unused)) == [], "the code was not in use"


@pytest.mark.parametrize(("renewed", "holds"), [(0, False), (1, True)])
def test_a_new_period_is_no_copy_of_the_one_before(renewed: int, holds: bool) -> None:
    contract = limited("12209", unchanged=0.9)
    before = rows_of()
    copied = with_2025(before)
    after = altered(
        copied, lambda row: row["period"] == "2025" and row["region_code"] in REGIONS[:renewed], value=_times(1.1)
    )
    cells = sum(row["period"] == "2025" for row in after)
    verdict = judge(after, before, contract)
    if holds:
        assert broken(verdict) == []
        return
    assert refused(verdict, "new_period_unchanged").sample == [
        {"structure": "as_published", "period": "2025", "compared_with": "2024",
         "cells": cells, "same": cells, "share": 1.0, "share_at_most": 0.9},
    ]  # fmt: skip


def test_a_vintage_that_repeats_itself_is_no_new_period() -> None:
    contract = limited("12209", unchanged=0.1)
    assert broken(judge(rows_of(), rows_of(), contract)) == []


def test_zeros_that_come_and_go_from_year_to_year_are_figures() -> None:
    before = altered(rows_of(), lambda row: row["region_code"] in REGIONS[:3], value=0.0)
    year = altered(rows_of(), lambda row: row["region_code"] in REGIONS[3:6], value=0.0)
    after = before + [row | {"period": "2025"} for row in year if row["period"] == "2024"]
    verdict = judge(after, before)
    assert verdict.passed, broken(verdict)
    assert "zeros" in broken(judge(year, before)), "within a year a figure has no reason to become 0"


def test_zeros_that_were_there_before_are_left_to_the_rule_that_knows_them_and_new_ones_are_not() -> None:
    contract = limited("12293", jump_from=1)
    rows = rows_of(contract)
    zeros = altered(rows, lambda row: row["measure"] == "occupancy", value=0.0)
    assert broken(judge(zeros, zeros, contract)) == ["zero_means_missing"]
    assert broken(judge(zeros, rows, contract)) == ["zeros", "zero_means_missing"], "no figure was 0 before"


# Levels of regions


MUNICIPALITIES = [f"46{number:02}" for number in range(1, 100)]
COUNTIES = [f"{number:02}" for number in range(30, 40)]
KOSTRA = [*MUNICIPALITIES, "EAK", "EAKUO", *(f"EKA{code}" for code in COUNTIES), *(f"EKG{code}" for code in COUNTIES)]
STATBANK = [*MUNICIPALITIES, "0", *COUNTIES]
LEVELS = {"kostra": (CARE, KOSTRA, "EAK"), "statbank": (limited("11645"), STATBANK, "0")}
NOTHING = {"value": None, "symbol": ".."}


def _in(*regions: str) -> Change:
    return lambda row: row["region_code"] in regions


def _spoilt(contract: TableContract, rows: list[Row], where: Change, **cells: object) -> Verdict:
    """What becomes of rows of which some are spoilt."""
    return judge(altered(rows, where, **cells), rows, _boundless(contract))


def _boundless(contract: TableContract) -> TableContract:
    """A table whose bounds do not tell first that a figure is wrong."""
    measures = [m.model_copy(update={"minimum": None, "maximum": None}) for m in contract.measures]
    return contract.model_copy(update={"measures": measures})


@pytest.mark.parametrize("coding", LEVELS)
@pytest.mark.parametrize("periods", [("2023", "2024"), ("2024",)], ids=["every year", "one year"])
@pytest.mark.parametrize(
    "cells",
    [NOTHING, {"value": 0.0}, {"value": _times(1000)}, {"value": _times(0.001)}, {"value": _times(-1)}],
    ids=["gone", "zero", "a thousand times", "a thousandth", "negative"],
)
def test_a_figure_of_the_country_may_not_be_spoilt(coding: str, periods: tuple[str, ...], cells: Row) -> None:
    contract, regions, country = LEVELS[coding]
    rows = [row | {"value": 5000.0} for row in rows_of(contract, regions)]
    found = _spoilt(contract, rows, lambda row: _in(country)(row) and row["period"] in periods, **cells)
    result = refused(found, "country_figures")
    assert result.failed == sum(_in(country)(row) and row["period"] in periods for row in rows)
    assert {(row["region_code"], row["before"]) for row in result.sample} == {(country, 5000)}
    assert {(row["at_least"], row["at_most"]) for row in result.sample} == {(0.5, 2)}


@pytest.mark.parametrize("country", ["EAK", "EAKUO"])
@pytest.mark.parametrize("measure", [FTE, KR, SHARE])
def test_a_single_figure_of_the_country_is_enough(country: str, measure: str) -> None:
    def cell(row: Row) -> bool:
        return (row["region_code"], row["measure"], row["period"]) == (country, measure, "2023")

    rows = rows_of(regions=KOSTRA)
    shown = refused(_spoilt(CARE, rows, cell, value=_times(1000)), "country_figures").sample
    before = next(row["value"] for row in rows if cell(row))
    assert shown == [
        {"structure": "as_published", "region_code": country, "measure": measure, "period": "2023",
         "compared_with": "2023", "before": before, "now": 1000 * before, "symbol_now": None, "ratio": 1000,
         "at_least": 0.5, "at_most": 2},
    ]  # fmt: skip
    shown = refused(_spoilt(CARE, rows, cell, **NOTHING), "country_figures").sample
    assert [(row["now"], row["symbol_now"], row["ratio"]) for row in shown] == [(None, "..", None)]


@pytest.mark.parametrize(("factor", "holds"), [(2, True), (2.001, False), (0.5, True), (0.499, False)])
@pytest.mark.parametrize("period", ["2024", "2025"])
def test_a_figure_of_the_country_moves_within_the_declared_factor(factor: float, holds: bool, period: str) -> None:
    rows = [row | {"value": 1000.0} for row in rows_of(regions=KOSTRA) if row["measure"] in (FTE, KR)]
    after = altered(with_2025(rows), lambda row: _in("EAK")(row) and row["period"] == period, value=_times(factor))
    assert broken(judge(after, rows)) == ([] if holds else ["country_figures"])


def test_all_that_is_not_a_municipality_may_not_fall_silent() -> None:
    rows = rows_of(regions=KOSTRA)
    found = _spoilt(CARE, rows, lambda row: row["region_code"].startswith("E"), **NOTHING)
    assert broken(found) == ["missing_share", "country_figures"]
    assert {(row["level"], row["cells"], row["share_now"]) for row in found.broken[0].sample} == {("area", 20, 1.0)}
    assert {row["region_code"] for row in found.broken[1].sample} == {"EAK", "EAKUO"}


@pytest.mark.parametrize("coding", LEVELS)
@pytest.mark.parametrize("period", ["2024", "2025"])
@pytest.mark.parametrize(
    ("cells", "rule"),
    [(NOTHING, "missing_share"), ({"value": 0.0}, "zeros"), ({"value": _times(1000)}, "magnitude")],
    ids=["gone", "zero", "a thousand times"],
)
def test_areas_do_not_drown_among_municipalities(coding: str, period: str, cells: Row, rule: str) -> None:
    contract, regions, _ = LEVELS[coding]
    rows = [row | {"value": 20.0} for row in rows_of(contract, regions)]
    areas = [code for code in regions if code not in MUNICIPALITIES and code[-2:] in COUNTIES]
    after = altered(with_2025(rows), lambda row: _in(*areas)(row) and row["period"] == period, **cells)
    result = refused(judge(after, rows, _boundless(contract)), rule)
    assert {row["level"] for row in result.sample} == {"area"}


def test_of_too_few_areas_no_share_is_formed_but_of_all_regions_together() -> None:
    rows = rows_of(regions=["EAK", "EKA46", *REGIONS[:4]])
    result = next(r for r in _spoilt(CARE, rows, _in(*REGIONS[:2]), **NOTHING).broken if r.rule == "missing_share")
    assert {(row["level"], row["cells"]) for row in result.sample} == {("all", 6)}
    assert broken(_spoilt(CARE, rows, _in("EKA46"), value=_times(4))) == ["jumps"], "one area has no median"


def test_codes_of_a_codelist_are_municipalities() -> None:
    contract = limited("07459")
    rows = [r for r in good_rows(contract, [f"K-{code}" for code in REGIONS]) if r["structure"] == "current"]
    result = refused(judge(altered(rows, lambda _: True, value=0.0), rows, contract), "zeros")
    assert {row["level"] for row in result.sample} == {"municipality"}


@pytest.mark.parametrize("row_is_there", [True, False])
def test_a_figure_of_the_country_that_a_new_period_lacks_is_only_shown(row_is_there: bool) -> None:
    def lost(row: Row) -> bool:
        return _in("EAKUO")(row) and row["period"] == "2025"

    rows = rows_of(regions=KOSTRA)
    after = altered(with_2025(rows), lost, **NOTHING)
    verdict = judge([row for row in after if row_is_there or not lost(row)], rows)
    result = only(verdict, "country_missing_in_new_period")
    assert verdict.passed
    assert result.failed == len(CARE.measures)
    shown = {"region_code": "EAKUO", "period": "2025", "compared_with": "2024"}
    assert all(row.items() >= (shown | {"symbol_now": ".." if row_is_there else None}).items() for row in result.sample)


@pytest.mark.parametrize("cells", [{"value": 0.0}, {"value": _times(3)}], ids=["zero", "three times"])
def test_a_figure_of_the_country_in_a_new_period_may_not_be_spoilt(cells: Row) -> None:
    rows = [row | {"value": 20.0} for row in rows_of(regions=KOSTRA)]
    after = altered(with_2025(rows), lambda row: _in("EAK")(row) and row["period"] == "2025", **cells)
    result = refused(judge(after, rows), "country_figures")
    assert {(row["period"], row["compared_with"]) for row in result.sample} == {("2025", "2024")}


@pytest.mark.parametrize(("before", "now", "holds"), [(2, 0, True), (2, 99, True), (2, 100, False), (100, 2, False)])
def test_small_counts_of_the_country_come_and_go_from_year_to_year(before: float, now: float, holds: bool) -> None:
    contract = limited("11645")
    rows = altered(rows_of(contract, STATBANK), _in("0"), value=float(before))
    after = altered(with_2025(rows), lambda row: _in("0")(row) and row["period"] == "2025", value=float(now))
    assert ("country_figures" in broken(judge(after, rows, contract))) is not holds
    assert "country_figures" in broken(judge(altered(rows, _in("0"), value=float(now)), rows, contract)), (
        "not within one"
    )


def test_zeros_of_the_country_that_were_there_before_do_not_count() -> None:
    contract = limited("12293")
    rows = rows_of(contract, KOSTRA)
    zeros = altered(rows, lambda row: _in("EAK")(row) and row["measure"] == "occupancy", value=0.0)
    for after in (zeros, rows, altered(zeros, lambda row: row["value"] == 0, **NOTHING)):
        assert "country_figures" not in broken(judge(with_2025(after), zeros, contract))
    assert "country_figures" in broken(judge(zeros, rows, contract)), "no figure was 0 before"
    known = [m.model_copy(update={"zero_means_missing": False}) for m in contract.measures]
    plain = contract.model_copy(update={"measures": known})
    assert broken(judge(zeros, zeros, plain)) == []
    lost = altered(zeros, lambda row: row["value"] == 0, **NOTHING)
    assert broken(judge(lost, zeros, plain)) == ["country_figures"], "this 0 was a figure"


# Tables without regions, and quarters


def test_every_figure_of_a_national_table_is_the_countrys() -> None:
    """A single one that doubles is enough, in the same period and in a new one; elsewhere it would be a jump."""
    contract = _boundless(limited("14789"))
    rows = good_rows(contract)

    def one(row: Row) -> bool:
        return (row["occupation_group"], row["sex_group"], row["period"]) == ("nurse", "women", "2024")

    for before in (rows, [row for row in rows if row["period"] == "2023"]):
        after = altered(rows, one, value=2.5 * rows[0]["value"])
        result = refused(judge(after, before, contract), "country_figures")
        assert [row["occupation"] for row in result.sample] == ["2223"]
    lost = refused(judge([row for row in rows if not one(row)], rows, contract), "nothing_vanished")
    assert [row["cells"] for row in lost.sample] == [1]


def test_a_new_quarter_is_compared_with_the_latest_one_before_it() -> None:
    contract = limited("12451")
    rows = good_rows(contract, REGIONS, ["2023K3", "2023K4", "2024K1"])
    before = [row for row in rows if row["period"] != "2024K1"]
    after = altered(rows, lambda row: row["period"] == "2024K1", value=1.0)
    result = refused(judge(after, before, contract), "magnitude")
    assert {(row["period"], row["compared_with"]) for row in result.sample} == {("2024K1", "2023K4")}


def test_a_code_is_out_of_use_in_every_quarter_from_its_reform() -> None:
    contract = limited("12451")
    quarters = ["2019K3", "2019K4", "2020K1", "2020K2"]
    rows = good_rows(contract, ["1852", "1913", *REGIONS], quarters)
    old = [row for row in rows if row["period"] == "2019K3"]

    def closed(year: str) -> Change:
        return lambda row: row["region_code"] in ("1852", "1913") and row["period"].startswith(year)

    stops = altered(rows, closed("2020"), value=None, symbol=".")
    assert broken(judge(stops, old, contract, TJELDSUND)) == []
    dots = altered(stops, closed("2019"), value=None, symbol="..")
    assert "missing_share" in broken(judge(dots, old, contract, TJELDSUND)), "in 2019 the codes were in use"


# Properties


@settings(max_examples=40, deadline=None)
@given(data=st.data(), table=st.sampled_from(sorted(CATALOG.tables)))
def test_a_frame_against_itself_breaks_nothing(data: st.DataObject, table: str) -> None:
    contract = CATALOG.tables[table]
    whole = good_rows(contract)
    rows = data.draw(st.lists(st.sampled_from(whole), min_size=1, max_size=60, unique_by=id))
    cells = st.sampled_from([(1.0, None), (0.0, None), (None, ".."), (None, ":"), (None, "."), (70.0, None)])
    rows = [row | dict(zip(("value", "symbol"), data.draw(cells), strict=True)) for row in rows]
    assert set(broken(judge(rows, rows, _boundless(contract), TJELDSUND))) <= {"zero_means_missing"}


@settings(max_examples=40, deadline=None)
@given(noise=st.lists(st.floats(0.95, 1.05), min_size=160, max_size=160))
def test_noise_of_five_per_cent_breaks_nothing(noise: list[float]) -> None:
    contract = CATALOG.tables["12209"]
    rows = good_rows(contract, [*REGIONS[:5], "EAK", "EAKUO", "EKA46", "EKG01", "EKG02"])
    pairs = zip(rows, noise, strict=True)
    after = [row | {"value": round(row["value"] * factor)} for row, factor in pairs]
    assert broken(judge(with_2025(after), rows, contract)) == []


def test_a_million_cells_are_compared_within_seconds() -> None:
    contract = CATALOG.tables["14533"].model_copy(update={"coverage": Coverage(min_cells=1, max_cells=2_000_000)})
    small = frame_of(contract, [row for row in good_rows(contract, ["0301"]) if row["period"] == "2024"])
    codes = pl.DataFrame({"region_code": [f"{1000 + number}" for number in range(7000)]}).cast(pl.Categorical)
    years = pl.DataFrame({"period": [f"{year}" for year in range(2015, 2025)]}).cast(pl.Categorical)
    cells = small.drop("region_code", "period").join(codes, how="cross").join(years, how="cross")
    frame = cells.select(small.columns)
    started = time.perf_counter()
    verdict = judge_table(contract, frame, frame.lazy(), changes=TJELDSUND)
    assert verdict.passed, broken(verdict)
    assert frame.height == 1_050_000
    assert time.perf_counter() - started < 15, "generous: a machine may be busy; about a second when it is not"
