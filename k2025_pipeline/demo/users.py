"""Generated users of care services, by atom, year and age band on 31 December.

Belongs here: persons who receive services. Does not belong here: staff, money and places (`resources`).
Shapes: (atoms, 11 years 2015–2025, 5 age bands).
"""

from dataclasses import dataclass, fields

import numpy as np

from k2025_pipeline.demo.geography import Floats, Geography, Ints, stream
from k2025_pipeline.demo.population import BANDS, PUBLISHED_USERS, apportion, apportion_below

TABLE_YEARS = tuple(range(2015, 2026))
HOME_CARE_80 = (33.0, 32.2, 31.4, 30.6, 29.7, 28.9, 28.6, 27.7, 26.9, 25.9, 24.8)
"""Per cent of inhabitants 80+ with home care. 2020–2025 as published in table 12209, before: assumed."""
INSTITUTION_80 = (13.6, 13.2, 12.8, 12.3, 11.9, 11.4, 11.0, 10.6, 10.1, 9.4, 9.0)
"""Per cent of inhabitants 80+ in institutions. 2020–2025 as published in table 12209, before: assumed."""
_YEARLY_FREQUENCY_CHANGE = np.array([1.015, 1.0, 0.995, 0.98, 0.99])
_HOME_CARE_UNDER_80 = np.array([0.62, 0.68, 0.66])
_LONG_STAY_UNDER_80 = np.array([0.004, 0.04, 0.11])
_SHORT_STAY_UNDER_80 = np.array([0.003, 0.02, 0.045])
_LONG_STAY_OF_80 = 0.845
_HOME_HEALTH_OF_HOME_CARE = 0.916
_ACTIVITY_OF_USERS = np.array([0.30, 0.22, 0.16, 0.20, 0.17])
_DAY_ACTIVITY_67_79 = 0.007
_MOST_FREQUENT = 0.97
"""The largest part of an atom's age band that may use services."""
_OVER_80 = slice(3, 5)
_UNDER_80 = slice(0, 3)


@dataclass(frozen=True)
class Users:
    """Persons on 31 December; arrays of shape (atoms, years, bands).

    Attributes:
        services: users of any care service.
        home_care: users of home care; those with health services at home are part of them.
        home_health: users of health services at home.
        long_stay: residents on long stay in institutions.
        short_stay: residents on time-limited stay in institutions.
        activity: users of activity and support services.
        day_activity: users of day activity; only the band 67–79.
    """

    services: Ints
    home_care: Ints
    home_health: Ints
    long_stay: Ints
    short_stay: Ints
    activity: Ints
    day_activity: Ints

    def disturbed(self, factor: Floats) -> "Users":
        """The same with every array multiplied by a factor per atom and year and rounded."""
        return Users(
            *(np.rint(getattr(self, part.name) * factor[:, :, None]).astype(np.int64) for part in fields(self))
        )


def national_users(population: Floats) -> Floats:
    """Users of any service in the country; shape (years, bands).

    Published numbers in 2015, 2017, 2019 and 2021, straight lines between, the frequency's trend after.

    Args:
        population: persons at the end of each year by band; shape (years, bands).
    """
    known = sorted(PUBLISHED_USERS)
    columns = np.transpose([PUBLISHED_USERS[year] for year in known])
    users = np.stack([np.interp(TABLE_YEARS, known, column) for column in columns], axis=1)
    last = TABLE_YEARS.index(known[-1])
    for year in range(last + 1, len(TABLE_YEARS)):
        users[year] = users[year - 1] * population[year] / population[year - 1] * _YEARLY_FREQUENCY_CHANGE
    return np.rint(users)


def _over_80(percent: tuple[float, ...], population: Floats, weights: tuple[float, float]) -> Floats:
    """Persons 80–89 and 90+ that together are the given per cent of inhabitants 80+; shape (years, 2)."""
    old = population[:, _OVER_80]
    weighted = old * np.array(weights)
    total = np.array(percent)[:, None] / 100 * old.sum(axis=1, keepdims=True)
    return np.asarray(weighted / weighted.sum(axis=1, keepdims=True) * total)


def generate(geography: Geography, population: Floats) -> Users:
    """Users by atom, before any disturbance.

    Args:
        geography: the atoms.
        population: persons at the end of each year; shape (atoms, years, bands).
    """
    country = population.sum(axis=0)
    users = national_users(country)
    home_care = np.hstack([users[:, _UNDER_80] * _HOME_CARE_UNDER_80, _over_80(HOME_CARE_80, country, (0.23, 0.45))])
    residents_80 = _over_80(INSTITUTION_80, country, (0.08, 0.25))
    long_stay = np.hstack([users[:, _UNDER_80] * _LONG_STAY_UNDER_80, residents_80 * _LONG_STAY_OF_80])
    short_stay = np.hstack([users[:, _UNDER_80] * _SHORT_STAY_UNDER_80, residents_80 * (1 - _LONG_STAY_OF_80)])
    only_67_79 = np.arange(len(BANDS)) == 2
    propensity = population * _lognormal("propensity", 0.12, geography)[:, :, None]
    most = np.floor(population * _MOST_FREQUENT).astype(np.int64)
    services = apportion_below(propensity, users, most)
    care = _divided("home care", services, home_care)
    return Users(
        services=services,
        home_care=care,
        home_health=apportion(care.astype(float), np.rint(care.sum(axis=0) * _HOME_HEALTH_OF_HOME_CARE)),
        long_stay=_divided("long stay", services, long_stay),
        short_stay=_divided("short stay", services, short_stay),
        activity=_divided("activity", services, users * _ACTIVITY_OF_USERS),
        day_activity=_divided("day activity", services, country * _DAY_ACTIVITY_67_79 * only_67_79),
    )


def _lognormal(name: str, spread: float, geography: Geography) -> Floats:
    """A lasting difference between atoms with a little change from year to year; shape (atoms, years)."""
    random = stream(name)
    lasting = random.normal(0, spread, (len(geography.code), 1))
    yearly = random.normal(0, spread / 5, (len(geography.code), len(TABLE_YEARS)))
    return np.exp(lasting + yearly)


def _divided(name: str, services: Ints, totals: Floats) -> Ints:
    """National totals divided in proportion to users with a lasting difference between atoms."""
    lasting = stream(name).lognormal(0, 0.08, (len(services), 1, 1))
    return apportion(services * lasting, np.rint(totals))
