"""What dbt reads: views over the current vintages, and the declarations as tables.

Here belongs the start of a build. Nothing here transforms a figure.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from datetime import date, datetime
from itertools import product
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from k2025_pipeline import __version__
from k2025_pipeline.catalog import Catalog
from k2025_pipeline.catalog.indicators import Calculation, IndicatorDefinition, Text, Variant
from k2025_pipeline.catalog.tables import Band, TableContract
from k2025_pipeline.klass.client import SCHEMAS
from k2025_pipeline.lake.home import Home
from k2025_pipeline.lake.typed import TypedLake, Vintage
from k2025_pipeline.validation.columns import typed_schema
from k2025_pipeline.warehouse import record
from k2025_pipeline.warehouse.publish import published

Row = dict[str, Any]
BREAKS = (
    "break_id",
    "table_id",
    "measure",
    "region_level",
    "period_from",
    "period_to",
    "vintage_to",
    "kind",
    "treatment",
    "name_nb",
    "name_en",
    "reason_nb",
    "reason_en",
    "source",
    "evidence",
)
INDICATOR_BREAKS = ("indicator_id", "break_id", "at", "region_level", "reason")
# Named, because no break at all is a right declaration too, and rows are what other tables take their columns from.
BORDER_CHANGES = (
    "classification_id",
    "old_code",
    "new_code",
    "changed_on",
    "reason_nb",
    "reason_en",
    "source",
    "evidence",
)
DECLARED_TYPES: dict[str, dict[str, Any]] = {
    "breaks": dict.fromkeys(BREAKS, pl.String),
    "indicator_breaks": dict.fromkeys(INDICATOR_BREAKS, pl.String),
    "border_changes": dict.fromkeys(BORDER_CHANGES, pl.String) | {"changed_on": pl.Date},
}


def input_schemas(catalog: Catalog) -> dict[str, dict[str, Any]]:
    """Column types of every typed dataset that a build reads, by name."""
    schemas: dict[str, dict[str, Any]] = {t.name: dict(typed_schema(t)) for t in catalog.tables.values()}
    for contract in catalog.classifications.values():
        for kind, name in contract.datasets.items():
            schemas[name] = dict(SCHEMAS[kind])
    return schemas


def fingerprint(home: Home, catalog: Catalog, folders: list[Path]) -> str:
    """Hash of everything that a build depends on: vintages and their state, declarations, models, version.

    Args:
        home: where the vintages lie. catalog: the declarations.
        folders: folders whose files decide the outcome (``schemas/``, ``dbt/``, the code that its Python models use).
    """
    lake = TypedLake(home)
    digest = hashlib.sha256(__version__.encode())
    for dataset in sorted(input_schemas(catalog)):
        vintage = lake.current(dataset)
        digest.update(repr(vintage and (dataset, vintage.content, vintage.updated)).encode())
        digest.update(repr((lake.state(dataset), lake.refusals(dataset))).encode())
    for folder in folders:
        for path in sorted(p for p in folder.rglob("*") if p.suffix in {".yml", ".sql", ".csv", ".py"}):
            if "target" not in path.parts:
                digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()


def prepare(home: Home, catalog: Catalog, source: str) -> None:
    """Start the build's database anew, with schemas ``typed`` and ``catalog`` for dbt to read.

    Args:
        home: where everything lies. catalog: the declarations. source: ``ssb``, ``recording``, ``demo``, ``other``.
    """
    home.build.mkdir(parents=True, exist_ok=True)
    for leftover in home.build.glob(f"{home.build_file.name}*"):
        leftover.unlink()
    lake = TypedLake(home)
    with duckdb.connect(str(home.build_file)) as connection:
        connection.execute("set TimeZone = 'UTC'; create schema typed; create schema catalog")
        for dataset, schema in input_schemas(catalog).items():
            _lay(connection, lake, dataset, schema, source)
        for table in catalog.tables.values():
            _lay_history(connection, lake, table)
        states = source_tables(connection, catalog, lake, source)
        for name, rows in declared_tables(catalog).items():
            _create(connection, name, _declared(name, rows))
        _create(connection, "source_tables", states)
        _create(connection, "vintages", record.vintages(catalog, lake))
        _create(connection, "changes", record.changes(catalog, lake))
        connection.execute(record.published_values(home))
        standing = published(home)
        moment = standing.published_at if standing else None
        connection.execute("create table catalog.last_publication as select cast(? as timestamptz) as at", [moment])


def _lay(
    connection: duckdb.DuckDBPyConnection, lake: TypedLake, dataset: str, schema: dict[str, Any], source: str
) -> None:
    vintage = lake.current(dataset)
    if vintage is None:
        columns = ", ".join(f'"{name}" {_sql_type(dtype)}' for name, dtype in schema.items())
        extra = "vintage timestamptz, source varchar, is_stale boolean"
        connection.execute(f"create table typed.{dataset} ({columns}, {extra})")
        return
    path = str(lake.path(dataset, vintage.vintage)).replace("'", "''")
    connection.execute(
        f"create view typed.{dataset} as select *, timestamptz '{_stamp(vintage)}' as vintage, "
        f"'{source}' as source, {vintage.stale_because is not None} as is_stale from read_parquet('{path}')"
    )


def _lay_history(connection: duckdb.DuckDBPyConnection, lake: TypedLake, table: TableContract) -> None:
    """The cells of all vintages by validity, as ``ingest.history`` keeps them."""
    path = lake.history(table.name)
    if path is None:
        columns = ", ".join(f'"{name}" varchar' for name in [*table.key, "unit"])
        rest = "value double, symbol varchar, valid_from timestamptz, valid_to timestamptz"
        connection.execute(f"create table typed.{table.name}_history ({columns}, {rest})")
        return
    text = str(path).replace("'", "''")
    connection.execute(f"create view typed.{table.name}_history as select * from read_parquet('{text}')")


def _stamp(vintage: Vintage) -> str:
    return datetime.fromisoformat(vintage.updated).isoformat()


def _sql_type(dtype: Any) -> str:
    return "double" if dtype == pl.Float64 else "date" if dtype == pl.Date else "varchar"


def _create(connection: duckdb.DuckDBPyConnection, name: str, frame: pl.DataFrame) -> None:
    connection.register("declared", frame.to_arrow())
    connection.execute(f"create table catalog.{name} as select * from declared")
    connection.unregister("declared")


def _declared(name: str, rows: list[Row]) -> pl.DataFrame:
    """Declared rows with the types that models expect; a column without a single entry is text."""
    frame = pl.DataFrame(rows, schema=DECLARED_TYPES.get(name), infer_schema_length=None)
    return frame.cast({pl.Int64: pl.Int32, pl.Null: pl.String})


def declared_tables(catalog: Catalog) -> dict[str, list[Row]]:
    """The declarations as rows, by table of schema ``catalog``."""
    families = list(catalog.indicators.values())
    return {
        "age_bands": [
            {"table_id": t.id, "band": b.group, "first_age": b.first_age, "last_age": b.last_age, "cells": _cells(t, b)}
            for t in catalog.tables.values()
            for b in t.bands
        ],
        "table_measures": list(_measures(catalog)),
        "indicators": [row for family in families for row in _indicator_rows(family)],
        "indicator_terms": [row for family in families for row in _term_rows(family, catalog)],
        "breaks": list(_break_rows(catalog)),
        "indicator_breaks": [row for family in families for row in _indicator_break_rows(family, catalog)],
        "border_changes": [
            {
                "classification_id": contract.id,
                **change.model_dump(include={"old_code", "new_code", "source", "evidence"}),
                "changed_on": date.fromisoformat(change.changed_on),
                **_both("reason", change.reason),
            }
            for contract in catalog.classifications.values()
            for change in contract.border_changes
        ],
        "size_classes": [
            {"size_class": s.id, "at_least": s.at_least, "below": s.below, **_both("name", s.name)}
            for s in catalog.comparators.size_classes
        ],
        "comparators": [
            {
                "comparator": c.id,
                **_both("name", c.name),
                "leave_out_below": catalog.comparators.leave_out_below,
                "quartiles_from": catalog.comparators.quartiles_from,
            }
            for c in catalog.comparators.comparators
        ],
        "measures": [
            {
                "measure_no": m.measure_no,
                **_both("summary", m.summary),
                **_both("target_group", m.target_group),
                **_both("level", m.level),
                **_both("status", m.status),
                "chapter": m.chapter,
            }
            for m in catalog.measures.measures
        ],
        "measure_indicators": [
            {"measure_no": number, "indicator_id": indicator_id}
            for family in families
            for indicator_id, _, _ in calculations(family)
            for number in family.measures
        ],
        "reference_values": [
            {
                "ref_id": r.ref_id,
                **_both("label", r.label),
                **r.model_dump(
                    include={
                        "value",
                        "unit",
                        "period",
                        "region_code",
                        "kind",
                        "document",
                        "line",
                        "indicator_id",
                        "indicator_part",
                    }
                ),
            }
            for r in catalog.references.values
        ],
    }


def _cells(table: TableContract, band: Band) -> int:
    """Number of cells that a whole band has: its ages times the declared categories of the other dimensions."""
    ages = band.last_age - band.first_age + 1
    return ages * math.prod(len(d.categories) for d in table.category_dimensions if d.categories)


def calculations(family: IndicatorDefinition) -> list[tuple[str, Calculation, Variant | None]]:
    """Public id, calculation and variant of an indicator and each of its variants."""
    main: list[tuple[str, Calculation, Variant | None]] = [(family.id, family.calculation, None)]
    return main + [(f"{family.id}.{v.suffix}", v.calculation, v) for v in family.variants]


def _measures(catalog: Catalog) -> Iterator[Row]:
    for table in catalog.tables.values():
        for measure in table.measures:
            yield {"table_id": table.id, "measure": measure.name, "additive": measure.additive}
            if measure.additive:
                for derived in table.derived_measures:
                    yield {"table_id": table.id, "measure": derived, "additive": True}


def _indicator_rows(family: IndicatorDefinition) -> Iterator[Row]:
    for indicator_id, calculation, variant in calculations(family):
        numerator = calculation.published or calculation.numerator
        denominator = calculation.denominator
        tables = {term.table for side in calculation.sides.values() for term in side.terms}
        yield {
            "indicator_id": indicator_id,
            "family_id": family.id,
            "definition_version": family.version,
            "status": family.status,
            **_both("name", variant.name if variant else family.name),
            **_both("short_name", family.short_name),
            "domain": family.domain,
            "type": family.type,
            **_both("purpose", family.purpose),
            **_both("numerator", numerator.words if numerator else None),
            **_both("denominator", denominator.words if denominator else None),
            "method": calculation.method,
            "multiplier": float(calculation.multiplier),
            "unit": (variant and variant.unit) or family.unit,
            "decimals": family.decimals if variant is None or variant.decimals is None else variant.decimals,
            "direction": family.direction,
            "unit_of_count": family.unit_of_count,
            "levels": ", ".join(family.levels),
            "interval_method": (variant and variant.interval) or family.interval,
            **_both("caveats", family.caveats),
            "source_tables": ", ".join(sorted(tables)),
        }


def _term_rows(family: IndicatorDefinition, catalog: Catalog) -> Iterator[Row]:
    for indicator_id, calculation, _ in calculations(family):
        for role, side in calculation.sides.items():
            for term in side.terms:
                table = catalog.tables[term.table]
                bands = list(term.where.values())
                yield {
                    "indicator_id": indicator_id,
                    "role": role,
                    "decides": _decides(role, calculation),
                    "table_id": term.table,
                    "measure": term.measure,
                    "category": bands[0] if table.bands else table.category_key(term.where),
                    "sign": term.sign,
                }


def _decides(role: str, calculation: Calculation) -> bool:
    """Whether the value comes from this side; a published figure's numerator and denominator only stand beside it."""
    return (role == "published") == (calculation.method == "published")


def _break_rows(catalog: Catalog) -> Iterator[Row]:
    for broken in catalog.breaks.values():
        for (table_id, measure), level in product(broken.series(catalog.tables), broken.region_levels):
            yield {
                "break_id": broken.id,
                "table_id": table_id,
                "measure": measure,
                "region_level": level,
                "period_from": broken.from_period,
                "period_to": broken.to_period,
                "vintage_to": broken.vintage_to and broken.vintage_to.isoformat(),
                "kind": broken.kind,
                "treatment": broken.treatment,
                **_both("name", broken.name),
                **_both("reason", broken.reason),
                "source": broken.source,
                "evidence": broken.evidence,
            }


def _indicator_break_rows(family: IndicatorDefinition, catalog: Catalog) -> Iterator[Row]:
    """Where the series of an indicator are cut: at every split of a series that its value is made of."""
    splits = [broken for broken in catalog.breaks.values() if broken.treatment == "split"]
    for indicator_id, calculation, _ in calculations(family):
        sides = [side for role, side in calculation.sides.items() if _decides(role, calculation)]
        used = {(term.table, term.measure) for side in sides for term in side.terms}
        for broken in splits:
            if used.isdisjoint(broken.series(catalog.tables)):
                continue
            for level in broken.region_levels:
                yield {
                    "indicator_id": indicator_id,
                    "break_id": broken.id,
                    "at": broken.to_period,
                    "region_level": level,
                    "reason": broken.reason.nb,
                }


def _both(name: str, text: Text | None) -> Row:
    return {f"{name}_nb": text and text.nb, f"{name}_en": text and text.en}


def source_tables(
    connection: duckdb.DuckDBPyConnection, catalog: Catalog, lake: TypedLake, source: str
) -> pl.DataFrame:
    """State, vintage and size of every source table, one row each."""
    rows = []
    for table in catalog.tables.values():
        counted = connection.execute(
            f"select count(*), count(value), count(distinct period), min(period), max(period) from typed.{table.name}"
        ).fetchall()[0]
        rows.append(_state(table.id, table.name, table.name, table, counted, lake, source))
    for contract in catalog.classifications.values():
        name = f"{contract.name}_codes"
        counted = connection.execute(f"select count(*), count(code), null, null, null from typed.{name}").fetchall()[0]
        rows.append(_state(f"klass-{contract.id}", contract.name, name, contract, counted, lake, source))
    stamps = ["vintage", "fetched_at"]
    # Named, because a column without a single entry would have no type: a home that holds no table yet.
    texts = dict.fromkeys([*stamps, "first_period", "last_period"], pl.String)
    return pl.DataFrame(rows, infer_schema_length=None, schema_overrides=texts).with_columns(
        pl.col(stamps).str.to_datetime(time_zone="UTC")
    )


def _state(
    table_id: str, table_name: str, dataset: str, contract: Any, counted: Any, lake: TypedLake, source: str
) -> Row:
    vintage = lake.current(dataset)
    state, _ = lake.state(dataset)
    attribution = getattr(contract, "attribution", None)
    return {
        "table_id": table_id,
        "table_name": table_name,
        **_both("title", contract.title),
        "state": state,
        "vintage": vintage and _stamp(vintage),
        "fetched_at": vintage and vintage.accepted_at,
        **dict(zip(("rows", "cells", "periods", "first_period", "last_period"), counted, strict=True)),
        "source": source,
        "licence": contract.licence,
        "attribution_nb": attribution.nb if attribution else "Kilde: Statistisk sentralbyrå",
        "attribution_en": attribution.en if attribution else "Source: Statistics Norway",
        "url": contract.url,
    }
