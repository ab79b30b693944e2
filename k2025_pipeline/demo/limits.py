"""What stands in front of the API: the calls-per-window limit, the URL limit and the headers on every answer.

Belongs here: ASGI middleware. Does not belong here: anything that knows tables.
"""

import time
from collections import defaultdict, deque
from collections.abc import Callable

from starlette.datastructures import URL, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from k2025_pipeline.demo import problems

LONGEST_URL = 2100


class Gateway:
    """Middleware that limits calls per client address and marks every answer with its source.

    Args:
        app: the application behind it.
        rate_limit: calls that one client may make in a window. Blocked calls do not count.
        window_seconds: length of the sliding window.
        source: text of the header `x-k2025-source`.
        clock: seconds that only go forward.
    """

    def __init__(
        self,
        app: ASGIApp,
        rate_limit: int,
        window_seconds: int,
        source: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._limit = rate_limit
        self._window = window_seconds
        self._source = source
        self._clock = clock
        self._calls: defaultdict[str, deque[float]] = defaultdict(deque)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI event."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        remaining = self.count_call(scope["client"][0] if scope["client"] else "")

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._mark(MutableHeaders(scope=message), max(remaining, 0))
            await send(message)

        await self._application(scope, remaining)(scope, receive, send_marked)

    def _application(self, scope: Scope, remaining: int) -> ASGIApp:
        if remaining < 0:
            return Response(b"", 429)
        if len(str(URL(scope=scope))) > LONGEST_URL:
            return problems.url_too_long()
        return self._app

    def count_call(self, client: str) -> int:
        """Calls that remain after this one; negative if this one is over the limit."""
        now = self._clock()
        calls = self._calls[client]
        while calls and calls[0] <= now - self._window:
            calls.popleft()
        if len(calls) >= self._limit:
            return -1
        calls.append(now)
        return self._limit - len(calls)

    def _mark(self, headers: MutableHeaders, remaining: int) -> None:
        headers["x-ratelimit-limit"] = str(self._limit)
        headers["x-ratelimit-policy"] = f"{self._limit};w={self._window}s"
        headers["x-ratelimit-remaining"] = str(remaining)
        headers["x-ratelimit-resource"] = "SB_API_1MIN"
        headers["x-k2025-source"] = self._source
