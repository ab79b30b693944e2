"""Breaks as ``schemas/breaks.yml`` declares them, and what follows from them for series and indicators.

Belongs here: which series are cut and where. Not here: wrong files (``test_catalog``) and the cutting itself (dbt).
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from k2025_pipeline.catalog import Catalog, load_catalog
from k2025_pipeline.catalog.breaks import declared_measures
from k2025_pipeline.lake.home import Home
from k2025_pipeline.settings import PROJECT_ROOT
from k2025_pipeline.warehouse.declared import DECLARED_TYPES, declared_tables
from k2025_pipeline.warehouse.inputs import prepare

MODELS = PROJECT_ROOT / "dbt" / "models" / "public"
TOLD_BY_TABLES = {
    "11645": {"2019"},
    "11875": {"2020"},
    "11996": {"2020"},
    "12003": {"2019", "2020"},
    "12209": {"2018", "2019", "2020", "2024"},
    "12292": {"2018", "2019", "2020", "2024"},
    "12293": {"2019", "2020"},
    "14533": {"2018", "2020", "2024"},
    "14534": {"2018", "2020", "2024"},
}
"""Years that each table told when tables declared their own breaks."""
OF_FTE = [f"KOMP-0{number}" for number in (1, 2, 3, 4, 5, 6, 8)]
OF_FTE += ["KOMP-02.ALL", "REKR-01", "REKR-01.GROWTH", "REKR-02", "REKR-02.USER"]
OF_USERS = [
    "KONT-01",
    *(f"KONT-01.{ages}" for ages in ("0-49", "50-66", "67-79", "80-89", "90+")),
    "KONT-02",
    "KVAL-01",
]
TOLD_BY_INDICATORS: dict[str, set[str]] = {
    **{indicator: {"2018", "2024"} for indicator in OF_FTE},
    **{indicator: {"2019"} for indicator in OF_USERS},
    "KONT-03": set(),
}
"""The same for indicators and their variants."""


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(PROJECT_ROOT / "schemas")


@pytest.fixture(scope="module")
def rows(catalog: Catalog) -> dict[str, list[dict[str, Any]]]:
    return declared_tables(catalog)


def cuts(rows: dict[str, list[dict[str, Any]]], indicator: str, level: str | None = None) -> set[str]:
    """Years in which the indicator is cut on just this level; None for the cuts of every level."""
    return {
        row["at"]
        for row in rows["indicator_breaks"]
        if row["indicator_id"] == indicator and row["region_level"] == level
    }


class TestDeclared:
    def test_every_break_that_a_table_told_of_is_still_told(self, catalog: Catalog) -> None:
        for table, years in TOLD_BY_TABLES.items():
            assert years <= {broken.to_period for broken in catalog.breaks_of(table)}, table

    def test_the_user_register_concerns_users_and_the_working_time_does_not(self, catalog: Catalog) -> None:
        users = set(catalog.breaks["USER-REGISTER-2019"].series(catalog.sources))
        working_time = set(catalog.breaks["WORKING-TIME-2018"].series(catalog.sources))
        assert {("12003", "users"), ("12003", "users_per_1000"), ("11645", "users")} <= users - working_time
        assert ("12292", "institution_days") not in users
        assert users & working_time == {("12209", "fte_per_user")}

    def test_fte_of_physicians_are_not_of_the_register(self, catalog: Catalog) -> None:
        assert [broken.id for broken in catalog.breaks_of("11996")] == ["KOSTRA-GROUPS-2020"]

    def test_every_kostra_table_has_the_new_groups(self, catalog: Catalog) -> None:
        regional = [t for t in catalog.tables.values() if not t.national]
        kostra = {t.id for t in regional if t.dimension("region").coding == "kostra"}
        sums = {t.id for t in regional if any(measure.additive for measure in t.measures)}
        concerned = {concern.table for concern in catalog.breaks["KOSTRA-GROUPS-2020"].concerns}
        assert {"07459", "09429", "11643", "11645"} <= concerned - kostra <= sums, "summed to groups by core"
        assert kostra <= concerned

    def test_spending_is_cut_where_a_function_became_two(self, catalog: Catalog) -> None:
        """Function 254 was closed on 1 January 2024 (Statistics Norway, facts/indicators.md, finding 3)."""
        concerned = set(catalog.breaks["HOME-SERVICES-2024"].series(catalog.sources))
        assert {("12362", "amount"), ("12367", "amount"), ("12209", "expenditure_per_inhabitant")} <= concerned
        assert {table for table, _ in concerned}.isdisjoint({"11924", "11643"}), "ended before, and users"

    def test_the_register_change_is_told_and_not_cut(self, catalog: Catalog) -> None:
        broken = catalog.breaks["REGISTER-2015"]
        assert (broken.from_period, broken.to_period, broken.treatment) == ("2014", "2015", "none")

    def test_what_was_issued_anew_has_a_day_and_no_periods(self, catalog: Catalog) -> None:
        anew = {b.id: str(b.vintage_to) for b in catalog.breaks.values() if b.kind == "reissue"}
        assert anew == {"REISSUED-FTE-2022": "2022-03-15", "REISSUED-SHARES-2025": "2025-03-21"}
        corrected = set(catalog.breaks["REISSUED-SHARES-2025"].series(catalog.sources))
        assert corrected == {("12209", "share_fte_health_educated"), ("12209", "fte_per_user")}

    def test_no_measure_named_is_every_measure_also_those_that_core_makes(self, catalog: Catalog) -> None:
        broken = catalog.breaks["KOSTRA-GROUPS-2020"]
        series = set(broken.series(catalog.sources))
        whole = [catalog.sources[concern.table] for concern in broken.concerns if not concern.measures]
        named = {(concern.table, measure) for concern in broken.concerns for measure in concern.measures}
        assert series == {(table.id, measure) for table in whole for measure in declared_measures(table)} | named
        assert ("07459", "persons_year_end") in series
        assert ("09429", "share") not in series, "core sums persons and makes no shares"


class TestRows:
    def test_a_series_stands_once_per_break_and_level(self, rows: dict[str, list[dict[str, Any]]]) -> None:
        keys = [(r["break_id"], r["table_id"], r["measure"], r["region_level"]) for r in rows["breaks"]]
        assert len(keys) == len(set(keys))

    def test_only_the_grouping_is_a_break_of_some_regions(self, rows: dict[str, list[dict[str, Any]]]) -> None:
        levels = {(row["break_id"] == "KOSTRA-GROUPS-2020", row["region_level"]) for row in rows["breaks"]}
        assert levels == {(True, "kostra_group"), (False, None)}

    def test_a_row_says_what_the_declaration_says(self, rows: dict[str, list[dict[str, Any]]]) -> None:
        [row] = [r for r in rows["breaks"] if (r["break_id"], r["table_id"]) == ("WORKING-TIME-2018", "14533")]
        assert (row["measure"], row["period_from"], row["period_to"], row["vintage_to"]) == (
            "fte",
            "2017",
            "2018",
            None,
        )
        assert (row["kind"], row["treatment"], row["evidence"]) == ("method", "split", "documented")
        assert row["reason_nb"].startswith("Gjelder årsverk. Ny metode")
        assert row["reason_en"].startswith("Concerns FTEs. A new method")

    def test_a_level_has_a_row_of_its_own(self, catalog: Catalog) -> None:
        broken = catalog.breaks["KOSTRA-GROUPS-2020"].model_copy(update={"levels": ["county", "kostra_group"]})
        found = declared_tables(replace(catalog, breaks={broken.id: broken}))
        assert cuts(found, "KONT-03", "county") == cuts(found, "KONT-03", "kostra_group") == {"2020"}
        assert {r["region_level"] for r in found["breaks"]} == {"county", "kostra_group"}


class TestIndicators:
    @pytest.mark.parametrize(
        ("indicator", "years"),
        [
            ("KOMP-01", {"2018", "2024"}),
            ("KONT-01", {"2019"}),
            ("KONT-03", set()),
            ("KVAL-01", {"2019"}),
            ("REKR-02", {"2018", "2024"}),
            # Its denominator is users, and the definition did not say so.
            ("REKR-02.USER", {"2018", "2019", "2024"}),
        ],
    )
    def test_a_series_is_cut_where_its_terms_are(
        self, rows: dict[str, list[dict[str, Any]]], indicator: str, years: set[str]
    ) -> None:
        assert cuts(rows, indicator) == years

    def test_every_break_that_an_indicator_told_of_follows_and_one_more(
        self, rows: dict[str, list[dict[str, Any]]]
    ) -> None:
        found = {indicator: cuts(rows, indicator) for indicator in TOLD_BY_INDICATORS}
        assert found == TOLD_BY_INDICATORS | {"REKR-02.USER": {"2018", "2019", "2024"}}

    def test_kostra_groups_alone_are_cut_in_2020(self, rows: dict[str, list[dict[str, Any]]]) -> None:
        assert {cut["region_level"] for cut in rows["indicator_breaks"]} == {None, "kostra_group"}
        for indicator in TOLD_BY_INDICATORS:
            assert cuts(rows, indicator, "kostra_group") == {"2020"}, indicator

    def test_a_year_is_cut_once(self, rows: dict[str, list[dict[str, Any]]]) -> None:
        keys = [(r["indicator_id"], r["at"]) for r in rows["indicator_breaks"]]
        assert len(keys) == len(set(keys))

    def test_what_is_told_and_not_cut_gives_no_row(self, rows: dict[str, list[dict[str, Any]]]) -> None:
        told = {row["break_id"] for row in rows["breaks"] if row["treatment"] != "split"}
        assert told == {"REGISTER-2015", "REISSUED-FTE-2022", "REISSUED-SHARES-2025"}
        assert told.isdisjoint(row["break_id"] for row in rows["indicator_breaks"])

    def test_a_side_that_only_stands_beside_a_published_figure_does_not_cut_it(self, catalog: Catalog) -> None:
        """The denominator of KOMP-01 is from 12292, its value from 12209."""
        broken = catalog.breaks["WORKING-TIME-2018"]
        beside = broken.model_copy(update={"concerns": [c for c in broken.concerns if c.table == "12292"]})
        found = declared_tables(replace(catalog, breaks={beside.id: beside}))
        assert {row["indicator_id"] for row in found["indicator_breaks"]} == {"KOMP-05", "KOMP-06"}


class TestAsDbtReadsThem:
    @pytest.fixture
    def built(self, catalog: Catalog, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
        """The start of a build without a single break."""
        home = Home(tmp_path)
        prepare(home, replace(catalog, breaks={}), "demo")
        with duckdb.connect(str(home.build_file)) as connection:
            yield connection

    @pytest.mark.parametrize("table", ["breaks", "indicator_breaks"])
    def test_columns_are_text_also_where_nothing_is_declared(
        self, built: duckdb.DuckDBPyConnection, table: str
    ) -> None:
        columns = {row[0]: row[1] for row in built.execute(f"describe catalog.{table}").fetchall()}
        assert columns == dict.fromkeys(DECLARED_TYPES[table], "VARCHAR")

    def test_columns_are_text_also_where_none_has_an_entry(self, catalog: Catalog, tmp_path: Path) -> None:
        broken = catalog.breaks["WORKING-TIME-2018"]
        prepare(Home(tmp_path), replace(catalog, breaks={broken.id: broken}), "demo")
        with duckdb.connect(str(Home(tmp_path).build_file)) as connection:
            found = connection.execute("describe catalog.breaks").fetchall()
            [(empty,)] = connection.execute(
                "select count(region_level) + count(vintage_to) from catalog.breaks"
            ).fetchall()
        assert empty == 0
        assert {row[1] for row in found} == {"VARCHAR"}

    def test_the_public_table_has_the_same_columns(self) -> None:
        [model] = yaml.safe_load((MODELS / "_breaks.yml").read_text("utf-8"))["models"]
        assert [column["name"] for column in model["columns"]] == list(DECLARED_TYPES["breaks"])
        assert {column["data_type"] for column in model["columns"]} == {"varchar"}
