"""The generated population: persons by atom, year, sex and one-year age on 1 January.

Belongs here: the population and the whole-number division used for persons.
Does not belong here: users and staff.
"""

import numpy as np

from k2025_pipeline.demo.geography import FIRST_YEAR, YEARS, Floats, Geography, Ints, read_rows, stream

AGES = 106
BANDS = ("0-49", "50-66", "67-79", "80-89", "90+")
BAND_OF_AGE = np.searchsorted([50, 67, 80, 90], np.arange(AGES), side="right")
"""Position in `BANDS` of every age."""

PUBLISHED_USERS = {
    2015: (69994, 37701, 50383, 79571, 37550),
    2017: (73602, 39543, 53814, 77510, 37832),
    2019: (76473, 40512, 55053, 74919, 37203),
    2021: (80926, 41646, 59351, 75607, 38326),
}
"""Users of care services by age band on 31 December.

Source: Opptrappingsplan for heltid og god bemanning i omsorgstjenesten, lines 36–150.
"""
PUBLISHED_FREQUENCY = {
    2015: (2.1, 3.5, 9.6, 45.2, 85.4),
    2017: (2.2, 3.6, 9.5, 43.5, 84.7),
    2019: (2.2, 3.6, 9.2, 40.4, 82.3),
    2021: (2.4, 3.6, 9.4, 39.0, 82.3),
}
"""Users in per cent of the population of the band, one decimal. Source: the same lines."""
_HALF_STEP = 0.05
_MARGIN = 0.005


def apportion(expected: Floats, totals: Floats) -> Ints:
    """Whole numbers in proportion to `expected` with the given sums (largest remainder).

    Args:
        expected: non-negative weights; shape (parts, ...).
        totals: whole numbers; shape (...).
    """
    scaled = expected * (totals / np.maximum(expected.sum(axis=0), 1e-12))
    whole = np.floor(scaled)
    left = np.rint(totals - whole.sum(axis=0))
    rank = np.argsort(np.argsort(whole - scaled, axis=0, kind="stable"), axis=0, kind="stable")
    return (whole + (rank < left)).astype(np.int64)


def apportion_below(expected: Floats, totals: Floats, most: Ints) -> Ints:
    """As `apportion`, but no part is above `most`: what it cannot take goes to the others in proportion.

    Raises:
        ValueError: all parts together cannot take a total.
    """
    if (most.sum(axis=0) < totals).any():
        raise ValueError("The totals are more than the parts can take")
    scaled = expected * (totals / np.maximum(expected.sum(axis=0), 1e-12))
    while (scaled > most).any():
        full = scaled >= most
        taken = np.where(full, most, 0)
        free = np.where(full, 0, scaled)
        scaled = taken + free * ((totals - taken.sum(axis=0)) / np.maximum(free.sum(axis=0), 1e-12))
    return apportion(scaled, totals)


def national() -> Ints:
    """Persons in the country; shape (years, 2 sexes with women first, ages).

    The real profile, moved by band so that users in per cent of it round to the published frequencies.
    """
    rows = read_rows("population_profile.csv")
    profile = np.array([[float(row[str(year)]) for year in YEARS] for row in rows])
    profile = profile.T.reshape(len(YEARS), 2, AGES)
    return np.rint(profile * _correction(by_band(profile.sum(axis=1)))[:, None, BAND_OF_AGE]).astype(np.int64)


def by_band(by_age: Floats) -> Floats:
    """Sum one-year ages (last axis) to the five bands."""
    starts = np.searchsorted(BAND_OF_AGE, np.arange(len(BANDS)))
    return np.add.reduceat(by_age, starts, axis=-1)


def _correction(bands: Floats) -> Floats:
    """Factor by year and band: as near 1 as the frequencies allow where known, straight between."""
    known = sorted(PUBLISHED_USERS)
    factors = []
    for year in known:
        users, frequency = np.array(PUBLISHED_USERS[year]), np.array(PUBLISHED_FREQUENCY[year])
        population = bands[year + 1 - FIRST_YEAR]
        low = 100 * users / (frequency + _HALF_STEP - _MARGIN)
        high = 100 * users / (frequency - _HALF_STEP + _MARGIN)
        factors.append(np.clip(population, low, high) / population)
    at = [year + 1 for year in known]
    return np.stack([np.interp(YEARS, at, column) for column in np.transpose(factors)], axis=1)


def generate(geography: Geography) -> Ints:
    """Persons by atom; shape (atoms, years, sexes, ages). Sums over atoms are `national`, exactly."""
    bands = geography.people[:, :, BAND_OF_AGE]
    atoms = len(geography.code)
    cohort = stream("cohorts").lognormal(0, 0.12, (atoms, len(YEARS) + AGES))
    born = np.arange(len(YEARS))[:, None] - np.arange(AGES)[None, :] + AGES
    share = bands * cohort[:, born]
    share *= (bands.sum(axis=2, keepdims=True)) / share.sum(axis=2, keepdims=True)
    expected = np.repeat(share[:, :, None, :], 2, axis=2)
    return apportion(expected, national().astype(float))
