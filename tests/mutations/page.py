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

Laget av testene i `tests/mutations`. Siden sier det den siste nedskrevne kjøringen fant, og testene feiler når de
finner noe annet. Ny kjøring: `K2025_WRITE_MUTATIONS=1 pytest -n 0 tests/mutations`.
/ Made by the tests in `tests/mutations`. The page says what the last run that was written down found, and the tests
fail when they find anything else. A new run: `K2025_WRITE_MUTATIONS=1 pytest -n 0 tests/mutations`.
"""
READING = """
## Slik er de plantet / How they are planted

- **admission, contract, drift:** hver feil for seg, i et svar fra den lokale Statbanken, gjennom henting og
  kontrakt over et hjem med gode data. Om tallet nådde `public`, er målt: er det neste bygg leser, et annet enn før?
  / each fault alone, in an answer of the local Statbank, through fetching and contract over a home of good data.
  Whether the figure reached `public` is measured: is what the next build reads other than before?
- **relations, reconciliation, og det som slapp gjennom:** alle i én natt og ett bygg, hver på sitt sted; de som er
  plantet i `core`, `marts` eller `staging`, er lagt i det ferdige bygget. En feil regnes som fanget når den står
  blant radene som bryter regelen, og hver rad som bryter en regel, skyldes en plantet feil. «Nei» under `public`
  betyr at en kontroll som stanser, brøt; at filen da står, viser `tests/pipeline/test_nights.py`.
  / all in one night and one build, each at its place; those planted in `core`, `marts` or `staging` are put into
  the finished build. A fault counts as caught when it is among the rows that break the rule, and each row that
  breaks a rule is due to a planted fault. "No" below `public` means that a check that blocks broke; that the file
  then stands is shown by `tests/pipeline/test_nights.py`.
- **acceptance:** alle i én revisjon av håndlagde gode tabeller; `public` som over. Det som slapp gjennom, er ikke
  prøvd her: reglene venter 357 kommuner, og det lille landet har tolv.
  / all in one audit of good tables made by hand; `public` as above. What slipped through was not tried here: the
  rules expect 357 municipalities, and the small country has twelve.
- **publication:** hver for seg, gjennom publiseringen; at filen fra i går står byte for byte, er målt.
  / each alone, through publication; that yesterday's file stands byte for byte is measured.

*Vist*: tallet kan være riktig hos kilden, så kontrollen sier fra på morgensiden og i `public.check_results`, og
tallet publiseres. / *Shown*: the figure may be right at the source, so the check tells on the morning page and in
`public.check_results`, and it is published.

## Hva andelen er verdt / What the share is worth

Andelen gjelder denne listen, som er skrevet av dem som kjenner kontrollene; den er ikke sannsynligheten for at en
ukjent feil fanges. Seks av feilene har fått en regel fordi de ble plantet. Fem slapp gjennom først: et år som ikke
er begynt (`period_begun`), et år som er en kopi av fjoråret (`new_period_unchanged`), 0 overalt for en manglende
rapport (`zeros_for_missing`), en sum med en kode som ligner en alder (`code_pattern` i 07459) og en fil kuttet på
midten (`opens_read_only` leser nå hver rad). For den sjette, et gjennomsnitt av andeler, fantes ingen regel
(`share_is_of_its_sums`). Uten dem hadde andelen vært {before}. En
endring i Klass sees først når Klass spørres, som er en gang i uken når ingen tabell er ny.
/ The share is of this list, which was written by people who know the checks; it is not the probability that an
unknown fault is caught. Six of the faults got a rule because they were planted. Five slipped through at first: a
year that had not begun (`period_begun`), a year that was a copy of the last one (`new_period_unchanged`), 0 everywhere
for a missing report (`zeros_for_missing`), a total with a code like an age (`code_pattern` of 07459) and a file cut in
the middle (`opens_read_only` now reads every row). For the sixth, a mean of shares, there was no rule
(`share_is_of_its_sums`). Without those the share would have been
{before}. A change in Klass is seen only when Klass is asked, which is once a week where no table is new.
"""
GOT_A_RULE = ("future_year", "copied_year", "missing_to_zeros", "total_like_an_age", "rate_averaged", "file_cut")
"""Faults that no check saw before the rules that they brought about."""


def hold_to(found: Outcomes) -> None:
    """Assert that what was found is what is written down; or write it down, where that was asked for."""
    known = recorded() if OUTCOMES.exists() else {}
    if os.environ.get(WRITE):
        _write(OUTCOMES, {fault.id: (known | found)[fault.id] for fault in FAULTS if fault.id in known | found})
        if len(recorded()) == len(FAULTS):
            PAGE.write_text(render(recorded()), "utf-8")
    else:
        assert {fault: known.get(fault) for fault in found} == found, f"write the run down: {WRITE}=1"


def _write(path: Path, outcomes: Outcomes) -> None:
    data = {fault: asdict(outcome) for fault, outcome in outcomes.items()}
    path.write_bytes(orjson.dumps(data, option=orjson.OPT_INDENT_2) + b"\n")


def render(outcomes: Outcomes) -> str:
    """The page's Markdown."""
    return "\n".join([HEAD, *_share(outcomes), _reading(outcomes), *_tables(outcomes), *_slipped(outcomes)]) + "\n"


def _reading(outcomes: Outcomes) -> str:
    first = sum(fault.level is not None and outcomes[fault.id].as_meant(fault) for fault in FAULTS) - len(GOT_A_RULE)
    return READING.format(before=f"{first} / {len(FAULTS)} ({first / len(FAULTS):.0%})")


def _share(outcomes: Outcomes) -> Iterator[str]:
    told = [(fault, outcomes[fault.id]) for fault in FAULTS if fault.id in outcomes]
    caught = [(fault, outcome) for fault, outcome in told if fault.level and outcome.as_meant(fault)]
    stopped = sum(not outcome.reached_public for _, outcome in caught)
    shown = len(caught) - stopped
    slipped = len(told) - len(caught)
    yield (
        f"**{len(caught)} av {len(told)} feil ({len(caught) / len(told):.0%}) ble fanget av kontrollen som skal fange "
        f"dem, på nivået der den skal. {stopped} ({stopped / len(told):.0%}) nådde ikke `public`.** {shown} er vist og "
        f"publisert, {slipped} slapp gjennom; tabellen teller ikke dem."
    )
    yield (
        f"/ **{len(caught)} of {len(told)} faults ({len(caught) / len(told):.0%}) were caught by the check meant for "
        f"them, at the level meant for it. {stopped} ({stopped / len(told):.0%}) did not reach `public`.** {shown} are "
        f"shown and published, {slipped} slipped through; the table leaves these out."
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
