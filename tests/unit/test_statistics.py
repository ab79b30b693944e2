"""The formulas of uncertainty as the SQL has them, against published tables and against statsmodels and SciPy.

Here belong the macros of ``dbt/macros/arithmetic.sql``, by DuckDB, and what ``schemas/statistics.yml`` may say.
Not here: the models that use them (``dbt/models/marts/_uncertainty_tests.yml``).
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest
import yaml
from jinja2 import Environment
from scipy.stats import chi2
from statsmodels.stats.meta_analysis import combine_effects
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.rates import confint_poisson

from k2025_pipeline.catalog import CatalogError, load_catalog
from k2025_pipeline.catalog.loader import read_file
from k2025_pipeline.catalog.statistics import StatisticsFile
from k2025_pipeline.catalog.tables import TableContract
from k2025_pipeline.settings import PROJECT_ROOT
from k2025_pipeline.warehouse.declared import declared_tables

MACROS: Any = Environment().from_string((PROJECT_ROOT / "dbt/macros/arithmetic.sql").read_text("utf-8")).module
DECLARED = PROJECT_ROOT / "schemas" / "statistics.yml"


def evaluated(cases: pl.DataFrame, *expressions: str) -> list[tuple[float, ...]]:
    """What DuckDB makes of SQL expressions over the columns of ``cases``."""
    with duckdb.connect() as connection:
        connection.register("cases", cases.to_arrow())
        return connection.execute(f"select {', '.join(expressions)} from cases").fetchall()


def bounds(cases: pl.DataFrame, macro: Any, *columns: str) -> np.ndarray[Any, Any]:
    """Lower and upper bound of each case; shape (cases, 2)."""
    return np.array(evaluated(cases, macro(*columns, "-"), macro(*columns, "+")))


@pytest.mark.parametrize(
    ("events", "persons", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_bounds_are_those_of_newcombe_1998(events: int, persons: int, low: float, high: float) -> None:
    """Newcombe (1998), Statistics in Medicine 17:857-872, table I, method 3."""
    ((found_low, found_high),) = bounds(pl.DataFrame({"k": [float(events)], "n": [persons]}), MACROS.wilson, "k", "n")
    assert (round(found_low, 4), round(found_high, 4)) == (low, high)


def test_wilsons_bounds_are_those_of_statsmodels() -> None:
    """z is 1.96 here and 1.959964 there, which moves a bound by less than a hundred thousandth."""
    shares = [
        (share * n, float(n)) for n, share in product((1, 3, 10, 30, 61.5, 250, 5000, 1e6), np.linspace(0, 1, 21))
    ]
    cases = pl.DataFrame(shares, schema=["k", "n"], orient="row")
    expected = np.transpose(proportion_confint(cases["k"].to_numpy(), cases["n"].to_numpy(), method="wilson"))
    np.testing.assert_allclose(bounds(cases, MACROS.wilson, "k", "n"), expected, atol=1e-5)


def test_byars_bounds_are_near_the_exact_ones() -> None:
    """Public Health Data Science (2018), Technical Guide: Confidence Intervals: within 0.2 % from 10 events on.

    Below it the lower bound differs by up to 0.013 events, that of one event, and the upper one by up to 0.021, that of
    none.
    """
    counts = np.array([*range(201), 1000, 25_000])
    found = bounds(pl.DataFrame({"x": counts.astype(float)}), MACROS.byar, "x")
    exact = np.transpose(confint_poisson(counts, 1, method="exact-c"))
    exact[0, 0] = 0  # no event has no lower bound but 0; the library has none at all
    np.testing.assert_allclose(found[10:], exact[10:], rtol=0.002)
    np.testing.assert_allclose(found[:10], exact[:10], atol=0.022)
    assert found[0, 0] == 0


def test_the_chi_squared_limit_is_that_of_scipy() -> None:
    freedom = np.arange(2, 400)
    rows = evaluated(pl.DataFrame({"df": freedom}), MACROS.chi_square("df", "1.6448536"))
    np.testing.assert_allclose(np.ravel(rows), chi2.ppf(0.95, freedom), rtol=0.01)
    np.testing.assert_allclose(np.ravel(rows)[8:], chi2.ppf(0.95, freedom)[8:], rtol=0.001)


def test_quantiles_of_a_list_are_those_of_numpy() -> None:
    values = [3.0, -1.0, 4.0, 1.5, 9.0, 2.0]
    for share in (0, 0.1, 0.25, 0.5, 0.9, 1):
        sql = MACROS.quantile_of("in_order", "share")
        cases = pl.DataFrame({"in_order": [sorted(values)], "share": [float(share)]})
        assert evaluated(cases, sql)[0][0] == pytest.approx(np.quantile(values, share))


def test_the_spread_between_municipalities_is_dersimonian_and_lairds() -> None:
    """The hand-worked 0.009605 of the unit test of ``funnel_limits``, by the library."""
    share, size = np.array([0.1, 0.2, 0.3]), np.array([100, 100, 200])
    baseline = 90 / 400
    found = combine_effects(share, baseline * (1 - baseline) / size, method_re="chi2")
    assert found.tau2 == pytest.approx(0.009605, abs=5e-7)


def test_the_declared_limits_have_the_deviates_of_the_normal_distribution() -> None:
    funnel = load_catalog(PROJECT_ROOT / "schemas").statistics.funnel
    assert funnel.deviates == pytest.approx([1.959964, 3.090232], abs=1e-6)
    assert funnel.dispersion_deviate == pytest.approx(1.644854, abs=1e-6)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"limits": [0.9, 0.998]}, "funnel.limits: Value error, columns and classes of public.indicator_funnel"),
        ({"comparators": ["country", "country"]}, "funnel.comparators: Value error, a comparator stands twice"),
        ({"comparators": ["own_history"]}, "funnel.comparators: Value error, own_history is no group"),
        ({"winsorised": 0.5}, "funnel.winsorised: Input should be less than 0.5"),
        ({"units_from": 2}, "funnel.units_from: Input should be greater than or equal to 3"),
    ],
)
def test_limits_that_cannot_be_meant_are_refused(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    content = yaml.safe_load(DECLARED.read_text("utf-8"))
    content["funnel"].update(change)
    path = tmp_path / "schemas" / "statistics.yml"
    path.parent.mkdir()
    path.write_text(yaml.safe_dump(content), "utf-8")
    with pytest.raises(CatalogError) as raised:
        read_file(path, StatisticsFile)
    assert str(raised.value).startswith(f"schemas/statistics.yml: {says}")


def test_a_ratio_with_an_interval_is_summed_over_three_years() -> None:
    families = load_catalog(PROJECT_ROOT / "schemas").indicators
    assert families["KOMP-02"].smoothing_of() == "rolling_3"
    assert families["KOMP-02"].smoothing_of(families["KOMP-02"].variants[0]) == "rolling_3"
    assert families["KOMP-01"].smoothing_of() == "none", "a published share has no terms of its own to sum"
    unwanted = families["KOMP-02"].model_copy(update={"smoothing": "none"})
    assert unwanted.smoothing_of() == "none"


def test_a_total_and_its_parts_are_known_by_category() -> None:
    rows = declared_tables(load_catalog(PROJECT_ROOT / "schemas"))["category_parts"]
    home = [row for row in rows if row["table_id"] == "12003" and row["total"] == "total|home"]
    assert home == [
        {"table_id": "12003", "total": "total|home", "part": f"{age}|home", "parts": 3}
        for age in ("0-66", "67-79", "80+")
    ]
    assert {row["table_id"] for row in rows} >= {"11645", "12003", "14534"}


def test_a_total_that_is_no_category_is_refused() -> None:
    table = load_catalog(PROJECT_ROOT / "schemas").tables["12003"].model_dump()
    table["dimensions"][0]["total_group"] = "everyone"
    with pytest.raises(ValueError, match="total_group: no category maps to 'everyone'"):
        TableContract.model_validate(table)


def test_only_a_ratio_may_be_declared_smoothed() -> None:
    family = load_catalog(PROJECT_ROOT / "schemas").indicators["KOMP-01"]
    with pytest.raises(ValueError, match="only numerators and denominators of a ratio"):
        type(family).model_validate({**family.model_dump(), "smoothing": "rolling_3"})
