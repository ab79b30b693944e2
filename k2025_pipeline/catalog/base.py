"""What every declaration shares: strict fields, bilingual text, evidence.

Here belong the small types that tables, classifications and indicators have in common.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

import polars as pl
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Evidence = Literal["recorded", "documented", "assumed"]
"""How a code or a label is known: seen in an API reply, read in documentation, or a guess to be checked live."""

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
TableId = Annotated[str, Field(pattern=r"^\d{5}$")]
Year = Annotated[str, Field(pattern=r"^\d{4}$")]


def _searchable(pattern: str) -> str:
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.ComputeError as error:
        reason = str(error).partition("This error occurred")[0].rpartition("error: ")[2].strip()
        raise ValueError(f"is not a pattern that Polars can search for: {reason}") from error
    return pattern


Pattern = Annotated[str, AfterValidator(_searchable)]
"""A regular expression as Polars understands it, which is the one that searches: no look-around."""


def plain(text: str) -> str:
    """``text`` as codes and labels are compared: without regard to case and spacing."""
    return " ".join(text.casefold().split())


def refuse_doubles(what: str, given: Iterable[str]) -> None:
    """Raise ValueError for the first text that stands twice, however it is spelled."""
    seen: set[str] = set()
    for text in given:
        if plain(text) in seen:
            raise ValueError(f"{what} stands twice: {text!r}")
        seen.add(plain(text))


class Declaration(BaseModel):
    """Base of all declarations: an unknown field is an error, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(Declaration):
    """The same words in bokmål and in English."""

    nb: str = Field(min_length=1)
    en: str = Field(min_length=1)
