"""Asking with a memory: what a killed run was already told is not asked again.

Here belongs the joint between the client and the archive: each answer is kept the moment it is complete.
Not here: how a request travels (``pxweb.transport``) and where answers lie (``lake.archive``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from k2025_pipeline.lake.archive import Archive, Journal
from k2025_pipeline.pxweb.errors import CutAnswer, SourceError, WrongContentType
from k2025_pipeline.pxweb.transport import Answer, Asker, encode_body, request_key


class Recall:
    """An asker that looks into a journal first.

    Args:
        asker: asks the source. journal: of the fetch under way.
    """

    def __init__(self, asker: Asker, journal: Journal) -> None:
        self._asker = asker
        self._journal = journal

    def get(self, url: str, what: str, params: dict[str, str] | None = None) -> Answer:
        """GET ``url``, from the journal where it is there; see :meth:`Transport.send`."""
        key = request_key("GET", url, params, None)
        return self._recalled(key, lambda: self._asker.get(url, what, params))

    def post(self, url: str, what: str, body: dict[str, Any], params: dict[str, str] | None = None) -> Answer:
        """POST ``body``, from the journal where it is there; see :meth:`Transport.send`."""
        key = request_key("POST", url, params, encode_body(body))
        return self._recalled(key, lambda: self._asker.post(url, what, body, params))

    def _recalled(self, key: str, ask: Callable[[], Answer]) -> Answer:
        known = self._journal.find(key)
        if known is not None:
            return known
        answer = ask()
        self._journal.keep(key, answer)
        return answer


def set_aside_if_wrong(archive: Archive, dataset: str, error: SourceError) -> None:
    """Put a journal away that holds a wrong answer, so that tomorrow does not recall it.

    An answer that was cut, or not JSON at all, was never kept: what the journal holds beside it is good.
    """
    if not isinstance(error, (CutAnswer, WrongContentType)):
        archive.set_aside(dataset, str(error))
