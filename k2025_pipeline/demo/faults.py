"""The faults of real data that the demo tables have, and how they are put there.

Belongs here: symbols, missing reports, hidden cells and odd values.
Does not belong here: the figures themselves.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from k2025_pipeline.demo.geography import Floats, Geography, Regions, band_populations, stream
from k2025_pipeline.demo.users import TABLE_YEARS

Symbols = npt.NDArray[np.uint8]
SYMBOLS = ("", ".", "..", ":")
NOT_VALID, NOT_AVAILABLE, HIDDEN = 1, 2, 3
"""Positions in `SYMBOLS`."""

FAULTS = {
    "code not valid": "A region code outside its years of validity has no figure and the symbol '.'.",
    "not reported": "About 1 % of municipality-years did not report: '..' in every care table, though "
    "country, county and group figures include them. More of them in the last year of the unrevised edition.",
    "no figures for Longyearbyen": "2111 has '..' everywhere in KOSTRA tables.",
    "hidden cells": "One to four users in a municipality are hidden with ':', and shares built on them too; "
    "further cells are hidden so that no total gives one of them away.",
    "zero that means missing": "12293 occupancy of Oslo (0301) is 0 from 2018, which is no occupancy at all.",
    "negative spending": "Spending on institutions in Leka (5052) is negative in 2024 and 2025: per day in 12209, and "
    "of function 253 in 12367.",
    "absent rows": "11875 does not list municipalities without institutions, nor their earlier codes.",
    "function not in use": "11996 function 256 has '.' before 2017; 12367 has '.' for 254 after 2023, and for 257 and "
    "258 before 2024.",
    "rounding": "Every cell is rounded by itself, so parts differ a little from their totals.",
    "broken history": "agg_KommSummer has '.' before a split (Ålesund and Haram before 2024; Narvik, "
    "Hamarøy, Heim, Hitra and Orkland before 2020).",
    "sickness absence of few": "12451 hides (':') rates of fewer than 120 inhabitants of working age, "
    "of both sexes at once.",
    "sickness absence not given": "12451 has '..' in about 0.2 % of municipality-quarters.",
    "two editions": "The unrevised last year differs by a few per cent in some 15 % of municipalities.",
}
"""Every fault with its explanation."""

FEWEST_SHOWN = 5
OSLO, OSLO_ZERO_FROM = "0301", 2018
LEKA, LEKA_PER_DAY = "5052", {2024: -2150, 2025: -1840}
LONGYEARBYEN = "2111"
WITHOUT_INSTITUTION = 27
_NOT_REPORTED = 0.01
_NOT_REPORTED_LAST_YEAR = {"revised": 0.012, "unrevised": 0.04}
_DISTURBED = 0.15
_DISTURBANCE = 0.03


@dataclass(frozen=True)
class Faults:
    """The faults of one edition.

    Attributes:
        not_reported: municipality codes without a report, by year.
        factor: what the atoms' figures are multiplied by; shape (atoms, years).
    """

    not_reported: dict[int, frozenset[str]]
    factor: Floats


def draw(geography: Geography, edition: str) -> Faults:
    """Draw the edition's faults; the years before the last are the same in both editions."""
    always_reporting = {OSLO, LEKA}
    missing: dict[int, frozenset[str]] = {}
    for number, year in enumerate(TABLE_YEARS):
        codes = np.unique(geography.code[:, number])
        last = year == TABLE_YEARS[-1]
        share = _NOT_REPORTED_LAST_YEAR[edition] if last else _NOT_REPORTED
        drawn = codes[stream(f"not reported {year}").random(len(codes)) < share]
        missing[year] = frozenset(drawn.tolist()) - always_reporting
    return Faults(missing, _factor(geography, edition))


def _factor(geography: Geography, edition: str) -> Floats:
    factor = np.ones((len(geography.code), len(TABLE_YEARS)))
    if edition == "unrevised":
        current, owner = np.unique(geography.current, return_inverse=True)
        random = stream("disturbance")
        changed = random.random(len(current)) < _DISTURBED
        factor[:, -1] = np.where(changed, random.normal(1, _DISTURBANCE, len(current)), 1)[owner]
    return factor


def region_symbols(regions: Regions, faults: Faults) -> Symbols:
    """The symbol that a whole region-year has; shape (regions, years)."""
    symbols = np.where(regions.exists(len(TABLE_YEARS)), 0, NOT_VALID).astype(np.uint8)
    for number, year in enumerate(TABLE_YEARS):
        rows = [regions.position(code) for code in faults.not_reported[year]]
        symbols[rows, number] = NOT_AVAILABLE
    if LONGYEARBYEN in regions.codes:
        symbols[regions.position(LONGYEARBYEN)] = NOT_AVAILABLE
    return symbols


def hide_small(counts: Floats, regions: Regions) -> npt.NDArray[np.bool_]:
    """Which counts must be hidden: 1 to 4 persons in a municipality; shape of `counts` (regions first)."""
    municipality = np.array([len(code) == 4 and code.isdecimal() for code in regions.codes])
    small = (counts > 0) & (counts < FEWEST_SHOWN)
    return np.asarray(small & municipality.reshape(-1, *[1] * (counts.ndim - 1)))


def places_regions(geography: Geography, regions: Regions) -> list[int]:
    """Positions of the regions that table 11875 lists: not the small municipalities without institutions."""
    size = {code: people[1].sum() for code, people in band_populations().items()}
    smallest = sorted(size, key=lambda code: (size[code], code))
    without = set(smallest[::2][:WITHOUT_INSTITUTION]) - {LEKA}
    paths = zip(geography.code.tolist(), geography.current.tolist(), strict=True)
    kept = {code for path, now in paths if now not in without for code in path}
    return [number for number, code in enumerate(regions.codes) if code in kept or code.startswith("E")]
