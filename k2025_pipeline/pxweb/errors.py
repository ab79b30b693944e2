"""What can go wrong when the source is asked, one type per meaning.

Here belongs the mapping from an answer to its meaning; the body decides before the HTTP status, since
PxWebApi answers 400 for an unknown table. Not here: whether to try again (``transport``).
"""

from __future__ import annotations


class SourceError(Exception):
    """The source could not give what was asked for. Every message ends with what to do."""


class SourceUnavailable(SourceError):
    """No usable answer: connection refused, time-out, 5xx or still limited after the retries."""


class TooManyRequests(SourceUnavailable):
    """HTTP 429. ``retry_after`` seconds, when the server says it."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UnknownTable(SourceError):
    """The source does not offer the table."""


class BadRequest(SourceError):
    """The source refuses the selection and says why; asking again cannot help."""


class NotFound(SourceError):
    """HTTP 404 for something other than a table."""


class InvalidAnswer(SourceError):
    """The answer is not what the API promises: cut, not JSON, or not what was asked for."""


ADVICE = {
    "Non-existent variable": "Correct `dimensions[].code` in the table's contract.",
    "Non-existent value": "A code was retired: run `k2025 check` and edit the contract it names.",
    "Non-existent codelist": "Correct `extracts[].codelist` in the table's contract.",
    "Missing selection for mandantory variable": "A dimension is not selected: add it to the contract.",
    "Too many cells selected": "The request was planned too large: report it, with the table's id.",
}


def error_for(status: int, title: str | None, what: str, is_html: bool, url_length: int) -> SourceError:
    """Say what an unsuccessful answer means.

    Args:
        status: HTTP status.
        title: ``title`` of the JSON body, or None.
        what: what was asked for, e.g. ``table 12209``.
        is_html: whether the body is HTML; a 404 in HTML means that the URL was too long.
        url_length: characters in the URL.
    """
    if title == "Non-existent table":
        return UnknownTable(f"{what}: the source does not offer it. Check the id in schemas/tables.")
    if title is not None and 400 <= status < 500 and status != 429:
        advice = ADVICE.get(title, "Run `k2025 check` and correct the contract.")
        return (NotFound if status == 404 else BadRequest)(f"{what}: the source answers «{title}». {advice}")
    if status == 404 and is_html and url_length > 1900:
        return BadRequest(f"{what}: the URL of {url_length} characters is too long. Ask by POST.")
    if status == 404:
        return NotFound(f"{what}: nothing is found there. Check the id.")
    if status == 500:
        return SourceUnavailable(
            f"{what}: HTTP 500 from the source. Try later; if it stays, look for a code that stands twice."
        )
    if status >= 500:
        return SourceUnavailable(f"{what}: HTTP {status} from the source. Try again later.")
    return BadRequest(f"{what}: HTTP {status} from the source. Run `k2025 check`.")
