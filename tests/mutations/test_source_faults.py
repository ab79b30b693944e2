"""Faults in what the source answers, through fetching and judging as by night, each over a home of its own.

Belongs here: admission, contract and drift. Does not belong here: faults that only a build can see.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from faults import small_statbank as small
from k2025_pipeline.catalog.base import Text
from k2025_pipeline.demo import injected_answers
from k2025_pipeline.demo.injection import FAULTS, Kind, parse_fault
from k2025_pipeline.quality import findings
from k2025_pipeline.quality.ladder import typed_checks, typed_names
from k2025_pipeline.quality.outcome import Check, Key
from mutations import good_source, page
from mutations.conftest import GoodNight
from mutations.faults import Outcome, Outcomes, caught
from mutations.source_faults import SOURCE_FAULTS, SourceFault

CATALOG = good_source.small_catalog()


@pytest.fixture(scope="module")
def outcomes(
    good_night: GoodNight, checks: Mapping[Key, Check], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Outcomes]:
    with pytest.MonkeyPatch.context() as patch:
        yield {
            fault.id: _night(fault, good_night, checks, tmp_path_factory.mktemp(fault.id), patch)
            for fault in [NOTHING, *SOURCE_FAULTS]
        }


NOTHING = SourceFault(id="nothing", text=Text(nb="Ingenting", en="Nothing"), planted_in="")


def _night(
    fault: SourceFault, good: GoodNight, checks: Mapping[Key, Check], root: Path, patch: pytest.MonkeyPatch
) -> Outcome:
    home = good.copy_to(root / "home")
    before = small.typed_content(home)
    source = good_source.good_source()
    if fault.table in source.tables:
        source.tables[fault.table].updated = good_source.NEWER
    fault.plant(source)
    good.statbank.serve(source.write(root / "source"))
    if fault.edit is not None:
        patch.setitem(FAULTS, fault.wire, Kind(injected_answers.altered_document(fault.edit), "", frozenset({"data"})))
    good.statbank.faults = [parse_fault(f"{fault.wire}@data:{fault.table}")] if fault.wire else []
    told = small.run_night(home, good.statbank.url, CATALOG, fault.started, only=[fault.table])
    reached = small.typed_content(home) != before
    return Outcome(caught(checks, _broken(told, fault.table)), reached)


def _broken(told: small.Told, number: str) -> Iterator[tuple[Key, str]]:
    """Every check that does not hold, with each rule that is broken in it."""
    [contract] = small.contracts(CATALOG, [number])
    for name, finding in findings.of_delivery(told.fetched[contract.name]).items():
        if not finding.passed:
            yield (f"raw/{contract.name}", name), ""
    outcome = told.typed[contract.name]
    for dataset in typed_names(contract):
        names = typed_checks(contract)
        for name, finding in findings.of_typed(outcome, dataset, names).items():
            if not finding.passed:
                rules = [rule.rule for rule in findings.rules_of(outcome, dataset, name) if not rule.passed]
                yield from (((f"typed/{dataset}", name), rule) for rule in rules or [""])


@pytest.mark.parametrize("fault", SOURCE_FAULTS, ids=lambda fault: fault.id)
def test_a_fault_of_the_source_is_caught_by_the_check_that_is_meant_to(fault: SourceFault, outcomes: Outcomes) -> None:
    assert outcomes[fault.id].as_meant(fault), outcomes[fault.id].caught_by


def test_a_night_without_faults_breaks_no_check_and_changes_nothing(outcomes: Outcomes) -> None:
    assert outcomes[NOTHING.id] == Outcome([], reached_public=False)


REFUSED = [fault for fault in SOURCE_FAULTS if fault.level == "contract" or fault.check[1] == "answered"]


@pytest.mark.parametrize("fault", REFUSED, ids=lambda fault: fault.id)
def test_what_the_next_build_reads_is_the_last_good_vintage(fault: SourceFault, outcomes: Outcomes) -> None:
    assert not outcomes[fault.id].reached_public


def test_the_page_says_what_these_nights_found(outcomes: Outcomes) -> None:
    page.hold_to({fault.id: outcomes[fault.id] for fault in SOURCE_FAULTS})
