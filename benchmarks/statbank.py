"""A Statbank on loopback in a process of its own, which keeps each answer and gives it again at once.

Here belongs serving the generated table, so that neither the memory nor the making of its answers counts.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from typing import Any

import orjson
from documents import TABLE, UPDATED, codes, document, metadata

CELL_LIMIT = 800_000
CONFIG = {"apiVersion": "2.3.2", "maxDataCells": CELL_LIMIT, "maxCallsPerTimeWindow": 6000, "timeWindow": 60}
LISTED = {"id": TABLE, "updated": UPDATED}
POLICY = "6000;w=60s"


class Handler(BaseHTTPRequestHandler):
    """Answers as PxWebApi v2 does, for one table; ``shape`` and ``kept`` are set for each server."""

    shape: tuple[int, int, int]
    kept: dict[bytes, bytes]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        pages: dict[str, Any] = {"metadata": metadata(codes(*self.shape)), "config": CONFIG, TABLE: LISTED}
        self._answer(orjson.dumps(pages[path.rsplit("/", 1)[-1]]))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if body not in self.kept:
            asked = {item["variableCode"]: item["valueCodes"] for item in orjson.loads(body)["selection"]}
            self.kept[body] = orjson.dumps(document(asked))
        self._answer(self.kept[body])

    def _answer(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.send_header("x-ratelimit-policy", POLICY)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def statbank(shape: tuple[int, int, int]) -> Iterator[str]:
    """Serve a table of that many regions, measures and years; gives the server's address."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(shape, there), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        process.terminate()
        process.join()


def _serve(shape: tuple[int, int, int], there: Connection) -> None:
    handler = type("OneTable", (Handler,), {"shape": shape, "kept": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    there.send(server.server_port)
    server.serve_forever()
