"""Every fault at every stage: success after a retry, or the named error; the last good file is served all the while.

A combination is a fault of ``injection.FAULTS`` and a place at which the pipeline asks something. Each is tried
striking once, where a retry can cure it, and striking always; after that comes a night without faults.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Literal

import duckdb
import orjson
import pytest

from k2025_pipeline.demo import injected_answers
from k2025_pipeline.demo.injection import FAULTS, STAGES, parse_fault
from k2025_pipeline.lake.archive import INCOMING, JOURNAL
from k2025_pipeline.lake.home import read_lines
from k2025_pipeline.pxweb import client, errors, transport
from k2025_pipeline.pxweb.errors import SourceError
from k2025_pipeline.pxweb.transport import Answer, Transport, request_key

from .conftest import World
from .small_statbank import (
    BYSTANDER,
    CELL_LIMIT,
    GROUPS,
    KLASS,
    NEXT_NIGHT,
    PARTS,
    QUESTION,
    ROWS,
    TABLE,
    Told,
    delivered,
    files,
    run_night,
    typed_content,
)

TABLES = (TABLE, BYSTANDER)


@dataclass(frozen=True)
class Place:
    """Where in a night something is asked.

    Attributes:
        stage: of ``injection.STAGES``. route: how a fault is told to strike there. asked: tables and
        classifications of the night. struck: what cannot be had when it always strikes there.
        help: another fault without which nothing is asked there.
    """

    stage: str
    route: str
    asked: tuple[str, ...]
    struck: tuple[str, ...]
    help: tuple[str, ...] = ()


PLACES = {
    "config": Place("config", "config", TABLES, TABLES),
    "config, cell limit": Place("config", "config+1", TABLES, (TABLE,)),
    "listing": Place("listing", "listing", TABLES, ()),
    "table": Place("table", f"table:{TABLE}", TABLES, (TABLE,), ("empty-listing@listing",)),
    "metadata": Place("metadata", f"metadata:{TABLE}", TABLES, (TABLE,)),
    "data, first part": Place("data", f"data:{TABLE}", TABLES, (TABLE,)),
    "data, last part": Place("data", f"data:{TABLE}+{PARTS[TABLE] - 1}", TABLES, (TABLE,)),
    "klass": Place("klass", f"klass:{KLASS}", (KLASS,), (KLASS,)),
    "klass-codes": Place("klass-codes", f"klass-codes:{KLASS}", (KLASS,), (KLASS,)),
    "klass-changes": Place("klass-changes", f"klass-changes:{KLASS}", (KLASS,), (KLASS,)),
    "klass-corresponds": Place("klass-corresponds", f"klass-corresponds:{KLASS}", (GROUPS,), (GROUPS,)),
}
NEVER_ASKED = {"defaultselection", "codelist"}
"""Stages of the API that the pipeline does not use."""
KLASS_ANSWERS = ("klass-codes", "klass-changes", "klass-corresponds")

Kind = Literal["retried", "refused", "fallback", "legal", "judged", "renamed"]


@dataclass(frozen=True)
class Expected:
    """What becomes of a fault that always strikes.

    Attributes:
        kind: ``retried``: cured when it strikes once, else the error; ``refused``: the error at once;
        ``fallback``: the night succeeds by asking otherwise; ``legal``: the same typed result; ``renamed``: the same
        figures under other labels; ``judged``: archived, and refused by acceptance. error: its type.
        sent: how often the request is sent. words: in the message.
    """

    kind: Kind
    error: type[SourceError] = SourceError
    sent: int = 1
    words: str = ""


def retried(error: type[SourceError], sent: int, words: str) -> Expected:
    return Expected("retried", error, sent, words)


def refused(error: type[SourceError], words: str) -> Expected:
    return Expected("refused", error, 1, words)


UNAVAILABLE = partial(retried, errors.ServiceUnavailable, 5)
NO_ANSWER = retried(errors.NoAnswer, 5, "no answer from 127.0.0.1")
CUT = retried(errors.CutAnswer, 3, "is not complete JSON")
NO_JSON = retried(errors.WrongContentType, 3, "instead of JSON")
LEGAL, RENAMED = Expected("legal"), Expected("renamed")
DOTS = Expected("judged", words="rule missing_share")
EXPECTED: dict[str, Expected] = {
    "429": retried(errors.TooManyRequests, 5, "no more calls just now (HTTP 429). Try again in a minute"),
    "429-retry-after": retried(errors.TooManyRequests, 5, "no more calls just now (HTTP 429). Try again in 1 seconds"),
    "500": retried(errors.ServerFault, 2, "HTTP 500"),
    "500-empty": retried(errors.ServerFault, 2, "HTTP 500"),
    "502": UNAVAILABLE("HTTP 502"),
    "503": UNAVAILABLE("HTTP 503"),
    "504": UNAVAILABLE("HTTP 504"),
    "slow": LEGAL,
    "hang": NO_ANSWER,
    "reset": NO_ANSWER,
    "cut": NO_ANSWER,
    "cut-json": CUT,
    "invalid-json": CUT,
    "deep": CUT,
    "html": NO_JSON,
    "wrong-content-type": NO_JSON,
    "xml": NO_JSON,
    "html-404": refused(errors.PageMissing, "HTTP 404"),
    "huge": refused(errors.WrongAnswer, "which no table is"),
    "empty-object": refused(errors.WrongAnswer, "Try again later"),
    "unknown-table": refused(errors.UnknownTable, "«Non-existent table»"),
    "unknown-variable": refused(errors.UnknownVariable, "«Non-existent variable»"),
    "unknown-value": refused(errors.UnknownValue, "«Non-existent value»"),
    "unknown-codelist": refused(errors.UnknownCodelist, "«Non-existent codelist»"),
    "missing-selection": refused(errors.MissingSelection, "«Missing selection for mandantory variable»"),
    "too-many-cells": refused(errors.TooManyCells, "«Too many cells selected"),
    "zero-limits": LEGAL,
    "empty-listing": Expected("fallback"),
    "missing-dimension": refused(errors.WrongAnswer, "the answer lacks the dimension"),
    "other-table": refused(errors.WrongAnswer, "about another table"),
    "other-updated": Expected("retried", errors.SourceChanged, 3, "updated while it was asked, 3 times in a row"),
    "other-codes": refused(errors.WrongAnswer, "codes where"),
    "metadata-renamed": RENAMED,
    "zeros": Expected("judged", words="rule zeros"),
    "dots": DOTS,
    "times-1000": Expected("judged", words="rule "),
    "sparse-values": LEGAL,
    "status-array": LEGAL,
    "status-text": DOTS,
    "index-array": LEGAL,
    "no-labels": RENAMED,
    "old-codelists-spelling": LEGAL,
}
"""By fault."""
NOTHING_ASKED = refused(errors.InvalidAnswer, "")
ELSEWHERE: dict[tuple[str, str], Expected] = {
    ("500-empty", "data"): refused(errors.DuplicateCodes, "HTTP 500 without a word"),
    ("empty-object", "config"): LEGAL,
    ("empty-object", "metadata"): refused(errors.InvalidAnswer, "no `id`, `size` and `dimension`"),
    ("empty-object", "klass"): refused(errors.InvalidAnswer, "no `lastModified`"),
    ("missing-dimension", "metadata"): refused(errors.InvalidAnswer, "the source has no dimension"),
    ("other-table", "metadata"): LEGAL,
    ("other-codes", "metadata"): refused(errors.UnknownValue, "«Non-existent value»"),
    ("other-updated", "table"): LEGAL,
    ("other-updated", "listing"): LEGAL,
    ("metadata-renamed", "metadata"): LEGAL,
    ("no-labels", "metadata"): LEGAL,
}
"""By fault and stage, where it means something else there."""


def expected(fault: str, stage: str) -> Expected:
    """What is expected of a fault at a stage; a listing that cannot be had is done without."""
    found = ELSEWHERE.get((fault, stage)) or EXPECTED[fault]
    if stage == "listing" and found.kind in ("retried", "refused"):
        return Expected("fallback", found.error, found.sent)
    return found


COMBINATIONS = [(fault, name) for fault in EXPECTED for name, p in PLACES.items() if p.stage in FAULTS[fault].stages]


@dataclass
class Watch:
    """What went over the wire: bytes that came whole, and requests by their key."""

    whole: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    raised: list[type[BaseException]] = field(default_factory=list)

    def clear(self) -> None:
        self.__init__()  # type: ignore[misc]


class _Raised(logging.Handler):
    """Errors that are told to the log."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def emit(self, record: logging.LogRecord) -> None:
        said = record.args if isinstance(record.args, tuple) else ()
        self._watch.raised += [type(part) for part in said if isinstance(part, BaseException)]


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """Note every request and every whole answer; make long waits and large bodies short."""
    seen = Watch()
    send = Transport.send

    def watched(
        self: Transport, method: str, url: str, what: str, params: Any = None, body: bytes | None = None
    ) -> Answer:
        seen.keys.append(request_key(method, url, params, body))
        answer = send(self, method, url, what, params, body)
        seen.whole.append(hashlib.sha256(answer.content).hexdigest())
        return answer

    monkeypatch.setattr(Transport, "send", watched)
    monkeypatch.setattr(injected_answers, "COLD_START_SECONDS", 0.02)
    monkeypatch.setattr(transport, "MOST_BYTES", 1 << 20)
    monkeypatch.setattr(injected_answers, "HUGE_BYTES", 1 << 22)
    monkeypatch.setattr(client, "DOCUMENTED_CELLS", CELL_LIMIT)  # what the local Statbank holds itself to
    handler = _Raised(seen)
    logger = logging.getLogger("k2025_pipeline.ingest.session")
    logger.addHandler(handler)
    yield seen
    logger.removeHandler(handler)


@dataclass
class Case:
    """One home in one world, and what must hold after each of its nights."""

    world: World
    watch: Watch
    home: Path
    place: Place
    started: datetime = NEXT_NIGHT

    def __post_init__(self) -> None:
        self._published = (self.home / "warehouse.duckdb").read_bytes()

    def night(self, *faults: str, judge: bool = True, force: bool = False) -> Told:
        """A night under these faults; what must hold always is seen to."""
        self.world.statbank.faults = [parse_fault(fault) for fault in faults]
        self.world.statbank.log.clear()
        self.watch.clear()
        before = files(self.home / "raw")
        told = run_night(
            self.home,
            self.world.statbank.url,
            self.world.catalog,
            self.started,
            self.place.asked,
            judge,
            force=force,
        )
        self.started += timedelta(days=1)
        self._nothing_raw_is_lost(before)
        assert (self.home / "warehouse.duckdb").read_bytes() == self._published
        return told

    def struck(self, fault: str) -> int:
        """How many requests of the last night met the fault."""
        return sum(request.fault == fault for request in self.world.statbank.log)

    def archived(self) -> set[str]:
        """Keys of the requests whose answers wait in journals of unfinished fetches."""
        journals = (self.home / "raw").glob(f"*/{INCOMING}/{JOURNAL}")
        return {line["key"] for journal in journals for line in read_lines(journal) if "key" in line}

    def as_undisturbed(self) -> None:
        """The typed rows of what was asked for are those of an undisturbed night."""
        names = tuple(f"klass_{i}" if i in (KLASS, GROUPS) else f"ssb_{i}" for i in self.place.asked)
        wanted = {name: content for name, content in self.world.undisturbed.items() if name.startswith(names)}
        assert {n: c for n, c in typed_content(self.home).items() if n.startswith(names)} == wanted

    def _nothing_raw_is_lost(self, before: dict[str, str]) -> None:
        """Old answers and manifests are as they were; each new answer lies in a file that a record names."""
        raw = self.home / "raw"
        after = files(raw)
        sealed = {path for path in before if f"/{INCOMING}/" not in path and not path.endswith("seen.jsonl")}
        assert {path: before[path] for path in sealed} == {path: after.get(path) for path in sealed}
        answers = Counter(after[path] for path in after if path.endswith(".json"))
        moved = Counter(before[path] for path in before if path.endswith(".json"))
        assert moved <= answers, "what was archived has gone"
        assert set(self.watch.whole) <= _recorded(raw), "an answer that came whole is not archived"

    def last_good_file_is_served(self) -> None:
        """The published file opens and answers as before."""
        with duckdb.connect(str(self.home / "warehouse.duckdb"), read_only=True) as reader:
            assert reader.execute(QUESTION).fetchall() == ROWS


def _recorded(raw: Path) -> set[str]:
    """sha256 of the answers that a journal or manifest names, each held against the bytes of its file."""
    found = set()
    for record in [*raw.rglob(JOURNAL), *raw.rglob("manifest.json")]:
        lines = read_lines(record) if record.suffix == ".jsonl" else orjson.loads(record.read_bytes())["requests"]
        for line in (line for line in lines if "sha256" in line):
            content = (record.parent / line["file"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == line["sha256"]
            found.add(line["sha256"])
    return found


def _name(known_id: str) -> str:
    return f"klass_{known_id}" if known_id in (KLASS, GROUPS) else f"ssb_{known_id}"


@pytest.mark.parametrize(("fault", "where"), COMBINATIONS)
def test_a_fault_ends_in_success_or_in_its_named_error(
    world: World, watch: Watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, where: str
) -> None:
    place = PLACES[where]
    wanted = expected(fault, place.stage)
    if fault == "hang":
        monkeypatch.setattr(transport, "READ_TIMEOUT", 0.05)
    case = Case(world, watch, world.home(tmp_path), place)
    CHECKS[wanted.kind](case, fault, wanted)
    shutil.rmtree(tmp_path)  # thousands of files would be cleared away in a later session


def _struck(case: Case, fault: str, once: bool = False) -> tuple[str, ...]:
    """The fault at its place, as it is told to the Statbank."""
    route, _, after = case.place.route.partition("+")
    return (*case.place.help, f"{fault}@{route}{'x1' if once else ''}{f'+{after}' if after else ''}")


def _is_retried(case: Case, fault: str, wanted: Expected) -> None:
    march = case.home.with_name("march")
    case.home.rename(march)
    once = Case(case.world, case.watch, case.world.home(march.parent), case.place)
    told = once.night(*_struck(once, fault, once=True), judge=False)
    assert once.struck(fault) == 1
    assert {outcome.state for outcome in told.fetched.values()} <= {"fetched", "unchanged"}
    came = delivered(once.home)
    for known_id in case.place.asked:
        assert came[_name(known_id)] == case.world.delivered[_name(known_id)], "the same answers as undisturbed"
    once.home.rename(march.with_name("once"))
    march.rename(case.home)
    _is_refused(case, fault, wanted)


def _is_refused(case: Case, fault: str, wanted: Expected) -> None:
    march = typed_content(case.home)
    told = case.night(*_struck(case, fault))
    case.last_good_file_is_served()
    _sent(case, fault, wanted)
    for known_id in case.place.asked:
        outcome, typed = told.fetched[_name(known_id)], told.typed[_name(known_id)]
        if known_id not in case.place.struck:
            assert (outcome.state, typed.stale_because) in {("fetched", None), ("unchanged", None)}
            continue
        assert outcome.state == ("not_offered" if wanted.error is errors.UnknownTable else "failed")
        assert wanted.words in outcome.message
        assert outcome.delivery is not None or case.place is PLACES["config"], "the last good delivery is known"
        assert typed.stale_because == outcome.message, "what stands is marked stale, with the reason"
        still = {n: c for n, c in typed_content(case.home).items() if n.startswith(_name(known_id))}
        assert still == {n: c for n, c in march.items() if n.startswith(_name(known_id))}, "the last good rows stand"
    if case.watch.raised:
        assert case.watch.raised[-1] is wanted.error
    _the_next_night_succeeds(case)


def _sent(case: Case, fault: str, wanted: Expected) -> None:
    """How often a request was sent that was always struck; a changed stamp strikes every request of a table."""
    rounds = {"metadata": 3, "data, first part": 9, "data, last part": 7}
    times = {"other-updated": rounds.get(next(n for n, p in PLACES.items() if p is case.place), 0)}
    assert case.struck(fault) == times.get(fault, wanted.sent) or fault == "hang"


def _the_next_night_succeeds(case: Case) -> None:
    """Without faults everything comes, and nothing is asked for that was archived."""
    archived = case.archived()
    told = case.night()
    assert {outcome.state for outcome in told.fetched.values()} <= {"fetched", "unchanged"}
    assert {outcome.stale_because for outcome in told.typed.values()} == {None}
    assert not archived & set(case.watch.keys)
    case.as_undisturbed()


def _falls_back(case: Case, fault: str, wanted: Expected) -> None:
    told = case.night(*_struck(case, fault))
    assert case.struck(fault) == wanted.sent or fault == "hang"
    assert Counter(r.stage for r in case.world.statbank.log)["table"] == len(case.place.asked), "asked one by one"
    assert {outcome.state for outcome in told.fetched.values()} == {"fetched", "unchanged"}
    case.as_undisturbed()


def _is_legal(case: Case, fault: str, wanted: Expected) -> None:
    told = case.night(*_struck(case, fault))
    assert case.struck(fault) > 0
    assert {outcome.state for outcome in told.fetched.values()} <= {"fetched", "unchanged"}
    assert {outcome.stale_because for outcome in told.typed.values()} == {None}
    case.as_undisturbed()


def _is_renamed(case: Case, fault: str, wanted: Expected) -> None:
    told = case.night(*_struck(case, fault))
    assert case.struck(fault) > 0
    verdict = told.typed[_name(TABLE)].verdicts[0]
    assert verdict.passed
    assert "renames" in {rule.rule for rule in verdict.broken}, "told, not blocking"


def _is_judged(case: Case, fault: str, wanted: Expected) -> None:
    march = typed_content(case.home)
    told = case.night(*_struck(case, fault))
    case.last_good_file_is_served()
    assert case.struck(fault) > 0
    name = _name(case.place.struck[0])
    assert told.fetched[name].state == "fetched"
    assert told.typed[name].state == "refused"
    assert wanted.words in (told.typed[name].stale_because or "")
    still = typed_content(case.home)
    assert {n: c for n, c in still.items() if n.startswith(name)} == {
        n: c for n, c in march.items() if n.startswith(name)
    }
    healed = case.night()
    assert healed.fetched[name].silent_change is not None, "read again under the same stamp"
    assert healed.typed[name].state == "accepted"
    assert healed.typed[name].stale_because is None


CHECKS = {
    "retried": _is_retried,
    "refused": _is_refused,
    "fallback": _falls_back,
    "legal": _is_legal,
    "renamed": _is_renamed,
    "judged": _is_judged,
}


def test_every_fault_is_classified_wherever_the_pipeline_asks() -> None:
    assert set(EXPECTED) == set(FAULTS), "a new fault: say what is expected of it"
    assert {place.stage for place in PLACES.values()} | NEVER_ASKED == set(STAGES), "a new stage: say where it is asked"
    assert {stage for _, stage in ELSEWHERE} <= set(STAGES)


def test_the_number_of_combinations_is_known() -> None:
    """Stated in the documentation: a change here is a change there."""
    kinds = Counter(expected(fault, PLACES[where].stage).kind for fault, where in COMBINATIONS)
    assert len(COMBINATIONS) == 268
    assert kinds == {"retried": 155, "refused": 54, "legal": 28, "fallback": 19, "judged": 8, "renamed": 4}


def test_the_last_good_delivery_is_known_when_the_source_is_not_reached(
    world: World, watch: Watch, tmp_path: Path
) -> None:
    told = Case(world, watch, world.home(tmp_path), PLACES["config"]).night("503@config")
    assert {outcome.state for outcome in told.fetched.values()} == {"failed"}
    assert None not in {outcome.delivery and outcome.delivery.vintage for outcome in told.fetched.values()}
