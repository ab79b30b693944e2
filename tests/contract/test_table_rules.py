"""Every rule of every table contract, and of every classification, is seen to hold and seen to fail.

Here belong rules that one typed frame is judged by, through ``judge_table`` and ``judge_classification``.
Not here: what a refusal does to the lake (``test_acceptance_flow``) and rules between tables (dbt).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from contract_frames import BEYOND_DECLARED, Row, frame_of, good_blocks, good_rows
from k2025_pipeline.catalog import Catalog, load_catalog
from k2025_pipeline.catalog.classifications import ClassificationContract
from k2025_pipeline.catalog.tables import TableContract
from k2025_pipeline.klass.client import SCHEMAS
from k2025_pipeline.settings import PROJECT_ROOT
from k2025_pipeline.validation.contract import (
    SAMPLE_ROWS,
    RuleResult,
    Verdict,
    judge_classification,
    judge_table,
    table_rules,
)

CATALOG = load_catalog(PROJECT_ROOT / "schemas")
TABLES = list(CATALOG.tables.values())
MAPS_TO_GROUP = "_maps_to_group"

Mutation = Callable[[TableContract, list[Row]], list[int]]
"""Breaks rows in place and says which: the rows that the sample must show."""


def _set(**cells: object) -> Mutation:
    def change(_: TableContract, rows: list[Row]) -> list[int]:
        rows[1] |= cells
        return [1]

    return change


def _copy_a_row(_: TableContract, rows: list[Row]) -> list[int]:
    rows.append(dict(rows[1]))
    return [1, len(rows) - 1]


def _leave_the_range(contract: TableContract, rows: list[Row]) -> list[int]:
    bounded = {m.name: m for m in contract.measures if m.minimum is not None or m.maximum is not None}
    place = next(i for i, row in enumerate(rows) if row["measure"] in bounded)
    measure = bounded[rows[place]["measure"]]
    rows[place]["value"] = measure.maximum + 1 if measure.maximum is not None else measure.minimum - 1
    return [place]


def _be_too_precise(contract: TableContract, rows: list[Row]) -> list[int]:
    decimals = next(m.decimals for m in contract.measures if m.name == rows[1]["measure"])
    rows[1]["value"] += 0.1 * 10**-decimals
    return [1]


MUTATIONS: dict[str, Mutation] = {
    "key_unique": _copy_a_row,
    "measure_known": _set(measure=None),
    "region_code_valid": _set(region_code=BEYOND_DECLARED),
    "period_valid": _set(period="2024Q1"),
    "symbol_known": _set(symbol="?"),
    "missing_has_symbol": _set(value=None),
    "value_has_no_missing_symbol": _set(symbol=":"),
    "unit_as_declared": _set(unit="1000 furlongs"),
    "value_in_range": _leave_the_range,
    "decimals_as_declared": _be_too_precise,
    "age_code_valid": _set(age="067-079"),
}


def verdict_on(contract: TableContract, frame: pl.DataFrame) -> Verdict:
    """The verdict on a few rows: their number says nothing, as with recordings."""
    return judge_table(contract, frame, partial=True)


def mutation_of(rule: str) -> Mutation:
    if rule.endswith(MAPS_TO_GROUP):
        return _set(**{f"{rule.removesuffix(MAPS_TO_GROUP)}_group": None})
    return MUTATIONS[rule]


SCHEMA_MUTATIONS: dict[str, tuple[str, Callable[[pl.DataFrame], pl.DataFrame]]] = {
    "a column too many": ("schema:columns", lambda f: f.with_columns(extra=1)),
    "columns in another order": ("schema:columns", lambda f: f.select(f.columns[::-1])),
    "whole numbers for values": ("schema:value", lambda f: f.with_columns(pl.col("value").cast(pl.Int64))),
    "plain text for codes": ("schema:region_code", lambda f: f.with_columns(pl.col("region_code").cast(pl.String))),
    "a cell without region": (
        "schema:region_code",
        lambda f: f.with_columns(pl.when(pl.row_index() == 1).then(None).otherwise("region_code").alias("region_code")),
    ),
    "a cell without period": (
        "schema:period",
        lambda f: f.with_columns(pl.when(pl.row_index() == 1).then(None).otherwise("period").alias("period")),
    ),
}


def broken_names(verdict: Verdict) -> list[str]:
    return [result.rule for result in verdict.broken]


def only(verdict: Verdict) -> RuleResult:
    """The single broken rule."""
    assert len(verdict.broken) == 1, broken_names(verdict)
    return verdict.broken[0]


@pytest.fixture(params=TABLES, ids=lambda t: t.id)
def contract(request: pytest.FixtureRequest) -> TableContract:
    return request.param


def test_a_frame_as_declared_passes_every_rule(contract: TableContract) -> None:
    verdict = verdict_on(contract, frame_of(contract, good_rows(contract)))
    assert broken_names(verdict) == []
    assert verdict.passed
    assert verdict.rows == len(good_rows(contract))
    judged = {result.rule for result in verdict.results}
    assert judged >= {rule.name for rule in table_rules(contract)} | {"schema", "not_empty"}


def test_every_rule_that_a_contract_implies_has_a_mutation() -> None:
    implied = {rule.name for contract in TABLES for rule in table_rules(contract)}
    without = {name for name in implied if name not in MUTATIONS and not name.endswith(MAPS_TO_GROUP)}
    assert without == set(), "write a mutation that breaks just this rule"
    assert set(MUTATIONS) <= implied, "a mutation for a rule that is gone"


def test_every_result_of_a_verdict_is_seen_to_fail_somewhere_in_this_file() -> None:
    shown = {r.rule for c in TABLES for r in verdict_on(c, frame_of(c, good_rows(c))).results}
    elsewhere = {"schema", "not_empty", "zero_means_missing"}
    assert {name for name in shown if not name.endswith(MAPS_TO_GROUP)} == set(MUTATIONS) | elsewhere


@pytest.mark.parametrize(
    ("contract", "rule"),
    [pytest.param(c, rule.name, id=f"{c.id}-{rule.name}") for c in TABLES for rule in table_rules(c)],
)
def test_a_rule_is_broken_alone_and_its_sample_points_at_the_cell(contract: TableContract, rule: str) -> None:
    rows = good_rows(contract)
    changed = mutation_of(rule)(contract, rows)
    verdict = verdict_on(contract, frame_of(contract, rows))
    result = only(verdict)
    assert result.rule == rule
    assert result.blocking
    assert result.failed == len(changed)
    assert result.sample == [rows[place] for place in changed]
    assert not verdict.passed
    assert f"rule {rule} is broken by {len(changed)} rows" in verdict.summary()
    assert result.advice in verdict.summary()


@pytest.mark.parametrize("fault", SCHEMA_MUTATIONS)
def test_a_frame_of_another_form_breaks_the_schema_alone(contract: TableContract, fault: str) -> None:
    name, change = SCHEMA_MUTATIONS[fault]
    verdict = verdict_on(contract, change(frame_of(contract, good_rows(contract))))
    result = only(verdict)
    assert result.rule == name
    assert result.blocking
    assert len(result.sample) == 1
    assert not verdict.passed
    assert "schema" not in {r.rule for r in verdict.results}, "a broken schema must not also be listed as holding"


def test_a_frame_without_a_column_is_refused_and_names_the_column(contract: TableContract) -> None:
    verdict = verdict_on(contract, frame_of(contract, good_rows(contract)).drop("symbol"))
    assert not verdict.passed
    assert {"failure": "symbol"} in next(r.sample for r in verdict.broken if r.rule == "schema:columns")


def test_an_answer_without_rows_breaks_not_empty_alone(contract: TableContract) -> None:
    verdict = verdict_on(contract, frame_of(contract, []))
    result = only(verdict)
    assert (result.rule, result.failed, result.blocking) == ("not_empty", 1, True)
    assert not verdict.passed


FAULTY = [(t, m.name) for t in TABLES for m in t.measures if m.zero_means_missing]


@pytest.mark.parametrize(("contract", "measure"), FAULTY, ids=lambda x: x if isinstance(x, str) else x.id)
def test_a_zero_that_means_missing_is_shown_and_does_not_block(contract: TableContract, measure: str) -> None:
    rows = good_rows(contract)
    zeros = [row for row in rows if row["measure"] == measure][:3]
    for row in zeros:
        row["value"] = 0.0
    verdict = verdict_on(contract, frame_of(contract, rows))
    result = only(verdict)
    assert (result.rule, result.failed, result.blocking) == ("zero_means_missing", 3, False)
    cell = ("region_code", "region_label", "measure", "period", "value")
    assert result.sample == [{name: row[name] for name in cell} for row in zeros]
    assert verdict.passed, "a known fault is treated as declared"


def test_a_zero_of_any_other_measure_is_a_figure(contract: TableContract) -> None:
    rows = good_rows(contract)
    honest = {m.name for m in contract.measures if not m.zero_means_missing and (m.minimum or 0) <= 0}
    for row in rows:
        if row["measure"] in honest:
            row["value"] = 0.0
    assert broken_names(verdict_on(contract, frame_of(contract, rows))) == []


def test_several_broken_rules_are_collected_in_one_verdict(contract: TableContract) -> None:
    rules = [rule.name for rule in table_rules(contract)]
    rows: list[Row] = []
    # A block of rows per rule, so that no cell is broken twice.
    for rule, block in zip(rules, good_blocks(contract, len(rules)), strict=True):
        mutation_of(rule)(contract, block)
        rows += block
    verdict = verdict_on(contract, frame_of(contract, rows))
    assert sorted(broken_names(verdict)) == sorted(rules)
    assert {r.rule: r.failed for r in verdict.broken} == {r: 2 if r == "key_unique" else 1 for r in rules}
    assert verdict.summary().count(", ") >= len(rules) - 2, "each rule that is broken is named"
    assert all(rule in verdict.summary() for rule in rules)


def test_fifty_bad_rows_give_a_count_of_fifty_and_a_sample_of_twenty(contract: TableContract) -> None:
    rows = [row for block in good_blocks(contract, 30) for row in block]
    for row in rows[5:55]:
        row["symbol"] = "?"
    result = only(verdict_on(contract, frame_of(contract, rows)))
    assert (result.rule, result.failed) == ("symbol_known", 50)
    assert SAMPLE_ROWS == 20
    assert result.sample == rows[5:25]


@pytest.mark.parametrize(
    ("contract", "measure"),
    [pytest.param(c, m, id=f"{c.id}-{m.name}") for c in TABLES for m in c.measures],
)
def test_unit_bounds_and_decimals_are_those_of_the_measure_itself(contract: TableContract, measure) -> None:
    rows = [row for row in good_rows(contract) if row["measure"] == measure.name]
    bounds = [b for b in (measure.minimum, measure.maximum) if b is not None]
    for place, bound in enumerate(bounds):
        rows[place]["value"] = float(bound)
    for place, alias in enumerate(measure.unit_aliases):
        rows[place]["unit"] = alias
    at_the_edge = verdict_on(contract, frame_of(contract, rows))
    assert at_the_edge.passed, broken_names(at_the_edge)
    step = 10**-measure.decimals
    beyond = [v for v in (_below(measure.minimum, step), _above(measure.maximum, step)) if v is not None]
    for place, value in enumerate(beyond):
        rows[place]["value"] = value
    rows[-1]["unit"] = "1000 furlongs"
    rows[-2]["value"] = rows[-2]["value"] + step / 2
    found = {r.rule: r.failed for r in verdict_on(contract, frame_of(contract, rows)).broken if r.blocking}
    expected = {"unit_as_declared": 1, "decimals_as_declared": 1} | ({"value_in_range": len(beyond)} if beyond else {})
    assert found == expected


def _below(bound: float | None, step: float) -> float | None:
    return None if bound is None else bound - step


def _above(bound: float | None, step: float) -> float | None:
    return None if bound is None else bound + step


def test_a_cell_may_have_every_missing_symbol_the_contract_declares(contract: TableContract) -> None:
    for symbol in contract.symbols:
        rows = good_rows(contract)
        rows[1] |= {"symbol": symbol} if symbol == "*" else {"symbol": symbol, "value": None}
        assert broken_names(verdict_on(contract, frame_of(contract, rows))) == [], symbol


def test_a_provisional_mark_does_not_excuse_a_missing_value(contract: TableContract) -> None:
    rows = good_rows(contract)
    rows[1] |= {"symbol": "*", "value": None}
    assert broken_names(verdict_on(contract, frame_of(contract, rows))) == ["missing_has_symbol"]


def test_codes_of_another_structure_are_refused() -> None:
    contract = CATALOG.tables["07459"]
    rows = good_rows(contract)
    rows[0]["structure"] = "current"
    result = only(verdict_on(contract, frame_of(contract, rows)))
    assert (result.rule, result.failed) == ("region_code_valid", 1)


NATIONAL = [table for table in TABLES if table.national]
QUARTERLY = [table for table in TABLES if table.calendar.kind == "quarterly"]


@pytest.mark.parametrize("contract", NATIONAL, ids=lambda c: c.id)
@pytest.mark.parametrize("region", ["EAK", "00", "03", "0301", "K-0301"])
def test_a_national_table_knows_the_country_alone(contract: TableContract, region: str) -> None:
    rows = good_rows(contract)
    assert {row["region_code"] for row in rows} == {"0"}
    rows[0]["region_code"] = region
    result = only(verdict_on(contract, frame_of(contract, rows)))
    assert (result.rule, result.failed) == ("region_code_valid", 1)


@pytest.mark.parametrize("contract", QUARTERLY, ids=lambda c: c.id)
@pytest.mark.parametrize("period", ["2024", "2024K0", "2024K5", "2024M01", "2024Q1", "24K1"])
def test_a_quarterly_table_has_quarters_only(contract: TableContract, period: str) -> None:
    rows = good_rows(contract)
    rows[0]["period"] = period
    result = only(verdict_on(contract, frame_of(contract, rows)))
    assert (result.rule, result.failed) == ("period_valid", 1)


@pytest.mark.parametrize("contract", [t for t in TABLES if t not in QUARTERLY], ids=lambda c: c.id)
def test_a_table_of_years_has_no_quarters(contract: TableContract) -> None:
    rows = good_rows(contract)
    rows[0]["period"] = "2024K1"
    result = only(verdict_on(contract, frame_of(contract, rows)))
    assert (result.rule, result.failed) == ("period_valid", 1)


@pytest.mark.parametrize(("number", "broken"), [("12209", 16), ("14746", 0)])
def test_only_a_projection_tells_of_years_that_had_not_begun(number: str, broken: int) -> None:
    contract = next(table for table in TABLES if table.id == number)
    frame = frame_of(contract, good_rows(contract, regions=["0301", "4601"], periods=["2024"]))
    assert judge_table(contract, frame, partial=True, stamp="2024-03-15T07:00:00Z").passed
    verdict = judge_table(contract, frame, partial=True, stamp="2023-06-15T06:00:00Z")
    assert sum(result.failed for result in verdict.results if result.rule == "period_begun") == broken


def test_there_are_national_and_quarterly_tables() -> None:
    assert {table.id for table in NATIONAL} >= {"11658", "12441", "14789"}
    assert {table.id for table in QUARTERLY} >= {"11658", "12451"}


# Classifications

OPEN: dict[str, dict[str, list]] = {
    "codes": {
        "code": ["A", "B"],
        "name": ["first", "second"],
        "valid_from": [date(2020, 1, 1), date(2024, 1, 1)],
        "valid_to": [date(2024, 1, 1), None],
    },
    "changes": {
        "old_code": ["A", None],
        "old_name": ["first", None],
        "new_code": ["B", "C"],
        "new_name": ["second", "third"],
        "changed_on": [date(2024, 1, 1), date(2024, 1, 1)],
    },
    "correspondence": {"source_code": ["0301", "4601"], "target_code": ["A", "B"], "year": ["2024", "2024"]},
}
CODE_LIKE = {"104": ("03", "46"), "112": ("EKG08", "EKG09"), "128": ("01", "02"), "131": ("0301", "4601")}
CODE_COLUMN = {"codes": "code", "correspondence": "target_code"}
PARTS = [(c, kind) for c in CATALOG.classifications.values() for kind in c.datasets]
PART_IDS = [f"{c.id}-{kind}" for c, kind in PARTS]


def _klass(contract: ClassificationContract, kind: str) -> pl.DataFrame:
    frame = pl.DataFrame(OPEN[kind], schema=SCHEMAS[kind])
    if kind not in CODE_COLUMN:
        return frame
    return frame.with_columns(pl.Series(CODE_COLUMN[kind], CODE_LIKE[contract.id]))


def _first_row(column: str, value: object) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda f: f.with_columns(
        pl.when(pl.row_index() == 0).then(pl.lit(value)).otherwise(column).cast(f.schema[column]).alias(column)
    )


def _klass_mutations(kind: str) -> dict[str, tuple[Callable[[pl.DataFrame], pl.DataFrame], int]]:
    if kind == "changes":
        nobody = {"old_code": None, "new_code": None}
        return {
            "a_side_is_given": (
                lambda f: f.with_columns(pl.lit(v).cast(pl.String).alias(k) for k, v in nobody.items()),
                2,
            )
        }
    return {
        "code_valid": (_first_row(CODE_COLUMN[kind], "?!"), 1),
        "key_unique": (lambda f: pl.concat([f, f.head(1)]), 2),
    }


def test_a_good_classification_passes_every_rule() -> None:
    verdicts = [judge_classification(c, kind, _klass(c, kind)) for c, kind in PARTS]
    assert [(v.table, broken_names(v)) for v in verdicts if v.broken] == []
    assert len(verdicts) == 8


@pytest.mark.parametrize(("contract", "kind"), PARTS, ids=PART_IDS)
def test_every_rule_of_a_classification_is_broken_alone(contract: ClassificationContract, kind: str) -> None:
    mutations = _klass_mutations(kind)
    judged = {r.rule for r in judge_classification(contract, kind, _klass(contract, kind)).results}
    assert judged - {"schema", "not_empty"} == set(mutations), "write a mutation for the new rule"
    for rule, (change, rows) in mutations.items():
        bad = change(_klass(contract, kind))
        result = only(judge_classification(contract, kind, bad))
        assert (result.rule, result.failed, result.blocking) == (rule, rows, True)
        assert all(row in bad.to_dicts() for row in result.sample)
        assert len(result.sample) == rows


@pytest.mark.parametrize(("contract", "kind"), PARTS, ids=PART_IDS)
def test_a_classification_of_another_form_breaks_the_schema(contract: ClassificationContract, kind: str) -> None:
    result = only(judge_classification(contract, kind, _klass(contract, kind).with_columns(extra=1)))
    assert (result.rule, result.sample) == ("schema:columns", [{"failure": "extra"}])


@pytest.mark.parametrize(("contract", "kind"), PARTS, ids=PART_IDS)
def test_only_a_list_of_codes_must_have_rows(contract: ClassificationContract, kind: str) -> None:
    verdict = judge_classification(contract, kind, _klass(contract, kind).clear())
    assert broken_names(verdict) == (["not_empty"] if kind == "codes" else [])


def test_fifty_bad_codes_give_a_count_of_fifty_and_a_sample_of_twenty(catalog: Catalog) -> None:
    contract = catalog.classifications["131"]
    codes = [f"bad {n}" for n in range(50)] + ["0301"]
    frame = pl.DataFrame(
        {"code": codes, "name": codes, "valid_from": [date(2024, 1, 1)] * 51, "valid_to": [None] * 51},
        schema=SCHEMAS["codes"],
    )
    result = only(judge_classification(contract, "codes", frame))
    assert (result.rule, result.failed, len(result.sample)) == ("code_valid", 50, 20)
    assert [row["code"] for row in result.sample] == codes[:20]


def test_every_contract_file_is_judged_in_this_file() -> None:
    folder = Path(PROJECT_ROOT / "schemas" / "tables")
    assert {path.stem for path in folder.glob("*.yml")} == {contract.id for contract in TABLES}


@pytest.mark.parametrize("contract", TABLES, ids=lambda c: c.id)
def test_an_answer_outside_the_declared_size_breaks_coverage(contract: TableContract) -> None:
    verdict = judge_table(contract, frame_of(contract, good_rows(contract)))
    assert broken_names(verdict) == ["coverage"]
    assert verdict.broken[0].blocking
    assert f"k2025 accept {contract.id} VINTAGE --reason" in verdict.broken[0].advice


MAY_BE_OVERRULED = {"coverage", "value_in_range"}
"""Of the rules on one vintage. Without the others a cell has no meaning."""


def test_only_rules_of_admission_may_be_overruled(contract: TableContract) -> None:
    verdict = judge_table(contract, frame_of(contract, good_rows(contract)))
    assert {r.rule for r in verdict.results if r.overrulable} == MAY_BE_OVERRULED


@pytest.mark.parametrize("rule", ["value_in_range", "symbol_known"])
def test_a_broken_rule_says_whether_it_may_be_overruled(rule: str) -> None:
    contract = CATALOG.tables["12209"]
    rows = good_rows(contract)
    mutation_of(rule)(contract, rows)
    verdict = verdict_on(contract, frame_of(contract, rows))
    assert only(verdict).overrulable is verdict.overrulable is (rule in MAY_BE_OVERRULED)


def test_a_verdict_may_be_overruled_only_if_every_broken_blocking_rule_may() -> None:
    contract = CATALOG.tables["12209"]
    rows = good_rows(contract)
    for rule in ("value_in_range", "symbol_known"):
        mutation_of(rule)(contract, rows)
    assert not verdict_on(contract, frame_of(contract, rows)).overrulable
    shown = RuleResult("shown", "", "", failed=1, blocking=False)
    refused = RuleResult("refused", "", "", failed=1, overrulable=True)
    assert Verdict("t", 1, [shown, refused]).overrulable


def test_a_verdict_is_read_back_as_it_was_written_also_from_before_rules_could_be_overruled() -> None:
    contract = CATALOG.tables["12209"]
    verdict = judge_table(contract, frame_of(contract, good_rows(contract)))
    data = verdict.as_data()
    assert Verdict.from_data(data) == verdict
    for result in data["results"]:
        del result["overrulable"]
    older = Verdict.from_data(data)
    assert [r.rule for r in older.broken] == ["coverage"]
    assert not older.overrulable, "what was not written is not assumed"


@pytest.mark.parametrize("contract", TABLES, ids=lambda c: c.id)
@pytest.mark.parametrize("column", ["region_code", "period", "measure"])
def test_what_the_last_vintage_had_may_not_vanish(contract: TableContract, column: str) -> None:
    after = frame_of(contract, good_rows(contract))
    gone = after.head(1).with_columns(pl.lit("gone").cast(pl.Categorical).alias(column))
    before = pl.concat([after, gone])
    result = only(judge_table(contract, after, before.lazy(), partial=True))
    assert (result.rule, result.failed, result.blocking) == ("nothing_vanished", 1, True)
    assert result.sample == [
        {"structure": before["structure"][-1], "column": column, "vanished": "gone", "cells": 1},
    ]


def test_a_vintage_with_all_that_was_there_and_more_loses_nothing() -> None:
    contract = CATALOG.tables["12209"]
    rows = good_rows(contract)
    before = frame_of(contract, rows[:-1])
    verdict = judge_table(contract, frame_of(contract, rows), before.lazy(), partial=True)
    assert broken_names(verdict) == []
