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
from k2025_pipeline.catalog.base import Text
from k2025_pipeline.catalog.calculations import COUNTED_REGIONS, Calculation, Term
from k2025_pipeline.catalog.indicators import IndicatorDefinition, Variant
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
DOCUMENT_OBSERVATIONS = ("table_id", "measure", "category", "region_code", "period", "unit", "value", "ref_id")
EFFECT_RULES = ("rule_id", "value", "unit_of_count", "first_year", "last_year", "text_nb", "text_en")
CATEGORY_PARTS = ("table_id", "total", "part", "parts")
SAME_FIGURES = ("table_id", "measure", "category", "other_table_id", "other_measure", "other_category")
POPULATION_LIMITS = ("table_id", "measure", "category", "population_table_id", "population_measure", "band")
INDICATOR_MODELS = ("indicator_id", "model", "of_indicator")
DECLARED_TYPES: dict[str, dict[str, Any]] = {
    "category_parts": dict.fromkeys(CATEGORY_PARTS, pl.String) | {"parts": pl.Int32},
    "same_figures": dict.fromkeys(SAME_FIGURES, pl.String),
    "population_limits": dict.fromkeys(POPULATION_LIMITS, pl.String),
    "document_observations": dict.fromkeys(DOCUMENT_OBSERVATIONS, pl.String) | {"value": pl.Float64},
    "indicator_models": dict.fromkeys(INDICATOR_MODELS, pl.String),
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
        "indicator_models": [row for family in families for row in _model_rows(family)],
        "decompositions": list(_decomposition_rows(catalog)),
        "indicator_comparators": [row for family in families for row in _comparator_choices(family)],
        "breaks": list(_break_rows(catalog)),
        "indicator_breaks": [row for family in families for row in _indicator_break_rows(family, catalog)],
        "border_changes": list(_border_change_rows(catalog)),
        "size_classes": list(_size_class_rows(catalog)),
        "comparators": list(_comparator_rows(catalog)),
        "effect_rules": list(_effect_rule_rows(catalog)),
        "funnel_rules": [_funnel_rules(catalog)],
        "category_parts": list(_category_part_rows(catalog)),
        "same_figures": list(_same_figure_rows(catalog)),
        "population_limits": list(_population_limit_rows(catalog)),
        "measures": list(_programme_measure_rows(catalog)),
        "programmes": list(_programme_rows(catalog)),
        "measure_indicators": [
            {"measure_no": number, "indicator_id": indicator_id}
            for family in families
            for indicator_id, _, _ in calculations(family)
            for number in family.measures
        ],
        "reference_values": list(_reference_rows(catalog)),
        "document_observations": list(_document_rows(catalog)),
        "needs": [_need_row(catalog)],
        "need_terms": list(_need_term_rows(catalog)),
    }


def _decomposition_rows(catalog: Catalog) -> Iterator[Row]:
    """A row for each group of staff of a decomposition, by the text by which observations know it."""
    for d in catalog.decompositions.values():
        table = catalog.tables.get(d.table)
        for counts, groups in ((True, d.counted), (False, d.beside)):
            for where in groups:
                yield {
                    "decomposition_id": d.id,
                    "kind": d.kind,
                    **both("name", d.name),
                    **both("of", d.of),
                    "unit": d.unit,
                    "decimals": d.decimals,
                    "table_id": d.table,
                    "persons_measure": d.persons,
                    "volume_measure": d.volume,
                    "volume_is_mean": d.full_position is not None,
                    "full_position": d.full_position or 1.0,
                    "category": table.category_key(where) if table is not None else "|".join(where.values()),
                    "counted": counts,
                }


def _model_rows(family: IndicatorDefinition) -> Iterator[Row]:
    for indicator_id, calculation, _ in calculations(family):
        if calculation.model is not None:
            yield {"indicator_id": indicator_id, "model": calculation.model, "of_indicator": calculation.of}


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


def _funnel_rules(catalog: Catalog) -> Row:
    funnel = catalog.statistics.funnel
    inner, outer = funnel.deviates
    return {
        "comparators": ", ".join(funnel.comparators),
        "units_from": funnel.units_from,
        "winsorised": funnel.winsorised,
        "z_95": inner,
        "z_998": outer,
        "z_dispersion": funnel.dispersion_deviate,
    }


def _category_part_rows(catalog: Catalog) -> Iterator[Row]:
    """Each total of a dimension with its parts, by the texts that observations know their categories by."""
    for table in catalog.tables.values():
        for summed in (d for d in table.category_dimensions if d.total_group is not None):
            others = [d for d in table.category_dimensions if d.column != summed.column]
            parts = [c.group for c in summed.categories if c.group != summed.total_group]
            for groups in product(*([c.group for c in d.categories] for d in others)):
                chosen = {d.column: group for d, group in zip(others, groups, strict=True)}
                total = table.category_key(chosen | {summed.column: str(summed.total_group)})
                for part in parts:
                    category = table.category_key(chosen | {summed.column: part})
                    yield {"table_id": table.id, "total": total, "part": category, "parts": len(parts)}


def _programme_measure_rows(catalog: Catalog) -> Iterator[Row]:
    for measure in catalog.measures.measures:
        yield {
            "measure_no": measure.measure_no,
            **both("summary", measure.summary),
            **both("target_group", measure.target_group),
            **both("level", measure.level),
            **both("status", measure.status),
            "status_date": date.fromisoformat(catalog.measures.status_date),
            "chapter": measure.chapter,
            **both("missing_data", measure.missing_data),
        }


def _programme_rows(catalog: Catalog) -> Iterator[Row]:
    for programme in catalog.measures.programmes:
        yield {
            "programme": programme.id,
            **both("name", programme.name),
            **both("aim", programme.aim),
            **programme.model_dump(include={"document", "line"}),
        }


def _reference_rows(catalog: Catalog) -> Iterator[Row]:
    kept = {"value", "unit", "period", "region_code", "kind", "document", "line", "indicator_id", "indicator_part"}
    kept |= {"bound", "evidence", "tolerance", "demo_ignores"}
    for reference in catalog.references.values:
        yield {
            "ref_id": reference.ref_id,
            **both("label", reference.label),
            **reference.model_dump(include=kept),
            "rounding": reference.rounding,
            **both("why_different", reference.why_different),
        }


def _need_row(catalog: Catalog) -> Row:
    growth, projection = catalog.need.documented_growth, catalog.need.projection
    documented = next(value for value in catalog.references.values if value.ref_id == growth.ref_id)
    return {
        **growth.model_dump(include={"ref_id", "base_year", "target_year", "evidence"}),
        **both("reason", growth.reason),
        "growth": documented.value,
        **projection.model_dump(include={"band", "carers_band", "oldest_band"}),
    }


def _need_term_rows(catalog: Catalog) -> Iterator[Row]:
    for role, terms in catalog.need.terms.items():
        for term in terms:
            yield {
                "role": role,
                "table_id": term.table,
                "measure": term.measure,
                "category": _category(term, catalog),
            }


def _document_rows(catalog: Catalog) -> Iterator[Row]:
    """Published figures that are points of a series, in the form of observations."""
    for reference in catalog.references.values:
        if reference.series is not None:
            yield {
                "table_id": reference.series.table,
                **reference.series.model_dump(include={"measure", "category"}),
                **reference.model_dump(include={"region_code", "period", "unit", "value", "ref_id"}),
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
    """Measures with how exactly they are told: ``half_unit`` of the last decimal, none where no sum is held to it."""
    yield _measure_row(*COUNTED_REGIONS, additive=True, decimals=0)
    for upload in catalog.uploads.values():
        for column in upload.measures:
            yield _measure_row(upload.id, column.name, column.additive, column.decimals)
    for table_id, name in catalog.references.documents:
        yield _measure_row(table_id, name, additive=False, decimals=None)
    for table in catalog.tables.values():
        for measure in table.measures:
            row = _measure_row(table.id, measure.name, measure.additive, measure.decimals)
            half_unit = 0.5 * 10**-measure.decimals if measure.rounded else 0.0
            yield row | {"half_unit": half_unit, "areas_are_sums": table.areas_are_sums}
            if measure.additive:
                for derived in table.derived_measures:
                    yield row | {"measure": derived}


def _measure_row(table_id: str, measure: str, additive: bool, decimals: int | None) -> Row:
    exactness = {"decimals": decimals, "half_unit": None, "areas_are_sums": False}
    return {"table_id": table_id, "measure": measure, "additive": additive, **exactness}


def _same_figure_rows(catalog: Catalog) -> Iterator[Row]:
    for same in catalog.quality.relations.same_figures:
        one, other = same.one, same.other
        table, other_table = catalog.tables.get(one.table), catalog.tables.get(other.table)
        if table is not None and other_table is not None:
            yield {
                "table_id": one.table,
                "measure": one.measure,
                "category": table.category_key(one.where),
                "other_table_id": other.table,
                "other_measure": other.measure,
                "other_category": other_table.category_key(other.where),
            }


def _population_limit_rows(catalog: Catalog) -> Iterator[Row]:
    """Series of persons with the series of inhabitants that none of them may exceed."""
    inhabitants = catalog.quality.relations.population
    for within in (w for w in catalog.quality.relations.within_population if w.table in catalog.tables):
        table = catalog.tables[within.table]
        others = [d for d in table.category_dimensions if d.column != within.column]
        for group, band in within.bands.items():
            aged = {within.column: group} if within.column is not None else {}
            for chosen in product(*([c.group for c in d.categories] for d in others)):
                where = {d.column: other for d, other in zip(others, chosen, strict=True)}
                yield {
                    "table_id": table.id,
                    "measure": within.measure,
                    "category": table.category_key(where | aged),
                    "population_table_id": inhabitants.table,
                    "population_measure": inhabitants.measure,
                    "band": band,
                }


def _indicator_rows(family: IndicatorDefinition) -> Iterator[Row]:
    for indicator_id, calculation, variant in calculations(family):
        yield {
            "indicator_id": indicator_id,
            "family_id": family.id,
            "definition_id": f"{indicator_id}:{family.version}",
            "definition_version": family.version,
            **family.model_dump(include={"status", "valid_from", "valid_to", "owner"}),
            **both("name", (variant or family).name),
            **both("short_name", family.short_name),
            **family.model_dump(include={"domain", "type", "quality_dimension", "is_effect_measure"}),
            "strategic_areas": ", ".join(family.strategic_areas),
            "programmes": ", ".join(family.programmes),
            **both("purpose", family.purpose),
            **both("rationale", family.rationale),
            **_calculated(family, calculation, variant),
            "direction": _of("direction", variant, family),
            "unit_of_count": _of("unit_of_count", variant, family),
            **both("population", family.population),
            **both("inclusions", family.inclusions),
            **both("exclusions", family.exclusions),
            **both("reference_time", family.reference_time),
            "frequency": family.frequency,
            "levels": ", ".join(_of("levels", variant, family)),
            **_shown(family, variant),
            **both("caveats", _caveats(variant, family)),
            **_provenance(family, calculation),
        }


def _calculated(family: IndicatorDefinition, calculation: Calculation, variant: Variant | None) -> Row:
    numerator = calculation.published or calculation.numerator
    denominator = calculation.denominator
    return {
        **both("numerator", numerator.words if numerator else None),
        **both("denominator", denominator.words if denominator else None),
        "method": calculation.method,
        "model": calculation.model,
        "multiplier": float(calculation.multiplier),
        "years": calculation.years,
        "annualised": calculation.annualised,
        "unit": (variant and variant.unit) or family.unit,
        "decimals": family.decimals if variant is None or variant.decimals is None else variant.decimals,
        "rounding": family.rounding,
    }


def _shown(family: IndicatorDefinition, variant: Variant | None) -> Row:
    """What the figure is held against, how sure it is, and whether it can be had."""
    small, availability = _of("small_numbers", variant, family), _of("availability", variant, family)
    reason = None if availability == "computed" else _of("availability_reason", variant, family)
    return {
        "target_kind": family.target.kind,
        "target_comparator": family.target.comparator,
        "target_statistic": family.target.statistic,
        **both("target_origin", family.target.origin),
        "interval_method": _of("interval", variant, family),
        "smoothing": family.smoothing_of(variant),
        "min_denominator": small.min_denominator,
        **both("small_number_rule", small.rule),
        "availability": availability,
        **both("availability_reason", reason),
    }


def _provenance(family: IndicatorDefinition, calculation: Calculation) -> Row:
    tables = {term.table for side in calculation.sides.values() for term in side.terms}
    return {
        "source_tables": ", ".join(sorted(tables)),
        "sources_nb": "; ".join(f"{source.name.nb} ({source.evidence})" for source in family.sources),
        "sources_en": "; ".join(f"{source.name.en} ({source.evidence})" for source in family.sources),
        "stated_in": "; ".join(family.stated_in),
    }


def _of(field: str, variant: Variant | None, family: IndicatorDefinition) -> Any:
    """What the variant says, or the family where it says nothing."""
    own = getattr(variant, field) if variant is not None else None
    return getattr(family, field) if own is None else own


def _caveats(variant: Variant | None, family: IndicatorDefinition) -> Text:
    """The variant's own caveats before the family's."""
    if variant is None or variant.caveats is None:
        return family.caveats
    return Text(
        nb=f"{variant.caveats.nb.strip()} {family.caveats.nb}", en=f"{variant.caveats.en.strip()} {family.caveats.en}"
    )


def _comparator_choices(family: IndicatorDefinition) -> Iterator[Row]:
    for indicator_id, _, _ in calculations(family):
        for comparator in family.comparators:
            yield {"indicator_id": indicator_id, "comparator": comparator}


def _term_rows(family: IndicatorDefinition, catalog: Catalog) -> Iterator[Row]:
    for indicator_id, calculation, _ in calculations(family):
        for role, side in calculation.sides.items():
            for term in side.terms:
                first, last = term.years
                yield {
                    "indicator_id": indicator_id,
                    "role": role,
                    "decides": role in calculation.deciding,
                    "table_id": term.table,
                    "measure": term.measure,
                    "category": _category(term, catalog),
                    "sign": term.sign,
                    "valid_from": first,
                    "valid_to": last,
                }


def _category(term: Term, catalog: Catalog) -> str:
    """The text by which observations know the term's groups."""
    source = catalog.uploads.get(term.table) or catalog.tables.get(term.table)
    if source is None or (isinstance(source, TableContract) and source.bands):
        return "|".join(term.where.values())
    return source.category_key(term.where)


def _break_rows(catalog: Catalog) -> Iterator[Row]:
    for broken in catalog.breaks.values():
        for (table_id, measure), level in product(broken.series(catalog.sources), broken.region_levels):
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
    for indicator_id, own, _ in calculations(family):
        # The series of a gap is cut where that of its indicator is.
        calculation = own if own.of is None else catalog.indicators[own.of].calculation
        used = {(term.table, term.measure) for side in calculation.deciding.values() for term in side.terms}
        for broken in splits:
            if used.isdisjoint(broken.series(catalog.sources)):
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
