"""The demo's spending, hours, closed series, municipal health and projection: published figures and agreement.

"The plan" is Opptrappingsplan for heltid og god bemanning i omsorgstjenesten; numbers after it are lines. Belongs here:
tables that stand in modules of their own. Not here: the others, and the folder as a whole (``test_demo_generator``).
"""

from typing import Any

import numpy as np
import orjson
import pytest

from k2025_pipeline.catalog import Catalog, load_catalog
from k2025_pipeline.demo import (
    accounts,
    closed_series,
    geography,
    municipal_health,
    projection,
    resources,
    service_hours,
    tables,
)
from k2025_pipeline.demo.faults import HIDDEN, LEKA, NOT_AVAILABLE, NOT_VALID
from k2025_pipeline.demo.jsonstat_writer import Table, document
from k2025_pipeline.demo.tables import World
from k2025_pipeline.demo.users import TABLE_YEARS
from k2025_pipeline.ingest.question import Question, ask
from k2025_pipeline.pxweb.jsonstat import describe
from k2025_pipeline.settings import PROJECT_ROOT


@pytest.fixture(scope="module")
def world() -> World:
    return tables.build("revised")


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(PROJECT_ROOT / "schemas")


@pytest.fixture(scope="module")
def made(world: World) -> dict[str, Table]:
    amounts = accounts.generate(world)
    found = [
        closed_series.table_11924(world),
        service_hours.table_11643(world),
        municipal_health.table_12191(world),
        accounts.table_12362(world, amounts),
        accounts.table_12367(world, amounts),
        projection.table_14746(world.geography, world.persons),
    ]
    return {table.number: table for table in found}


def cells(table: Table, **chosen: str | list[str]) -> Any:
    """Values at the given codes, in the table's order; a dimension that is not named is kept whole."""
    names = [part.code for part in table.dimensions] + ["ContentsCode", "Tid"]
    codes = [list(part.categories) for part in table.dimensions]
    codes += [[part.code for part in table.measures], [str(year) for year in table.periods]]
    assert set(chosen) <= set(names)
    places = []
    for name, known in zip(names, codes, strict=True):
        wanted = chosen.get(name, known)
        places.append([known.index(code) for code in ([wanted] if isinstance(wanted, str) else wanted)])
    return table.values[np.ix_(*places)]


def question(table: Table, catalog: Catalog) -> Question:
    contract = catalog.tables[table.number]
    metadata = describe(orjson.dumps(document(table, "2026-06-15T06:00:00Z")))
    return ask(contract, contract.extracts[0], metadata, {})


@pytest.mark.parametrize("number", ["11643", "11924", "12191", "12362", "12367", "14746"])
class TestContract:
    def test_all_that_is_declared_is_found_and_nothing_else_differs(
        self, made: dict[str, Table], catalog: Catalog, number: str
    ) -> None:
        asked = question(made[number], catalog)
        assert asked.findings == []

    def test_the_cells_asked_for_are_as_many_as_declared(
        self, made: dict[str, Table], catalog: Catalog, number: str
    ) -> None:
        selection, band = question(made[number], catalog).selection, catalog.tables[number].coverage
        assert selection is not None
        assert band.min_cells <= selection.cells <= band.max_cells


class TestQuestion:
    def test_the_group_is_found_by_its_label_whatever_its_letter(
        self, made: dict[str, Table], catalog: Catalog
    ) -> None:
        known = document(made["12367"], "2026-06-15T06:00:00Z")
        scope = known["dimension"]["KOKregnskapsomfa0000"]
        scope["category"] = {"index": {"A": 0, "B": 1}, "label": {"A": "Kommunekasse", "B": "Kommunekonsern"}}
        contract = catalog.tables["12367"]
        asked = ask(contract, contract.extracts[0], describe(orjson.dumps(known)), {})
        assert asked.selection is not None
        assert asked.selection.codes["KOKregnskapsomfa0000"] == ["B"]

    def test_only_ages_from_50_are_asked_of_a_whole_table(self, made: dict[str, Table], catalog: Catalog) -> None:
        """Table 14746 has the ages 000 to 105+ (facts/ssb-tables.md 2)."""
        known = document(made["14746"], "2026-06-15T06:00:00Z")
        ages = [f"{age:03d}" for age in range(105)] + ["105+"]
        category = {"index": {age: place for place, age in enumerate(ages)}, "label": {age: age for age in ages}}
        known["dimension"]["Alder"]["category"] = category
        contract = catalog.tables["14746"]
        asked = ask(contract, contract.extracts[0], describe(orjson.dumps(known)), {})
        assert asked.selection is not None
        assert asked.selection.codes["Alder"] == ages[50:]


class TestClosedSeries:
    def test_it_ends_in_2023_and_is_of_16_november(self, made: dict[str, Table]) -> None:
        table = made["11924"]
        assert list(table.periods) == list(range(2015, 2024))
        assert table.refperiod == "16.11"
        labels = list(table.dimensions[1].categories.values())
        assert len(labels) == 20
        assert labels[:3] == ["Omsorgstjenestene i alt", "Psykiatrisk sykepleier", "Geriatrisk sykepleier"]

    def test_the_country_agrees_with_14534_from_2018_and_differs_before(self, made: dict[str, Table]) -> None:
        total = cells(made["11924"], KOKkommuneregion0000="EAK", KOKkyrk200000="KF00", ContentsCode=tables.FTE_CODE)
        share = total.ravel() / np.array(resources.FTE_TOTAL[:9])
        np.testing.assert_allclose(share[3:], 1)
        assert ((share[:3] > 0.97) & (share[:3] < 1)).all()
        assert (np.diff(share) >= -1e-9).all(), "they converge"

    def test_the_four_groups_of_nurses_are_the_nurses_of_the_plan_in_2021(self, made: dict[str, Table]) -> None:
        """The plan, 192–247: 32 266 FTE of nurses, 4 889 of service and administration."""
        found = cells(
            made["11924"], KOKkommuneregion0000="EAK", ContentsCode=tables.FTE_CODE, Tid="2021"
        ).ravel()  # the total first
        assert found[1:5].sum() == pytest.approx(32266)
        assert found[-2:].sum() == pytest.approx(4889)
        assert found[1:].sum() == pytest.approx(148820)

    def test_a_municipality_has_the_nurses_of_14534(self, made: dict[str, Table], world: World) -> None:
        place, year = world.regions.position("0301"), TABLE_YEARS.index(2020)
        found = cells(
            made["11924"],
            KOKkommuneregion0000="0301",
            KOKkyrk200000=["KF01", "KF02", "KF03", "KF04"],
            ContentsCode=tables.FTE_CODE,
            Tid="2020",
        )
        assert found.sum() == pytest.approx(world.education[place, year, 0])

    def test_parts_of_a_group_are_a_whole(self) -> None:
        parts: dict[str, float] = {}
        for _, group, part in closed_series.GROUPS.values():
            parts[group] = parts.get(group, 0) + part
        assert parts.keys() == set(resources.EDUCATION)
        assert list(parts.values()) == pytest.approx([1.0] * len(parts))


class TestAccounts:
    CARE = ("234", "253", "254", "257", "258", "261")

    def test_spending_per_inhabitant_is_that_of_12209(self, made: dict[str, Table], world: World) -> None:
        """Statistics Norway, 12209, country 2020–2025: 28 598, 32 500, 33 813, 36 851, 37 333, 39 197 NOK."""
        gross = cells(made["12362"], KOKkommuneregion0000="EAK", KOKart0000="AGD10").ravel()
        people = world.people[world.regions.position("EAK")]
        assert np.rint(1000 * gross / people)[-6:].tolist() == [28598, 32500, 33813, 36851, 37333, 39197]

    def test_both_tables_say_the_same_of_health_and_care(self, made: dict[str, Table]) -> None:
        chosen = {"KOKfunksjon0000": "FGK9", "KOKart0000": ["AGD10", "AGD2"]}
        np.testing.assert_allclose(
            cells(made["12362"], **chosen)[:, 0, :, 0], cells(made["12367"], **chosen)[:, 0, 0, :, 0]
        )

    def test_agency_staff_in_care_is_that_of_the_plan(self, made: dict[str, Table]) -> None:
        """The plan, 319: about 1.2 billion NOK in 2019, a doubling from 2012."""
        found = cells(
            made["12367"], KOKkommuneregion0000="EAK", KOKfunksjon0000=list(self.CARE), KOKart0000="A270"
        ).sum(axis=(0, 1, 2, 3, 4))
        by_year = dict(zip(TABLE_YEARS, found.tolist(), strict=True))
        assert by_year[2019] == pytest.approx(1.2e6)
        yearly = (by_year[2019] / by_year[2015]) ** (1 / 4)
        assert by_year[2015] / yearly**3 == pytest.approx(0.6e6), "as it would have been in 2012"

    def test_a_function_that_is_not_in_use_has_a_full_stop(self, made: dict[str, Table], world: World) -> None:
        """Function 254 was closed on 1 January 2024 and replaced by 257 and 258."""
        table, place = made["12367"], world.regions.position("EAK")
        for code in self.CARE:
            unused = (table.symbols[place, 0, list(accounts.FUNCTIONS).index(code)] == NOT_VALID).all(axis=(0, 1))
            old, new = code == "254", code in ("257", "258")
            assert unused.tolist() == [(old and year > 2023) or (new and year < 2024) for year in TABLE_YEARS], code

    def test_no_money_falls_out_where_one_function_becomes_two(self, made: dict[str, Table]) -> None:
        chosen = {"KOKkommuneregion0000": "EAK", "KOKart0000": "AGD10"}
        care = cells(made["12367"], **chosen, KOKfunksjon0000=list(self.CARE)).sum(axis=(0, 1, 2, 3, 4))
        whole = cells(made["12367"], **chosen, KOKfunksjon0000="FGK9").ravel()
        np.testing.assert_allclose(care / whole, 0.84, rtol=1e-3)

    def test_spending_may_be_negative(self, made: dict[str, Table]) -> None:
        found = cells(made["12367"], KOKkommuneregion0000=LEKA, KOKfunksjon0000="253", KOKart0000="AGD10").ravel()
        assert [value < 0 for value in found] == [year >= 2024 for year in TABLE_YEARS]

    def test_net_and_wages_are_less_than_gross(self, made: dict[str, Table]) -> None:
        gross, net, wages, others = np.moveaxis(cells(made["12367"], KOKkommuneregion0000="EAK")[0, 0, ..., 0, :], 1, 0)
        used = gross > 0
        assert (net[used] < gross[used]).all()
        assert (wages[used] + others[used] < gross[used]).all()


class TestHours:
    def test_health_services_are_a_part_of_all(self, made: dict[str, Table]) -> None:
        values = made["11643"].values
        assert (values[:, 1] <= values[:, 0]).all()
        np.testing.assert_allclose(values[:, :, 0], values[:, :, 1:].sum(axis=2))

    def test_hours_of_few_users_are_hidden(self, made: dict[str, Table], world: World) -> None:
        table = made["11643"]
        regions = geography.plain_regions(world.geography, len(TABLE_YEARS))
        few = regions.sum_over(world.users.home_health)[..., 4].astype(int)
        hidden = table.symbols[:, 1, 5, 0] == HIDDEN
        town = np.array([len(code) == 4 for code in regions.codes])[:, None]
        reported = table.symbols[:, 0, 0, 0] == 0
        small = ((few > 0) & (few < 5) & town)[reported]
        assert small.sum() > 100
        assert hidden[reported][small].all()
        assert small.sum() < hidden[reported].sum() < 3 * small.sum(), "and others, so that no sum gives one away"

    def test_a_user_has_some_hours_a_week(self, made: dict[str, Table], world: World) -> None:
        hours = cells(made["11643"], Region="0", TenesteType="15", Alder="Ialt").ravel()
        per_week = hours / 52 / world.users.home_health.sum(axis=(0, 2))
        assert ((per_week > 4) & (per_week < 7)).all()


class TestMunicipalHealth:
    def test_an_area_has_neither_yes_nor_no(self, made: dict[str, Table]) -> None:
        table = made["12191"]
        areas = np.array([code.startswith("E") for code in table.dimensions[0].categories])
        assert set(table.symbols[areas, 1].ravel()) <= {NOT_AVAILABLE, NOT_VALID}
        towns = table.values[~areas, 1][table.symbols[~areas, 1] == 0]
        assert set(towns) == {0.0, 1.0}

    def test_a_share_of_newborns_is_between_nothing_and_all(self, made: dict[str, Table]) -> None:
        found = cells(made["12191"], ContentsCode="KOShjemmebesokjo0000")
        shown = found[~np.isnan(found)]
        assert ((shown >= 0) & (shown <= 100)).all()
        country = cells(made["12191"], KOKkommuneregion0000="EAK", ContentsCode="KOShjemmebesokjo0000")
        assert ((country > 50) & (country < 75)).all()

    def test_therapists_of_care_are_a_part(self, made: dict[str, Table], world: World) -> None:
        all_of_them = cells(made["12191"], KOKkommuneregion0000="EAK", ContentsCode="KOSergoaarsverk0000").ravel()
        care = world.education[world.regions.position("EAK")][:, resources.EDUCATION.index("Ergoterapeuter")]
        assert (all_of_them > care).all()


class TestProjection:
    @staticmethod
    def band(table: Table, region: str, year: str, first: int, last: int = 105) -> float:
        ages = [f"{age:03d}" if age < 105 else "105+" for age in range(first, last + 1)]
        return float(cells(table, Region=region, Alder=ages, Tid=year).sum())

    def test_the_family_care_coefficient_of_2050_is_that_of_the_plan(self, made: dict[str, Table]) -> None:
        """The plan, 166: 4.3 persons aged 50–66 per person aged 85 and over in 2050."""
        table = made["14746"]
        assert round(self.band(table, "0", "2050", 50, 66) / self.band(table, "0", "2050", 85), 1) == 4.3

    def test_persons_of_80_and_over_about_double(self, made: dict[str, Table]) -> None:
        table = made["14746"]
        assert 1.8 < self.band(table, "0", "2050", 80) / self.band(table, "0", "2026", 80) < 2.2

    def test_it_begins_with_the_population_of_07459(self, made: dict[str, Table], world: World) -> None:
        """Statistics Norway, 07459 of 2026: 284 939 persons aged 80 and over, to within the demo's own fit."""
        table = made["14746"]
        people = tables.table_07459(world.geography, world.persons)
        for region in ("0", "03", "0301", "1508"):
            counted = cells(people, Region=region, Tid="2026")[:, :, 50:]
            assert np.array_equal(cells(table, Region=region, Tid="2026"), counted)
        assert self.band(table, "0", "2026", 80) == pytest.approx(284939, rel=1e-3)

    def test_country_and_counties_are_sums_of_municipalities(self, made: dict[str, Table]) -> None:
        table = made["14746"]
        codes = list(table.dimensions[0].categories)
        towns = [code for code in codes if len(code) == 4]
        counties = [code for code in codes if len(code) == 2]
        assert (len(codes), len(towns), len(counties)) == (373, 357, 15)
        country = cells(table, Region="0")[0]
        assert np.array_equal(cells(table, Region=towns).sum(axis=0), country)
        assert np.array_equal(cells(table, Region=counties).sum(axis=0), country)

    def test_nobody_is_born_at_60(self, made: dict[str, Table]) -> None:
        country = cells(made["14746"], Region="0")[0, :, :, 0]
        before, after = country[:, 10:-2, :-1], country[:, 11:-1, 1:]
        assert (after <= before).all()
