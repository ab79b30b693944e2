"""Selection expressions and the planning of requests within the cell limit.

Grammar: facts/ssb-api.md 2.5. Limit: 800 000 cells per extract, empty cells counted (facts 0.2).
"""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k2025_pipeline.pxweb.client import DOCUMENTED_CELLS
from k2025_pipeline.pxweb.errors import BadRequest
from k2025_pipeline.pxweb.selection import Selection, covers, expand, plan

YEARS = ["2021", "2022", "2023", "2024"]
REGIONS = ["0301", "1508", "EAK", "EAKUO", "EKG12"]


class TestExpand:
    @pytest.mark.parametrize(
        ("expression", "time", "regions"),
        [
            ("*", YEARS, REGIONS),
            ("top(2)", ["2023", "2024"], ["0301", "1508"]),
            ("top(1,1)", ["2023"], ["1508"]),
            ("top(2, 3)", ["2021"], ["EAKUO", "EKG12"]),
            ("top(9)", YEARS, REGIONS),
            ("top(0)", [], []),
            ("top(1,9)", [], []),
            ("bottom(2)", ["2021", "2022"], ["EAKUO", "EKG12"]),
            ("bottom(1,1)", ["2022"], ["EAKUO"]),
            ("TOP(1)", ["2024"], ["0301"]),
        ],
    )
    def test_top_is_the_newest_for_time_and_the_first_for_others(
        self, expression: str, time: list[str], regions: list[str]
    ) -> None:
        assert expand(expression, YEARS, is_time=True) == time
        assert expand(expression, REGIONS, is_time=False) == regions

    @pytest.mark.parametrize(
        ("expression", "expected"),
        [
            ("EAK", ["EAK"]),
            ("eakuo", ["EAKUO"]),
            ("E*", ["EAK", "EAKUO", "EKG12"]),
            ("*uo", ["EAKUO"]),
            ("*k*", ["EAK", "EAKUO", "EKG12"]),
            ("????", ["0301", "1508"]),
            ("ea?", ["EAK"]),
            ("x*", []),
            ("from(eak)", ["EAK", "EAKUO", "EKG12"]),
            ("to(1508)", ["0301", "1508"]),
            ("range(1508,EAK)", ["1508", "EAK"]),
            ("Range( EAK , 1508 )", ["1508", "EAK"]),
            ("range(EAK,EAK)", ["EAK"]),
        ],
    )
    def test_an_expression_selects_in_metadata_order_and_any_case(self, expression: str, expected: list[str]) -> None:
        assert expand(expression, REGIONS, is_time=False) == expected

    def test_a_bracket_in_a_pattern_is_a_plain_character(self) -> None:
        assert expand("a[1]*", ["a[1]x", "a1x"], is_time=False) == ["a[1]x"]

    def test_an_exact_code_wins_over_a_pattern(self) -> None:
        assert expand("*", ["*", "a"], is_time=False) == ["*"]

    @pytest.mark.parametrize(
        "expression",
        ["9999", "from(9999)", "to(9999)", "range(0301,9999)", "range(0301)", "from(0301,EAK)", "top(x)", "top(-1)"],
    )
    def test_what_cannot_be_read_is_refused_with_what_to_do(self, expression: str) -> None:
        with pytest.raises(BadRequest, match=r"Correct it in .*contract\."):
            expand(expression, REGIONS, is_time=False)


class TestSelection:
    def test_the_body_names_a_codelist_only_where_one_is_used(self) -> None:
        selection = Selection({"Region": ["K-0301"], "Tid": ["2024"]}, {"Region": "agg_KommSummer"})
        assert selection.body() == {
            "selection": [
                {"variableCode": "Region", "valueCodes": ["K-0301"], "codelist": "agg_KommSummer"},
                {"variableCode": "Tid", "valueCodes": ["2024"]},
            ]
        }

    def test_cells_are_the_product_of_the_codes(self) -> None:
        assert Selection({"Region": REGIONS, "Tid": YEARS}, {}).cells == 20


def of_sizes(*sizes: int) -> Selection:
    return Selection(
        {f"D{place}": [f"{place}-{n}" for n in range(size)] for place, size in enumerate(sizes)}, {"D0": "agg"}
    )


def cells_of(selection: Selection) -> list[tuple[str, ...]]:
    return list(product(*selection.codes.values()))


class TestPlan:
    @settings(deadline=None)
    @given(st.lists(st.integers(1, 7), min_size=1, max_size=4), st.integers(1, 400))
    def test_parts_are_within_the_limit_and_together_the_whole_once(self, sizes: list[int], limit: int) -> None:
        whole = of_sizes(*sizes)
        parts = plan(whole, limit)
        assert max(part.cells for part in parts) <= limit
        assert sorted(cell for part in parts for cell in cells_of(part)) == sorted(cells_of(whole))
        assert covers(whole, parts)
        assert plan(whole, limit) == parts
        assert all(part.codelists == whole.codelists and list(part.codes) == list(whole.codes) for part in parts)

    def test_population_by_age_needs_two_requests(self) -> None:
        """Table 07459 under agg_KommSummer: 357 x 2 x 106 x 1 x 12 = 908 208 cells (README of the recordings)."""
        whole = of_sizes(357, 2, 106, 1, 12)
        assert whole.cells == 908_208
        assert [part.cells <= 800_000 for part in plan(whole, 800_000)] == [True, True]

    def test_what_fits_exactly_is_one_request(self) -> None:
        """12292 has 891 x 49 x 11 = 480 249 cells and fits in one call (facts/ssb-api.md 5)."""
        assert of_sizes(891, 49, 11).cells == 480_249
        assert len(plan(of_sizes(891, 49, 11), DOCUMENTED_CELLS)) == 1
        assert len(plan(of_sizes(800_000), DOCUMENTED_CELLS)) == 1
        assert len(plan(of_sizes(800_001), DOCUMENTED_CELLS)) == 2

    @pytest.mark.parametrize("limit", [0, -1])
    def test_a_zero_limit_is_not_unlimited(self, limit: int) -> None:
        assert [part.cells for part in plan(of_sizes(2, 3), limit)] == [1] * 6

    def test_nothing_selected_is_one_empty_request(self) -> None:
        assert plan(of_sizes(0, 3), 10) == [of_sizes(0, 3)]


def parts(*codes: tuple[str, str]) -> list[Selection]:
    return [Selection({"A": list(first), "B": list(second)}, {}) for first, second in codes]


class TestCovers:
    WHOLE = Selection({"A": list("abc"), "B": list("xy")}, {})

    @pytest.mark.parametrize(
        "good", [[("abc", "xy")], [("ab", "xy"), ("c", "xy")], [("ab", "xy"), ("c", "x"), ("c", "y")]]
    )
    def test_a_whole_plan_covers(self, good: list[tuple[str, str]]) -> None:
        assert covers(self.WHOLE, parts(*good))

    @pytest.mark.parametrize(
        "bad",
        [
            [("ab", "xy")],
            [("abc", "xy"), ("c", "xy")],
            [("abc", "xy"), ("abc", "xy")],
            [("ab", "xy"), ("b", "xy")],
            [("ab", "xy"), ("d", "xy")],
            [("aab", "xy")],
            [],
        ],
        ids=["missing", "overlapping", "doubled", "missing and overlapping", "foreign", "code twice", "nothing"],
    )
    def test_a_missing_doubled_or_foreign_part_is_noticed(self, bad: list[tuple[str, str]]) -> None:
        assert not covers(self.WHOLE, parts(*bad))

    def test_a_code_asked_for_twice_is_noticed(self) -> None:
        """A repeated code makes the source answer HTTP 500 (facts/ssb-api.md 2.5)."""
        whole = Selection({"A": ["a", "a"]}, {})
        assert not covers(whole, plan(whole, 10))
