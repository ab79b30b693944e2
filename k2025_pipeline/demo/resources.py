"""Generated staff, physicians, places and spending, by atom and year.

Belongs here: what municipalities put in. Does not belong here: persons who receive (`users`).
Full-time equivalents (FTE) are agreed FTE at the end of the year; money is NOK.
Arrays start with (atoms, 11 years).
"""

from dataclasses import dataclass

import numpy as np

from k2025_pipeline.demo import programmes
from k2025_pipeline.demo.geography import Floats, Geography, stream
from k2025_pipeline.demo.users import TABLE_YEARS, Users

EDUCATION = (
    "Sykepleiere",
    "Vernepleiere",
    "Helsefagarbeidere",
    "Aktivitører",
    "Barne- og ungdomsarbeidere",
    "Ergoterapeuter",
    "Barnevernspedagoger",
    "Miljøterapeuter",
    "Sosionomer",
    "Pleieassistenter med annen helseutdanning",
    "Pleieassistenter uten helse- og sosialfaglig utdanning",
    "Service og administrativt personell",
)
PUBLISHED_FTE_2021 = (32266, 9460, 50095, 851, 1848, 1325, 1302, 4788, 2077, 5894, 34025, 4889)
"""FTE in care services 2021, in the order of `EDUCATION`; sum 148 820.

Source: Opptrappingsplan for heltid og god bemanning i omsorgstjenesten, lines 192–247.
"""
FTE_TOTAL = (130000, 133200, 136600, 140161, 144371, 146500, 148820, 151935, 157076, 160000, 163000)
"""FTE in care services, 2015–2025.

2015 (about) and 2021: the same plan, line 191. 2022 and 2023: Statistics Norway, care statistics of June 2023
and 2024, whose growth 2018–2022 (8.4 %) and 2019–2023 (8.8 %) gives 2018 and 2019. The rest is assumed.
"""
EDUCATED_SHARE = (73.2, 73.5, 73.8, 74.2, 74.6, 74.9, 74.8, 74.4, 73.7, 72.7, 72.4)
"""Per cent of user-oriented FTE with health education. 2020–2025 as published in table 12209."""
HEALTH_AND_CARE_FTE = (282.0, 287.0, 291.5, 296.0, 299.5, 303.3, 307.7, 309.7, 316.8, 321.6, 325.1)
"""FTE in health and care per 10 000 inhabitants. 2020–2025 as published in table 12209."""
SPENDING = (22100, 23300, 24600, 25900, 27300, 28598, 32500, 33813, 36851, 37333, 39197)
"""NOK on health and care per inhabitant. 2020–2025 as published by Statistics Norway (12209)."""
SPENDING_PER_DAY = (3010, 3190, 3380, 3570, 3780, 3986, 4347, 4652, 5156, 5198, 5543)
"""NOK per day in institutions. 2020–2025 as published by Statistics Norway (12209)."""
PHYSICIANS = (10.0, 10.3, 10.6, 10.9, 11.2, 11.5, 11.8, 12.1, 12.6, 12.8, 12.8)
"""Agreed physician FTE per 10 000 inhabitants. 2020–2025 as published by Statistics Norway."""
PHYSICIAN_HOURS = (0.52, 0.54, 0.55, 0.57, 0.58, 0.60, 0.61, 0.63, 0.66, 0.68, 0.70)
"""Physician hours per week and resident; round to the published 0.6 and 0.7 in 2020–2025."""
OCCUPATION_SHARES = (17.3, 2.2, 28.5, 31.2, 5.4, 6.4, 3.1, 0.6, 1.2, 1.0, 1.7, 0.8, 0.3, 0.3)
"""Per cent of FTE by the 14 occupations of table 14533; assumed."""
PHYSICIAN_FUNCTIONS = ("120", "232", "233", "241", "256")
_FUNCTION_SHARES = (0.018, 0.047, 0.02, 0.895, 0.02)
_FIXED_SALARY = (0.97, 0.90, 0.90, 0.28, 0.95)
_FIXED_SALARY_INSTITUTION = 0.85
FIRST_YEAR_OF_256 = 2017
HEALTH_WORKER, THERAPIST, ASSISTANT_WITHOUT, SERVICE = 2, 7, 10, 11
"""Positions in `EDUCATION`."""
THERAPIST_NOT_HEALTH = 0.47
"""Part of Miljøterapeuter counted as without health education, so that 2021 gives the published 74.8 %."""
HIGHER_EDUCATION = (0, 1, 5, 6, 8)
UPPER_SECONDARY = (2, 3, 4, 9)
_YEARLY_DRIFT = np.array([0.994, 1.012, 0.997, 0.97, 1.01, 1.02, 1.0, 1.012, 1.008, 0.992])
_CARE_INTENSITY = np.array([0.62, 0.45, 0.42, 0.45, 0.70])
_STAY_DAYS = 365 * 0.93
_PLACES_PER_RESIDENT = 1.03
HOURS_PER_FTE = 37.5
PLACE_KINDS = (0.27, 1.0, 0.035, 0.22, 0.94)
"""Places by kind, per place: dementia, all, rehabilitation, time-limited, nursing homes."""


@dataclass(frozen=True)
class Resources:
    """What the municipalities put in; the first axes are (atoms, years).

    Attributes:
        education: FTE in care by education group (`EDUCATION`); (..., 12).
        occupation: FTE in care by occupation; (..., 14), the same sum.
        other_fte: FTE in health services outside care.
        physicians: FTE by function (120, 232, 233, 241, 256, 253) and form (salary, agreement); (..., 6, 2).
        spending: NOK on health and care.
        institution_spending: NOK on institutions.
        days: days of stay in institutions.
        places: places in institutions by kind; (..., 5).
    """

    education: Floats
    occupation: Floats
    other_fte: Floats
    physicians: Floats
    spending: Floats
    institution_spending: Floats
    days: Floats
    places: Floats


def national_education() -> Floats:
    """FTE in care services in the country; shape (years, 12).

    Exactly the published table in 2021 and `FTE_TOTAL` in every year. Groups drift slowly from 2021;
    assistants without education fill what `EDUCATED_SHARE` leaves.
    """
    base = np.array(PUBLISHED_FTE_2021, dtype=float)
    away = np.array(TABLE_YEARS)[:, None] - 2021
    total = np.array(FTE_TOTAL, dtype=float)
    service = np.rint(total * base[SERVICE] / base.sum())
    user_oriented = total - service
    mix = base[:ASSISTANT_WITHOUT] * _YEARLY_DRIFT**away
    educated = mix.sum(axis=1) - THERAPIST_NOT_HEALTH * mix[:, THERAPIST]
    groups = np.rint(mix * (user_oriented * np.array(EDUCATED_SHARE) / 100 / educated)[:, None])
    groups[TABLE_YEARS.index(2021)] = base[:ASSISTANT_WITHOUT]
    without = user_oriented - groups.sum(axis=1)
    return np.column_stack([groups, without, service])


def educated(education: Floats) -> tuple[Floats, Floats]:
    """User-oriented FTE with (higher, upper secondary) health education; groups on the last axis."""
    higher = education[..., HIGHER_EDUCATION].sum(axis=-1)
    higher = higher + (1 - THERAPIST_NOT_HEALTH) * education[..., THERAPIST]
    return higher, education[..., UPPER_SECONDARY].sum(axis=-1)


def generate(
    geography: Geography, people: Floats, users: Users, factor: Floats, with_programmes: bool = True
) -> Resources:
    """Resources by atom.

    Args:
        geography: the atoms.
        people: persons at the end of each year; shape (atoms, years).
        users: persons who receive services, before any disturbance.
        factor: multiplies everything; shape (atoms, years). All 1 in the revised edition.
        with_programmes: whether the invented programme with an effect has had it.
    """
    residents = (users.long_stay + users.short_stay).sum(axis=2).astype(float)
    education = _education(geography, users) * factor[:, :, None]
    if with_programmes:
        education = programmes.planted(geography, education, ASSISTANT_WITHOUT, HEALTH_WORKER, SERVICE)
    care = education.sum(axis=2)
    country = people.sum(axis=0)
    undisturbed = care / factor
    others = np.array(HEALTH_AND_CARE_FTE) / 1e4 * country - np.array(FTE_TOTAL)
    days = residents * _STAY_DAYS * _noise("days", 0.03, care.shape)
    cost = _noise("cost", 0.10, (len(care), 1)) * _noise("yearly cost", 0.02, care.shape)
    inst = _spread(days * cost, np.array(SPENDING_PER_DAY) * days.sum(axis=0))
    money = _spread(undisturbed + 0.01 * people, np.array(SPENDING) * country)
    places = np.rint(
        residents
        * _PLACES_PER_RESIDENT
        * _noise("places", 0.06, (len(care), 1))
        * _noise("yearly places", 0.01, care.shape)
    )
    kinds = _noise("kinds", 0.15, (len(care), 1, len(PLACE_KINDS))) * (np.array(PLACE_KINDS) < 1) + (
        np.array(PLACE_KINDS) == 1
    )
    return Resources(
        education=education,
        occupation=_occupation(care),
        other_fte=_spread(people * _noise("other", 0.10, (len(care), 1)), others) * factor,
        physicians=_physicians(people, residents) * factor[:, :, None, None],
        spending=money * factor,
        institution_spending=inst * factor,
        days=np.rint(days * factor),
        places=np.minimum(np.rint(places[:, :, None] * np.array(PLACE_KINDS) * kinds), places[:, :, None]),
    )


def _noise(name: str, spread: float, shape: tuple[int, ...]) -> Floats:
    return stream(name).lognormal(0, spread, shape)


def _spread(weights: Floats, totals: Floats) -> Floats:
    """Divide totals over atoms: (atoms, ...) weights and (...) totals → (atoms, ...)."""
    return np.asarray(weights * (totals / weights.sum(axis=0)))


def _education(geography: Geography, users: Users) -> Floats:
    atoms = len(geography.code)
    need = (users.services * _CARE_INTENSITY).sum(axis=2) + 0.5
    staffing = _noise("staffing", 0.10, (atoms, 1)) * _noise("yearly staffing", 0.02, need.shape)
    mix = _noise("mix", 0.12, (atoms, 1, len(EDUCATION))) * _noise("yearly mix", 0.02, (*need.shape, len(EDUCATION)))
    return _spread((need * staffing)[:, :, None] * mix, national_education())


def _occupation(care: Floats) -> Floats:
    kinds = len(OCCUPATION_SHARES)
    lasting = _noise("occupation", 0.12, (len(care), 1, kinds))
    shares = np.array(OCCUPATION_SHARES) * lasting * _noise("yearly occupation", 0.02, (*care.shape, kinds))
    return np.asarray(care[:, :, None] * shares / shares.sum(axis=2, keepdims=True))


def _physicians(people: Floats, residents: Floats) -> Floats:
    country = people.sum(axis=0)
    institution = np.array(PHYSICIAN_HOURS) * residents.sum(axis=0) / HOURS_PER_FTE
    rest = np.array(PHYSICIANS) / 1e4 * country - institution
    open_256 = np.array(TABLE_YEARS) >= FIRST_YEAR_OF_256
    weights = people[:, :, None] * _noise("physicians", 0.15, (len(people), 1, len(PHYSICIAN_FUNCTIONS)))
    shares = np.array(_FUNCTION_SHARES) * np.where(open_256[:, None], 1, np.array(PHYSICIAN_FUNCTIONS) != "256")
    shares = shares / shares.sum(axis=1, keepdims=True)
    functions = _spread(weights, rest[:, None] * shares)
    in_homes = _spread(residents * _noise("homes", 0.15, (len(people), 1)), institution)
    fte = np.concatenate([functions, in_homes[:, :, None]], axis=2)
    fixed = np.array([*_FIXED_SALARY, _FIXED_SALARY_INSTITUTION])
    return np.stack([fte * fixed, fte * (1 - fixed)], axis=3)
