"""E-mail, Slack-compatible webhook and generic webhook.

Here belongs how a message travels and what is said where it does not arrive: host and kind of failure, never an
address or a password, which is why no library's error is passed on. Not here: what is told (``message``).
"""

from __future__ import annotations

import logging
import smtplib
import ssl
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime, localtime
from typing import Any, Protocol
from urllib.parse import urlsplit

import orjson
import requests
import tenacity

from k2025_pipeline import __version__
from k2025_pipeline.alerts.configuration import AlertSettings, Smtp
from k2025_pipeline.alerts.message import Message

TIMEOUT = 5.0
"""Seconds for each step of a delivery: Dagster gives a sensor sixty for everything."""
ATTEMPTS, PAUSE = 2, 1.0
TRY_AGAIN = {429, 500, 502, 503, 504}


@dataclass(frozen=True)
class Delivery:
    """How a delivery went.

    Attributes:
        arrived: whether the other side took it. problem: what went wrong, in one sentence without secrets; may be
            there also where it arrived, as when one of several recipients was refused. again: whether another attempt
            at once may help.
    """

    arrived: bool
    problem: str = ""
    again: bool = False


class Channel(Protocol):
    """A way to tell somebody."""

    @property
    def name(self) -> str:
        """``email``, ``slack`` or ``webhook``."""

    @property
    def target(self) -> str:
        """Whom it reaches, without secrets."""

    def send(self, message: Message) -> Delivery:
        """Deliver a message."""


def channels(settings: AlertSettings) -> list[Channel]:
    """Every channel that is configured."""
    found: list[Channel] = []
    if settings.smtp:
        found.append(Email(settings.smtp))
    if settings.slack_url:
        found.append(Slack(settings.slack_url))
    if settings.webhook_url:
        found.append(Webhook(settings.webhook_url))
    return found


@dataclass(frozen=True)
class Email:
    """One e-mail to all recipients."""

    smtp: Smtp
    name: str = "email"

    @property
    def target(self) -> str:
        """Whom it reaches."""
        return f"{', '.join(self.smtp.recipients)} ({self._server})"

    @property
    def _server(self) -> str:
        return f"{self.smtp.host}:{self.smtp.port}"

    def send(self, message: Message) -> Delivery:
        """See :class:`Channel`."""
        try:
            refused = self._deliver(_mail(self.smtp, message))
        except (smtplib.SMTPException, OSError) as error:
            return Delivery(False, f"{self.name}: {self._server} {_smtp_problem(error)}")
        if refused:
            return Delivery(
                True, f"{self.name}: {self._server} refused {len(refused)} of the addresses in K2025_ALERT_SMTP_TO."
            )
        return Delivery(True)

    def _deliver(self, mail: EmailMessage) -> dict[str, Any]:
        trusted = ssl.create_default_context()
        if self.smtp.security == "ssl":
            server: smtplib.SMTP = smtplib.SMTP_SSL(self.smtp.host, self.smtp.port, timeout=TIMEOUT, context=trusted)
        else:
            server = smtplib.SMTP(self.smtp.host, self.smtp.port, timeout=TIMEOUT)
        with server:
            if self.smtp.security == "starttls":
                server.starttls(context=trusted)
            if self.smtp.user:
                server.login(self.smtp.user, self.smtp.password)
            return server.send_message(mail)


def _mail(smtp: Smtp, message: Message) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = message.subject
    mail["From"] = smtp.sender
    mail["To"] = ", ".join(smtp.recipients)
    mail["Date"] = format_datetime(localtime())
    # The same at every attempt: a mail server or reader may then drop a copy that arrives twice.
    mail["Message-ID"] = f"<{message.id}@{smtp.sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text)
    return mail


def _smtp_problem(error: Exception) -> str:
    """What a failed delivery means, without the words of the server, which may quote anything."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "refused the log-in: check K2025_ALERT_SMTP_USER and K2025_ALERT_SMTP_PASSWORD."
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "does not offer what K2025_ALERT_SMTP_SECURITY or a log-in asks for."
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "refused every address in K2025_ALERT_SMTP_TO."
    if isinstance(error, smtplib.SMTPSenderRefused):
        return f"refused the address in K2025_ALERT_SMTP_FROM ({error.smtp_code})."
    if isinstance(error, ssl.SSLError):
        return "has no certificate that this machine trusts, or speaks no TLS: check K2025_ALERT_SMTP_SECURITY."
    if isinstance(error, smtplib.SMTPResponseException):
        return f"answered {error.smtp_code} instead of taking the message."
    return f"does not answer ({type(error).__name__}): check K2025_ALERT_SMTP_HOST, the port and the network."


@dataclass(frozen=True)
class _Post(ABC):
    """Sends JSON to an address that is a secret."""

    url: str = field(repr=False)
    name: str = ""
    variable: str = ""

    @property
    def target(self) -> str:
        """Whom it reaches: the host alone."""
        return urlsplit(self.url).hostname or ""

    @abstractmethod
    def body(self, message: Message) -> dict[str, Any]:
        """What is sent."""

    def send(self, message: Message) -> Delivery:
        """See :class:`Channel`."""
        content = orjson.dumps(self.body(message))
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=tenacity.wait_fixed(PAUSE),
            retry=tenacity.retry_if_result(lambda delivery: delivery.again),
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
        )
        return retrying(self._post, content)

    def _post(self, content: bytes) -> Delivery:
        headers = {"Content-Type": "application/json", "User-Agent": f"k2025-pipeline/{__version__}"}
        try:
            with _unlogged(), requests.Session() as session:
                answer = session.post(self.url, data=content, headers=headers, timeout=TIMEOUT, allow_redirects=False)
        except (requests.RequestException, OSError) as error:
            kind = type(error).__name__
            return Delivery(False, f"{self.name}: {self.target} does not answer ({kind}): check the network.", True)
        if answer.ok and not answer.is_redirect:
            return Delivery(True)
        problem = f"{self.name}: {self.target} answered {answer.status_code}: check {self.variable}."
        return Delivery(False, problem, answer.status_code in TRY_AGAIN)


@dataclass(frozen=True)
class Slack(_Post):
    """A webhook as Slack's, which Mattermost and others understand too."""

    name: str = "slack"
    variable: str = "K2025_ALERT_SLACK_URL"

    def body(self, message: Message) -> dict[str, Any]:
        """``{"text": …}``."""
        return {"text": f"*{slack_text(message.subject)}*\n{slack_text(message.text)}"}


def slack_text(text: str) -> str:
    """Text in which nothing calls a channel or a person, and nothing is a link but addresses of our own.

    Slack's own escapes are for ``& < >``. Mattermost also reads ``@all`` and Markdown links.
    """
    for sign, escaped in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("@", "(at)"), ("](", "] (")):
        text = text.replace(sign, escaped)
    return text


@dataclass(frozen=True)
class Webhook(_Post):
    """The generic webhook: see docs/alerts.md for its JSON."""

    name: str = "webhook"
    variable: str = "K2025_ALERT_WEBHOOK_URL"

    def body(self, message: Message) -> dict[str, Any]:
        """The message's own JSON."""
        return message.payload


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keep urllib3 quiet: it writes the path of each address to the log, and here the path is the secret."""
    logger = logging.getLogger("urllib3")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)
