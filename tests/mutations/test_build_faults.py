"""Faults that only a build can see: one night with all of them, one build, and the rows that each test finds.

Belongs here: relations, reconciliation, and what slips through all that. Does not belong here: faults of one table,
acceptance and publication. Models and tests are two calls, where the night has one: there, nothing behind a failed
test is built, so that one fault would hide the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
import pytest

from contract.dbt_runs import run_dbt
from faults import small_statbank as small
from k2025_pipeline.lake.home import Home, read_json
from k2025_pipeline.quality import findings
from k2025_pipeline.quality.ladder import CONTRACT, DRIFT, ladder
from k2025_pipeline.quality.outcome import Check, Finding, Key
from k2025_pipeline.quality.outcome import Outcome as Judged
from k2025_pipeline.validation.contract import KNOWN_FAULT
from k2025_pipeline.warehouse import inputs
from k2025_pipeline.warehouse.dbt_results import DbtResults
from mutations import good_source, page
from mutations.build_faults import BUILD_FAULTS, BuildFault
from mutations.conftest import GoodNight
from mutations.faults import Outcome, Outcomes, caught

MODELS = ["+indicator_values", "+reconciliation", "+held_sums", "+recoverable_cells"]
TESTS = [
    "same_in_both_tables_observations_published",
    "users_within_population_observations",
    "agrees_with_summed_series_observations",
]
"""Those that also rest on what no model above reads: «cautious» leaves them out where they are not named."""
Row = dict[str, Any]
Broken = list[tuple[Key, str, list[Row]]]
"""Check, rule in it, and rows that break it."""


@pytest.fixture(scope="module")
def night(good_night: GoodNight, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, small.Told]:
    """A home after the night with all faults, each table newly stamped."""
    root = tmp_path_factory.mktemp("build")
    source = good_source.good_source()
    for table in source.tables.values():
        table.updated = good_source.NEWER
    for fault in BUILD_FAULTS:
        fault.plant(source)
    good_night.statbank.serve(source.write(root / "source"))
    good_night.statbank.faults = []
    home = good_night.copy_to(root / "home")
    return Home(home), small.run_night(home, good_night.statbank.url, good_source.small_catalog())


@pytest.fixture(scope="module")
def broken(night: tuple[Home, small.Told]) -> Broken:
    home, told = night
    return [*_typed(told), *_built(home)]


def _typed(told: small.Told) -> Iterator[tuple[Key, str, list[Row]]]:
    """Rules that the tables break before any build."""
    for contract in good_source.small_catalog().tables.values():
        for check in (CONTRACT, DRIFT):
            for rule in findings.rules_of(told.typed[contract.name], contract.name, check):
                if not rule.passed and rule.rule != KNOWN_FAULT:  # the good data have some of those
                    assert rule.failed == len(rule.sample), f"{rule.rule}: a fault may hide behind the rows shown"
                    rows = [{"table_id": contract.id, **row} for row in rule.sample]
                    yield (f"typed/{contract.name}", check), rule.rule, rows


def _built(home: Home) -> Iterator[tuple[Key, str, list[Row]]]:
    inputs.prepare(home, good_source.full_catalog(), "other")
    run_dbt(home, "build", "--select", *MODELS, "--exclude-resource-type", "test", "unit_test")
    with duckdb.connect(str(home.build_file)) as connection:
        for statement in (statement for fault in BUILD_FAULTS for statement in fault.sql):
            connection.execute(statement)
    chosen = ["--select", *MODELS, *TESTS, "--exclude-resource-type", "unit_test", "--indirect-selection", "cautious"]
    run_dbt(home, "test", *chosen)
    for key, finding in DbtResults.read(home).findings(_ladder(home)).items():
        if not finding.passed:
            assert finding.failed == len(finding.sample), f"{key}: a fault may hide behind the rows that are shown"
            yield key, "", finding.sample


def _ladder(home: Home) -> Mapping[Key, Check]:
    """All checks, by the manifest of the build that was made."""
    return ladder(good_source.full_catalog(), read_json(home.build / "dbt" / "manifest.json") or {})


@pytest.fixture(scope="module")
def outcomes(broken: Broken, night: tuple[Home, small.Told]) -> Outcomes:
    checks = _ladder(night[0])
    return {fault.id: _outcome(fault, broken, checks) for fault in BUILD_FAULTS}


def _outcome(fault: BuildFault, broken: Broken, checks: Mapping[Key, Check]) -> Outcome:
    seen = [(key, rule) for key, rule, rows in broken if any(_at(fault.place, row) for row in rows)]
    stopped = any(Judged(checks[key], Finding(False)).blocks for key, _ in seen)
    return Outcome(caught(checks, seen), reached_public=not stopped)


def _at(place: Row, row: Row) -> bool:
    """Whether a row is where a fault was planted; what a row does not tell, it cannot contradict."""
    told = {name: value for name, value in place.items() if name in row}
    return len(told) > len(place) / 2 and all(_same(row[name], value) for name, value in told.items())


def _same(cell: Any, wanted: Any) -> bool:
    return cell in wanted if isinstance(wanted, list) else cell == wanted


def _due_to(fault: BuildFault, row: Row) -> bool:
    """Whether a row breaks because of a fault: there, in a table held against it, or where its own table adds it up."""
    here = {name: value for name, value in fault.place.items() if name != "table_id"}
    period = fault.place.get("period", row.get("period"))
    return _at(here, row) or (row.get("table_id"), row.get("period")) == (fault.planted_in, period)


def test_every_table_passes_its_contract_with_these_faults_in_it(night: tuple[Home, small.Told]) -> None:
    _, told = night
    assert [outcome.message for outcome in told.typed.values() if outcome.state == "refused"] == []


@pytest.mark.parametrize("fault", BUILD_FAULTS, ids=lambda fault: fault.id)
def test_a_fault_between_tables_is_caught_by_the_check_that_is_meant_to(fault: BuildFault, outcomes: Outcomes) -> None:
    if fault.level is None:
        assert outcomes[fault.id].caught_by == []
    else:
        assert outcomes[fault.id].as_meant(fault), outcomes[fault.id].caught_by


def test_what_rules_and_tests_find_is_what_was_planted(broken: Broken) -> None:
    stray = [
        (key, row) for key, _, rows in broken for row in rows if not any(_due_to(fault, row) for fault in BUILD_FAULTS)
    ]
    assert stray == []


def test_the_page_says_what_these_nights_found(outcomes: Outcomes) -> None:
    page.hold_to(outcomes)
