"""Participants beside municipalities like them, before and after: descriptive, not an effect.

Here belong the matching and the rows. Not here: an effect (``results``).

Matching is within the KOSTRA group, on the indicator's mean over the years before the start and the logarithm of the
population, each in standard deviations; the nearest are used as often as they are near, within the declared distance.
The interval of the difference is that of a weighted difference of means, in which a municipality that is used several
times weighs so much the more (Abadie and Imbens, "Large sample properties of matching estimators for average treatment
effects", Econometrica 74, 2006).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from k2025_pipeline.effects import wording
from k2025_pipeline.effects.design import outside, starts
from k2025_pipeline.effects.results import yearly
from k2025_pipeline.effects.rules import Rules

Row = dict[str, Any]
Floats = npt.NDArray[np.float64]
COMPARISON = pl.Schema(
    {
        "programme": pl.String,
        "indicator_id": pl.String,
        "start_year": pl.Int32,
        "years_after": pl.Int32,
        "participants": pl.Int32,
        "without_figures": pl.Int32,
        "unmatched": pl.Int32,
        "matched": pl.Int32,
        "controls": pl.Int32,
        "mean_before": pl.Float64,
        "mean_after": pl.Float64,
        "change": pl.Float64,
        "control_mean_before": pl.Float64,
        "control_mean_after": pl.Float64,
        "control_change": pl.Float64,
        "difference": pl.Float64,
        "difference_low": pl.Float64,
        "difference_high": pl.Float64,
        "unit": pl.String,
        "reading_nb": pl.String,
        "reading_en": pl.String,
        "method": pl.String,
        "source": pl.String,
    }
)
METHOD = "nearest within KOSTRA group on mean before and log population, with replacement, within a caliper"
_DIGITS = 6
_COVERED = 0.975


@dataclass(frozen=True)
class Matches:
    """Weights of the others for each participant that has any; shape (matched, others), rows sum to 1."""

    matched: npt.NDArray[np.intp]
    weights: Floats


def programme_comparison(
    participation: pl.DataFrame, panel: pl.DataFrame, indicators: pl.DataFrame, rules: Rules
) -> pl.DataFrame:
    """Change from the year before the start to some years after it, of participants and of municipalities like them.

    Args:
        participation: ``programme``, ``region_code`` (today's), ``start_year``; more columns may stand there.
        panel: municipalities of today's structure: ``indicator_id``, ``region_code``, ``period``, ``value`` (null where
            missing), ``series_segment``, ``kostra_group``, ``population``, ``source``.
        indicators: outcomes: ``indicator_id``, ``unit``, ``decimals``.
        rules: the declared limits.

    Returns:
        Columns of `COMPARISON`: a row per programme, indicator, year of start and years after in the series.
    """
    years = yearly(panel)
    rows = [
        row
        for programme in participation["programme"].unique().sort()
        for indicator in indicators.iter_rows(named=True)
        for row in _of_programme(
            years.filter(pl.col("indicator_id") == indicator["indicator_id"]),
            participation,
            programme,
            indicator,
            rules,
        )
    ]
    return pl.DataFrame(rows, schema=COMPARISON)


def _of_programme(
    panel: pl.DataFrame, participation: pl.DataFrame, programme: str, indicator: Row, rules: Rules
) -> Iterator[Row]:
    if not panel["value"].count():
        return
    last = int(panel.filter(pl.col("value").is_not_null())["year"].max())  # type: ignore[arg-type]
    others = outside(panel, participation)
    for (start,), cohort in (
        starts(participation, programme).sort("first_year").group_by("first_year", maintain_order=True)
    ):
        for after in range(1, rules.count("years_followed") + 1):
            if int(start) + after <= last:
                changes = _changes(panel, int(start), after, rules.count("years_before_at_least"))
                common = {
                    "programme": programme,
                    "indicator_id": indicator["indicator_id"],
                    "start_year": start,
                    "years_after": after,
                    "participants": cohort.height,
                    "method": METHOD,
                    "source": panel["source"].drop_nulls().first(),
                }
                yield common | _row(
                    changes.join(cohort, on="region_code", how="semi"),
                    changes.join(others, on="region_code", how="semi"),
                    cohort.height,
                    indicator,
                    rules,
                )


def _changes(panel: pl.DataFrame, start: int, after: int, years_before: int) -> pl.DataFrame:
    """Figures before and after of those who have both in one part of the series, and what they are matched on."""
    figures = panel.filter(pl.col("value").is_not_null())
    base = figures.filter(pl.col("year") == start - 1).select(
        "region_code", "series_segment", "kostra_group", "population", pl.col("value").alias("before")
    )
    part = ["region_code", "series_segment"]
    later = figures.filter(pl.col("year") == start + after).select(*part, pl.col("value").alias("after"))
    earlier = figures.filter(pl.col("year").is_between(start - years_before, start - 1))
    level = earlier.join(base, on=part, how="semi").group_by("region_code").agg(pl.col("value").mean().alias("level"))
    return (
        base.join(later, on=part)
        .join(level, on="region_code")
        .filter(pl.col("kostra_group").is_not_null(), pl.col("population") > 0)
        .with_columns(pl.col("population").cast(pl.Float64).log().alias("size"))
        .sort("region_code")
    )


def _row(treated: pl.DataFrame, others: pl.DataFrame, participants: int, indicator: Row, rules: Rules) -> Row:
    found = match(treated, others, rules.count("neighbours"), rules["caliper"])
    counts = {
        "without_figures": participants - treated.height,
        "unmatched": treated.height - len(found.matched),
        "matched": len(found.matched),
        "controls": int((found.weights.sum(axis=0) > 0).sum()),
        "unit": wording.unit_of_difference(indicator["unit"], "nb"),
    }
    figures = _figures(treated[found.matched.tolist()], others, found, rules) if len(found.matched) else {}
    nb, en = wording.comparison(
        len(found.matched), participants, figures.get("difference"), indicator["unit"], indicator["decimals"]
    )
    return counts | figures | {"reading_nb": nb, "reading_en": en}


def match(treated: pl.DataFrame, others: pl.DataFrame, neighbours: int, caliper: float) -> Matches:
    """The nearest others of the same KOSTRA group.

    Args:
        treated: ``kostra_group``, ``level``, ``size``.
        others: the same columns.
        neighbours: how many are used at most.
        caliper: longest distance, in standard deviations of all municipalities given.
    """
    from scipy.spatial.distance import cdist

    if not treated.height or not others.height:
        return Matches(np.array([], dtype=np.intp), np.zeros((0, others.height)))
    mine, theirs = (frame.select("level", "size").to_numpy() for frame in (treated, others))
    spread = np.concatenate([mine, theirs]).std(axis=0)
    spread = np.where(spread > 0, spread, 1)
    distance = cdist(mine / spread, theirs / spread)
    same = treated["kostra_group"].to_numpy()[:, None] == others["kostra_group"].to_numpy()[None, :]
    distance = np.where(same & (distance <= caliper), distance, np.inf)
    rank = distance.argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    chosen = (rank < neighbours) & np.isfinite(distance)
    matched = np.flatnonzero(chosen.any(axis=1))
    weights = chosen[matched] / chosen[matched].sum(axis=1, keepdims=True)
    return Matches(matched, weights)


def _figures(matched: pl.DataFrame, others: pl.DataFrame, found: Matches, rules: Rules) -> Row:
    before, after = matched["before"].to_numpy(), matched["after"].to_numpy()
    their_before, their_after = others["before"].to_numpy(), others["after"].to_numpy()
    weight = found.weights.mean(axis=0)
    figures = {
        "mean_before": before.mean(),
        "mean_after": after.mean(),
        "change": (after - before).mean(),
        "control_mean_before": weight @ their_before,
        "control_mean_after": weight @ their_after,
        "control_change": weight @ (their_after - their_before),
    }
    figures["difference"] = figures["change"] - figures["control_change"]
    if len(before) >= rules["matched_at_least"] and (weight > 0).sum() > 1:
        half = _half_width(after - before, (their_after - their_before), weight)
        figures |= {
            "difference_low": figures["difference"] - half,
            "difference_high": figures["difference"] + half,
        }
    return {name: round(float(value), _DIGITS) for name, value in figures.items()}


def _half_width(changes: Floats, their_changes: Floats, weight: Floats) -> float:
    """Half the 95 per cent interval: the variances of both changes, the others' by the square of their weights."""
    from scipy import stats

    used = weight > 0
    variance = changes.var(ddof=1) / len(changes) + their_changes[used].var(ddof=1) * float(weight[used] @ weight[used])
    return float(stats.t.ppf(_COVERED, len(changes) - 1) * np.sqrt(variance))
