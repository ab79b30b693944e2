"""The effect of each programme on each outcome, as rows.

Here belong the form of the rows, what is told of an estimate, and the adjustment for how many were made. Not here: the
choice of units (``design``) and the estimator (``estimation``).
"""

from __future__ import annotations

from typing import Any

import polars as pl

from k2025_pipeline.effects import wording
from k2025_pipeline.effects.design import Design, Refused, design, starts
from k2025_pipeline.effects.rules import Rules

Row = dict[str, Any]
EFFECTS = pl.Schema(
    {
        "programme": pl.String,
        "indicator_id": pl.String,
        "term": pl.String,
        "event_time": pl.Int32,
        "estimate": pl.Float64,
        "standard_error": pl.Float64,
        "interval_low": pl.Float64,
        "interval_high": pl.Float64,
        "p_value": pl.Float64,
        "p_adjusted": pl.Float64,
        "tests": pl.Int32,
        "unit": pl.String,
        "pretrend_statistic": pl.Float64,
        "pretrend_df": pl.Int32,
        "pretrend_p": pl.Float64,
        "participants": pl.Int32,
        "treated": pl.Int32,
        "controls": pl.Int32,
        "cohorts": pl.String,
        "cohorts_left_out": pl.String,
        "first_year": pl.Int32,
        "last_year": pl.Int32,
        "refused": pl.Boolean,
        "refusal_code": pl.String,
        "refusal_nb": pl.String,
        "refusal_en": pl.String,
        "verdict_nb": pl.String,
        "verdict_en": pl.String,
        "warnings_nb": pl.String,
        "warnings_en": pl.String,
        "method": pl.String,
        "library": pl.String,
        "source": pl.String,
    }
)
OUTCOME_METHODS = ("published", "ratio")
"""An amount follows the size of the municipality, and a growth has the change in it already."""
_DIGITS = 6


def outcomes(indicators: pl.DataFrame) -> pl.DataFrame:
    """Indicators that can show an effect: yearly shares and rates of municipalities with a desired direction.

    One for each family, so that one finding is not counted for every definition: the main one, or where that is not
    told by municipality the first of its variants.
    """
    return (
        indicators.filter(
            pl.col("method").is_in(OUTCOME_METHODS),
            pl.col("frequency") == "annual",
            pl.col("direction") != "context",
            pl.col("levels").str.split(", ").list.contains("municipality"),
        )
        .sort("indicator_id")
        .unique("family_id", keep="first", maintain_order=True)
    )


def yearly(panel: pl.DataFrame) -> pl.DataFrame:
    """The panel with the year as a number."""
    return panel.with_columns(pl.col("period").str.slice(0, 4).cast(pl.Int64).alias("year"))


def programme_effects(
    participation: pl.DataFrame, panel: pl.DataFrame, indicators: pl.DataFrame, rules: Rules
) -> pl.DataFrame:
    """Effects by programme and indicator.

    Args:
        participation: ``programme``, ``region_code`` (today's), ``start_year``; more columns may stand there.
        panel: municipalities of today's structure: ``indicator_id``, ``region_code``, ``period``, ``value`` (null where
            missing), ``series_segment``, ``source``.
        indicators: outcomes: ``indicator_id``, ``unit``, ``decimals``, ``direction``, ``unit_of_count``.
        rules: the declared limits and warnings.

    Returns:
        Columns of `EFFECTS`. One row with term ``overall`` per programme and indicator, and where it is not refused one
        with term ``event`` per year since the start but the year before, which is what all changes are counted from.
    """
    years = yearly(panel)
    tested: list[tuple[Row, Any, Row]] = []
    for programme in participation["programme"].unique().sort():
        for indicator in indicators.iter_rows(named=True):
            own = years.filter(pl.col("indicator_id") == indicator["indicator_id"])
            if own["value"].count():
                tested.append((*_one(participation, own, programme, indicator, rules), indicator))
    adjusted = _adjusted([found.overall.p_value for _, found, _ in tested if found])
    rows: list[Row] = []
    for common, found, indicator in tested:
        rows += _told(common, found, indicator, adjusted, rules) if found else [common]
    return pl.DataFrame(rows, schema=EFFECTS).sort("programme", "indicator_id", "term", "event_time", nulls_last=True)


def _one(
    participation: pl.DataFrame, panel: pl.DataFrame, programme: str, indicator: Row, rules: Rules
) -> tuple[Row, Any]:
    """What stands on every row of a programme and indicator, and the estimate or None."""
    from k2025_pipeline.effects import estimation

    common: Row = {
        "programme": programme,
        "indicator_id": indicator["indicator_id"],
        "term": "overall",
        "unit": wording.unit_of_difference(indicator["unit"], "nb"),
        "participants": starts(participation, programme).height,
        "refused": False,
        "method": estimation.METHOD,
        "library": estimation.library(),
        "source": panel["source"].drop_nulls().first(),
    }
    try:
        chosen = design(panel, participation, programme, rules)
        common |= _of_design(chosen)
        found = estimation.estimate(chosen.data, rules.count("years_shown"))
        test = found.pretrend
        common |= {
            "pretrend_statistic": round(test.statistic, _DIGITS),
            "pretrend_df": test.df,
            "pretrend_p": round(test.p_value, _DIGITS),
        }
        if test.p_value < rules["significance"]:
            raise Refused("pretrend", p=test.p_value)
    except Refused as refused:
        nb, en = wording.refusal(refused.code, refused.numbers)
        common |= {"refused": True, "refusal_code": refused.code, "refusal_nb": nb, "refusal_en": en}
        return common | _warnings(common, indicator, rules), None
    return common | _warnings(common, indicator, rules), found


def _of_design(chosen: Design) -> Row:
    return {
        "treated": chosen.treated,
        "controls": chosen.controls,
        "cohorts": _cohorts(chosen.cohorts),
        "cohorts_left_out": _cohorts(chosen.left_out),
        "first_year": chosen.window[0],
        "last_year": chosen.window[1],
    }


def _cohorts(cohorts: dict[int, int]) -> str | None:
    """Years of start with municipalities: ``2021 (17), 2022 (16)``."""
    return ", ".join(f"{year} ({number})" for year, number in sorted(cohorts.items())) or None


def _warnings(common: Row, indicator: Row, rules: Rules) -> Row:
    span = (common.get("first_year"), common.get("last_year"))
    heard = [warned for warned in rules.warnings if warned.concerns(indicator["unit_of_count"], *span)]
    return {"warnings_nb": " ".join(w.nb for w in heard), "warnings_en": " ".join(w.en for w in heard)}


def _adjusted(p_values: list[float]) -> dict[float, tuple[float, int]]:
    """p-value → adjusted for all tests (Benjamini and Hochberg 1995), and how many they were."""
    if not p_values:
        return {}
    from scipy.stats import false_discovery_control

    found = false_discovery_control(p_values, method="bh")
    return {p: (float(adjusted), len(p_values)) for p, adjusted in zip(p_values, found, strict=True)}


def _told(common: Row, found: Any, indicator: Row, adjusted: dict[float, tuple[float, int]], rules: Rules) -> list[Row]:
    """The mean effect with its verdict, and the effects by years since the start."""
    overall = found.overall
    p_adjusted, tests = adjusted[overall.p_value]
    nb, en = wording.verdict(
        overall,
        indicator["unit"],
        indicator["decimals"],
        indicator["direction"],
        (p_adjusted, tests),
        rules["significance"],
    )
    first = common | _figures(overall)
    first |= {"p_adjusted": round(p_adjusted, _DIGITS), "tests": tests, "verdict_nb": nb, "verdict_en": en}
    return [first, *(common | {"term": "event"} | _figures(event) for event in found.events)]


def _figures(effect: Any) -> Row:
    rounded = {
        "estimate": effect.estimate,
        "standard_error": effect.standard_error,
        "interval_low": effect.low,
        "interval_high": effect.high,
        "p_value": effect.p_value,
    }
    return {"event_time": effect.event_time} | {name: round(value, _DIGITS) for name, value in rounded.items()}
