"""An extract of one table: selection, elimination, cell limit and the JSON-stat answer.

Belongs here: what PxWebApi v2 does between the query and the answer.
Does not belong here: how the query came (GET or POST) and the answer's headers (`server`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from k2025_pipeline.demo import problems
from k2025_pipeline.demo.documents import Document, Folder
from k2025_pipeline.demo.selection_grammar import positions

LANGUAGES = ("no", "en")
_TOTAL_LABELS = ("I alt", "Begge kjønn", "Hele landet")
_DEFAULT_PERIODS = 13
_NULL = np.array(None, dtype=object)


@dataclass(frozen=True)
class Query:
    """What was asked of a table.

    Attributes:
        selection: expressions by variable, names as the client wrote them.
        codelists: codelist id by variable, names as the client wrote them.
        placement: variables named in heading and stub; checked, but the answer keeps the table's order.
        language: `no` or `en`.
    """

    selection: Mapping[str, Sequence[str]] = field(default_factory=dict)
    codelists: Mapping[str, str] = field(default_factory=dict)
    placement: Sequence[str] = ()
    language: str = "no"


def extract(folder: Folder, table: str, query: Query, cell_limit: int) -> dict[str, Any]:
    """The answer to a data query, as a JSON-stat 2.0 object.

    Raises:
        Problem: the query is at fault; the problem is SSB's answer.
        DuplicateCodes: a code was given twice.
        KeyError: the folder has no such table.
    """
    plain = folder.document(table)
    if not query.selection:
        query = default_query(folder, table, query.language)
    selection = {_variable(plain, name): list(codes) for name, codes in query.selection.items()}
    codelist = _effective_codelist(folder, table, plain, query, selection)
    document = folder.document(table, codelist)
    for name in query.placement:
        if name.lower() not in _lowered(document):
            raise problems.illegal_placement()
    chosen = _choose(document, selection)
    if prod(len(places) for places in chosen.values() if places is not None) > cell_limit:
        raise problems.too_many_cells()
    return _answer(document, chosen, query.language)


def default_query(folder: Folder, table: str, language: str = "no") -> Query:
    """The selection used when the client gives none.

    Simpler than SSB's: the newest 13 periods, all measures, the first code of other mandatory variables.
    """
    codelist = "" if folder.document(table).values.size else folder.codelists(table)[0]
    document = folder.document(table, codelist)
    selection: dict[str, list[str]] = {}
    for name in document.ids:
        if document.is_time(name):
            selection[name] = [f"top({_DEFAULT_PERIODS})"]
        elif name == "ContentsCode":
            selection[name] = ["*"]
        elif not document.eliminable(name) or (codelist and name == document.geo):
            selection[name] = document.codes(name)[:1]
    codelists = {document.geo: codelist} if codelist and document.geo else {}
    return Query(selection, codelists, language=language)


def _lowered(document: Document) -> dict[str, str]:
    return {name.lower(): name for name in document.ids}


def _variable(document: Document, name: str) -> str:
    try:
        return _lowered(document)[name.lower()]
    except KeyError:
        raise problems.unknown_variable() from None


def find_codelist(folder: Folder, table: str, document: Document, variable: str, codelist: str) -> str:
    """The codelist id, checked: it must be offered for this variable, in exactly this spelling."""
    if _variable(document, variable) != document.geo or codelist not in folder.codelists(table):
        raise problems.unknown_codelist()
    return codelist


def _effective_codelist(
    folder: Folder, table: str, plain: Document, query: Query, selection: Mapping[str, Sequence[str]]
) -> str:
    effective = ""
    for variable, codelist in query.codelists.items():
        known = find_codelist(folder, table, plain, variable, codelist)
        if selection.get(_variable(plain, variable)):
            effective = known
    return effective


def _choose(document: Document, selection: Mapping[str, Sequence[str]]) -> dict[str, list[int] | None]:
    """Positions by variable, in table order; None for a variable that is summed away."""
    found = {
        name: positions(selection.get(name, []), document.codes(name), document.is_time(name)) for name in document.ids
    }
    for name, places in found.items():
        if not places and not document.eliminable(name):
            raise problems.missing_selection()
        if not places and not document.codes(name):
            raise problems.unknown_value()
    return {name: places or None for name, places in found.items()}


def _total_position(document: Document, variable: str) -> int | None:
    codes, labels = document.codes(variable), document.labels(variable)
    stated = document.extension(variable).get("eliminationValueCode")
    for number, code in enumerate(codes):
        if code == stated or code == "TOT" or labels[code] in _TOTAL_LABELS:
            return number
    return None


def _select(
    document: Document, chosen: Mapping[str, list[int] | None]
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.uint8]]:
    axes, summed = [], []
    for axis, (name, places) in enumerate(chosen.items()):
        total = _total_position(document, name) if places is None else None
        if places is None:
            summed.append(axis)
            places = list(range(len(document.codes(name)))) if total is None else [total]
        axes.append(places)
    values, status = document.values[np.ix_(*axes)], document.status[np.ix_(*axes)]
    for axis in reversed(summed):
        values, status = _sum_away(values, status, axis, document.symbols)
    return values, status


def _sum_away(
    values: npt.NDArray[np.object_], status: npt.NDArray[np.uint8], axis: int, symbols: tuple[str, ...]
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.uint8]]:
    """Sum along an axis if every part is a number; else null, with the parts' common symbol or `..`."""
    if values.shape[axis] == 1:
        return values.squeeze(axis), status.squeeze(axis)
    empty = np.equal(values, _NULL)
    any_empty = empty.any(axis=axis)
    sums = np.where(empty, 0, values).sum(axis=axis).astype(object)
    sums[any_empty] = None
    first = status.take(0, axis=axis)
    agree = (status == np.expand_dims(first, axis)).all(axis=axis)
    missing = symbols.index("..") if ".." in symbols else 0
    return sums, np.where(any_empty, np.where(agree, first, missing), 0).astype(np.uint8)


def _answer(document: Document, chosen: Mapping[str, list[int] | None], language: str) -> dict[str, Any]:
    values, status = _select(document, chosen)
    kept = {name: places for name, places in chosen.items() if places is not None}
    answer = dict(document.meta)
    answer["role"] = _kept_roles(document.meta.get("role", {}), kept)
    answer["id"] = list(kept)
    answer["size"] = [len(places) for places in kept.values()]
    answer["dimension"] = {name: _subset(document, name, places) for name, places in kept.items()}
    answer["extension"] = public_extension(document, language)
    answer["value"] = values.ravel().tolist()
    flat = status.ravel()
    marked = np.flatnonzero(flat)
    if marked.size:
        symbols = map(document.symbols.__getitem__, flat[marked].tolist())
        answer["status"] = dict(zip(map(str, marked.tolist()), symbols, strict=True))
    return answer


def _kept_roles(role: Mapping[str, list[str]], kept: Mapping[str, object]) -> dict[str, list[str]]:
    remaining = {kind: [name for name in names if name in kept] for kind, names in role.items()}
    return {kind: names for kind, names in remaining.items() if names}


def _subset(document: Document, variable: str, places: list[int]) -> dict[str, Any]:
    """The variable's description with only the chosen codes."""
    dimension = document.meta["dimension"][variable]
    codes = document.codes(variable)
    chosen = [codes[place] for place in places]
    category = {key: _only(part, chosen) for key, part in dimension["category"].items()}
    category["index"] = {code: number for number, code in enumerate(chosen)}
    extension = {key: _only(part, chosen) for key, part in document.extension(variable).items() if key != "codelists"}
    extension["elimination"] = document.eliminable(variable)
    return {**dimension, "category": category, "extension": extension}


def _only(part: Any, codes: Sequence[str]) -> Any:
    return {code: part[code] for code in codes if code in part} if isinstance(part, dict) else part


def public_extension(document: Document, language: str) -> dict[str, Any]:
    """The document's `extension` as answered: without this folder's description of the codelist."""
    extension = {key: part for key, part in document.meta.get("extension", {}).items() if key != "codelist"}
    return {**extension, "px": {**extension.get("px", {}), "language": language}}
