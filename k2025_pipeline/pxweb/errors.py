"""What can go wrong when the source is asked, one type per meaning, each with its own policy.

Here belongs the mapping from an answer to its meaning; the body decides before the HTTP status, since
PxWebApi answers 400 for an unknown table. Not here: sending, pausing and asking again (``transport``).
"""

from __future__ import annotations

import reprlib
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar

import orjson

LONGEST_QUOTE = 200
"""Characters of the source's own words that a message repeats."""
LONGEST_URL = 1900
"""Characters after which an HTML page with 404 means a too long URL: 2 092 were fine, 2 142 not (September 2026)."""


class SourceError(Exception):
    """The source could not give what was asked for. Every message says what to do.

    Attributes:
        attempts: how often a request is sent at most when it ends like this; 1 where asking again cannot help.
        advice: what to edit or do, where the type alone decides it. runbook: page of the runbook.
    """

    runbook: ClassVar[str] = "source-changed"
    attempts: ClassVar[int] = 1
    advice: ClassVar[str] = "Run `k2025 check` and correct the contract."

    def tell_attempts(self, times: int) -> None:
        """Add to the message how often the request was sent."""
        self.args = (f"{self} (Sent {times} times.)" if times > 1 else f"{self} (Sent once.)", *self.args[1:])


class SourceUnavailable(SourceError):
    """No usable answer, and nothing wrong with the question: worth a retry, later a refresh.

    Attributes:
        retry_after: seconds that the server asks to wait, where it says so.
    """

    runbook = "source-unreachable"
    advice = "Try again later."

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NoAnswer(SourceUnavailable):
    """Connection refused or reset, time-out, or a transfer that broke off."""

    attempts = 5


class TooManyRequests(SourceUnavailable):
    """HTTP 429, with or without ``Retry-After``."""

    attempts = 5


class ServiceUnavailable(SourceUnavailable):
    """HTTP 502, 503 or 504: maintenance, or the minutes in which the source reloads its tables."""

    attempts = 5


class ServerFault(SourceUnavailable):
    """Any other 5xx: one more try, since a fault of the program behind it usually stays."""

    attempts = 2


class BadRequest(SourceError):
    """The source refuses the request and says why; asking again cannot help."""


class UnknownTable(SourceError):
    """The source does not offer the table."""

    advice = "Check the id in schemas/tables, and at www.ssb.no/statbank whether the table is closed."


class NotFound(SourceError):
    """HTTP 404 for something other than a table."""

    advice = "Check the id."


class PageMissing(NotFound):
    """HTTP 404 without a reason: the web server's own page, not the API's answer about what was asked for."""

    runbook = "source-unreachable"
    advice = "Try again later; if it stays, look whether the API has moved."


class UnknownVariable(BadRequest):
    """The table has no such dimension."""

    advice = "Correct `dimensions[].code` in the table's contract."


class UnknownValue(BadRequest):
    """A dimension has no such code."""

    advice = "A code was retired: run `k2025 check` and edit the contract it names."


class UnknownCodelist(BadRequest):
    """The dimension has no such codelist; their ids are case-sensitive."""

    advice = "Correct `extracts[].codelist` in the table's contract."


class MissingSelection(BadRequest):
    """A dimension that cannot be left out has nothing selected."""

    advice = "A dimension is not selected: add it to `dimensions` in the table's contract."


class IllegalExpression(BadRequest):
    """A selection expression or the placement cannot be read."""

    advice = "Correct `dimensions[].expression` in the table's contract."


class TooManyCells(BadRequest):
    """One request holds more cells than the source allows."""

    advice = "The request was planned too large: report it, with the table's id."


class UnsupportedFormat(BadRequest):
    """The source does not write the format asked for."""

    advice = (
        "json-stat2 must stand in the source's /config: if it does not, the address is wrong or the API has changed."
    )


class UnsupportedLanguage(BadRequest):
    """The source does not know the language asked for."""

    advice = "`no` must stand in the source's /config: if it does not, the address is wrong or the API has changed."


class PageOutOfRange(BadRequest):
    """A page after the last one: the listing shrank while it was read."""

    advice = "Refresh again."


class UrlTooLong(BadRequest):
    """The web server in front of the API found the URL too long, and says 404 in HTML."""

    advice = "Ask by POST."


class DuplicateCodes(BadRequest):
    """HTTP 500 without a word for a selection: so the source answers when a code stands twice."""

    advice = "Look for a code that stands twice in the request; if none does, try again later."


class InvalidAnswer(SourceError):
    """The answer is not what the API promises, or not what was asked for."""


class CutAnswer(InvalidAnswer):
    """A body that is cut, or not JSON at all."""

    runbook = "source-unreachable"
    attempts = 3


class WrongContentType(InvalidAnswer):
    """Something other than JSON with HTTP 200, e.g. the page of a proxy."""

    runbook = "source-unreachable"
    attempts = 3


class WrongAnswer(InvalidAnswer):
    """JSON that does not answer the question: another table, other codes, no dataset at all."""


class SourceChanged(InvalidAnswer):
    """The source was updated between two parts of one delivery."""

    runbook = "source-closed-hours"


class OutsideHours(SourceError):
    """The source reloads or publishes at this time of day; what it answers is not to be trusted."""

    runbook = "source-closed-hours"


class LimitsUnavailable(SourceError):
    """The folder through which the processes of a machine share their limits cannot be used."""

    runbook = "unwritable-home"


MEANINGS: dict[str, type[SourceError]] = {
    "Non-existent table": UnknownTable,
    "Non-existent variable": UnknownVariable,
    "Non-existent value": UnknownValue,
    "Non-existent codelist": UnknownCodelist,
    "Missing selection for mandantory variable": MissingSelection,
    "Missing selection for mandatory variable": MissingSelection,
    "Illegal selection for mandantory variable": IllegalExpression,
    "Illegal selection for mandatory variable": IllegalExpression,
    "Illegal selection expression": IllegalExpression,
    "Illegal placment": IllegalExpression,
    "Illegal placement": IllegalExpression,
    "Too many cells selected": TooManyCells,
    "Too many values selected": TooManyCells,
    "Unsupported output format": UnsupportedFormat,
    "Unsupported language": UnsupportedLanguage,
    "Non-existent page": PageOutOfRange,
}
"""Type by the source's words (PxTools/PxWebApi ``ProblemUtility.cs``), in its spelling and in the right one."""
UNAVAILABLE = {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}


@dataclass(frozen=True)
class Refusal:
    """An unsuccessful answer, as far as its meaning depends on it.

    Attributes:
        what: was asked for, e.g. ``table 12209``. status: HTTP status. content: the body.
        content_type: as the header says it. url_length: characters in the URL.
        has_selection: whether codes were sent. retry_after: seconds to wait, where the server says it.
    """

    what: str
    status: int
    content: bytes = b""
    content_type: str = ""
    url_length: int = 0
    has_selection: bool = False
    retry_after: float | None = None

    @property
    def is_html(self) -> bool:
        """Whether a web server answers instead of the API."""
        return "html" in self.content_type.casefold()


def error_for(refusal: Refusal) -> SourceError:
    """Say what an unsuccessful answer means, in one line with what to do.

    Args:
        refusal: any answer that is not 200.
    """
    title, detail = _words(refusal.content)
    if refusal.status == HTTPStatus.TOO_MANY_REQUESTS:
        return TooManyRequests(_too_many(refusal), refusal.retry_after)
    if refusal.status >= 500 and title not in MEANINGS:
        return _server_error(refusal, title)
    if refusal.status == HTTPStatus.NOT_FOUND and refusal.is_html and refusal.url_length > LONGEST_URL:
        problem = f"the URL of {refusal.url_length} characters is too long"
        return UrlTooLong(f"{refusal.what}: {problem}. {UrlTooLong.advice}")
    not_found = NotFound if title else PageMissing
    meaning = MEANINGS.get(title) or (not_found if refusal.status == HTTPStatus.NOT_FOUND else BadRequest)
    said = f"the source answers «{title}{detail}»" if title else f"HTTP {refusal.status} from the source"
    return meaning(f"{refusal.what}: {said}. {meaning.advice}")


def _server_error(refusal: Refusal, title: str) -> SourceError:
    if refusal.status == HTTPStatus.INTERNAL_SERVER_ERROR and not refusal.content and refusal.has_selection:
        problem = "HTTP 500 without a word from the source, as when a code stands twice"
        return DuplicateCodes(f"{refusal.what}: {problem}. {DuplicateCodes.advice}")
    meaning = ServiceUnavailable if refusal.status in UNAVAILABLE else ServerFault
    said = f" «{title}»" if title else ""
    return meaning(
        f"{refusal.what}: HTTP {refusal.status}{said} from the source. {meaning.advice}", refusal.retry_after
    )


def _too_many(refusal: Refusal) -> str:
    wait = "a minute" if refusal.retry_after is None else f"{refusal.retry_after:.0f} seconds"
    return f"{refusal.what}: the source allows no more calls just now (HTTP 429). Try again in {wait}."


def _words(content: bytes) -> tuple[str, str]:
    """Title (in v1: error) and detail of a JSON body, each on one line; empty where there is none."""
    try:
        body: Any = orjson.loads(content)
    except orjson.JSONDecodeError:
        return "", ""
    if not isinstance(body, dict):
        return "", ""
    title = one_line(body.get("title") or body.get("error") or "")
    detail = one_line(body.get("detail") or "")
    return title, f": {detail}" if detail and detail != title else ""


def one_line(text: object) -> str:
    """Words from outside, fit for a message: printable, on one line, at most 200 characters."""
    # What should have been text may be lists within lists, which only reprlib does not follow to their end.
    said = text if isinstance(text, str) else reprlib.repr(text)
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in said).split())
    return line if len(line) <= LONGEST_QUOTE else line[: LONGEST_QUOTE - 1] + "…"
