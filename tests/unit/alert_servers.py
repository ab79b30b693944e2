"""A mail server and a web server on loopback that keep what they were sent, and nights to tell about.

Belongs here: what the tests of the alerts share. Not here: what is asserted.
"""

from __future__ import annotations

import base64
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import polars as pl

from k2025_pipeline.alerts.configuration import AlertSettings, Smtp
from k2025_pipeline.catalog.base import Text
from k2025_pipeline.catalog.quality import LevelId
from k2025_pipeline.lake.home import Home
from k2025_pipeline.quality import nights
from k2025_pipeline.quality.nights import Ending, NightRecord
from k2025_pipeline.quality.outcome import Check, Finding, Outcome, Severity

SENDER, RECIPIENTS = "k2025@example.org", ("data@example.org", "quality@example.org")
PASSWORD, TOKEN = "pa55-hemmelig", "T0SECRET/B0SECRET/xyzSECRET"  # nothing real
FIRST = datetime(2026, 11, 25, 3, 15, tzinfo=UTC)
"""04:15 in Oslo."""


@dataclass
class MailServer:
    """Mail that came in, and how the server behaves; no thread is left when it closes."""

    mails: list[EmailMessage] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    down: bool = False
    accepts_login: bool = True
    certificate: ssl.SSLContext | None = None
    wrapped: bool = False
    port: int = 0


class _Smtp(socketserver.StreamRequestHandler):
    server: Any

    def handle(self) -> None:
        self.state: MailServer = self.server.state
        if self.state.down:
            self._say("421 down")
            return
        if self.state.wrapped:
            self._wrap()
        self._say("220 test")
        while line := self.rfile.readline():
            if not self._answer(line.decode().strip()):
                return

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def _wrap(self) -> None:
        assert self.state.certificate is not None
        self.connection = self.state.certificate.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)

    def _answer(self, line: str) -> bool:
        word = line.upper().split(":")[0].split(" ")[0]
        if word == "EHLO":
            offers = ["AUTH PLAIN", *(["STARTTLS"] if self.state.certificate and not self.state.wrapped else [])]
            self._say("\r\n".join(["250-test", *(f"250-{offer}" for offer in offers), "250 8BITMIME"]))
        elif word == "STARTTLS":
            self._say("220 go")
            self._wrap()
        elif word == "AUTH":
            self.state.logins.append(base64.b64decode(line.split()[-1]).decode())
            self._say("235 ok" if self.state.accepts_login else f"535 refused {PASSWORD}")
        elif word == "RCPT":
            address = line.partition("<")[2].partition(">")[0]
            refused = address in self.state.refuses
            if not refused:
                self.state.recipients.append(address)
            self._say("550 unknown" if refused else "250 ok")
        elif word == "DATA":
            self._say("354 go on")
            self.state.mails.append(self._mail())
            self._say("250 taken")
        elif word == "QUIT":
            self._say("221 bye")
            return False
        else:
            self._say("250 ok")
        return True

    def _mail(self) -> EmailMessage:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return message_from_bytes(b"".join(lines), policy=policy.default)  # type: ignore[return-value]


class _Threaded(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@contextmanager
def mail_server(state: MailServer) -> Iterator[MailServer]:
    """Serve mail on a free port of loopback."""
    with _Threaded(("127.0.0.1", 0), _Smtp) as server:
        server.state = state  # type: ignore[attr-defined]
        state.port = server.server_address[1]
        with _served(server):
            yield state


@contextmanager
def _served(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


@dataclass
class WebServer:
    """Bodies that came in by path; ``statuses`` are given one by one, then 200."""

    bodies: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    asked: int = 0
    port: int = 0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}"

    def of(self, path: str) -> list[dict[str, Any]]:
        return [body for found, body in self.bodies if found == f"/{path}"]


class _Web(BaseHTTPRequestHandler):
    server: Any

    def do_POST(self) -> None:
        state: WebServer = self.server.state
        body = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))
        state.asked += 1
        status = state.statuses.pop(0) if state.statuses else 200
        if status == 200:
            state.bodies.append((self.path, body))
        self.send_response(status)
        if status in (301, 302):
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: Any) -> None:
        pass


@contextmanager
def web_server(state: WebServer) -> Iterator[WebServer]:
    """Serve webhooks on a free port of loopback."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Web) as server:
        server.state = state  # type: ignore[attr-defined]
        state.port = server.server_address[1]
        with _served(server):
            yield state


def by_mail(server: MailServer, **more: Any) -> AlertSettings:
    """Only e-mail, unprotected, without log-in."""
    return AlertSettings(smtp=Smtp("127.0.0.1", server.port, "none", SENDER, RECIPIENTS), **more)


def outcome(
    asset: str = "raw/ssb_12209",
    name: str = "answered",
    runbook: str = "source-unreachable",
    failed: int = 1,
    severity: Severity = "error",
    blocking: bool = False,
    previous: int | None = None,
    message: str = "no answer",
    advice: str = "",
    level: LevelId = "admission",
) -> Outcome:
    """A check that failed, or held where ``failed`` is 0."""
    rule = Text(nb="Kilden svarte.", en="The source answered.")
    check = Check(asset, name, level, "k2025", rule, severity, blocking, "schemas/quality.yml", runbook)
    return Outcome(check, Finding(failed == 0, failed, message=message, advice=advice), previous)


def write_night(
    home: Home,
    outcomes: list[Outcome],
    started: datetime = FIRST,
    ending: Ending = "published",
    run_id: str | None = None,
    kind: str = "ssb",
    **more: Any,
) -> str:
    """Write a night by the record's own writer; gives its run's id."""
    run = run_id or f"run-{started:%Y%m%dT%H%M}"
    record = NightRecord(
        started_at=started.isoformat(),
        finished_at=(started + timedelta(minutes=4)).isoformat(),
        source="live" if kind == "ssb" else kind,
        kind=kind,
        ending=ending,
        run_id=run,
        seconds=240.0,
        published_at=more.pop("published_at", (FIRST - timedelta(days=1)).isoformat()),
        **more,
    )
    nights.write(home, record, outcomes, pl.DataFrame(schema=nights.QUALITY))
    return run
