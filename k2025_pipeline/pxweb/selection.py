"""What is asked of a table: expressions expanded to codes, cells counted, requests planned.

Here belongs the selection grammar of PxWebApi v2 and the arithmetic of its cell limit.
Not here: sending anything.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import product

from k2025_pipeline.pxweb.errors import BadRequest, TooManyCells

FUNCTION = re.compile(r"(?i)^(top|bottom|from|to|range)\(\s*([^,()]+?)\s*(?:,\s*([^,()]+?)\s*)?\)$")
MOST_REQUESTS = 10_000
"""For one selection: more would take six hours at the documented 30 a minute, so the limit is taken for a mistake."""


@dataclass(frozen=True)
class Selection:
    """A whole selection: codes per dimension in metadata order, and the codelist where one is used.

    A code never stands twice, whatever it was made from: the source would answer HTTP 500 without a word.
    """

    codes: dict[str, list[str]]
    codelists: dict[str, str]

    def __post_init__(self) -> None:
        once = {dimension: list(dict.fromkeys(codes)) for dimension, codes in self.codes.items()}
        object.__setattr__(self, "codes", once)

    @property
    def cells(self) -> int:
        """Number of cells that the answer has, empty ones counted."""
        return math.prod(len(codes) for codes in self.codes.values())

    def body(self) -> dict[str, list[dict[str, object]]]:
        """The selection as the API takes it by POST."""
        return {
            "selection": [
                {
                    "variableCode": dimension,
                    "valueCodes": codes,
                    **({"codelist": self.codelists[dimension]} if dimension in self.codelists else {}),
                }
                for dimension, codes in self.codes.items()
            ]
        }


def expand(expression: str, codes: list[str], is_time: bool) -> list[str]:
    """Codes that an expression selects, in metadata order, each once.

    Args:
        expression: a code, ``*`` or ``?`` patterns, ``top(n[,offset])``, ``bottom(n[,offset])``,
            ``from(x)``, ``to(x)`` or ``range(a,b)``; letters in any case.
        codes: all codes in metadata order.
        is_time: for time, ``top`` means the newest.

    Raises:
        BadRequest: when the expression names a code that is not there, or cannot be read.
    """
    codes = list(dict.fromkeys(codes))
    by_folded = {code.casefold(): code for code in codes}
    if expression.casefold() in by_folded:
        return [by_folded[expression.casefold()]]
    function = FUNCTION.match(expression)
    if function:
        return _apply(function[1].lower(), function[2], function[3], codes, is_time)
    if "*" in expression or "?" in expression:
        pattern = re.sub(r"([\[\]])", r"[\1]", expression).casefold()
        return [code for code in codes if fnmatchcase(code.casefold(), pattern)]
    raise BadRequest(f"selection «{expression}»: no such code. Correct it in the table's contract.")


def _apply(name: str, first: str, second: str | None, codes: list[str], is_time: bool) -> list[str]:
    if name in ("top", "bottom"):
        count, offset = _number(first), _number(second or "0")
        newest_last = is_time == (name == "top")
        if newest_last:
            end = len(codes) - offset
            return codes[max(0, end - count) : max(0, end)]
        return codes[offset : offset + count]
    places = {code.casefold(): place for place, code in enumerate(codes)}
    bounds = [text for text in (first, second) if text is not None]
    unknown = [text for text in bounds if text.casefold() not in places]
    if unknown or len(bounds) != (2 if name == "range" else 1):
        raise BadRequest(f"selection «{name}({','.join(bounds)})»: cannot be read. Correct it in the contract.")
    found = sorted(places[text.casefold()] for text in bounds)
    start = 0 if name == "to" else found[0]
    end = len(codes) if name == "from" else found[-1] + 1
    return codes[start:end]


def _number(text: str) -> int:
    if not text.isdigit():
        raise BadRequest(f"selection: «{text}» is not a number. Correct it in the contract.")
    return int(text)


SEE_LIMIT = "Look at `maxDataCells` in the source's /config."

Cuts = tuple[int, ...]
"""How many pieces each dimension is cut into, in the order of the sizes."""


def plan(selection: Selection, limit: int) -> list[Selection]:
    """Split a selection into as few requests as boxes of at most ``limit`` cells allow. Same input, same plan.

    A request is a box: a run of consecutive codes in each dimension. Two ways are compared:

    * a grid, in which dimension d of n_d codes is cut into k_d runs: the product of all k_d is the smallest
      for which the product of all ceil(n_d / k_d) is at most ``limit``, found by trying all of them;
    * strips along one dimension, each of its own thickness and with its own grid across the other
      dimensions, so that a remainder is not cut as finely as the rest.

    With dimensions F taken code by code, W taken whole and s cut in between, a grid needs
    prod(n_f for F) * ceil(n_s / floor(limit / prod(n_w for W))) requests; the plan never needs more than the
    smallest such number, and of course never fewer than ceil(cells / limit). So it needs exactly
    ceil(cells / limit) where a cut of one dimension alone wastes nothing. Among small tables (up to 16
    cells) no split into boxes of any form needs fewer.

    Args:
        selection: what is asked for. limit: cells that one answer may hold.

    Returns:
        Parts that do not overlap and together are the whole (proven by :func:`covers`).

    Raises:
        TooManyCells: when not even one cell may be asked for, or the parts would be more than 10 000.
    """
    if limit < 1:
        raise TooManyCells(f"a limit of {limit} cells lets nothing be asked. {SEE_LIMIT}")
    if selection.cells <= limit:
        return [selection]
    if math.ceil(selection.cells / limit) > MOST_REQUESTS:
        raise TooManyCells(f"{selection.cells} cells at {limit} a request are too many requests. {SEE_LIMIT}")
    axis, strips = _strips(tuple(len(codes) for codes in selection.codes.values()), limit)
    parts = [part for start, end, cuts in strips for part in _cut(selection, axis, start, end, cuts)]
    if len(parts) > MOST_REQUESTS:
        raise TooManyCells(f"{selection.cells} cells at {limit} a request make {len(parts)} requests. {SEE_LIMIT}")
    return parts


def _strips(sizes: tuple[int, ...], limit: int) -> tuple[int, list[tuple[int, int, Cuts]]]:
    """The best strips: along which dimension, and from where to where, with the cuts of the others."""
    fewest, cuts = _grid(sizes, limit)
    axis, thickness = 0, _runs(sizes[0], cuts[0])
    costs = [cuts[1:]] * cuts[0]
    for place, size in enumerate(sizes):
        if fewest == math.ceil(math.prod(sizes) / limit):
            break
        number, chosen = _mixed(size, sizes[:place] + sizes[place + 1 :], limit)
        if number < fewest:
            fewest, axis = number, place
            thickness, costs = [width for width, _ in chosen], [across for _, across in chosen]
    ends = [sum(thickness[: number + 1]) for number in range(len(thickness))]
    return axis, list(zip([0, *ends[:-1]], ends, costs, strict=True))


def _mixed(size: int, others: tuple[int, ...], limit: int) -> tuple[int, list[tuple[int, Cuts]]]:
    """The fewest requests for strips of different thickness along one dimension.

    Args:
        size: codes of that dimension. others: sizes of the other dimensions. limit: cells of a request.

    Returns:
        Number of requests, and thickness and cuts of each strip, the thickest first.
    """
    offers: dict[int, tuple[int, Cuts]] = {}
    for width in range(1, min(size, limit) + 1):
        number, cuts = _grid(others, limit // width)
        offers[number] = (width, cuts)  # the widest strip that this number of requests pays for
    best: list[tuple[int, int]] = [(0, 0)]
    for codes in range(1, size + 1):
        best.append(min((cost + best[max(0, codes - width)][0], cost) for cost, (width, _) in offers.items()))
    chosen, left = [], size
    while left > 0:
        width, cuts = offers[best[left][1]]
        chosen.append((min(width, left), cuts))
        left -= width
    return best[size][0], sorted(chosen, key=lambda strip: -strip[0])


@lru_cache(maxsize=100_000)
def _grid(sizes: tuple[int, ...], limit: int) -> tuple[int, Cuts]:
    """The fewest requests of a grid, and into how many pieces it cuts each dimension."""
    if math.prod(sizes) <= limit:
        return 1, (1,) * len(sizes)
    first, rest = sizes[0], sizes[1:]
    if not rest:
        pieces = math.ceil(first / limit)
        return pieces, (pieces,)
    best: tuple[int, Cuts] | None = None
    for width in _widths(first, limit):
        pieces = math.ceil(first / width)
        number, cuts = _grid(rest, limit // width)
        if best is None or pieces * number < best[0]:
            best = pieces * number, (pieces, *cuts)
    assert best is not None, "a width of one code is always among them"
    return best


@lru_cache(maxsize=10_000)
def _widths(size: int, limit: int) -> tuple[int, ...]:
    """Widths of the longest run that cutting a dimension into equal pieces can give, the widest first."""
    widths = {math.ceil(size / pieces) for pieces in range(1, size + 1)}
    return tuple(sorted((width for width in widths if width <= limit), reverse=True))


def _runs(size: int, pieces: int) -> list[int]:
    """Lengths of ``pieces`` runs that together are ``size``, as equal as they can be, the longest first."""
    short, longer = divmod(size, pieces)
    return [short + 1] * longer + [short] * (pieces - longer)


def _cut(selection: Selection, axis: int, start: int, end: int, cuts: Cuts) -> list[Selection]:
    """The parts of one strip."""
    dimensions = list(selection.codes)
    pieces = [*cuts[:axis], 1, *cuts[axis:]]
    strip = {**selection.codes, dimensions[axis]: selection.codes[dimensions[axis]][start:end]}
    runs = [_slices(strip[dimension], number) for dimension, number in zip(dimensions, pieces, strict=True)]
    return [Selection(dict(zip(dimensions, box, strict=True)), selection.codelists) for box in product(*runs)]


def _slices(codes: list[str], pieces: int) -> list[list[str]]:
    lengths = _runs(len(codes), pieces)
    starts = [sum(lengths[:number]) for number in range(pieces)]
    return [codes[start : start + length] for start, length in zip(starts, lengths, strict=True)]


def covers(whole: Selection, parts: list[Selection]) -> bool:
    """Whether the parts are exactly the whole: same cells in number, every code inside, none twice."""
    places = {dimension: {code: 1 << n for n, code in enumerate(codes)} for dimension, codes in whole.codes.items()}
    if any(
        set(part.codes) != set(places) or not set(codes) <= places[dimension].keys()
        for part in parts
        for dimension, codes in part.codes.items()
    ):
        return False
    # Codes as bits of one number: thousands of pairs of parts are compared in a moment.
    boxes = [[sum(places[d][code] for code in part.codes[d]) for d in places] for part in parts]
    apart = all(
        any(not one & other for one, other in zip(box, later, strict=True))
        for place, box in enumerate(boxes)
        for later in boxes[place + 1 :]
    )
    return apart and sum(part.cells for part in parts) == whole.cells
