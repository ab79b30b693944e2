"""The planning of requests within the cell limit: as few as boxes allow, and together exactly the whole.

Limit: 800 000 cells per extract, empty cells counted (facts/ssb-api.md 0.2).
"""

import math
import time
from itertools import combinations, permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k2025_pipeline.pxweb.client import DOCUMENTED_CELLS
from k2025_pipeline.pxweb.errors import TooManyCells
from k2025_pipeline.pxweb.selection import MOST_REQUESTS, Selection, covers, plan


def of_sizes(*sizes: int) -> Selection:
    return Selection(
        {f"D{place}": [f"{place}-{n}" for n in range(size)] for place, size in enumerate(sizes)}, {"D0": "agg"}
    )


def cells_of(selection: Selection) -> list[tuple[str, ...]]:
    return list(product(*selection.codes.values()))


def block_split(sizes: tuple[int, ...], limit: int) -> int:
    """The bound in the docstring of `plan`: some dimensions code by code, one cut, the others whole."""
    fewest = math.prod(sizes)
    for order in permutations(sizes):
        for place in range(len(order)):
            fixed, cut, whole = order[:place], order[place], math.prod(order[place + 1 :])
            if whole <= limit:
                fewest = min(fewest, math.prod(fixed) * math.ceil(cut / (limit // whole)))
    return fewest


def fewest_boxes(sizes: tuple[int, ...], limit: int) -> int:
    """The true optimum, by trying every split of a small table into boxes of any codes, next to each other or not."""
    cells = {cell: 1 << place for place, cell in enumerate(product(*map(range, sizes)))}
    choices = [[chosen for k in range(1, n + 1) for chosen in combinations(range(n), k)] for n in sizes]
    boxes = [
        sum(cells[cell] for cell in product(*box))
        for box in product(*choices)
        if math.prod(len(chosen) for chosen in box) <= limit
    ]
    boxes.sort(key=lambda box: -box.bit_count())
    whole = (1 << len(cells)) - 1
    reached, fewest = {0}, 0
    while whole not in reached:
        fewest += 1
        reached = {
            done | box
            for done in reached
            for box in boxes
            # The first free cell must be in the next box: any order of the boxes finds the same split.
            if not done & box and (done + 1) & ~done & box
        }
    return fewest


class TestPlan:
    @settings(deadline=None, max_examples=200)
    @given(st.lists(st.integers(1, 7), min_size=1, max_size=4), st.integers(1, 400))
    def test_parts_are_within_the_limit_and_together_the_whole_once(self, sizes: list[int], limit: int) -> None:
        whole = of_sizes(*sizes)
        parts = plan(whole, limit)
        assert max(part.cells for part in parts) <= limit
        assert sorted(cell for part in parts for cell in cells_of(part)) == sorted(cells_of(whole))
        assert covers(whole, parts)
        assert plan(whole, limit) == parts
        assert all(part.codelists == whole.codelists and list(part.codes) == list(whole.codes) for part in parts)

    @settings(deadline=None, max_examples=300)
    @given(st.lists(st.integers(1, 40), min_size=1, max_size=5), st.integers(1, 5000))
    def test_no_plan_is_longer_than_the_bound_nor_shorter_than_possible(self, sizes: list[int], limit: int) -> None:
        cells = math.prod(sizes)
        if math.ceil(cells / limit) > MOST_REQUESTS // 10:
            limit = math.ceil(cells / (MOST_REQUESTS // 10))
        parts = plan(of_sizes(*sizes), limit)
        assert math.ceil(cells / limit) <= len(parts) <= block_split(tuple(sizes), limit)
        assert max(part.cells for part in parts) <= limit
        assert sum(part.cells for part in parts) == cells

    @settings(deadline=None)
    @given(st.integers(1, 3000), st.integers(1, 500))
    def test_one_dimension_needs_exactly_the_quotient(self, size: int, limit: int) -> None:
        assert len(plan(of_sizes(size), limit)) == math.ceil(size / limit)

    @pytest.mark.parametrize("sizes", [(2, 5), (3, 3), (3, 4), (3, 5), (4, 4), (2, 2, 2), (2, 2, 3), (2, 2, 2, 2)])
    def test_no_split_into_boxes_of_any_form_needs_fewer(self, sizes: tuple[int, ...]) -> None:
        for limit in range(2, math.prod(sizes) + 1):
            assert len(plan(of_sizes(*sizes), limit)) == fewest_boxes(sizes, limit), limit

    @pytest.mark.parametrize(
        ("sizes", "limit", "requests"), [((2, 4), 3, 3), ((3, 3), 2, 5), ((4, 4), 3, 6), ((97, 97, 97, 97), 99999, 898)]
    )
    def test_a_remainder_is_not_cut_as_finely_as_the_rest(
        self, sizes: tuple[int, ...], limit: int, requests: int
    ) -> None:
        """A grid alone would need 4, 6, 8 and 924."""
        parts = plan(of_sizes(*sizes), limit)
        assert len(parts) == requests
        assert covers(of_sizes(*sizes), parts)

    def test_population_by_age_needs_two_requests(self) -> None:
        """Table 07459 under agg_KommSummer: 357 x 2 x 106 x 1 x 12 = 908 208 cells (README of the recordings)."""
        whole = of_sizes(357, 2, 106, 1, 12)
        assert whole.cells == 908_208
        assert [part.cells for part in plan(whole, 800_000)] == [454_104, 454_104]

    def test_what_fits_exactly_is_one_request(self) -> None:
        """12292 has 891 x 49 x 11 = 480 249 cells and fits in one call (facts/ssb-api.md 5)."""
        assert of_sizes(891, 49, 11).cells == 480_249
        assert len(plan(of_sizes(891, 49, 11), DOCUMENTED_CELLS)) == 1
        assert len(plan(of_sizes(800_000), DOCUMENTED_CELLS)) == 1
        assert len(plan(of_sizes(800_001), DOCUMENTED_CELLS)) == 2

    def test_the_largest_kostra_table_takes_the_fewest_requests_there_can_be(self) -> None:
        """12367: 2 x 97 x 35 x 891 x 11 cells, at least 84 calls (facts/ssb-api.md 5)."""
        whole = of_sizes(2, 97, 35, 891, 11)
        started = time.perf_counter()
        parts = plan(whole, DOCUMENTED_CELLS)
        assert covers(whole, parts)
        assert time.perf_counter() - started < 5
        assert len(parts) == math.ceil(whole.cells / DOCUMENTED_CELLS) == 84

    @pytest.mark.parametrize("limit", [0, -1])
    def test_a_limit_that_lets_nothing_through_is_an_error(self, limit: int) -> None:
        with pytest.raises(TooManyCells, match=rf"limit of {limit} cells .*maxDataCells"):
            plan(of_sizes(2, 3), limit)

    @pytest.mark.parametrize(("sizes", "limit"), [((MOST_REQUESTS + 1,), 1), ((97, 97, 150), 141)])
    def test_a_limit_that_would_take_all_night_is_an_error(self, sizes: tuple[int, ...], limit: int) -> None:
        with pytest.raises(TooManyCells, match="maxDataCells"):
            plan(of_sizes(*sizes), limit)

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
            [],
        ],
        ids=["missing", "overlapping", "doubled", "missing and overlapping", "foreign", "nothing"],
    )
    def test_a_missing_doubled_or_foreign_part_is_noticed(self, bad: list[tuple[str, str]]) -> None:
        assert not covers(self.WHOLE, parts(*bad))

    def test_a_part_without_a_dimension_is_noticed(self) -> None:
        assert not covers(self.WHOLE, [Selection({"A": list("abc")}, {})])

    def test_many_parts_are_compared_in_a_moment(self) -> None:
        whole = of_sizes(891, 8, 3, 11, 5)
        cut = plan(whole, 1100)
        started = time.perf_counter()
        assert covers(whole, cut)
        assert not covers(whole, [*cut[1:], cut[1]])
        assert len(cut) == 1070
        assert time.perf_counter() - started < 10
