"""From the newest delivery to the current vintage, or to a refusal with its reason.

Here belongs the rule that a frame is judged before it is written, and that a refused one leaves the last
good vintage standing, marked stale. Needs no source. Not here: the rules themselves (``validation``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from k2025_pipeline.catalog.classifications import ClassificationContract
from k2025_pipeline.catalog.tables import TableContract
from k2025_pipeline.ingest import classifications, tables
from k2025_pipeline.lake.archive import Archive, Delivery
from k2025_pipeline.lake.home import Home
from k2025_pipeline.lake.typed import TypedLake, Vintage
from k2025_pipeline.pxweb.errors import InvalidAnswer
from k2025_pipeline.validation.contract import Verdict, judge_classification, judge_table

State = Literal["accepted", "unchanged", "refused", "absent"]


@dataclass(frozen=True)
class Outcome:
    """What became of the newest delivery.

    Attributes:
        name: table or classification. state: what happened. message: in words.
        vintages: the current ones, by dataset. verdicts: on the newest delivery.
    """

    name: str
    state: State
    message: str
    vintages: dict[str, Vintage] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)

    @property
    def stale_because(self) -> str | None:
        """Why an older vintage stands, or None."""
        return next((v.stale_because for v in self.vintages.values() if v.stale_because), None)


@dataclass(frozen=True)
class _Parcel:
    """A delivery and how its contract parses and judges it; ``datasets`` gives the lake's name by kind."""

    name: str
    delivery: Delivery
    rules: str
    datasets: dict[str, str]
    parse: Callable[[], dict[str, pl.DataFrame]]
    judge: Callable[[str, pl.DataFrame], Verdict]


@dataclass(frozen=True)
class Tonight:
    """What the fetch of the same night means for judging.

    Attributes:
        problem: why the fetch failed; the current vintage is then marked stale.
        asked: whether the source was asked at all; if not, marks are left as they are.
        partial: the source holds only parts of tables by nature.
    """

    problem: str | None = None
    asked: bool = True
    partial: bool = False


def accept_table(home: Home, contract: TableContract, tonight: Tonight | None = None) -> Outcome:
    """Make the newest delivery of a table the current vintage, if it passes its contract.

    Args:
        home: where everything lies. contract: the table. tonight: how the fetch went.
    """
    tonight = tonight or Tonight()
    lake = TypedLake(home)
    delivery = Archive(home).latest(contract.name)
    if delivery is None:
        return _absent(lake, contract.name, [contract.name], tonight)
    standing = lake.current(contract.name)
    before = pl.scan_parquet(lake.path(contract.name, standing.vintage)) if standing else None
    parcel = _Parcel(
        name=contract.name,
        delivery=delivery,
        rules=_fingerprint(contract.model_dump_json()),
        datasets={"table": contract.name},
        parse=lambda: {"table": tables.to_typed(contract, delivery)},
        judge=lambda _, frame: judge_table(contract, frame, before, tonight.partial),
    )
    return _settle(lake, parcel, tonight)


def accept_classification(home: Home, contract: ClassificationContract, tonight: Tonight | None = None) -> Outcome:
    """Make the newest delivery of a classification current, if it passes; see :func:`accept_table`."""
    tonight = tonight or Tonight()
    lake = TypedLake(home)
    delivery = Archive(home).latest(contract.name)
    if delivery is None:
        return _absent(lake, contract.name, list(contract.datasets.values()), tonight)
    parcel = _Parcel(
        name=contract.name,
        delivery=delivery,
        rules=_fingerprint(contract.model_dump_json()),
        datasets=contract.datasets,
        parse=lambda: classifications.to_typed(contract, delivery),
        judge=lambda kind, frame: judge_classification(contract, kind, frame),
    )
    return _settle(lake, parcel, tonight)


def _absent(lake: TypedLake, name: str, datasets: list[str], tonight: Tonight) -> Outcome:
    state = "failed" if tonight.problem else "not_offered"
    message = tonight.problem or "the source does not offer it"
    if tonight.asked:
        for dataset in datasets:
            lake.note_absence(dataset, state, message)
    return Outcome(name, "absent", message if tonight.asked else "not asked for")


def _settle(lake: TypedLake, parcel: _Parcel, tonight: Tonight) -> Outcome:
    verdicts = _known_verdicts(lake, parcel)
    if verdicts is not None:
        return _outcome(lake, parcel, "unchanged", tonight.problem, verdicts, tonight.asked)
    try:
        frames = parcel.parse()
    except InvalidAnswer as error:
        return _outcome(lake, parcel, "refused", str(error), [])
    verdicts = [parcel.judge(kind, frame) for kind, frame in frames.items()]
    refused = next((verdict for verdict in verdicts if not verdict.passed), None)
    if refused is not None:
        return _outcome(lake, parcel, "refused", refused.summary(), verdicts)
    _accept(lake, parcel, frames, verdicts)
    return _outcome(lake, parcel, "accepted", tonight.problem, verdicts)


def _known_verdicts(lake: TypedLake, parcel: _Parcel) -> list[Verdict] | None:
    """Verdicts written beside the current vintages, if they are of this delivery and of these rules."""
    current = [lake.current(name) for name in parcel.datasets.values()]
    same = all(
        v is not None and v.vintage == parcel.delivery.vintage and v.verdict["rules"] == parcel.rules for v in current
    )
    return [Verdict.from_data(v.verdict) for v in current if v is not None] if same else None


def _accept(lake: TypedLake, parcel: _Parcel, frames: dict[str, pl.DataFrame], verdicts: list[Verdict]) -> None:
    for (kind, frame), verdict in zip(frames.items(), verdicts, strict=True):
        data = {"rules": parcel.rules, **verdict.as_data()}
        lake.accept(parcel.datasets[kind], parcel.delivery.vintage, parcel.delivery.updated, frame, data)


def _outcome(
    lake: TypedLake,
    parcel: _Parcel,
    state: State,
    problem: str | None,
    verdicts: list[Verdict],
    mark: bool = True,
) -> Outcome:
    for name in parcel.datasets.values() if mark else ():
        if problem is None:
            lake.mark_fresh(name)
        elif lake.mark_stale(name, problem) is None:
            lake.note_absence(name, state, problem)
    current = {name: lake.current(name) for name in parcel.datasets.values()}
    vintages = {name: vintage for name, vintage in current.items() if vintage is not None}
    rows = sum(vintage.rows for vintage in vintages.values())
    message = problem or f"{state}, vintage {parcel.delivery.updated}, {rows} rows"
    return Outcome(parcel.name, state, message, vintages, verdicts)


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
