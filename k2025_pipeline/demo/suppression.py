"""What a careful statistical office hides beside small counts, so that no table gives a hidden one away.

Belongs here: choosing further cells to hide. Does not belong here: which counts are small, and the other faults of the
demo (`faults`). Method: primary and complementary suppression, Hundepool et al. (2012), Statistical Disclosure
Control, chapter 4; each hidden cell gets company in every sum that is published, the smallest neighbour first.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from k2025_pipeline.demo.faults import NOT_AVAILABLE, Symbols, hide_small
from k2025_pipeline.demo.geography import Floats, Regions

Mask = npt.NDArray[np.bool_]
MUNICIPALITY = 0
"""Position of the municipalities among the kinds of regions."""
_ROUNDS = 50
"""More than any table needs; a table that needs more would be hidden without end."""


def hide_in_table(counts: Floats, regions: Regions, symbols: Symbols, both: bool = False) -> Mask:
    """Which counts are hidden in a table of groups, each with its total first.

    Args:
        counts: persons; shape (regions, years, groups, total and parts).
        regions: what each region is the sum of. symbols: of whole region-years; shape (regions, years).
        both: whether the first group is the sum of the others too.

    Returns:
        Shape of `counts`.
    """
    groups, parts = counts.shape[2:]
    places = np.arange(groups * parts).reshape(groups, parts)
    families = [*places.tolist(), *(places.T.tolist() if both else [])]
    flat = counts.reshape(*counts.shape[:2], groups * parts)
    return hide_carefully(flat, regions, symbols, families).reshape(counts.shape)


def hide_carefully(counts: Floats, regions: Regions, symbols: Symbols, families: Sequence[Sequence[int]]) -> Mask:
    """Which counts are hidden: small ones, and further ones so that no sum gives a single hidden cell away.

    Args:
        counts: persons; shape (regions, years, columns).
        regions: what each region is the sum of. Counties, groups and the country are never hidden.
        symbols: symbol of whole region-years; shape (regions, years).
        families: columns that sum, each as its total and its parts.

    Returns:
        Shape of `counts`.

    Raises:
        RuntimeError: when it comes to no end.
    """
    shown = np.broadcast_to((symbols == 0)[..., None], counts.shape)
    hidden = hide_small(counts, regions) & shown
    for _ in range(_ROUNDS):
        before = hidden.sum()
        for family in families:
            _accompany_in_family(hidden, counts, shown, family)
        for year in range(counts.shape[1]):
            _accompany_in_areas(hidden[:, year], counts[:, year], regions.members[:, :, year], symbols[:, year])
        if hidden.sum() == before:
            return hidden
    raise RuntimeError(f"the demo's hidden cells did not settle in {_ROUNDS} rounds")


def _accompany_in_family(hidden: Mask, counts: Floats, shown: Mask, family: Sequence[int]) -> None:
    """Where a single one of a total and its parts is hidden: the smallest other part too."""
    columns = list(family)
    lonely = hidden[..., columns].sum(axis=-1) == 1
    parts = columns[1:]
    cost = _cost(counts[..., parts], shown[..., parts] & ~hidden[..., parts])
    for region, year in zip(*np.nonzero(lonely), strict=True):
        hidden[region, year, parts[int(np.argmin(cost[region, year]))]] = True


def _accompany_in_areas(hidden: Mask, counts: Floats, members: npt.NDArray[np.int64], symbols: Symbols) -> None:
    """Where a single municipality of a county or group is hidden: the smallest other one too.

    A municipality without a report is company enough: it is in the sum, and nobody knows with what.
    """
    for kind in members[MUNICIPALITY + 1 :]:
        pairs = np.unique(np.stack([members[MUNICIPALITY], kind]), axis=1)
        for area in np.unique(kind[kind >= 0]):
            rows = pairs[0, (pairs[1] == area) & (pairs[0] >= 0)]
            if len(rows) == 1 or (symbols[rows] == NOT_AVAILABLE).any():
                continue
            lonely = np.flatnonzero(hidden[rows].sum(axis=0) == 1)
            cost = _cost(counts[rows], ~hidden[rows] & (symbols[rows] == 0)[:, None])
            hidden[rows[np.argmin(cost[:, lonely], axis=0)], lonely] = True


def _cost(counts: Floats, may_be_hidden: Mask) -> Floats:
    """What hiding a cell loses: its persons. An empty one, whose 0 is easily guessed, comes after all others."""
    cost = np.where(counts > 0, counts, counts.max(initial=0) + 1)
    return np.where(may_be_hidden, cost, np.inf)
