"""The page of planted faults against the declarations: how many there are, and that it says what was found.

Belongs here: all families together. Does not belong here: finding anything out (the other modules of this folder).
"""

from __future__ import annotations

from collections import Counter

from k2025_pipeline.catalog.quality import LEVELS
from mutations.faults import recorded
from mutations.page import FAULTS, PAGE, render

ENOUGH = 40
SHOWN_BY_DESIGN = {
    "silent_change", "renamed_region", "jump", "jump_in_new_year", "country_missing_in_new_year",
    "country_total", "county_of_users", "education_against_occupation", "users_above_population", "retired_code",
    "unknown_code", "one_hidden", "printed_figure", "a_year_late",
}  # fmt: skip
"""Faults that the source may have itself, without being wrong: told, and published."""


def test_there_are_enough_faults_and_each_level_has_some() -> None:
    assert len({fault.id for fault in FAULTS}) == len(FAULTS) >= ENOUGH
    assert set(Counter(fault.level for fault in FAULTS)) == {*LEVELS, None}


def test_every_fault_was_planted_and_what_became_of_it_is_written_down() -> None:
    assert list(recorded()) == [fault.id for fault in FAULTS]


def test_each_fault_is_caught_as_meant_or_is_said_to_slip_with_the_reason() -> None:
    outcomes = recorded()
    for fault in FAULTS:
        assert outcomes[fault.id].as_meant(fault) != (fault.slips is not None), fault.id


def test_only_what_is_shown_by_design_and_what_slips_reaches_the_public() -> None:
    slipping = {fault.id for fault in FAULTS if fault.slips is not None}
    assert {fault for fault, outcome in recorded().items() if outcome.reached_public} == SHOWN_BY_DESIGN | slipping


def test_the_page_is_what_is_written_down() -> None:
    assert PAGE.read_text("utf-8") == render(recorded())
