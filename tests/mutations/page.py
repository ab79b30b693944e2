"""``docs/mutations.md``: every planted fault, and what became of it in the run that was last written down.

Belongs here: the page, and holding a run to what is written. Does not belong here: planting. With
``K2025_WRITE_MUTATIONS=1`` a run is written down instead, and the page anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import orjson

from k2025_pipeline.catalog.quality import LEVELS
from k2025_pipeline.settings import PROJECT_ROOT
from mutations.build_faults import BUILD_FAULTS
from mutations.faults import OUTCOMES, Catch, Fault, Outcome, Outcomes, recorded
from mutations.public_faults import PUBLIC_FAULTS
from mutations.source_faults import SOURCE_FAULTS

PAGE = PROJECT_ROOT / "docs" / "mutations.md"
FAULTS: list[Fault] = [*SOURCE_FAULTS, *BUILD_FAULTS, *PUBLIC_FAULTS]
WRITE = "K2025_WRITE_MUTATIONS"
HEAD = """# Plantede feil / Planted faults

Laget av testene i `tests/mutations`, som planter én feil om gangen i ellers gode data og fører den gjennom den samme
veien som om natten: lokal Statbank, henting, kontrakt, dbt, Great Expectations, publisering. Siden sier det den siste
nedskrevne kjøringen fant, og testene feiler når de finner noe annet.
/ Made by the tests in `tests/mutations`, which plant one fault at a time in otherwise good data and take it the way of
the night: local Statbank, fetching, contract, dbt, Great Expectations, publication. The page says what the last run
that was written down found, and the tests fail when they find anything else. Write down a run:
`K2025_WRITE_MUTATIONS=1 pytest -n 0 tests/mutations`.
"""
READING = """
*Nei*: utgaven avvises og den siste godkjente står, filen fra i går står, eller bare en tekst er endret som ikke brukes.
*Vist*: tallet kan være riktig hos
kilden, så kontrollen sier fra på morgensiden og i `public.check_results`, og tallet publiseres.
/ *No*: the vintage is refused and the last accepted one stands, yesterday's file stands, or only a text changed that is
not used. *Shown*: the figure may
be right at the source, so the check tells on the morning page and in `public.check_results`, and it is published.
"""


def hold_to(found: Outcomes) -> None:
    """Assert that what was found is what is written down; or write it down, where that was asked for."""
    known = recorded() if OUTCOMES.exists() else {}
    if os.environ.get(WRITE):
        _write(OUTCOMES, {fault.id: (known | found)[fault.id] for fault in FAULTS if fault.id in known | found})
        PAGE.write_text(render(recorded()), "utf-8")
    else:
        assert {fault: known.get(fault) for fault in found} == found, f"write the run down: {WRITE}=1"


def _write(path: Path, outcomes: Outcomes) -> None:
    data = {fault: asdict(outcome) for fault, outcome in outcomes.items()}
    path.write_bytes(orjson.dumps(data, option=orjson.OPT_INDENT_2) + b"\n")


def render(outcomes: Outcomes) -> str:
    """The page's Markdown."""
    return "\n".join([HEAD, *_share(outcomes), READING, *_tables(outcomes), *_slipped(outcomes)]) + "\n"


def _share(outcomes: Outcomes) -> Iterator[str]:
    told = [(fault, outcomes[fault.id]) for fault in FAULTS if fault.id in outcomes]
    caught = [(fault, outcome) for fault, outcome in told if fault.level and outcome.as_meant(fault)]
    stopped = sum(not outcome.reached_public for _, outcome in caught)
    shown = len(caught) - stopped
    slipped = len(told) - len(caught)
    yield (
        f"**{len(caught)} av {len(told)} feil ({len(caught) / len(told):.0%}) ble fanget av kontrollen som skal fange "
        f"dem, på nivået der den skal.** {stopped} nådde ikke `public`, {shown} er vist og publisert, {slipped} slapp "
        "gjennom. Ingen feil som en kontroll stanser på, nådde `public`."
    )
    yield (
        f"/ **{len(caught)} of {len(told)} faults ({len(caught) / len(told):.0%}) were caught by the check meant for "
        f"them, at the level meant for it.** {stopped} did not reach `public`, {shown} are shown and "
        f"published, {slipped} slipped through. No fault at which a check stops reached `public`."
    )
    yield "\n| nivå / level | plantet / planted | fanget / caught | ikke i / not in `public` | vist / shown |"
    yield "|---|---:|---:|---:|---:|"
    for level in LEVELS:
        planted = [(fault, outcome) for fault, outcome in told if fault.level == level]
        here = [outcome for fault, outcome in planted if outcome.as_meant(fault)]
        held = sum(not outcome.reached_public for outcome in here)
        yield f"| {level} | {len(planted)} | {len(here)} | {held} | {len(here) - held} |"


def _tables(outcomes: Outcomes) -> Iterator[str]:
    for level in LEVELS:
        yield f"\n## {level}\n"
        yield "| feil / fault | plantet i / in | skal fanges av / meant for | fanget av / caught by | `public` |"
        yield "|---|---|---|---|---|"
        for fault in FAULTS:
            if fault.level == level and fault.id in outcomes:
                yield _row(fault, outcomes[fault.id])


def _row(fault: Fault, outcome: Outcome) -> str:
    meant = Catch(fault.level or "", *fault.check, fault.rule)
    cells = [
        f"{fault.text.nb} / {fault.text.en}",
        fault.planted_in,
        _named(meant),
        "<br>".join(f"{catch.level}: {_named(catch)}" for catch in outcome.caught_by) or "–",
        _fate(outcome),
    ]
    return "| " + " | ".join(cells) + " |"


def _named(catch: Catch) -> str:
    rule = f", `{catch.rule}`" if catch.rule else ""
    return f"`{catch.asset}` `{catch.name}`{rule}"


def _fate(outcome: Outcome) -> str:
    if not outcome.reached_public:
        return "nei / no"
    return "vist / shown" if outcome.caught_by else "ja / yes"


def _slipped(outcomes: Outcomes) -> Iterator[str]:
    yield "\n## Det som slapp gjennom, og hva som ville fange det / What slipped through, and what would catch it\n"
    yield "| feil / fault | plantet i / planted in | hvorfor / why |"
    yield "|---|---|---|"
    for fault in FAULTS:
        if fault.slips is not None and fault.id in outcomes:
            text = f"{fault.slips.nb} / {fault.slips.en}"
            yield f"| {fault.text.nb} / {fault.text.en} | {fault.planted_in} | {text} |"
