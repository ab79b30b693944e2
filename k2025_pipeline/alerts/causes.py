"""What went wrong in a night, grouped by what one person would mend with one act; and what of it is news.

Here belong pure functions over a night's record and over what was told before. Not here: words (``wording``), files
(``memory``) and sending (``channels``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import polars as pl

from k2025_pipeline.quality.nights import NightRecord
from k2025_pipeline.runbook import PAGES

Grade = Literal["warn", "error", "blocking"]
GRADES: tuple[Grade, ...] = get_args(Grade)
"""Each graver than the one before it."""
RUN = ("nightly_refresh", "run")
"""Stands where a check would, when a run failed and no check says why."""
ANY_FAILURE = "build-failed"
NO_RECORD = "no-record"
SIGNS = (
    ("run-killed", r"\bwas killed|without a word|health check"),
    ("disk-full", r"No space left|ENOSPC|disk is full|Disk quota"),
    ("home-locked", r"HomeBusy|is being refreshed by process"),
    ("damaged-home", r"DamagedHome|is damaged"),
    ("wrong-source", r"WrongSource|UnknownSource"),
    ("unwritable-home", r"PermissionError|Permission denied|Read-only file system"),
    ("declaration-wrong", r"CatalogError"),
    ("source-closed-hours", r"OutsideHours"),
    ("source-unreachable", r"SourceUnavailable|NoAnswer|ConnectionError"),
)
"""Page of the runbook and how the error of a failed run that belongs to it reads; the first that fits."""


@dataclass(frozen=True)
class Broken:
    """A check that failed.

    Attributes:
        asset, check: what names it. failed: rows that break it. previous: so many did the night before; None where it
            was not run then. message, advice: what happened and what to do; from outside, to be quoted with care.
    """

    asset: str
    check: str
    failed: int
    previous: int | None = None
    message: str = ""
    advice: str = ""

    @property
    def member(self) -> str:
        """What names it in the memory."""
        return member(self.asset, self.check)

    @property
    def size(self) -> int:
        """Rows that break it, at least one: a check may fail without counting."""
        return max(self.failed, 1)


@dataclass(frozen=True)
class Cause:
    """Checks that failed for one reason: one page of the runbook, and the same consequence.

    Attributes:
        page: of the runbook. grade: ``blocking`` where it kept the night from being published. broken: the checks.
    """

    page: str
    grade: Grade
    broken: tuple[Broken, ...]

    @property
    def key(self) -> str:
        """What is the same cause on another night."""
        return f"{self.page}/{self.grade}"

    @property
    def members(self) -> dict[str, int]:
        """Each check with the rows that break it."""
        return {check.member: check.size for check in self.broken}


@dataclass(frozen=True)
class Judged:
    """A run as the alerts see it.

    Attributes:
        night: id of the night, or of a run that left no record. date: Oslo time, ISO 8601. run_id: of Dagster; None
            where none began. record: of the night; None where it left none. causes: what went wrong.
        passed: members that held. demo: whether the figures are generated. published_at: of the file that stands, ISO
            8601; None where none does, or where its manifest cannot be read.
    """

    night: str
    date: str
    run_id: str | None
    record: NightRecord | None
    causes: list[Cause]
    passed: frozenset[str]
    demo: bool
    published_at: str | None

    @property
    def complete(self) -> bool:
        """Whether every check was run: nothing stopped the night on its way."""
        return self.record is not None and self.record.ending != "blocked"

    @property
    def broken(self) -> set[str]:
        """Members that failed."""
        return {name for cause in self.causes for name in cause.members}


@dataclass(frozen=True)
class Told:
    """When a cause was last told on a channel.

    Attributes:
        date: of the night, Oslo time, ISO 8601. night: id of the night or run. members: as :attr:`Cause.members`.
    """

    date: str
    night: str
    members: dict[str, int]


def member(asset: str, check: str) -> str:
    """One check as the memory names it."""
    return f"{asset} {check}"


def causes_of(
    record: NightRecord | None,
    checks: pl.DataFrame,
    failures: Iterable[Mapping[str, Any]],
    run_failure: str | None = None,
) -> list[Cause]:
    """Group what failed in a night.

    Args:
        record: of the night; None where it left none. checks: columns of ``quality.nights.CHECKS``.
        failures: as ``quality.nights.failures_of``. run_failure: what Dagster says of a failed run.

    Returns:
        Causes, the gravest first. A night that was blocked, and a run that failed, has at least one.
    """
    details = {(row["asset"], row["name"]): row for row in failures}
    groups: dict[tuple[str, Grade], list[Broken]] = {}
    for row in checks.filter(~pl.col("passed")).iter_rows(named=True):
        detail = details.get((row["asset"], row["check_name"]), {})
        groups.setdefault((row["runbook"], _grade(row)), []).append(_broken(row, detail))
    causes = [Cause(page, grade, tuple(broken)) for (page, grade), broken in groups.items()]
    failed = run_failure is not None or (record is not None and record.ending == "blocked")
    if failed and not any(cause.grade == "blocking" for cause in causes):
        causes.append(_unexplained(record, run_failure or ""))
    return sorted(causes, key=lambda cause: (-GRADES.index(cause.grade), cause.page))


def _grade(row: Mapping[str, Any]) -> Grade:
    if row["severity"] != "error":
        return "warn"
    return "blocking" if row["blocking"] else "error"


def _broken(row: Mapping[str, Any], detail: Mapping[str, Any]) -> Broken:
    return Broken(
        row["asset"],
        row["check_name"],
        row["failed_rows"],
        row["previous_failed_rows"],
        row["message"] or "",
        detail.get("advice", ""),
    )


def _unexplained(record: NightRecord | None, run_failure: str) -> Cause:
    """A failed run without a check that says why. After a publication it is red, and stands in no reader's way."""
    published = record is not None and record.ending in ("published", "unchanged")
    grade: Grade = "error" if published else "blocking"
    return Cause(page_of(run_failure), grade, (Broken(*RUN, 1, message=run_failure),))


def unrecorded() -> Cause:
    """A run that succeeded and left nothing that says how it went: it may have published, and nobody can see it."""
    said = "Dagster calls the run a success, but the home has no record of it. See whether the disk is full."
    return Cause(NO_RECORD, "error", (Broken(*RUN, 1, message=said),))


def page_of(failure: str) -> str:
    """Page of the runbook for the error of a failed run: the one that it names, or the one that it sounds like."""
    for named in re.findall(r"runbook/([a-z-]+)", failure):
        if named in PAGES:
            return str(named)
    return next((page for page, sign in SIGNS if re.search(sign, failure)), ANY_FAILURE)


def is_news(cause: Cause, told: Mapping[str, Told], night: str, date: str) -> bool:
    """Whether a cause is to be told.

    An error is told each date until it is mended, and again the same date only when it has become graver. A warning
    is told when it was not there the night before, or breaks in more places or rows than then, and never twice.

    Args:
        cause: of this night. told: by :attr:`Cause.key`. night: id of this night. date: of this night, ISO 8601.
    """
    if cause.grade != "warn":
        graver = GRADES[GRADES.index(cause.grade) :]
        return not any(_covers(told.get(f"{cause.page}/{g}"), g == cause.grade, night, date) for g in graver)
    known: dict[str, int] = {}
    for grade in GRADES:
        earlier = told.get(f"{cause.page}/{grade}")
        for name, size in (earlier.members if earlier else {}).items():
            known[name] = max(size, known.get(name, 0))
    return any(check.size > max(check.previous or 0, known.get(check.member, 0)) for check in cause.broken)


def _covers(earlier: Told | None, same_grade: bool, night: str, date: str) -> bool:
    """Whether what was told makes another message needless: the same that date, or a graver one of another run.

    One night may have both a blocking and a milder cause on the same page; these are two messages.
    """
    return earlier is not None and earlier.date >= date and (same_grade or earlier.night != night)


def still_open(
    told: Mapping[str, Told], broken: Iterable[str], passed: Iterable[str], complete: bool
) -> dict[str, Told]:
    """What of that which was told is not mended yet.

    Args:
        told: by :attr:`Cause.key`. broken, passed: members that failed and held this night.
        complete: whether every check there is was run, so that one without a result does not exist any more.
    """
    bad, good = set(broken), set(passed)
    found = {}
    for key, earlier in told.items():
        left = {m: n for m, n in earlier.members.items() if m in bad or (m not in good and not complete)}
        if left:
            found[key] = Told(earlier.date, earlier.night, left)
    return found


def page(key: str) -> str:
    """Page of a :attr:`Cause.key`."""
    return key.rpartition("/")[0]
