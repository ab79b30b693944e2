"""The source as it truly is: three tables and Klass over the years, and every version that was ever served.

Belongs here: figures, stamps, reforms, and how a version is written as a folder for the local Statbank.
Does not belong here: what the pipeline makes of it (`checks`), and when something happens (`simulator`).
"""

from __future__ import annotations

import random
import shutil
import zlib
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson

from k2025_pipeline.catalog import Catalog
from k2025_pipeline.catalog.tables import TableContract
from k2025_pipeline.demo import geography, klass_files, klass_generator

FIRST_YEAR = 2019
TABLES = ("12209", "12293", "07459")
POPULATION = "07459"
CODELIST = "agg_KommSummer"
PLAIN, TODAY = "as_published", "current"
MUNICIPALITIES = {
    "0301": "Oslo - Oslove",
    "1103": "Stavanger",
    "1505": "Kristiansund",
    "1506": "Molde",
    "1508": "Ålesund",
    "1511": "Vanylven",
    "1514": "Sande",
    "1515": "Herøy",
    "1516": "Ulstein",
    "1517": "Hareid",
    "1520": "Ørsta",
    "1525": "Stranda",
    "5001": "Trondheim - Tråante",
}
AREAS = {"EAK": "Landet", "EAKUO": "Landet uten Oslo", "EKA15": "Møre og Romsdal", "EKA50": "Trøndelag", "EKG08": "8"}
MERGERS = (("1516", "1517", "1591", "Nye Ulstein"), ("1514", "1511", "1592", "Søre"), ("1520", "1525", "1593", "Indre"))
"""Two old codes, the new one and its name: one merger at each turn of the year."""
SEXES = {"2": "Kvinner", "1": "Menn"}
AGES = {"000": "0 år", "067": "67 år", "080": "80 år", "105+": "105 år eller eldre"}
SYMBOLS = (":", ".", "..", "-")
Cell = tuple[float | None, str | None]
Key = tuple[str, ...]
"""Of a cell: region, then sex and age where the table has them, then the measure's code, then the period."""
Cells = dict[Key, Cell]


@dataclass(frozen=True)
class Version:
    """One state of one table, as the source serves it for some nights.

    Attributes:
        table: id. stamp: `updated`. cells: by structure. labels: of regions, in table order, by structure.
        fault: what is wrong with the figures, or None. needs: code of a merged municipality that Klass must
        know before the version can be accepted.
    """

    table: str
    stamp: datetime
    cells: dict[str, Cells]
    labels: dict[str, dict[str, str]]
    fault: str | None = None
    needs: str | None = None

    @property
    def updated(self) -> str:
        return self.stamp.strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def periods(self) -> list[str]:
        return sorted({key[-1] for key in self.cells[PLAIN]})

    def with_cells(self, stamp: datetime, cells: dict[str, Cells], **changes: Any) -> Version:
        return replace(self, stamp=stamp, cells=cells, **changes)


@dataclass
class Klass:
    """What Klass says: the real classifications, to which mergers are added."""

    files: dict[str, dict[str, Any]]

    @property
    def modified(self) -> str:
        return str(self.files["131"]["classification"]["lastModified"])

    def merge(self, merger: tuple[str, str, str, str], day: date, modified: datetime) -> None:
        """Two municipalities become one on a day."""
        *old, new, name = merger
        on = day.isoformat()
        municipalities = self.files["131"]
        for code in old:
            item = self._end(municipalities["codes"], "code", code, on)
            change = {"oldCode": code, "oldName": item["name"], "newCode": new, "newName": name, "changeOccurred": on}
            municipalities["changes"].append(change)
        municipalities["codes"].append(klass_files.code_item(new, name, on, None))
        for items in municipalities["correspondences"].values():
            ended = [self._end(items, "sourceCode", code, on) for code in old]
            target = (ended[0]["targetCode"], ended[0]["targetName"])
            items.append(klass_files.correspondence_item((new, name), target, on, None))
        for content in self.files.values():
            content["classification"]["lastModified"] = modified.strftime("%Y-%m-%dT%H:%M:%S.000+0000")

    @staticmethod
    def _end(items: list[dict[str, Any]], name: str, code: str, day: str) -> dict[str, Any]:
        [item] = [item for item in items if item[name] == code and item["validTo"] is None]
        item["validTo"] = day
        return item

    def groups(self, year: str) -> dict[str, str | None]:
        """KOSTRA group of each municipality that exists on 1 January."""
        day = f"{year}-01-01"
        valid = [i for i in self.files["131"]["codes"] if i["validFrom"] <= day < (i["validTo"] or "9999")]
        links = self.files["131"]["correspondences"]["112"]
        group = {i["sourceCode"]: i["targetCode"] for i in links if i["validFrom"] <= day < (i["validTo"] or "9999")}
        return {item["code"]: group.get(item["code"]) for item in valid if item["code"] != geography.NOT_A_MUNICIPALITY}


class World:
    """The source: a current version per table, what is withdrawn, and Klass.

    Args:
        catalog: for codes, units and bounds. first: day of the first night. draw: of all figures at the start.
    """

    def __init__(self, catalog: Catalog, first: datetime, draw: random.Random) -> None:
        self._contracts = {table: catalog.tables[table] for table in TABLES}
        self.klass = Klass(klass_generator.classifications(geography.load()))
        self.withdrawn: set[str] = set()
        self.current: dict[str, Version] = {}
        self.reforms: list[tuple[int, tuple[str, str, str, str]]] = []
        """Year from which a merger counts, and the merger."""
        last = first.year - 1
        for table in TABLES:
            periods = [str(year) for year in range(FIRST_YEAR, last + (table == POPULATION) + 1)]
            stamp = datetime(first.year, 6, 15, 6, tzinfo=UTC)
            empty = Version(table, stamp, {}, {})
            self.current[table] = self._extended(empty, periods, stamp, draw)

    # What happens at the source

    def release(self, table: str, stamp: datetime, draw: random.Random) -> None:
        """A new period, in the codes of its year."""
        period = str(int(self.current[table].periods[-1]) + 1)
        self.current[table] = self._extended(self.current[table], [period], stamp, draw)

    def revise(self, table: str, stamp: datetime, draw: random.Random, everything: bool = False) -> None:
        """Other figures under a new stamp: some cells, or every figure of every year."""
        version = self.current[table]
        self.current[table] = version.with_cells(stamp, self._revised(version, draw, everything))

    def change_silently(self, table: str, draw: random.Random) -> None:
        """Other figures under the same stamp."""
        version = self.current[table]
        self.current[table] = version.with_cells(version.stamp, self._revised(version, draw, everything=False))

    def rename(self, table: str, draw: random.Random) -> None:
        """Another name of a region under the same stamp: nothing but metadata changes."""
        version = self.current[table]
        region = draw.choice([code for code in version.labels[PLAIN] if code.isdigit()])
        labels = {
            s: {c: f"{t} x" if c.endswith(region) else t for c, t in of.items()} for s, of in version.labels.items()
        }
        self.current[table] = replace(version, labels=labels)

    def restamp(self, table: str, stamp: datetime) -> None:
        """The same figures under a new stamp."""
        self.current[table] = replace(self.current[table], stamp=stamp)

    def spoil(self, table: str, stamp: datetime, how: str, draw: random.Random) -> Version:
        """Figures that must be refused, under a new stamp; returns the good version to put back."""
        good = self.current[table]
        self.current[table] = good.with_cells(stamp, SPOILED[how](good.cells), fault=how)
        if how in ("half gone", "last year gone"):
            kept = {s: {key[0] for key in cells} for s, cells in self.current[table].cells.items()}
            labels = {s: {c: t for c, t in of.items() if c in kept[s]} for s, of in good.labels.items()}
            self.current[table] = replace(self.current[table], labels=labels)
        return good

    def mend(self, table: str, good: Version, stamp: datetime) -> None:
        """The good figures again, under a stamp of their own."""
        self.current[table] = replace(good, stamp=stamp)

    # How figures come about

    def _extended(self, version: Version, periods: list[str], stamp: datetime, draw: random.Random) -> Version:
        known = [*version.periods, *periods] if version.cells else periods
        merged = [merger for year, merger in self.reforms if str(year) <= known[-1]]
        regions = self._regions(version.table, merged)
        cells: Cells = dict(version.cells.get(PLAIN, {}))
        for region in regions:
            for place in self._places(version.table):
                for period in known:
                    key = (region, *place, period)
                    if key not in cells:
                        cells[key] = self._figure(cells, key, version.table, draw)
        # In the order of the table: regions, categories, measures, periods.
        both = {
            PLAIN: {(r, *p, t): cells[r, *p, t] for r in regions for p in self._places(version.table) for t in known}
        }
        labels = {PLAIN: regions}
        if version.table == POPULATION:
            both[TODAY], labels[TODAY] = self._summed(both[PLAIN], merged, regions)
        news = [new for _, _, new, _ in merged if not any(key[0] == new for key in version.cells.get(PLAIN, {}))]
        return Version(version.table, stamp, both, labels, needs=news[-1] if news and version.cells else version.needs)

    def _regions(self, table: str, merged: list[tuple[str, str, str, str]]) -> dict[str, str]:
        municipalities = dict(sorted((MUNICIPALITIES | {new: name for _, _, new, name in merged}).items()))
        if table != POPULATION:
            return municipalities | AREAS
        return {"0": "Hele landet", "15": "Møre og Romsdal", "50": "Trøndelag"} | municipalities

    def _places(self, table: str) -> list[Key]:
        measures = [str(measure.code) for measure in self._contracts[table].measures]
        if table != POPULATION:
            return [(measure,) for measure in measures]
        return [(sex, age, measure) for sex in SEXES for age in AGES for measure in measures]

    def _figure(self, cells: Cells, key: Key, table: str, draw: random.Random) -> Cell:
        """A figure near that of the period before; what a reform took out of use or has not begun says nothing."""
        region, period = key[0], int(key[-1])
        for year, (*old, new, _) in self.reforms:
            if (region in old and period >= year) or (region == new and period < year):
                return (0, None) if table == POPULATION else (None, ".")
        before = cells.get((*key[:-1], str(period - 1)), (None, None))[0]
        if before:
            return self._moved(before, key, table, draw), None
        if table != POPULATION and zlib.crc32(repr(key[:-1]).encode()) % 29 == 0:
            return None, SYMBOLS[zlib.crc32(region.encode()) % len(SYMBOLS)]
        measure = self._measure(table, key)
        size = {"prosent": 40.0, "kr": 30_000.0, "personer": 400.0}.get(measure.unit, 20.0)
        return _rounded(size * draw.uniform(0.7, 1.4), measure.decimals), None

    def _moved(self, value: float, key: Key, table: str, draw: random.Random) -> float:
        moved = _rounded(value * draw.uniform(0.96, 1.04), self._measure(table, key).decimals)
        return min(moved, 90.0) if self._measure(table, key).unit == "prosent" else moved

    def _measure(self, table: str, key: Key) -> Any:
        return next(measure for measure in self._contracts[table].measures if measure.code == key[-2])

    def _revised(self, version: Version, draw: random.Random, everything: bool) -> dict[str, Cells]:
        plain = dict(version.cells[PLAIN])
        figures = [key for key, (value, _) in plain.items() if value]
        chosen = figures if everything else draw.sample(figures, draw.randint(1, 12))
        for key in chosen:
            moved = self._moved(float(plain[key][0] or 0), key, version.table, draw)
            step = 10.0 ** -self._measure(version.table, key).decimals
            plain[key] = (moved if moved != plain[key][0] else _rounded(moved + step, 2), None)
        cells = {PLAIN: plain}
        if version.table == POPULATION:
            merged = [merger for _, merger in self.reforms if merger[2] in version.labels[PLAIN]]
            cells[TODAY], _ = self._summed(plain, merged, version.labels[PLAIN])
        return cells

    @staticmethod
    def _summed(
        plain: Cells, merged: list[tuple[str, str, str, str]], regions: dict[str, str]
    ) -> tuple[Cells, dict[str, str]]:
        """The series of today's municipalities: old codes are gone, the new one has the sum of both."""
        parts = {new: (first, second, new) for first, second, new, _ in merged}
        gone = {code for first, second, _, _ in merged for code in (first, second)}
        today = [code for code in regions if len(code) == 4 and code not in gone]
        labels = {f"K-{code}": regions[code] for code in today}
        cells: Cells = {}
        for code in today:
            for key in (key for key in plain if key[0] == code):
                values = [plain[part, *key[1:]][0] for part in parts.get(code, (code,))]
                cells[f"K-{code}", *key[1:]] = (sum(value or 0 for value in values), None)
        return cells, labels

    # How it is served

    def write(self, folder: Path) -> Path:
        """The source as a folder for the local Statbank."""
        for part in ("statbank", "klass"):
            (folder / part).mkdir(parents=True)
        for number, content in self.klass.files.items():
            (folder / "klass" / f"{number}.json").write_bytes(orjson.dumps(content))
        (folder / "source.json").write_bytes(orjson.dumps({"source": "other"}))
        for table in TABLES:
            if table not in self.withdrawn:
                for structure in self.current[table].cells:
                    suffix = f"@{CODELIST}" if structure == TODAY else ""
                    document = _document(self._contracts[table], self.current[table], structure)
                    (folder / "statbank" / f"{table}{suffix}.json").write_bytes(orjson.dumps(document))
        return folder


def _rounded(value: float, decimals: int) -> float:
    rounded = round(value, decimals)
    return int(rounded) if decimals == 0 else rounded


def _times(factor: float) -> Any:
    def spoiled(cells: dict[str, Cells]) -> dict[str, Cells]:
        return {
            structure: {key: (None if value is None else value * factor, symbol) for key, (value, symbol) in of.items()}
            for structure, of in cells.items()
        }

    return spoiled


def _all(cell: Cell) -> Any:
    return lambda cells: {structure: dict.fromkeys(of, cell) for structure, of in cells.items()}


def _half_gone(cells: dict[str, Cells]) -> dict[str, Cells]:
    kept = {}
    for structure, of in cells.items():
        regions = list(dict.fromkeys(key[0] for key in of))
        kept[structure] = {key: cell for key, cell in of.items() if key[0] in regions[: len(regions) // 2]}
    return kept


def _last_year_gone(cells: dict[str, Cells]) -> dict[str, Cells]:
    last = max(key[-1] for of in cells.values() for key in of)
    return {structure: {key: cell for key, cell in of.items() if key[-1] != last} for structure, of in cells.items()}


SPOILED = {
    "x1000": _times(1000),
    "zeros": _all((0, None)),
    "dots": _all((None, ".")),
    "half gone": _half_gone,
    "last year gone": _last_year_gone,
}


def _document(contract: TableContract, version: Version, structure: str) -> dict[str, Any]:
    """The JSON-stat document of one structure of a version."""
    cells, regions = version.cells[structure], version.labels[structure]
    geo = contract.dimension("region").code
    periods = sorted({key[-1] for key in cells})
    contents = _dimension("statistikkvariabel", {str(m.code): m.labels[0] for m in contract.measures})
    contents["category"]["unit"] = {str(m.code): {"base": m.unit, "decimals": m.decimals} for m in contract.measures}
    categories = {"Kjonn": _dimension("kjønn", SEXES), "Alder": _dimension("alder", AGES)}
    dimensions = {
        geo: _dimension("region", regions),
        **(categories if version.table == POPULATION else {}),
        "ContentsCode": contents,
        "Tid": _dimension("år", {period: period for period in periods}),
    }
    values = list(cells.values())
    return {
        "version": "2.0",
        "class": "dataset",
        "label": f"{version.table}: {contract.title.nb}",
        "source": "Statistisk sentralbyrå",
        "updated": version.updated,
        "role": {"time": ["Tid"], "geo": [geo], "metric": ["ContentsCode"]},
        "id": list(dimensions),
        "size": [len(dimension["category"]["index"]) for dimension in dimensions.values()],
        "dimension": dimensions,
        "extension": {"px": {"tableid": version.table}},
        "value": [value for value, _ in values],
        "status": {str(place): symbol for place, (_, symbol) in enumerate(values) if symbol},
    }


def _dimension(label: str, codes: dict[str, str]) -> dict[str, Any]:
    index = {code: place for place, code in enumerate(codes)}
    return {"label": label, "category": {"index": index, "label": codes}, "extension": {"elimination": False}}


def remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
