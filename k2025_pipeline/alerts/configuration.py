"""The ``K2025_ALERT_*`` environment, read into one object that keeps its secrets to itself.

Here belongs who is told and by which way. Not here: what they are told (``message``) and the sending (``channels``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast, get_args
from urllib.parse import urlsplit

Security = Literal["starttls", "ssl", "none"]
PORTS: dict[Security, int] = {"starttls": 587, "ssl": 465, "none": 25}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
PREFIX = "K2025_ALERT_"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
ADDRESS = re.compile(r"[\x21-\x7e]+@[\x21-\x7e]+")


class WrongConfiguration(Exception):
    """A variable of the environment says something that cannot be meant; never quotes a secret."""

    runbook = "alert-not-delivered"


@dataclass(frozen=True)
class Smtp:
    """How e-mail is sent.

    Attributes:
        host, port, security: of the server. sender: address. recipients: addresses. user, password: log-in, or empty.
    """

    host: str
    port: int
    security: Security
    sender: str
    recipients: tuple[str, ...]
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class AlertSettings:
    """Who is told.

    Attributes:
        smtp: e-mail, or None. slack_url, webhook_url: addresses that are secrets themselves, or empty.
        weekly: weekday of the sign of life, Monday is 0; None for none.
    """

    smtp: Smtp | None = None
    slack_url: str = field(default="", repr=False)
    webhook_url: str = field(default="", repr=False)
    weekly: int | None = None

    @property
    def any(self) -> bool:
        """Whether anybody is told at all."""
        return bool(self.smtp or self.slack_url or self.webhook_url)

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None) -> AlertSettings:
        """Read the environment.

        Raises:
            WrongConfiguration: when a variable is wrong or one is missing; names it.
        """
        given = _Variables(os.environ if environment is None else environment)
        return cls(
            smtp=_smtp(given),
            slack_url=_url(given, "SLACK_URL"),
            webhook_url=_url(given, "WEBHOOK_URL"),
            weekly=_weekday(given),
        )


class _Variables:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def get(self, name: str) -> str:
        return self._environment.get(PREFIX + name, "").strip()


def _refuse(name: str, problem: str) -> WrongConfiguration:
    return WrongConfiguration(f"{PREFIX}{name} {problem} See docs/alerts.md.")


def _smtp(given: _Variables) -> Smtp | None:
    host = given.get("SMTP_HOST")
    if not host:
        for name in ("PORT", "SECURITY", "USER", "PASSWORD", "FROM", "TO"):
            if given.get(f"SMTP_{name}"):
                raise _refuse("SMTP_HOST", f"is missing, though {PREFIX}SMTP_{name} is set: name the mail server.")
        return None
    if not re.fullmatch(r"[A-Za-z0-9.:_-]+", host):
        raise _refuse("SMTP_HOST", "is no host name: give the name alone, the port in SMTP_PORT.")
    security = given.get("SMTP_SECURITY") or "starttls"
    if security not in get_args(Security):
        raise _refuse("SMTP_SECURITY", "must be starttls, ssl or none.")
    chosen = cast(Security, security)
    smtp = Smtp(
        host,
        _port(given, chosen),
        chosen,
        _one_address(given),
        _recipients(given),
        given.get("SMTP_USER"),
        given.get("SMTP_PASSWORD"),
    )
    _check_login(smtp)
    return smtp


def _check_login(smtp: Smtp) -> None:
    if bool(smtp.user) != bool(smtp.password):
        missing, there = ("PASSWORD", "USER") if smtp.user else ("USER", "PASSWORD")
        raise _refuse(f"SMTP_{missing}", f"is missing, though {PREFIX}SMTP_{there} is set: give both or neither.")
    if smtp.password and smtp.security == "none" and smtp.host not in LOOPBACK:
        raise _refuse("SMTP_SECURITY", "is none, which would send the password unprotected: use starttls or ssl.")


def _port(given: _Variables, security: Security) -> int:
    text = given.get("SMTP_PORT")
    if not text:
        return PORTS[security]
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) < 65536:
        raise _refuse("SMTP_PORT", "must be a number from 1 to 65535.")
    return int(text)


def _one_address(given: _Variables) -> str:
    sender = given.get("SMTP_FROM")
    if not ADDRESS.fullmatch(sender):
        raise _refuse("SMTP_FROM", "must be one address, as k2025@example.org.")
    return sender


def _recipients(given: _Variables) -> tuple[str, ...]:
    found = tuple(filter(None, (part.strip() for part in re.split("[,;]", given.get("SMTP_TO")))))
    if not found or not all(ADDRESS.fullmatch(address) for address in found):
        raise _refuse("SMTP_TO", "must be addresses with commas between, as a@example.org, b@example.org.")
    return found


def _url(given: _Variables, name: str) -> str:
    url = given.get(name)
    if url and not _is_web_address(url):
        raise _refuse(name, "is no address that begins with https:// or http:// and names a host.")
    return url


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and url.isprintable() and " " not in url


def _weekday(given: _Variables) -> int | None:
    name = given.get("WEEKLY").lower()
    if not name:
        return None
    if name not in WEEKDAYS:
        raise _refuse("WEEKLY", f"must be a weekday in English: {', '.join(WEEKDAYS)}.")
    return WEEKDAYS.index(name)
