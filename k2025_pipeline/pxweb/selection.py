"""What is asked of a table: expressions expanded to codes, cells counted, requests planned.

Here belongs the selection grammar of PxWebApi v2 and the arithmetic of its cell limit.
Not here: sending anything.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from k2025_pipeline.pxweb.errors import BadRequest

FUNCTION = re.compile(r"(?i)^(top|bottom|from|to|range)\(\s*([^,()]+?)\s*(?:,\s*([^,()]+?)\s*)?\)$")


@dataclass(frozen=True)
class Selection:
    """A whole selection: codes per dimension in metadata order, and the codelist where one is used."""

    codes: dict[str, list[str]]
    codelists: dict[str, str]

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
    """Codes that an expression selects, in metadata order.

    Args:
        expression: a code, ``*`` or ``?`` patterns, ``top(n[,offset])``, ``bottom(n[,offset])``,
            ``from(x)``, ``to(x)`` or ``range(a,b)``; letters in any case.
        codes: all codes in metadata order.
        is_time: for time, ``top`` means the newest.

    Raises:
        BadRequest: when the expression names a code that is not there, or cannot be read.
    """
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


def plan(selection: Selection, limit: int) -> list[Selection]:
    """Split a selection into as few requests as a greedy split needs, each within the cell limit.

    The dimension with most codes is cut into equal runs of consecutive codes; a part that one code
    still leaves too large is split again along the next dimension. Same input, same plan.

    Args:
        selection: what is asked for. limit: cells that one answer may hold.

    Returns:
        Parts that do not overlap and together are the whole (proven by :func:`covers`).
    """
    if selection.cells <= max(1, limit):
        return [selection]
    longest = max(selection.codes, key=lambda dimension: len(selection.codes[dimension]))
    codes = selection.codes[longest]
    others = selection.cells // len(codes)
    run = max(1, limit // others)
    pieces = math.ceil(len(codes) / run)
    run = math.ceil(len(codes) / pieces)
    parts = [
        Selection({**selection.codes, longest: codes[start : start + run]}, selection.codelists)
        for start in range(0, len(codes), run)
    ]
    return [part for piece in parts for part in plan(piece, limit)]


def covers(whole: Selection, parts: list[Selection]) -> bool:
    """Whether the parts are exactly the whole: same cells in number, every code inside, none twice."""
    inside = all(set(part.codes[dimension]) <= set(codes) for part in parts for dimension, codes in whole.codes.items())
    boxes = [{d: frozenset(codes) for d, codes in part.codes.items()} for part in parts]
    apart = all(
        any(not (one[d] & other[d]) for d in one) for place, one in enumerate(boxes) for other in boxes[place + 1 :]
    )
    return inside and apart and sum(math.prod(map(len, box.values())) for box in boxes) == whole.cells
