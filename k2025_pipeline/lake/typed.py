"""Typed tables: Parquet per table and vintage, and which vintage is current.

Here belongs writing, choosing and finding vintages. Not here: how a frame is made (``tables``)
or what makes it good (``validation``).
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl

from k2025_pipeline.lake.home import Home, read_json, write_bytes, write_json


@dataclass(frozen=True)
class Vintage:
    """The current vintage of a table.

    Attributes:
        dataset: table or classification. vintage: id. updated: the source's stamp.
        accepted_at: when it became current, ISO 8601 UTC. rows: number of rows. content: hash of them.
        verdict: how it was validated, as data. stale_because: why a newer one was refused, or None.
    """

    dataset: str
    vintage: str
    updated: str
    accepted_at: str
    rows: int
    content: str
    verdict: dict[str, Any]
    stale_because: str | None = None


class TypedLake:
    """Vintages below ``typed/``."""

    def __init__(self, home: Home) -> None:
        self._root = home.typed

    def path(self, dataset: str, vintage: str) -> Path:
        """File of a vintage."""
        return self._root / dataset / f"{vintage}.parquet"

    def current(self, dataset: str) -> Vintage | None:
        """The current vintage, or None when there has never been one."""
        found = read_json(self._root / dataset / "current.json")
        return Vintage(**found) if found else None

    def accept(self, dataset: str, vintage: str, updated: str, frame: pl.DataFrame, verdict: dict[str, Any]) -> Vintage:
        """Write a validated frame and make it the current vintage."""
        buffer = BytesIO()
        frame.write_parquet(buffer, compression="zstd")
        write_bytes(self.path(dataset, vintage), buffer.getvalue(), read_only=True)
        accepted = Vintage(
            dataset=dataset,
            vintage=vintage,
            updated=updated,
            accepted_at=datetime.now(UTC).isoformat(timespec="seconds"),
            rows=frame.height,
            content=hashlib.sha256(buffer.getvalue()).hexdigest(),
            verdict=verdict,
        )
        self._point(accepted)
        return accepted

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
        absence = read_json(self._root / dataset / "absent.json")
        return (absence["state"], absence["because"]) if absence else ("never_fetched", "")

    def mark_stale(self, dataset: str, because: str) -> Vintage | None:
        """Note that a newer vintage was refused or could not be fetched; the current one stands."""
        current = self.current(dataset)
        if current is None:
            return None
        if current.stale_because == because:
            return current
        stale = Vintage(**{**asdict(current), "stale_because": because})
        self._point(stale)
        return stale

    def mark_fresh(self, dataset: str) -> None:
        """Take the stale mark away: the source has nothing newer than the current vintage."""
        current = self.current(dataset)
        if current is not None and current.stale_because is not None:
            self._point(Vintage(**{**asdict(current), "stale_because": None}))

    def _point(self, vintage: Vintage) -> None:
        write_json(self._root / vintage.dataset / "current.json", asdict(vintage))
