"""One HTTP session for all of the source's services: time-outs, rate limit, opening hours, retries.

Here belongs how a request travels and whether its answer came whole. Not here: what is asked (``client``,
``klass``), what a refusal means (``errors``), how often one may call (``limiter``). Retries are tenacity's.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urljoin, urlsplit

import orjson
import requests
import tenacity
import urllib3

from k2025_pipeline import __version__
from k2025_pipeline.pxweb.errors import (
    BadRequest,
    CutAnswer,
    NoAnswer,
    Refusal,
    SourceError,
    SourceUnavailable,
    TooManyRequests,
    WrongAnswer,
    WrongContentType,
    error_for,
    one_line,
)
from k2025_pipeline.pxweb.hours import PublicationHours
from k2025_pipeline.pxweb.limiter import RateLimiter

log = logging.getLogger(__name__)

CONNECT_TIMEOUT, READ_TIMEOUT = 10, 120
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
LIMIT_WINDOW = 60.0
ATTEMPTS = 5
PAUSES = (5.0, 15.0, 45.0, 60.0)
PATIENCE = 600.0
"""Seconds that one request may take with all its attempts, not counting the wait for one's turn."""
LONGEST_RETRY_AFTER = 300.0
"""Seconds. A server that asks for more is asked again after this time all the same."""
MOST_BYTES = 256 * 1024 * 1024
"""Of one body, unpacked. 800 000 cells take about 10 MB: more than this is an answer without end."""
CHUNK = 1 << 18
REDIRECTS = {301, 302, 303, 307, 308}
MOST_REDIRECTS = 3
ADDRESS_ERRORS = (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema, requests.exceptions.InvalidSchema)


@dataclass(frozen=True)
class Answer:
    """One complete answer.

    Attributes:
        url: what was asked, with its query. method: HTTP method. request_body: bytes sent, or None.
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

    @cached_property
    def document(self) -> Any:
        """The body as JSON, parsed once.

        Raises:
            CutAnswer: when it is cut or not JSON.
        """
        try:
            return orjson.loads(self.content)
        except orjson.JSONDecodeError as error:
            raise CutAnswer(
                f"the answer of {len(self.content)} bytes from {one_line(self.url)} is not complete JSON "
                f"({one_line(str(error))}). Try again later."
            ) from error

    def json(self) -> Any:
        """The body as JSON; see :attr:`document`."""
        return self.document

    @property
    def request_key(self) -> str:
        """The same for all answers to the same request; see :func:`request_key`."""
        return request_key(self.method, self.url, None, self.request_body)


class Asker(Protocol):
    """Somebody who gets answers: the transport, or somebody who stands in front of it."""

    def get(self, url: str, what: str, params: dict[str, str] | None = None) -> Answer:
        """GET ``url``; ``what`` is asked for, in words for the error message."""

    def post(self, url: str, what: str, body: dict[str, Any], params: dict[str, str] | None = None) -> Answer:
        """POST ``body`` as JSON."""


def encode_body(body: dict[str, Any]) -> bytes:
    """A POST body as it is sent."""
    return orjson.dumps(body)


def request_key(method: str, url: str, params: dict[str, str] | None, body: bytes | None) -> str:
    """What makes two requests the same one, known before sending.

    Args:
        method: HTTP method. url: address, with or without a query. params: more query. body: bytes sent, or None.

    Returns:
        SHA-256 in hex of method, whole URL with its query sorted, and body. The port of a loopback address does not
        count: a local Statbank has another one at each start.
    """
    parts = urlsplit(_whole_url(url, params))
    host = parts.hostname if parts.hostname in LOOPBACK else parts.netloc
    query = "&".join(sorted(parts.query.split("&")))
    told = f"{method.upper()}\n{parts.scheme}://{host}{parts.path}\n{query}\n".encode()
    return hashlib.sha256(told + (body or b"")).hexdigest()


def _whole_url(url: str, params: dict[str, str] | None) -> str:
    return requests.Request("GET", url, params=params).prepare().url or url


@dataclass
class _Asked:
    """One request under way; ``gives_up_at`` is when the last attempt must have ended."""

    method: str
    url: str
    what: str
    body: bytes | None
    gives_up_at: float

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc.lower()


class Transport:
    """Sends requests one at a time and returns complete answers, each valid JSON.

    Args:
        contact: address that the source may write to; sent with each request and told nowhere else.
        sleep: waits that many seconds. attempts: at most, whatever a type of error allows.
        limits_folder: where processes share their limits; None for this object alone.
        hours: the times of day at which nothing is asked; None to ask at any time.
        clock: seconds since 1970.

    Raises:
        LimitsUnavailable: when the folder cannot be written.
    """

    def __init__(
        self,
        contact: str = "",
        sleep: Callable[[float], None] = time.sleep,
        attempts: int = ATTEMPTS,
        limits_folder: Path | None = None,
        hours: PublicationHours | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._attempts = attempts
        self._session = requests.Session()
        agent = f"k2025-pipeline/{__version__}"
        self._session.headers.update(
            {"Accept": "application/json", "User-Agent": f"{agent} ({contact})" if contact else agent}
        )
        self._limiter = RateLimiter(limits_folder, sleep, clock)
        self._hours = hours
        self._sleep = sleep
        self._clock = clock
        self.requests_by_path: dict[str, int] = {}

    def get(self, url: str, what: str, params: dict[str, str] | None = None) -> Answer:
        """GET ``url``; see :meth:`send`."""
        return self.send("GET", url, what, params=params)

    def post(self, url: str, what: str, body: dict[str, Any], params: dict[str, str] | None = None) -> Answer:
        """POST ``body`` as JSON; see :meth:`send`."""
        return self.send("POST", url, what, params=params, body=encode_body(body))

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
            InvalidAnswer: when no attempt gave whole JSON.
            OutsideHours: when the source reloads its tables, and nobody wants to wait.
            SourceError: when the source says what is wrong; never tried again.
        """
        try:
            whole = _whole_url(url, params)
        except ADDRESS_ERRORS as error:
            raise BadRequest(f"{what}: «{one_line(url)}» is no address. Correct the source's address.") from error
        asked = _Asked(method, whole, what, body, self._clock() + PATIENCE)
        retrying = tenacity.Retrying(
            stop=lambda state: self._is_enough(state, asked),
            wait=_pause,
            retry=tenacity.retry_if_exception_type(SourceError),
            sleep=self._sleep,
            before_sleep=_tell,
            reraise=True,
        )
        try:
            return retrying(self._attempt, asked)
        except SourceError as error:
            if error.attempts > 1:
                error.tell_attempts(retrying.statistics["attempt_number"])
            raise

    def _is_enough(self, state: tenacity.RetryCallState, asked: _Asked) -> bool:
        """Whether the last error stands: asked as often as its type allows, or no time is left."""
        error = _error_of(state)
        allowed = min(self._attempts, error.attempts if error else 1)
        return state.attempt_number >= allowed or self._clock() + state.upcoming_sleep >= asked.gives_up_at

    def _attempt(self, asked: _Asked) -> Answer:
        answer = self._exchange(asked)
        while self._hours is not None and not self._hours.accepts(answer.received_at):
            log.info("%s: answered while the source reloads its tables; not kept", asked.what)
            answer = self._exchange(asked)
        if answer.status != 200:
            raise error_for(self._refusal(answer, asked))
        _check_json(answer, asked.what)
        if isinstance(answer.document, dict) and "x-ratelimit-policy" not in answer.headers:
            config = answer.document
            self._limiter.adopt(asked.host, config.get("maxCallsPerTimeWindow"), config.get("timeWindow"))
        return answer

    def _exchange(self, asked: _Asked) -> Answer:
        """One answer, after at most a few redirects within the same host."""
        url = asked.url
        for _ in range(1 + MOST_REDIRECTS):
            answer = self._call(asked, url)
            target = answer.headers.get("location")
            if answer.status not in REDIRECTS or not target:
                return answer
            url = _within_host(asked, urljoin(url, target))
        raise WrongAnswer(f"{asked.what}: {asked.host} redirects without end. Correct the source's address.")

    def _call(self, asked: _Asked, url: str) -> Answer:
        self._await_turn(asked)
        self._count(url)
        try:
            with self._session.request(
                asked.method,
                url,
                data=asked.body,
                headers={"Content-Type": "application/json"} if asked.body is not None else {},
                timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
                stream=True,
                allow_redirects=False,
            ) as response:
                content = self._read(response, asked)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise _no_answer(asked, error) from error
        answer = Answer(
            url=asked.url,
            method=asked.method,
            request_body=asked.body,
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            content=content,
            received_at=datetime.fromtimestamp(self._clock(), UTC),
        )
        self._limiter.learn(asked.host, answer.headers)
        return answer

    def _await_turn(self, asked: _Asked) -> None:
        """Wait for the limit and for the opening hours; neither is taken from the request's own time."""
        started = self._clock()
        self._limiter.wait(asked.host)
        if self._hours is not None:
            self._hours.before_request(asked.what)
        asked.gives_up_at += self._clock() - started

    def _read(self, response: requests.Response, asked: _Asked) -> bytes:
        content = bytearray()
        # What has come so far, not a full chunk: an answer that trickles must not outlast the request's time.
        while chunk := response.raw.read1(CHUNK, decode_content=True):
            content += chunk
            if len(content) > MOST_BYTES:
                raise WrongAnswer(
                    f"{asked.what}: the answer is larger than {MOST_BYTES >> 20} MB, which no table is. "
                    "Correct the source's address, or ask the source."
                )
            if self._clock() >= asked.gives_up_at:
                raise NoAnswer(
                    f"{asked.what}: the answer did not end within {PATIENCE / 60:.0f} minutes. Try again later."
                )
        return bytes(content)

    def _refusal(self, answer: Answer, asked: _Asked) -> Refusal:
        return Refusal(
            what=asked.what,
            status=answer.status,
            content=answer.content,
            content_type=answer.headers.get("content-type", ""),
            url_length=len(asked.url),
            has_selection=asked.body is not None,
            retry_after=_retry_after(answer.headers.get("retry-after", ""), answer.received_at),
        )

    def _count(self, url: str) -> None:
        service = "klass" if "/klass/" in url else "statbank"
        self.requests_by_path[service] = self.requests_by_path.get(service, 0) + 1


def _check_json(answer: Answer, what: str) -> None:
    """Refuse a body that is not whole JSON, while another attempt can still bring it."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip()
    if kind and "json" not in kind.lower():
        raise WrongContentType(
            f"{what}: {len(answer.content)} bytes of «{one_line(kind)}» instead of JSON, as from a proxy or during "
            "maintenance. Check the source's address, or try again later."
        )
    try:
        _ = answer.document
    except CutAnswer as error:
        raise CutAnswer(f"{what}: {error}") from error


def _within_host(asked: _Asked, target: str) -> str:
    """The target of a redirect, if it stays with the host that was asked."""
    if urlsplit(target).netloc.lower() != asked.host:
        raise WrongAnswer(
            f"{asked.what}: {asked.host} redirects to {one_line(target)}, which is not followed. "
            "If the source has moved, correct its address."
        )
    return target


def _no_answer(asked: _Asked, error: Exception) -> NoAnswer:
    advice = "Check the network, or try again later."
    if isinstance(error, requests.exceptions.SSLError):
        advice = "Check the certificates of this machine and of the proxy."
    return NoAnswer(f"{asked.what}: no answer from {asked.host} ({type(error).__name__}). {advice}")


def _retry_after(text: str, now: datetime) -> float | None:
    """Seconds that ``Retry-After`` asks for, at most five minutes; None where it says nothing useful."""
    if text.isascii() and text.isdigit():
        seconds = float(text)
    else:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, TypeError):
            return None
        seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
    return min(seconds, LONGEST_RETRY_AFTER) if seconds > 0 else None


def _error_of(state: tenacity.RetryCallState) -> SourceError | None:
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, SourceError) else None


def _pause(state: tenacity.RetryCallState) -> float:
    error = _error_of(state)
    if isinstance(error, SourceUnavailable) and error.retry_after:
        return error.retry_after
    if isinstance(error, TooManyRequests):
        return LIMIT_WINDOW
    return PAUSES[min(state.attempt_number, len(PAUSES)) - 1]


def _tell(state: tenacity.RetryCallState) -> None:
    log.warning("%s Attempt %s failed; again in %.0f s.", _error_of(state), state.attempt_number, state.upcoming_sleep)
