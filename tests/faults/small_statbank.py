"""Two tables and two classifications of a few cells that fit the real contracts, a home over them, and its nights.

Belongs here: what a fault is tried on. Does not belong here: faults, kills and what is asserted. No relative imports:
``driver`` runs as a program of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import duckdb
import orjson

from k2025_pipeline.catalog import Catalog, load_catalog
from k2025_pipeline.catalog.generate import column_docs, history_docs
from k2025_pipeline.catalog.tables import Coverage, TableContract
from k2025_pipeline.demo import klass_files
from k2025_pipeline.ingest.acceptance import Outcome
from k2025_pipeline.ingest.session import FetchOutcome
from k2025_pipeline.lake.archive import Archive
from k2025_pipeline.lake.home import Home
from k2025_pipeline.night import Contract, Night
from k2025_pipeline.settings import PROJECT_ROOT, Settings
from k2025_pipeline.warehouse import publish, record

TABLE, BYSTANDER = "12293", "12209"
KLASS, GROUPS = "131", "112"
PUBLIC = ("indicator_values", "indicator_history")
CELL_LIMIT = 14
"""Cells of an answer: table 12293 comes in three parts, one per measure; 12209 in two."""
PARTS = {TABLE: 3, BYSTANDER: 2}
YEARS = ("2024", "2025")
REGIONS = {
    "0301": "Oslo",
    "1103": "Stavanger",
    "1508": "Ålesund",
    "5001": "Trondheim",
    "EAK": "Landet",
    "EKA15": "Møre og Romsdal",
}
FIRST_NIGHT = datetime(2026, 6, 19, 2, 15, tzinfo=UTC)
NEXT_NIGHT = FIRST_NIGHT + timedelta(days=1)
STAMPS = {"march": "2026-03-16T07:00:00Z", "june": "2026-06-15T06:00:00Z"}
MODIFIED = {"march": "2026-01-01T00:00:00.000+0000", "june": "2026-06-10T00:00:00.000+0000"}


def small_catalog() -> Catalog:
    """The real declarations of what the small Statbank has, with the size that it has."""
    real = load_catalog(PROJECT_ROOT / "schemas")
    tables = {name: _small(real.tables[name], measures) for name, measures in ((TABLE, 3), (BYSTANDER, 2))}
    promised = {name: real.expectations[name] for name in PUBLIC}
    classes = {i: real.classifications[i].model_copy(update={"first_year": "2025"}) for i in (KLASS, GROUPS)}
    rules = real.quality.publication.model_copy(update={"rest_on_uploads": []})
    quality = real.quality.model_copy(update={"publication": rules})
    return replace(real, tables=tables, classifications=classes, uploads={}, expectations=promised, quality=quality)


def _small(contract: TableContract, measures: int) -> TableContract:
    cells = measures * len(REGIONS) * len(YEARS)
    size = Coverage(min_cells=cells, max_cells=cells)
    return contract.model_copy(update={"measures": contract.measures[:measures], "coverage": size})


def write_source(root: Path, catalog: Catalog, changed: Iterable[str] = ()) -> Path:
    """A folder for the local Statbank.

    Args:
        root: folder to make. catalog: for codes and units. changed: tables and classifications that are in their
            June edition; the others are as in March.
    """
    changed = set(changed)
    for folder in ("statbank", "klass"):
        (root / folder).mkdir(parents=True)
    (root / "source.json").write_bytes(orjson.dumps({"source": "other"}))
    for table in catalog.tables.values():
        edition = "june" if table.id in changed else "march"
        (root / "statbank" / f"{table.id}.json").write_bytes(orjson.dumps(_document(table, edition)))
    for number in (KLASS, GROUPS):
        edition = "june" if number in changed else "march"
        (root / "klass" / f"{number}.json").write_bytes(orjson.dumps(_classification(number, edition)))
    return root


def _document(table: TableContract, edition: str) -> dict[str, Any]:
    # Measures for which 0 means «no figure» come last, so that the first part has honest figures.
    measures = sorted(table.measures, key=lambda m: m.zero_means_missing)
    region = _dimension("region", REGIONS)
    contents = _dimension("statistikkvariabel", {str(m.code): m.labels[0] for m in measures})
    contents["category"]["unit"] = {str(m.code): {"base": m.unit, "decimals": m.decimals} for m in measures}
    years = _dimension("år", dict(zip(YEARS, YEARS, strict=True)))
    dimensions = {"KOKkommuneregion0000": region, "ContentsCode": contents, "Tid": years}
    shape = list(product(range(len(REGIONS)), range(len(measures)), range(len(YEARS))))
    more = 0.5 if edition == "june" else 0.0
    values: list[float | None] = [40.0 + 3 * r + 5 * m + y + more for r, m, y in shape]
    values[1] = None
    return {
        "version": "2.0",
        "class": "dataset",
        "label": f"{table.id}: {table.title.nb}",
        "source": "Statistisk sentralbyrå",
        "updated": STAMPS[edition],
        "role": {"time": ["Tid"], "geo": ["KOKkommuneregion0000"], "metric": ["ContentsCode"]},
        "id": list(dimensions),
        "size": [len(REGIONS), len(measures), len(YEARS)],
        "dimension": dimensions,
        "extension": {"px": {"tableid": table.id}},
        "value": values,
        "status": {"1": ":"},
    }


def _dimension(label: str, codes: dict[str, str]) -> dict[str, Any]:
    index = {code: place for place, code in enumerate(codes)}
    return {"label": label, "category": {"index": index, "label": codes}, "extension": {"elimination": False}}


def _classification(number: str, edition: str) -> dict[str, Any]:
    about = {"name": number, "classificationType": "Klassifikasjon", "lastModified": MODIFIED[edition]}
    if number == GROUPS:
        codes = [klass_files.code_item(f"EKG{n:02d}", f"Gruppe {n}", "2020-01-01", None) for n in (8, 11)]
        return {"classification": about, "codes": codes}
    towns = {code: name for code, name in REGIONS.items() if code.isdigit()}
    codes = [klass_files.code_item(code, name, "2020-01-01", None) for code, name in towns.items()]
    group = ("EKG08" if edition == "june" else "EKG11", "Gruppe")
    items = [klass_files.correspondence_item(town, group, "2020-01-01", None) for town in towns.items()]
    change = {"oldCode": "1507", "oldName": "Ålesund", "newCode": "1508", "newName": "Ålesund"}
    changes = [{**change, "changeOccurred": "2024-01-01"}]
    return {"classification": about, "codes": codes, "changes": changes, "correspondences": {GROUPS: items}}


def publish_once(home: Home, catalog: Catalog, value: float = 73.7, rows: int = 1) -> publish.Published:
    """Publish a tiny build with one figure by the real publication, without dbt.

    Args:
        home: where. catalog: see :func:`small_catalog`. value: in every row of every table. rows: of each table.
    """
    build_once(home, catalog, value, rows)
    return publish.publish(home, catalog, f"fingerprint {value}", "other")


def build_once(home: Home, catalog: Catalog, value: float, rows: int = 1) -> None:
    """The build of :func:`publish_once`, with the memory of what was published before as the models keep it."""
    home.build.mkdir(parents=True, exist_ok=True)
    home.build_file.unlink(missing_ok=True)
    with duckdb.connect(str(home.build_file)) as build:
        build.execute("set TimeZone = 'UTC'; create schema catalog")
        build.execute(record.published_values(home))
        for schema in ("public", "staging", "history"):
            build.execute(f"create schema {schema}")
        many = f"from range({rows})"
        build.execute(
            f"create table public.indicator_values as select 'KOMP-01' as indicator_id, {value}::double as value {many}"
        )
        build.execute(f"create table public.indicator_history as {HISTORY.format(value=value)}")
        for name in PUBLIC:
            _describe(build, f"public.{name}")
        for table in catalog.tables.values():
            docs = column_docs(table)
            listed = ", ".join(f"'{value}' as {column}" for column in docs)
            build.execute(f"create table staging.stg_{table.name} as select {listed} {many}")
            listed = ", ".join(_history_column(column, value) for column in history_docs(table))
            build.execute(f"create table history.history_{table.name} as select {listed} {many}")
    (home.build / "audit.json").write_bytes(orjson.dumps([f"audit of {value}"]))


HISTORY = """
with tonight as (
    select 'KOMP-01' as indicator_id, 1 as definition_version, '0301' as region_code, '2025' as period,
        {value}::double as value, 'A' as obs_status, timestamptz '2026-06-15 06:00:00+00' as vintage,
        now() as published_at
),
last_told as (
    select * from catalog.published_values
    qualify row_number() over (partition by indicator_id, region_code, period order by published_at desc) = 1
)
select * from catalog.published_values
union all by name
select tonight.*, case when last_told.value is null then 'first' else 'source' end as cause
from tonight left join last_told using (indicator_id, region_code, period)
where last_told.value is distinct from tonight.value
"""


def _history_column(column: str, value: float) -> str:
    return f"null::timestamptz as {column}" if column.startswith("valid_") else f"'{value}' as {column}"


def _describe(build: duckdb.DuckDBPyConnection, table: str) -> None:
    build.execute(f"comment on table {table} is 'tabell / table'")
    for name, *_ in build.execute(f"describe {table}").fetchall():
        build.execute(f"comment on column {table}.{name} is 'kolonne / column'")


QUESTION = "select indicator_id, value from public.indicator_values"
ROWS = [("KOMP-01", 73.7)]


@dataclass
class Told:
    """What a night said, by table or classification."""

    fetched: dict[str, FetchOutcome] = field(default_factory=dict)
    typed: dict[str, Outcome] = field(default_factory=dict)


def run_night(
    home: Path,
    source: str,
    catalog: Catalog,
    started: datetime = NEXT_NIGHT,
    only: Iterable[str] | None = None,
    judge: bool = True,
    **options: Any,
) -> Told:
    """One night without dbt: fetch everything, then judge everything. Nobody waits.

    Args:
        home: folder. source: as ``--source``. catalog: see :func:`small_catalog`. started: of the night.
        only: ids of tables and classifications; None for all. judge: whether deliveries are judged.
        options: of ``Night`` or ``Settings``.
    """
    settings = {name: options.pop(name) for name in ("publication_hours",) if name in options}
    options = {"now": lambda: started, "sleep": _nobody_waits, **options}
    night = Night(Settings(home=home, source=source, **settings), catalog, **options)
    return drive(night, contracts(catalog, only), judge)


def _nobody_waits(seconds: float) -> None:
    pass


def contracts(catalog: Catalog, only: Iterable[str] | None = None) -> list[Contract]:
    """Classifications and tables in the order of a night."""
    known: dict[str, Contract] = {**catalog.classifications, **catalog.tables}
    return [known[i] for i in (known if only is None else only)]


def drive(night: Night, asked: list[Contract], judge: bool = True) -> Told:
    """The steps of a night, fetches first."""
    told = Told()
    try:
        for contract in asked:
            told.fetched[contract.name] = night.fetch(contract)
        for contract in asked if judge else ():
            told.typed[contract.name] = night.accept(contract)
    finally:
        night.close()
    return told


def typed_content(home: Path) -> dict[str, str]:
    """Hash of the current typed rows and of their history, by dataset."""
    found = {}
    for path in sorted((home / "typed").glob("*/current.json")):
        current = orjson.loads(path.read_bytes())
        found[path.parent.name] = current["content"]
        for history in sorted((path.parent / "history").glob("*.parquet")):
            found[f"{path.parent.name} history"] = hashlib.sha256(history.read_bytes()).hexdigest()
    return found


def delivered(home: Path) -> dict[str, list[tuple[str, str, str]]]:
    """Role, label and sha256 of every answer of the newest delivery, by dataset."""
    archive = Archive(Home(home))
    found = {}
    for folder in sorted((home / "raw").glob("*_*")):
        latest = archive.latest(folder.name)
        if latest is not None:
            found[folder.name] = [(a.role, a.label, hashlib.sha256(a.read()).hexdigest()) for a in latest.answers]
    return found


def files(root: Path) -> dict[str, str]:
    """sha256 of every file by its path below ``root``."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }
