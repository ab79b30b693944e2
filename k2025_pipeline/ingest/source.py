"""Which source a refresh asks: SSB, a URL, or a local Statbank over a folder or the generated demo.

Here belongs the meaning of ``--source``. A local Statbank is an HTTP server on loopback, so that every
source is asked by the same client in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from k2025_pipeline.lake.home import Home
from k2025_pipeline.pxweb.client import LIVE_URL, source_kind
from k2025_pipeline.pxweb.transport import LOOPBACK, Transport

DEMO_EDITIONS: dict[str, Literal["revised", "unrevised"]] = {"demo": "revised", "demo:unrevised": "unrevised"}


class UnknownSource(Exception):
    """``--source`` is neither a known word, a URL nor a folder of tables."""

    runbook = "wrong-source"


@dataclass(frozen=True)
class OpenSource:
    """A source that can be asked.

    Attributes:
        base_url: where its APIs are. kind: ``ssb``, ``recording``, ``demo`` or ``other``: the column
        ``source`` of every published row.
    """

    base_url: str
    kind: str


SECRET = re.compile(r"[^/\s]*@")
"""A user's name and password before a host, with or without a scheme."""


def without_secrets(source: str) -> str:
    """The source, if it names an address and nothing else: it is written into the home, the log and Dagster.

    Raises:
        UnknownSource: when it carries a password, or a query that may be a key.
    """
    if source.startswith(("http://", "https://")):
        parts = urlsplit(source)
        if "@" in parts.netloc or parts.query or parts.fragment:
            address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
            raise UnknownSource(
                f"source «{address}»: was given with a password or a query, which would stand in the home, its log and "
                "Dagster. Give the address alone; a name and password belong in ~/.netrc, which every request reads."
            )
    return source


def identity(source: str) -> str:
    """What a home is bound to, so that figures of two sources never mix.

    Raises:
        UnknownSource: when the text means nothing, or carries a password.
    """
    if source == "live":
        return "live"
    if source in DEMO_EDITIONS:
        return "demo"
    if without_secrets(source).startswith(("http://", "https://")):
        return "live" if source.rstrip("/") == LIVE_URL else source.rstrip("/")
    folder = Path(source).expanduser().resolve()
    if (folder / "statbank").is_dir():
        return f"folder:{folder}"
    raise UnknownSource(
        f"source «{SECRET.sub('…@', source)}»: say demo, demo:unrevised, live, a URL, "
        "or a folder that holds statbank/*.json."
    )


def keeps_hours(source: str) -> bool:
    """Whether the source reloads and publishes at SSB's hours: not so a local Statbank or a folder."""
    bound = identity(source)
    is_remote = bound.startswith(("http://", "https://")) and urlsplit(bound).hostname not in LOOPBACK
    return bound == "live" or is_remote


@contextmanager
def open_source(source: str, home: Home, transport: Transport) -> Iterator[OpenSource]:
    """Open a source; a local Statbank runs as long as the context.

    Raises:
        UnknownSource: when the text means nothing. SourceError: when a URL does not answer.
    """
    bound = identity(source)
    if bound == "live":
        yield OpenSource(LIVE_URL, "ssb")
    elif source.startswith(("http://", "https://")):
        yield OpenSource(bound, source_kind(bound, transport))
    else:
        from k2025_pipeline.demo.documents import Folder
        from k2025_pipeline.demo.generator import ensure_demo
        from k2025_pipeline.demo.server import LocalStatbank

        is_demo = source in DEMO_EDITIONS
        folder = ensure_demo(home.demo, DEMO_EDITIONS[source]) if is_demo else Path(source).expanduser().resolve()
        with LocalStatbank(folder) as statbank:
            yield OpenSource(statbank.url, Folder(folder).source)
