"""Telling: from a run to messages on every channel, at least once, and what is owed until then.

Here belongs the order of things: remember what is owed, send, remember what was told. Not here: each of these.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import polars as pl

from k2025_pipeline.alerts import channels as ways
from k2025_pipeline.alerts import memory as remembering
from k2025_pipeline.alerts import message as words
from k2025_pipeline.alerts.causes import Cause, Judged, causes_of, is_news, member, unrecorded
from k2025_pipeline.alerts.channels import Channel
from k2025_pipeline.alerts.configuration import AlertSettings
from k2025_pipeline.alerts.memory import Memory, Owed
from k2025_pipeline.alerts.message import Message, Places
from k2025_pipeline.ingest.source import DEMO_EDITIONS
from k2025_pipeline.lake.home import DamagedHome, Home
from k2025_pipeline.night import source_kind
from k2025_pipeline.quality import nights
from k2025_pipeline.quality.nights import OSLO, NightRecord
from k2025_pipeline.settings import Settings
from k2025_pipeline.warehouse.publish import published

PATIENCE = timedelta(days=7)
"""After so long a message is given up: the nights since have told what still holds."""
WEEK = timedelta(days=7)
Clock = Callable[[], datetime]


class NotDelivered(Exception):
    """Something did not reach somebody, or could not be remembered; everything else was done."""

    runbook = "alert-not-delivered"


@dataclass
class _Telling:
    """One call: who is told, what is known, and how it goes."""

    home: Home
    settings: Settings
    channels: list[Channel]
    memory: Memory
    now: datetime
    sent: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)

    @property
    def places(self) -> Places:
        return Places(self.settings.ui_url, f"{self.settings.reports_url}/runbook")

    def send(self, channel: Channel, message: Message) -> bool:
        """Deliver; a channel that failed once is left alone for the rest of the call."""
        if channel.name in self.silent:
            return False
        delivery = channel.send(message)
        if delivery.problem:
            self.problems.append(delivery.problem)
        if delivery.arrived:
            self.sent.append(f"{channel.name}: {message.subject}")
        else:
            self.silent.add(channel.name)
        return delivery.arrived


def tell(
    home: Home,
    settings: Settings,
    run_id: str | None,
    run_failure_message: str | None = None,
    configured: AlertSettings | None = None,
    now: Clock = lambda: datetime.now(UTC),
) -> list[str]:
    """Tell what is news in a run, and what is owed from before.

    Args:
        home: of the nights. settings: for addresses. run_id: of Dagster; None where no run began.
        run_failure_message: why the run failed; None where it succeeded. configured: who is told; the environment's
            if left out. now: the time.

    Returns:
        Channel and subject of each message that arrived; empty where all is well or all was told before.

    Raises:
        WrongConfiguration: before anything is done. NotDelivered: when something did not arrive; it is owed then, and
            told by the next call of this function or of :func:`resend`.
    """
    configured = configured or AlertSettings.from_env()
    reached = ways.channels(configured)
    if not reached:
        return []
    with remembering.opened(home) as memory:
        telling = _Telling(home, settings, reached, memory, now())
        owed = Owed("night", telling.now.isoformat(), [c.name for c in reached], run_id, run_failure_message)
        memory.notice(_judged(telling, owed))
        memory.owe(owed)
        _owe_sign_of_life(telling, configured.weekly)
        return _deliver(telling)


def resend(
    home: Home,
    settings: Settings,
    configured: AlertSettings | None = None,
    now: Clock = lambda: datetime.now(UTC),
) -> list[str]:
    """Tell what is owed from before; see :func:`tell`."""
    reached = ways.channels(configured or AlertSettings.from_env())
    if not reached or not remembering.read(home).owed:
        return []
    with remembering.opened(home) as memory:
        return _deliver(_Telling(home, settings, reached, memory, now()))


def _deliver(telling: _Telling) -> list[str]:
    memory = telling.memory
    memory.save()
    names = {channel.name for channel in telling.channels}
    for owed in list(memory.owed):
        owed.channels = [name for name in owed.channels if name in names]
        _deliver_one(telling, owed)
        if owed.channels and telling.now - datetime.fromisoformat(owed.at) > PATIENCE:
            telling.problems.append(f"A message of {owed.at[:10]} to {', '.join(owed.channels)} is given up.")
            owed.channels = []
    memory.owed = [owed for owed in memory.owed if owed.channels]
    memory.save()
    problems = list(dict.fromkeys(telling.problems + memory.problems))
    if problems:
        waiting = " What did not arrive is sent again at the next opportunity." if memory.owed else ""
        raise NotDelivered(f"{' '.join(problems)}{waiting} See docs/runbook/alert-not-delivered.md.")
    return telling.sent


def _deliver_one(telling: _Telling, owed: Owed) -> None:
    night = _judged(telling, owed) if owed.kind == "night" else None
    for channel in telling.channels:
        if channel.name not in owed.channels or channel.name in telling.silent:
            continue
        if _tell_night(telling, channel, night) if night else _tell_life(telling, channel, owed):
            owed.channels.remove(channel.name)
            telling.memory.save()


def _tell_night(telling: _Telling, channel: Channel, night: Judged) -> bool:
    memory = telling.memory
    for cause in night.causes:
        known = memory.of(channel.name)
        if not is_news(cause, known.told, night.night, night.date):
            continue
        if not telling.send(channel, words.of_cause(night, cause, known.resolved, telling.places)):
            return False
        memory.remember(channel.name, night, cause)
        memory.save()
    return True


def _owe_sign_of_life(telling: _Telling, weekday: int | None) -> None:
    """The first run on or after the weekday owes each channel one."""
    if weekday is None:
        return
    today = telling.now.astimezone(OSLO).date()
    due = today - timedelta(days=(today.weekday() - weekday) % 7)
    waiting = [c.name for c in telling.channels if telling.memory.of(c.name).weekly < due.isoformat()]
    if waiting:
        telling.memory.owe(Owed("weekly", telling.now.isoformat(), waiting))
    for name in waiting:
        telling.memory.of(name).weekly = today.isoformat()


def _tell_life(telling: _Telling, channel: Channel, owed: Owed) -> bool:
    known = telling.memory.of(channel.name)
    today = datetime.fromisoformat(owed.at).astimezone(OSLO).date()
    recent = [r for r in nights.records(telling.home, 20) if _is_recent(r, telling.now)]
    latest = nights.records(telling.home, 1)
    night = _of_record(telling, latest[0]) if latest else None
    if not telling.send(channel, words.weekly(today, recent, night, known.resolved, telling.places)):
        return False
    known.resolved = []
    return True


def _is_recent(record: NightRecord, now: datetime) -> bool:
    return datetime.fromisoformat(record.started_at) > now - WEEK


def _judged(telling: _Telling, owed: Owed) -> Judged:
    """The run that is owed, as it lies in the home now."""
    failure = owed.failure
    try:
        record = nights.of_run(telling.home, owed.run_id) if owed.run_id else None
    except DamagedHome as error:
        record, failure = None, f"{failure or ''} {error}".strip()
    if record is not None:
        return _of_record(telling, record, failure)
    at = datetime.fromisoformat(owed.at)
    causes = causes_of(None, pl.DataFrame(schema=nights.CHECKS), [], failure)
    if owed.run_id and not causes:
        causes = [unrecorded()]
    return Judged(
        nights.night_id(at),
        at.astimezone(OSLO).date().isoformat(),
        owed.run_id,
        None,
        causes,
        frozenset(),
        source_kind(telling.home) == "demo" or telling.settings.source in DEMO_EDITIONS,
        _standing(telling.home),
    )


def _of_record(telling: _Telling, record: NightRecord, failure: str | None = None) -> Judged:
    checks = nights.checks_of(telling.home, record.night_id)
    causes = causes_of(record, checks, nights.failures_of(telling.home, record.night_id), failure)
    held = checks.filter(checks["passed"]).select("asset", "check_name").iter_rows()
    return Judged(
        record.night_id,
        _night_date(record).isoformat(),
        record.run_id,
        record,
        causes,
        frozenset(member(asset, name) for asset, name in held),
        record.kind == "demo",
        record.published_at,
    )


def _night_date(record: NightRecord) -> date:
    return datetime.fromisoformat(record.started_at).astimezone(OSLO).date()


def _standing(home: Home) -> str | None:
    try:
        file = published(home)
    except DamagedHome:
        return None  # the message says that no published file can be read
    return file.published_at if file else None


@dataclass(frozen=True)
class Shown:
    """A message of the last night.

    Attributes:
        message: as it is sent. to: channels that it is news for. told: channels that know it already.
    """

    message: Message
    to: list[str]
    told: list[str]


def preview(home: Home, settings: Settings, configured: AlertSettings | None = None) -> list[Shown]:
    """What the last recorded night would tell now; nothing is sent or remembered.

    Raises:
        DamagedHome: when its record cannot be read.
    """
    reached = ways.channels(configured or AlertSettings.from_env())
    nights.see_newest(home)
    latest = nights.records(home, 1)
    if not latest:
        return []
    telling = _Telling(home, settings, reached, remembering.read(home), datetime.now(UTC))
    night = _of_record(telling, latest[0])
    telling.memory.notice(night)
    found = []
    for cause in night.causes:
        new = {c.name: _is_news_for(telling.memory, c, night, cause) for c in reached}
        resolved = next((telling.memory.of(name).resolved for name, fresh in new.items() if fresh), [])
        targets = {c.name: f"{c.name}: {c.target}" for c in reached}
        to, told = ([targets[name] for name, fresh in new.items() if fresh is wanted] for wanted in (True, False))
        found.append(Shown(words.of_cause(night, cause, resolved, telling.places), to, told))
    return found


def _is_news_for(memory: Memory, channel: Channel, night: Judged, cause: Cause) -> bool:
    return is_news(cause, memory.of(channel.name).told, night.night, night.date)


def send_test(configured: AlertSettings | None = None) -> list[tuple[Channel, ways.Delivery]]:
    """Send a test message on every channel and say how each went."""
    message = words.test(datetime.now(UTC).isoformat(timespec="seconds"))
    return [(channel, channel.send(message)) for channel in ways.channels(configured or AlertSettings.from_env())]
