"""Selection expressions, and what a selection is. Grammar: facts/ssb-api.md 2.5. Planning: ``test_planning``."""

import pytest

from k2025_pipeline.pxweb.errors import BadRequest
from k2025_pipeline.pxweb.selection import Selection, expand

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

    def test_a_code_never_stands_twice(self) -> None:
        """A repeated code makes the source answer HTTP 500 with an empty body (facts/ssb-api.md 2.5)."""
        selection = Selection({"Region": ["1508", "0301", "1508"], "Tid": ["2024", "2024"]}, {})
        assert selection.codes == {"Region": ["1508", "0301"], "Tid": ["2024"]}
        assert selection.cells == 2
        assert [item["valueCodes"] for item in selection.body()["selection"]] == [["1508", "0301"], ["2024"]]

    def test_metadata_that_repeats_a_code_expands_to_it_once(self) -> None:
        assert expand("*", ["a", "b", "a"], is_time=False) == ["a", "b"]
        assert expand("top(2)", ["a", "b", "b"], is_time=True) == ["a", "b"]
