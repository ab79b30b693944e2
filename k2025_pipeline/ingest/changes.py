"""What changed at the source: the ladder from one listing a night to reading a table again.

Here belongs the decision whether a table is asked for tonight, and what it rests on. Not here: fetching
(``tables``) and what a change means (``acceptance``).

The rungs, cheapest first: the listing of recent updates; the table's own stamp, where the listing failed, does not
reach back to when the table was last confirmed, or does not name it; once a week every table's metadata; once in
four weeks every table's figures, since a source may change figures without changing its stamp. A table whose last
delivery stands refused is read again every night.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from k2025_pipeline.catalog.tables import TableContract
from k2025_pipeline.ingest import tables
from k2025_pipeline.lake.archive import Archive, Delivery
from k2025_pipeline.lake.home import Home, damaged, read_mapping, write_json
from k2025_pipeline.pxweb.client import StatbankClient
from k2025_pipeline.pxweb.errors import OutsideHours, SourceError, UnknownTable

log = logging.getLogger(__name__)

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
LISTING_REACH = timedelta(days=14)
"""A listing over more days would be longer than asking for each table by itself."""
METADATA_EVERY = timedelta(days=7)
FIGURES_EVERY = timedelta(days=28)


class StillNotOffered(UnknownTable):
    """The source said that it does not offer the table, and nothing speaks for asking again tonight."""


class Seen:
    """What the source has told before, kept in the home.

    Args:
        home: where it lies.
    """

    def __init__(self, home: Home) -> None:
        self._path = home.root / "checked.json"
        empty: dict[str, Any] = {"confirmed": {}, "not_offered": {}, "compared": {}, "shown": {}}
        self._data = empty | (read_mapping(self._path) or {})
        if not all(isinstance(part, dict) for part in self._data.values()):
            raise damaged(self._path, "a part of it is no JSON object")

    def confirmed(self, name: str) -> datetime | None:
        """When the source last told the stamp of a dataset, or that it has not changed."""
        text = self._data["confirmed"].get(name)
        return datetime.fromisoformat(text) if text else None

    def confirm(self, name: str, at: datetime) -> None:
        """Note that the source was asked about a dataset and answered."""
        self._data["confirmed"][name] = at.isoformat(timespec="seconds")
        write_json(self._path, self._data)

    def not_offered(self, name: str) -> str | None:
        """The question (fingerprint) to which the source said that it does not offer the table."""
        asked = self._data["not_offered"].get(name)
        return str(asked) if asked else None

    def note_offer(self, name: str, refused_question: str | None) -> None:
        """Note whether the source offers a table: the question that it answered with «no such table», or None."""
        if refused_question is None:
            self._data["not_offered"].pop(name, None)
        else:
            self._data["not_offered"][name] = refused_question
        write_json(self._path, self._data)

    def shown(self, name: str) -> str | None:
        """The stamp of a table that the source showed last, whether or not that vintage was fetched and accepted."""
        stamp = self._data["shown"].get(name)
        return str(stamp) if stamp else None

    def note_shown(self, name: str, stamp: str) -> None:
        """Note the stamp that the source shows of a table."""
        if self.shown(name) != stamp:
            self._data["shown"][name] = stamp
            write_json(self._path, self._data)

    def compared(self, name: str) -> datetime | None:
        """When the metadata of a table were last held against the archived ones, or fetched."""
        text = self._data["compared"].get(name)
        return datetime.fromisoformat(text) if text else None

    def note_compared(self, name: str, at: datetime) -> None:
        """Note that the metadata of a table were looked at."""
        self._data["compared"][name] = at.isoformat(timespec="seconds")
        write_json(self._path, self._data)


@dataclass(frozen=True)
class Decision:
    """What to do about a table.

    Attributes:
        fetch: whether to ask for it whole. stamp: ``updated`` as the source tells it. because: in words.
    """

    fetch: bool
    stamp: str
    because: str


class ChangeDetector:
    """Decides table by table.

    Args:
        statbank: who is asked. archive: what is there. seen: what was told before.
        watched: id of each table in the catalog by its name. live: the source is SSB; a local Statbank serves
        old stamps on a new night, so its whole listing is read. started: of the night.
    """

    def __init__(
        self,
        statbank: StatbankClient,
        archive: Archive,
        seen: Seen,
        watched: Mapping[str, str],
        live: bool,
        started: datetime,
    ) -> None:
        self._statbank = statbank
        self._archive = archive
        self._seen = seen
        self._watched = watched
        self._live = live
        self._started = started
        self._since = self._listing_since()
        self._listing: dict[str, str] | None = None
        self._listing_asked = False

    def _looks_through(self, name: str) -> bool:
        """Whether tonight more is asked about a table than what is listed."""
        last = self._seen.compared(name)
        return last is None or self._started - last >= METADATA_EVERY

    @property
    def anything_new(self) -> bool:
        """Whether the listing names a table whose stamp is new here, or could not be had."""
        listed = self._updated()
        if listed is None:
            return True
        return any(self._is_new(name, listed[table]) for name, table in self._watched.items() if table in listed)

    def _is_new(self, name: str, stamp: str) -> bool:
        latest = self._archive.latest(name)
        return latest is None or latest.updated != stamp

    def decide(
        self, contract: TableContract, latest: Delivery | None, asked: str, force: bool, refused: bool = False
    ) -> Decision:
        """Say whether a table is to be asked for.

        Args:
            contract: the table. latest: what is archived. asked: fingerprint of tonight's question.
            force: ask in any case. refused: the latest delivery stands refused; the source may have been wrong for
            a night only, under a stamp that stays the same.

        Raises:
            UnknownTable: when the source does not offer it. SourceError: when the source does not answer.
        """
        stamp, how = self._stamp(contract, latest, asked)
        if latest is None:
            return Decision(True, stamp, "first time")
        if stamp != latest.updated:
            return Decision(True, stamp, f"updated {stamp} ({how})")
        if force:
            return Decision(True, stamp, "asked anew with --force")
        if latest.question != asked:
            return Decision(True, stamp, "the contract asks for something else")
        if refused:
            return Decision(True, stamp, "read again, since the last delivery was refused")
        return self._look_through(contract, latest, how)

    def _look_through(self, contract: TableContract, latest: Delivery, how: str) -> Decision:
        """The rungs that notice what the stamp does not tell."""
        stamp = latest.updated
        if not self._looks_through(contract.name):
            return Decision(False, stamp, f"unchanged since {stamp} ({how})")
        if tables.metadata_of(contract, self._statbank) != latest.description:
            return Decision(True, stamp, "metadata changed under the same stamp")
        if self._started - self._archive.read_at(latest) >= FIGURES_EVERY:
            return Decision(True, stamp, "read again after four weeks")
        self._seen.note_compared(contract.name, self._started)  # what differs is noted once it is fetched
        return Decision(False, stamp, f"unchanged since {stamp} (metadata compared)")

    def _stamp(self, contract: TableContract, latest: Delivery | None, asked: str) -> tuple[str, str]:
        listed = self._updated()
        if listed is not None and contract.id in listed:
            return listed[contract.id], "listed"
        if listed is not None and latest is not None and self._reached(contract.name):
            return latest.updated, "not among the listed updates"
        known_absent = latest is None and self._seen.not_offered(contract.name) == asked
        if listed is not None and known_absent and not self._looks_through(contract.name):
            raise StillNotOffered(f"table {contract.id}: not offered by the source, as last time")
        return self._statbank.table_updated(contract.id), "asked by itself"

    def _reached(self, name: str) -> bool:
        """Whether the listing reaches back to when the source last told about a table."""
        confirmed = self._seen.confirmed(name)
        offered = self._seen.not_offered(name) is None
        return self._live and offered and confirmed is not None and confirmed >= self._since + timedelta(days=1)

    def _listing_since(self) -> datetime:
        """From when the listing is asked for: a day before the oldest confirmation, within reach."""
        if not self._live:
            return EPOCH
        known = [at for name in self._watched if (at := self._seen.confirmed(name)) is not None]
        oldest = min(known, default=self._started) - timedelta(days=2)
        return max(oldest, self._started - LISTING_REACH)

    def _updated(self) -> dict[str, str] | None:
        """The one listing of a quiet night, or None where it cannot be had."""
        if not self._listing_asked:
            try:
                self._listing = self._statbank.updated_since((self._started - self._since).days + 1)
            except OutsideHours:
                raise
            except SourceError as error:
                log.warning("the listing failed, so each table is asked about by itself: %s", error)
            self._listing_asked = True
        return self._listing
