"""The client of PxWebApi v2: the change listing, metadata, and data by POST.

Here belongs the sequence of questions for one table, and the proof that an answer is what was asked for.
Not here: which tables (``schemas/tables``), how a request travels (``transport``), where answers are kept (``lake``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from k2025_pipeline.pxweb import jsonstat
from k2025_pipeline.pxweb.errors import InvalidAnswer, WrongAnswer, one_line
from k2025_pipeline.pxweb.selection import Selection, covers, plan
from k2025_pipeline.pxweb.transport import Answer, Asker

LIVE_URL = "https://data.ssb.no"
STATBANK_PATH = "/api/pxwebapi/v2"
DOCUMENTED_CELLS = 800_000
LISTING_PAGE = 1_000
MOST_PAGES = 1_000
"""Of the listing: SSB's 7 763 tables fill 8. A listing that promises more has no end."""


@dataclass(frozen=True)
class Part:
    """One data answer and what it answers."""

    selection: Selection
    answer: Answer
    updated: str


class StatbankClient:
    """Asks one Statbank.

    Args:
        base_url: e.g. ``https://data.ssb.no``; the API's path is added.
        transport: who gets the answers, with limiter and retries.
    """

    def __init__(self, base_url: str, transport: Asker) -> None:
        self._base_url = base_url
        self._api = base_url.rstrip("/") + STATBANK_PATH
        self._transport = transport
        self._cell_limit: int | None = None

    def through(self, transport: Asker) -> StatbankClient:
        """A client of the same Statbank that gets its answers from ``transport``."""
        other = StatbankClient(self._base_url, transport)
        other._cell_limit = self._cell_limit
        return other

    def updated_since(self, days: int) -> dict[str, str]:
        """Tables that the source has updated lately.

        Args:
            days: how far back to look, at least 1.

        Returns:
            ``updated`` by table id; tables that did not change are not in it.

        Raises:
            WrongAnswer: when the listing is not as documented, repeats itself or has no end.
            SourceError: when the source refuses or does not answer.
        """
        found: dict[str, str] = {}
        page, pages = 1, 1
        while page <= pages:
            listed, pages = self._listing_page(days, page)
            if listed and listed.keys() <= found.keys():
                raise WrongAnswer(f"the listing of updated tables: page {page} repeats earlier ones. Try again later.")
            found.update(listed)
            page += 1
        return found

    def _listing_page(self, days: int, page: int) -> tuple[dict[str, str], int]:
        """Stamp by table id on one page, and how many pages there are."""
        answer = self._transport.get(
            f"{self._api}/tables",
            "the listing of updated tables",
            {
                "lang": "no",
                "pastDays": str(days),
                "includeDiscontinued": "true",
                "pageSize": str(LISTING_PAGE),
                "pageNumber": str(page),
            },
        )
        body = answer.document
        try:
            listed = {_text(table["id"]): _text(table["updated"]) for table in body["tables"]}
            pages = int(body["page"]["totalPages"])
        except (KeyError, TypeError, ValueError) as error:
            problem = f"is not as documented ({one_line(repr(error))})"
            raise WrongAnswer(f"{one_line(answer.url)}: the listing {problem}. Try again later.") from error
        if pages > MOST_PAGES:
            raise WrongAnswer(f"the listing of updated tables: {pages} pages, which has no end. Try again later.")
        if not listed and page < pages:
            raise WrongAnswer(f"the listing of updated tables: page {page} of {pages} names no table. Try again later.")
        return listed, pages

    def table_updated(self, table: str) -> str:
        """When the source last updated one table, as it writes it.

        Args:
            table: id.

        Raises:
            UnknownTable: when the source does not offer the table.
            WrongAnswer: when the answer is about another table, or tells no time.
        """
        what = f"table {table}"
        body = self._transport.get(f"{self._api}/tables/{table}", what, {"lang": "no"}).document
        if not isinstance(body, dict) or str(body.get("id", "")).casefold() != table.casefold():
            raise WrongAnswer(f"{what}: the source describes something else. Try again later.")
        return _time(body.get("updated"), what)

    def metadata(self, table: str, codelists: dict[str, str] | None = None) -> Answer:
        """Metadata of a table as JSON-stat without values.

        Args:
            table: id. codelists: codelist per dimension whose codes are wanted instead of the table's own.

        Raises:
            UnknownTable: when the source does not offer the table.
        """
        params = {"lang": "no", **{f"codelist[{d}]": name for d, name in (codelists or {}).items()}}
        return self._transport.get(f"{self._api}/tables/{table}/metadata", f"table {table}, metadata", params)

    def data(self, table: str, selection: Selection) -> Iterator[Part]:
        """Fetch a selection in as many requests as the cell limit needs.

        Nothing of an earlier part is kept here: whoever lets go of each needs memory for the largest one only.

        Yields:
            One part per request, in plan order; each was proven to be what was asked for.

        Raises:
            WrongAnswer: when an answer is not what was asked for.
            SourceError: when the source refuses or does not answer.
        """
        parts = plan(selection, self.cell_limit())
        if not covers(selection, parts):
            raise InvalidAnswer(f"table {table}: the planned requests do not add up to the whole. Report this.")
        for number, part in enumerate(parts, start=1):
            yield self._part(table, part, f"table {table}, request {number} of {len(parts)}")

    def _part(self, table: str, part: Selection, what: str) -> Part:
        answer = self._transport.post(
            f"{self._api}/tables/{table}/data",
            what,
            part.body(),
            {"lang": "no", "outputFormat": "json-stat2"},
        )
        return Part(part, answer, _verified(answer.document, table, part, what))

    def cell_limit(self) -> int:
        """Cells that one answer may hold: what ``/config`` says, else the documented 800 000.

        Raises:
            WrongAnswer: when the configuration is no JSON object.
        """
        if self._cell_limit is None:
            config = self._transport.get(f"{self._api}/config", "the API's configuration").document
            if not isinstance(config, dict):
                raise WrongAnswer("the API's configuration: is not as documented. Correct the source's address.")
            said = config.get("maxDataCells")
            self._cell_limit = said if type(said) is int and said > 0 else DOCUMENTED_CELLS
        return self._cell_limit


def _verified(document: Any, table: str, asked: Selection, what: str) -> str:
    """Hold an answer against its request; return its ``updated``."""
    try:
        dataset = jsonstat.describe_document(document)
    except InvalidAnswer as error:
        raise WrongAnswer(f"{what}: the answer is no dataset. {error} Try again later.") from error
    _check_table(document, dataset.label, table, what)
    for dimension, codes in asked.codes.items():
        found = dataset.dimension(dimension)
        if found is None:
            raise WrongAnswer(f"{what}: the answer lacks the dimension {dimension}. Run `k2025 check`.")
        if set(found.codes) != set(codes):
            raise WrongAnswer(f"{what}: {dimension} has {_difference(found.codes, codes)}. Run `k2025 check`.")
    known = {dimension.casefold() for dimension in asked.codes}
    extra = [d.id for d in dataset.dimensions if d.id.casefold() not in known and len(d.codes) != 1]
    if extra:
        problem = f"the answer has {one_line(extra[0])}, which nobody asked for"
        raise WrongAnswer(f"{what}: {problem}. Add it to `dimensions` in the contract.")
    return _time(dataset.updated, what)


def _check_table(document: dict[str, Any], label: str, table: str, what: str) -> None:
    """Refuse figures of another table: its id stands in ``extension.px.tableid``, or before its label."""
    extension = document.get("dataset", document).get("extension")
    px = extension.get("px") if isinstance(extension, dict) else None
    told = px.get("tableid") if isinstance(px, dict) else None
    if told is None:
        told = re.split(r"[:\s]", label, maxsplit=1)[0]
    if str(told).casefold() != table.casefold():
        raise WrongAnswer(f"{what}: the answer is about another table («{one_line(told)}»). Try again later.")


def _difference(found: list[str], asked: list[str]) -> str:
    """How two sets of codes differ, with an example."""
    missing = [code for code in asked if code not in set(found)]
    foreign = [code for code in found if code not in set(asked)]
    example = f"lacks {missing[0]}" if missing else f"adds {one_line(foreign[0])}"
    return f"{len(found)} codes where {len(asked)} were asked for ({example})"


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"{value!r} is not text")
    return value


def _time(said: object, what: str) -> str:
    """A stamp as the source writes it, if it is a time with a zone: others could not be compared."""
    try:
        stamp = _text(said)
        has_zone = datetime.fromisoformat(stamp).tzinfo is not None
    except (TypeError, ValueError):
        has_zone = False
    if not has_zone:
        raise WrongAnswer(f"{what}: `updated` says «{one_line(said)}», which is no time. Ask the source.")
    return stamp


def source_kind(base_url: str, transport: Asker) -> str:
    """What figures from ``base_url`` are called: ``ssb``, or what a local Statbank says of itself.

    A local Statbank announces ``x-k2025-source``, so that its figures never pass for SSB's.

    Raises:
        WrongAnswer: when there is no PxWebApi v2 at that address. SourceError: when it does not answer.
    """
    if base_url.rstrip("/") == LIVE_URL:
        return "ssb"
    what = f"the source {base_url}"
    try:
        answer = transport.get(base_url.rstrip("/") + STATBANK_PATH + "/config", what)
    except InvalidAnswer as error:
        raise WrongAnswer(f"{base_url}: is not a PxWebApi v2. Check the address. ({error})") from error
    if not isinstance(answer.document, dict):
        raise WrongAnswer(f"{base_url}: is not a PxWebApi v2. Check the address.")
    return answer.headers.get("x-k2025-source", "other")
