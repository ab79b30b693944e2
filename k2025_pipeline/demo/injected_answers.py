"""What a struck request gets from the local Statbank: another answer, a broken one, a late one or none.

Belongs here: what goes over the connection. Does not belong here: which requests are struck (`injection`) and
how a document is changed (`injected_documents`).
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.datastructures import MutableHeaders
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from k2025_pipeline.demo import problems

CONNECTION = "connection"
"""Member of the request's state that holds the transport; the server that runs the application puts it there."""
COLD_START_SECONDS = 30.0
HANG_SECONDS = 600.0
HUGE_BYTES = 512 * 1024 * 1024
DEPTH = 10_000
_BLOCK = b"0," * 32_768
_HTML = b"<!DOCTYPE html><html><head><title>Vedlikehold</title></head><body>Statistikkbanken er stengt.</body></html>"
_NO_LINGER = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Call:
    """One struck request.

    Attributes:
        app, scope, receive, send: as ASGI has them.
        stage: the kind of request.
        seconds: how long to wait; None for the usual time of the fault.
    """

    app: ASGIApp
    scope: Scope
    receive: Receive
    send: Send
    stage: str
    seconds: float | None


Act = Callable[[Call], Awaitable[None]]


def fixed(make: Callable[[], ASGIApp]) -> Act:
    """An answer that has nothing to do with the request."""

    async def act(call: Call) -> None:
        await make()(call.scope, call.receive, call.send)

    return act


def status(code: int, body: bytes = b"", headers: dict[str, str] | None = None) -> Act:
    """A status with a fixed body of text, or an empty one."""
    return fixed(lambda: Response(body, code, headers, media_type="text/plain" if body else None))


def problem(make: Callable[[], problems.Problem]) -> Act:
    """One of the API's own error answers."""
    return fixed(lambda: make().response())


async def unknown_table(call: Call) -> None:
    """The body says 404; so does HTTP, but on /data it says 400."""
    refusal = problems.unknown_table(400 if call.stage == "data" else 404)
    await refusal.response()(call.scope, call.receive, call.send)


def html() -> ASGIApp:
    """A page with status 200."""
    return Response(_HTML, media_type="text/html")


def deep() -> ASGIApp:
    """Arrays in arrays."""
    return Response(b"[" * DEPTH + b"]" * DEPTH, media_type="application/json")


def huge() -> ASGIApp:
    """A body that begins as a document and goes on, made while it is sent."""
    return StreamingResponse(_huge_body(), media_type="application/json")


async def _huge_body() -> AsyncIterator[bytes]:
    yield b'{"version":"2.0","class":"dataset","value":['
    for _ in range(HUGE_BYTES // len(_BLOCK)):
        yield _BLOCK


def altered(change: Callable[[bytes], bytes], content_type: str | None = None) -> Act:
    """The own answer with other bytes; an error answer stays as it is.

    Args:
        change: from the own body to the one that is sent.
        content_type: sent instead of the own.
    """

    async def act(call: Call) -> None:
        start, body = await _own_answer(call)
        if start["status"] == 200:
            body = change(body)
            headers = MutableHeaders(scope=start)
            headers["content-length"] = str(len(body))
            if content_type:
                headers["content-type"] = content_type
        await call.send(start)
        await call.send({"type": "http.response.body", "body": body})

    return act


def altered_document(change: Callable[[Any], Any]) -> Act:
    """The own answer with another JSON document."""
    return altered(lambda body: orjson.dumps(change(orjson.loads(body))))


def first_half(body: bytes) -> bytes:
    """The body without its second half."""
    return body[: len(body) // 2]


def broken_json(body: bytes) -> bytes:
    """The body with a comma too many before its end."""
    return body[:-1] + b"," + body[-1:]


async def _own_answer(call: Call) -> tuple[Message, bytes]:
    start: Message = {}
    parts: list[bytes] = []

    async def keep(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            parts.append(message.get("body", b""))

    await call.app(call.scope, call.receive, keep)
    return start, b"".join(parts)


async def without_accept(call: Call) -> None:
    """The answer to a client that did not say which form it wants."""
    headers = [(name, text) for name, text in call.scope["headers"] if name != b"accept"]
    await call.app({**call.scope, "headers": headers}, call.receive, call.send)


async def slow(call: Call) -> None:
    """The own answer, late."""
    body = await _request_body(call.receive)
    seconds = COLD_START_SECONDS if call.seconds is None else call.seconds
    if not await _client_leaves(call.receive, seconds):
        await call.app(call.scope, _once_more(body, call.receive), call.send)


async def hang(call: Call) -> None:
    """No answer; when the client has not gone after a long time the connection is closed."""
    seconds = HANG_SECONDS if call.seconds is None else call.seconds
    if not await _client_leaves(call.receive, seconds):
        await _reset(call)


async def reset(call: Call) -> None:
    """No answer to the complete request, and the connection is reset (a TCP RST, not a FIN)."""
    # A reset while the client still sends would look different from run to run.
    await _request_body(call.receive)
    await _reset(call)


async def _reset(call: Call) -> None:
    connection = _connection(call)
    # Without this option the client sees an orderly end of the connection.
    connection.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    connection.abort()
    await _until_client_leaves(call.receive)


async def cut(call: Call) -> None:
    """The own headers, half of the body that they announce, then the end of the connection."""
    start, body = await _own_answer(call)
    await call.send(start)
    await call.send({"type": "http.response.body", "body": first_half(body), "more_body": True})
    _connection(call).close()
    await _until_client_leaves(call.receive)


def _connection(call: Call) -> asyncio.Transport:
    connection: asyncio.Transport = call.scope["state"][CONNECTION]
    return connection


async def _request_body(receive: Receive) -> bytes:
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def _once_more(body: bytes, receive: Receive) -> Receive:
    """What gives a body that was already received, and then what comes after it."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def once_more() -> Message:
        return waiting.pop() if waiting else await receive()

    return once_more


async def _client_leaves(receive: Receive, seconds: float) -> bool:
    """Wait so long, or until the client goes; whether it went."""
    try:
        async with asyncio.timeout(seconds):
            await _until_client_leaves(receive)
    except TimeoutError:
        return False
    return True


async def _until_client_leaves(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
