"""The messages: what happened, to what, what stands, what to do, and where to look.

Here belongs the text that a person reads, in bokmål with one line of English, and the JSON of the generic webhook.
Not here: how it travels (``channels``).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from k2025_pipeline.alerts.causes import Broken, Cause, Grade, Judged
from k2025_pipeline.alerts.wording import count, day, harmless, moment, title
from k2025_pipeline.quality.nights import Ending, NightRecord

Kind = Literal["cause", "weekly", "test"]
SHOWN, LISTED, ADVISED = 5, 20, 3
"""Checks in the text, checks in the JSON, and pieces of advice."""
GRADE_NB: dict[Grade, str] = {"blocking": "Stanset", "error": "Feil", "warn": "Merk"}
GRADE_EN: dict[Grade, str] = {"blocking": "Blocked", "error": "Error", "warn": "Notice"}
ENDINGS: dict[Ending, str] = {
    "published": "Natten ble publisert likevel.",
    "unchanged": "Ingenting nytt å publisere; filen står som den var.",
    "held": "Publiseringen er satt på pause av en person; filen står som den var.",
    "blocked": "Ingenting ble publisert.",
}
ENDED: dict[Ending, tuple[str, str]] = {
    "published": ("publisert", "publiserte"),
    "unchanged": ("uten nytt", "uten nytt"),
    "held": ("på pause", "på pause"),
    "blocked": ("stanset", "stansede"),
}
"""How many runs ended so: one, and more."""
DEMO = "DEMO: alle tall er generert / all figures are generated."
VERSION = 1
"""Of the JSON: it changes when a field goes or changes its meaning."""


@dataclass(frozen=True)
class Places:
    """Addresses in messages.

    Attributes:
        ui: of Dagster. runbook: of the folder with its pages.
    """

    ui: str
    runbook: str

    def run(self, run_id: str | None) -> str:
        """Where a run is shown; the list of all runs where none began."""
        return f"{self.ui}/runs/{run_id}" if run_id else f"{self.ui}/runs"

    def page(self, page: str) -> str:
        """Where a page of the runbook is."""
        return f"{self.runbook}/{page}.html"


@dataclass(frozen=True)
class Message:
    """One message, ready for every channel.

    Attributes:
        id: the same at every attempt to send it. subject: one line. text: lines. payload: of the generic webhook.
    """

    id: str
    subject: str
    text: str
    payload: dict[str, Any]


def of_cause(night: Judged, cause: Cause, resolved: Sequence[str], places: Places) -> Message:
    """Tell one cause of one night.

    Args:
        night: it happened in. cause: to be told. resolved: pages of causes that are over. places: addresses.
    """
    subject = (
        f"{_product(night.demo)} {GRADE_NB[cause.grade]}: {title(cause.page).nb} ({_extent(cause)}), {_date(night)}"
    )
    about = {
        "grade": cause.grade,
        "page": cause.page,
        "title": title(cause.page).model_dump(),
        "runbook": places.page(cause.page),
        "count": len(cause.broken),
        "checks": [_check(broken) for broken in cause.broken[:LISTED]],
    }
    return _message(
        "cause",
        (night.night, cause.key),
        subject,
        [*_banner(night.demo), *_cause_lines(night, cause, resolved, places)],
        {**_night_fields(night, places), "cause": about, "resolved": list(resolved)},
    )


def weekly(
    today: date, records: Sequence[NightRecord], latest: Judged | None, resolved: Sequence[str], places: Places
) -> Message:
    """The sign of life.

    Args:
        today: Oslo time. records: nights of the last seven days. latest: the newest night, or None where none is
            recorded. resolved: pages of causes that are over. places: addresses.
    """
    demo = latest is not None and latest.demo
    endings = Counter(record.ending for record in records)
    nights = ", ".join(count(endings[e], one, many) for e, (one, many) in ENDED.items() if endings[e])
    open_now = [c for c in latest.causes if c.grade != "warn"] if latest else []
    warned = sum(len(c.broken) for c in latest.causes if c.grade == "warn") if latest else 0
    lines = [
        *_banner(demo),
        "K2025 lever, og varslene kommer fram.",
        f"Siste sju dager: {count(len(records), 'kjøring', 'kjøringer')}{f': {nights}' if nights else ''}.",
        f"Åpent nå: {', '.join(title(c.page).nb for c in open_now) or 'ingen feil'}; "
        f"{count(warned, 'merknad', 'merknader')}.",
        f"Hva som står: {_standing(latest)}",
        *_resolved(resolved),
        f"Kjøringene: {places.run(None)}",
        "",
        f"In English: K2025 is alive, {len(records)} runs in seven days, {len(open_now)} open errors.",
    ]
    fields = {"demo": demo, "runs": dict(endings), "open": [c.page for c in open_now], "warnings": warned}
    published_at = latest.published_at if latest else None
    payload = {**fields, "published_at": published_at, "resolved": list(resolved)}
    return _message("weekly", (today.isoformat(),), f"{_product(demo)} Livstegn, {day(today)}", lines, payload)


def test(now: str) -> Message:
    """A message that only shows that a channel works; ``now`` is ISO 8601."""
    lines = [
        "Dette er en prøve fra «k2025 alert test». Ingenting er galt.",
        "",
        "In English: this is a test message. Nothing is wrong.",
    ]
    return _message("test", (now,), f"[K2025] Prøve, {moment(now)}", lines, {})


def _message(kind: Kind, names: tuple[str, ...], subject: str, lines: list[str], fields: dict[str, Any]) -> Message:
    identity = hashlib.sha256("\n".join((kind, *names)).encode()).hexdigest()[:32]
    text = "\n".join(lines) + "\n"
    head = {"product": "k2025", "version": VERSION, "kind": kind, "id": identity}
    return Message(identity, subject, text, {**head, **fields, "subject": subject, "text": text})


def _product(demo: bool) -> str:
    return "[K2025 DEMO]" if demo else "[K2025]"


def _banner(demo: bool) -> list[str]:
    return [DEMO, ""] if demo else []


def _date(night: Judged) -> str:
    return day(date.fromisoformat(night.date))


def _extent(cause: Cause) -> str:
    """What is concerned, short: the one asset, or how many checks."""
    if len(cause.broken) == 1:
        return harmless(cause.broken[0].asset, 60)
    return f"{len(cause.broken)} kontroller"


def _cause_lines(night: Judged, cause: Cause, resolved: Sequence[str], places: Places) -> list[str]:
    assets = len({broken.asset for broken in cause.broken})
    checks = count(len(cause.broken), "kontroll", "kontroller")
    more = len(cause.broken) - SHOWN
    return [
        f"{GRADE_NB[cause.grade]}: {title(cause.page).nb}.",
        f"{_when(night)} {_ending(night)}".strip(),
        "",
        f"Hva som skjedde ({checks} på {count(assets, 'datasett', 'datasett')}):",
        *(_told(broken) for broken in cause.broken[:SHOWN]),
        *([f"- … og {more} til"] if more > 0 else []),
        "",
        f"Hva som står: {_standing(night)}",
        *_not_built(night.record),
        "",
        "Hva du gjør:",
        *_advice(cause),
        f"- Slik rettes det: {places.page(cause.page)}",
        f"- Kjøringen: {places.run(night.run_id)}",
        *_resolved(resolved),
        "",
        f"In English: {GRADE_EN[cause.grade].lower()}, «{title(cause.page).en}», "
        f"{count(len(cause.broken), 'check', 'checks')}; "
        f"{'nothing was published, the old file stands' if cause.grade == 'blocking' else 'it did not block'}.",
    ]


def _when(night: Judged) -> str:
    if night.record is None:
        return f"Kjøringen {_date(night)} etterlot ingen nattrapport."
    return f"Kjøringen begynte {moment(night.record.started_at)}."


def _ending(night: Judged) -> str:
    return ENDINGS[night.record.ending] if night.record else ""


def _told(broken: Broken) -> str:
    rows = f" [{broken.failed}]" if broken.failed > 1 else ""
    said = f": {harmless(broken.message)}" if broken.message.strip() else ""
    return f"- {harmless(broken.asset, 80)} · {harmless(broken.check, 80)}{rows}{said}"


def _standing(night: Judged | None) -> str:
    if night is None or night.published_at is None:
        return "ingen publisert fil som kan leses."
    return f"filen som ble publisert {moment(night.published_at)}."


def _not_built(record: NightRecord | None) -> list[str]:
    if record is None or not record.not_built:
        return []
    return [f"{count(len(record.not_built), 'modell', 'modeller')} ble ikke bygget."]


def _advice(cause: Cause) -> list[str]:
    given = dict.fromkeys(harmless(broken.advice) for broken in cause.broken if broken.advice.strip())
    return [f"- {advice}" for advice in list(given)[:ADVISED]]


def _resolved(pages: Sequence[str]) -> list[str]:
    return [f"Løst siden forrige melding: {', '.join(title(page).nb for page in pages)}."] if pages else []


def _night_fields(night: Judged, places: Places) -> dict[str, Any]:
    return {
        "night": night.date,
        "night_id": night.night,
        "run_id": night.run_id,
        "run_url": places.run(night.run_id),
        "ending": night.record.ending if night.record else None,
        "demo": night.demo,
        "published_at": night.published_at,
    }


def _check(broken: Broken) -> dict[str, Any]:
    words = {"message": broken.message, "advice": broken.advice}
    return {
        "asset": harmless(broken.asset),
        "check": harmless(broken.check),
        "failed": broken.failed,
        **{name: harmless(text) for name, text in words.items()},
    }
