"""What the demo's source hides beside small counts: no published sum gives a hidden cell away.

Belongs here: the choice of further cells on a small map. Not here: the demo's tables (`test_demo_generator`).
"""

import numpy as np

from k2025_pipeline.demo import faults, tables
from k2025_pipeline.demo.faults import NOT_AVAILABLE
from k2025_pipeline.demo.geography import Regions
from k2025_pipeline.demo.suppression import hide_carefully

CODES = ["0101", "0102", "0103", "0201", "EKA01", "EKA02"]
MEMBERS = np.array([[[0], [1], [2], [3]], [[4], [4], [4], [5]]])
"""Three municipalities in one county and one in another; shape (kinds, atoms, years)."""
REGIONS = Regions(CODES, {code: code for code in CODES}, MEMBERS)
FAMILY = [[0, 1, 2, 3]]


def hidden(counts: list[list[int]], symbols: list[int] | None = None) -> list[list[bool]]:
    """Which cells of four municipalities by total and three parts are hidden; counties are their sums."""
    rows = np.array(counts, dtype=float)
    whole = np.vstack([rows, rows[:3].sum(axis=0), rows[3]])[:, None]
    marks = np.array([*(symbols or [0, 0, 0, 0]), 0, 0], dtype=np.uint8)[:, None]
    found: list[list[bool]] = hide_carefully(whole, REGIONS, marks, FAMILY)[:, 0].tolist()
    assert not any(found[4] + found[5]), "a county is never hidden"
    return found[:4]


LARGE = [60, 10, 20, 30]


def test_a_table_without_small_counts_hides_nothing() -> None:
    assert not np.any(hidden([LARGE] * 4))


def test_a_small_count_gets_company_in_its_municipality_and_in_its_county() -> None:
    # 3 of 0101 is small. The next smallest part, 7, hides with it; and in each column the smallest of the county.
    found = hidden([[30, 3, 7, 20], [60, 10, 20, 30], [51, 9, 20, 22], LARGE])
    assert found[0] == [False, True, True, False]
    assert found[2][1], "9 is the county's next smallest of that part"
    assert all(sum(row) != 1 for row in found)
    assert all(sum(column) != 1 for column in zip(*found[:3], strict=True))
    assert not any(found[3]), "the other county is left alone"


def test_an_empty_part_hides_last() -> None:
    assert hidden([LARGE, LARGE, LARGE, [23, 3, 0, 20]])[3] == [False, True, False, True]


def test_a_municipality_without_a_report_is_company_enough_for_its_county() -> None:
    found = hidden([[30, 3, 7, 20], LARGE, LARGE, LARGE], [0, NOT_AVAILABLE, 0, 0])
    assert found[0] == [False, True, True, False]
    assert not np.any(found[1:])


def test_no_county_or_group_of_the_demo_gives_a_hidden_user_away() -> None:
    world = tables.build("revised")
    regions, covered = world.regions, world.hidden_users
    unknown = world.symbols == NOT_AVAILABLE
    lonely = 0
    for year in range(covered.shape[1]):
        for kind in regions.members[1:3, :, year]:
            for area in np.unique(kind[kind >= 0]):
                rows = np.unique(regions.members[0, kind == area, year])
                if len(rows) > 1 and not unknown[rows, year].any():
                    lonely += int((covered[rows, year].sum(axis=0) == 1).sum())
    assert lonely == 0
    assert faults.hide_small(world.service_groups, regions).sum() < covered[..., :12].sum()


def test_no_total_of_the_demo_gives_a_hidden_user_away() -> None:
    covered = tables.build("revised").hidden_users
    for family in ([0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [4, 12, 13]):
        assert not (covered[..., family].sum(axis=-1) == 1).any()
