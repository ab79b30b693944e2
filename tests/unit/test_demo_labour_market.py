"""The demo tables of sickness absence, employees and education: levels, sums, codes and faults.

"The plan" is Opptrappingsplan for heltid og god bemanning i omsorgstjenesten; numbers after it are lines.
"""

from typing import Any

import numpy as np
import pytest

from k2025_pipeline.demo import faults, labour, sickness_absence, tables
from k2025_pipeline.demo.jsonstat_writer import Table, document
from k2025_pipeline.demo.sickness_absence import QUARTERS
from k2025_pipeline.demo.tables import World

STAMP = "2026-02-26T07:00:00Z"


@pytest.fixture(scope="module")
def world() -> World:
    return tables.build("revised")


@pytest.fixture(scope="module")
def absence(world: World) -> Table:
    return sickness_absence.table_12451(world.geography, world.persons)


@pytest.fixture(scope="module")
def education(world: World) -> Table:
    return labour.table_09429(world.geography, world.persons)


def place(table: Table, dimension: int, *codes: str) -> list[int]:
    known = list(table.dimensions[dimension].categories)
    return [known.index(code) for code in codes]


def period(table: Table, *codes: str) -> list[int]:
    return [[str(known) for known in table.periods].index(code) for code in codes]


def written(table: Table) -> Any:
    """Figures as they are written, rounded; None where there is a symbol."""
    content = document(table, STAMP)
    return np.array(content["value"], dtype=object).reshape(content["size"])


class TestSicknessAbsence:
    def test_the_country_by_quarter_as_published(self, absence: Table) -> None:
        """Statistics Norway, quoted by KS: doctor-certified, all sectors, 2019K1–2021K2."""
        published = [5.5, 4.9, 4.3, 5.3, 6.1, 5.1, 4.5, 5.5, 5.7, 5.3]
        (country,), quarters = place(absence, 0, "0"), period(absence, "2019K1", "2021K2")
        assert written(absence)[country, 0, 0, quarters[0] : quarters[1] + 1].tolist() == published

    def test_the_country_is_the_mean_of_municipalities_and_of_sexes(self, world: World, absence: Table) -> None:
        rates = absence.values[:, :, 0, :]
        (country,) = place(absence, 0, "0")
        quarter, year = QUARTERS.index("2021K4"), 2021 - 2015
        codes = world.geography.code[:, year]
        weight = {code: world.persons[codes == code, year + 1, :, 20:67].sum(axis=(0, 2)) for code in set(codes)}
        found = place(absence, 0, *weight)
        women, men = (np.array([persons[sex] for persons in weight.values()]) for sex in (0, 1))
        away = men * rates[found, 1, quarter] + women * rates[found, 2, quarter]
        assert away.sum() / (men + women).sum() == pytest.approx(rates[country, 0, quarter])
        assert (rates[country, 1] < rates[country, 0]).all()
        assert (rates[country, 0] < rates[country, 2]).all()

    def test_codes_have_figures_in_the_quarters_of_their_years(self, absence: Table) -> None:
        found = place(absence, 0, "0219", "3024", "3201", "32", "30")
        stops = absence.symbols[found, 0, 0] == faults.NOT_VALID
        years = np.array([int(code[:4]) for code in QUARTERS])
        assert stops[0].tolist() == (years > 2019).tolist()
        assert stops[1].tolist() == ((years < 2020) | (years > 2023)).tolist()
        assert stops[2].tolist() == stops[3].tolist() == (years < 2024).tolist()
        assert stops[4].tolist() == stops[1].tolist()

    def test_few_are_hidden_and_some_quarters_are_not_given(self, world: World, absence: Table) -> None:
        symbols = absence.symbols[:, :, 0, :]
        municipal = np.array([len(code) == 4 for code in absence.dimensions[0].categories])
        assert set(np.unique(symbols[~municipal])) == {0, faults.NOT_VALID}
        assert (symbols[:, 1:] == faults.HIDDEN).any()
        not_given = symbols == faults.NOT_AVAILABLE
        assert (not_given == not_given[:, :1]).all(), "for both sexes at once"
        share = not_given[municipal, 0].sum() / (symbols[municipal, 0] != faults.NOT_VALID).sum()
        assert 0.001 < share < 0.003
        women, men = world.persons[world.geography.code[:, 10] == "1151", 11, :, 20:67].sum(axis=(0, 2))
        (utsira,) = place(absence, 0, "1151")
        hidden = (symbols[utsira, :, -1] == faults.HIDDEN).tolist()
        assert hidden == [bool(women + men < 120), *[bool(min(women, men) < 120)] * 2]
        assert np.array_equal(symbols[:, 1], symbols[:, 2])

    def test_health_and_social_services_in_2021(self) -> None:
        """The plan, 315: 8.7 per cent in care services in 2021 and just under 8 in the years before 2020."""
        table = sickness_absence.table_12441()
        (industry,) = place(table, 1, "86-88")
        total = written(table)[0, industry, 0, 0]
        assert total[period(table, "2021")[0]] == 8.7
        assert all(7.5 < rate < 8 for rate in total[: period(table, "2019")[0] + 1])

    def test_self_and_doctor_certified_are_all_absence(self) -> None:
        values = sickness_absence.table_12441().values
        np.testing.assert_allclose(values[:, :, 0], values[:, :, 1] + values[:, :, 2])

    def test_doctor_certified_of_all_industries_is_the_mean_of_the_quarters(self, absence: Table) -> None:
        table = sickness_absence.table_12441()
        by_quarter = absence.values[place(absence, 0, "0")[0], 0, 0].reshape(-1, 4)
        np.testing.assert_allclose(table.values[0, 0, 2, 0], by_quarter.mean(axis=1))

    def test_occupations_in_2021(self) -> None:
        """The plan, 315: nurses without further education 9.4, with it just under 8, health workers just over 10."""
        table = sickness_absence.table_14789()
        (year,) = period(table, "2021")
        nurse, specialist, health_worker = written(table)[0, place(table, 1, "2223", "2221", "5321"), 0, year]
        assert nurse == 9.4
        assert 7.5 <= specialist < 8
        assert 10 < health_worker < 10.5
        assert [str(code) for code in table.periods] == [str(code) for code in range(2016, 2026)]

    @pytest.mark.parametrize("make", [sickness_absence.table_12441, sickness_absence.table_14789, labour.table_11658])
    def test_a_national_table_has_no_region(self, make: Any) -> None:
        content = document(make(), STAMP)
        assert content["role"] == {"time": ["Tid"], "metric": ["ContentsCode"]}
        assert "status" not in content
        assert content["label"].endswith("(generert demo / generated demo)")


class TestEmployees:
    @pytest.mark.parametrize(("code", "position"), [("2223", 89.5), ("5321", 79.2), ("5329", 54.1), ("2224", 93.8)])
    def test_agreed_hours_follow_the_published_position_size(self, code: str, position: float) -> None:
        """The plan, 192–247: FTE by employed in 2021; a full-time week has 37.5 hours."""
        table = labour.table_11658()
        (occupation,), (quarter,) = place(table, 0, code), period(table, "2021K4")
        hours = table.values[occupation, 0, 0, 3, quarter]
        assert hours / 37.5 * 100 == pytest.approx(position, abs=0.05)

    def test_employees_add_up_and_means_are_weighted_by_them(self) -> None:
        table = labour.table_11658()
        persons = table.values[:, :, :, 0]
        assert np.array_equal(persons[:, 0], persons[:, 1:].sum(axis=1))
        assert np.array_equal(persons[:, :, 0], persons[:, :, 1:].sum(axis=2))
        assert (persons == np.rint(persons)).all()
        for measure in (2, 3):
            leaves = table.values[:, 1:, 1:, measure] * persons[:, 1:, 1:]
            np.testing.assert_allclose(table.values[:, 0, 0, measure], leaves.sum(axis=(1, 2)) / persons[:, 0, 0])

    def test_care_workers_have_substitutes_in_summer_and_nurses_do_not(self) -> None:
        table = labour.table_11658()
        second, third = period(table, "2024K2", "2024K3")
        employees = table.values[place(table, 0, "2223", "5329"), 0, 0, 0]
        growth = employees[:, third] / employees[:, second]
        assert growth[0] < 1.01
        assert growth[1] > 1.07

    def test_the_care_occupations_are_part_of_all(self) -> None:
        employees = labour.table_11658().values[:, 0, 0, 0]
        assert (employees[1:].sum(axis=0) < 0.2 * employees[0]).all()


class TestEducation:
    def test_levels_add_up_to_the_population_of_16_and_over(self, world: World, education: Table) -> None:
        counts = education.values[:, :, :, 0]
        assert np.array_equal(counts[:, 0], counts[:, 1:].sum(axis=1))
        assert np.array_equal(counts[:, :, 0], counts[:, :, 1:].sum(axis=2))
        (country,) = place(education, 0, "0")
        of_age = world.persons[:, 1:11, :, 16:].sum(axis=(0, 3))
        assert np.array_equal(counts[country, 0, 2], of_age[:, 0])
        assert np.array_equal(counts[country, 0, 1], of_age[:, 1])

    def test_shares_are_of_the_same_region_sex_and_year(self, education: Table) -> None:
        exists = education.symbols[:, 0, 0, 0] != faults.NOT_VALID
        shares = np.moveaxis(education.values[:, :, :, 1], 3, 1)[exists]
        np.testing.assert_allclose(shares[:, 1:].sum(axis=1), 100)
        (oslo, country) = place(education, 0, "0301", "0")
        (long,) = place(education, 1, "04a")
        assert (education.values[oslo, long, 0, 1] > 1.3 * education.values[country, long, 0, 1]).all()

    def test_one_to_four_persons_are_hidden_with_their_share_and_never_alone(self, education: Table) -> None:
        counts, symbols = education.values[:, :, :, 0], education.symbols
        municipal = np.array([len(code) == 4 for code in education.dimensions[0].categories])
        hidden = symbols[:, :, :, 0] == faults.HIDDEN
        small = (counts > 0) & (counts < faults.FEWEST_SHOWN)
        assert hidden[municipal][small[municipal]].all()
        assert (hidden.sum(axis=1) != 1).all(), "no level is hidden alone"
        assert (hidden.sum(axis=2) != 1).all(), "no sex is hidden alone"
        assert not hidden[~municipal].any()
        assert hidden.any()
        assert np.array_equal(symbols[:, :, :, 0], symbols[:, :, :, 1])
