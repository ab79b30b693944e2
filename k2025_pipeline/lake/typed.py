"""Typed tables: Parquet per table and vintage, their history, and which vintage is current.

Here belongs writing, choosing and finding vintages, and the record of what was refused or overruled.
Not here: how a frame or a history is made (``ingest``) or what makes it good (``validation``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl

from k2025_pipeline.lake.disk import sync, told_plainly
from k2025_pipeline.lake.home import Home, read_mapping, read_record, write_bytes, write_json


@dataclass(frozen=True)
class Vintage:
    """A vintage of a table that is, or once was, the current one.

    Attributes:
        dataset: table or classification. vintage: id. updated: the source's stamp.
        valid_from: since when it holds: the stamp, or the time of fetching where figures changed without it.
        accepted_at: when it became current, ISO 8601 UTC. rows: number of rows. content: hash of them.
        verdict: how it was validated, as data. changes: what it changed, a row per kind (``ingest.history``).
        overruled: who accepted it in spite of the verdict, when and why, or None.
        stale_because: why a newer one was refused, or None.
    """

    dataset: str
    vintage: str
    updated: str
    valid_from: str
    accepted_at: str
    rows: int
    content: str
    verdict: dict[str, Any]
    changes: list[dict[str, Any]] = field(default_factory=list)
    overruled: dict[str, Any] | None = None
    stale_because: str | None = None


@dataclass(frozen=True)
class Refusal:
    """A delivery that was not made current.

    Attributes:
        dataset: table or classification. vintage: id. updated: the source's stamp. because: in words.
        refused_at: ISO 8601 UTC. verdicts: as data; empty where the delivery could not be read.
        settled_at: when it, or a later one, was accepted; None while it stands.
    """

    dataset: str
    vintage: str
    updated: str
    because: str
    refused_at: str
    verdicts: list[dict[str, Any]]
    settled_at: str | None = None


class TypedLake:
    """Vintages below ``typed/``."""

    def __init__(self, home: Home) -> None:
        self._root = home.typed

    def path(self, dataset: str, vintage: str) -> Path:
        """File of a vintage."""
        return self._root / dataset / f"{vintage}.parquet"

    def current(self, dataset: str) -> Vintage | None:
        """The current vintage, or None when there has never been one."""
        return read_record(self._root / dataset / "current.json", Vintage)

    def vintages(self, dataset: str) -> list[Vintage]:
        """All vintages that have been current, oldest first."""
        records = [read_record(path, Vintage) for path in (self._root / dataset / "vintages").glob("*.json")]
        return sorted((record for record in records if record), key=lambda v: v.valid_from)

    def history(self, dataset: str) -> Path | None:
        """File with the cells of all vintages by validity, up to the current one; None where there is none."""
        current = self.current(dataset)
        path = self._history_path(current) if current else None
        return path if path is not None and path.exists() else None

    @contextmanager
    def candidates(self, datasets: dict[str, str]) -> Iterator[dict[str, Path]]:
        """Places for typed files that are yet to be judged, by kind; what is not accepted is removed.

        Args:
            datasets: name in the lake by kind.
        """
        paths = {kind: self._root / dataset / f".candidate-{dataset}.parquet" for kind, dataset in datasets.items()}
        try:
            with told_plainly(self._root):
                yield paths
        finally:
            for path in paths.values():
                path.unlink(missing_ok=True)

    def accept(self, accepted: Vintage, candidate: Path, history: pl.DataFrame | None = None) -> Vintage:
        """Make a validated file the current vintage.

        Args:
            accepted: what is known of it; the hash of its content is filled in here.
            candidate: its file, which gets the vintage's name. history: cells of all vintages including this one.

        Returns:
            The vintage as it stands.
        """
        standing = replace(accepted, content=_file_hash(candidate))
        sync(candidate)
        candidate.chmod(0o444)
        candidate.replace(self.path(accepted.dataset, accepted.vintage))
        if history is not None:
            write_bytes(self._history_path(standing), _as_parquet(history))
        write_json(self._root / standing.dataset / "vintages" / f"{standing.vintage}.json", asdict(standing))
        self._point(standing)
        for older in self._history_path(standing).parent.glob("*.parquet"):
            if older != self._history_path(standing):
                older.unlink()  # the newest holds what they held
        return standing

    def refuse(self, refusal: Refusal) -> None:
        """Record that a delivery was not made current, and why; the record of the first night stays."""
        standing = self.refusal(refusal.dataset, refusal.vintage)
        if standing is None or standing.settled_at or standing.because != refusal.because:
            write_json(self._refusal_path(refusal.dataset, refusal.vintage), asdict(refusal))

    def settle(self, dataset: str) -> None:
        """Note that a delivery was accepted: what was refused before it stands no more."""
        for refusal in self.refusals(dataset):
            if refusal.settled_at is None:
                settled = replace(refusal, settled_at=datetime.now(UTC).isoformat(timespec="seconds"))
                write_json(self._refusal_path(dataset, refusal.vintage), asdict(settled))

    def refusal(self, dataset: str, vintage: str) -> Refusal | None:
        """Why a delivery was refused, or None where it was not; ``vintage`` may be whatever a person wrote."""
        return next((refusal for refusal in self.refusals(dataset) if refusal.vintage == vintage), None)

    def refusals(self, dataset: str) -> list[Refusal]:
        """Deliveries that were refused, oldest first."""
        records = [read_record(path, Refusal) for path in (self._root / dataset / "refused").glob("*.json")]
        return sorted((record for record in records if record), key=lambda r: r.refused_at)

    def standing_refusals(self, dataset: str) -> list[Refusal]:
        """Deliveries that stand refused: nothing has been accepted since."""
        return [refusal for refusal in self.refusals(dataset) if refusal.settled_at is None]

    def overrule(self, dataset: str, vintage: str, rules: list[str], reason: str, by: str) -> None:
        """Record that a person accepts a delivery in spite of the rules that it breaks."""
        content = {"rules": rules, "reason": reason, "by": by, "at": datetime.now(UTC).isoformat(timespec="seconds")}
        write_json(self._root / dataset / "overruled" / f"{vintage}.json", content)

    def overruled(self, dataset: str, vintage: str) -> dict[str, Any] | None:
        """Who overruled which rules for a delivery, when and why, or None."""
        return read_mapping(self._root / dataset / "overruled" / f"{vintage}.json")

    def note_absence(self, dataset: str, state: str, because: str) -> None:
        """Note why there is no vintage at all: ``not_offered``, ``failed`` or ``refused``."""
        write_json(self._root / dataset / "absent.json", {"state": state, "because": because})

    def state(self, dataset: str) -> tuple[str, str]:
        """State of a dataset and the reason for it.

        Returns:
            ``current``, ``stale``, ``not_offered``, ``failed``, ``refused`` or ``never_fetched``, and words.
        """
        vintage = self.current(dataset)
        if vintage is not None:
            return ("stale", vintage.stale_because) if vintage.stale_because else ("current", "")
        absence = read_mapping(self._root / dataset / "absent.json") or {}
        return absence.get("state", "never_fetched"), absence.get("because", "")

    def mark_stale(self, dataset: str, because: str) -> Vintage | None:
        """Note that a newer vintage was refused or could not be fetched; the current one stands."""
        current = self.current(dataset)
        if current is None:
            return None
        if current.stale_because == because:
            return current
        stale = replace(current, stale_because=because)
        self._point(stale)
        return stale

    def mark_fresh(self, dataset: str) -> None:
        """Take the stale mark away: the source has nothing newer than the current vintage."""
        current = self.current(dataset)
        if current is not None and current.stale_because is not None:
            self._point(replace(current, stale_because=None))

    def _point(self, vintage: Vintage) -> None:
        write_json(self._root / vintage.dataset / "current.json", asdict(vintage))

    def _history_path(self, vintage: Vintage) -> Path:
        return self._root / vintage.dataset / "history" / f"{vintage.vintage}.parquet"

    def _refusal_path(self, dataset: str, vintage: str) -> Path:
        return self._root / dataset / "refused" / f"{vintage}.json"


def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _as_parquet(frame: pl.DataFrame) -> bytes:
    buffer = BytesIO()
    frame.write_parquet(buffer, compression="zstd")
    return buffer.getvalue()
