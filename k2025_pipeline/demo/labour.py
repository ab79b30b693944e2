"""The demo tables of employees by occupation (11658) and of the population's level of education (09429).

Belongs here: their codes, labels and generated figures. Does not belong here: sickness absence
(`sickness_absence`) and staff of the care services (`resources`).

Levels, growth and the differences between groups are assumed; position sizes of 2021 are published, see below.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from k2025_pipeline.demo import geography as geo
from k2025_pipeline.demo.faults import HIDDEN, NOT_VALID
from k2025_pipeline.demo.geography import Floats, Geography, Ints, stream
from k2025_pipeline.demo.jsonstat_writer import Dimension, Measure, Table
from k2025_pipeline.demo.population import apportion
from k2025_pipeline.demo.resources import HOURS_PER_FTE
from k2025_pipeline.demo.sickness_absence import QUARTERS, SEXES, with_total
from k2025_pipeline.demo.suppression import hide_in_table
from k2025_pipeline.demo.users import TABLE_YEARS


@dataclass(frozen=True)
class Occupation:
    """One occupation in the country, fourth quarter of 2021.

    Attributes:
        label: its label. employees: persons. women: their part. position: mean position size in per cent.
        wage: monthly wage. under_40: part of employees. growth: of employees a year. summer: employees of the third
            quarter, relative.
    """

    label: str
    employees: int
    women: float
    position: float
    wage: int
    under_40: float
    growth: float
    summer: float = 1.0


OCCUPATIONS: Mapping[str, Occupation] = {
    "0-9": Occupation("Alle yrker", 2_650_000, 0.48, 86.0, 46_500, 0.45, 1.010),
    "2221": Occupation("Spesialsykepleiere", 38_500, 0.88, 91.5, 53_800, 0.38, 1.012),
    "2223": Occupation("Sykepleiere", 69_000, 0.87, 89.5, 46_900, 0.53, 1.013),
    "2224": Occupation("Vernepleiere", 17_200, 0.80, 93.8, 45_700, 0.54, 1.025),
    "5321": Occupation("Helsefagarbeidere", 93_000, 0.88, 79.2, 39_900, 0.36, 1.012),
    "5322": Occupation("Hjemmehjelper", 7_800, 0.82, 63.7, 37_300, 0.40, 0.985, 1.05),
    "5329": Occupation("Andre pleiemedarbeidere", 96_000, 0.74, 54.1, 36_600, 0.60, 1.018, 1.09),
}
"""Published are the position sizes of nurses (89.5), social educators (93.8), health workers (79.2), assistants with
other health education (63.7, taken for 5322) and without any (54.1, taken for 5329): FTE by employed in care services
2021, Opptrappingsplan for heltid og god bemanning i omsorgstjenesten, lines 192–247. All else is assumed."""
AGES = {"999D": "Alle aldre", "0-39": "0-39 år", "40-54": "40-54 år", "55+": "55 år eller eldre"}
_MIDDLE_OF_OLDER = 0.57
_MEAN_AGE = np.array([29.4, 47.1, 60.2])
_HOURS_BY_AGE = np.array([0.96, 1.05, 1.0])
_HOURS_BY_SEX = np.array([1.04, 0.99])
_WAGE_BY_AGE = np.array([0.95, 1.03, 1.04])
_WAGE_BY_SEX = np.array([1.02, 0.995])
_YEARLY_WAGE = 1.039
_YEARLY_HOURS = 1.003
_MEASURES_11658 = [
    Measure("Lonsstakere", "Lønnstakere", "personer", 0),
    Measure("MedianMndLonn", "Median månedslønn (kr)", "kr", 0),
    Measure("GjsnAlder", "Gjennomsnittsalder (år)", "år", 1),
    Measure("GjAvtArbtid", "Gjennomsnittlig avtalt arbeidstid per uke (timer)", "timer", 1),
]


def table_11658() -> Table:
    """Employees, wage, age and agreed hours in the country by occupation, sex, age and quarter."""
    values = np.stack([_of_occupation(occupation) for occupation in OCCUPATIONS.values()])
    labels = {code: occupation.label for code, occupation in OCCUPATIONS.items()}
    return Table(
        "11658",
        "11658: Lønnstakere, jobber og lønn, etter yrke, kjønn, alder, statistikkvariabel og kvartal",
        [
            Dimension("Yrke", "yrke", labels),
            Dimension("Kjonn", "kjønn", SEXES, elimination=True),
            Dimension("Alder", "alder", AGES, elimination=True),
        ],
        None,
        _MEASURES_11658,
        QUARTERS,
        "31.12",
        values,
        np.zeros(values.shape, dtype=np.uint8),
    )


def _of_occupation(occupation: Occupation) -> Floats:
    """Figures of one occupation; shape (3 sexes, 4 ages, 4 measures, quarters). Totals come first on both axes.

    Means of a total are weighted by employees; its wage is the weighted mean of medians, near enough for a demo.
    """
    years = (np.arange(len(QUARTERS)) - QUARTERS.index("2021K4")) / 4
    season = np.array([1.0, 1.0, occupation.summer, 1.0])[np.arange(len(QUARTERS)) % 4]
    older = 1 - occupation.under_40
    ages = [occupation.under_40, older * _MIDDLE_OF_OLDER, older * (1 - _MIDDLE_OF_OLDER)]
    shares = np.outer([1 - occupation.women, occupation.women], ages)
    total = np.rint(occupation.employees * occupation.growth**years * season)
    employees = apportion(np.repeat(shares.reshape(6, 1), len(QUARTERS), axis=1), total).reshape(2, 3, -1)
    hours = HOURS_PER_FTE * occupation.position / 100 * _YEARLY_HOURS**years
    leaves = [
        _around(occupation.wage * _YEARLY_WAGE**years, np.outer(_WAGE_BY_SEX, _WAGE_BY_AGE), shares),
        np.broadcast_to(_MEAN_AGE[None, :, None], employees.shape),
        _around(hours, np.outer(_HOURS_BY_SEX, _HOURS_BY_AGE), shares),
    ]
    persons = _with_totals(employees.astype(float))
    means = [_with_totals(leaf * employees) / persons for leaf in leaves]
    return np.stack([persons, *means], axis=2)


def _around(level: Floats, factors: Floats, shares: Floats) -> Floats:
    """`level` (quarters) by sex and age in proportion to `factors`, with the weighted mean kept."""
    return np.asarray((factors / (factors * shares).sum())[..., None] * level)


def _with_totals(leaves: Floats) -> Floats:
    """Both sexes and all ages put first on the first two axes."""
    return with_total(with_total(leaves, axis=1), axis=0)


LEVELS = {
    "00": "Alle utdanningsnivåer",
    "01": "Grunnskolenivå",
    "02a": "Videregående skolenivå",
    "11": "Fagskolenivå",
    "03a": "Universitets- og høgskolenivå kort",
    "04a": "Universitets- og høgskolenivå lang",
    "09a": "Uoppgitt eller ingen fullført utdanning",
}
EDUCATION_YEARS = TABLE_YEARS[:-1]
_FIRST_SHARES = np.array([26.6, 39.5, 2.7, 22.9, 8.6, 0.7])
_LAST_SHARES = np.array([24.2, 35.9, 3.4, 25.4, 11.4, 0.7])
"""Per cent of persons of 16 and over by level, 2015 and 2024; assumed."""
_YOUNGEST = 16
_PULL = np.array([-0.5, -0.15, -0.1, 0.45, 1.1, 0.0])
"""How strongly a municipality's leaning towards long education moves each level."""
_LEANING, _LEANING_OF_CENTRES = 0.22, 0.16
_SEX_FACTORS = np.array([[0.97, 0.89, 0.55, 1.25, 1.02, 0.95], [1.03, 1.11, 1.45, 0.76, 0.98, 1.05]])
"""Women, men."""


def table_09429(geography: Geography, persons: Ints) -> Table:
    """Persons of 16 and over by level of education and sex on 1 October; codes valid in their year.

    Args:
        geography: the atoms. persons: population; shape (atoms, 12 years, 2 sexes with women first, ages).
    """
    years = len(EDUCATION_YEARS)
    regions = geo.plain_regions(geography, years)
    found = _by_level(geography, persons[:, 1 : years + 1, :, _YOUNGEST:].sum(axis=3))
    summed = regions.sum_over(found[:, :, ::-1]).transpose(0, 3, 2, 1)
    counts = with_total(with_total(summed, axis=1), axis=2)
    with np.errstate(invalid="ignore"):
        shares = 100 * counts / counts[:, :1]
    values = np.stack([counts, shares], axis=3)
    whole = np.where(regions.exists(years), 0, NOT_VALID).astype(np.uint8)
    by_year = np.moveaxis(counts, -1, 1)
    hidden = np.moveaxis(hide_in_table(by_year, regions, whole, both=True), 1, -1)[:, :, :, None]
    symbols = np.broadcast_to(whole[:, None, None, None, :], values.shape)
    return Table(
        "09429",
        "09429: Utdanningsnivå, etter region, nivå, kjønn, statistikkvariabel og år",
        [
            Dimension("Region", "region", regions.labels, elimination=True),
            Dimension("Nivaa", "utdanningsnivå", LEVELS, elimination=True),
            Dimension("Kjonn", "kjønn", SEXES, elimination=True),
        ],
        "Region",
        [
            Measure("Personer", "Personer 16 år og over", "personer", 0),
            Measure("PersonerProsent", "Personer 16 år og over (prosent)", "prosent", 1),
        ],
        EDUCATION_YEARS,
        "01.10",
        values,
        np.where(np.broadcast_to(hidden, values.shape) & (symbols == 0), HIDDEN, symbols).astype(np.uint8),
    )


def _by_level(geography: Geography, persons: Ints) -> Ints:
    """Persons by level of education that add up to `persons`; shape (atoms, years, sexes, levels)."""
    current, owner = np.unique(geography.current, return_inverse=True)
    centrality = geography.grouping("centrality")
    central = np.array([3.5 - int(centrality[code]) for code in current.tolist()])
    leaning = _LEANING_OF_CENTRES * central + stream("education").normal(0, _LEANING, len(current))
    progress = np.linspace(0, 1, len(EDUCATION_YEARS))[:, None]
    national = (1 - progress) * _FIRST_SHARES + progress * _LAST_SHARES
    pulled = np.exp(leaning[owner][:, None, None, None] * _PULL)
    weights = pulled * national[None, :, None, :] * _SEX_FACTORS
    return np.moveaxis(apportion(np.moveaxis(weights, -1, 0), persons.astype(float)), 0, -1)
