"""One night's conversation with one source: what changed and what is fetched.

Here belongs the decision for each table: unchanged, fetched, not offered, failed. A failure of one table
never stops the others. Not here: HTTP and storage, nor whether a delivery is good (``acceptance``).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from k2025_pipeline.catalog.classifications import ClassificationContract
from k2025_pipeline.catalog.tables import TableContract
from k2025_pipeline.ingest import classifications, tables
from k2025_pipeline.ingest.changes import METADATA_EVERY, ChangeDetector, Decision, Seen, StillNotOffered
from k2025_pipeline.ingest.question import Finding, fingerprint
from k2025_pipeline.ingest.recall import Recall
from k2025_pipeline.klass.client import KlassClient
from k2025_pipeline.lake.archive import Archive, Delivery
from k2025_pipeline.lake.home import Home
from k2025_pipeline.lake.typed import TypedLake
from k2025_pipeline.pxweb.client import StatbankClient
from k2025_pipeline.pxweb.errors import OutsideHours, SourceError, SourceUnavailable, UnknownTable
from k2025_pipeline.pxweb.transport import Transport

log = logging.getLogger(__name__)

GIVE_UP_AFTER = 2
"""Tables in a row without any answer, after which the rest of the night is not waited for."""

FetchState = Literal["fetched", "unchanged", "not_offered", "postponed", "failed"]


@dataclass(frozen=True)
class FetchOutcome:
    """What became of asking for one table or classification.

    Attributes:
        name: in the lake. state: what happened. message: in words, with what to do where something is wrong.
        delivery: the newest whole delivery, or None. findings: where contract and metadata differ.
        silent_change: what the source changed without changing its stamp, or None.
        requests: sent for it. seconds: spent on it.
    """

    name: str
    state: FetchState
    message: str
    delivery: Delivery | None = None
    findings: list[Finding] = field(default_factory=list)
    silent_change: str | None = None
    requests: int = 0
    seconds: float = 0.0

    @property
    def withdrawn(self) -> bool:
        """Whether the source no longer offers what it once gave."""
        return self.state == "not_offered" and self.delivery is not None


class SourceSession:
    """Decides and acts, table by table.

    Args:
        home: where everything lies. base_url: of the source. transport: shared HTTP session.
        watched: id of each table in the catalog by its name. force: fetch everything anew.
        live: the source is SSB, whose stamps follow the clock. started: of the night, UTC.
    """

    def __init__(
        self,
        home: Home,
        base_url: str,
        transport: Transport,
        watched: Mapping[str, str],
        force: bool = False,
        live: bool = True,
        started: datetime | None = None,
    ) -> None:
        self._transport = transport
        self._force = force
        self._started = started or datetime.now(UTC)
        self._archive = Archive(home)
        tonight = Recall(transport, self._archive.night(self._started))
        self._statbank = StatbankClient(base_url, tonight)
        self._klass = KlassClient(base_url, tonight)
        self._lake = TypedLake(home)
        self._seen = Seen(home)
        self._changes = ChangeDetector(self._statbank, self._archive, self._seen, watched, live, self._started)
        self._failures = 0

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
        try:
            refused = self._stands_refused(contract.name, latest)
            decision = self._changes.decide(contract, latest, asked, self._force, refused)
            self._seen.note_shown(contract.name, decision.stamp)
            if not decision.fetch and latest is not None:
                outcome = _unchanged(contract, decision, latest)
            else:
                outcome = self._fetch_whole(contract, decision, latest)
            self._seen.note_offer(contract.name, None)
        except StillNotOffered as error:
            outcome = FetchOutcome(contract.name, "not_offered", str(error), latest)
        except UnknownTable as error:
            self._seen.note_offer(contract.name, asked)
            self._seen.note_compared(contract.name, self._started)
            outcome = FetchOutcome(contract.name, "not_offered", str(error), latest)
        self._seen.confirm(contract.name, self._started)
        return outcome

    def _fetch_whole(self, contract: TableContract, decision: Decision, latest: Delivery | None) -> FetchOutcome:
        if self._force:
            self._archive.set_aside(contract.name, decision.because)
        fetched = tables.fetch(contract, self._statbank, self._transport, self._archive, decision.stamp)
        self._seen.note_compared(contract.name, self._started)
        if not fetched.is_new:
            message = f"{decision.because}: the same as before, since {fetched.delivery.updated}"
            return FetchOutcome(contract.name, "unchanged", message, fetched.delivery, fetched.findings)
        parts = sum(answer.role == tables.DATA for answer in fetched.delivery.answers)
        message = f"vintage {fetched.delivery.updated}, {parts} data request{'s' if parts > 1 else ''}"
        known = latest is not None and (latest.updated, latest.question) == (
            fetched.delivery.updated,
            fetched.delivery.question,
        )
        silent = f"{decision.because}; the stamp is {decision.stamp} as before" if known else None
        return FetchOutcome(contract.name, "fetched", message, fetched.delivery, fetched.findings, silent)

    def _fetch_classification(self, contract: ClassificationContract) -> FetchOutcome:
        latest = self._archive.latest(contract.name)
        last_year = self._started.year
        asked = classifications.fingerprint(contract, last_year)
        anew = self._force or self._stands_refused(contract.name, latest)
        if latest and latest.question == asked and not anew and self._klass_can_wait(contract):
            return FetchOutcome(contract.name, "unchanged", "not asked for: no table is new", latest)
        modified = self._klass.last_modified(contract.id)
        if not anew and latest and (latest.updated, latest.question) == (modified, asked):
            outcome = FetchOutcome(contract.name, "unchanged", f"unchanged since {modified}", latest)
        else:
            if self._force:
                self._archive.set_aside(contract.name, "asked anew with --force")
            delivery = classifications.fetch(contract, self._klass, self._transport, self._archive, modified, last_year)
            outcome = FetchOutcome(contract.name, "fetched", f"last modified {modified}", delivery)
        self._seen.confirm(contract.name, self._started)
        return outcome

    def _stands_refused(self, name: str, latest: Delivery | None) -> bool:
        """Whether the newest delivery stands refused: the source may have been wrong for one night only."""
        return latest is not None and latest.vintage in {r.vintage for r in self._lake.standing_refusals(name)}

    def _klass_can_wait(self, contract: ClassificationContract) -> bool:
        """Whether a classification need not be asked about: it matters only when figures come, or once a week."""
        confirmed = self._seen.confirmed(contract.name)
        recent = confirmed is not None and self._started - confirmed < METADATA_EVERY
        return recent and not self._changes.anything_new

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
        except OutsideHours as error:
            return FetchOutcome(name, "postponed", str(error), self._archive.latest(name))
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


def _unchanged(contract: TableContract, decision: Decision, latest: Delivery) -> FetchOutcome:
    """Leave a table; where contract and archived metadata differ, it stays red until somebody mends it."""
    questions = tables.questions(contract, latest).values()
    findings = [finding for question in questions for finding in question.findings]
    return FetchOutcome(contract.name, "unchanged", decision.because, latest, findings)
