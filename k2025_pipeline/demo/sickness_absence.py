"""The demo tables of sickness absence: 12451 by municipality, 12441 by industry, 14789 by occupation.

Belongs here: their codes, labels and generated rates. Does not belong here: employees and education (`labour`).

Rates are per cent of agreed days. Published are the country's doctor-certified rates of ten quarters, and rates of care
staff in 2021; all other levels, seasons, industries and differences between municipalities and sexes are assumed.
"""

from collections.abc import Mapping

import numpy as np

from k2025_pipeline.demo import geography as geo
from k2025_pipeline.demo.faults import HIDDEN, NOT_AVAILABLE, NOT_VALID, Symbols
from k2025_pipeline.demo.geography import Floats, Geography, Ints, Regions, stream
from k2025_pipeline.demo.jsonstat_writer import Dimension, Measure, Table
from k2025_pipeline.demo.users import TABLE_YEARS

QUARTERS = tuple(f"{year}K{quarter}" for year in TABLE_YEARS for quarter in (1, 2, 3, 4))
SEXES = {"0": "Begge kjønn", "1": "Menn", "2": "Kvinner"}
PUBLISHED_QUARTERS = {
    "2019K1": 5.5,
    "2019K2": 4.9,
    "2019K3": 4.3,
    "2019K4": 5.3,
    "2020K1": 6.1,
    "2020K2": 5.1,
    "2020K3": 4.5,
    "2020K4": 5.5,
    "2021K1": 5.7,
    "2021K2": 5.3,
}
"""Doctor-certified absence of all sectors, both sexes. Source: Statistics Norway, as quoted by KS."""
_YEARLY_LEVEL = dict(zip(TABLE_YEARS, (5.1, 5.1, 5.0, 5.0, 5.0, 5.3, 5.4, 5.6, 5.5, 5.6, 5.4), strict=True))
_SEASON = (1.09, 0.98, 0.87, 1.06)
_WOMEN, _MEN = 1.28, 0.77
_WORKING_AGES = slice(20, 67)
_SPREAD_BETWEEN_MUNICIPALITIES = 0.11
_SPREAD_BETWEEN_QUARTERS = 0.035
_FEWEST_SHOWN = 120
"""Inhabitants of working age below which a rate is hidden; that of one sex never without that of the other."""
_NOT_GIVEN = 0.002
_PERCENT = Measure("Sykefraversprosent", "Legemeldt sykefravær (prosent)", "prosent", 1)


def with_total(cells: Floats, axis: int) -> Floats:
    """The sum over an axis put first on it, as tables list totals."""
    return np.concatenate([cells.sum(axis=axis, keepdims=True), cells], axis=axis)


def quarterly_rates() -> Floats:
    """Doctor-certified absence in the country, both sexes; shape (quarters,)."""
    assumed = [_YEARLY_LEVEL[year] * season for year in TABLE_YEARS for season in _SEASON]
    return np.array([PUBLISHED_QUARTERS.get(code, rate) for code, rate in zip(QUARTERS, assumed, strict=True)])


def table_12451(geography: Geography, persons: Ints) -> Table:
    """Doctor-certified absence by municipality of residence, sex and quarter; codes valid in their year.

    Args:
        geography: the atoms. persons: population; shape (atoms, 12 years, 2 sexes with women first, ages).
    """
    regions = geo.plain_regions(geography, len(TABLE_YEARS))
    weights = persons[:, 1:, ::-1, _WORKING_AGES].sum(axis=3).astype(float)[:, :, None, :]
    absent = weights * _rates_by_atom(geography, weights)
    summed = regions.sum_over(np.broadcast_to(weights, absent.shape)), regions.sum_over(absent)
    people, away = (with_total(part, axis=3) for part in summed)
    with np.errstate(invalid="ignore"):
        by_year = away / people
    values, inhabitants = (_quarters_last(part) for part in (by_year, people))
    return Table(
        "12451",
        "12451: Legemeldt sykefravær, etter region, kjønn, statistikkvariabel og kvartal",
        [
            Dimension("Region", "region", regions.labels, elimination=True),
            Dimension("Kjonn", "kjønn", SEXES, elimination=True),
        ],
        "Region",
        [_PERCENT],
        QUARTERS,
        "31.12",
        values[:, :, None, :],
        _symbols(regions, inhabitants)[:, :, None, :],
    )


def _rates_by_atom(geography: Geography, weights: Floats) -> Floats:
    """Rates whose weighted mean is the country's in each quarter; shape (atoms, years, 4, 2 sexes with men first)."""
    random = stream("sickness absence")
    current, owner = np.unique(geography.current, return_inverse=True)
    lasting = random.lognormal(0, _SPREAD_BETWEEN_MUNICIPALITIES, len(current))
    passing = random.lognormal(0, _SPREAD_BETWEEN_QUARTERS, (len(current), len(TABLE_YEARS), 4))
    effect = (lasting[:, None, None] * passing)[owner][..., None] * np.array([_MEN, _WOMEN])
    mean = (effect * weights).sum(axis=(0, 3)) / weights.sum(axis=(0, 3))
    country = quarterly_rates().reshape(len(TABLE_YEARS), 4)
    return np.asarray(effect * (country / mean)[None, :, :, None])


def _quarters_last(cells: Floats) -> Floats:
    """(regions, years, 4, sexes) → (regions, sexes, quarters)."""
    return np.moveaxis(cells, 3, 1).reshape(len(cells), cells.shape[3], -1)


def _symbols(regions: Regions, inhabitants: Floats) -> Symbols:
    """Symbols by region, sex and quarter: see `FAULTS` of the module `faults`."""
    municipal = np.array([len(code) == 4 for code in regions.codes])[:, None, None]
    exists = np.repeat(regions.exists(len(TABLE_YEARS)), 4, axis=1)[:, None, :]
    not_given = (stream("absence not given").random(exists.shape) < _NOT_GIVEN) & municipal
    fewer_of_a_sex = np.repeat(inhabitants[:, 1:].min(axis=1, keepdims=True), 2, axis=1)
    few = (np.concatenate([inhabitants[:, :1], fewer_of_a_sex], axis=1) < _FEWEST_SHOWN) & municipal
    return np.select([~exists, not_given, few], [NOT_VALID, NOT_AVAILABLE, HIDDEN], 0).astype(np.uint8)


INDUSTRIES: Mapping[str, tuple[str, float, float]] = {
    "00-99": ("Alle næringer", 1.0, 0.47),
    "01-03": ("Jordbruk, skogbruk og fiske", 0.72, 0.22),
    "05-09": ("Bergverksdrift og utvinning", 0.63, 0.22),
    "10-33": ("Industri", 0.92, 0.24),
    "35-39": ("Elektrisitet, vann og renovasjon", 0.82, 0.22),
    "41-43": ("Bygge- og anleggsvirksomhet", 0.93, 0.10),
    "45-47": ("Varehandel, reparasjon av motorvogner", 0.91, 0.46),
    "49-53": ("Transport og lagring", 1.12, 0.19),
    "55-56": ("Overnattings- og serveringsvirksomhet", 0.95, 0.52),
    "58-63": ("Informasjon og kommunikasjon", 0.52, 0.30),
    "64-66": ("Finansiering og forsikring", 0.56, 0.47),
    "68-75": ("Teknisk tjenesteyting, eiendomsdrift", 0.60, 0.42),
    "77-82": ("Forretningsmessig tjenesteyting", 1.09, 0.44),
    "84": ("Off.adm., forsvar, sosialforsikring", 0.88, 0.51),
    "85": ("Undervisning", 0.99, 0.65),
    "86-88": ("Helse- og sosialtjenester", 1.0, 0.80),
    "90-99": ("Personlig tjenesteyting", 0.97, 0.57),
    "00": ("Uoppgitt", 0.80, 0.45),
}
"""Label, absence relative to all industries, and women's part of the employed; the last two are assumed."""
HEALTH_AND_SOCIAL = (7.9, 7.9, 7.9, 7.8, 7.9, 8.4, 8.7, 9.2, 8.9, 8.9, 8.6)
"""Absence in industry 86-88 by year, both sexes, self- and doctor-certified.

The level is that of care staff: just under 8 per cent before 2020 and 8.7 in 2021. Source: Opptrappingsplan for heltid
og god bemanning i omsorgstjenesten, line 315. The rest is assumed.
"""
_SELF_CERTIFIED = (1.1, 1.1, 1.1, 1.1, 1.1, 1.0, 1.1, 1.5, 1.3, 1.3, 1.2)
"""All industries, both sexes; assumed."""
_MEN_TO_WOMEN = 0.64


def _by_sex(rates: Floats, women: float) -> Floats:
    """Rates of both sexes → both, men, women, such that the mean by the women's part is the rate of both."""
    of_women = rates / (women + _MEN_TO_WOMEN * (1 - women))
    return np.stack([rates, _MEN_TO_WOMEN * of_women, of_women])


def table_12441() -> Table:
    """Absence in the country by sex, industry and who certified it."""
    doctor = quarterly_rates().reshape(len(TABLE_YEARS), 4).mean(axis=1)
    own = np.array(_SELF_CERTIFIED)
    certified = np.stack([doctor + own, own, doctor])
    cells = []
    for code, (_, level, women) in INDUSTRIES.items():
        factor = np.array(HEALTH_AND_SOCIAL) / certified[0] if code == "86-88" else level
        cells.append(_by_sex(certified * factor, women))
    values = np.stack(cells, axis=1)[:, :, :, None, :]
    return _national(
        "12441",
        "12441: Sykefravær for lønnstakere, etter kjønn, næring, type sykefravær, statistikkvariabel og år",
        [
            Dimension("Kjonn", "kjønn", SEXES, elimination=True),
            Dimension("NACE2007", "næring (SN2007)", {code: label for code, (label, _, _) in INDUSTRIES.items()}),
            Dimension("Sykefraver2", "type sykefravær", {"Alt": "I alt", "E": "Egenmeldt", "L": "Legemeldt"}),
        ],
        "Sykefraværsprosent",
        TABLE_YEARS,
        values,
    )


OCCUPATION_YEARS = TABLE_YEARS[1:]
OCCUPATION_ABSENCE: Mapping[str, tuple[str, float, float]] = {
    "0-9": ("Alle yrker", 6.5, 0.47),
    "2221": ("Spesialsykepleiere", 7.9, 0.88),
    "2223": ("Sykepleiere", 9.4, 0.87),
    "2224": ("Vernepleiere", 8.8, 0.80),
    "5321": ("Helsefagarbeidere", 10.3, 0.88),
    "5322": ("Hjemmehjelper", 10.6, 0.82),
    "5329": ("Andre pleiemedarbeidere", 9.1, 0.74),
}
"""Label, absence in 2021, women's part. Published are nurses without further education 9.4, those with it just under 8
and health workers just over 10 (the same plan, line 315; care services only). The other levels are assumed."""


def table_14789() -> Table:
    """Absence in the country by sex and occupation, from 2016; a few occupations of the table."""
    year = np.array(HEALTH_AND_SOCIAL[1:]) / HEALTH_AND_SOCIAL[TABLE_YEARS.index(2021)]
    cells = [_by_sex(level * year, women) for _, level, women in OCCUPATION_ABSENCE.values()]
    labels = {code: label for code, (label, _, _) in OCCUPATION_ABSENCE.items()}
    return _national(
        "14789",
        "14789: Sykefravær for lønnstakere, etter kjønn, yrke, statistikkvariabel og år",
        [Dimension("Kjonn", "kjønn", SEXES, elimination=True), Dimension("Yrke", "yrke", labels)],
        "Sykefraværsprosent",
        OCCUPATION_YEARS,
        np.stack(cells, axis=1)[:, :, None, :],
    )


def _national(
    number: str, title: str, dimensions: list[Dimension], label: str, years: tuple[int, ...], values: Floats
) -> Table:
    """A table of the country alone, in which every cell has a figure."""
    measures = [Measure("Sykefraversprosent", label, "prosent", 1)]
    symbols = np.zeros(values.shape, dtype=np.uint8)
    return Table(number, title, dimensions, None, measures, years, "31.12", values, symbols)
