"""One HTTP session for all of the source's services: time-outs, rate limit, retries.

Here belongs how a request travels. Not here: what is asked (``client``, ``klass``), and what an
answer means (``errors``). Retries are tenacity's, the moving window is limits'.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
import tenacity
from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from k2025_pipeline import __version__
from k2025_pipeline.pxweb.errors import (
    InvalidAnswer,
    SourceError,
    SourceUnavailable,
    TooManyRequests,
    error_for,
)

log = logging.getLogger(__name__)

CONNECT_TIMEOUT, READ_TIMEOUT = 10, 120
DOCUMENTED_LIMIT = (30, 60)
"""Calls and seconds that SSB documents; used until an answer announces something else."""
SHARE_OF_LIMIT = 0.75
"""What is used of an announced limit: it is counted per IP address and may be shared."""
LIMIT_WINDOW = 60.0
ATTEMPTS = 5
PAUSES = (5.0, 15.0, 45.0, 60.0)


@dataclass(frozen=True)
class Answer:
    """One complete answer.

    Attributes:
        url: where it came from. method: HTTP method. request_body: bytes sent, or None.
        status: HTTP status. headers: response headers with lower-case names.
        content: exactly the bytes of the body. received_at: UTC time.
    """

    url: str
    method: str
    request_body: bytes | None
    status: int
    headers: dict[str, str]
    content: bytes
    received_at: datetime

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            InvalidAnswer: when it is cut or not JSON.
        """
        try:
            return orjson.loads(self.content)
        except orjson.JSONDecodeError as error:
            raise InvalidAnswer(
                f"{self.url}: the answer of {len(self.content)} bytes is not complete JSON. Try again later."
            ) from error


class RateLimiter:
    """A moving window per host, taken from what the host announces."""

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._window = MovingWindowRateLimiter(MemoryStorage())
        self._limits: dict[str, RateLimitItemPerSecond] = {}
        self._sleep = sleep
        self._lock = threading.Lock()

    def wait(self, host: str) -> None:
        """Wait until one more call to ``host`` is allowed, and count it."""
        with self._lock:
            limit = self._limits.setdefault(host, RateLimitItemPerSecond(*DOCUMENTED_LIMIT))
            while not self._window.hit(limit, host):
                reset = self._window.get_window_stats(limit, host).reset_time
                self._sleep(max(0.05, reset - time.time()))

    def learn(self, host: str, headers: dict[str, str]) -> None:
        """Take over the limit that ``x-ratelimit-policy: 40;w=60s`` announces.

        A limit of 0 is not «unlimited» and is ignored.
        """
        found = re.match(r"\s*(\d+)\s*;\s*w=(\d+)", headers.get("x-ratelimit-policy", ""))
        if found and int(found[1]) and int(found[2]):
            calls = max(1, int(int(found[1]) * SHARE_OF_LIMIT))
            self._limits[host] = RateLimitItemPerSecond(calls, int(found[2]))


class Transport:
    """Sends requests one at a time and returns complete answers."""

    def __init__(
        self, contact: str = "", sleep: Callable[[float], None] = time.sleep, attempts: int = ATTEMPTS
    ) -> None:
        self._attempts = attempts
        self._session = requests.Session()
        agent = f"k2025-pipeline/{__version__}"
        self._session.headers.update(
            {"Accept": "application/json", "User-Agent": f"{agent} ({contact})" if contact else agent}
        )
        self._limiter = RateLimiter(sleep)
        self._sleep = sleep
        self.requests_by_path: dict[str, int] = {}

    def get(self, url: str, what: str, params: dict[str, str] | None = None) -> Answer:
        """GET ``url``; see :meth:`send`."""
        return self.send("GET", url, what, params=params)

    def post(self, url: str, what: str, body: dict[str, Any], params: dict[str, str] | None = None) -> Answer:
        """POST ``body`` as JSON; see :meth:`send`."""
        return self.send("POST", url, what, params=params, body=orjson.dumps(body))

    def send(
        self,
        method: str,
        url: str,
        what: str,
        params: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """Send a request, again where a retry can help.

        Args:
            method: HTTP method. url: address. params: query. body: JSON bytes.
            what: what is asked for, in words for the error message.

        Raises:
            SourceUnavailable: when no attempt gave a usable answer.
            SourceError: when the source says what is wrong; never tried again.
        """
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._attempts),
            wait=_pause,
            retry=tenacity.retry_if_exception_type(SourceUnavailable),
            sleep=self._sleep,
            before_sleep=lambda state: log.warning(
                "%s; attempt %s of %s",
                state.outcome and state.outcome.exception(),
                state.attempt_number,
                ATTEMPTS,
            ),
            reraise=True,
        )
        return retrying(self._send_once, method, url, what, params, body)

    def _send_once(self, method: str, url: str, what: str, params: dict[str, str] | None, body: bytes | None) -> Answer:
        host = urlsplit(url).netloc
        self._limiter.wait(host)
        self._count(url)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            response = self._session.request(
                method,
                url,
                params=params,
                data=body,
                headers=headers,
                timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
            )
        except requests.RequestException as error:
            raise SourceUnavailable(
                f"{what}: no answer from {host} ({type(error).__name__}). Check the network, or try again later."
            ) from error
        answer = Answer(
            url=response.url,
            method=method,
            request_body=body,
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            content=response.content,
            received_at=datetime.now(UTC),
        )
        self._limiter.learn(host, answer.headers)
        if answer.status != 200:
            raise _error(answer, what)
        return answer

    def _count(self, url: str) -> None:
        service = "klass" if "/klass/" in url else "statbank"
        self.requests_by_path[service] = self.requests_by_path.get(service, 0) + 1


def _pause(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, TooManyRequests):
        return error.retry_after or LIMIT_WINDOW
    return PAUSES[min(state.attempt_number, len(PAUSES)) - 1]


def _error(answer: Answer, what: str) -> SourceError:
    if answer.status == 429:
        after = answer.headers.get("retry-after", "")
        return TooManyRequests(
            f"{what}: the source allows no more calls just now (HTTP 429). Try again in a minute.",
            float(after) if after.isdigit() else None,
        )
    is_html = "html" in answer.headers.get("content-type", "")
    title = None
    if not is_html and answer.content:
        try:
            body = orjson.loads(answer.content)
            title = body.get("title") if isinstance(body, dict) else None
        except orjson.JSONDecodeError:
            title = None
    return error_for(answer.status, title, what, is_html, len(answer.url))
