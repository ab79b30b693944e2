"""The demo tables: national figures, municipalities over time, and the faults of real data.

"The plan" is Opptrappingsplan for heltid og god bemanning i omsorgstjenesten; numbers after it are lines.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
import requests

from k2025_pipeline.demo import (
    faults,
    generator,
    geography,
    inputs,
    jsonstat_writer,
    population,
    programmes,
    resources,
    tables,
)
from k2025_pipeline.demo.documents import Document, Folder
from k2025_pipeline.demo.server import LocalStatbank
from k2025_pipeline.demo.tables import World
from k2025_pipeline.demo.users import TABLE_YEARS

API = "/api/pxwebapi/v2"
KLASS = "/api/klass/v1/classifications/131"
JSON = {"accept": "application/json"}
ALL_TABLES = [
    *("07459", "09429", "11643", "11645", "11658", "11875", "11924", "11996", "12003", "12191", "12209", "12292"),
    *("12293", "12362", "12367", "12441", "12451", "14533", "14534", "14746", "14789"),
]


@pytest.fixture(scope="session")
def demo_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="session")
def revised_path(demo_root: Path) -> Path:
    return generator.ensure_demo(demo_root, "revised")


@pytest.fixture(scope="session")
def revised(revised_path: Path) -> Folder:
    return Folder(revised_path)


@pytest.fixture(scope="session")
def unrevised(demo_root: Path) -> Folder:
    return Folder(generator.ensure_demo(demo_root, "unrevised"))


@pytest.fixture(scope="session")
def world() -> World:
    return tables.build("revised")


@pytest.fixture(scope="session")
def server(revised_path: Path) -> Iterator[str]:
    with LocalStatbank(revised_path) as running:
        yield running.url


def _cells(document: Document, **codes: str | list[str]) -> Any:
    """Values at the given codes (None where empty); dimensions that are not named are kept whole."""
    return document.values[_places(document, codes)]


def _symbols(document: Document, **codes: str | list[str]) -> Any:
    found = document.status[_places(document, codes)]
    return np.array(document.symbols, dtype=object)[found]


def _places(document: Document, codes: dict[str, Any]) -> tuple[Any, ...]:
    assert set(codes) <= set(document.ids)
    places = []
    for name in document.ids:
        wanted = codes.get(name, document.codes(name))
        index = {code: place for place, code in enumerate(document.codes(name))}
        places.append([index[code] for code in ([wanted] if isinstance(wanted, str) else wanted)])
    return np.ix_(*places)


class TestNationalFigures:
    def test_fte_by_education_2021(self, revised: Folder) -> None:
        """The plan, 192–247."""
        expected = {
            "Aktivitører": 851,
            "Barne- og ungdomsarbeidere": 1848,
            "Helsefagarbeidere": 50095,
            "Ergoterapeuter": 1325,
            "Barnevernspedagoger": 1302,
            "Miljøterapeuter": 4788,
            "Sosionomer": 2077,
            "Sykepleiere": 32266,
            "Vernepleiere": 9460,
            "Pleieassistenter med annen helseutdanning": 5894,
            "Pleieassistenter uten helse- og sosialfaglig utdanning": 34025,
            "Service og administrativt personell": 4889,
            "Omsorgstjenestene i alt": 148820,
        }
        table = revised.document("14534")
        labels = table.labels("KOKutdanningoms0000")
        found = _cells(
            table,
            KOKkommuneregion0000="EAK",
            KOKstillingkode0000="TOT",
            ContentsCode=tables.FTE_CODE,
            Tid="2021",
        ).ravel()
        assert dict(zip(labels.values(), found, strict=True)) == expected

    def test_user_oriented_fte_2021(self, revised: Folder) -> None:
        """The plan, 192–247: 148 820 − 4 889."""
        by_position = _cells(
            revised.document("14534"),
            KOKkommuneregion0000="EAK",
            KOKutdanningoms0000="TOT",
            ContentsCode="KOSARBAARSVERKST0000",
            Tid="2021",
        )
        assert by_position.ravel().tolist() == [148820, 143931, 4889]
        base = _cells(
            revised.document("12292"),
            KOKkommuneregion0000="EAK",
            ContentsCode="KOSaarsverkbruke0000",
            Tid="2021",
        )
        assert base.item() == 143931

    def test_fte_in_all_years(self, revised: Folder) -> None:
        """2015 about 130 000 and 2021: the plan, 191. 2022, 2023: Statistics Norway, care statistics."""
        total = _cells(revised.document("14533"), KOKkommuneregion0000="EAK", KOKyrker0000="TOT").ravel().tolist()
        by_year = dict(zip(TABLE_YEARS, total, strict=True))
        assert [by_year[year] for year in (2015, 2021, 2022, 2023)] == [130000, 148820, 151935, 157076]
        growth = np.diff(np.array(total, dtype=float)) / np.array(total[:-1], dtype=float)
        assert (growth > 0.01).all()
        assert (growth < 0.04).all()

    @pytest.mark.parametrize("year", sorted(population.PUBLISHED_USERS))
    def test_users_and_frequency(self, revised: Folder, year: int) -> None:
        """The plan, 36–150: users by age, and users in per cent of the population at the end of the year."""
        published = {
            2015: ((69994, 37701, 50383, 79571, 37550), (2.1, 3.5, 9.6, 45.2, 85.4)),
            2017: ((73602, 39543, 53814, 77510, 37832), (2.2, 3.6, 9.5, 43.5, 84.7)),
            2019: ((76473, 40512, 55053, 74919, 37203), (2.2, 3.6, 9.2, 40.4, 82.3)),
            2021: ((80926, 41646, 59351, 75607, 38326), (2.4, 3.6, 9.4, 39.0, 82.3)),
        }
        users, frequency = published[year]
        found = _cells(revised.document("11645"), Region="0", TenesteType="00", Tid=str(year)).ravel()
        assert found.tolist() == [sum(users), *users]
        by_age = _cells(revised.document("07459"), Region="0", Tid=str(year + 1)).astype(float).sum(axis=1).ravel()
        shares = 100 * np.array(users) / population.by_band(by_age)
        assert (np.floor(shares * 10 + 0.5) / 10).tolist() == list(frequency)

    def test_population_is_near_the_real_one(self, revised: Folder) -> None:
        """Statistics Norway, 07459: 5 165 802 on 1 January 2015 and about 5.63 million in 2026."""
        total = _cells(revised.document("07459"), Region="0").astype(float).sum(axis=(1, 2)).ravel()
        assert abs(total[0] - 5_165_802) < 10_000
        assert 5_580_000 < total[-1] < 5_650_000

    def test_key_figures_as_published(self, revised: Folder) -> None:
        """Statistics Norway, 12209, country 2020–2025 (edition of March 2026)."""
        published = {
            "KOSandelmhelseut0000": [74.9, 74.8, 74.4, 73.7, 72.7, 72.4],
            "KOSaarsverkhelso0000": [303.3, 307.7, 309.7, 316.8, 321.6, 325.1],
            "KOShjtj80aarover0001": [28.9, 28.6, 27.7, 26.9, 25.9, 24.8],
            "KOSsykhjand80aar0000": [11.4, 11.0, 10.6, 10.1, 9.4, 9.0],
            "KOSbduFKG9innbyg0000": [28598, 32500, 33813, 36851, 37333, 39197],
        }
        table = revised.document("12209")
        years = [str(year) for year in range(2020, 2026)]
        for code, expected in published.items():
            found = _cells(table, KOKkommuneregion0000="EAK", ContentsCode=code, Tid=years).ravel().tolist()
            assert found == expected, code


class TestConsistency:
    def test_educated_share_from_its_parts(self, revised: Folder) -> None:
        base = revised.document("12292")
        codes = ["KOSaarsverkuniho0000", "KOSaarsverkvidere000", "KOSaarsverkbruke0000"]
        parts = [_cells(base, KOKkommuneregion0000="EAK", ContentsCode=code).astype(float).ravel() for code in codes]
        share = _cells(
            revised.document("12209"), KOKkommuneregion0000="EAK", ContentsCode="KOSandelmhelseut0000"
        ).astype(float)
        np.testing.assert_allclose(share.ravel(), 100 * (parts[0] + parts[1]) / parts[2], atol=0.06)

    def test_users_of_home_care_are_the_same_in_two_tables(self, revised: Folder) -> None:
        base = _cells(revised.document("12292"), ContentsCode="KOSkjernetotalt0000")[:, 0]
        by_age = _cells(
            revised.document("12003"),
            KOKalder0000="F000-120",
            KOKTenesteGrp0000="A",
            ContentsCode="KOSomsorgantbruk0000",
        )[0, :, 0, 0]
        assert np.array_equal(base, by_age)

    def test_services_are_part_of_all_services(self, world: World) -> None:
        assert (world.users.home_health <= world.users.home_care).all()
        assert (world.users.home_care <= world.users.services).mean() > 0.99

    def test_national_education_adds_up(self) -> None:
        groups = resources.national_education()
        assert (groups > 0).all()
        np.testing.assert_array_equal(groups.sum(axis=1), resources.FTE_TOTAL)

    def test_rounding_of_halves(self) -> None:
        halves = np.array([0.25, -0.25, 2.5, 0.0499])
        found = jsonstat_writer.rounded(halves, np.array([1, 1, 0, 1]))
        assert found.tolist() == [0.3, -0.3, 3.0, 0.0]
        assert orjson.dumps(jsonstat_writer._numbers(np.array([22.0, 22.5])).tolist()) == b"[22,22.5]"

    def test_apportion_keeps_totals(self) -> None:
        weights = np.random.default_rng(1).random((50, 7))
        totals = np.array([0.0, 1, 2, 49, 50, 51, 100_000])
        parts = population.apportion(weights, totals)
        assert parts.sum(axis=0).tolist() == totals.tolist()
        assert (parts >= 0).all()

    def test_apportion_below_keeps_totals_and_limits(self) -> None:
        weights = np.random.default_rng(1).random((50, 5))
        most = np.random.default_rng(2).integers(0, 100, (50, 5))
        totals = np.array([0, 1, 500, most[:, 3].sum() - 3, most[:, 4].sum()], dtype=float)
        parts = population.apportion_below(weights, totals, most)
        assert parts.sum(axis=0).tolist() == totals.tolist()
        assert ((parts >= 0) & (parts <= most)).all()

    def test_apportion_below_without_limits_in_the_way(self) -> None:
        weights, totals = np.random.default_rng(1).random((50, 2)), np.array([49.0, 1000])
        limits = np.full((50, 2), 10_000)
        parts = population.apportion_below(weights, totals, limits)
        assert np.array_equal(parts, population.apportion(weights, totals))

    def test_apportion_below_refuses_the_impossible(self) -> None:
        with pytest.raises(ValueError, match="more than the parts can take"):
            population.apportion_below(np.ones((2, 1)), np.array([5.0]), np.full((2, 1), 2))

    @pytest.mark.parametrize("edition", ["revised", "unrevised"])
    def test_nowhere_more_users_than_inhabitants(self, edition: str, request: pytest.FixtureRequest) -> None:
        """11645 of 31 December against 07459 of the next 1 January, every municipality, age band and service."""
        folder: Folder = request.getfixturevalue(edition)
        care, people = folder.document("11645"), folder.document("07459")
        regions = [code for code in care.codes("Region") if len(code) == 4]
        years = [str(year) for year in TABLE_YEARS]
        users = _numbers(_cells(care, Region=regions, Tid=years))[:, :, 1:, 0]
        by_age = _numbers(_cells(people, Region=regions, Tid=[str(int(year) + 1) for year in years]))
        inhabitants = population.by_band(by_age.sum(axis=1)[:, :, 0].swapaxes(1, 2)).swapaxes(1, 2)
        same_code = inhabitants.sum(axis=1) > 0
        over = (users > 0.97 * inhabitants[:, None]) & same_code[:, None, None]
        assert same_code.sum() > 3500
        assert not over.any()


def _numbers(cells: Any) -> Any:
    """Cells as numbers, empty ones as 0."""
    return np.where(np.equal(cells, np.array(None)), 0, cells).astype(float)


class TestProgrammes:
    def test_who_takes_part(self, world: World) -> None:
        listed = programmes.participants()
        codes = [one.region_code for one in listed]
        assert len(set(codes)) == len(codes) == 92
        assert set(codes) <= set(world.geography.current.tolist())
        for programme in (programmes.WITH_EFFECT, programmes.WITHOUT_EFFECT):
            assert programme.startswith("demo-program ")
            begun = list(programmes.starts(programme).values())
            assert {year: begun.count(year) for year in sorted(set(begun))} == {2019: 12, 2021: 17, 2022: 17}

    def test_the_effect_moves_fte_between_two_groups_and_changes_no_sum(self, world: World) -> None:
        untouched = tables.build("revised", with_programmes=False).resources.education
        moved = world.resources.education - untouched
        np.testing.assert_allclose(moved.sum(axis=0), 0, atol=1e-6)
        np.testing.assert_allclose(moved.sum(axis=2), 0, atol=1e-9)
        groups = np.flatnonzero(np.abs(moved).max(axis=(0, 1)) > 1e-9).tolist()
        assert groups == [resources.HEALTH_WORKER, resources.ASSISTANT_WITHOUT]
        assert np.abs(moved[:, : TABLE_YEARS.index(2019)]).max() < 1e-9
        assert (world.resources.education >= 0).all()
        inside = np.isin(world.geography.current, list(programmes.starts(programmes.WITH_EFFECT)))
        last = moved[:, -1, resources.ASSISTANT_WITHOUT]
        assert (last[inside] < 0).all()
        assert (last[~inside] > 0).all()

    def test_no_share_jumps_in_one_year(self, world: World) -> None:
        """The largest step is 1.5 points, of a share of about 23."""
        steps = np.diff(programmes.points(world.geography), axis=1)
        assert sorted({round(float(step), 6) for step in steps.ravel()}) == [0, 1.5]

    def test_participation_is_written_as_a_norwegian_spreadsheet_has_it(self, revised_path: Path) -> None:
        lines = (revised_path / "inputs" / "participation.csv").read_text("utf-8").splitlines()
        assert lines[0] == "# merknad: generert demo / generated demo"
        assert lines[1] == "programme;region_code;start_year;end_year;amount"
        assert len(lines) == 2 + 92
        programme, code, start, end, amount = lines[2].split(";")
        assert (programme, len(code), len(start), end) == (programmes.WITH_EFFECT, 4, 4, "")
        assert float(amount) > 0


class TestStaff:
    @pytest.fixture(scope="class")
    def staff(self, revised_path: Path) -> dict[tuple[str, int, str], tuple[float, int]]:
        lines = (revised_path / "inputs" / "staff.csv").read_text("utf-8").splitlines()
        assert lines[:2] == ["# merknad: generert demo / generated demo", "region_code;year;education;fte;employed"]
        cells = [line.split(";") for line in lines[2:]]
        return {(c[0], int(c[1]), c[2]): (float(c[3].replace(",", ".")), int(c[4])) for c in cells}

    def test_fte_and_employed_2021(self, staff: dict[tuple[str, int, str], tuple[float, int]]) -> None:
        """The plan, 192–247."""
        published = {
            "activity_worker": (851, 1088),
            "child_youth_worker": (1848, 2288),
            "health_worker": (50095, 63251),
            "occupational_therapist": (1325, 1444),
            "child_welfare_worker": (1302, 1440),
            "milieu_therapist": (4788, 6493),
            "social_worker": (2077, 2282),
            "nurse": (32266, 36053),
            "social_educator": (9460, 10085),
            "assistant_other_health": (5894, 9252),
            "assistant_without": (34025, 62906),
            "service_admin": (4889, 6343),
        }
        assert {group: staff["EAK", 2021, group] for group in published} == published
        assert {group for _, _, group in staff} == {*published, "total"}
        assert staff["EAK", 2021, "total"][1] == 202925
        assert sum(persons for _, persons in published.values()) == 202925

    def test_fte_are_those_of_14534(
        self, revised: Folder, staff: dict[tuple[str, int, str], tuple[float, int]]
    ) -> None:
        told = _cells(
            revised.document("14534"),
            KOKkommuneregion0000=["0301", "1103"],
            KOKstillingkode0000="TOT",
            KOKutdanningoms0000=[f"{number:02d}" for number in range(1, 13)],
            ContentsCode=tables.FTE_CODE,
            Tid="2023",
        )[:, 0, :, 0, 0]
        for place, code in enumerate(("0301", "1103")):
            assert [staff[code, 2023, group][0] for group in inputs.EDUCATION_GROUPS] == told[place].tolist()

    def test_municipalities_sum_to_the_country_and_positions_grow(
        self, staff: dict[tuple[str, int, str], tuple[float, int]]
    ) -> None:
        for group in inputs.EDUCATION_GROUPS:
            sizes = []
            for year in TABLE_YEARS:
                fte, persons = staff["EAK", year, group]
                parts = [n for (code, when, name), (_, n) in staff.items() if (when, name) == (year, group)]
                assert sum(parts) == 2 * persons
                sizes.append(fte / persons)
            assert (np.diff(sizes) > 0).all()

    def test_position_sizes_stay_where_a_number_changes(
        self, staff: dict[tuple[str, int, str], tuple[float, int]]
    ) -> None:
        """Klass 131: Bærum, Drammen, Halden, Moss and Skedsmo, which others joined, had new numbers in 2020."""
        renumbered = [("0219", "3024"), ("0602", "3005"), ("0101", "3001"), ("0104", "3002"), ("0231", "3030")]
        for old, new in renumbered:
            before, after = staff[old, 2019, "health_worker"], staff[new, 2020, "health_worker"]
            assert abs(np.log(after[0] / after[1] / (before[0] / before[1]))) < 0.03

    def test_nobody_is_missing_where_there_is_fte(self, staff: dict[tuple[str, int, str], tuple[float, int]]) -> None:
        assert all((fte > 0) == (persons > 0) for fte, persons in staff.values())
        more = {group for (_, _, group), (fte, persons) in staff.items() if fte > persons}
        assert more <= {"occupational_therapist", "child_welfare_worker", "social_worker"}
        assert max(fte / persons for fte, persons in staff.values() if persons) <= 1.5

    def test_only_municipalities_of_the_year(self, staff: dict[tuple[str, int, str], tuple[float, int]]) -> None:
        codes = {year: {code for code, when, _ in staff if when == year} for year in (2015, 2019, 2020, 2025)}
        assert {year: len(found) - 1 for year, found in codes.items()} == {2015: 428, 2019: 422, 2020: 356, 2025: 357}


class TestMunicipalities:
    def test_numbers_of_municipalities(self, world: World) -> None:
        """Statistics Norway, Klass 131."""
        found = {year: len(set(world.geography.code[:, place])) for place, year in enumerate(geography.YEARS)}
        assert [found[year] for year in (2015, 2017, 2018, 2019, 2020, 2023, 2024, 2026)] == [
            428,
            426,
            422,
            422,
            356,
            356,
            357,
            357,
        ]

    def test_known_paths(self, world: World) -> None:
        """Statistics Norway on the reforms of 2018, 2020 and 2024."""
        ends = {(str(path[0]), str(path[5]), str(path[-1])) for path in world.geography.code}
        assert {("0219", "3024", "3201"), ("1567", "5061", "5061"), ("1103", "1103", "1103")} <= ends
        assert {("1534", "1507", "1580"), ("1504", "1507", "1508"), ("1852", "5412", "5512")} <= ends
        assert {now for first, _, now in ends if first == "1850"} == {"1806", "1875"}
        assert {now for first, _, now in ends if first == "1613"} == {"5055", "5056", "5059"}
        assert [first for first, _, now in ends if now == "1580"] == ["1534"]

    def test_split_shares(self, world: World) -> None:
        def people(first: str, now: str) -> float:
            chosen = (world.geography.code[:, 0] == first) & (world.geography.current == now)
            return float(world.geography.people[chosen, 0].sum())

        assert people("1850", "1806") == pytest.approx(people("1850", "1875"))
        parts = np.array([people("1613", now) for now in ("5055", "5056", "5059")])
        np.testing.assert_allclose(parts / parts.sum(), [0.35, 0.35, 0.30])

    def test_every_merged_municipality_has_a_weight(self, world: World) -> None:
        rows = geography.read_rows("merged_municipalities.csv")
        weighed = {row["code"] for row in rows} | {first for first, _ in geography._SPLIT_PEOPLE}
        current, atoms = np.unique(world.geography.current, return_counts=True)
        merged = np.isin(world.geography.current, current[atoms > 1])
        assert set(world.geography.code[merged, 0].tolist()) == weighed
        names = {row["code"]: row["name"] for row in geography.read_rows("municipalities.csv")}
        assert all(names[row["code"]] == row["name"] for row in rows)

    def test_weights_sum_to_the_real_municipality(self, world: World) -> None:
        """Statistics Norway, 07459, 1 January 2015; not those that were made by a split."""
        made_by_split = {"1508", "1806", "1875", "5055", "5056", "5059"}
        persons = {row["code"]: int(row["persons_2015"]) for row in geography.read_rows("merged_municipalities.csv")}
        sums: dict[str, int] = {}
        for first, now in zip(world.geography.code[:, 0].tolist(), world.geography.current.tolist(), strict=True):
            if first in persons and now not in made_by_split:
                sums[now] = sums.get(now, 0) + persons[first]
        real = {code: people[0].sum() for code, people in geography.band_populations().items()}
        for code, total in sums.items():
            assert total == pytest.approx(real[code], rel=0.015), code

    @pytest.mark.parametrize(
        ("code", "about"),
        [
            ("1601", 190_000),
            ("1662", 6_000),
            ("1103", 134_000),
            ("1141", 3_200),
            ("1142", 4_800),
            ("1001", 90_000),
            ("1018", 11_300),
            ("1017", 6_500),
            ("1102", 76_000),
            ("1129", 1_250),
            ("0219", 125_000),
        ],
    )
    def test_municipalities_before_the_reform_are_plausible(self, revised: Folder, code: str, about: int) -> None:
        """Orders of size on 1 January 2017, before the reforms of these municipalities."""
        found = _cells(revised.document("07459"), Region=code, Tid="2017").astype(float).sum()
        assert found == pytest.approx(about, rel=0.06)

    def test_municipalities_partition_the_country(self, revised: Folder) -> None:
        table = revised.document("07459")
        regions = table.codes("Region")
        persons = np.where(table.status > 0, 0, table.values).astype(float).sum(axis=(1, 2, 3))
        municipal = [place for place, code in enumerate(regions) if len(code) == 4]
        counties = [place for place, code in enumerate(regions) if len(code) == 2]
        country = persons[regions.index("0")]
        np.testing.assert_array_equal(persons[municipal].sum(axis=0), country)
        np.testing.assert_array_equal(persons[counties].sum(axis=0), country)

    def test_counts_partition_the_country(self, world: World) -> None:
        for part in (world.education.sum(axis=2), world.people):
            country = part[world.regions.position("EAK")]
            for prefix in ("EKA", "EKG"):
                rows = [place for place, code in enumerate(world.regions.codes) if code.startswith(prefix)]
                np.testing.assert_allclose(part[rows].sum(axis=0), country)
            oslo, without = (part[world.regions.position(code)] for code in ("0301", "EAKUO"))
            np.testing.assert_allclose(country - oslo, without)

    def test_nothing_jumps_at_a_reform(self, revised: Folder) -> None:
        """Bærum (0219, 3024, 3201) is the same area under three codes."""
        table = revised.document("14533")
        total = _cells(table, KOKkommuneregion0000=["0219", "3024", "3201"], KOKyrker0000="TOT")[:, 0, 0]
        series = [[value for value in year if value is not None] for year in total.T]
        present = [year[0] for year in series if year]
        assert all(len(year) <= 1 for year in series)
        assert max(present) / min(present) < 1.5
        assert np.abs(np.diff(np.log(np.array(present, dtype=float)))).max() < 0.12

    def test_summed_series_break_where_the_real_ones_do(self, revised: Folder) -> None:
        """Statistics Norway, 07459 under agg_KommSummer, recorded February 2026."""
        broken_before = {
            **dict.fromkeys(["K-1508", "K-1580"], 2024),
            **dict.fromkeys(["K-1806", "K-1875", "K-5055", "K-5056", "K-5059"], 2020),
        }
        table = revised.document("07459", "agg_KommSummer")
        for place, code in enumerate(table.codes("Region")):
            empty = table.status[place, 0, 0, 0] > 0
            assert empty.tolist() == [year < broken_before.get(code, 0) for year in geography.YEARS], code

    def test_summed_series_equal_their_parts(self, revised: Folder) -> None:
        summed, plain = revised.document("07459", "agg_KommSummer"), revised.document("07459")
        parts = revised.codelist_parts("07459", "agg_KommSummer")
        assert parts["K-3201"] == ["0219", "3024", "3201"]
        assert parts["K-1508"] == ["1508"]
        found = _cells(summed, Region="K-1103").astype(float).sum(axis=(0, 1, 2, 3))
        rows = _cells(plain, Region=parts["K-1103"])
        expected = np.where(np.equal(rows, np.array(None)), 0, rows).astype(float).sum(axis=(0, 1, 2, 3))
        assert found.tolist() == expected.tolist()


class TestDocuments:
    def test_tables_and_size(self, revised: Folder) -> None:
        assert revised.tables() == ALL_TABLES
        assert revised.codelists("07459") == ["agg_KommSummer"]
        documents = [revised.document(table) for table in ALL_TABLES]
        cells = sum(document.values.size for document in documents)
        assert cells + revised.document("07459", "agg_KommSummer").values.size >= 5_000_000

    def test_every_document_says_that_it_is_generated(self, revised: Folder) -> None:
        assert revised.source == "demo"
        for table in ALL_TABLES:
            meta = revised.document(table).meta
            assert meta["label"].startswith(f"{table}: ")
            assert meta["label"].endswith("(generert demo / generated demo)")
            assert meta["source"] == "K2025 demo (generated, not Statistics Norway)"
            assert "generert" in meta["note"][0]

    def test_null_exactly_where_there_is_a_symbol(self, revised: Folder) -> None:
        for table in ALL_TABLES:
            document = revised.document(table)
            assert np.array_equal(np.equal(document.values, np.array(None)), document.status > 0), table

    def test_kostra_regions(self, revised: Folder) -> None:
        table = revised.document("12003")
        assert table.ids[:3] == ["KOKalder0000", "KOKkommuneregion0000", "KOKTenesteGrp0000"]
        assert table.eliminable("KOKalder0000")
        codes, labels = table.codes("KOKkommuneregion0000"), table.labels("KOKkommuneregion0000")
        assert (len(codes), codes[0], codes[-1]) == (891, "3101", "EKG17")
        assert labels["1534"] == "Haram (-2019)"
        assert not table.eliminable("KOKkommuneregion0000")

    def test_stamps(self, revised: Folder, unrevised: Folder) -> None:
        stamps = [
            [folder.document(table).meta["updated"] for table in ("12209", "11645", "07459")]
            for folder in (revised, unrevised)
        ]
        june, march, february = "2026-06-15T06:00:00Z", "2026-03-16T07:00:00Z", "2026-02-25T07:00:00Z"
        assert stamps == [[june, "2026-06-30T06:00:00Z", february], [march, march, february]]

    def test_wrong_shape_is_refused(self) -> None:
        table = jsonstat_writer.Table(
            "1", "1: x", [], "Region", [], [2020], "31.12", np.zeros((2, 1)), np.zeros((2, 1), dtype=np.uint8)
        )
        with pytest.raises(ValueError, match="1: dimensions"):
            jsonstat_writer.document(table, "")


class TestFaults:
    def test_codes_outside_their_years(self, revised: Folder) -> None:
        symbols = _symbols(revised.document("14533"), KOKkommuneregion0000=["0219", "3024", "3201"], KOKyrker0000="TOT")
        years = [[symbol == "." for symbol in row] for row in symbols[:, 0, 0].tolist()]
        assert years[0] == [year > 2019 for year in TABLE_YEARS]
        assert years[1] == [not 2020 <= year <= 2023 for year in TABLE_YEARS]
        assert years[2] == [year < 2024 for year in TABLE_YEARS]

    def test_about_one_per_cent_did_not_report(self, revised: Folder, unrevised: Folder) -> None:
        def share(folder: Folder, year: slice) -> float:
            table = folder.document("14533")
            cells = table.status[:839, 0, 0, year]
            missing, existing = cells == table.symbols.index(".."), cells != table.symbols.index(".")
            return float(missing.sum() / existing.sum())

        assert 0.005 < share(revised, slice(0, 11)) < 0.02
        assert share(unrevised, slice(10, 11)) > share(revised, slice(10, 11)) + 0.01

    def test_a_missing_report_empties_all_care_tables(self, world: World, revised: Folder) -> None:
        year, codes = next((year, codes) for year, codes in world.faults.not_reported.items() if codes)
        code = min(codes)
        for table, region in (
            ("14534", tables.KOSTRA_REGION),
            ("12209", tables.KOSTRA_REGION),
            ("11645", "Region"),
        ):
            symbols = _symbols(revised.document(table), **{region: code, "Tid": str(year)})
            assert set(symbols.ravel()) == {".."}, table

    def test_longyearbyen(self, revised: Folder) -> None:
        assert set(_symbols(revised.document("12292"), KOKkommuneregion0000="2111").ravel()) == {".."}

    def test_small_numbers_are_hidden_in_municipalities_only(self, revised: Folder) -> None:
        for table, measure in (("11645", "Brukere1"), ("12003", "KOSomsorgantbruk0000")):
            document = revised.document(table)
            axis = document.ids.index(document.geo or "")
            values = np.moveaxis(_cells(document, ContentsCode=measure), axis, 0)
            symbols = np.moveaxis(_symbols(document, ContentsCode=measure), axis, 0)
            municipal = [
                place
                for place, code in enumerate(document.codes(document.ids[axis]))
                if code[-4:].isdecimal() and len(code) == 4
            ]
            shown = values[municipal][symbols[municipal] == ""].astype(float)
            assert not ((shown > 0) & (shown < faults.FEWEST_SHOWN)).any()
            assert (symbols[municipal] == ":").sum() > 1000
            others = [place for place in range(len(values)) if place not in set(municipal)]
            assert not (symbols[others] == ":").any()

    def test_a_hidden_count_hides_its_rate(self, revised: Folder) -> None:
        document = revised.document("12003")
        counts, rates = (
            _symbols(document, ContentsCode=code) == ":" for code in ("KOSomsorgantbruk0000", "KOSPr1000innbyge0000")
        )
        assert np.array_equal(counts, rates)
        assert (_symbols(revised.document("12293"), ContentsCode="KOSlangtid80aaro0001") == ":").any()

    def test_oslo_has_zero_occupancy_from_2018(self, revised: Folder) -> None:
        found = _cells(
            revised.document("12293"), KOKkommuneregion0000="0301", ContentsCode="KOSbeleggomsorgs0000"
        ).ravel()
        assert [value == 0 for value in found] == [year >= 2018 for year in TABLE_YEARS]

    def test_negative_spending_in_leka(self, revised: Folder) -> None:
        table = revised.document("12209")
        found = _cells(table, KOKkommuneregion0000="5052", ContentsCode="KOSBDU253261oppd0000", Tid=["2024", "2025"])
        assert all(value < 0 for value in found.ravel())

    def test_absent_rows(self, revised: Folder) -> None:
        table = revised.document("11875")
        codes = set(table.codes("KOKkommuneregion0000"))
        now = set(geography.load().current.tolist())
        assert len(now - codes) == pytest.approx(faults.WITHOUT_INSTITUTION, abs=1)
        assert {"EAK", "EKG17", "0301", "5052", "1507"} <= codes

    def test_function_256_before_2017(self, revised: Folder) -> None:
        symbols = _symbols(
            revised.document("11996"),
            KOKkommuneregion0000="EAK",
            KOKavtaleform0000="sum",
            KOKfunksjon0000="256",
        ).ravel()
        assert symbols.tolist() == [".", "."] + [""] * 9

    def test_parts_differ_from_totals_by_rounding_only(self, revised: Folder) -> None:
        cells = _cells(revised.document("14533"), Tid="2021")
        reported = cells[(_symbols(revised.document("14533"), Tid="2021") == "").all(axis=(1, 2, 3))].astype(float)
        difference = np.abs(reported[:, 0] - reported[:, 1:].sum(axis=1))
        assert 0 < difference.max() <= 7

    def test_every_fault_is_explained(self) -> None:
        assert all(name and explanation.endswith(".") for name, explanation in faults.FAULTS.items())


class TestEditions:
    def test_only_the_last_year_differs(self, revised: Folder, unrevised: Folder) -> None:
        new, old = (folder.document("14534") for folder in (revised, unrevised))
        assert np.array_equal(new.values[..., :-1], old.values[..., :-1])
        municipal = slice(0, 838)
        both = (new.status[municipal, 0, 0, 0, -1] == 0) & (old.status[municipal, 0, 0, 0, -1] == 0)
        changed = (new.values[municipal, 0, 0, 0, -1] != old.values[municipal, 0, 0, 0, -1])[both]
        assert 0.08 < changed.mean() < 0.22

    def test_the_country_differs_a_little(self, revised: Folder, unrevised: Folder) -> None:
        new, old = (
            _cells(folder.document("14533"), KOKkommuneregion0000="EAK", KOKyrker0000="TOT", Tid="2025").item()
            for folder in (revised, unrevised)
        )
        assert new == 163000
        assert 0 < abs(old - new) < 3000

    @pytest.mark.parametrize("table", ["07459", "09429", "11645", "11658", "12441", "12451", "14789"])
    def test_tables_with_one_edition(self, revised: Folder, unrevised: Folder, table: str) -> None:
        assert np.array_equal(revised.document(table).values, unrevised.document(table).values)


class TestGeneration:
    def test_the_same_bytes_each_time(self, world: World, revised_path: Path) -> None:
        written = (revised_path / "statbank" / "12209.json").read_bytes()
        again = jsonstat_writer.document(tables.table_12209(world), generator.KOSTRA_UPDATED["revised"])
        assert orjson.dumps(again) == written

    def test_reused_when_nothing_has_changed(self, demo_root: Path, revised_path: Path) -> None:
        before = (revised_path / "source.json").stat().st_mtime_ns
        start = time.monotonic()
        assert generator.ensure_demo(demo_root, "revised") == revised_path
        assert time.monotonic() - start < 1
        assert (revised_path / "source.json").stat().st_mtime_ns == before

    def test_made_anew_when_the_generator_has_changed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        code = tmp_path / "code.py"
        code.write_text("first")
        monkeypatch.setattr(generator, "_sources", lambda: [code])
        monkeypatch.setattr(generator, "_write", _write_fingerprint_only)
        folder = generator.ensure_demo(tmp_path / "demo", "revised")
        first = (folder / "source.json").read_bytes()
        code.write_text("second")
        generator.ensure_demo(tmp_path / "demo", "revised")
        assert (folder / "source.json").read_bytes() != first
        assert [path.name for path in (tmp_path / "demo").iterdir()] == ["revised"]

    def test_nothing_is_left_when_generation_fails(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(folder: Path, edition: str, fingerprint: str) -> None:
            folder.mkdir()
            raise OSError("disk full")

        monkeypatch.setattr(generator, "_write", fail)
        with pytest.raises(OSError, match="disk full"):
            generator.ensure_demo(tmp_path, "unrevised")
        assert list(tmp_path.iterdir()) == []

    def test_source_file(self, revised_path: Path) -> None:
        source = orjson.loads((revised_path / "source.json").read_bytes())
        assert (source["source"], source["edition"]) == ("demo", "revised")
        assert "not statistics" in source["note"]


def _write_fingerprint_only(folder: Path, edition: str, fingerprint: str) -> None:
    folder.mkdir()
    (folder / "source.json").write_bytes(orjson.dumps({"fingerprint": fingerprint}))


class TestServed:
    """The demo through the local Statbank."""

    def test_a_whole_table_near_the_cell_limit(self, server: str) -> None:
        selection = [
            {"variableCode": name, "valueCodes": ["*"]}
            for name in (
                tables.KOSTRA_REGION,
                "KOKstillingkode0000",
                "KOKutdanningoms0000",
                "ContentsCode",
                "Tid",
            )
        ]
        start = time.monotonic()
        answer = requests.post(f"{server}{API}/tables/14534/data", json={"selection": selection}, timeout=60)
        assert answer.status_code == 200
        assert time.monotonic() - start < 3
        assert answer.headers["x-k2025-source"] == "demo"
        assert answer.json()["size"] == [891, 3, 13, 2, 11]

    def test_elimination_uses_the_total_category(self, server: str) -> None:
        selection = [
            {"variableCode": name, "valueCodes": codes}
            for name, codes in (
                (tables.KOSTRA_REGION, ["EAK"]),
                ("KOKTenesteGrp0000", ["A"]),
                ("ContentsCode", ["KOSPr1000innbyge0000"]),
                ("Tid", ["2021"]),
            )
        ]
        answer = requests.post(f"{server}{API}/tables/12003/data", json={"selection": selection}, timeout=60).json()
        assert answer["id"] == [tables.KOSTRA_REGION, "KOKTenesteGrp0000", "ContentsCode", "Tid"]
        assert 30 < answer["value"][0] < 40

    @pytest.mark.parametrize(
        ("date", "municipalities"),
        [("2026-01-01", 357), ("2022-01-01", 356), ("2019-06-01", 422), ("2015-01-01", 428)],
    )
    def test_municipalities_on_a_date(self, server: str, date: str, municipalities: int) -> None:
        codes = requests.get(f"{server}{KLASS}/codesAt?date={date}", headers=JSON, timeout=30).json()["codes"]
        assert len(codes) == municipalities + 1

    def test_the_split_of_alesund(self, server: str) -> None:
        path = "/changes?from=2024-01-01&to=2024-01-02"
        changes = requests.get(f"{server}{KLASS}{path}", headers=JSON, timeout=30).json()["codeChanges"]
        assert {change["newCode"] for change in changes if change["oldCode"] == "1507"} == {"1508", "1580"}

    @pytest.mark.parametrize("target", ["104", "112", "128"])
    @pytest.mark.parametrize("year", [2015, 2019, 2021, 2026])
    def test_correspondences_cover_every_municipality(self, server: str, target: str, year: int) -> None:
        span = f"from={year}-01-01&to={year}-01-02"
        path = f"/corresponds?targetClassificationId={target}&{span}"
        items = requests.get(f"{server}{KLASS}{path}", headers=JSON, timeout=30).json()["correspondenceItems"]
        codes = requests.get(f"{server}{KLASS}/codes?{span}", headers=JSON, timeout=30).json()["codes"]
        assert sorted(item["sourceCode"] for item in items) == sorted(
            code["code"] for code in codes if code["code"] != geography.NOT_A_MUNICIPALITY
        )
        targets = requests.get(f"{server}/api/klass/v1/classifications/{target}/codes?{span}", headers=JSON, timeout=30)
        assert {item["targetCode"] for item in items} <= {code["code"] for code in targets.json()["codes"]}

    def test_groups_of_kostra_regions_are_those_of_klass(self, server: str, world: World) -> None:
        path = "/corresponds?targetClassificationId=112&from=2021-01-01&to=2021-01-02"
        items = requests.get(f"{server}{KLASS}{path}", headers=JSON, timeout=30).json()["correspondenceItems"]
        group_of = {item["sourceCode"]: item["targetCode"] for item in items}
        year = TABLE_YEARS.index(2021)
        sums = dict.fromkeys(set(group_of.values()), 0.0)
        for code, group in group_of.items():
            sums[group] += world.people[world.regions.position(code), year]
        for group, total in sums.items():
            assert total == world.people[world.regions.position(group), year]

    def test_counties_over_time(self, server: str) -> None:
        address = f"{server}/api/klass/v1/classifications/104/codesAt?date="
        found = [
            len(requests.get(address + date, headers=JSON, timeout=30).json()["codes"])
            for date in ("2017-06-01", "2019-06-01", "2022-06-01", "2025-06-01")
        ]
        assert found == [19, 18, 11, 15]
