"""From the newest delivery to the current vintage, or to a refusal with its reason.

Here belongs the rule that a frame is judged before it is written, and that a refused one leaves the last
good vintage standing, marked stale. Needs no source. Not here: the rules themselves (``validation``).
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import polars as pl

from k2025_pipeline.catalog.classifications import ClassificationContract
from k2025_pipeline.catalog.tables import TableContract
from k2025_pipeline.catalog.uploads import UploadContract
from k2025_pipeline.ingest import classifications, history, tables, uploads
from k2025_pipeline.ingest.question import fingerprint
from k2025_pipeline.klass.validity import Regions
from k2025_pipeline.lake.archive import Archive, Delivery
from k2025_pipeline.lake.home import Home
from k2025_pipeline.lake.typed import Refusal, TypedLake, Vintage
from k2025_pipeline.pxweb.errors import InvalidAnswer
from k2025_pipeline.validation.columns import upload_schema
from k2025_pipeline.validation.contract import Verdict, judge_classification, judge_table

log = logging.getLogger(__name__)

CODE_CHANGES = "klass_131_changes"
"""Klass's own list of code changes, which explains why a region may vanish."""

Contract = TableContract | ClassificationContract
State = Literal["accepted", "unchanged", "refused", "absent"]


class ContractEdited(Exception):
    """The contract was edited so that neither the newest delivery nor the vintage that stands fits it."""

    runbook = "declaration-wrong"


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
    """A delivery and how its contract parses and judges it.

    Attributes:
        name: table or classification. delivery: what is judged. rules: fingerprint of the contract.
        shape: fingerprint of what decides the names in the typed frame.
        datasets: the lake's name by kind. key: columns that name a cell, for a table.
        write: writes the typed frames as Parquet, by kind. judge: gives the verdict on one of them.
        read: the frame of another delivery of the same table, for a table.
    """

    name: str
    delivery: Delivery
    rules: str
    shape: str
    datasets: dict[str, str]
    write: Callable[[dict[str, Path]], None]
    judge: Callable[[str, pl.DataFrame], Verdict]
    key: list[str] | None = None
    read: Callable[[Delivery], pl.DataFrame] | None = None


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


def accept(home: Home, contract: Contract, tonight: Tonight | None = None) -> Outcome:
    """Make the newest delivery current, if it passes; see :func:`accept_table`."""
    if isinstance(contract, TableContract):
        return accept_table(home, contract, tonight)
    return accept_classification(home, contract, tonight)


def accept_table(home: Home, contract: TableContract, tonight: Tonight | None = None) -> Outcome:
    """Make the newest delivery of a table the current vintage, if it passes its contract.

    Args:
        home: where everything lies. contract: the table. tonight: how the fetch went.
    """
    tonight = tonight or Tonight()
    settling = _Settling(home, tonight)
    lake = settling.lake
    delivery = Archive(home).latest(contract.name)
    if delivery is None:
        return _absent(lake, contract.name, [contract.name], tonight)
    reforms = _current_frame(lake, CODE_CHANGES)

    def parcel(of: Delivery, before: pl.LazyFrame | None) -> _Parcel:
        return _Parcel(
            name=contract.name,
            delivery=of,
            rules=_fingerprint(contract.model_dump_json()),
            shape=fingerprint(contract),
            datasets={"table": contract.name},
            write=lambda paths: tables.write_typed(contract, of, paths["table"]),
            judge=lambda _, frame: judge_table(contract, frame, before, tonight.partial, reforms, of.updated),
            key=contract.key,
            read=lambda other: tables.to_typed(contract, other),
        )

    newest = parcel(delivery, None)
    standing = lake.current(contract.name)
    if standing and standing.vintage != delivery.vintage and standing.verdict["rules"] != newest.rules:
        held = Archive(home).delivery(contract.name, standing.vintage)
        if held is not None:
            settling.retype(parcel(held, None))
    return settling.settle(parcel(delivery, _current_frame(lake, contract.name) if _same(lake, newest) else None))


def _same(lake: TypedLake, parcel: _Parcel) -> bool:
    """Whether the vintage that stands was typed under the contract of today, so that the two can be compared."""
    standing = lake.current(parcel.name)
    return standing is not None and standing.verdict["rules"] == parcel.rules


def accept_classification(home: Home, contract: ClassificationContract, tonight: Tonight | None = None) -> Outcome:
    """Make the newest delivery of a classification current, if it passes; see :func:`accept_table`."""
    tonight = tonight or Tonight()
    settling = _Settling(home, tonight)
    delivery = Archive(home).latest(contract.name)
    if delivery is None:
        return _absent(settling.lake, contract.name, list(contract.datasets.values()), tonight)
    return settling.settle(
        _Parcel(
            name=contract.name,
            delivery=delivery,
            rules=_fingerprint(contract.model_dump_json()),
            shape="",
            datasets=contract.datasets,
            write=lambda paths: classifications.write_typed(contract, delivery, paths),
            judge=lambda kind, frame: judge_classification(
                contract, kind, frame, _current_frame(settling.lake, contract.datasets[kind])
            ),
        )
    )


def accept_upload(home: Home, contract: UploadContract, delivery: Delivery, regions: Regions | None) -> Outcome:
    """Make an archived file the current vintage of its upload; see :func:`accept_table`.

    Args:
        home: where everything lies. contract: the upload. delivery: the newest file. regions: as Klass has them.
    """
    # Once Klass is known, what was judged by its form alone is judged again.
    rules = _fingerprint(f"{contract.model_dump_json()} {regions is not None}")
    return _Settling(home, Tonight()).settle(
        _Parcel(
            name=contract.name,
            delivery=delivery,
            rules=rules,
            shape=_fingerprint(repr((list(upload_schema(contract)), contract.category_columns))),
            datasets={"table": contract.name},
            write=lambda paths: uploads.write_typed(contract, delivery, regions, paths["table"]),
            judge=lambda _, frame: uploads.verdict(contract, frame.height, []),
            key=contract.key,
            read=lambda other: uploads.to_typed(contract, other, regions),
        )
    )


def _current_frame(lake: TypedLake, dataset: str) -> pl.LazyFrame | None:
    """The current vintage of a dataset, or None."""
    standing = lake.current(dataset)
    return pl.scan_parquet(lake.path(dataset, standing.vintage)) if standing else None


def _absent(lake: TypedLake, name: str, datasets: list[str], tonight: Tonight) -> Outcome:
    state = "failed" if tonight.problem else "not_offered"
    message = tonight.problem or "the source does not offer it"
    if tonight.asked:
        for dataset in datasets:
            lake.note_absence(dataset, state, message)
    return Outcome(name, "absent", message if tonight.asked else "not asked for")


class _Settling:
    """Judging one delivery of one night and writing down what became of it."""

    def __init__(self, home: Home, tonight: Tonight) -> None:
        self.lake = TypedLake(home)
        self._archive = Archive(home)
        self._tonight = tonight

    def settle(self, parcel: _Parcel) -> Outcome:
        """Judge a delivery that is new, or whose contract is."""
        problem = self._tonight.problem
        verdicts = self._known_verdicts(parcel)
        if verdicts is not None:
            return self._outcome(parcel, "unchanged", problem, verdicts, self._tonight.asked)
        with self.lake.candidates(parcel.datasets) as paths:
            try:
                parcel.write(paths)
            except InvalidAnswer as error:
                return self._refuse(parcel, str(error), [])
            frames = {kind: pl.read_parquet(path) for kind, path in paths.items()}
            verdicts = [parcel.judge(kind, frame) for kind, frame in frames.items()]
            refused = next((verdict for verdict in verdicts if not self._may_pass(parcel, verdict)), None)
            if refused is not None:
                return self._refuse(parcel, refused.summary(), verdicts)
            for (kind, frame), verdict in zip(frames.items(), verdicts, strict=True):
                self._accept(parcel, kind, paths[kind], frame, verdict)
        self.lake.settle(parcel.name)
        return self._outcome(parcel, "accepted", problem, verdicts)

    def retype(self, parcel: _Parcel) -> None:
        """Type the vintage that stands anew, where the contract was edited and a newer delivery is judged besides."""
        with self.lake.candidates(parcel.datasets) as paths:
            try:
                parcel.write(paths)
            except InvalidAnswer as error:
                log.warning("%s: the vintage that stands cannot be read under today's contract: %s", parcel.name, error)
                return
            frame = pl.read_parquet(paths["table"])
            verdict = parcel.judge("table", frame)
            if self._may_pass(parcel, verdict):
                self._accept(parcel, "table", paths["table"], frame, verdict)

    def _known_verdicts(self, parcel: _Parcel) -> list[Verdict] | None:
        """Verdicts written beside the current vintages, if they are of this delivery and of these rules."""
        current = [self.lake.current(name) for name in parcel.datasets.values()]
        same = all(
            v is not None and v.vintage == parcel.delivery.vintage and v.verdict["rules"] == parcel.rules
            for v in current
        )
        return [Verdict.from_data(v.verdict) for v in current if v is not None] if same else None

    def _may_pass(self, parcel: _Parcel, verdict: Verdict) -> bool:
        """Whether every rule holds, or a person has overruled those that do not."""
        decision = self.lake.overruled(parcel.name, parcel.delivery.vintage)
        overruled = set(decision["rules"]) if decision else set()
        return verdict.passed or all(
            rule.overrulable and rule.rule in overruled for rule in verdict.broken if rule.blocking
        )

    def _accept(self, parcel: _Parcel, kind: str, path: Path, frame: pl.DataFrame, verdict: Verdict) -> None:
        dataset = parcel.datasets[kind]
        delivery, earlier = parcel.delivery, self.lake.vintages(dataset)
        known = next((v for v in earlier if v.vintage == delivery.vintage), None)
        before = [v for v in earlier if v is not known]
        since = known.valid_from if known else _valid_from(delivery, before)
        step = self._step(parcel, before, frame, since) if parcel.key else None
        self.lake.accept(
            Vintage(
                dataset=dataset,
                vintage=delivery.vintage,
                updated=delivery.updated,
                valid_from=since,
                accepted_at=known.accepted_at if known else datetime.now(UTC).isoformat(timespec="seconds"),
                rows=frame.height,
                content="",
                verdict={"rules": parcel.rules, "shape": parcel.shape, **verdict.as_data()},
                changes=known.changes if known else _changes(step, verdict),
                overruled=self.lake.overruled(parcel.name, delivery.vintage),
            ),
            path,
            step.history if step else None,
        )

    def _step(self, parcel: _Parcel, before: list[Vintage], frame: pl.DataFrame, since: str) -> history.Step:
        """The history with this vintage; made anew from the archive where the contract has changed since."""
        assert parcel.key is not None
        moment = datetime.fromisoformat(since)
        past = self._past(parcel, before)
        return (
            history.begin(parcel.key, frame, moment)
            if past is None
            else history.extend(past, parcel.key, frame, moment)
        )

    def _past(self, parcel: _Parcel, before: list[Vintage]) -> pl.DataFrame | None:
        current = self.lake.current(parcel.name)
        path = self.lake.history(parcel.name)
        if (
            path
            and before
            and current
            and current.vintage == before[-1].vintage
            and current.verdict["rules"] == parcel.rules
        ):
            return pl.read_parquet(path)
        assert parcel.key is not None
        past = None
        for vintage in before:
            frame = self._reread(parcel, vintage)
            if frame is not None:
                since = datetime.fromisoformat(vintage.valid_from)
                step = history.extend(past, parcel.key, frame, since) if past is not None else None
                past = (step or history.begin(parcel.key, frame, since)).history
        return past

    def _reread(self, parcel: _Parcel, vintage: Vintage) -> pl.DataFrame | None:
        """An earlier vintage under the contract of today; None where that contract cannot read it."""
        delivery = self._archive.delivery(parcel.name, vintage.vintage)
        try:
            return parcel.read(delivery) if delivery and parcel.read else None
        except InvalidAnswer as error:
            log.warning("history of %s without vintage %s: %s", parcel.name, vintage.vintage, error)
            return None

    def _refuse(self, parcel: _Parcel, because: str, verdicts: list[Verdict]) -> Outcome:
        delivery = parcel.delivery
        self.lake.refuse(
            Refusal(
                dataset=parcel.name,
                vintage=delivery.vintage,
                updated=delivery.updated,
                because=because,
                refused_at=datetime.now(UTC).isoformat(timespec="seconds"),
                verdicts=[verdict.as_data() for verdict in verdicts],
            )
        )
        self._see_that_names_fit(parcel, because)
        return self._outcome(parcel, "refused", because, verdicts)

    def _see_that_names_fit(self, parcel: _Parcel, because: str) -> None:
        """What stands must have the names of today's contract, or figures would silently be missing or swapped."""
        standing = self.lake.current(parcel.name)
        if standing and standing.verdict.get("shape", parcel.shape) != parcel.shape:
            raise ContractEdited(
                f"{parcel.name}: the contract was edited, and the vintage that stands ({standing.vintage}) does not "
                "fit it any more. Nothing is published until it does: mend the contract, or take the edit back. "
                f"{because}"
            )

    def _outcome(
        self,
        parcel: _Parcel,
        state: State,
        problem: str | None,
        verdicts: list[Verdict],
        mark: bool = True,
    ) -> Outcome:
        for name in parcel.datasets.values() if mark else ():
            if problem is None:
                self.lake.mark_fresh(name)
            elif self.lake.mark_stale(name, problem) is None:
                self.lake.note_absence(name, state, problem)
        current = {name: self.lake.current(name) for name in parcel.datasets.values()}
        vintages = {name: vintage for name, vintage in current.items() if vintage is not None}
        rows = sum(vintage.rows for vintage in vintages.values())
        message = problem or f"{state}, vintage {parcel.delivery.updated}, {rows} rows"
        return Outcome(parcel.name, state, message, vintages, verdicts)


def _valid_from(delivery: Delivery, before: list[Vintage]) -> str:
    """Since when a vintage holds: its stamp, or the time of fetching where it has the stamp of the one before."""
    stamp = datetime.fromisoformat(delivery.updated)
    stamp = (stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).astimezone(UTC)
    if before and stamp <= datetime.fromisoformat(before[-1].valid_from):
        stamp = datetime.fromisoformat(delivery.received_at).astimezone(UTC)
    return stamp.isoformat()


def _changes(step: history.Step | None, verdict: Verdict) -> list[history.Row]:
    renames = next((r.sample for r in verdict.results if r.rule == "renames"), [])
    return [*(step.changes if step else []), *history.renamed(renames)]


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
