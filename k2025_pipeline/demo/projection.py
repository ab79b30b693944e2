"""The demo's population projection 14746: persons aged 50 and over in today's regions, 2026–2050.

Belongs here: how the generated population of 2026 ages. Does not belong here: that population (`population`).
Only the main alternative (MMMM) and the ages 50 and over are generated, so that no births are needed: who is 50 in
2050 lives in 2026. Codes and labels are Statistics Norway's; mortality and migration are assumed.
"""

import numpy as np
import numpy.typing as npt

from k2025_pipeline.demo.geography import Floats, Geography, Ints, Texts, read_rows, stream
from k2025_pipeline.demo.jsonstat_writer import Dimension, Measure, Table
from k2025_pipeline.demo.population import AGES, apportion

FIRST_YEAR, LAST_YEAR = 2026, 2050
FIRST_AGE = 50
_HAZARD_AT_80 = np.array([0.036, 0.050])
"""Deaths per person and year at 80 in 2026, women and men; grows with age by Gompertz' law."""
_GROWTH_BY_AGE = np.array([0.115, 0.108])
_FALL_BY_YEAR = 0.0085
"""Yearly fall of mortality. Chosen so that 2050 has 4.3 persons aged 50–66 per person aged 85 and over, as in
Opptrappingsplan for heltid og god bemanning i omsorgstjenesten, line 166."""
_IMMIGRATION = 0.0035
_LAST_AGE_OF_IMMIGRATION = 55
_MIGRATION = 0.003


def national_hazard(year: int) -> Floats:
    """Deaths per person by sex and age; shape (2, ages)."""
    age = np.arange(AGES)
    level = _HAZARD_AT_80 * (1 - _FALL_BY_YEAR) ** (year - FIRST_YEAR)
    return np.asarray(level[:, None] * np.exp(_GROWTH_BY_AGE[:, None] * (age - 80)))


def generate(start: Ints) -> Ints:
    """Persons by municipality; shape (municipalities, years, sexes, ages from 50).

    Args:
        start: persons on 1 January 2026; shape (municipalities, sexes, ages).
    """
    moves = stream("projection").normal(0, _MIGRATION, (len(start), 1, 1))
    coming = np.where(np.arange(AGES) <= _LAST_AGE_OF_IMMIGRATION, _IMMIGRATION + moves, 0)
    expected, years = start.astype(float), [start[:, :, FIRST_AGE:]]
    for year in range(FIRST_YEAR, LAST_YEAR):
        living = expected * np.exp(-national_hazard(year)) * (1 + coming)
        expected = np.concatenate([np.zeros((*living.shape[:2], 1)), living[:, :, :-1]], axis=2)
        expected[:, :, -1] += living[:, :, -1]
        told = expected[:, :, FIRST_AGE:]
        years.append(apportion(told, np.rint(told.sum(axis=0))))
    return np.stack(years, axis=1)


def table_14746(geography: Geography, persons: Ints) -> Table:
    """The projection of today's municipalities, counties and the country.

    Args:
        geography: the atoms. persons: population; shape (atoms, years, sexes, ages), 2026 last.
    """
    codes, owner = np.unique(geography.current, return_inverse=True)
    start = np.zeros((len(codes), *persons.shape[2:]), dtype=np.int64)
    np.add.at(start, owner, persons[:, -1])
    by_municipality = generate(start)
    labels = {row["code"]: row["label"] for row in read_rows("population_regions.csv")}
    members = {code: _members(code, codes) for code in labels}
    regions = {code: labels[code] for code, inside in members.items() if inside.any()}
    values = np.stack([by_municipality[members[code]].sum(axis=0) for code in regions]).astype(float)
    values = np.moveaxis(values, 1, -1)[:, :, :, None]
    ages = {f"{age:03d}": f"{age} år" for age in range(FIRST_AGE, AGES - 1)} | {"105+": "105 år eller eldre"}
    return Table(
        "14746",
        "14746: Framskrevet folkemengde 1. januar, etter region, kjønn, alder, statistikkvariabel og år",
        [
            Dimension("Region", "region", regions, elimination=True),
            Dimension("Kjonn", "kjønn", {"2": "Kvinner", "1": "Menn"}, elimination=True),
            Dimension("Alder", "alder", ages, elimination=True),
        ],
        "Region",
        [Measure("Personer", "Hovedalternativet (MMMM)", "personer", 0)],
        range(FIRST_YEAR, LAST_YEAR + 1),
        "01.01",
        values,
        np.zeros(values.shape, dtype=np.uint8),
    )


def _members(code: str, municipalities: Texts) -> npt.NDArray[np.bool_]:
    """Which municipalities a region consists of: the country is 0, two digits are a county."""
    if code == "0":
        return np.ones(len(municipalities), dtype=bool)
    if len(code) == 2:
        return np.asarray(np.char.startswith(municipalities, code))
    return np.asarray(municipalities == code)
