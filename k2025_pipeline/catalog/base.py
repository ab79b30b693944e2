"""What every declaration shares: strict fields, bilingual text, evidence.

Here belong the small types that tables, classifications and indicators have in common.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Evidence = Literal["recorded", "documented", "assumed"]
"""How a code or a label is known: seen in an API reply, read in documentation, or a guess to be checked live."""

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
TableId = Annotated[str, Field(pattern=r"^\d{5}$")]
Year = Annotated[str, Field(pattern=r"^\d{4}$")]


class Declaration(BaseModel):
    """Base of all declarations: an unknown field is an error, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(Declaration):
    """The same words in bokmål and in English."""

    nb: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Break(Declaration):
    """A point where a series changes meaning: values before and after are not compared."""

    at: Year = Field(description="First year of the new meaning.")
    reason: Text
    source: str = Field(description="Who says so: document and line, or page.")
