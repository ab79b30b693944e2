"""One night's conversation with one source: what changed and what is fetched.

Here belongs the decision for each table: unchanged, fetched, not offered, failed. A failure of one table
never stops the others. Not here: HTTP and storage, nor whether a delivery is good (``acceptance``).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from k2025_pipeline.catalog.classifications import ClassificationContract
from k2025_pipeline.catalog.tables import TableContract
from k2025_pipeline.ingest import classifications, tables
from k2025_pipeline.ingest.question import Finding, fingerprint
from k2025_pipeline.klass.client import KlassClient
from k2025_pipeline.lake.archive import Archive, Delivery
from k2025_pipeline.lake.home import Home, read_json, write_json
from k2025_pipeline.pxweb.client import StatbankClient
from k2025_pipeline.pxweb.errors import SourceError, SourceUnavailable, UnknownTable
from k2025_pipeline.pxweb.transport import Transport

log = logging.getLogger(__name__)

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
GIVE_UP_AFTER = 2
"""Tables in a row without any answer, after which the rest of the night is not waited for."""

FetchState = Literal["fetched", "unchanged", "not_offered", "failed"]


@dataclass(frozen=True)
class FetchOutcome:
    """What became of asking for one table or classification.

    Attributes:
        name: in the lake. state: what happened. message: in words, with what to do where something is wrong.
        delivery: the newest whole delivery, or None. findings: where contract and metadata differ.
        requests: sent for it. seconds: spent on it.
    """

    name: str
    state: FetchState
    message: str
    delivery: Delivery | None = None
    findings: list[Finding] = field(default_factory=list)
    requests: int = 0
    seconds: float = 0.0


class SourceSession:
    """Decides and acts, table by table.

    Args:
        home: where everything lies. base_url: of the source. transport: shared HTTP session.
        force: fetch everything anew. live: the source is SSB, whose stamps follow the clock.
    """

    def __init__(self, home: Home, base_url: str, transport: Transport, force: bool = False, live: bool = True) -> None:
        self._live = live
        self._transport = transport
        self._force = force
        self._statbank = StatbankClient(base_url, transport)
        self._klass = KlassClient(base_url, transport)
        self._archive = Archive(home)
        self._seen_path = home.root / "checked.json"
        self._seen = read_json(self._seen_path) or {"checked_at": None, "not_offered": {}}
        self._listing: dict[str, str] | None = None
        self._failures = 0
        self._started = datetime.now(UTC)

    @property
    def requests(self) -> dict[str, int]:
        """Requests sent so far, by service."""
        return dict(self._transport.requests_by_path)

    def fetch_table(self, contract: TableContract) -> FetchOutcome:
        """Fetch a table if the source has something newer, or was never asked for this."""
        return self._attempt(contract.name, lambda: self._fetch_table(contract))

    def fetch_classification(self, contract: ClassificationContract) -> FetchOutcome:
        """Fetch a classification if Klass has modified it, or a new year has begun."""
        return self._attempt(contract.name, lambda: self._fetch_classification(contract))

    def _fetch_table(self, contract: TableContract) -> FetchOutcome:
        latest = self._archive.latest(contract.name)
        asked = fingerprint(contract)
        if not self._force and not self._changed(contract, latest, asked):
            state: FetchState = "unchanged" if latest else "not_offered"
            since = f"since {latest.updated}" if latest else "by the source, as last time"
            message = f"{state.replace('_', ' ')} {since}"
            return FetchOutcome(contract.name, state, message, latest, _standing_findings(contract, latest))
        try:
            fetched = tables.fetch(contract, self._statbank, self._archive)
        except UnknownTable as error:
            self._remember_absent(contract.name, asked)
            return FetchOutcome(contract.name, "not_offered", str(error), latest)
        parts = sum(answer.role == tables.DATA for answer in fetched.delivery.answers)
        message = f"vintage {fetched.delivery.updated}, {parts} data request{'s' if parts > 1 else ''}"
        return FetchOutcome(contract.name, "fetched", message, fetched.delivery, fetched.findings)

    def _changed(self, contract: TableContract, latest: Delivery | None, asked: str) -> bool:
        if latest is None and self._seen["not_offered"].get(contract.name) != asked:
            return True
        if latest is not None and latest.question != asked:
            return True
        updated = self._updated().get(contract.id)
        if updated is None:
            # SSB's listing tells only what changed; a local Statbank's tells all that there is.
            return latest is not None and not self._live
        return latest is None or updated != latest.updated

    def _updated(self) -> dict[str, str]:
        """The one listing of a quiet night: what the source has updated since the last check."""
        if self._listing is None:
            self._listing = self._statbank.updated_since((self._started - self._last_known()).days + 2)
        return self._listing

    def _last_known(self) -> datetime:
        """Since when to ask for updates: the last whole check of SSB.

        A local Statbank serves old stamps on a new night, so it is asked for everything since its beginning.
        """
        checked_at = self._seen["checked_at"]
        return datetime.fromisoformat(checked_at) if checked_at and self._live else EPOCH

    def _fetch_classification(self, contract: ClassificationContract) -> FetchOutcome:
        latest = self._archive.latest(contract.name)
        last_year = self._started.year
        modified = self._klass.last_modified(contract.id)
        asked = classifications.fingerprint(contract, last_year)
        if not self._force and latest and (latest.updated, latest.question) == (modified, asked):
            return FetchOutcome(contract.name, "unchanged", f"unchanged since {modified}", latest)
        delivery = classifications.fetch(contract, self._klass, self._archive, modified, last_year)
        return FetchOutcome(contract.name, "fetched", f"last modified {modified}", delivery)

    def _attempt(self, name: str, fetch: Callable[[], FetchOutcome]) -> FetchOutcome:
        """Run one fetch; count its requests and seconds, and turn a refusal into an outcome."""
        started, before = time.monotonic(), sum(self.requests.values())
        if self._failures >= GIVE_UP_AFTER:
            message = f"{name}: not asked for, because the source does not answer. Refresh again later."
            outcome = FetchOutcome(name, "failed", message, self._archive.latest(name))
        else:
            outcome = self._try(name, fetch)
        requests = sum(self.requests.values()) - before
        return replace(outcome, requests=requests, seconds=round(time.monotonic() - started, 2))

    def _try(self, name: str, fetch: Callable[[], FetchOutcome]) -> FetchOutcome:
        try:
            outcome = fetch()
        except SourceError as error:
            self._failures = self._failures + 1 if isinstance(error, SourceUnavailable) else 0
            log.warning("%s", error)
            return FetchOutcome(name, "failed", str(error), self._archive.latest(name))
        except Exception as error:
            # One strange answer must not end the night; it is told as a failure, with the whole trace in the log.
            log.exception("%s", name)
            message = f"{name}: unexpected {type(error).__name__} ({error}). See refresh.log and report it."
            return FetchOutcome(name, "failed", message, self._archive.latest(name))
        self._failures = 0
        return outcome

    def _remember_absent(self, name: str, asked: str) -> None:
        self._seen["not_offered"][name] = asked
        write_json(self._seen_path, self._seen)

    def finish(self) -> None:
        """Note that the source was asked about everything; call it when no table failed."""
        self._seen["checked_at"] = self._started.isoformat(timespec="seconds")
        write_json(self._seen_path, self._seen)


def _standing_findings(contract: TableContract, delivery: Delivery | None) -> list[Finding]:
    """Where contract and archived metadata differ: a difference stays red until somebody mends it."""
    if delivery is None:
        return []
    return [finding for q in tables.questions(contract, delivery).values() for finding in q.findings]
