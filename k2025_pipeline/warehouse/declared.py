"""The declarations of ``schemas/`` as rows and frames, for dbt to read as tables of schema ``catalog``.

Here belongs the form of each of those tables. Not here: reading the files (``catalog``) and laying the tables
(``inputs``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from itertools import product
from typing import Any

import polars as pl

from k2025_pipeline.catalog import Catalog
from k2025_pipeline.catalog.indicators import Calculation, IndicatorDefinition, Text, Variant
from k2025_pipeline.catalog.tables import Band, TableContract

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
EFFECT_RULES = ("rule_id", "value", "unit_of_count", "first_year", "last_year", "text_nb", "text_en")
DECLARED_TYPES: dict[str, dict[str, Any]] = {
    "breaks": dict.fromkeys(BREAKS, pl.String),
    "indicator_breaks": dict.fromkeys(INDICATOR_BREAKS, pl.String),
    "border_changes": dict.fromkeys(BORDER_CHANGES, pl.String) | {"changed_on": pl.Date},
    "effect_rules": dict.fromkeys(EFFECT_RULES, pl.String) | {"value": pl.Float64},
}


def declared_frame(name: str, rows: list[Row]) -> pl.DataFrame:
    """Declared rows with the types that models expect; a column without a single entry is text."""
    frame = pl.DataFrame(rows, schema=DECLARED_TYPES.get(name), infer_schema_length=None)
    return frame.cast({pl.Int64: pl.Int32, pl.Null: pl.String})


def declared_tables(catalog: Catalog) -> dict[str, list[Row]]:
    """The declarations as rows, by table of schema ``catalog``."""
    families = list(catalog.indicators.values())
    return {
        "age_bands": list(_age_band_rows(catalog)),
        "table_measures": list(_measures(catalog)),
        "indicators": [row for family in families for row in _indicator_rows(family)],
        "indicator_terms": [row for family in families for row in _term_rows(family, catalog)],
        "breaks": list(_break_rows(catalog)),
        "indicator_breaks": [row for family in families for row in _indicator_break_rows(family, catalog)],
        "border_changes": list(_border_change_rows(catalog)),
        "size_classes": list(_size_class_rows(catalog)),
        "comparators": list(_comparator_rows(catalog)),
        "effect_rules": list(_effect_rule_rows(catalog)),
        "measures": list(_programme_measure_rows(catalog)),
        "measure_indicators": [
            {"measure_no": number, "indicator_id": indicator_id}
            for family in families
            for indicator_id, _, _ in calculations(family)
            for number in family.measures
        ],
        "reference_values": list(_reference_rows(catalog)),
    }


def _age_band_rows(catalog: Catalog) -> Iterator[Row]:
    for table in catalog.tables.values():
        for band in table.bands:
            yield {
                "table_id": table.id,
                "band": band.group,
                "first_age": band.first_age,
                "last_age": band.last_age,
                "cells": _cells(table, band),
            }


def _border_change_rows(catalog: Catalog) -> Iterator[Row]:
    for contract in catalog.classifications.values():
        for change in contract.border_changes:
            yield {
                "classification_id": contract.id,
                **change.model_dump(include={"old_code", "new_code", "source", "evidence"}),
                "changed_on": date.fromisoformat(change.changed_on),
                **both("reason", change.reason),
            }


def _size_class_rows(catalog: Catalog) -> Iterator[Row]:
    for size in catalog.comparators.size_classes:
        yield {"size_class": size.id, "at_least": size.at_least, "below": size.below, **both("name", size.name)}


def _effect_rule_rows(catalog: Catalog) -> Iterator[Row]:
    """Limits have a value; warnings have none, and may concern certain years or units."""
    for limit in catalog.effects.limits:
        yield {"rule_id": limit.id, "value": limit.value, "unit_of_count": None, **both("text", limit.reason)}
    for warning in catalog.effects.warnings:
        first, last = warning.years or (None, None)
        yield {
            "rule_id": warning.id,
            "value": None,
            "unit_of_count": warning.unit_of_count,
            "first_year": first,
            "last_year": last,
            **both("text", warning.text),
        }


def _comparator_rows(catalog: Catalog) -> Iterator[Row]:
    limits = catalog.comparators.model_dump(include={"leave_out_below", "weighted_from", "quartiles_from"})
    for comparator in catalog.comparators.comparators:
        yield {"comparator": comparator.id, **both("name", comparator.name), **limits}


def _programme_measure_rows(catalog: Catalog) -> Iterator[Row]:
    for measure in catalog.measures.measures:
        yield {
            "measure_no": measure.measure_no,
            **both("summary", measure.summary),
            **both("target_group", measure.target_group),
            **both("level", measure.level),
            **both("status", measure.status),
            "chapter": measure.chapter,
        }


def _reference_rows(catalog: Catalog) -> Iterator[Row]:
    kept = {"value", "unit", "period", "region_code", "kind", "document", "line", "indicator_id", "indicator_part"}
    for reference in catalog.references.values:
        yield {"ref_id": reference.ref_id, **both("label", reference.label), **reference.model_dump(include=kept)}


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
            **both("name", variant.name if variant else family.name),
            **both("short_name", family.short_name),
            "domain": family.domain,
            "type": family.type,
            **both("purpose", family.purpose),
            **both("numerator", numerator.words if numerator else None),
            **both("denominator", denominator.words if denominator else None),
            "method": calculation.method,
            "multiplier": float(calculation.multiplier),
            "unit": (variant and variant.unit) or family.unit,
            "decimals": family.decimals if variant is None or variant.decimals is None else variant.decimals,
            "direction": family.direction,
            "unit_of_count": family.unit_of_count,
            "levels": ", ".join(family.levels),
            "interval_method": (variant and variant.interval) or family.interval,
            **both("caveats", family.caveats),
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
                **both("name", broken.name),
                **both("reason", broken.reason),
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


def both(name: str, text: Text | None) -> Row:
    """A text as two columns: bokmål and English."""
    return {f"{name}_nb": text and text.nb, f"{name}_en": text and text.en}
