"""The morning page: in one minute, can last night be trusted?

Here belongs what the page says and in which order: the verdict first, then what is wrong, then what is new. Not here:
how a night is recorded (``nights``) and how the page is shown (``html``, ``orchestration``). The page is the last word
of every night, also of one that was blocked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import polars as pl

from k2025_pipeline.catalog import Catalog
from k2025_pipeline.harmless import for_markdown
from k2025_pipeline.lake.home import Home, write_bytes
from k2025_pipeline.lake.typed import Refusal, TypedLake
from k2025_pipeline.quality import html, nights
from k2025_pipeline.quality.ladder import ON_TIME_AT_SOURCE, ON_TIME_WITH_US
from k2025_pipeline.quality.nights import OSLO, Ending, NightRecord

LATEST = "morning.html"
SHOWN_NIGHTS = 30
SHOWN_CHECKS = 20
SHOWN_CHANGES = 40
BARS = "▁▂▃▄▅▆▇█"
RED, YELLOW, GREEN = "✘", "!", "✔"
"""The lights, as signs that every font has."""
TONES = {RED: "bad", YELLOW: "warn", GREEN: "good"}
ENDINGS = {
    "published": "Ny fil er publisert / a new file is published",
    "unchanged": "Ingenting nytt; filen står / nothing new; the file stands",
    "held": "Ingenting nytt legges ut før `k2025 publish --resume`; hvem og hvorfor: `k2025 status` / nothing new is "
    "put out until it is resumed",
    "blocked": "Kjøringen ble stanset / the run was stopped",
}
STATES = {
    "fetched": "hentet / fetched",
    "unchanged": "uendret / unchanged",
    "not_offered": "tilbys ikke / not offered",
    "postponed": "utsatt / postponed",
    "failed": "ikke hentet / not fetched",
    "refused": "avvist / refused",
    "accepted": "godkjent / accepted",
    "absent": "ikke lagt inn / absent",
}


@dataclass(frozen=True)
class MorningPage:
    """The page in the words of the Dagster UI and of the reports."""

    headline: str
    markdown: str


@dataclass(frozen=True)
class Morning:
    """All that the page tells.

    Attributes:
        record: of the night. checks: every check of it, columns of ``nights.CHECKS``. history: counts of the last
            nights, oldest first, this one included, see :func:`counts`. refusals: deliveries that stand refused.
        changes: what is new, as Markdown, or empty.
    """

    record: NightRecord
    checks: pl.DataFrame
    history: pl.DataFrame
    refusals: Sequence[Refusal]
    changes: str

    @property
    def broken(self) -> pl.DataFrame:
        """Checks that do not hold, the gravest first."""
        gravity = pl.col("blocking").cast(pl.Int8) * 2 + (pl.col("severity") == "error").cast(pl.Int8)
        return self.checks.filter(~pl.col("passed")).sort(gravity, "failed_rows", descending=True, maintain_order=True)

    @property
    def errors(self) -> pl.DataFrame:
        """Checks of severity ``error`` that do not hold."""
        return self.broken.filter(pl.col("severity") == "error")

    @property
    def light(self) -> str:
        """Red when nothing could be published, yellow when something in the file is not as it should be."""
        if self.record.ending == "blocked":
            return RED
        late = self.broken.filter(pl.col("check_name") == ON_TIME_WITH_US).height
        troubled = self.errors.height or late or self.record.problems or self.refusals or self.record.ending == "held"
        return YELLOW if troubled else GREEN

    @property
    def headline(self) -> str:
        """The verdict in one line."""
        words = {
            RED: "Ikke publisert: filen fra sist står / not published: the last file stands",
            YELLOW: "Filen kan brukes, men noe er ikke som det skal / usable, but not all is as it should be",
            GREEN: "Natten kan stoles på / last night can be trusted",
        }
        held = "Publisering er satt på vent / publication is held back"
        said = held if self.record.ending == "held" else words[self.light]
        return f"{self.light} {_day(self.record.started_at)}: {said}"


def write(home: Home, refusals: Sequence[Refusal], record: NightRecord, changes: str) -> MorningPage:
    """Write the page of a recorded night below ``reports/``.

    Args:
        home: where the nights lie. refusals: deliveries that stand refused. record: the night.
        changes: what is new, as Markdown.
    """
    checks = nights.checks_of(home, record.night_id)
    morning = Morning(record, checks, counts(home), refusals, changes)
    markdown = "\n".join(_lines(morning)) + "\n"
    write_bytes(home.reports / LATEST, html.page("K2025: morgensiden", markdown, TONES[morning.light]))
    html.write_runbook(home)
    return MorningPage(morning.headline, markdown)


def tell_decision(home: Home, catalog: Catalog, published_at: str | None, paused: bool) -> None:
    """Write the page of the newest night anew, after a person has paused publication or let it go on.

    Args:
        home: of the nights; nothing is written before the first. catalog: the declarations.
        published_at: of the file that stands now. paused: whether nights publish nothing.
    """
    record = nights.latest(home)
    if record is not None:
        told = home.changes_page.read_text(encoding="utf-8") if home.changes_page.exists() else ""
        ending: Ending = "held" if paused else "unchanged" if record.ending == "held" else record.ending
        decided = replace(record, ending=ending, published_at=published_at)
        write(home, standing_refusals(home, catalog), decided, told)


def standing_refusals(home: Home, catalog: Catalog) -> list[Refusal]:
    """Deliveries that stand refused, of all tables and classifications."""
    lake = TypedLake(home)
    names = [table.name for table in catalog.tables.values()]
    names += [classification.name for classification in catalog.classifications.values()]
    return [refusal for name in names for refusal in lake.standing_refusals(name)]


def counts(home: Home) -> pl.DataFrame:
    """Counts of the last nights, oldest first: ``night_id, ending, errors, warnings, stale, requests, seconds``."""
    rows = [_counted(home, record) for record in nights.records(home, SHOWN_NIGHTS)]
    return pl.DataFrame(rows, orient="row")


def _counted(home: Home, record: NightRecord) -> dict[str, Any]:
    broken = nights.checks_of(home, record.night_id).filter(~pl.col("passed"))
    errors = broken.filter(pl.col("severity") == "error").height
    return {
        "night_id": record.night_id,
        "ending": record.ending,
        "errors": errors,
        "warnings": broken.height - errors,
        "stale": len({*record.problems, *(name for name, state in record.states.items() if state == "refused")}),
        "requests": sum(record.requests.values()),
        "seconds": record.seconds,
    }


def sparkline(values: Iterable[float]) -> str:
    """Values as a row of bars from 0 to the largest: ``▁▁▃█``."""
    listed = list(values)
    top = max([*listed, 0]) or 1
    return "".join(BARS[round(value / top * (len(BARS) - 1))] for value in listed)


def _lines(morning: Morning) -> Iterator[str]:
    yield from _verdict(morning)
    yield from _numbers(morning)
    yield from _broken(morning)
    yield from _refused(morning.refusals)
    yield from _late(morning.checks)
    yield from _ran(morning.record)
    if morning.changes:
        yield from ["", *_deeper(morning.changes)]


def _verdict(morning: Morning) -> Iterator[str]:
    record = morning.record
    yield f"# {morning.headline}\n"
    if record.kind == "demo":
        yield f"> **{html.DEMO_BANNER}**\n"
    stands = (
        f"Filen er fra / the file is of **{_moment(record.published_at)}**."
        if record.published_at
        else ("Ingenting er publisert ennå / nothing is published yet.")
    )
    yield f"{ENDINGS[record.ending]}. {stands} Kilde / source: `{record.kind}`."
    if record.not_built:
        shown = ", ".join(f"`{name}`" for name in record.not_built[:12])
        more = f" … (+{len(record.not_built) - 12})" if len(record.not_built) > 12 else ""
        yield f"\nIkke bygd / not built: {shown}{more}. De andre tabellene ble bygd / the others were built."


def _numbers(morning: Morning) -> Iterator[str]:
    tonight = morning.history.row(-1, named=True)
    named = {
        "errors": "kontroller som feiler / failing checks",
        "warnings": "varsler / warnings",
        "stale": "tabeller som ikke ble tatt inn / tables not taken in",
        "requests": "kall til kilden / requests",
        "seconds": "sekunder / seconds",
    }
    yield f"\n| | i natt / tonight | siste netter / last nights ({morning.history.height}) |\n|---|---:|---|"
    for name, words in named.items():
        yield f"| {words} | {tonight[name]:g} | {sparkline(morning.history[name])} |"
    held, ran = morning.checks.filter("passed").height, morning.checks.height
    missed = max(0, morning.record.declared_checks - ran)
    left = f" **{missed} ble ikke kjørt / were not run.**" if missed else ""
    yield f"\n{held} av {ran} kontroller holder / of the checks hold.{left} Alle regler / all rules: `docs/checks.md`."


def _broken(morning: Morning) -> Iterator[str]:
    broken = morning.broken
    if broken.is_empty():
        return
    yield "\n## Det som ikke holder / What does not hold\n"
    yield "| | kontroll / check | rader / rows | sist / before | hva / what | hjelp / help |"
    yield "|---|---|---:|---:|---|---|"
    for row in broken.head(SHOWN_CHECKS).iter_rows(named=True):
        mark = RED if row["blocking"] and row["severity"] == "error" else YELLOW if row["severity"] == "error" else "·"
        before = "–" if row["previous_failed_rows"] is None else row["previous_failed_rows"]
        check = f"`{row['asset']}` {row['check_name']}"
        page = f"[{row['runbook']}]({html.RUNBOOK}/{row['runbook']}.html)"
        yield f"| {mark} | {check} | {row['failed_rows']} | {before} | {_cell(row['message'])} | {page} |"
    if broken.height > SHOWN_CHECKS:
        yield f"\n… og {broken.height - SHOWN_CHECKS} til i public.check_results / more."


def _refused(refusals: Sequence[Refusal]) -> Iterator[str]:
    if not refusals:
        return
    yield "\n## Avviste utgaver / Refused vintages\n"
    yield "| tabell / table | utgave / vintage | hvorfor / why |\n|---|---|---|"
    for refusal in refusals:
        yield f"| {refusal.dataset} | {refusal.vintage} | {_cell(refusal.because)} |"
    yield "\nRiktig likevel? / right after all? `k2025 accept TABELL UTGAVE --reason …`"


def _late(checks: pl.DataFrame) -> Iterator[str]:
    late = checks.filter(~pl.col("passed"))
    at_source = late.filter(pl.col("check_name") == ON_TIME_AT_SOURCE)
    with_us = late.filter(pl.col("check_name") == ON_TIME_WITH_US)
    if at_source.height + with_us.height == 0:
        return
    yield "\n## Forsinket / Late\n"
    for words, found in (("Hos kilden / at the source", at_source), ("Hos oss / with us", with_us)):
        for row in found.iter_rows(named=True):
            yield f"- **{words}**: {_cell(row['message'])}"


def _ran(record: NightRecord) -> Iterator[str]:
    yield "\n## Det som kjørte / What ran\n"
    by_state: dict[str, list[str]] = {}
    for name, state in record.states.items():
        by_state.setdefault(state, []).append(name)
    for state, names in sorted(by_state.items()):
        listed = "" if state == "unchanged" else f": {', '.join(sorted(names))}"
        yield f"- {len(names)} {STATES[state]}{listed}"
    asked = ", ".join(f"{count} {service}" for service, count in sorted(record.requests.items())) or "0"
    ran = f"{_moment(record.started_at)} → {_moment(record.finished_at)}, {record.seconds:g} s"
    yield f"- {ran}, kall / requests: {asked}"
    yield "- Er siden eldre enn i natt, har nettene stoppet / if the page is older than last night, nights have stopped"
    for name, problem in sorted(record.problems.items()):
        yield f"- **{name}**: {_cell(problem)}"


def _deeper(markdown: str) -> list[str]:
    """Another page's headings one level down, and no more of its rows than a person reads."""
    lines = [f"#{line}" if line.startswith("#") else line for line in markdown.splitlines()]
    more = [f"\n… {len(lines) - SHOWN_CHANGES} linjer til i / more lines in reports/changes.md"]
    return lines if len(lines) <= SHOWN_CHANGES else lines[:SHOWN_CHANGES] + more


def _moment(stamp: str) -> str:
    return datetime.fromisoformat(stamp).astimezone(OSLO).strftime("%d.%m.%Y %H:%M")


def _day(stamp: str) -> str:
    return datetime.fromisoformat(stamp).astimezone(OSLO).strftime("%d.%m.%Y")


def _cell(text: str) -> str:
    return for_markdown(" ".join(text.split()))
