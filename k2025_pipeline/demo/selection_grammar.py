"""PxWebApi v2 selection expressions: from text to positions in one variable's code list.

Belongs here: what `*`, `?`, `top(n)`, `from(x)`, `range(a,b)` … mean and how a GET parameter is split.
Does not belong here: which variables must be selected, and values.
The order of trying is that of PxTools/PxWebApi `SelectionExpressions`.
"""

import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

from k2025_pipeline.demo import problems

_FUNCTION = re.compile(r"(range|top|bottom|from|to)\(([^()]*)\)", re.IGNORECASE)
_FUNCTION_START = re.compile(r"(range|top|bottom|from|to)\(", re.IGNORECASE)
_GET_PART = re.compile(r"\[[^\]]*\]|[^,]+")
_STARS_AT_ENDS = re.compile(r"\*?[^*]*\*?")


def split_get_value(text: str) -> list[str]:
    """Split the value of a GET parameter at commas; what stands in brackets is one expression."""
    parts = (part.strip() for part in _GET_PART.findall(text))
    return [part[1:-1] if part.startswith("[") and part.endswith("]") else part for part in parts if part]


def positions(expressions: Sequence[str], codes: Sequence[str], is_time: bool) -> list[int]:
    """Positions that the expressions select, ascending and each once.

    Args:
        expressions: codes and expressions, without brackets.
        codes: the variable's codes in table order.
        is_time: whether `top` means the newest (the last) codes.

    Raises:
        DuplicateCodes: the same text stands twice.
        Problem: an unknown code or an illegal expression.
    """
    if len(set(expressions)) < len(expressions):
        raise problems.DuplicateCodes
    place = {code.lower(): number for number, code in enumerate(codes)}
    found: set[int] = set()
    for expression in expressions:
        found.update(_one(expression, place, is_time))
    return sorted(found)


def _one(expression: str, place: dict[str, int], is_time: bool) -> Sequence[int]:
    text = expression.lower()
    if text in place:
        return [place[text]]
    if _FUNCTION_START.match(text):
        return _function(text, place, is_time)
    if "?" in text:
        return [number for code, number in place.items() if _matches_mask(code, text)]
    if "*" in text:
        return _starred(text, place)
    raise problems.unknown_value()


def _matches_mask(code: str, mask: str) -> bool:
    return len(code) == len(mask) and all(m in ("?", c) for c, m in zip(code, mask, strict=True))


def _starred(text: str, place: dict[str, int]) -> list[int]:
    if not _STARS_AT_ENDS.fullmatch(text):
        raise problems.illegal_expression()
    pattern = text.replace("[", "[[]")
    return [number for code, number in place.items() if fnmatchcase(code, pattern)]


def _function(text: str, place: dict[str, int], is_time: bool) -> Sequence[int]:
    match = _FUNCTION.fullmatch(text)
    if match is None:
        raise problems.illegal_expression()
    arguments = [argument.strip() for argument in match[2].split(",")]
    try:
        return _FUNCTIONS[match[1]](arguments, place, is_time)
    except (KeyError, ValueError):
        raise problems.illegal_expression() from None


def _range(arguments: list[str], place: dict[str, int], is_time: bool) -> Sequence[int]:
    first, last = arguments
    low, high = sorted((place[first], place[last]))
    return range(low, high + 1)


def _from(arguments: list[str], place: dict[str, int], is_time: bool) -> Sequence[int]:
    (first,) = arguments
    return range(place[first], len(place))


def _to(arguments: list[str], place: dict[str, int], is_time: bool) -> Sequence[int]:
    (last,) = arguments
    return range(place[last] + 1)


def _count_and_offset(arguments: list[str]) -> tuple[int, int]:
    count, offset = (int(argument) for argument in (*arguments, "0")[:2])
    if len(arguments) > 2 or count < 1 or offset < 0:
        raise ValueError(arguments)
    return count, offset


def _top(arguments: list[str], place: dict[str, int], is_time: bool) -> Sequence[int]:
    count, offset = _count_and_offset(arguments)
    order = range(len(place))[::-1] if is_time else range(len(place))
    return order[offset : offset + count]


def _bottom(arguments: list[str], place: dict[str, int], is_time: bool) -> Sequence[int]:
    return _top(arguments, place, not is_time)


_FUNCTIONS: dict[str, Callable[[list[str], dict[str, int], bool], Sequence[int]]] = {
    "range": _range,
    "from": _from,
    "to": _to,
    "top": _top,
    "bottom": _bottom,
}
