"""The demo's uploads: files such as only the users have, in the form that they send them.

Belongs here: what stands in `inputs/` of a demo folder. Does not belong here: how uploads are read.
Semicolon between cells, decimal comma, and a first line that says that the figures are generated.
"""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from k2025_pipeline.demo import programmes
from k2025_pipeline.demo.geography import Floats, Ints, stream
from k2025_pipeline.demo.jsonstat_writer import rounded
from k2025_pipeline.demo.population import apportion
from k2025_pipeline.demo.resources import PUBLISHED_FTE_2021
from k2025_pipeline.demo.tables import World
from k2025_pipeline.demo.users import TABLE_YEARS

NOTICE = "# merknad: generert demo / generated demo"
EDUCATION_GROUPS = (
    "nurse",
    "social_educator",
    "health_worker",
    "activity_worker",
    "child_youth_worker",
    "occupational_therapist",
    "child_welfare_worker",
    "milieu_therapist",
    "social_worker",
    "assistant_other_health",
    "assistant_without",
    "service_admin",
)
"""The groups of `resources.EDUCATION`, in its order, as `schemas/tables/14534.yml` names them."""
PUBLISHED_EMPLOYED_2021 = (36053, 10085, 63251, 1088, 2288, 1444, 1440, 6493, 2282, 9252, 62906, 6343)
"""Persons employed in care services 2021, in the order of `EDUCATION_GROUPS`; sum 202 925.

Source: Opptrappingsplan for heltid og god bemanning i omsorgstjenesten, lines 192–247.
"""
_YEARLY_GROWTH = 0.004
"""By how much of itself the average position grows a year; assumed."""
_SPREAD = 0.05
_OVERLAPS = np.arange(0.0, 1.01, 0.05)
_COUNTRY = "EAK"
_FTE_DECIMALS = 1
"""As in table 14534."""


def write(folder: Path, world: World) -> None:
    """Write `participation.csv` and `staff.csv` into `folder`, which is made."""
    folder.mkdir(parents=True)
    listed = [
        (one.programme, one.region_code, str(one.start_year), "", _number(one.amount, 0))
        for one in programmes.participants()
    ]
    _write(folder / "participation.csv", ("programme", "region_code", "start_year", "end_year", "amount"), listed)
    _write(folder / "staff.csv", ("region_code", "year", "education", "fte", "employed"), _staff_rows(world))


def employed(fte: Floats, area: Ints) -> Ints:
    """Persons behind the FTE of each municipality.

    The country has the published persons in 2021; before and after, its average position is a little smaller and
    larger. Areas differ and stay as they are when their numbers change, and no group of persons anywhere is smaller
    than its full FTE, but for some groups of a few persons with more than one position.

    Args:
        fte: FTE of the country first, then of municipalities that it is divided into; shape (regions, years, groups).
        area: for each of these municipalities, which of today's most of it lies in, from 0.

    Returns:
        Persons, of the same shape; the municipalities' sum is the country's.
    """
    away = np.array(TABLE_YEARS)[:, None] - 2021
    size = np.array(PUBLISHED_FTE_2021) / np.array(PUBLISHED_EMPLOYED_2021) * (1 + _YEARLY_GROWTH) ** away
    country = np.rint(fte[0] / size)
    parts = rounded(fte[1:], np.array(_FTE_DECIMALS))
    lasting = stream("position size").lognormal(0, _SPREAD, (area.max() + 1, 1, parts.shape[2]))
    wanted = parts / np.minimum(size * lasting[area], 1)
    least = _least(parts, country)
    excess = np.where(parts > 0, np.maximum(wanted - least, 1e-6), 0)
    persons = least + apportion(excess, country - least.sum(axis=0))
    return np.concatenate([country[None], persons]).astype(np.int64)


def _least(parts: Floats, country: Floats) -> Floats:
    """Fewest persons for the FTE of each municipality: whole ones, less what overlaps where the country has too few."""
    least = np.ceil(parts)
    for overlap in _OVERLAPS:
        too_many = least.sum(axis=0) > 0.99 * country
        least = np.where(too_many, np.maximum(np.ceil(parts - overlap), parts > 0), least)
    return np.asarray(least)


def _staff_rows(world: World) -> Iterable[Sequence[str]]:
    """One row per region, year and group: the country, and the municipalities of the year."""
    codes = [_COUNTRY, *(code for code in world.regions.codes if len(code) == 4 and code.isdecimal())]
    places = [world.regions.position(code) for code in codes]
    exists = world.regions.exists(len(TABLE_YEARS))[places]
    fte = world.education[places]
    today = [world.geography.heaviest.get(code, code) for code in codes[1:]]
    persons = employed(fte, np.unique(today, return_inverse=True)[1])
    shown = rounded(fte, np.array(_FTE_DECIMALS))
    for place, code in enumerate(codes):
        for number, year in enumerate(TABLE_YEARS):
            if exists[place, number]:
                for group, name in enumerate(EDUCATION_GROUPS):
                    cell = (place, number, group)
                    yield code, str(year), name, _number(float(shown[cell]), _FTE_DECIMALS), str(persons[cell])
                whole = float(shown[place, number].sum()), str(persons[place, number].sum())
                yield code, str(year), "total", _number(whole[0], _FTE_DECIMALS), whole[1]


def _number(value: float, decimals: int) -> str:
    """A number as a Norwegian spreadsheet writes it."""
    return f"{value:.{decimals}f}".replace(".", ",")


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(NOTICE + "\n")
        writer = csv.writer(file, delimiter=";", lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
