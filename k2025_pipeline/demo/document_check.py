"""What a file must be to be served: JSON-stat 2.0 as Statistics Norway writes it, without contradictions.

Belongs here: finding what is wrong with a file. Does not belong here: reading files (`documents`).
"""

from datetime import datetime
from math import prod
from typing import Any

from pydantic import BaseModel, NonNegativeInt, StrictInt, ValidationError


class _Category(BaseModel):
    index: dict[str, StrictInt]
    label: dict[str, str]


class _DimensionExtension(BaseModel):
    elimination: bool = True


class _Dimension(BaseModel):
    label: str
    category: _Category
    extension: _DimensionExtension = _DimensionExtension()


class _Codelist(BaseModel):
    valueMap: dict[str, list[str]] = {}  # noqa: N815


class _Extension(BaseModel):
    px: dict[str, Any] = {}
    codelist: _Codelist = _Codelist()


class _Document(BaseModel):
    """What the server reads of a file, apart from its cells."""

    label: str
    source: str
    updated: str
    id: list[str]
    size: list[NonNegativeInt]
    dimension: dict[str, _Dimension]
    role: dict[str, list[str]] = {}
    extension: _Extension = _Extension()


def check(content: Any) -> None:
    """Look for everything that would make answers from the file wrong or impossible.

    Args:
        content: the whole file as read from JSON.

    Raises:
        ValueError: what is wrong, in words.
    """
    try:
        document = _Document.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(": ".join([".".join(map(str, first["loc"])) or "the file", first["msg"]])) from None
    if datetime.fromisoformat(document.updated).tzinfo is None:
        raise ValueError("updated: no time zone")
    _check_variables(document)
    for name, size in zip(document.id, document.size, strict=True):
        _check_codes(name, document.dimension[name].category, size)
    cells = prod(document.size)
    _check_values(content.get("value"), cells)
    _check_status(content.get("status", {}), cells)


def _check_variables(document: _Document) -> None:
    if len(set(document.id)) < len(document.id):
        raise ValueError("id: a variable is listed twice")
    if set(document.dimension) != set(document.id):
        raise ValueError("id and dimension do not name the same variables")
    if len(document.size) != len(document.id):
        raise ValueError(f"size: {len(document.size)} numbers for {len(document.id)} variables")
    if unknown := {name for names in document.role.values() for name in names} - set(document.id):
        raise ValueError(f"role: no variable {min(unknown)}")


def _check_codes(name: str, category: _Category, size: int) -> None:
    if len(category.index) != size:
        raise ValueError(f"{name}: size {size}, but {len(category.index)} different codes")
    if sorted(category.index.values()) != list(range(size)):
        raise ValueError(f"{name}: the positions in index are not 0 to {size - 1}, each once")
    if unlabelled := set(category.index) - set(category.label):
        raise ValueError(f"{name}: the code {min(unlabelled)} has no label")


def _check_values(values: Any, cells: int) -> None:
    if not isinstance(values, list) or len(values) != cells:
        raise ValueError(f"value: not a list of {cells} cells, which size says")
    if strange := set(map(type, values)) - {int, float, type(None)}:
        raise ValueError(f"value: {min(kind.__name__ for kind in strange)} among the numbers")


def _check_status(status: Any, cells: int) -> None:
    """As a whole rather than one by one: there may be a million symbols."""
    if not isinstance(status, dict) or set(map(type, status.values())) - {str}:
        raise ValueError("status: not an object of symbols by cell")
    if status and not ("".join(status).isdecimal() and "" not in status and max(map(int, status)) < cells):
        raise ValueError(f"status: a cell that is not among the {cells}")
