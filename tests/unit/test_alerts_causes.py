"""What belongs to one cause, and what of it is news, over any nights."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alert_servers import outcome, write_night
from k2025_pipeline.alerts.causes import (
    GRADES,
    Broken,
    Cause,
    Told,
    causes_of,
    is_news,
    still_open,
)
from k2025_pipeline.alerts.wording import harmless
from k2025_pipeline.lake.home import Home
from k2025_pipeline.quality import nights
from k2025_pipeline.quality.outcome import Outcome

NOTHING = pl.DataFrame(schema=nights.CHECKS)
DAY = date(2026, 11, 25)


def causes(tmp_path: Path, outcomes: list[Outcome], failure: str | None = None, **record: object) -> list[Cause]:
    home = Home(tmp_path)
    write_night(home, outcomes, **record)  # type: ignore[arg-type]
    night = nights.records(home, 1)[0]
    return causes_of(night, nights.checks_of(home, night.night_id), nights.failures_of(home, night.night_id), failure)


def test_a_night_with_nothing_wrong_has_no_cause(tmp_path: Path) -> None:
    assert causes(tmp_path, [outcome(failed=0)]) == []


def test_twelve_tables_that_cannot_be_reached_are_one_cause(tmp_path: Path) -> None:
    found = causes(tmp_path, [outcome(f"raw/ssb_{n}", message=f"{n}: no answer") for n in range(12200, 12212)])
    assert [(c.page, c.grade, len(c.broken)) for c in found] == [("source-unreachable", "error", 12)]
    assert found[0].broken[0].message == "12200: no answer"


def test_seven_rules_of_of_a_blocked_publication_are_one_cause(tmp_path: Path) -> None:
    rules = [outcome("public/regions", f"rule_{n}", "acceptance", blocking=True, advice="Se.") for n in range(7)]
    found = causes(tmp_path, [*rules, outcome(severity="warn", runbook="drift")], ending="blocked")
    assert [(c.page, c.grade, len(c.broken)) for c in found] == [("acceptance", "blocking", 7), ("drift", "warn", 1)]
    assert found[0].broken[0].advice == "Se."


def test_the_same_page_is_two_causes_where_only_some_blocked(tmp_path: Path) -> None:
    found = causes(tmp_path, [outcome("a"), outcome("b", blocking=True), outcome("c", severity="warn")])
    assert [(c.page, c.grade) for c in found] == [("source-unreachable", grade) for grade in reversed(GRADES)]


def test_a_warning_of_a_blocking_check_blocks_nothing(tmp_path: Path) -> None:
    assert [c.grade for c in causes(tmp_path, [outcome(blocking=True, severity="warn")])] == ["warn"]


@pytest.mark.parametrize(
    ("failure", "page"),
    [
        ("The process of this run ended without a word; it was killed.", "run-killed"),
        ("dbt_core: OSError: [Errno 28] No space left on device", "disk-full"),
        ("raw: k2025_pipeline.lake.home.HomeBusy: var is being refreshed by process 7", "home-locked"),
        ("raw: PermissionError: [Errno 13] Permission denied: 'var/x'", "unwritable-home"),
        ("DamagedHome: var/x.json is damaged", "damaged-home"),
        ("WrongSource: var holds figures from «demo»", "wrong-source"),
        ("CatalogError: schemas/tables/1.yml", "declaration-wrong"),
        ("dbt said no", "build-failed"),
        ("Some words. See docs/runbook/publication.md. No space left", "publication"),
        ("See docs/runbook/no-such-page.md", "build-failed"),
    ],
)
def test_a_run_that_failed_without_a_check_has_a_cause(failure: str, page: str) -> None:
    assert [(c.page, c.grade) for c in causes_of(None, NOTHING, [], failure)] == [(page, "blocking")]


def test_a_blocked_night_always_has_a_cause(tmp_path: Path) -> None:
    found = causes(tmp_path, [outcome(severity="warn", runbook="drift")], ending="blocked")
    assert [(c.page, c.grade) for c in found] == [("build-failed", "blocking"), ("drift", "warn")]


def test_a_run_that_fails_after_publication_blocks_nothing(tmp_path: Path) -> None:
    assert [c.grade for c in causes(tmp_path, [], "morning page: KeyError")] == ["error"]


names = st.sampled_from(["a", "b", "c"])
broken = st.builds(Broken, asset=names, check=names, failed=st.integers(0, 5), previous=st.none() | st.integers(0, 5))
any_cause = st.builds(
    Cause,
    page=st.sampled_from(["drift", "source-unreachable"]),
    grade=st.sampled_from(GRADES),
    broken=st.lists(broken, min_size=1, max_size=4, unique_by=lambda b: b.member).map(tuple),
)
steps = st.lists(st.tuples(st.booleans(), any_cause), max_size=20)
"""Whether the next run is of the next date, and a cause in it."""


@given(steps)
def test_nothing_is_told_twice_in_one_night_and_an_error_once_a_date_and_grade(seen: list[tuple[bool, Cause]]) -> None:
    told: dict[str, Told] = {}
    sent: list[tuple[str, str]] = []
    today = DAY
    for number, (next_day, cause) in enumerate(seen):
        today += timedelta(days=next_day)
        if is_news(cause, told, str(number), today.isoformat()):
            told[cause.key] = Told(today.isoformat(), str(number), cause.members)
            sent.append((cause.key, today.isoformat()))
        elif cause.grade != "warn":
            graver = [f"{cause.page}/{g}" for g in GRADES[GRADES.index(cause.grade) :]]
            assert any(key in told and told[key].date == today.isoformat() for key in graver)
        assert not is_news(cause, told, str(number), today.isoformat())
    errors = [one for one in sent if not one[0].endswith("/warn")]
    assert len(errors) == len(set(errors))


@given(any_cause.filter(lambda c: c.grade != "warn"))
def test_an_error_is_news_again_the_next_date(cause: Cause) -> None:
    told = {cause.key: Told(DAY.isoformat(), "1", cause.members)}
    assert not is_news(cause, told, "2", DAY.isoformat())
    assert is_news(cause, told, "2", (DAY + timedelta(days=1)).isoformat())


@given(any_cause)
def test_what_has_become_graver_is_news_the_same_date(cause: Cause) -> None:
    for milder in GRADES[: GRADES.index(cause.grade)] if cause.grade != "warn" else ():
        told = {f"{cause.page}/{milder}": Told(DAY.isoformat(), "1", cause.members)}
        assert is_news(cause, told, "2", DAY.isoformat())


@given(any_cause.filter(lambda c: c.grade == "warn"), st.integers(1, 40))
def test_a_told_warning_stays_silent_until_it_grows(cause: Cause, days: int) -> None:
    told = {cause.key: Told(DAY.isoformat(), "1", cause.members)}
    later = (DAY + timedelta(days=days)).isoformat()
    assert not is_news(cause, told, "2", later)
    more = Cause(cause.page, "warn", (*cause.broken, Broken("new", "check", 1)))
    assert is_news(more, told, "2", later)
    first = cause.broken[0]
    grown = Broken(first.asset, first.check, first.size + max(first.size, first.previous or 0), first.previous)
    assert is_news(Cause(cause.page, "warn", (grown,)), told, "2", later)


def test_a_warning_that_stood_the_night_before_is_not_news() -> None:
    standing = Cause("drift", "warn", (Broken("a", "drift", 3, previous=3),))
    assert not is_news(standing, {}, "1", DAY.isoformat())
    assert is_news(Cause("drift", "warn", (Broken("a", "drift", 4, previous=3),)), {}, "1", DAY.isoformat())


members = st.sets(st.sampled_from("abcdef"))


@given(st.dictionaries(st.sampled_from("xyz"), members), members, members, st.booleans())
def test_what_is_open_was_told_and_is_not_known_to_hold(
    told: dict[str, set[str]], bad: set[str], good: set[str], complete: bool
) -> None:
    good -= bad
    left = still_open({k: Told("d", "n", dict.fromkeys(m, 1)) for k, m in told.items()}, bad, good, complete)
    for key, standing in left.items():
        assert set(standing.members) <= told[key] - good
        assert standing.members
    for key, known in told.items():
        assert known & bad <= set(left[key].members if key in left else ())
        if not complete:
            assert known - good <= set(left[key].members if key in left else ())


@given(st.text())
def test_words_from_outside_become_one_harmless_line(text: str) -> None:
    line = harmless(text)
    assert len(line) <= 300
    assert "\n" not in line and "\r" not in line and "://" not in line
    assert line == line.strip()
    assert all(sign.isprintable() or sign == " " for sign in line)
    assert harmless(line) == line


def test_hidden_signs_and_clickable_addresses_are_taken_out() -> None:
    assert harmless("a\u202eb\u200bc\x1b[31m https://evil.example WWW.evil.example") == (
        "abc [31m https[:]//evil.example WWW[.]evil.example"
    )
