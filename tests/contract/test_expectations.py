"""Every acceptance rule of the public tables is seen to hold and seen to fail, through ``warehouse.audit``.

Here belongs a small build with good public tables, and one way to break each rule. Not here: what a failed
rule does to the night. Great Expectations takes seconds to import, so each round breaks one rule of every
table at once: tables do not touch each other, and within a table nothing but that rule may fail.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
import yaml

from k2025_pipeline.catalog import load_catalog
from k2025_pipeline.catalog.base import Text
from k2025_pipeline.catalog.expectations import Expectation, ExpectationFile
from k2025_pipeline.lake.home import Home
from k2025_pipeline.quality.acceptance import Acceptance
from k2025_pipeline.settings import PROJECT_ROOT
from k2025_pipeline.warehouse.audit import KEPT_AUDITS, AuditError, audit, published_audit
from k2025_pipeline.warehouse.declared import declared_tables

CATALOG = load_catalog(PROJECT_ROOT / "schemas")
DOCUMENTED = (
    *("_public.yml", "_breaks.yml", "_effects.yml", "_reconciliation.yml", "_quality.yml", "_need.yml"),
    *("_uncertainty.yml", "_answers.yml"),
)
PUBLIC = [
    model
    for name in DOCUMENTED
    for model in yaml.safe_load((PROJECT_ROOT / "dbt" / "models" / "public" / name).read_text("utf-8"))["models"]
]
STAMP = "timestamptz '2025-06-15 06:00:00+00'"

Broken = tuple[str, set[str]]
"""SQL that breaks a rule, and other rules of the same table that cannot hold then."""


def _values(indicator: str, **cells: Any) -> dict[str, Any]:
    """A good row of ``public.indicator_values``, with ``cells`` changed."""
    row: dict[str, Any] = {
        "indicator_id": indicator,
        "definition_version": 1,
        "structure": "as_published",
        "region_code": "0301",
        "region_name": "Oslo",
        "region_level": "municipality",
        "period": "2024",
        "value": 12.5,
        "unit": "prosent",
        "obs_status": "A",
        "edition": "revised",
        "series_segment": 1,
        "source": "demo",
        "is_stale": False,
    }
    return row | cells


def _insert(table: str, row: dict[str, Any]) -> str:
    texts = {key: "null" if value is None else repr(value) for key, value in row.items()}
    return f"insert into public.{table} ({', '.join(texts)}) values ({', '.join(texts.values())})"


def _region(code: str, level: str, **cells: Any) -> dict[str, Any]:
    name = f"Region {code}"
    return {"region_code": code, "year": "2024", "region_name": name, "name_ascii": name, "region_level": level} | cells


def _event(kind: str, old: str | None, new: str | None, *current: str, **cells: Any) -> dict[str, Any]:
    """A good row of ``public.region_history``, where the area is that of ``current``."""
    row: dict[str, Any] = {
        "region_level": "municipality",
        "old_code": old,
        "new_code": new,
        "changed_on": None if kind == "unchanged" else "2020-01-01",
        "kind": kind,
        "current_codes": "+".join(current) or None,
        "current_names": ", ".join(current) or None,
        "current_regions": len(current),
        "counts_may_be_summed": len(current) == 1,
        "rates_may_be_carried": kind in ("unchanged", "renumbered"),
        "source": "Klass 131",
    }
    return row | cells


def _comparison(comparator: str, **cells: Any) -> dict[str, Any]:
    """A good row of ``public.indicator_comparison``: beside a whole group, bounds and all."""
    row: dict[str, Any] = {
        "indicator_id": "KOMP-01",
        "definition_version": 1,
        "structure": "as_published",
        "region_code": "0301",
        "period": "2024",
        "value": 12.5,
        "comparator": comparator,
        "comparator_value": 10.0,
        "basis": "weighted",
        "difference": 2.5,
        "difference_low": 0.5,
        "difference_high": 4.5,
        "beyond_chance": True,
        "quartile_low": 8.0,
        "median": 10.0,
        "quartile_high": 12.0,
        "units": 40,
        "units_missing": 2,
        "leaves_out_itself": False,
    }
    return row | cells


def _update(table: str, change: str, where: str = "true") -> str:
    return f"update public.{table} set {change} where {where}"


def _extra_column(table: str) -> Broken:
    return f"alter table public.{table} add column extra integer", set()


def _copied(table: str, changed: str, where: str = "true") -> str:
    """One more row, like another one but for a column."""
    return f"insert into public.{table} select * replace ({changed}) from public.{table} where {where} limit 1"


def _copied_break(changed: str, where: str) -> Broken:
    return _copied("breaks", changed, where), set()


def _compared(comparator: str, change: str) -> str:
    return _update("indicator_comparison", change, f"comparator = '{comparator}'")


def _judged(change: str) -> str:
    return _update("indicator_funnel", change, "comparator = 'country'")


def _trended(horizon: int, change: str) -> str:
    return _update("indicator_trend", change, f"horizon_years = {horizon}")


def _gapped(code: str, change: str) -> str:
    return _update("indicator_gap", change, f"region_code = '{code}'")


def _parted(component: str, change: str) -> str:
    return _update("indicator_change", change, f"component = '{component}'")


def _emptied(table: str, *others: str) -> Broken:
    return f"delete from public.{table}", set(others)


GOOD_VALUES = [
    _values("KOMP-01"),
    _values("KOMP-01", period="2023", value=0.0, obs_status="P", edition="unrevised"),
    _values("KOMP-01", region_code="0999", value=None, obs_status="C", edition=None),
    _values("KONT-01", value=98.7, interval_low=98.0, interval_high=99.1),
    _values("REKR-01", value=148820.0, unit="årsverk", region_code="EAK", region_level="country"),
    _values("REKR-01.GROWTH", value=-2.5, region_code="EAK", region_level="country"),
    _values("REKR-01.GROWTH", value=-2.5, region_code="EAK", region_level="country", structure="current"),
    _values("KOMP-01", value=None, obs_status="M", region_code="EAK", region_level="country"),
    _values("KOMP-01", value=None, obs_status="M", region_code="EAK", region_level="country", structure="current"),
    _values("KOMP-01", structure="current"),
    _values("KOMP-01", structure="current", region_code="1508+1580", region_level="combined_municipalities"),
]
GOOD_REGIONS = [
    *[
        _region(
            f"{3000 + n}", "municipality", kostra_group="EKG17", centrality_class="06", size_class="1", population=n
        )
        for n in range(357)
    ],
    _region("0301", "municipality", year="2019", kostra_group="EKG13"),
    _region("1515", "municipality", year="2019", region_name="Herøy (Møre og Romsdal)"),
    _region("1818", "municipality", year="2019", region_name="Herøy (Nordland)"),
    _region("EKA03", "county", region_name="Region 3000", population=700_000),
    _region("EAK", "country"),
]
GOOD_EVENTS = [
    _event("unchanged", "0301", "0301", "0301"),
    _event("renamed", "1507", "1507", "1508", "1580"),
    _event("renumbered", "0101", "3001", "3101"),
    _event("merged", "0105", "3003", "3105"),
    _event("merged", "0111", "3003", "3105"),
    _event("created", None, "3099"),
    _event("ended", "0199", None),
]
CUT = {"indicator_id": "KOMP-01", "region_level": "municipality", "period": "2020"}
GOOD_CUTS = [
    CUT
    | {"structure": structure, "region_code": "0301", "cause": cause, "break_id": break_id}
    | {"reason_nb": "Ny avgrensing av tjenesten", "reason_en": "The service is bounded anew"}
    for structure in ("as_published", "current")
    for cause, break_id in (("definition", "B01"), ("definition", "B02"), ("area", None))
]
GOOD_RECONCILIATION = """
    insert into public.reconciliation by name
    select * exclude (value, why_different_nb, why_different_en, demo_ignores), value as reference_value,
        'no_indicator' as verdict, 'Ingen indikator her måler det samme.' as reason_nb, 'None.' as reason_en
    from public.reference_values
"""
UNBOUNDED = {"difference_low": None, "difference_high": None, "beyond_chance": None}
NOT_COMPARED = {"comparator_value": None, "basis": None, "difference": None} | UNBOUNDED
NO_MEDIAN = {"quartile_low": None, "median": None, "quartile_high": None}
GOOD_COMPARISONS = [
    _comparison("country"),
    _comparison("county", basis="source", units=27, units_missing=1, leaves_out_itself=True),
    _comparison("size_class", difference_low=-0.5, beyond_chance=False, units=30, units_missing=0),
    _comparison("centrality_class", units=3, units_missing=0, leaves_out_itself=True, **NO_MEDIAN, **NOT_COMPARED),
    _comparison("own_history", basis="earlier", units=1, units_missing=0, **NO_MEDIAN, **UNBOUNDED),
]
FUNNEL_LIMITS = {
    f"{adjusted}{side}_{coverage}": baseline + sign * width
    for baseline in (20.0,)
    for adjusted, wider in (("", 0.0), ("adjusted_", 1.0))
    for side, sign in (("lower", -1), ("upper", 1))
    for coverage, width in (("95", 4.0 + wider), ("998", 6.0 + wider))
}
FUNNEL = {"indicator_id": "KOMP-02", "definition_version": 1, "structure": "current", "period": "2024", "value": 22.0}
GOOD_FUNNEL = [
    FUNNEL
    | FUNNEL_LIMITS
    | {"region_code": "0301", "comparator": comparator, "units": 40, "baseline": 20.0}
    | {"funnel_class": "within", "judgement": "within"}
    for comparator in ("country", "kostra_group")
] + [FUNNEL | {"region_code": "1103", "comparator": "kostra_group", "units": 2, "refused": "few_units"}]
WINDOW = {"indicator_id": "KOMP-02", "definition_version": 1, "structure": "current", "first_period": "2022"}
GOOD_WINDOWS = [
    WINDOW
    | {"region_code": "0301", "last_period": "2024", "years_used": 3, "numerator": 90.0, "denominator": 400.0}
    | {"value": 22.5, "obs_status": "A", "interval_low": 18.6, "interval_high": 26.9},
    WINDOW | {"region_code": "1103", "last_period": "2024", "years_used": 2, "obs_status": "C"},
]
GOOD_SOURCES = [
    {
        "table_id": "12209",
        "table_name": "ssb_12209",
        "state": "current",
        "source": "demo",
        "licence": "CC BY 4.0",
        "attribution_nb": "Kilde: Statistisk sentralbyrå",
        "url": "https://www.ssb.no/statbank/table/12209",
    }
]
FIGURE = {"indicator_id": "KOMP-01", "definition_version": 1, "region_code": "0301", "period": "2024"}
GOOD_HISTORY = [
    FIGURE | {"value": 12.0, "obs_status": "P", "published_at": "2025-03-16 08:00:00+00", "cause": "first"},
    FIGURE | {"value": 12.5, "obs_status": "A", "published_at": "2025-06-16 08:00:00+00", "cause": "source"},
]
GOOD_REVISIONS = [
    FIGURE | {"first_value": 12.0, "previous_value": 12.0, "current_value": 12.5, "revisions": 1, "cause": "source"}
]
GOOD_VINTAGES = [
    {"table_id": "12209", "vintage_id": "20250316T070000Z", "state": "superseded"},
    {"table_id": "12209", "vintage_id": "20250616T060000Z", "state": "current"},
    {"table_id": "12292", "vintage_id": "20250616T060000Z", "state": "current"},
    {"table_id": "12292", "vintage_id": "20250617T060000Z", "state": "refused", "because": "rule zeros is broken"},
]
GOOD_CHANGES = [
    {"table_id": "12209", "kind": "first_vintage", "cells": 10},
    {"table_id": "12209", "kind": "revised", "cells": 2, "size": "up_to_1"},
]
TREND = {"indicator_id": "KOMP-01", "region_code": "0301", "period": "2024", "value": 12.5, "crosses_break": False}
NO_CHANGE = {"verdict": "not_compared", "change": None}
GOOD_TRENDS = [
    TREND
    | {"horizon_years": 1, "change": 2.5, "change_low": 0.5, "change_high": 4.5, "interval_method": "newcombe"}
    | {"beyond_chance": True, "verdict": "better", "obs_status": "A"},
    TREND | NO_CHANGE | {"horizon_years": 2, "obs_status": "C"},
    TREND | NO_CHANGE | {"horizon_years": 3, "obs_status": "L", "crosses_break": True},
    TREND | {"horizon_years": 5, "change": 2.5, "verdict": "better", "obs_status": "P"},
]
GAP = {"indicator_id": "KOMP-01", "period": "2024", "unit": "prosent", "reference_value": 75.0, "trend_years": 5}
ORIGIN = {"reference_origin_nb": "Valgt her", "reference_origin_en": "Declared here"}
GOOD_GAPS = [
    GAP
    | ORIGIN
    | {"region_code": "behind", "value": 70.0, "gap": -5.0, "gap_fte": 5.0, "is_behind": True, "outlook": "approaching"}
    | {"pace": 1.0, "pace_low": 0.5, "pace_high": 2.0}
    | {"years_to_reference": 5.0, "years_low": 2.5, "years_high": 10.0},
    GAP
    | ORIGIN
    | {"region_code": "ahead", "value": 80.0, "gap": 5.0, "gap_fte": -2.5, "is_behind": False, "outlook": "reached"}
    | {"pace": 1.0, "pace_low": 0.5, "pace_high": 2.0},
    GAP | ORIGIN | {"region_code": "hidden", "value": None, "trend_years": 0, "outlook": "no_figure"},
]
CHANGE = {"region_code": "0301", "period_from": "2023", "period": "2024", "horizon_years": 1, "crosses_break": False}
AMOUNT = CHANGE | {"decomposition_id": "F", "value_from": 10.0, "value": 15.0, "total_change": 5.0, "obs_status": "D"}
GOOD_PARTS = [
    AMOUNT | {"component": "persons", "part": 2.0},
    AMOUNT | {"component": "position_size", "part": 3.0},
    CHANGE | {"decomposition_id": "S", "component": "composition", "part": None, "obs_status": "C"},
]


def _effect(indicator: str, **cells: Any) -> dict[str, Any]:
    """A good row of ``public.programme_effects``, the mean effect, with ``cells`` changed."""
    row: dict[str, Any] = {
        "programme": "P",
        "indicator_id": indicator,
        "term": "overall",
        "estimate": -2.9,
        "standard_error": 0.36,
        "interval_low": -3.6,
        "interval_high": -2.2,
        "p_value": 0.01,
        "p_adjusted": 0.02,
        "tests": 2,
        "unit": "prosentpoeng",
        "pretrend_p": 0.4,
        "participants": 30,
        "treated": 25,
        "controls": 200,
        "refused": False,
        "verdict_nb": "Utviklingen ble lavere.",
        "verdict_en": "The development became lower.",
        "source": "demo",
    }
    return row | cells


FIGURES = ("estimate", "standard_error", "interval_low", "interval_high", "p_value", "p_adjusted", "tests")
UNTOLD = dict.fromkeys((*FIGURES, "verdict_nb", "verdict_en"))
REFUSED = {"refused": True, "refusal_code": "break", "refusal_nb": "Brudd.", "refusal_en": "A break."}
YEAR = {"term": "event", "p_adjusted": None, "tests": None, "verdict_nb": None, "verdict_en": None}
GOOD_EFFECTS = [
    _effect("KOMP-02"),
    _effect("KOMP-02", **YEAR, event_time=0),
    _effect("KOMP-02", **YEAR, event_time=-2),
    _effect("KOMP-03", **UNTOLD, **REFUSED),
]
GOOD_COMPARED: dict[str, Any] = {
    "programme": "P",
    "indicator_id": "KOMP-02",
    "start_year": 2021,
    "years_after": 1,
    "participants": 10,
    "without_figures": 1,
    "unmatched": 2,
    "matched": 7,
    "controls": 15,
    "mean_before": 23.0,
    "mean_after": 20.0,
    "change": -3.0,
    "control_mean_before": 23.5,
    "control_mean_after": 23.0,
    "control_change": -0.5,
    "difference": -2.5,
    "difference_low": -3.5,
    "difference_high": -1.5,
    "reading_nb": "Beskrivende, ikke en effekt: endringen er −2,5 prosentpoeng.",
    "reading_en": "Descriptive, not an effect: the change is −2.5 percentage points.",
    "source": "demo",
}


def _of_effects(change: str, where: str = "term = 'overall' and not refused") -> str:
    return _update("programme_effects", change, where)


def _of_comparison(change: str) -> str:
    return _update("programme_comparison", change)


QUALITY = {"unit": "prosent", "source": "demo", "period": "2024"}
GOOD_QUALITY = [
    QUALITY | {"quality_id": "DQ-01", "indicator_id": "KOMP-01", "numerator": 350, "denominator": 357, "value": 98.0},
    QUALITY | {"quality_id": "DQ-02", "table_id": "14534", "measure": "fte", "reason": "missing", "value": 1.0},
    QUALITY | {"quality_id": "DQ-04", "table_id": "14534", "numerator": 0, "value": 0.3, "unit": "årsverk"},
    QUALITY | {"quality_id": "DQ-05", "table_id": "14534", "reason": "late_at_source", "value": 3.0, "unit": "dager"},
]
NIGHT = {"night_id": "20251126T031502Z", "night": "2025-11-26", "source": "demo"}
GOOD_QUALITY_NIGHT = NIGHT | {
    "quality_id": "DQ-01",
    "indicator_id": "KOMP-01",
    "numerator": 3500.0,
    "denominator": 3570.0,
    "value": 98.0,
    "unit": "prosent",
}
GOOD_CHECK = NIGHT | {
    "started_at": "2025-11-26 03:15:02+00",
    "asset": "public/indicator_values",
    "check_name": "percent_within_bounds",
    "level": "acceptance",
    "engine": "great_expectations",
    "severity": "error",
    "blocking": True,
    "passed": True,
    "failed_rows": 0,
    "declared_in": "schemas/expectations/indicator_values.yml",
    "runbook": "acceptance",
    "message": "all is well",
    "repeated": False,
}
BAD_CHECK = GOOD_CHECK | {"check_name": "not_empty", "passed": False, "failed_rows": 1}
NEEDED = {"region_name": "Landet", "region_level": "country", "base_period": "2024", "year": "2040", "source": "demo"}
GOOD_NEED = [
    NEEDED | {"region_code": "EAK", "fte_per_user_80": 1.4, "fte_needed": 250000, "obs_status": "D"},
    NEEDED | {"region_code": "0301", "region_level": "municipality", "obs_status": "M"},
]

BREAK: dict[str, dict[str, Broken]] = {
    "programme_effects": {
        "columns": _extra_column("programme_effects"),
        "term_known": (
            _of_effects("term = 'mean', verdict_nb = null, verdict_en = null, p_adjusted = null, tests = null"),
            set(),
        ),
        "one_row_per_year": (_insert("programme_effects", GOOD_EFFECTS[1]), set()),
        "event_has_a_year": (_of_effects("event_time = 3"), set()),
        "refusal_in_words": (_of_effects("refusal_en = null", "refused"), set()),
        "refused_has_no_figure": (_of_effects("standard_error = null"), set()),
        "refused_stands_alone": (_of_effects("term = 'event', event_time = 1", "refused"), set()),
        "refusal_known": (_of_effects("refusal_code = 'mood'", "refused"), set()),
        "within_interval": (_of_effects("estimate = -2.1"), set()),
        "p_between_nil_and_one": (_of_effects("pretrend_p = 1.1"), set()),
        "adjusted_not_below": (_of_effects("p_adjusted = 0.009"), set()),
        "overall_has_a_verdict": (_of_effects("verdict_nb = null"), set()),
        "treated_are_participants": (_of_effects("treated = 31"), set()),
        "source_known": (_of_effects("source = 'hearsay'"), set()),
    },
    "programme_comparison": {
        "columns": _extra_column("programme_comparison"),
        "one_row_per_horizon": (_insert("programme_comparison", GOOD_COMPARED), set()),
        "participants_divided": (_of_comparison("participants = 11"), set()),
        "figures_where_matched": (_of_comparison("controls = 0"), set()),
        "difference_of_changes": (_of_comparison("difference = -2.4"), set()),
        "within_bounds": (_of_comparison("difference_high = null"), set()),
        "said_to_be_descriptive": (_of_comparison("reading_nb = 'Effekten er −2,5.'"), set()),
        "said_to_be_descriptive_en": (_of_comparison("reading_en = 'The effect is −2.5.'"), set()),
        "source_known": (_of_comparison("source = 'hearsay'"), set()),
    },
    "indicator_values": {
        "columns": _extra_column("indicator_values"),
        "not_empty": _emptied("indicator_values"),
        "one_row_per_figure": (_insert("indicator_values", _values("KOMP-01")), set()),
        "structure_known": (_update("indicator_values", "structure = 'both'", "indicator_id = 'REKR-01'"), set()),
        "percent_within_bounds": (_insert("indicator_values", _values("KOMP-02", value=100.1)), set()),
        "share_is_of_its_sums": (
            # 20 of 100 and 10 of 20 make 25 per cent; the mean of the two shares is 35.
            _insert("indicator_values", _values("KOMP-02", numerator=30.0, denominator=120.0, value=35.0)),
            set(),
        ),
        "user_frequency_within_bounds": (_insert("indicator_values", _values("KONT-01.80+", value=100.1)), set()),
        "values_not_negative": (
            _insert("indicator_values", _values("REKR-01", value=-1.0, unit="årsverk", period="2020")),
            set(),
        ),
        "growth_plausible": (
            _insert(
                "indicator_values",
                _values("REKR-01.GROWTH", value=20.1, region_code="EAK", region_level="country", period="2023"),
            ),
            set(),
        ),
        "status_known": (_update("indicator_values", "obs_status = 'X'", "indicator_id = 'REKR-01'"), set()),
        "edition_known": (_update("indicator_values", "edition = 'final'", "indicator_id = 'REKR-01'"), set()),
        "source_known": (_update("indicator_values", "source = 'hearsay'", "indicator_id = 'REKR-01'"), set()),
        "region_level_known": (_update("indicator_values", "region_level = 'planet'", "value = 148820"), set()),
        "combined_only_in_current": (
            _update("indicator_values", "structure = 'as_published'", "region_code = '1508+1580'"),
            set(),
        ),
        "combined_codes": (
            _update("indicator_values", "region_code = '1508'", "region_code = '1508+1580'"),
            set(),
        ),
        "country_same_in_both_structures": (
            _update(
                "indicator_values",
                "value = -2.6",
                "indicator_id = 'REKR-01.GROWTH' and structure = 'current'",
            ),
            set(),
        ),
        "interval_contains_value": (
            _insert("indicator_values", _values("KONT-01", period="2020", interval_low=12.6, interval_high=14.0)),
            set(),
        ),
        "interval_ordered": (
            _insert(
                "indicator_values",
                _values("KONT-01", period="2020", value=None, obs_status="M", interval_low=2.0, interval_high=1.0),
            ),
            set(),
        ),
        "confidential_stays_hidden": (
            _update("indicator_values", "value = 3", "obs_status = 'C'"),
            set(),
        ),
    },
    "indicators": {
        "columns": _extra_column("indicators"),
        "not_empty": _emptied("indicators"),
        "name_nb_readable": (_update("indicators", "name_nb = 'Navn'", "indicator_id = 'KOMP-01'"), set()),
        "name_nb_not_missing": (
            _update("indicators", "name_nb = 'Andel av (TODO) noe'", "indicator_id = 'KOMP-01'"),
            set(),
        ),
        "short_name_nb_short": (
            _update("indicators", "short_name_nb = repeat('a', 51)", "indicator_id = 'KOMP-01'"),
            set(),
        ),
        "caveats_nb_say_something": (_update("indicators", "caveats_nb = 'Ingen.'", "indicator_id = 'KOMP-01'"), set()),
        "status_known": (_update("indicators", "status = 'draft'", "indicator_id = 'KOMP-01'"), set()),
        "direction_known": (_update("indicators", "direction = 'up'", "indicator_id = 'KOMP-01'"), set()),
        "family_leads_the_id": (_update("indicators", "indicator_id = 'komp1'", "indicator_id = 'KOMP-01'"), set()),
    },
    "measure_indicators": {
        "columns": _extra_column("measure_indicators"),
        "not_empty": _emptied("measure_indicators", "measure_17_is_served"),
        "measure_no_in_range": ("insert into public.measure_indicators values (18, 'KOMP-01')", set()),
        "measure_17_is_served": ("delete from public.measure_indicators where measure_no = 17", set()),
    },
    "measures": {
        "columns": _extra_column("measures"),
        "seventeen_measures": ("insert into public.measures select * from public.measures where measure_no = 1", set()),
        "numbers_one_to_seventeen": (_update("measures", "measure_no = 18", "measure_no = 17"), set()),
        "summary_nb_readable": (_update("measures", "summary_nb = 'Kort.'", "measure_no = 1"), set()),
        "status_nb_known": (_update("measures", "status_nb = 'Kanskje'", "measure_no = 1"), set()),
        "chapter_is_8": (_update("measures", "chapter = '9.1'", "measure_no = 1"), set()),
    },
    "reference_values": {
        "columns": _extra_column("reference_values"),
        "not_empty": (
            "delete from public.reference_values where value <> 148820",
            set(),
        ),
        "kind_known": (_update("reference_values", "kind = 'guess'", "ref_id = 'R001'"), set()),
        "percent_within_bounds": (_update("reference_values", "value = 101", "ref_id = 'R004'"), set()),
        "document_named": (_update("reference_values", "document = 'Plan'", "ref_id = 'R001'"), set()),
        "linked_part_named": (_update("reference_values", "indicator_part = 'sum'", "ref_id = 'R004'"), set()),
        "plan_total_included": (_update("reference_values", "value = 148821", "value = 148820"), set()),
        "only_statements_lack_a_figure": (_update("reference_values", "value = null", "ref_id = 'R001'"), set()),
        "bound_has_a_side": (_update("reference_values", "bound = 'about'", "ref_id = 'R028'"), set()),
    },
    "reconciliation": {
        "columns": _extra_column("reconciliation"),
        "every_figure_judged": ("delete from public.reconciliation where ref_id > 'R2'", set()),
        "verdict_known": (
            _update("reconciliation", "verdict = 'fine'", "ref_id = 'R001'"),
            {"judged_figures_are_known"},
        ),
        "same_has_no_difference": (_update("reconciliation", "difference = 0.1", "ref_id = 'R011'"), set()),
        "judged_figures_are_known": (_update("reconciliation", "own_value = null", "ref_id = 'R011'"), set()),
        "generated_only_in_the_demo": (_update("reconciliation", "source = 'ssb'", "ref_id = 'R020'"), set()),
        "demo_reproduces_exact_figures": (
            _update("reconciliation", "verdict = 'differs', kind = 'exact'", "ref_id = 'R011'"),
            set(),
        ),
        "reason_says_something": (_update("reconciliation", "reason_nb = 'Like.'", "ref_id = 'R001'"), set()),
    },
    "regions": {
        "columns": _extra_column("regions"),
        "not_empty": _emptied("regions", "municipalities_2024"),
        "region_level_known": (_update("regions", "region_level = 'planet'", "region_code = 'EAK'"), set()),
        "municipalities_2024": ("delete from public.regions where region_code in ('3000', '3001', '3002')", set()),
        "one_row_per_year": (_insert("regions", _region("EAK", "country")), set()),
        "municipality_names_unique": (
            _update("regions", "region_name = 'Herøy (Nordland)'", "region_code = '1515'"),
            set(),
        ),
        "municipality_codes": (_insert("regions", _region("301", "municipality", year="2019")), set()),
        "kostra_group_codes": (_update("regions", "kostra_group = 'EKG18'", "region_code = '3000'"), set()),
        "centrality_classes": (_update("regions", "centrality_class = '7'", "region_code = '3000'"), set()),
        "names_without_validity": (
            _update("regions", "region_name = 'Haram (-2019)'", "region_code = '3000'"),
            set(),
        ),
        "names_in_ascii": (_update("regions", "name_ascii = 'Hárran'", "region_code = '3000'"), set()),
        "size_classes": (_update("regions", "size_class = '7'", "region_code = '3000'"), set()),
        "size_class_of_municipalities_only": (_update("regions", "size_class = '6'", "region_code = 'EKA03'"), set()),
        "population_not_negative": (_update("regions", "population = -1", "region_code = '3000'"), set()),
    },
    "region_history": {
        "columns": _extra_column("region_history"),
        "not_empty": _emptied("region_history"),
        "one_row_per_change": (_insert("region_history", _event("unchanged", "0301", "0301", "0301")), set()),
        "region_level_known": (_update("region_history", "region_level = 'parish'", "kind = 'renamed'"), set()),
        "kind_known": (_update("region_history", "kind = 'absorbed'", "old_code = '0105'"), set()),
        "both_sides_told": (_update("region_history", "new_code = null", "old_code = '0105'"), set()),
        "changes_have_a_day": (_update("region_history", "changed_on = null", "kind = 'renumbered'"), set()),
        "renumbered_has_another_code": (_update("region_history", "new_code = '0101'", "kind = 'renumbered'"), set()),
        "renamed_keeps_its_code": (_update("region_history", "new_code = '1534'", "kind = 'renamed'"), set()),
        "area_known_today": (_insert("region_history", _event("merged", "0104", "3002")), set()),
        "current_regions_named": (_update("region_history", "current_names = null", "kind = 'renamed'"), set()),
        "counts_go_to_one_region": (
            _update("region_history", "counts_may_be_summed = true", "kind = 'renamed'"),
            set(),
        ),
        "rates_only_where_counts": (
            _update("region_history", "rates_may_be_carried = true", "kind = 'renamed'"),
            set(),
        ),
    },
    "series_breaks": {
        "columns": _extra_column("series_breaks"),
        "not_empty": _emptied("series_breaks"),
        "one_row_per_cause": (_insert("series_breaks", GOOD_CUTS[2]), set()),
        "structure_known": (_copied("series_breaks", "'both' as structure"), set()),
        "region_level_known": (_copied("series_breaks", "'planet' as region_level, '0302' as region_code"), set()),
        "period_is_a_year": (_copied("series_breaks", "'2020K1' as period"), set()),
        "cause_known": (_copied("series_breaks", "'weather' as cause"), set()),
        "reason_nb_says_something": (_copied("series_breaks", "'Brudd' as reason_nb, '2021' as period"), set()),
        "reason_en_says_something": (_copied("series_breaks", "'Break' as reason_en, '2021' as period"), set()),
        "definition_names_its_break": (_copied("series_breaks", "null as break_id"), set()),
    },
    "indicator_comparison": {
        "columns": _extra_column("indicator_comparison"),
        "not_empty": _emptied("indicator_comparison"),
        "one_row_per_comparator": (_insert("indicator_comparison", _comparison("country")), set()),
        "structure_known": (_compared("country", "structure = 'both'"), set()),
        "comparator_known": (_compared("country", "comparator = 'neighbours'"), set()),
        "value_told": (_compared("country", "value = null"), set()),
        "basis_known": (_compared("country", "basis = 'guess'"), set()),
        "basis_fits_comparator": (_compared("size_class", "basis = 'source'"), set()),
        "figure_has_basis": (_compared("own_history", "comparator_value = null, difference = null"), set()),
        "difference_ordered": (_compared("country", "difference_high = 0.4"), {"difference_within_bounds"}),
        "judged_where_bounded": (_compared("own_history", "beyond_chance = true"), set()),
        "difference_within_bounds": (_compared("country", "difference = 4.6"), set()),
        "judgement_follows_bounds": (_compared("country", "beyond_chance = false"), set()),
        "median_not_below_lower_quartile": (_compared("country", "quartile_low = 10.1"), set()),
        "median_not_above_upper_quartile": (_compared("country", "quartile_high = 9.9"), set()),
        "median_of_four_or_more": (_compared("country", "median = null"), set()),
        "units_not_negative": (_compared("centrality_class", "units = -1"), set()),
        "units_missing_not_negative": (_compared("centrality_class", "units_missing = -1"), set()),
        "left_out_of_small_groups_only": (_compared("size_class", "leaves_out_itself = true"), set()),
    },
    "indicator_funnel": {
        "columns": _extra_column("indicator_funnel"),
        "one_row_per_comparator": (_insert("indicator_funnel", GOOD_FUNNEL[0]), set()),
        "structure_current": (_judged("structure = 'as_published'"), set()),
        "refused_known": (_update("indicator_funnel", "refused = 'shy'", "refused is not null"), set()),
        "class_known": (_judged("funnel_class = 'outside'"), set()),
        "judgement_known": (_judged("judgement = 'fine'"), set()),
        "refused_has_no_limits": (_update("indicator_funnel", "lower_95 = 1", "refused is not null"), set()),
        "limits_in_order": (_judged("lower_998 = 16.5"), set()),
        "adjusted_limits_are_wider": (_judged("adjusted_upper_95 = 23.5"), set()),
        "units_suffice": (_judged("units = 2"), set()),
    },
    "indicator_rolling": {
        "columns": _extra_column("indicator_rolling"),
        "one_row_per_window": (_insert("indicator_rolling", GOOD_WINDOWS[0]), set()),
        "structure_current": (_update("indicator_rolling", "structure = 'as_published'", "value is null"), set()),
        "status_known": (_update("indicator_rolling", "obs_status = 'X'", "value is null"), set()),
        "three_consecutive_years": (_update("indicator_rolling", "first_period = '2021'", "value is null"), set()),
        "told_only_of_three_years": (_update("indicator_rolling", "years_used = 2"), set()),
        "confidential_stays_hidden": (
            _update("indicator_rolling", "obs_status = 'C'", "value is not null"),
            set(),
        ),
        "interval_contains_value": (_update("indicator_rolling", "interval_low = 22.6", "value is not null"), set()),
    },
    "indicator_trend": {
        "columns": _extra_column("indicator_trend"),
        "not_empty": _emptied("indicator_trend"),
        "one_row_per_horizon": (_insert("indicator_trend", GOOD_TRENDS[3]), set()),
        "horizon_known": (_trended(5, "horizon_years = 10"), set()),
        "nothing_across_a_break": (_trended(2, "crosses_break = true, verdict = 'worse'"), {"missing_says_why"}),
        "change_between_its_bounds": (_trended(1, "change = 0.4"), set()),
        "judgement_follows_bounds": (_trended(5, "beyond_chance = true"), set()),
        "missing_says_why": (_trended(2, "obs_status = 'A'"), set()),
    },
    "indicator_gap": {
        "columns": _extra_column("indicator_gap"),
        "one_row_per_figure": (_insert("indicator_gap", GOOD_GAPS[1]), set()),
        "gap_is_value_less_reference": (_gapped("ahead", "gap = 4.8"), set()),
        "fte_where_behind": (_gapped("ahead", "gap_fte = 2.5"), set()),
        "years_only_when_approaching": (_gapped("ahead", "years_to_reference = 1.0"), set()),
        "pace_of_three_years_or_more": (_gapped("hidden", "trend_years = 3"), set()),
        "reference_is_declared": (_gapped("hidden", "reference_origin_nb = null"), set()),
    },
    "indicator_change": {
        "columns": _extra_column("indicator_change"),
        "one_row_per_part": (_insert("indicator_change", GOOD_PARTS[1]), set()),
        "component_known": (_parted("composition", "component = 'luck'"), set()),
        "horizon_known": (_parted("composition", "horizon_years = 2"), set()),
        "part_with_its_whole": (_parted("composition", "obs_status = 'D'"), set()),
        "change_is_last_less_first": (_parted("persons", "total_change = 7.5"), set()),
    },
    "data_quality": {
        "columns": _extra_column("data_quality"),
        "key_unique": (_insert("data_quality", GOOD_QUALITY[0]), set()),
        "quality_known": (_update("data_quality", "quality_id = 'DQ-09'", "quality_id = 'DQ-02'"), set()),
        "shares_within_bounds": (_update("data_quality", "value = 100.1", "quality_id = 'DQ-02'"), set()),
        "days_late_not_negative": (_update("data_quality", "value = -1", "quality_id = 'DQ-05'"), set()),
        "coverage_high": (_update("data_quality", "value = 79.9", "quality_id = 'DQ-01'"), set()),
    },
    "data_quality_nights": {
        "columns": _extra_column("data_quality_nights"),
        "not_empty": _emptied("data_quality_nights"),
        "once_a_night": (_insert("data_quality_nights", GOOD_QUALITY_NIGHT), set()),
        "quality_known": (_update("data_quality_nights", "quality_id = 'DQ-09'"), set()),
        "made_of_something": (_update("data_quality_nights", "denominator = 0"), set()),
        "shares_within_bounds": (_update("data_quality_nights", "value = 100.1"), set()),
        "source_known": (_update("data_quality_nights", "source = 'hearsay'"), set()),
    },
    "check_results": {
        "columns": _extra_column("check_results"),
        "once_a_night": (_insert("check_results", GOOD_CHECK), set()),
        "level_known": (_update("check_results", "level = 'hope'", "passed"), set()),
        "engine_known": (_update("check_results", "engine = 'hand'", "passed"), set()),
        "severity_known": (_update("check_results", "severity = 'fatal'", "passed"), set()),
        "counts_not_negative": (_update("check_results", "failed_rows = -1", "passed"), set()),
        "what_passed_broke_nothing": (_update("check_results", "failed_rows = 2", "passed"), set()),
        "failure_says_what": (_update("check_results", "message = null", "not passed"), set()),
        "runbook_named": (_update("check_results", "runbook = ''", "passed"), set()),
    },
    "need_and_supply": {
        "columns": _extra_column("need_and_supply"),
        "key_unique": (_insert("need_and_supply", GOOD_NEED[0]), set()),
        "need_not_negative": (_update("need_and_supply", "fte_needed = -1", "region_code = 'EAK'"), set()),
        "status_known": (_update("need_and_supply", "obs_status = 'A'", "region_code = '0301'"), set()),
        "reckoned_has_a_figure": (_update("need_and_supply", "fte_needed = null", "region_code = 'EAK'"), set()),
        "country_plausible": (_update("need_and_supply", "fte_per_user_80 = 9", "region_code = 'EAK'"), set()),
    },
    "source_tables": {
        "columns": _extra_column("source_tables"),
        "not_empty": _emptied("source_tables"),
        "source_known": (_update("source_tables", "source = 'hearsay'"), set()),
        "licence_open": (_update("source_tables", "licence = 'All rights reserved'"), set()),
        "attribution_names_ssb": (_update("source_tables", "attribution_nb = 'Kilde: ukjent'"), set()),
        "url_at_ssb": (_update("source_tables", "url = 'http://example.org/'"), set()),
    },
    "indicator_history": {
        "columns": _extra_column("indicator_history"),
        "not_empty": _emptied("indicator_history"),
        "told_once_at_a_time": (_insert("indicator_history", GOOD_HISTORY[0] | {"value": 12.1}), set()),
        "no_combined_municipalities": (
            _update("indicator_history", "region_code = '1508+1580'", "cause = 'first'"),
            set(),
        ),
        "cause_known": (_update("indicator_history", "cause = 'weather'", "cause = 'first'"), set()),
    },
    "indicator_revisions": {
        "columns": _extra_column("indicator_revisions"),
        "revised_at_least_once": (_update("indicator_revisions", "revisions = 0"), set()),
        "cause_known": (_update("indicator_revisions", "cause = 'weather'"), set()),
    },
    "source_vintages": {
        "columns": _extra_column("source_vintages"),
        "not_empty": _emptied("source_vintages"),
        "state_known": (_update("source_vintages", "state = 'maybe'", "state = 'superseded'"), set()),
        "refused_says_why": (_update("source_vintages", "because = null", "state = 'refused'"), set()),
    },
    "breaks": {
        "columns": _extra_column("breaks"),
        "not_empty": _emptied("breaks"),
        "kind_known": _copied_break("'weather' as kind", "kind = 'method'"),
        "treatment_known": _copied_break("'hidden' as treatment", "treatment = 'split'"),
        "region_level_known": _copied_break("'planet' as region_level", "true"),
        "cut_series_have_a_period": _copied_break("'last year' as period_to", "treatment = 'split'"),
        "before_comes_before_after": _copied_break("period_to as period_from", "treatment = 'split'"),
        "reissue_has_a_day": _copied_break("null as vintage_to", "kind = 'reissue'"),
        "reason_nb_says_something": _copied_break("'Ny metode.' as reason_nb", "true"),
        "source_named": _copied_break("'SSB' as source", "true"),
    },
    "changes": {
        "columns": _extra_column("changes"),
        "kind_known": (_update("changes", "kind = 'moved'", "kind = 'first_vintage'"), set()),
        "revised_has_size": (_update("changes", "size = 'huge'", "kind = 'revised'"), set()),
    },
}
MORE_WAYS: dict[tuple[str, str], list[str]] = {
    ("programme_effects", "event_has_a_year"): [
        _of_effects("event_time = null", "event_time = 0"),
        _of_effects("event_time = -1", "event_time = 0"),
        _of_effects("event_time = 5", "event_time = 0"),
    ],
    ("programme_effects", "refused_has_no_figure"): [
        _of_effects("p_value = null", "event_time = 0"),
        _of_effects("interval_low = null", "event_time = 0"),
        _of_effects("estimate = null", "event_time = 0"),
    ],
    ("programme_effects", "adjusted_not_below"): [_of_effects("tests = null"), _of_effects("tests = 0")],
    ("programme_comparison", "within_bounds"): [_of_comparison("difference_low = -2.4")],
    ("programme_comparison", "participants_divided"): [_of_comparison("unmatched = -1, matched = 10")],
    ("programme_comparison", "difference_of_changes"): [
        _of_comparison("mean_after = 21.0"),
        _of_comparison("control_mean_before = 21.0"),
    ],
    ("indicator_values", "country_same_in_both_structures"): [
        _update("indicator_values", "value = null", "indicator_id = 'REKR-01.GROWTH' and structure = 'current'"),
    ],
    ("region_history", "both_sides_told"): [
        _update("region_history", "old_code = null", "kind = 'renumbered'"),
        _update("region_history", "old_code = '0198'", "kind = 'created'"),
        _update("region_history", "new_code = '3098'", "kind = 'ended'"),
    ],
    ("region_history", "changes_have_a_day"): [
        _update("region_history", "changed_on = '2020-01-01'", "kind = 'unchanged'"),
    ],
    ("region_history", "counts_go_to_one_region"): [
        _update("region_history", "counts_may_be_summed = false", "kind = 'unchanged'"),
    ],
    ("indicator_funnel", "refused_has_no_limits"): [
        _update("indicator_funnel", f"{column} = {value}", "refused is not null")
        for column, value in (("adjusted_lower_95", 1), ("funnel_class", "'within'"), ("judgement", "'within'"))
    ],
    ("indicator_funnel", "limits_in_order"): [
        _judged("baseline = 15"),
        _judged("upper_95 = 19"),
        _judged("upper_998 = 23.5"),
    ],
    ("indicator_funnel", "adjusted_limits_are_wider"): [
        _judged("adjusted_lower_95 = 16.5"),
        _judged("adjusted_lower_998 = 14.5"),
        _judged("adjusted_upper_998 = 25.5"),
    ],
    ("indicator_rolling", "told_only_of_three_years"): [
        _update("indicator_rolling", f"{column} = 1", "value is null") for column in ("numerator", "denominator")
    ],
    ("indicator_rolling", "confidential_stays_hidden"): [
        _update("indicator_rolling", f"{column} = 1", "value is null") for column in ("numerator", "denominator")
    ],
    ("indicator_comparison", "basis_fits_comparator"): [
        _compared("own_history", "basis = null"),
        _compared("country", "basis = 'earlier'"),
        _compared("centrality_class", "basis = 'source'"),
    ],
    ("indicator_comparison", "figure_has_basis"): [
        _compared("country", "basis = null"),
        _compared("country", "difference = null"),
        _compared("centrality_class", "difference = 0.0"),
    ],
    ("indicator_comparison", "judged_where_bounded"): [
        _compared("country", "beyond_chance = null"),
        _compared("country", "difference_high = null"),
        _compared("country", "difference = null"),
    ],
    ("indicator_comparison", "judgement_follows_bounds"): [
        _compared("size_class", "beyond_chance = true"),
        _compared("size_class", "difference_low = -2.0, difference_high = -1.0"),
    ],
    ("indicator_comparison", "median_of_four_or_more"): [
        _compared("country", "quartile_low = null"),
        _compared("country", "quartile_high = null"),
        _compared("centrality_class", "quartile_low = 8.0, median = 10.0, quartile_high = 12.0"),
    ],
    ("indicator_trend", "nothing_across_a_break"): [
        _trended(3, "change = 1.0"),
        _trended(3, "change_low = 1.0"),
        _trended(3, "verdict = 'better'"),
    ],
    ("indicator_trend", "change_between_its_bounds"): [
        _trended(1, "change = 4.6"),
        _trended(1, "change_high = null"),
        _trended(1, "interval_method = null"),
    ],
    ("indicator_trend", "judgement_follows_bounds"): [
        _trended(1, "beyond_chance = null"),
        _trended(1, "change_low = -0.5"),
        _trended(1, "beyond_chance = false"),
    ],
    ("indicator_trend", "missing_says_why"): [_trended(1, "obs_status = 'M'"), _trended(2, "verdict = 'worse'")],
    ("indicator_gap", "years_only_when_approaching"): [
        _gapped("behind", "outlook = 'moving_away'"),
        _gapped("behind", "years_to_reference = null"),
        _gapped("behind", "years_low = 5.1"),
        _gapped("behind", "years_high = 4.9"),
        _gapped("behind", "years_to_reference = 51.0, years_high = null"),
    ],
    ("indicator_gap", "pace_of_three_years_or_more"): [
        _gapped("behind", "trend_years = 2"),
        _gapped("behind", "trend_years = 6"),
        _gapped("behind", "pace = null"),
        _gapped("behind", "pace_low = 1.1"),
        _gapped("behind", "pace_high = 0.9"),
    ],
    ("indicator_gap", "fte_where_behind"): [_gapped("behind", "gap_fte = -5.0"), _gapped("ahead", "is_behind = true")],
    ("indicator_gap", "reference_is_declared"): [_gapped("ahead", "reference_origin_en = null")],
    ("indicator_change", "part_with_its_whole"): [
        _parted("persons", "total_change = null"),
        _parted("composition", "obs_status = 'D'"),
        _parted("persons", "crosses_break = true"),
    ],
    ("indicator_comparison", "left_out_of_small_groups_only"): [
        _compared("county", "leaves_out_itself = false"),
        _compared("county", "units = 29, units_missing = 0"),
        _compared("own_history", "leaves_out_itself = true"),
    ],
}
"""Further ways to break rules of several sides; the first way stands above."""
DECLARED = [(table, e) for table, file in CATALOG.expectations.items() for e in file.expectations]
IDS = [f"{table}-{e.name}" for table, e in DECLARED]


def build(home: Home) -> None:
    """A build whose public tables hold good rows, with the columns that dbt promises."""
    home.build.mkdir(parents=True, exist_ok=True)
    home.build_file.unlink(missing_ok=True)
    declared = declared_tables(CATALOG)
    with duckdb.connect(str(home.build_file)) as connection:
        connection.execute("create schema public")
        for model in PUBLIC:
            columns = ", ".join(f"{c['name']} {c['data_type']}" for c in model["columns"])
            connection.execute(f"create table public.{model['name']} ({columns})")
        for table in ("indicators", "measures", "measure_indicators", "reference_values", "breaks"):
            promised = [c["name"] for model in PUBLIC if model["name"] == table for c in model["columns"]]
            frame = pl.DataFrame(declared[table], infer_schema_length=None)
            frame = frame.select([name for name in frame.columns if name in promised])
            connection.register("declared", frame.to_arrow())
            connection.execute(f"insert into public.{table} by name select * from declared")
            connection.unregister("declared")
        for table, rows in (
            ("indicator_values", GOOD_VALUES),
            ("regions", GOOD_REGIONS),
            ("region_history", GOOD_EVENTS),
            ("series_breaks", GOOD_CUTS),
            ("indicator_comparison", GOOD_COMPARISONS),
            ("indicator_funnel", GOOD_FUNNEL),
            ("indicator_rolling", GOOD_WINDOWS),
            ("indicator_trend", GOOD_TRENDS),
            ("indicator_gap", GOOD_GAPS),
            ("indicator_change", GOOD_PARTS),
            ("source_tables", GOOD_SOURCES),
            ("indicator_history", GOOD_HISTORY),
            ("indicator_revisions", GOOD_REVISIONS),
            ("source_vintages", GOOD_VINTAGES),
            ("changes", GOOD_CHANGES),
            ("data_quality", GOOD_QUALITY),
            ("data_quality_nights", [GOOD_QUALITY_NIGHT]),
            ("check_results", [GOOD_CHECK, BAD_CHECK]),
            ("need_and_supply", GOOD_NEED),
            ("programme_effects", GOOD_EFFECTS),
            ("programme_comparison", [GOOD_COMPARED]),
        ):
            for row in rows:
                connection.execute(_insert(table, row))
        connection.execute(GOOD_RECONCILIATION)
        for ref_id, verdict in (("R011", "same"), ("R020", "generated")):
            cells = (
                f"verdict = '{verdict}', own_value = reference_value, difference = 0, obs_status = 'A', source = 'demo'"
            )
            connection.execute(_update("reconciliation", cells, f"ref_id = '{ref_id}'"))
        connection.execute(f"update public.indicator_values set vintage = {STAMP}")


def judged(home: Home, files: dict[str, ExpectationFile]) -> list[Acceptance]:
    return audit(home, replace(CATALOG, expectations=files), "demo")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("audit"))


@pytest.fixture(scope="module")
def good(home: Home) -> list[Acceptance]:
    build(home)
    results = judged(home, CATALOG.expectations)
    return results


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The good build's file, to be copied."""
    home = Home(tmp_path_factory.mktemp("built"))
    build(home)
    return home.build_file


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory, built: Path) -> dict[tuple[str, str], list[Acceptance]]:
    """Results of the table, by the rule that was broken; without Data Docs, which take longer than the judging."""
    found: dict[tuple[str, str], list[Acceptance]] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("k2025_pipeline.warehouse.audit.show", lambda *_: None)
        for names in _rounds():
            home = Home(tmp_path_factory.mktemp("round"))
            home.build.mkdir()
            shutil.copy(built, home.build_file)
            with duckdb.connect(str(home.build_file)) as connection:
                for table, name in names.items():
                    connection.execute(BREAK[table][name][0])
            results = judged(home, {table: CATALOG.expectations[table] for table in names})
            for table, name in names.items():
                found[table, name] = [result for result in results if result.table == table]
    return found


def _rounds() -> Iterator[dict[str, str]]:
    """One rule of each table that has any left, until none is."""
    left = {table: [e.name for e in file.expectations] for table, file in CATALOG.expectations.items()}
    while any(left.values()):
        yield {table: names.pop(0) for table, names in left.items() if names}


def test_every_expectation_has_a_way_to_break_it() -> None:
    declared = {table: {e.name for e in file.expectations} for table, file in CATALOG.expectations.items()}
    assert declared == {table: set(ways) for table, ways in BREAK.items()}


def test_the_results_that_let_a_file_through_are_read_back_as_they_were(home: Home, good: list[Acceptance]) -> None:
    build(home)
    results = judged(home, {"measures": CATALOG.expectations["measures"]})
    shutil.copy(home.build / "audit.json", home.root)
    assert published_audit(home) == results


def test_every_public_table_has_expectations() -> None:
    assert {model["name"] for model in PUBLIC} == set(CATALOG.expectations)


def test_good_tables_meet_every_expectation(good: list[Acceptance]) -> None:
    assert [f"{r.table}.{r.name}: {r.sample} {r.observed}" for r in good if not r.passed] == []
    assert sorted((r.table, r.name) for r in good) == sorted((table, e.name) for table, e in DECLARED)


@pytest.mark.parametrize(("table", "expectation"), DECLARED, ids=IDS)
def test_an_expectation_is_broken_alone(
    table: str, expectation: Expectation, bad: dict[tuple[str, str], list[Acceptance]]
) -> None:
    results = {result.name: result for result in bad[table, expectation.name]}
    failed = {name for name, result in results.items() if not result.passed}
    assert failed == {expectation.name} | BREAK[table][expectation.name][1]
    result = results[expectation.name]
    assert result.blocking is expectation.blocking
    assert result.description == expectation.description.nb


UNIQUE = "expect_compound_columns_to_be_unique"
ROW_RULES = [
    (t, e)
    for t, e in DECLARED
    if e.type.startswith(("expect_column_values", "expect_column_value_", "expect_column_pair", UNIQUE))
]


@pytest.mark.parametrize(("table", "expectation"), ROW_RULES, ids=[f"{t}-{e.name}" for t, e in ROW_RULES])
def test_a_broken_rule_about_rows_counts_them_and_shows_a_value(
    table: str, expectation: Expectation, bad: dict[tuple[str, str], list[Acceptance]]
) -> None:
    result = next(r for r in bad[table, expectation.name] if r.name == expectation.name)
    rows = 2 if expectation.type == UNIQUE else 1
    assert result.failed == rows
    assert len(result.sample) == rows


def test_a_rule_of_several_sides_finds_a_break_of_each(home: Home, good: list[Acceptance]) -> None:
    build(home)
    where = {(table, e.name): e.where for table, e in DECLARED}
    unfound = []
    with duckdb.connect(str(home.build_file)) as connection:
        for (table, name), ways in MORE_WAYS.items():
            for way in ways:
                connection.execute("begin")
                connection.execute(way)
                if not connection.sql(f"select 1 from public.{table} where {where[table, name]}").fetchall():
                    unfound.append(way)
                connection.execute("rollback")
    assert unfound == []


TABLE_RULES = [(t, e) for t, e in DECLARED if (t, e) not in ROW_RULES]


@pytest.mark.parametrize(("table", "expectation"), TABLE_RULES, ids=[f"{t}-{e.name}" for t, e in TABLE_RULES])
def test_a_broken_rule_about_the_table_says_what_was_found_instead(
    table: str, expectation: Expectation, bad: dict[tuple[str, str], list[Acceptance]]
) -> None:
    result = next(r for r in bad[table, expectation.name] if r.name == expectation.name)
    assert result.observed


def test_only_rules_about_small_or_sudden_figures_and_gaps_in_klass_do_not_block() -> None:
    weak = {(table, e.name) for table, e in DECLARED if not e.blocking}
    assert weak == {
        ("indicator_values", "user_frequency_within_bounds"),
        ("indicator_values", "growth_plausible"),
        ("region_history", "area_known_today"),
        ("need_and_supply", "country_plausible"),
        ("data_quality", "coverage_high"),
        # A wrong row of an earlier night would otherwise stop the figures for ever.
        *(("data_quality_nights", name) for name in BREAK["data_quality_nights"].keys() - {"columns", "not_empty"}),
        *(("check_results", name) for name in BREAK["check_results"].keys() - {"columns"}),
    }


def _file(*expectations: Expectation) -> dict[str, ExpectationFile]:
    return {"measures": ExpectationFile(table="measures", expectations=list(expectations))}


def _expectation(kind: str, arguments: dict[str, object], where: str | None = None) -> Expectation:
    text = Text(nb="En regel.", en="A rule.")
    return Expectation(name="a_rule", type=kind, arguments=arguments, where=where, description=text)


@pytest.mark.parametrize(
    "expectation",
    [
        _expectation("expect_column_values_to_be_between", {"column": "no_such", "min_value": 1}),
        _expectation("expect_column_values_to_match_regex", {"column": "summary_nb", "regex": "("}),
        _expectation(
            "expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "measure_no", "column_B": "no_such"}
        ),
    ],
    ids=["unknown column", "broken regex", "unknown second column"],
)
def test_an_expectation_that_cannot_be_evaluated_is_an_error_and_not_a_finding(
    home: Home, good: list[Acceptance], expectation: Expectation
) -> None:
    build(home)
    judged(home, {"measures": CATALOG.expectations["measures"]})
    kept = (home.build / "audit.json").read_bytes()
    with pytest.raises(AuditError, match=r"public\.measures, a_rule: could not be evaluated") as raised:
        judged(home, _file(expectation))
    assert "schemas/expectations/measures.yml" in str(raised.value)
    assert (home.build / "audit.json").read_bytes() == kept, "an audit that broke off is not kept as one that judged"


def test_an_expectation_about_rows_that_do_not_occur_holds(home: Home, good: list[Acceptance]) -> None:
    build(home)
    rule = _expectation("expect_column_values_to_be_between", {"column": "measure_no", "min_value": 1}, "false")
    (result,) = judged(home, _file(rule))
    assert (result.passed, result.failed, result.sample) == (True, 0, [])


def test_only_the_columns_that_rules_name_are_taken(
    home: Home, good: list[Acceptance], monkeypatch: pytest.MonkeyPatch
) -> None:
    build(home)
    taken: list[list[str]] = []

    def judge(context: Any, batch: Any, table: str, frame: Any, expectations: list[Expectation]) -> list[Acceptance]:
        taken.append(list(frame.columns))
        return []

    monkeypatch.setattr("k2025_pipeline.warehouse.audit._judge", judge)
    judged(home, {"indicator_comparison": CATALOG.expectations["indicator_comparison"]})
    named, everything = {"median", "units", "basis"}, {"comparator_name", "vintage", "is_stale"}
    assert named | everything <= set(taken[0]), "a rule about the columns needs them all"
    assert named <= set(taken[1])
    assert everything.isdisjoint(taken[1]), "the rules on all rows name none of these, and there are many rows"


def test_more_than_twenty_bad_values_are_counted_whole_and_shown_in_part(home: Home, good: list[Acceptance]) -> None:
    build(home)
    with duckdb.connect(str(home.build_file)) as connection:
        connection.execute(
            "update public.regions set centrality_class = '9' where region_code between '3000' and '3050'"
        )
    (result,) = (r for r in judged(home, {"regions": CATALOG.expectations["regions"]}) if not r.passed)
    assert (result.name, result.failed) == ("centrality_classes", 51)
    assert 0 < len(result.sample) <= 20


def test_data_docs_show_the_broken_rule_in_words(home: Home) -> None:
    build(home)
    with duckdb.connect(str(home.build_file)) as connection:
        connection.execute(BREAK["measures"]["chapter_is_8"][0])
    judged(home, {"measures": CATALOG.expectations["measures"]})
    pages = [path.read_text("utf-8") for path in (home.reports / "data_docs" / "validations").rglob("*.html")]
    assert any("Tiltakene viser til kapittel 8 i rapporten." in page for page in pages)


def test_data_docs_show_the_newest_builds_only(
    home: Home, good: list[Acceptance], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert KEPT_AUDITS == 7
    monkeypatch.setattr("k2025_pipeline.warehouse.audit.KEPT_AUDITS", 2)
    build(home)
    for _ in range(3):
        judged(home, {"measures": CATALOG.expectations["measures"]})
    for place in (home.reports / "gx" / "uncommitted", home.reports / "data_docs"):
        (runs,) = (place / "validations" / "public" / "measures").glob("__none__")
        assert len(list(runs.iterdir())) == 2
