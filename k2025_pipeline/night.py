"""One refresh: what its steps share, and who is told how they went.

Here belongs the state of a single run: the open source, whether anything must be built, the reporter.
Not here: the order of the steps (``orchestration``) and the steps themselves.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Protocol

from k2025_pipeline import klass
from k2025_pipeline.catalog import Catalog
from k2025_pipeline.catalog.tables import TableContract
from k2025_pipeline.catalog.uploads import UploadContract
from k2025_pipeline.ingest import acceptance, reception, uploads
from k2025_pipeline.ingest.acceptance import Contract
from k2025_pipeline.ingest.session import FetchOutcome, SourceSession
from k2025_pipeline.ingest.source import DEMO_EDITIONS, OpenSource, identity, keeps_hours, open_source
from k2025_pipeline.lake.archive import Archive
from k2025_pipeline.lake.home import Home, read_json, write_json
from k2025_pipeline.pxweb.errors import OutsideHours, SourceError
from k2025_pipeline.pxweb.hours import PublicationHours
from k2025_pipeline.pxweb.limiter import shared_folder
from k2025_pipeline.pxweb.transport import Transport
from k2025_pipeline.quality import freshness, morning, nights
from k2025_pipeline.quality.acceptance import Acceptance
from k2025_pipeline.quality.data_quality import quality_of_night
from k2025_pipeline.quality.freshness import Lights
from k2025_pipeline.quality.ladder import ON_TIME_AT_SOURCE, ON_TIME_WITH_US
from k2025_pipeline.quality.morning import MorningPage
from k2025_pipeline.quality.nights import Ending, NightRecord
from k2025_pipeline.quality.outcome import Check, Finding, Key, Outcome
from k2025_pipeline.settings import Settings
from k2025_pipeline.warehouse import audit, inputs, inspection, publish, report
from k2025_pipeline.warehouse.publish import Published

log = logging.getLogger(__name__)


def source_kind(home: Home) -> str:
    """``ssb``, ``recording``, ``demo`` or ``other``, as the source of a home says of itself."""
    known = read_json(home.root / "source_kind.json")
    return str(known["kind"]) if known else "other"


class Reporter(Protocol):
    """Someone who is told how each step went."""

    def fetched(self, outcome: FetchOutcome) -> None:
        """A table was asked for."""

    def typed(self, outcome: acceptance.Outcome) -> None:
        """A delivery was judged."""

    def building(self, skipped: bool) -> None:
        """Dbt starts on the models, or skips them because nothing changed."""

    def audited(self, results: list[Acceptance], skipped: bool) -> None:
        """The public tables were judged."""

    def published(self, result: Published, skipped: bool) -> None:
        """The published file was swapped, or stands as it was."""


class LogReporter:
    """Tells the log."""

    def fetched(self, outcome: FetchOutcome) -> None:
        """See :class:`Reporter`."""
        log.info("raw %s: %s", outcome.name, outcome.message)

    def typed(self, outcome: acceptance.Outcome) -> None:
        """See :class:`Reporter`."""
        log.info("typed %s: %s", outcome.name, outcome.message)

    def building(self, skipped: bool) -> None:
        """See :class:`Reporter`."""
        log.info("models: %s", "unchanged" if skipped else "building")

    def audited(self, results: list[Acceptance], skipped: bool) -> None:
        """See :class:`Reporter`."""
        log.info("audit: %s of %s expectations hold", sum(r.passed for r in results), len(results))

    def published(self, result: Published, skipped: bool) -> None:
        """See :class:`Reporter`."""
        log.info("published %s: %s", result.published_at, "unchanged" if skipped else result.sha256)


@dataclass
class Night:
    """One refresh of one home from one source.

    Attributes:
        settings: environment. catalog: declarations. reporter: who is told.
        force: fetch everything anew. only: table ids to ask for; empty for all.
        now: the time, with a zone. sleep: waits that many seconds. changes: what tonight changed, once published.
        checks: the ladder. run_id: of Dagster. outcomes: checks that ran. not_built: models that were left out.
        inspected: what the last look at the new file found, by name of the rule. ending: what became of the night.
    """

    settings: Settings
    catalog: Catalog
    reporter: Reporter = field(default_factory=LogReporter)
    force: bool = False
    only: tuple[str, ...] = ()
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep
    changes: report.Changes | None = None
    checks: dict[Key, Check] = field(default_factory=dict)
    run_id: str | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    not_built: list[str] = field(default_factory=list)
    inspected: dict[str, Finding] = field(default_factory=dict)
    ending: Ending = "blocked"
    _open: ExitStack = field(default_factory=ExitStack)
    _problems: dict[str, str] = field(default_factory=dict)
    _states: dict[str, str] = field(default_factory=dict)
    _asked: set[str] = field(default_factory=set)
    _looked_for_strays: bool = False
    _unreachable: str | None = None

    @cached_property
    def home(self) -> Home:
        """The home, held by this run alone until it is closed.

        Raises:
            WrongSource: when it belongs to another source. HomeBusy: when another run holds it.
        """
        home = Home(self.settings.home)
        home.check_source(identity(self.settings.source))
        self._open.enter_context(home.held())
        _ = self.started  # the night begins here, before anything is asked or generated
        publish.recover(home)
        return home

    @cached_property
    def started(self) -> datetime:
        """When the night began."""
        return self.now()

    @cached_property
    def _source(self) -> OpenSource:
        source = self._open.enter_context(open_source(self.settings.source, self.home, self._transport))
        self.home.claim(identity(self.settings.source))
        write_json(self.home.root / "source_kind.json", {"kind": source.kind})
        return source

    @cached_property
    def _transport(self) -> Transport:
        hours = PublicationHours(self.settings.publication_hours, self.now, self.sleep)
        keeps = self.keeps_hours and not self.force
        return Transport(
            self.settings.contact,
            self.sleep,
            limits_folder=shared_folder(),
            hours=hours if keeps else None,
            clock=lambda: self.now().timestamp(),
        )

    @property
    def keeps_hours(self) -> bool:
        """Whether nothing is asked while the source reloads and publishes."""
        return keeps_hours(self.settings.source)

    @cached_property
    def _session(self) -> SourceSession:
        return SourceSession(
            self.home,
            self._source.base_url,
            self._transport,
            watched={table.name: table.id for table in self.catalog.tables.values()},
            force=self.force,
            live=self._source.kind == "ssb",
            started=self.started,
        )

    @property
    def requests(self) -> dict[str, int]:
        """Requests sent so far, by service."""
        return dict(self._transport.requests_by_path)

    @property
    def source_kind(self) -> str:
        """``ssb``, ``recording``, ``demo`` or ``other``: the column ``source`` of every published row."""
        return source_kind(self.home)

    def fetch(self, contract: Contract) -> FetchOutcome:
        """Ask the source for a table or a classification, where something is new."""
        if self.only and contract.id not in self.only:
            outcome = FetchOutcome(contract.name, "unchanged", "not asked for (--only)")
        else:
            self._asked.add(contract.name)
            outcome = self._fetch(contract)
        if outcome.state == "not_offered" and self.source_kind == "ssb":
            # A folder of recordings has parts of the tables by nature; Statistics Norway has what is declared, or the
            # declaration is wrong.
            outcome = replace(outcome, state="failed")
        self._states[contract.name] = outcome.state
        if outcome.state == "postponed":
            self._asked.discard(contract.name)  # nothing was learnt about it tonight
        if outcome.state == "failed" or outcome.withdrawn:
            self._problems[contract.name] = outcome.message
        self.reporter.fetched(outcome)
        return outcome

    def _fetch(self, contract: Contract) -> FetchOutcome:
        latest = Archive(self.home).latest(contract.name)
        if self._unreachable is not None:
            return FetchOutcome(contract.name, "failed", self._unreachable, latest)
        try:
            session = self._session
        except OutsideHours as error:
            return FetchOutcome(contract.name, "postponed", str(error), latest)
        except SourceError as error:
            self._unreachable = str(error)
            return FetchOutcome(contract.name, "failed", self._unreachable, latest)
        if isinstance(contract, TableContract):
            return session.fetch_table(contract)
        return session.fetch_classification(contract)

    def late_at_source(self, contract: Contract) -> dict[str, Finding]:
        """The light of the source, of a table: whether it has published by its calendar."""
        if not isinstance(contract, TableContract):
            return {}
        return {ON_TIME_AT_SOURCE: self._lights(contract).source.finding}

    def late_with_us(self, contract: Contract) -> dict[str, Finding]:
        """Our light, of a table: whether the newest that the source shows stands. Ask when it has been judged."""
        if not isinstance(contract, TableContract):
            return {}
        return {ON_TIME_WITH_US: self._lights(contract).ours.finding}

    def _lights(self, table: TableContract) -> Lights:
        # A night that runs is no night that is missing: only what stands is judged.
        return freshness.of_table(self.home, table, self.started, self.now(), self.catalog.quality.freshness)

    def accept(self, contract: Contract) -> acceptance.Outcome:
        """Judge the newest delivery and make it current, or keep the last good one, marked stale."""
        tonight = acceptance.Tonight(
            problem=self._problems.get(contract.name),
            asked=contract.name in self._asked,
            partial=self.source_kind == "recording",
        )
        outcome = acceptance.accept(self.home, contract, tonight)
        if outcome.state == "refused":
            self._states[contract.name] = "refused"
        self.reporter.typed(outcome)
        return outcome

    def receive(self, contract: UploadContract) -> acceptance.Outcome:
        """Take in the file of an upload, where somebody laid one down."""
        self._tell_strays()
        places = reception.folders(self.home, DEMO_EDITIONS.get(self.settings.source))
        outcome = reception.receive(self.home, contract, places, self.now())
        if outcome.state != "absent":
            self._states[contract.name] = outcome.state
            self.reporter.typed(outcome)
        if outcome.state == "refused":
            self._problems[contract.name] = outcome.message
        return outcome

    def _tell_strays(self) -> None:
        """Say once a night which files belong to no upload: nobody is to wait for their figures."""
        if self._looked_for_strays:
            return
        self._looked_for_strays = True
        for name, found in uploads.strays(self.home.inputs, self.catalog.uploads.values()):
            place = f"inputs/{name}"
            self._problems[place] = found.text("en")
            self.reporter.typed(acceptance.Outcome(place, "refused", found.text("en")))

    def note(self, key: Key, finding: Finding) -> Outcome:
        """Write down what a check found, for the record of the night."""
        outcome = Outcome(self.checks[key], finding, self._before.get(key))
        self.outcomes.append(outcome)
        return outcome

    @cached_property
    def _before(self) -> dict[Key, int]:
        """Rows that broke each check the night before."""
        return nights.previous_failures(self.home)

    @cached_property
    def standing_findings(self) -> dict[Key, Finding]:
        """What the checks found when the published file was made, marked as repeated."""
        published = publish.published(self.home)
        return nights.standing_findings(self.home, published.published_at) if published else {}

    @cached_property
    def fingerprint(self) -> str:
        """Hash of all that the build depends on, as the lake stands after tonight's fetches."""
        folders = [self.settings.schemas, self.settings.dbt_project, Path(klass.__file__).parent]
        return inputs.fingerprint(self.home, self.catalog, folders)

    @cached_property
    def up_to_date(self) -> bool:
        """Whether the published file was made from exactly what lies in the lake now, and is what was made."""
        published = publish.published(self.home)
        same = self.stood_as_published  # asked first: afterwards another file stands
        return same and published is not None and published.fingerprint == self.fingerprint

    @cached_property
    def stood_as_published(self) -> bool:
        """Whether the file that stood when it was first asked for was the one that was published."""
        return publish.is_as_published(self.home)

    def prepare_build(self) -> None:
        """Lay the inputs ready for dbt."""
        inputs.prepare(self.home, self.catalog, self.source_kind, self.started)

    def audit(self) -> list[Acceptance]:
        """Judge the public tables of the build; where nothing changed, tell how the published ones were judged."""
        skipped = self.up_to_date
        results = (
            audit.published_audit(self.home) if skipped else audit.audit(self.home, self.catalog, self.source_kind)
        )
        self.reporter.audited(results, skipped)
        return results

    def publish(self) -> Published:
        """Swap the new file in, or leave the old one where nothing changed or publication is paused.

        Raises:
            NotFit: when the new file breaks a rule of publication; the findings are in ``inspected``.
        """
        standing = publish.published(self.home)
        paused = standing is not None and publish.held(self.home) is not None
        skipped = standing is not None and (paused or self.up_to_date)
        result = standing if standing is not None and skipped else self._publish()
        self.ending = "held" if paused else "unchanged" if skipped else "published"
        self.changes = report.since(self.home, self.catalog, standing.published_at if standing else None)
        report.write(self.home, self.changes)
        self.reporter.published(result, skipped)
        return result

    @cached_property
    def inspected_standing(self) -> dict[str, Finding]:
        """What a look at the file that stands finds: a night that publishes nothing looks as well."""
        return inspection.inspect(self.home.warehouse, self.catalog, publish.published(self.home))

    def _publish(self) -> Published:
        return publish.publish(
            self.home,
            self.catalog,
            self.fingerprint,
            self.source_kind,
            checks=nights.summary(self.outcomes),
            tonight=nights.checks_frame(self._record(), self.outcomes),
            tell=self.inspected.update,
        )

    def close(self) -> MorningPage | None:
        """Stop a local Statbank, write down how the night went, and write the morning page; None where nothing ran."""
        try:
            return self._tell() if self._states else None
        finally:
            self._open.close()

    def _tell(self) -> MorningPage:
        record = self._record()
        quality = quality_of_night(self.home, self.catalog, self.started, self.source_kind)
        nights.write(self.home, record, self.outcomes, quality)
        refusals = morning.standing_refusals(self.home, self.catalog)
        return morning.write(self.home, refusals, record, self.changes.markdown() if self.changes else "")

    def _record(self) -> NightRecord:
        published, finished = publish.published(self.home), self.now()
        return NightRecord(
            started_at=self.started.isoformat(timespec="seconds"),
            finished_at=finished.isoformat(timespec="seconds"),
            source=self.settings.source,
            kind=self.source_kind,
            ending=self.ending,
            run_id=self.run_id,
            seconds=round((finished - self.started).total_seconds(), 1),
            requests=self.requests,
            states=self._states,
            problems=self._problems,
            published_at=published.published_at if published else None,
            changes=self.changes.summary() if self.changes else None,
            not_built=self.not_built,
            declared_checks=len(self.checks),
        )
