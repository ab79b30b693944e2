"""Invented programmes, what they are planted to change, and the truth that an estimate can be held against.

Belongs here: who takes part in the demo's programmes, the planted effect, and its size as a difference in differences.
Does not belong here: how an effect is estimated (`k2025_pipeline.effects`), nor real programmes: these are invented.
"""

from dataclasses import dataclass

import numpy as np

from k2025_pipeline.demo.geography import Floats, Geography, Texts, band_populations, stream
from k2025_pipeline.demo.users import TABLE_YEARS

WITH_EFFECT = "demo-program A (planlagt virkning)"
WITHOUT_EFFECT = "demo-program B (uten virkning)"
PHASES = (1.5, 3.0)
"""Percentage points by which the share without education is lower in the first two years and from the third on.

In two steps, so that no series of a municipality jumps.
"""
COHORTS = {2019: 12, 2021: 17, 2022: 17}
"""Municipalities that begin, by year, in each of the two programmes."""
AMOUNT_PER_INHABITANT = 45.0
"""NOK a year; invented."""
_DRAW = "programmes 2"
"""In the first draw chance leads one estimate astray, as it does with one in twenty: no example to begin with."""
_FEWEST, _MOST = 2500, 40000
_LARGEST_PART = 0.4
"""No more than this part of an atom's FTE without education is qualified."""


@dataclass(frozen=True)
class Participant:
    """A municipality of today in a programme.

    Attributes:
        programme: name of the programme.
        region_code: today's code.
        start_year: first year in the programme.
        amount: NOK granted a year.
    """

    programme: str
    region_code: str
    start_year: int
    amount: float


def participants() -> list[Participant]:
    """Who takes part: the same in every run, no municipality in both programmes.

    Drawn among municipalities of middling size: in a city the effect would move the country, in the smallest a person.
    """
    people = {code: float(bands[1].sum()) for code, bands in band_populations().items()}
    whole = sorted(code for code, persons in people.items() if _FEWEST <= persons <= _MOST)
    drawn = iter(stream(_DRAW).permutation(whole).tolist())
    found = [
        Participant(programme, code, year, round(AMOUNT_PER_INHABITANT * people[code], -3))
        for programme in (WITH_EFFECT, WITHOUT_EFFECT)
        for year, number in COHORTS.items()
        for code in (next(drawn) for _ in range(number))
    ]
    return sorted(found, key=lambda one: (one.programme, one.region_code))


def starts(programme: str) -> dict[str, int]:
    """Today's code → first year in the programme."""
    return {one.region_code: one.start_year for one in participants() if one.programme == programme}


def points(geography: Geography) -> Floats:
    """Percentage points that the programme with an effect takes off the share without; shape (atoms, table years)."""
    begun = starts(WITH_EFFECT)
    first = np.array([begun.get(str(code), 9999) for code in geography.current])
    since = np.array(TABLE_YEARS)[None, :] - first[:, None]
    return np.select([since < 0, since < len(PHASES)], [0.0, PHASES[0]], PHASES[-1])


def planted(geography: Geography, education: Floats, without: int, gaining: int, service: int) -> Floats:
    """The same FTE with the effect: some without education have become another group.

    What the participants gain, the others lose of the same two groups, so that neither the country nor the FTE of
    any municipality changes.

    Args:
        geography: the atoms.
        education: FTE by education group; shape (atoms, years, groups).
        without: position of the group without education.
        gaining: position of the group that they qualify for.
        service: position of the group that is not user-oriented.

    Returns:
        A new array of the same shape.
    """
    user_oriented = education.sum(axis=2) - education[..., service]
    moved = np.minimum(points(geography) / 100 * user_oriented, _LARGEST_PART * education[..., without])
    outside = ~np.isin(geography.current, list(starts(WITH_EFFECT)))
    weights = np.where(outside[:, None], education[..., gaining], 0)
    moved = moved - weights * (moved.sum(axis=0) / weights.sum(axis=0))
    changed = education.copy()
    changed[..., without] -= moved
    changed[..., gaining] += moved
    return changed


@dataclass(frozen=True)
class Truth:
    """What was planted, as an estimate without chance would find it.

    Attributes:
        overall: mean over the years from the start on, in the unit of the indicator.
        by_event: the same by years since the start.
    """

    overall: float
    by_event: dict[int, float]


def truth(
    programme: str, with_it: Floats, without_it: Floats, codes: Texts, years: tuple[int, int], longest: int
) -> Truth:
    """The planted effect as a difference in differences between the world with it and the world without.

    For each cohort and year: the mean difference between the worlds among participants less that among those in no
    programme, since the year before the start; cells weigh as their participants do (Callaway and Sant'Anna 2021).

    Args:
        programme: whose effect.
        with_it: an indicator in the world with the effect; shape (today's municipalities, table years).
        without_it: the same in the world without.
        codes: today's code of each row.
        years: first start and last year that count.
        longest: years since the start that are followed.
    """
    begun, anyone = starts(programme), {one.region_code for one in participants()}
    first = np.array([begun.get(str(code), 0) for code in codes])
    in_none = np.array([str(code) not in anyone for code in codes])
    differs = with_it - without_it
    cells: list[tuple[int, int, float]] = []
    for cohort in sorted(year for year in set(begun.values()) if year >= years[0]):
        base = differs[:, TABLE_YEARS.index(cohort - 1)]
        for year in range(cohort, min(years[1], cohort + longest) + 1):
            change = differs[:, TABLE_YEARS.index(year)] - base
            effect = float(change[first == cohort].mean() - change[in_none].mean())
            cells.append((year - cohort, int((first == cohort).sum()), effect))
    return Truth(_mean(cells), {since: _mean([c for c in cells if c[0] == since]) for since in {c[0] for c in cells}})


def _mean(cells: list[tuple[int, int, float]]) -> float:
    """Mean of the effects (last), weighted by participants (second)."""
    return float(np.average([effect for _, _, effect in cells], weights=[number for _, number, _ in cells]))
