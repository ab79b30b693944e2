"""Messages on their way: to a mail server and a web server on loopback, with everything that may go wrong there."""

from __future__ import annotations

import logging
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alert_servers import (
    PASSWORD,
    RECIPIENTS,
    SENDER,
    TOKEN,
    MailServer,
    WebServer,
    by_mail,
    mail_server,
    web_server,
)
from k2025_pipeline.alerts import channels as ways
from k2025_pipeline.alerts.channels import Email, Slack, Webhook, channels
from k2025_pipeline.alerts.configuration import AlertSettings, Smtp, WrongConfiguration
from k2025_pipeline.alerts.message import Message

HOSTILE = "Pris\r\nBcc: all@example.org\r\n\r\n<!channel> <https://evil.example|her> @all [her](http://evil.example)"
MESSAGE = Message("a1b2", "[K2025] Feil: Kilden svarer ikke", "Linje 1\n.\nÆØÅ\n", {"kind": "cause"})
SMTP = {"HOST": "mail.example.org", "FROM": SENDER, "TO": ", ".join(RECIPIENTS)}


def environment(**variables: str) -> dict[str, str]:
    return {f"K2025_ALERT_{name}": value for name, value in variables.items()}


def smtp_environment(**variables: str) -> dict[str, str]:
    return environment(**{f"SMTP_{name}": value for name, value in (SMTP | variables).items()})


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with mail_server(MailServer()) as server:
        yield server


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    monkeypatch.setattr(ways, "PAUSE", 0.0)
    with web_server(WebServer()) as server:
        yield server


class TestConfiguration:
    def test_nothing_is_configured_by_default(self) -> None:
        assert not AlertSettings.from_env({}).any

    def test_everything(self) -> None:
        found = AlertSettings.from_env(
            smtp_environment(USER="u", PASSWORD=PASSWORD, TO="a@b.no; c@d.no,")
            | environment(SLACK_URL=f"https://hooks.example/{TOKEN}", WEBHOOK_URL="http://x/y", WEEKLY="Monday")
        )
        assert found.smtp == Smtp("mail.example.org", 587, "starttls", SENDER, ("a@b.no", "c@d.no"), "u", PASSWORD)
        assert found.weekly == 0
        assert PASSWORD not in repr(found) and TOKEN not in repr(found) and "http" not in repr(found)

    @pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("ssl", 465), ("none", 25)])
    def test_each_security_has_its_port(self, security: str, port: int) -> None:
        smtp = AlertSettings.from_env(smtp_environment(SECURITY=security)).smtp
        assert smtp is not None and smtp.port == port

    @pytest.mark.parametrize(
        ("variables", "named"),
        [
            (environment(SMTP_TO="a@b.no"), "SMTP_HOST"),
            (environment(SMTP_PASSWORD=PASSWORD), "SMTP_HOST"),
            (smtp_environment(HOST="mail.example.org/x"), "SMTP_HOST"),
            (smtp_environment(PORT="many"), "SMTP_PORT"),
            (smtp_environment(PORT="70000"), "SMTP_PORT"),
            (smtp_environment(SECURITY="tls"), "SMTP_SECURITY"),
            (smtp_environment(FROM=""), "SMTP_FROM"),
            (smtp_environment(FROM="a@b.no\nBcc: c@d.no"), "SMTP_FROM"),
            (smtp_environment(TO=""), "SMTP_TO"),
            (smtp_environment(TO="a@b.no, somebody"), "SMTP_TO"),
            (smtp_environment(USER="u"), "SMTP_PASSWORD"),
            (smtp_environment(PASSWORD=PASSWORD), "SMTP_USER"),
            (smtp_environment(USER="u", PASSWORD=PASSWORD, SECURITY="none"), "SMTP_SECURITY"),
            (environment(SLACK_URL=f"hooks.example/{TOKEN}"), "SLACK_URL"),
            (environment(WEBHOOK_URL=f"ftp://x/{TOKEN}"), "WEBHOOK_URL"),
            (environment(WEBHOOK_URL=f"http://[x/{TOKEN}"), "WEBHOOK_URL"),
            (environment(WEBHOOK_URL=f"http://x:port/{TOKEN}"), "WEBHOOK_URL"),
            (environment(WEEKLY="mandag"), "WEEKLY"),
        ],
    )
    def test_a_wrong_variable_is_named_and_no_secret_told(self, variables: dict[str, str], named: str) -> None:
        with pytest.raises(WrongConfiguration, match=rf"^K2025_ALERT_{named} .+\.$") as refused:
            AlertSettings.from_env(variables)
        assert "\n" not in str(refused.value)
        assert PASSWORD not in str(refused.value) and TOKEN not in str(refused.value)
        assert refused.value.__context__ is None


class TestEmail:
    def test_one_mail_to_all_recipients(self, mail: MailServer) -> None:
        (email,) = channels(by_mail(mail))
        assert email.send(MESSAGE) == ways.Delivery(True)
        (got,) = mail.mails
        assert (got["Subject"], got["From"], got["To"]) == (MESSAGE.subject, SENDER, ", ".join(RECIPIENTS))
        assert got["Message-ID"] == "<a1b2@example.org>"
        assert got["Auto-Submitted"] == "auto-generated"
        assert got.get_content().splitlines() == MESSAGE.text.splitlines()
        assert got.get_content_type() == "text/plain"
        assert mail.recipients == list(RECIPIENTS) and mail.logins == []

    def test_a_refused_recipient_is_told_and_the_others_are_not_asked_again(self, mail: MailServer) -> None:
        mail.refuses = {RECIPIENTS[1]}
        delivery = channels(by_mail(mail))[0].send(MESSAGE)
        assert delivery.arrived and "refused 1 of the addresses" in delivery.problem
        mail.refuses = set(RECIPIENTS)
        delivery = channels(by_mail(mail))[0].send(MESSAGE)
        assert not delivery.arrived and "every address" in delivery.problem

    def test_a_server_that_is_down(self, mail: MailServer) -> None:
        mail.down = True
        delivery = channels(by_mail(mail))[0].send(MESSAGE)
        assert not delivery.arrived and f"127.0.0.1:{mail.port} answered 421" in delivery.problem
        closed = replace(by_mail(mail).smtp, port=1)  # type: ignore[type-var]
        assert "does not answer (ConnectionRefusedError)" in Email(closed).send(MESSAGE).problem

    def test_a_refused_log_in_tells_no_password_even_where_the_server_repeats_it(self, mail: MailServer) -> None:
        mail.accepts_login = False
        smtp = replace(by_mail(mail).smtp, user="u", password=PASSWORD)  # type: ignore[type-var]
        delivery = Email(smtp).send(MESSAGE)
        assert not delivery.arrived and "K2025_ALERT_SMTP_PASSWORD" in delivery.problem
        assert mail.logins == [f"\0u\0{PASSWORD}"]
        assert PASSWORD not in repr(delivery) + repr(Email(smtp))

    def test_no_password_is_sent_where_the_server_offers_no_protection(self, mail: MailServer) -> None:
        smtp = replace(by_mail(mail).smtp, security="starttls", user="u", password=PASSWORD)  # type: ignore[type-var]
        delivery = Email(smtp).send(MESSAGE)
        assert not delivery.arrived and "does not offer" in delivery.problem
        assert mail.logins == [] and mail.mails == []

    def test_a_subject_with_line_breaks_cannot_become_a_header(self, mail: MailServer) -> None:
        with pytest.raises(ValueError, match="linefeed"):
            channels(by_mail(mail))[0].send(replace(MESSAGE, subject=HOSTILE))
        assert mail.mails == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not on this machine")
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    made = ["-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", file]
    made += ["-addext", "subjectAltName=IP:127.0.0.1", "-out", f"{file}.crt"]
    subprocess.run(["openssl", "req", "-x509", *made], check=True, capture_output=True)
    file.write_bytes(file.read_bytes() + Path(f"{file}.crt").read_bytes())
    return file


@pytest.mark.parametrize("security", ["starttls", "ssl"])
def test_mail_goes_protected_to_a_server_that_is_trusted_and_to_no_other(
    certificate: Path, security: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with mail_server(MailServer(certificate=context, wrapped=security == "ssl")) as server:
        smtp = Smtp("127.0.0.1", server.port, security, SENDER, RECIPIENTS, "u", PASSWORD)
        assert "no certificate that this machine trusts" in Email(smtp).send(MESSAGE).problem
        assert server.logins == [] and server.mails == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert Email(smtp).send(MESSAGE) == ways.Delivery(True)
        assert server.logins == [f"\0u\0{PASSWORD}"] and len(server.mails) == 1


class TestWebhooks:
    def test_slack_gets_text_and_the_generic_webhook_the_documented_json(self, web: WebServer) -> None:
        assert Slack(web.url("slack")).send(MESSAGE).arrived
        assert Webhook(web.url("hook")).send(MESSAGE).arrived
        assert web.of("slack") == [{"text": "*[K2025] Feil: Kilden svarer ikke*\nLinje 1\n.\nÆØÅ\n"}]
        assert web.of("hook") == [MESSAGE.payload]

    def test_nobody_is_called_and_nothing_linked_from_a_label(self, web: WebServer) -> None:
        Slack(web.url("slack")).send(replace(MESSAGE, text=HOSTILE))
        text = web.of("slack")[0]["text"]
        assert "<" not in text and ">" not in text and "@" not in text and "](" not in text
        assert "&lt;!channel&gt;" in text

    @pytest.mark.parametrize("status", [429, 500, 503])
    def test_a_passing_failure_is_tried_again_once(self, web: WebServer, status: int) -> None:
        web.statuses = [status]
        assert Webhook(web.url("hook")).send(MESSAGE).arrived
        assert web.asked == 2 and len(web.bodies) == 1

    @pytest.mark.parametrize(("status", "asked"), [(503, 2), (403, 1), (404, 1), (302, 1)])
    def test_a_lasting_one_is_told_with_the_host_alone(self, web: WebServer, status: int, asked: int) -> None:
        web.statuses = [status] * 9
        delivery = Slack(web.url(TOKEN)).send(MESSAGE)
        assert not delivery.arrived and web.asked == asked
        assert delivery.problem == f"slack: 127.0.0.1 answered {status}: check K2025_ALERT_SLACK_URL."

    def test_no_address_is_told_to_the_log_or_in_errors(self, web: WebServer, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        slack, closed = Slack(web.url(TOKEN)), Webhook(f"http://127.0.0.1:1/{TOKEN}")
        assert slack.send(MESSAGE).arrived
        failed = closed.send(MESSAGE)
        assert "webhook: 127.0.0.1 does not answer (ConnectionError)" in failed.problem
        assert "SECRET" not in caplog.text + repr(slack) + repr(closed) + repr(failed) + slack.target
