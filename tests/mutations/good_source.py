"""A small Norway in which everything adds up: eight tables of the real contracts and Klass, as a folder to serve.

Belongs here: the good data that faults are planted in. Does not belong here: faults (``*_faults``). Municipalities
make their county and the country, categories make their totals, occupations make what educations make, and nobody
uses a service who does not live there.
"""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from k2025_pipeline.catalog import Catalog, load_catalog
from k2025_pipeline.catalog.tables import Coverage, Dimension, Measure, TableContract
from k2025_pipeline.demo import klass_files
from k2025_pipeline.settings import PROJECT_ROOT

TABLES = ("07459", "11645", "12209", "12292", "12293", "14533", "14534")
KLASS, GROUPS, COUNTY_CODES = "131", "112", "104"
YEARS = ("2021", "2022", "2023", "2024", "2025")
STAMP, NEWER, OLDER = "2026-03-16T07:00:00Z", "2026-06-15T06:00:00Z", "2025-06-16T06:00:00Z"
MODIFIED, MODIFIED_AGAIN = "2026-01-01T00:00:00.000+0000", "2026-06-10T00:00:00.000+0000"
PEOPLE = {
    "0301": ("Oslo", 140_000),
    "1101": ("Eigersund", 15_000),
    "1103": ("Stavanger", 60_000),
    "1106": ("Haugesund", 37_000),
    "1108": ("Sandnes", 52_000),
    "1505": ("Kristiansund", 24_000),
    "1506": ("Molde", 32_000),
    "1507": ("Ålesund (–2023)", 58_000),
    "1508": ("Ålesund", 50_000),
    "1580": ("Haram", 9_500),
    "5001": ("Trondheim", 70_000),
    "5006": ("Steinkjer", 24_000),
    "5007": ("Namsos", 15_000),
}
"""Name and about how many people, by code."""
SPLIT, SPLIT_INTO, SPLIT_YEAR = "1507", ("1508", "1580"), "2024"
COUNTIES = {"03": "Oslo", "11": "Rogaland", "15": "Møre og Romsdal", "50": "Trøndelag"}
AGES = [*(f"{age:03}" for age in range(105)), "105+"]
WITHOUT_REPORT = ("5007", "2025")
HIDDEN, ALSO_HIDDEN = ("5006", "2022"), "5007"
"""Hidden in two municipalities of a county and two groups of age, so that no sum gives them away."""
PRINTED = {"KOMP-01": "share_fte_health_educated", "REKR-02": "fte_per_10000"}
"""Indicators whose printed figures this Norway has, with their measure in table 12209."""
Cells = npt.NDArray[np.object_]


@cache
def full_catalog() -> Catalog:
    """The real declarations, with coverage of the size that this Norway has, and the printed figures that it keeps."""
    real = load_catalog(PROJECT_ROOT / "schemas")
    values = [
        value if value.indicator_id in PRINTED else value.model_copy(update={"indicator_id": None})
        for value in real.references.values
    ]
    references = real.references.model_copy(update={"values": values})
    sized = {name: _sized(real.tables[name]) for name in TABLES}
    return replace(real, tables=real.tables | sized, references=references)


@cache
def small_catalog() -> Catalog:
    """What is asked for by night: the tables and classifications that there are."""
    full = full_catalog()
    asked = (KLASS, GROUPS, COUNTY_CODES)
    classes = {i: full.classifications[i].model_copy(update={"first_year": YEARS[0]}) for i in asked}
    return replace(full, tables={name: full.tables[name] for name in TABLES}, classifications=classes, uploads={})


def _sized(contract: TableContract) -> TableContract:
    cells = int(np.prod([len(codes(contract, dimension)) for dimension in contract.dimensions]))
    size = Coverage(min_cells=int(cells * 0.7), max_cells=int(cells * 1.3))
    return contract.model_copy(update={"coverage": size})


def codes(contract: TableContract, dimension: Dimension) -> dict[str, str]:
    """Codes with labels of a dimension, in the order of the source."""
    if dimension.role == "region":
        return _regions(dimension.coding or "")
    if dimension.role == "period":
        years = YEARS if contract.id != "07459" else (*YEARS, "2026")
        return dict(zip(years, years, strict=True))
    if dimension.role == "measure":
        return {_code(m.code, m.name): m.labels[0] if m.labels else m.label.nb for m in contract.measures}
    if not dimension.categories:
        return {age: f"{age} år" for age in AGES}
    return {_code(c.code, c.group): c.labels[0] for c in dimension.categories}


def _code(code: str | None, name: str) -> str:
    return code if code is not None else f"x_{name}"


def _regions(coding: str) -> dict[str, str]:
    towns = {code: name for code, (name, _) in PEOPLE.items()}
    if coding == "statbank":
        return {"0": "Hele landet", **COUNTIES, **towns}
    return {**towns, "EAK": "Landet", **{f"EKA{code}": name for code, name in COUNTIES.items()}}


@dataclass
class Table:
    """One table as the source has it, to be changed before it is served.

    Attributes:
        contract: of the table. names: codes with labels by column. cells, symbols: an axis for each column.
        updated: stamp. units: of measures, by code. more: further members of the document.
    """

    contract: TableContract
    names: dict[str, dict[str, str]]
    cells: Cells
    symbols: Cells
    updated: str
    units: dict[str, dict[str, Any]]

    def at(self, **where: Any) -> Any:
        """Cells of codes by column: one code or several; a measure or a group by its name in the contract."""
        places = []
        for column, names in self.names.items():
            wanted = where.pop(column, None)
            chosen = list(names) if wanted is None else wanted if isinstance(wanted, list) else [wanted]
            places.append([list(names).index(self.code(column, code)) for code in chosen])
        assert not where, f"no such column: {where}"
        return np.ix_(*places)

    def code(self, column: str, name: str) -> str:
        """The source's code for a name in the contract."""
        if column == "measure":
            return next((_code(m.code, m.name) for m in self.contract.measures if m.name == name), name)
        dimension = next(d for d in self.contract.dimensions if d.column == column)
        return next((_code(c.code, c.group) for c in dimension.categories if c.group == name), name)

    def change(self, how: Any, **where: Any) -> None:
        """Replace figures by what ``how`` makes of them; cells without figure stay."""
        place = self.at(**where)
        old = self.cells[place]
        self.cells[place] = np.frompyfunc(lambda cell: cell if cell is None else how(cell), 1, 1)(old)

    def put(self, value: Any, symbol: str | None, **where: Any) -> None:
        """Write a figure or none, and a symbol or none, whatever stood there."""
        place = self.at(**where)
        self.cells[place], self.symbols[place] = value, symbol

    def drop(self, column: str, name: str) -> None:
        """Take a code out of the table."""
        axis, code = list(self.names).index(column), self.code(column, name)
        place = list(self.names[column]).index(code)
        self.cells, self.symbols = (np.delete(array, place, axis) for array in (self.cells, self.symbols))
        del self.names[column][code]

    def add(self, column: str, like: str, code: str, label: str) -> None:
        """Add a code with the figures of another one."""
        axis, known = list(self.names).index(column), list(self.names[column]).index(self.code(column, like))
        self.cells, self.symbols = (
            np.concatenate([array, np.take(array, [known], axis)], axis) for array in (self.cells, self.symbols)
        )
        self.names[column][code] = label
        if column == "measure":
            self.units[code] = self.units[self.code(column, like)]

    def recode(self, column: str, codes: dict[str, str]) -> None:
        """Give codes another name, in their place."""
        self.names[column] = {codes.get(code, code): label for code, label in self.names[column].items()}

    def document(self) -> dict[str, Any]:
        """The table as JSON-stat."""
        values, symbols = self.cells.ravel().tolist(), self.symbols.ravel().tolist()
        by_column = {d.column: d for d in self.contract.dimensions}
        ids = {column: by_column[column].code for column in self.names}
        dimension = {ids[column]: self._dimension(column) for column in self.names}
        roles = {"time": "period", "geo": "region_code", "metric": "measure"}
        return {
            "version": "2.0",
            "class": "dataset",
            "label": f"{self.contract.id}: {self.contract.title.nb}",
            "source": "Statistisk sentralbyrå",
            "updated": self.updated,
            "role": {role: [ids[column]] for role, column in roles.items()},
            "id": list(ids.values()),
            "size": list(self.cells.shape),
            "dimension": dimension,
            "extension": {"px": {"tableid": self.contract.id}},
            "value": values,
            "status": {str(place): symbol for place, symbol in enumerate(symbols) if symbol},
        }

    def _dimension(self, column: str) -> dict[str, Any]:
        names = self.names[column]
        category: dict[str, Any] = {"index": {code: place for place, code in enumerate(names)}, "label": names}
        if column == "measure":
            category["unit"] = self.units
        return {"label": column, "category": category, "extension": {"elimination": False}}


@dataclass
class Source:
    """Everything that a night asks for, good until something is changed."""

    tables: dict[str, Table]
    klass: dict[str, dict[str, Any]]

    def write(self, root: Path) -> Path:
        """Lay it down as a folder for the local Statbank."""
        for folder in ("statbank", "klass"):
            (root / folder).mkdir(parents=True)
        (root / "source.json").write_bytes(orjson.dumps({"source": "other"}))
        for number, table in self.tables.items():
            (root / "statbank" / f"{number}.json").write_bytes(orjson.dumps(table.document()))
        for number, content in self.klass.items():
            (root / "klass" / f"{number}.json").write_bytes(orjson.dumps(content))
        return root


def good_source() -> Source:
    """A copy of one's own."""
    return copy.deepcopy(_made())


@cache
def _made() -> Source:
    catalog = small_catalog()
    klass = {KLASS: _klass(), GROUPS: _groups(), COUNTY_CODES: _counties()}
    return Source({name: _table(catalog.tables[name]) for name in TABLES}, klass)


def _table(contract: TableContract) -> Table:
    names = {dimension.column: codes(contract, dimension) for dimension in contract.dimensions}
    shape = tuple(len(known) for known in names.values())
    units = {_code(m.code, m.name): {"base": m.unit, "decimals": m.decimals} for m in contract.measures}
    cells, symbols = np.empty(shape, dtype=object), np.empty(shape, dtype=object)
    table = Table(contract, names, cells, symbols, STAMP, units)
    coding = contract.dimension("region").coding or ""
    for place, chosen in zip(np.ndindex(*shape), product(*names.values()), strict=True):
        codes_here = dict(zip(names, chosen, strict=True))
        region, year = _klass_code(codes_here["region_code"]), codes_here["period"]
        cells[place], symbols[place] = _cell(contract, codes_here, region, year)
    if coding == "kostra":
        table.put(None, "..", region_code=WITHOUT_REPORT[0], period=WITHOUT_REPORT[1])
    if contract.id == "11645":
        few = [HIDDEN[0], ALSO_HIDDEN]
        table.put(None, ":", region_code=few, period=HIDDEN[1], age_group=["0-49", "50-66"])
    if contract.id == "12209":
        _as_printed(table)
    if contract.id == "12293":
        table.put(0.0, None, region_code="0301", measure="occupancy")
    return table


def _as_printed(table: Table) -> None:
    """The figures that documents print, in place of drawn ones."""
    for value in full_catalog().references.values:
        if value.indicator_id and value.period in YEARS and value.region_code in table.names["region_code"]:
            measure = PRINTED[str(value.indicator_id)]
            table.put(
                float(value.value or 0), None, region_code=value.region_code, period=value.period, measure=measure
            )


def _klass_code(code: str) -> str:
    return {"0": "", "EAK": ""}.get(code, code.removeprefix("EKA"))


def _cell(contract: TableContract, chosen: dict[str, str], region: str, year: str) -> tuple[float | None, str | None]:
    if len(region) == 4 and not _valid(region, year):
        return None, "."
    measure = next(m for m in contract.measures if _code(m.code, m.name) == chosen["measure"])
    rest = {c: code for c, code in chosen.items() if c not in ("region_code", "measure", "period")}
    if measure.additive:
        return float(sum(_count(contract, measure, rest, town, year) for town in _members(region, year))), None
    return _key_figure(measure, region, year), None


def _valid(town: str, year: str) -> bool:
    return year < SPLIT_YEAR if town == SPLIT else town not in SPLIT_INTO or year >= SPLIT_YEAR


def _members(region: str, year: str) -> list[str]:
    return [town for town in PEOPLE if town.startswith(region) and _valid(town, year)]


@cache
def _people(town: str, year: str) -> int:
    return round(PEOPLE[town][1] * 1.01 ** (int(year) - 2021))


def _count(contract: TableContract, measure: Measure, rest: dict[str, str], town: str, year: str) -> int:
    """A whole number; the parts of a total are cut out of it, so that nothing is lost."""
    if contract.id == "07459":
        return round(_people(town, year) / (2 * len(AGES)) * (0.9 + 0.2 * _draw(*rest.values())))
    whole = round(_people(town, year) * _rate(contract, measure, rest))
    for dimension in contract.category_dimensions:
        if dimension.total_group is not None:
            groups = {_code(c.code, c.group): c.group for c in dimension.categories}
            parts = [group for group in groups.values() if group != dimension.total_group]
            group = groups[rest[dimension.column]]
            return whole if group == dimension.total_group else _part(whole, parts, group)
    return whole


def _part(whole: int, parts: list[str], group: str) -> int:
    weights = [0.5 + _draw(part) for part in parts]
    cuts = [round(whole * sum(weights[:n]) / sum(weights)) for n in range(len(parts) + 1)]
    place = parts.index(group)
    return cuts[place + 1] - cuts[place]


RATES = {"user_oriented_fte": 0.024, "user_oriented_fte_higher": 0.009, "user_oriented_fte_upper_secondary": 0.010}
"""Of the inhabitants; what is not listed is drawn below."""


def _rate(contract: TableContract, measure: Measure, rest: dict[str, str]) -> float:
    if measure.name in ("fte", "users"):
        others = [code for column, code in rest.items() if column == "service_type"]
        return 0.03 + 0.01 * _draw(*others)
    return RATES.get(measure.name, 0.012 + 0.004 * _draw(contract.id, measure.name))


MIDDLE = {"fte_per_user": 0.6, "physician_hours_per_resident": 0.6, "expenditure_per_institution_day": 5_000.0}


def _key_figure(measure: Measure, region: str, year: str) -> float:
    """A figure that is no sum: some per cent apart from region to region, and one per cent up by year."""
    usual = {"prosent": 40.0, "kr": 40_000.0}.get(measure.unit, 200.0) * (0.7 + _draw(measure.name))
    middle = MIDDLE.get(measure.name, usual)
    figure = middle * (0.9 + 0.2 * _draw(measure.name, region)) * 1.01 ** (int(year) - 2021)
    return round(min(figure, 99.0) if measure.unit == "prosent" else figure, measure.decimals)


@cache
def _draw(*what: str) -> float:
    """A number from 0 to 1, always the same for the same words."""
    return int(hashlib.sha256("|".join(what).encode()).hexdigest()[:8], 16) / 0xFFFFFFFF


def _klass() -> dict[str, Any]:
    codes = []
    for code, (name, _) in PEOPLE.items():
        born = f"{SPLIT_YEAR}-01-01" if code in SPLIT_INTO else "2020-01-01"
        ends = f"{SPLIT_YEAR}-01-01" if code == SPLIT else None
        codes.append(klass_files.code_item(code, name, born, ends))
    changes = [
        {"oldCode": SPLIT, "oldName": "Ålesund", "newCode": new, "newName": PEOPLE[new][0], "changeOccurred": day}
        for new, day in ((new, f"{SPLIT_YEAR}-01-01") for new in SPLIT_INTO)
    ]
    groups = [
        klass_files.correspondence_item((code, name), ("EKG08", "Gruppe 8"), "2020-01-01", None)
        for code, (name, _) in PEOPLE.items()
    ]
    return {"classification": _about(KLASS), "codes": codes, "changes": changes, "correspondences": {GROUPS: groups}}


def _groups() -> dict[str, Any]:
    codes = [klass_files.code_item(f"EKG{n:02d}", f"Gruppe {n}", "2020-01-01", None) for n in (8, 11)]
    return {"classification": _about(GROUPS), "codes": codes}


def _counties() -> dict[str, Any]:
    codes = [klass_files.code_item(code, name, "2020-01-01", None) for code, name in COUNTIES.items()]
    return {"classification": _about(COUNTY_CODES), "codes": codes, "changes": []}


def _about(number: str) -> dict[str, str]:
    return {"name": number, "classificationType": "Klassifikasjon", "lastModified": MODIFIED}
