"""The pages below ``reports/`` on loopback, so that links in the Dagster UI lead to them.

Here belongs serving files that are there already. Not here: writing them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

LOOPBACK = "127.0.0.1"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """A person reads the terminal; nobody needs a line per page there."""


@contextmanager
def reports(folder: Path, port: int) -> Iterator[str]:
    """Serve ``folder`` while the context lasts.

    Args:
        folder: made where it is missing. port: on loopback; 0 takes a free one.

    Yields:
        The address, without a slash at the end.

    Raises:
        OSError: when the port is taken.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadingHTTPServer((LOOPBACK, port), partial(_Quiet, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://{LOOPBACK}:{server.server_address[1]}"
        finally:
            server.shutdown()
