"""Small things that several unit tests need: JSON-stat documents, a contract, a clock, a loopback server.

Belongs here: what is built, never what is asserted.
"""

from __future__ import annotations

import copy
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import prod
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from k2025_pipeline.catalog.tables import TableContract
from k2025_pipeline.settings import PROJECT_ROOT

API = "/api/pxwebapi/v2"
RECORDINGS = Path(os.environ.get("K2025_RECORDINGS", PROJECT_ROOT.parent / "shared" / "recordings"))
needs_recordings = pytest.mark.skipif(
    not (RECORDINGS / "statbank").is_dir(), reason=f"no recorded answers of Statistics Norway in {RECORDINGS}"
)


def dataset(dimensions: dict[str, list[str]], value: Any = None, **members: Any) -> dict[str, Any]:
    """A JSON-stat 2.0 dataset; without ``value``, its cells are numbered from 0."""
    sizes = [len(codes) for codes in dimensions.values()]
    return {
        "version": "2.0",
        "class": "dataset",
        "label": "a table",
        "source": "test",
        "updated": "2026-06-15T06:00:00Z",
        "id": list(dimensions),
        "size": sizes,
        "dimension": {
            name: {
                "label": name,
                "category": {
                    "index": {code: place for place, code in enumerate(codes)},
                    "label": {code: f"label of {code}" for code in codes},
                },
            }
            for name, codes in dimensions.items()
        },
        "value": list(range(prod(sizes))) if value is None else value,
        **members,
    }


TEXT = {"nb": "tekst", "en": "text"}
CONTRACT: dict[str, Any] = {
    "id": "12345",
    "title": TEXT,
    "description": TEXT,
    "theme": "staffing",
    "dimensions": [
        {
            "code": "Region",
            "role": "region",
            "column": "region_code",
            "coding": "kostra",
            "description": TEXT,
            "evidence": "recorded",
        },
        {
            "code": "Utdanning",
            "role": "category",
            "column": "education",
            "description": TEXT,
            "evidence": "recorded",
            "categories": [
                {
                    "group": "nurse",
                    "code": "01",
                    "labels": ["Sykepleiere"],
                    "name": TEXT,
                    "evidence": "recorded",
                },
                {
                    "group": "other",
                    "code": "02",
                    "labels": ["Andre"],
                    "name": TEXT,
                    "evidence": "recorded",
                },
            ],
        },
        {
            "code": "ContentsCode",
            "role": "measure",
            "column": "measure",
            "description": TEXT,
            "evidence": "recorded",
        },
        {
            "code": "Tid",
            "role": "period",
            "column": "period",
            "description": TEXT,
            "evidence": "recorded",
            "from_period": "2015",
        },
    ],
    "measures": [
        {
            "name": "fte",
            "code": "KOSfte0000",
            "labels": ["Avtalte årsverk"],
            "label": TEXT,
            "unit": "årsverk",
            "decimals": 0,
            "evidence": "recorded",
        }
    ],
    "coverage": {"min_cells": 1, "max_cells": 1000},
    "drift": {
        "rows": 0.25,
        "magnitude": 2,
        "smallest_sample": 5,
        "jump": 3,
        "jump_from": 50,
        "missing_rise": 0.1,
        "zeros_rise": 0.05,
        "unchanged": 0.9,
    },
    "calendar": {"kind": "kostra", "publishes": ["03-15", "06-15"]},
    "reference_time": TEXT,
}


def contract(change: Callable[[dict[str, Any]], object] | None = None) -> TableContract:
    """The contract of table 12345, changed as wished."""
    content = copy.deepcopy(CONTRACT)
    if change is not None:
        change(content)
    return TableContract.model_validate(content)


def table_12345(change: Callable[[dict[str, Any]], object] | None = None) -> dict[str, Any]:
    """Table 12345 as the source has it; it fits :func:`contract`."""
    document = dataset(
        {
            "Region": ["0301", "1508"],
            "Utdanning": ["01", "02"],
            "ContentsCode": ["KOSfte0000"],
            "Tid": ["2014", "2015", "2024"],
        },
        role={"geo": ["Region"], "metric": ["ContentsCode"], "time": ["Tid"]},
        extension={"px": {"tableid": "12345"}},
    )
    for name, labels in {
        "Region": ["Oslo", "Ålesund"],
        "Utdanning": ["Sykepleiere", "Andre"],
        "ContentsCode": ["Avtalte årsverk"],
    }.items():
        category = document["dimension"][name]["category"]
        category["label"] = dict(zip(category["index"], labels, strict=True))
    category = document["dimension"]["ContentsCode"]["category"]
    category["unit"] = {"KOSfte0000": {"base": "årsverk", "decimals": 0}}
    if change is not None:
        change(document)
    return document


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.slept: list[float] = []

    def time(self) -> float:
        """Seconds, as ``time.time`` gives them."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Return at once, later."""
        self.slept.append(seconds)
        self.now += seconds


@dataclass(frozen=True)
class Sent:
    """A request as the server saw it."""

    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body."""
        return orjson.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What the server answers; ``cut`` ends the connection before the promised end of the body."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False

    @property
    def content(self) -> bytes:
        """The bytes of the body."""
        return self.body if isinstance(self.body, bytes) else orjson.dumps(self.body)


class Server:
    """Where the loopback server is, and what it was asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.sent: list[Sent] = []


@contextmanager
def answering(respond: Callable[[Sent], Reply] | list[Reply]) -> Iterator[Server]:
    """Run an HTTP server on loopback.

    Args:
        respond: answers by request, or replies in order, the last one repeated.
    """
    script = list(respond) if isinstance(respond, list) else []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            parts = urlsplit(self.path)
            sent = Sent(
                self.command,
                parts.path,
                {name: values[0] for name, values in parse_qs(parts.query).items()},
                {name.lower(): value for name, value in self.headers.items()},
                self.rfile.read(int(self.headers.get("content-length", 0))),
            )
            server.sent.append(sent)
            reply = (script.pop(0) if len(script) > 1 else script[0]) if script else respond(sent)  # type: ignore[operator]
            self.send_response(reply.status)
            for name, value in {"content-type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(reply.content) + 100 * reply.cut))
            self.end_headers()
            self.wfile.write(reply.content)

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = Server(f"http://127.0.0.1:{http.server_port}")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
