"""Difference-in-differences with staggered starts, by a library.

Here belong the call of the estimator and the test of the years before. Not here: who is in it (``design``) and what is
said of it (``wording``).

Estimator: Callaway and Sant'Anna, "Difference-in-Differences with multiple time periods", Journal of Econometrics 225
(2021), as the package diff-diff has it: not yet treated and never treated municipalities as controls, no covariates,
changes counted from the year before the start, standard errors from influence functions clustered by municipality, t
with one degree of freedom fewer than municipalities. A missing figure takes the municipality out of the comparisons
that need it. Years later than those that are followed are left out. Municipalities weigh the
same, whatever their size.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import polars as pl

from k2025_pipeline.effects.design import Refused

METHOD = "Callaway-Sant'Anna (2021), not-yet-treated controls, universal base, clustered by municipality"
LIBRARY = "diff-diff"
_TOLD = r"Unbalanced panel detected|\d+ \(group, time\) cell\(s\) could not be estimated"
"""Missing figures, and years after those that are followed: both are told in this module's description."""
_LARGEST_CONDITION = 1e12


@dataclass(frozen=True)
class Estimated:
    """One effect in the unit of the indicator; ``event_time`` is None for the mean over all years after the start."""

    event_time: int | None
    estimate: float
    standard_error: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True)
class PreTrend:
    """F test that all effects before the start are nil together.

    Attributes:
        statistic: Wald statistic over ``df``.
        df: effects tested; the other degrees of freedom are municipalities − 1.
        p_value: of a larger statistic by chance.
    """

    statistic: float
    df: int
    p_value: float


@dataclass(frozen=True)
class Estimate:
    """The mean effect, the effects by years since the start, and the test of the years before."""

    overall: Estimated
    events: list[Estimated]
    pretrend: PreTrend


def library() -> str:
    """The estimator's package and version."""
    return f"{LIBRARY} {version(LIBRARY)}"


def estimate(data: pl.DataFrame, years_shown: int) -> Estimate:
    """Estimate the effect.

    Args:
        data: ``region_code``, ``year``, ``first_year`` (0: never) and ``value``, a row per figure.
        years_shown: event times from −``years_shown`` to ``years_shown`` are told and tested.

    Raises:
        Refused: the figures do not vary, so that neither effect nor trend has an uncertainty.
    """
    fitted = _fit(data)
    events = fitted.aggregate("event_study")
    if not (np.isfinite(fitted.overall_se) and fitted.overall_se > 0):
        raise Refused("no_variation")
    return Estimate(
        overall=Estimated(
            None, *_numbers(fitted.overall_att, fitted.overall_se, *fitted.overall_conf_int, fitted.overall_p_value)
        ),
        events=[
            Estimated(
                int(events.event_time[place]),
                *_numbers(
                    events.att[place],
                    events.se[place],
                    events.conf_int_lower[place],
                    events.conf_int_upper[place],
                    events.p_value[place],
                ),
            )
            for place in range(len(events.event_time))
            if abs(events.event_time[place]) <= years_shown and not events.is_reference[place]
        ],
        pretrend=_pretrend(events, years_shown, int(fitted.n_clusters)),
    )


def _fit(data: pl.DataFrame) -> Any:
    """The library's own result."""
    from diff_diff import CallawaySantAnna

    columns = {name: data[name].to_numpy() for name in ("region_code", "year", "first_year", "value")}
    estimator = CallawaySantAnna(
        control_group="not_yet_treated", estimation_method="reg", base_period="universal", cluster="region_code"
    )
    import pandas as pd

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=_TOLD)
        return estimator.fit(
            pd.DataFrame(columns), outcome="value", unit="region_code", time="year", first_treat="first_year"
        )


def _numbers(*given: Any) -> list[float]:
    return [float(number) for number in given]


def _pretrend(events: Any, years_shown: int, clusters: int) -> PreTrend:
    from scipy import stats

    index = [int(event) for event in events.vcov_index]
    before = [place for place, event in enumerate(index) if -years_shown <= event < -1]
    effects = dict(zip(events.event_time.tolist(), events.att.tolist(), strict=True))
    found = np.array([effects[index[place]] for place in before])
    covariance = np.asarray(events.vcov)[np.ix_(before, before)]
    if not before or not np.isfinite(covariance).all() or np.linalg.cond(covariance) > _LARGEST_CONDITION:
        raise Refused("no_variation")
    statistic = float(found @ np.linalg.solve(covariance, found)) / len(before)
    return PreTrend(statistic, len(before), float(stats.f.sf(statistic, len(before), clusters - 1)))
