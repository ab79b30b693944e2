"""Faults that the local Statbank injects on demand: their names, which requests they strike, and the middleware.

Belongs here: the table of faults, their form on the command line, and the choice of a fault for a request.
Does not belong here: what a struck request gets (`injected_answers`, `injected_documents`), and the faults
that the generated figures have of themselves (`faults`).
"""

import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from k2025_pipeline.demo import injected_answers as answers
from k2025_pipeline.demo import injected_documents as documents
from k2025_pipeline.demo import problems

ANY = "*"
OTHER = "other"
"""What a request to no known address is called."""
_STAGES = {
    ("config", False, ""): "config",
    ("tables", False, ""): "listing",
    ("tables", True, ""): "table",
    ("tables", True, "metadata"): "metadata",
    ("tables", True, "defaultselection"): "defaultselection",
    ("tables", True, "data"): "data",
    ("codelists", True, ""): "codelist",
    ("classifications", True, ""): "klass",
    ("classifications", True, "codes"): "klass-codes",
    ("classifications", True, "codesAt"): "klass-codes",
    ("classifications", True, "changes"): "klass-changes",
    ("classifications", True, "corresponds"): "klass-corresponds",
    ("classifications", True, "correspondsAt"): "klass-corresponds",
}
"""Kind of request by what follows the API's address: collection, whether an id follows, page."""
STAGES = tuple(dict.fromkeys(_STAGES.values()))
_WITHOUT_ID = ("config", "listing")
_ALL = frozenset(STAGES)
_KLASS = frozenset(stage for stage in STAGES if stage.startswith("klass"))
_OF_A_TABLE = frozenset({"table", "metadata", "defaultselection", "data"})
_DOCUMENTS = frozenset({"metadata", "data"})
_DATA = frozenset({"data"})
_PREFIX_PARTS = 4
"""Parts of a path before the collection: "", "api", the service and its version."""


@dataclass(frozen=True)
class Kind:
    """What a fault's name stands for.

    Attributes:
        act: what a struck request gets.
        meaning: one line for people.
        stages: the kinds of request that it can strike.
    """

    act: answers.Act
    meaning: str
    stages: frozenset[str] = _ALL


FAULTS: dict[str, Kind] = {
    "429": Kind(answers.status(429), "Too many calls: empty body, no Retry-After."),
    "429-retry-after": Kind(answers.status(429, headers={"retry-after": "1"}), "Too many calls: Retry-After: 1."),
    "500": Kind(answers.status(500, b"Internal Server Error"), "Server error with a body of text."),
    "500-empty": Kind(answers.status(500), "Server error with an empty body, as for a code given twice."),
    "502": Kind(answers.status(502, b"Bad Gateway"), "Bad gateway."),
    "503": Kind(answers.status(503, b"Service Unavailable"), "Maintenance."),
    "504": Kind(answers.status(504, b"Gateway Timeout"), "Gateway time-out."),
    "slow": Kind(answers.slow, "The answer comes late: cold start, 30 s."),
    "hang": Kind(answers.hang, "No answer until the client goes (at most 600 s)."),
    "reset": Kind(answers.reset, "The connection is reset before any answer."),
    "cut": Kind(answers.cut, "Headers for the whole body, half of it, then the connection ends."),
    "cut-json": Kind(answers.altered(answers.first_half), "A complete answer that holds half of the JSON."),
    "invalid-json": Kind(answers.altered(answers.broken_json), "JSON with a syntax error at its end."),
    "html": Kind(answers.fixed(answers.html), "A HTML page with status 200."),
    "html-404": Kind(answers.fixed(problems.url_too_long), "The HTML page of the web server before the API, 404."),
    "wrong-content-type": Kind(
        answers.altered(bytes, content_type="text/html"), "The right JSON, called text/html in the headers."
    ),
    "empty-object": Kind(answers.altered_document(documents.empty_object), "{} instead of the document."),
    "deep": Kind(answers.fixed(answers.deep), "10 000 arrays in each other."),
    "huge": Kind(answers.fixed(answers.huge), "A body without end (512 MB)."),
    "xml": Kind(answers.without_accept, "Klass's own form, XML, though JSON was asked for.", _KLASS),
    "unknown-table": Kind(answers.unknown_table, "Non-existent table: 404, on /data 400 with 404 inside.", _OF_A_TABLE),
    "unknown-variable": Kind(answers.problem(problems.unknown_variable), "400 Non-existent variable.", _DOCUMENTS),
    "unknown-value": Kind(answers.problem(problems.unknown_value), "400 Non-existent value: a retired code.", _DATA),
    "unknown-codelist": Kind(
        answers.problem(problems.unknown_codelist), "400 Non-existent codelist.", _DOCUMENTS | {"codelist"}
    ),
    "missing-selection": Kind(answers.problem(problems.missing_selection), "400 Missing selection.", _DATA),
    "too-many-cells": Kind(answers.problem(problems.too_many_cells), "400 Too many cells selected.", _DATA),
    "zero-limits": Kind(
        answers.altered_document(documents.zero_limits),
        "The configuration tells 0 cells and 0 calls.",
        frozenset({"config"}),
    ),
    "empty-listing": Kind(
        answers.altered_document(documents.empty_listing), "The listing has no tables.", frozenset({"listing"})
    ),
    "missing-dimension": Kind(
        answers.altered_document(documents.without_dimension), "A dimension is gone, the rest fits.", _DOCUMENTS
    ),
    "other-table": Kind(answers.altered_document(documents.other_table), "Label and id of another table.", _DOCUMENTS),
    "other-updated": Kind(
        answers.altered_document(documents.other_updated),
        "Updated one day later than it was.",
        _DOCUMENTS | {"table", "listing"},
    ),
    "other-codes": Kind(answers.altered_document(documents.other_codes), "One code is another.", _DOCUMENTS),
    "metadata-renamed": Kind(
        answers.altered_document(documents.renamed), "Other labels, though nothing was updated.", _DOCUMENTS
    ),
    "zeros": Kind(answers.altered_document(documents.zeros), "All figures 0: 05:00-08:00.", _DATA),
    "dots": Kind(answers.altered_document(documents.dots), "All figures null with '.': 05:00-08:00.", _DATA),
    "times-1000": Kind(answers.altered_document(documents.times_1000), "All figures times 1000.", _DATA),
    "sparse-values": Kind(
        answers.altered_document(documents.sparse_values), "Legal: value is an object without nulls.", _DATA
    ),
    "status-array": Kind(answers.altered_document(documents.status_array), "Legal: status is an array.", _DATA),
    "status-text": Kind(
        answers.altered_document(documents.status_text), "Legal: all null, status is one text for all.", _DATA
    ),
    "index-array": Kind(
        answers.altered_document(documents.index_array), "Legal: category.index is an array.", _DOCUMENTS
    ),
    "no-labels": Kind(answers.altered_document(documents.no_labels), "Legal: no category.label.", _DOCUMENTS),
    "old-codelists-spelling": Kind(
        answers.altered_document(documents.old_codelists_spelling),
        "Legal before October 2025: codeLists.",
        frozenset({"metadata"}),
    ),
}
"""Every fault by name."""

FORM = "NAME[@ROUTE][:RATE][xTIMES][+AFTER][~SECONDS]"
"""A fault as text. ROUTE is a stage, or STAGE:ID; RATE has a decimal point, so that it is never taken for an id."""
_FORM = re.compile(
    r"(?P<name>[^@:+~]+?)"
    r"(@(?P<route>[^:+~]+?(:[^:+~.]+?)?))?"
    r"(:(?P<rate>\d*\.\d+))?"
    r"(x(?P<times>\d+))?"
    r"(\+(?P<after>\d+))?"
    r"(~(?P<seconds>\d+(\.\d+)?))?"
)


class BadFault(ValueError):
    """A fault cannot be read, or cannot strike where it is told to."""


@dataclass(frozen=True)
class Fault:
    """A fault and the requests that it strikes.

    Attributes:
        name: one of `FAULTS`.
        route: a stage, or `stage:id` for one table, codelist or classification; `*` for any.
        rate: the share of matching requests that it strikes, drawn at random.
        times: how often it strikes at most; None for no end.
        after: how many matching requests pass before the first that it may strike.
        seed: of the draw; the same seed and the same requests give the same faults.
        seconds: how long `slow` and `hang` wait; None for their usual time.

    Raises:
        BadFault: no such name, route or rate; the message lists the known ones.
    """

    name: str
    route: str = ANY
    rate: float = 1.0
    times: int | None = None
    after: int = 0
    seed: int = 0
    seconds: float | None = None

    def __post_init__(self) -> None:
        """Refuse what could never strike."""
        if self.name not in FAULTS:
            raise BadFault(f"There is no fault '{self.name}'. Known: {', '.join(FAULTS)}.")
        if self.stage != ANY and self.stage not in STAGES:
            raise BadFault(f"There is no route '{self.stage}'. Known: {', '.join(STAGES)}, {ANY}.")
        possible = [stage for stage in STAGES if stage in FAULTS[self.name].stages]
        if self.stage != ANY and self.stage not in possible:
            raise BadFault(f"{self.name} cannot strike {self.stage}, only {', '.join(possible)}.")
        if self.id and self.stage in _WITHOUT_ID:
            raise BadFault(f"{self.stage} is one address: '{self.id}' cannot follow.")
        if not 0 <= self.rate <= 1:
            raise BadFault(f"The rate {self.rate} of {self.name} is not between 0 and 1.")

    @property
    def stage(self) -> str:
        """The route without an id."""
        return self.route.partition(":")[0]

    @property
    def id(self) -> str:
        """The id in the route; empty for all."""
        return self.route.partition(":")[2]

    def matches(self, stage: str, known_id: str) -> bool:
        """Whether a request is one of those that the fault can strike."""
        here = stage in FAULTS[self.name].stages if self.stage == ANY else stage == self.stage
        return here and self.id in ("", known_id)

    def __str__(self) -> str:
        """The fault as text, without its seed."""
        parts = [
            f"@{self.route}" if self.route != ANY else "",
            f":{self.rate}" if self.rate != 1 else "",
            f"x{self.times}" if self.times is not None else "",
            f"+{self.after}" if self.after else "",
            f"~{self.seconds:g}" if self.seconds is not None else "",
        ]
        return self.name + "".join(parts)


def parse_fault(text: str, seed: int = 0) -> Fault:
    """A fault from its text, such as `503@data:0.2` or `cut@metadata:12209x1`.

    Raises:
        BadFault: the text is not a fault.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise BadFault(f"'{text}' is not a fault. Write {FORM}, for example 503@data:0.2 or cut@metadata:12209x1.")
    return Fault(
        name=found["name"],
        route=found["route"] or ANY,
        rate=float(found["rate"] or 1),
        times=int(found["times"]) if found["times"] else None,
        after=int(found["after"] or 0),
        seed=seed,
        seconds=float(found["seconds"]) if found["seconds"] else None,
    )


def fault_table() -> str:
    """Names and meanings for people, a line each."""
    width = max(map(len, FAULTS))
    return "\n".join(f"{name:{width}}  {kind.meaning}" for name, kind in FAULTS.items())


class LoggedRequest(NamedTuple):
    """One request in the log: what was asked for, of which table or classification, and the fault it met."""

    stage: str
    id: str
    fault: str | None


OnRequest = Callable[[str, str, int], None]
"""Called with stage, id and the number of the request (from 1) before it is answered."""


def stage_of(path: str) -> tuple[str, str]:
    """What a path asks for: its stage, and the id in it (empty if it has none)."""
    collection, _, rest = "/".join(path.split("/")[_PREFIX_PARTS:]).partition("/")
    known_id, _, page = rest.partition("/")
    return _STAGES.get((collection, bool(known_id), page), OTHER), known_id


class _Schedule:
    """Which of the requests one fault strikes; counts and draws in the order of the requests."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._matched = 0
        self._struck = 0
        self._random = random.Random(f"{fault.seed} {fault.name}@{fault.route}")

    def strikes(self, stage: str, known_id: str) -> bool:
        fault = self.fault
        if not fault.matches(stage, known_id):
            return False
        self._matched += 1
        if self._matched <= fault.after or self._struck == fault.times or self._random.random() >= fault.rate:
            return False
        self._struck += 1
        return True


class Injector:
    """Middleware outside of everything: lets requests through, logs them, and injects faults.

    Of several faults that would strike a request the first is injected; the others do not count the request,
    so that `[503 x1, cut x1]` strikes the first request with one and the second with the other.

    Args:
        app: the application that answers.
        faults: what to inject.
        on_request: called before each answer, in the server's thread.

    Attributes:
        app: may be replaced while running.
        log: every request in the order of arrival.
    """

    def __init__(self, app: ASGIApp, faults: Iterable[Fault] = (), on_request: OnRequest | None = None) -> None:
        self.app = app
        self.log: list[LoggedRequest] = []
        self.faults = tuple(faults)
        self._on_request = on_request
        self._number = 0

    @property
    def faults(self) -> Sequence[Fault]:
        """What is injected; replacing it starts all counts and draws anew."""
        return tuple(schedule.fault for schedule in self._schedules)

    @faults.setter
    def faults(self, faults: Iterable[Fault]) -> None:
        self._schedules = [_Schedule(fault) for fault in faults]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI event."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        stage, known_id = stage_of(scope["path"])
        fault = self._choose(stage, known_id)
        self.log.append(LoggedRequest(stage, known_id, fault.name if fault else None))
        self._number += 1
        if self._on_request:
            self._on_request(stage, known_id, self._number)
        if fault is None:
            await self.app(scope, receive, send)
        else:
            call = answers.Call(self.app, scope, receive, send, stage, fault.seconds)
            await FAULTS[fault.name].act(call)

    def _choose(self, stage: str, known_id: str) -> Fault | None:
        return next((each.fault for each in self._schedules if each.strikes(stage, known_id)), None)
