"""The client of Klass: what a classification holds, when it changed, what corresponds to what.

Here belongs the sequence of questions and the form of the answers. Not here: how a request travels
(``pxweb.transport``) or what became of a code (``history``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
import polars as pl

from k2025_pipeline.catalog.classifications import ClassificationContract
from k2025_pipeline.pxweb.errors import InvalidAnswer, NotFound, PageMissing, WrongAnswer
from k2025_pipeline.pxweb.transport import Answer, Asker

KLASS_PATH = "/api/klass/v1"
Schema = dict[str, type[pl.DataType]]
CODES_SCHEMA: Schema = {"code": pl.String, "name": pl.String, "valid_from": pl.Date, "valid_to": pl.Date}
CHANGES_SCHEMA: Schema = {
    "old_code": pl.String,
    "old_name": pl.String,
    "new_code": pl.String,
    "new_name": pl.String,
    "changed_on": pl.Date,
}
CORRESPONDENCE_SCHEMA: Schema = {"source_code": pl.String, "target_code": pl.String, "year": pl.String}
SCHEMAS: dict[str, Schema] = {
    "codes": CODES_SCHEMA,
    "changes": CHANGES_SCHEMA,
    "correspondence": CORRESPONDENCE_SCHEMA,
}
"""Columns of each kind of answer."""
MEMBERS = {"codes": "codes", "changes": "codeChanges", "corresponds": "correspondenceItems"}
"""What each kind of answer holds its rows in."""


@dataclass(frozen=True)
class KlassAnswer:
    """One answer and what it holds: ``codes``, ``changes`` or ``corresponds`` of a year."""

    kind: str
    year: str | None
    answer: Answer


class KlassClient:
    """Asks Klass. Answers are XML unless JSON is asked for, which the transport's session does."""

    def __init__(self, base_url: str, transport: Asker) -> None:
        self._base_url = base_url
        self._api = base_url.rstrip("/") + KLASS_PATH
        self._transport = transport

    def through(self, transport: Asker) -> KlassClient:
        """A client of the same Klass that gets its answers from ``transport``."""
        return KlassClient(self._base_url, transport)

    def last_modified(self, classification: str) -> str:
        """When the classification, or a version of it, was last modified, as Klass writes it.

        Raises:
            NotFound: when Klass does not know the classification.
        """
        body = self._get(classification, "", {}).json()
        stamps = [body.get("lastModified"), *(v.get("lastModified") for v in body.get("versions", []))]
        known = [stamp for stamp in stamps if stamp]
        if not known:
            raise InvalidAnswer(f"classification {classification}: the answer has no `lastModified`.")
        try:
            datetime.fromisoformat(max(known))
        except ValueError as error:
            raise InvalidAnswer(f"classification {classification}: `lastModified` is no time: {max(known)}.") from error
        return max(known)

    def fetch(self, contract: ClassificationContract, last_year: int) -> Iterator[KlassAnswer]:
        """Ask for all that the contract wants, one answer at a time; each was seen to hold what it should.

        Args:
            contract: what is wanted. last_year: last year to ask a correspondence for.

        Raises:
            InvalidAnswer: when an answer does not hold what was asked for.
            SourceError: when Klass refuses or does not answer.
        """
        for found in self._ask(contract, last_year):
            _items(found.answer.content, MEMBERS[found.kind])
            yield found

    def _ask(self, contract: ClassificationContract, last_year: int) -> Iterator[KlassAnswer]:
        yield KlassAnswer("codes", None, self.codes(contract))
        if contract.changes:
            yield KlassAnswer("changes", None, self._get(contract.id, "/changes", {"from": contract.changes_from}))
        if contract.corresponds_from:
            for year in range(int(contract.first_year), last_year + 1):
                answer = self._correspondence(contract.corresponds_from, contract.id, year)
                if answer is not None:
                    yield KlassAnswer("corresponds", str(year), answer)

    def codes(self, contract: ClassificationContract) -> Answer:
        """All codes since the first year that is wanted, with their validity."""
        return self._get(contract.id, "/codes", {"from": f"{contract.first_year}-01-01"})

    def _correspondence(self, source: str, target: str, year: int) -> Answer | None:
        """The correspondence of one year, or None where Klass has no table that covers it."""
        params = {
            "targetClassificationId": target,
            "from": f"{year}-01-01",
            "to": f"{year + 1}-01-01",
        }
        try:
            return self._get(source, "/corresponds", params)
        except PageMissing:
            raise  # not Klass's word that there is none
        except NotFound:
            return None

    def _get(self, classification: str, path: str, params: dict[str, str]) -> Answer:
        return self._transport.get(
            f"{self._api}/classifications/{classification}{path}",
            f"classification {classification}{path.replace('/', ', ')}",
            {**params, "language": "nb"},
        )


def decode_codes(raw: bytes) -> pl.DataFrame:
    """Codes with their validity: ``code``, ``name``, ``valid_from``, ``valid_to`` (exclusive; null when open)."""
    items = _items(raw, "codes")
    rows: dict[str, list[str | None]] = {
        "code": [item["code"] for item in items],
        "name": [item["name"] for item in items],
        "valid_from": [item.get("validFromInRequestedRange") for item in items],
        "valid_to": [item.get("validToInRequestedRange") for item in items],
    }
    return _dated(rows, CODES_SCHEMA)


def decode_changes(raw: bytes) -> pl.DataFrame:
    """Code changes: old and new code and name, and the day; a side may be null."""
    items = _items(raw, "codeChanges")
    rows = {
        "old_code": [item["oldCode"] for item in items],
        "old_name": [item["oldName"] for item in items],
        "new_code": [item["newCode"] for item in items],
        "new_name": [item["newName"] for item in items],
        "changed_on": [item["changeOccurred"] for item in items],
    }
    return _dated(rows, CHANGES_SCHEMA)


def decode_correspondence(raw: bytes, year: str) -> pl.DataFrame:
    """Which target code each source code belongs to on 1 January of ``year``."""
    items = _items(raw, "correspondenceItems")
    first_day = f"{year}-01-01"
    valid = [
        item for item in items if (item.get("validFrom") or "") <= first_day < (item.get("validTo") or "9999-12-31")
    ]
    rows = {
        "source_code": [item["sourceCode"] for item in valid],
        "target_code": [item["targetCode"] for item in valid],
        "year": [year] * len(valid),
    }
    return pl.DataFrame(rows, schema=CORRESPONDENCE_SCHEMA)


def _items(raw: bytes, member: str) -> list[dict[str, str]]:
    try:
        return list(orjson.loads(raw)[member])
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise WrongAnswer(f"Klass: the answer has no `{member}` in JSON. Try again later.") from error


def _dated(rows: Mapping[str, Sequence[str | None]], schema: Schema) -> pl.DataFrame:
    texts = pl.DataFrame(rows, schema=dict.fromkeys(schema, pl.String))
    return texts.with_columns(
        pl.col(name).str.slice(0, 10).str.to_date("%Y-%m-%d") for name, dtype in schema.items() if dtype == pl.Date
    )
