"""What must hold after every night, whatever happened in it.

Each check reads what lies in the home and compares it with the truth that the simulator keeps. Reading is by DuckDB,
Polars and JSON only, apart from the paths: the pipeline's own readers are not trusted here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import duckdb
import orjson
import polars as pl

from k2025_pipeline.catalog import Catalog

from .world import POPULATION, TABLES, Cells, Version, World

INDICATORS = {"KVAL-01": ("12293", "physician_hours_per_resident"), "KOMP-01": ("12209", "share_fte_health_educated")}
"""Indicators that are a published figure of one table, and which figure."""
COLUMNS = ["structure", "region_code", "measure", "period", "value", "symbol"]
Stat = tuple[int, int, int]


class Broken(AssertionError):
    """Something does not hold."""


def demand(holds: bool, what: str) -> None:
    if not holds:
        raise Broken(what)


# What the archive holds


def deliveries(home: Path, dataset: str) -> Iterator[tuple[str, dict[str, Any], Path]]:
    """Vintage, manifest and folder of each whole delivery."""
    for path in sorted((home / "raw" / dataset).glob("*/manifest.json")):
        if path.parent.name != "incoming":
            yield path.parent.name, orjson.loads(path.read_bytes()), path.parent


def delivered(folder: Path, manifest: dict[str, Any]) -> dict[str, Cells]:
    """Cells of a delivery by structure, read from the bytes that lie in the archive."""
    found: dict[str, Cells] = {}
    for request in manifest["requests"]:
        if request["role"] == "data":
            found.setdefault(request["label"], {}).update(_cells(orjson.loads((folder / request["file"]).read_bytes())))
    return found


def _cells(document: dict[str, Any]) -> Cells:
    indexes = [document["dimension"][name]["category"]["index"] for name in document["id"]]
    codes = [index if isinstance(index, list) else sorted(index, key=index.__getitem__) for index in indexes]
    value, status = document["value"], document.get("status", {})
    cells: Cells = {}
    for place, key in enumerate(product(*codes)):
        number = value.get(str(place)) if isinstance(value, dict) else value[place]
        if isinstance(status, str):
            symbol = status
        else:
            symbol = status.get(str(place)) if isinstance(status, dict) else status[place]
        cells[key] = (number, symbol)
    return cells


@dataclass
class Archive:
    """What has ever lain in the archive as part of a delivery or set aside; none of it may change.

    Args:
        home: folder.
    """

    home: Path
    known: dict[Path, tuple[str, Stat]] = field(default_factory=dict)

    def check(self, everything: bool = False) -> None:
        """Every file of before is there with the same bytes; new ones are noted.

        Args:
            everything: read all files again, not only those that look touched.
        """
        for path, (digest, stat) in self.known.items():
            demand(path.exists(), f"archived file is gone: {path}")
            now = _stat(path)
            if everything or now != stat:
                demand(_digest(path) == digest, f"archived file has changed: {path}")
                self.known[path] = (digest, now)
        for folder in (self.home / "raw").glob("*/*"):
            whole = (folder / "manifest.json").exists() and folder.name != "incoming"
            if whole or folder.name.startswith("unfinished-"):
                for path in folder.iterdir():
                    # A temporary file of a killed night has a name with a dot before it.
                    if path not in self.known and not path.name.startswith("."):
                        self.known[path] = (_digest(path), _stat(path))


def _stat(path: Path) -> Stat:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns, stat.st_ino


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# That nothing is half


@dataclass
class Wholeness:
    """Every JSON and Parquet file can be read; what was read once is read again only when it has changed."""

    home: Path
    seen: dict[Path, Stat] = field(default_factory=dict)
    litter: int = 0
    """Temporary files that kills have left behind."""

    def check(self) -> None:
        self.litter = 0
        for path in self._files():
            if path.name.startswith("."):
                self.litter += 1
                continue
            if self.seen.get(path) == _stat(path):
                continue
            try:
                _read(path)
            except Exception as error:
                raise Broken(f"half-written: {path}: {error}") from error
            self.seen[path] = _stat(path)

    def _files(self) -> Iterator[Path]:
        yield from (path for path in self.home.iterdir() if path.suffix == ".json" or path.name.startswith("."))
        for folder in ("typed", "public", "published"):
            yield from (path for path in (self.home / folder).rglob("*") if path.is_file())
        for folder in (self.home / "raw").glob("*/*"):
            if folder.name != "incoming" and folder.is_dir():
                yield from (path for path in folder.iterdir() if path.suffix in (".json", ".jsonl"))


def _read(path: Path) -> None:
    if path.suffix == ".parquet":
        pl.read_parquet(path)
    elif path.suffix == ".json":
        orjson.loads(path.read_bytes())


# What is published


class Truth:
    """Which version of the source each delivery holds, and what is to be published of it.

    Args:
        catalog: for the names of measures.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._contracts = {table: catalog.tables[table] for table in TABLES}
        self.served: dict[str, list[Version]] = {table: [] for table in TABLES}
        """Every version that was served, newest last."""
        self.vintages: dict[tuple[str, str], Version | None] = {}
        """Version by table and vintage; None where the delivery holds what the source never said."""
        self._frames: dict[int, pl.DataFrame] = {}

    def serve(self, versions: Iterable[Version]) -> None:
        for version in versions:
            if not any(version is known for known in self.served[version.table][-3:]):
                self.served[version.table].append(version)

    def look(self, home: Path) -> list[tuple[str, str]]:
        """Find out what new deliveries hold; returns those that hold what the source never said."""
        poisoned = []
        for table in TABLES:
            for vintage, manifest, folder in deliveries(home, f"ssb_{table}"):
                if (table, vintage) not in self.vintages:
                    cells = delivered(folder, manifest)
                    candidates = [v for v in reversed(self.served[table]) if v.updated == manifest["updated"]]
                    found = next((v for v in candidates if v.cells == cells), None)
                    self.vintages[table, vintage] = found
                    if found is None:
                        poisoned.append((table, vintage))
        return poisoned

    def rows(self, version: Version) -> pl.DataFrame:
        """The table as it is to be published, in a fixed order."""
        if id(version) not in self._frames:
            self._frames[id(version)] = _ordered(
                pl.DataFrame(self._rows(version), orient="row", schema=self.schema(version.table))
            )
        return self._frames[id(version)]

    def columns(self, table: str) -> list[str]:
        categories = ["sex", "age"] if table == POPULATION else []
        return [*COLUMNS[:2], *categories, *COLUMNS[2:]]

    def schema(self, table: str) -> dict[str, Any]:
        return {name: pl.Float64 if name == "value" else pl.String for name in self.columns(table)}

    def _rows(self, version: Version) -> list[tuple[Any, ...]]:
        measures = {str(m.code): m for m in self._contracts[version.table].measures}
        rows = []
        for structure, cells in version.cells.items():
            for (region, *categories, code, period), (value, symbol) in cells.items():
                told = 0.0 if symbol == "-" else value
                if told == 0 and symbol != "-" and measures[code].zero_means_missing:
                    told = None
                number = None if told is None else float(told)
                rows.append((structure, _region(region), *categories, measures[code].name, period, number, symbol))
        return rows


def _region(code: str) -> str:
    if code == "0":
        return "EAK"
    return f"EKA{code}" if len(code) == 2 else code.removeprefix("K-")


def _ordered(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.sort([name for name in frame.columns if name not in ("value", "symbol")])


@dataclass(frozen=True)
class Standing:
    """What the published file says of one table.

    Attributes:
        state: `current` or `stale`. vintage: id. version: of the source.
    """

    state: str
    vintage: str
    version: Version


@dataclass
class Publication:
    """The published file against the truth.

    Args:
        path: of the file. truth: see :class:`Truth`.
    """

    path: Path
    truth: Truth
    standing: dict[str, Standing] = field(default_factory=dict)
    vintages_checked: int = 0
    _seen: Stat | None = None

    def check(self) -> bool:
        """Open the file; where it is new, read and compare all of it. Returns whether it was new."""
        if not self.path.exists():
            demand(self._seen is None, "the published file is gone")
            return False
        with duckdb.connect(str(self.path), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            if self._seen == _stat(self.path):
                demand(connection.execute("select count(*) from public.indicators").fetchone() != (0,), "unreadable")
                return False
            self._read_all(connection)
            for table in TABLES:
                self._compare(connection, table)
            for indicator, (table, measure) in INDICATORS.items():
                self._compare_indicator(connection, indicator, table, measure)
        self._seen = _stat(self.path)
        return True

    @staticmethod
    def _read_all(connection: duckdb.DuckDBPyConnection) -> None:
        tables = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        demand(len(tables) >= 30, f"only {len(tables)} tables are published")
        for schema, name in tables:
            connection.execute(f'select * from "{schema}"."{name}"').fetchall()

    def _compare(self, connection: duckdb.DuckDBPyConnection, table: str) -> None:
        accepted = connection.execute(
            "select vintage_id, valid_from, state, vintage from public.source_vintages "
            f"where table_id = '{table}' and state <> 'refused' order by valid_from"
        ).fetchall()
        demand(bool(accepted), f"{table} has no vintage")
        demand([row[2] for row in accepted][:-1] == ["superseded"] * (len(accepted) - 1), f"{table}: {accepted}")
        columns = ", ".join(self.truth.columns(table))
        history = connection.sql(f"select {columns}, valid_from, valid_to from source_history.ssb_{table}").pl()
        for vintage, valid_from, _, _ in accepted:
            version = self._version(table, vintage)
            holds = (pl.col("valid_from") <= valid_from) & (
                pl.col("valid_to").is_null() | (pl.col("valid_to") > valid_from)
            )
            found = history.filter(holds).drop("valid_from", "valid_to")
            self._same(found, version, f"source_history.ssb_{table} as of {vintage}")
            self.vintages_checked += 1
        newest, _, _, stamp = accepted[-1]
        [(state, said)] = connection.execute(
            f"select state, vintage from public.source_tables where table_id = '{table}'"
        ).fetchall()
        version = self._version(table, newest)
        demand(stamp == said == version.stamp, f"{table}: vintage {newest} of {version.stamp} is told as {said}")
        found = connection.sql(f"select {columns} from source.ssb_{table}").pl()
        self._same(found, version, f"source.ssb_{table}, vintage {newest}")
        stamps = connection.execute(f"select distinct vintage from source.ssb_{table}").fetchall()
        demand(stamps == [(version.stamp,)], f"source.ssb_{table} names {stamps}, not {version.stamp}")
        self.standing[table] = Standing(state, newest, version)

    def _version(self, table: str, vintage: str) -> Version:
        version = self.truth.vintages[table, vintage]
        if version is None:
            raise Broken(f"{table}: vintage {vintage} was accepted, but the source never said what it holds")
        demand(version.fault is None, f"{table}: vintage {vintage} was accepted with {version.fault}")
        return version

    def _same(self, found: pl.DataFrame, version: Version, what: str) -> None:
        wanted, given = self.truth.rows(version), _ordered(found.cast(self.truth.schema(version.table)))
        if not wanted.equals(given):
            extra, missing = (
                given.join(wanted, on=given.columns, how="anti", nulls_equal=True),
                wanted.join(given, on=given.columns, how="anti", nulls_equal=True),
            )
            raise Broken(f"{what}: published {extra.head(3).rows()}, true {missing.head(3).rows()} ({missing.height})")

    def _compare_indicator(
        self, connection: duckdb.DuckDBPyConnection, indicator: str, table: str, measure: str
    ) -> None:
        standing = self.standing[table]
        published = connection.execute(
            "select region_code, period, value, vintage, is_stale from public.indicator_values "
            f"where structure = 'as_published' and indicator_id = '{indicator}' and value is not null"
        ).fetchall()
        rows = self.truth.rows(standing.version).filter(pl.col("measure") == measure, pl.col("value").is_not_null())
        wanted = dict(zip(zip(rows["region_code"], rows["period"], strict=True), rows["value"], strict=True))
        given = {(region, period): value for region, period, value, *_ in published}
        demand(given == wanted, f"{indicator} differs: {sorted(set(given.items()) ^ set(wanted.items()))[:6]}")
        named = {(vintage, stale) for *_, vintage, stale in published}
        demand(named == {(standing.version.stamp, standing.state == "stale")}, f"{indicator} names {named}")

    def groups(self, year: str) -> dict[str, str | None]:
        """KOSTRA group of each municipality in a year, as published."""
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return dict(
                connection.execute(
                    "select region_code, kostra_group from public.regions "
                    "where region_level = 'municipality' and year = ?",
                    [year],
                ).fetchall()
            )


# That a good night ends with the newest


def knows_merger(home: Path, code: str) -> bool:
    """Whether the current list of code changes names a merged municipality."""
    current = home / "typed" / "klass_131_changes" / "current.json"
    vintage = orjson.loads(current.read_bytes())["vintage"]
    changes = pl.read_parquet(current.parent / f"{vintage}.parquet")
    return code in changes["new_code"].to_list()


def excuse(home: Path, table: str, world: World, truth: Truth, standing: Standing) -> str | None:
    """Why an older version of a table than the source's may stand after a good night; None where it may not.

    Returns:
        `bad`, `klass`, `silent` or `poisoned`; empty where the newest one stands.
    """
    wanted = world.current[table]
    newest = [(m, v) for v, m, _ in deliveries(home, f"ssb_{table}")]
    manifest, vintage = max(newest, key=lambda pair: max(r["received_at"] for r in pair[0]["requests"]))
    held, refused = (
        truth.vintages[table, vintage],
        (home / "typed" / f"ssb_{table}" / "refused" / f"{vintage}.json").exists(),
    )
    if standing.version.cells == wanted.cells and standing.version.stamp == wanted.stamp:
        if standing.state == "current":
            return ""
        # Read again after four weeks, and what came was a lie: it stands refused beside the good one.
        return "poisoned" if held is None and refused else None
    if manifest["updated"] != wanted.updated:
        return None
    if wanted.fault and held is not None and held.fault:
        return "bad" if refused and standing.state == "stale" else None
    if wanted.needs and not knows_merger(home, wanted.needs):
        return "klass" if refused and standing.state == "stale" else None
    if held is None:
        return "poisoned" if refused and standing.state == "stale" else None
    if held.cells != wanted.cells:
        return "silent" if standing.vintage == vintage and standing.state == "current" else None
    return None
