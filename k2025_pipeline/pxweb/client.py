"""The client of PxWebApi v2: the change listing, metadata, and data by POST.

Here belongs the sequence of questions for one table. Not here: which tables (``schemas/tables``),
how a request travels (``transport``), where answers are kept (``lake``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from k2025_pipeline.pxweb import jsonstat
from k2025_pipeline.pxweb.errors import InvalidAnswer
from k2025_pipeline.pxweb.selection import Selection, covers, plan
from k2025_pipeline.pxweb.transport import Answer, Transport

LIVE_URL = "https://data.ssb.no"
STATBANK_PATH = "/api/pxwebapi/v2"
DOCUMENTED_CELLS = 800_000
LISTING_PAGE = 1_000


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
        transport: shared session, limiter and retries.
    """

    def __init__(self, base_url: str, transport: Transport) -> None:
        self._api = base_url.rstrip("/") + STATBANK_PATH
        self._transport = transport
        self._cell_limit: int | None = None

    def updated_since(self, days: int) -> dict[str, str]:
        """Tables that the source has updated lately.

        Args:
            days: how far back to look, at least 1.

        Returns:
            ``updated`` by table id; tables that did not change are not in it.
        """
        found: dict[str, str] = {}
        page, pages = 1, 1
        while page <= pages:
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
            body = answer.json()
            try:
                found.update({table["id"]: table["updated"] for table in body["tables"]})
                pages = int(body["page"]["totalPages"])
            except (KeyError, TypeError, ValueError) as error:
                raise InvalidAnswer(
                    f"{answer.url}: the listing is not as documented ({error!r}). Try again later."
                ) from error
            page += 1
        return found

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

        Yields:
            One part per request, in plan order; each was proven to be what was asked for.

        Raises:
            InvalidAnswer: when an answer is not what was asked for.
            SourceError: when the source refuses or does not answer.
        """
        parts = plan(selection, self.cell_limit())
        if not covers(selection, parts):
            raise InvalidAnswer(f"table {table}: the planned requests do not add up to the whole. Report this.")
        for number, part in enumerate(parts, start=1):
            what = f"table {table}, request {number} of {len(parts)}"
            answer = self._transport.post(
                f"{self._api}/tables/{table}/data",
                what,
                part.body(),
                {"lang": "no", "outputFormat": "json-stat2"},
            )
            yield Part(part, answer, _verified(answer, part, what))

    def cell_limit(self) -> int:
        """Cells that one answer may hold: what ``/config`` says, else the documented 800 000."""
        if self._cell_limit is None:
            config = self._transport.get(f"{self._api}/config", "the API's configuration").json()
            self._cell_limit = int(config.get("maxDataCells") or 0) or DOCUMENTED_CELLS
        return self._cell_limit


def _verified(answer: Answer, asked: Selection, what: str) -> str:
    """Hold an answer against its request; return its ``updated``."""
    dataset = jsonstat.describe(answer.content)
    for dimension, codes in asked.codes.items():
        found = dataset.dimension(dimension)
        if found is None:
            raise InvalidAnswer(f"{what}: the answer lacks the dimension {dimension}. Run `k2025 check`.")
        if set(found.codes) != set(codes):
            raise InvalidAnswer(
                f"{what}: {dimension} has {len(found.codes)} codes where {len(codes)} were asked for. "
                "Run `k2025 check`."
            )
    return dataset.updated


def source_kind(base_url: str, transport: Transport) -> str:
    """What figures from ``base_url`` are called: ``ssb``, or what a local Statbank says of itself.

    A local Statbank announces ``x-k2025-source``, so that its figures never pass for SSB's.
    """
    if base_url.rstrip("/") == LIVE_URL:
        return "ssb"
    answer = transport.get(base_url.rstrip("/") + STATBANK_PATH + "/config", f"the source {base_url}")
    try:
        is_api = isinstance(orjson.loads(answer.content), dict)
    except orjson.JSONDecodeError:
        is_api = False
    if not is_api:
        raise InvalidAnswer(f"{base_url}: is not a PxWebApi v2. Check the address.")
    return answer.headers.get("x-k2025-source", "other")
