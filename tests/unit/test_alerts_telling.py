"""From nights in a home to mail and webhooks: once per night and cause, at least once, silent when all is well."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from alert_servers import (
    FIRST,
    PASSWORD,
    SENDER,
    TOKEN,
    MailServer,
    WebServer,
    by_mail,
    mail_server,
    outcome,
    web_server,
    write_night,
)
from k2025_pipeline.alerts import channels as ways
from k2025_pipeline.alerts import message as words
from k2025_pipeline.alerts.causes import GRADES, Broken, Cause, Judged
from k2025_pipeline.alerts.configuration import AlertSettings, Smtp
from k2025_pipeline.alerts.telling import NotDelivered, resend, tell
from k2025_pipeline.cli import main
from k2025_pipeline.lake.home import Home
from k2025_pipeline.settings import PROJECT_ROOT, Settings

KILLED = "The process of this run ended without a word; it was killed."
MORNING = FIRST.replace(hour=7, minute=40)
"""08:40 in Oslo, the same date."""
DAY = timedelta(days=1)


class World:
    """A home, a mail server and a web server, and the calls that a sensor would make."""

    def __init__(self, root: Path, mail: MailServer, web: WebServer) -> None:
        self.home, self.mail, self.web = Home(root), mail, web
        self.home.root.mkdir()
        self.settings = Settings(home=root, source="live")
        self.configured = by_mail(mail)
        self.now = FIRST

    @property
    def everyone(self) -> AlertSettings:
        return AlertSettings(self.configured.smtp, self.web.url("slack"), self.web.url("hook"))

    def night(self, *outcomes: Any, at: datetime = FIRST, failure: str | None = None, **record: Any) -> list[str]:
        """Write a night and tell it, as a sensor does when its run has ended."""
        run = write_night(self.home, list(outcomes), at, **record)
        return self.tell(run, failure, at)

    def tell(self, run: str | None, failure: str | None = None, at: datetime | None = None) -> list[str]:
        self.now = at or self.now
        return tell(self.home, self.settings, run, failure, self.configured, lambda: self.now)

    def resend(self) -> list[str]:
        return resend(self.home, self.settings, self.configured, lambda: self.now)

    @property
    def subjects(self) -> list[str]:
        return [str(mail["Subject"]).strip() for mail in self.mail.mails]

    @property
    def last(self) -> str:
        return str(self.mail.mails[-1].get_content())

    @property
    def memory(self) -> dict[str, Any]:
        return dict(orjson.loads((self.home.root / "alerts.json").read_bytes()))


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(ways, "PAUSE", 0.0)
    with mail_server(MailServer()) as mail, web_server(WebServer()) as web:
        yield World(tmp_path / "home", mail, web)


class TestOneNight:
    def test_nothing_wrong_is_silence(self, world: World) -> None:
        assert world.night(outcome(failed=0), outcome(name="as_declared", failed=0)) == []
        assert world.subjects == [] and world.memory["owed"] == []

    def test_twelve_tables_are_one_message(self, world: World) -> None:
        world.configured = world.everyone
        tables = [outcome(f"raw/ssb_{n}", message=f"{n}: no answer.", advice="Vent.") for n in range(12200, 12212)]
        sent = world.night(*tables)
        assert world.subjects == ["[K2025] Feil: Kilden svarer ikke (12 kontroller), 25. november 2026"]
        assert [one.partition(":")[0] for one in sent] == ["email", "slack", "webhook"]
        assert len(world.web.of("slack")) == len(world.web.of("hook")) == 1
        text = world.last
        assert "- raw/ssb_12200 · answered: 12200: no answer." in text and "… og 7 til" in text
        assert text.count("- Vent.") == 1
        assert "Hva som står: filen som ble publisert 24. november 2026 kl. 04.15." in text
        assert "/runbook/source-unreachable.html" in text
        assert "http://127.0.0.1:3000/runs/run-20261125T0315" in text
        assert "In English: error, «The source does not answer», 12 checks; it did not block." in text
        assert "DEMO" not in text

    def test_the_generic_webhook_tells_the_same_to_machines(self, world: World) -> None:
        world.configured = world.everyone
        world.night(outcome("public/regions", "unique", "acceptance", 3, blocking=True), ending="blocked")
        (body,) = world.web.of("hook")
        assert {k: v for k, v in body.items() if k not in ("id", "text", "subject")} == {
            "product": "k2025",
            "version": 1,
            "kind": "cause",
            "night": "2026-11-25",
            "night_id": "20261125T031500Z",
            "run_id": "run-20261125T0315",
            "run_url": "http://127.0.0.1:3000/runs/run-20261125T0315",
            "ending": "blocked",
            "demo": False,
            "published_at": "2026-11-24T03:15:00+00:00",
            "cause": {
                "grade": "blocking",
                "page": "acceptance",
                "title": {
                    "nb": "En offentlig tabell er ikke som lovet",
                    "en": "A public table is not as promised",
                },
                "runbook": "http://127.0.0.1:3001/runbook/acceptance.html",
                "count": 1,
                "checks": [
                    {"asset": "public/regions", "check": "unique", "failed": 3, "message": "no answer", "advice": ""}
                ],
            },
            "resolved": [],
        }

    def test_two_causes_are_two_messages_the_gravest_first(self, world: World) -> None:
        blocking = [outcome("public/x", f"r{n}", "acceptance", blocking=True) for n in range(7)]
        world.night(outcome(), *blocking, ending="blocked", not_built=["a", "b"])
        assert [s.split(",")[0] for s in world.subjects] == [
            "[K2025] Stanset: En offentlig tabell er ikke som lovet (7 kontroller)",
            "[K2025] Feil: Kilden svarer ikke (raw/ssb_12209)",
        ]
        assert "2 modeller ble ikke bygget." in world.last

    def test_the_same_page_is_two_messages_where_only_some_of_it_blocked(self, world: World) -> None:
        world.night(outcome("a"), outcome("b", blocking=True), ending="blocked")
        assert [s.split(":")[0] for s in world.subjects] == ["[K2025] Stanset", "[K2025] Feil"]

    def test_a_demo_says_so(self, world: World) -> None:
        world.night(outcome(), kind="demo")
        assert world.subjects[0].startswith("[K2025 DEMO] ")
        assert world.last.startswith("DEMO: alle tall er generert")

    def test_a_killed_run_is_told_though_it_left_no_record(self, world: World) -> None:
        world.tell("run-killed", KILLED)
        assert world.subjects == ["[K2025] Stanset: Kjøringen ble avbrutt (nightly_refresh), 25. november 2026"]
        assert "etterlot ingen nattrapport" in world.last and "/runs/run-killed" in world.last
        assert "ingen publisert fil som kan leses" in world.last

    def test_a_run_that_succeeded_and_left_no_record_is_told_and_not_called_blocked(self, world: World) -> None:
        world.tell("run-1")
        [subject] = world.subjects
        assert subject.startswith("[K2025] Feil: Natten etterlot ingen nattrapport (nightly_refresh), ")
        assert "it did not block" in world.last

    def test_a_run_that_could_not_begin_is_told(self, world: World) -> None:
        world.tell(None, "HomeBusy: var is being refreshed by process 7")
        assert "Hjemmet er i bruk" in world.subjects[0]

    def test_a_night_that_cannot_be_read_is_told_too(self, world: World) -> None:
        run = write_night(world.home, [])
        next(world.home.nights.glob("*/night.json")).write_text("{")
        world.tell(run)
        assert "En fil i hjemmet er skadet" in world.subjects[0]

    def test_no_channel_tells_nobody_and_remembers_nothing(self, world: World) -> None:
        world.configured = AlertSettings()
        assert world.night(outcome()) == []
        assert not (world.home.root / "alerts.json").exists()


class TestManyNights:
    def test_two_runs_of_one_night_tell_a_cause_once(self, world: World) -> None:
        world.night(outcome())
        world.night(outcome(), at=MORNING)
        assert len(world.subjects) == 1

    def test_it_is_told_again_where_it_has_become_blocking(self, world: World) -> None:
        world.night(outcome("public/x", "sum", "relations"))
        world.night(outcome("public/x", "sum", "relations", blocking=True), at=MORNING, ending="blocked")
        world.night(outcome("public/x", "sum", "relations"), at=MORNING + timedelta(hours=1))
        assert [s.split(":")[0] for s in world.subjects] == ["[K2025] Feil", "[K2025] Stanset"]

    def test_what_has_become_milder_the_same_date_is_not_told_again(self, world: World) -> None:
        world.night(outcome(blocking=True), ending="blocked")
        world.night(outcome(), at=MORNING)
        assert len(world.subjects) == 1

    def test_two_killed_runs_of_one_night_are_told_once(self, world: World) -> None:
        world.tell("a", KILLED)
        world.tell("b", KILLED, MORNING)
        world.tell("c", KILLED, FIRST + DAY)
        assert [s.rpartition(", ")[2] for s in world.subjects] == ["25. november 2026", "26. november 2026"]

    def test_an_error_is_told_each_night_until_it_is_mended_and_then_called_so_once(self, world: World) -> None:
        world.night(outcome())
        world.night(outcome(previous=1), at=FIRST + DAY)
        assert world.night(outcome(failed=0, previous=1), at=FIRST + 2 * DAY) == []
        world.night(outcome("typed/a", "contract", "refused-vintage"), outcome(failed=0), at=FIRST + 3 * DAY)
        assert "Løst siden forrige melding: Kilden svarer ikke." in world.last
        world.night(outcome("typed/a", "contract", "refused-vintage"), outcome(failed=0), at=FIRST + 4 * DAY)
        assert "Løst" not in world.last and len(world.subjects) == 4

    def test_an_older_night_mends_nothing_that_broke_after_it(self, world: World) -> None:
        before = write_night(world.home, [outcome(failed=0)])
        world.night(outcome(), at=FIRST + DAY)
        world.tell(before)
        world.night(outcome(previous=1), outcome("a", "b", "drift"), at=FIRST + DAY + timedelta(hours=4))
        assert len(world.subjects) == 2 and "Løst" not in world.last

    def test_a_warning_is_told_once_until_it_ends_or_grows(self, world: World) -> None:
        def warned(failed: int, previous: int | None, day: int) -> int:
            world.night(outcome("typed/a", "drift", "drift", failed, "warn", previous=previous), at=FIRST + day * DAY)
            return len(world.subjects)

        assert [warned(3, None, 0), warned(3, 3, 1), warned(5, 3, 2), warned(4, 5, 3)] == [1, 1, 2, 2]
        assert [warned(0, 4, 4), warned(2, 0, 5)] == [2, 3]

    def test_a_check_that_did_not_run_in_a_blocked_night_is_not_called_mended(self, world: World) -> None:
        drift = outcome("typed/a", "drift", "drift", severity="warn")
        world.night(drift)
        world.night(outcome("public/x", "sum", "relations", blocking=True), at=FIRST + DAY, ending="blocked")
        assert "Løst" not in world.last
        world.night(drift, at=FIRST + 2 * DAY)
        assert len(world.subjects) == 2

    def test_what_stood_before_anybody_was_told_is_not_news(self, world: World) -> None:
        world.night(outcome("typed/a", "known_faults", "known-fault", 40, "warn", previous=40))
        assert world.subjects == []


class TestDelivery:
    def test_a_server_that_is_down_gets_each_message_exactly_once_after(self, world: World) -> None:
        world.mail.down = True
        with pytest.raises(NotDelivered, match=r"email: 127\.0\.0\.1:\d+ answered 421.+sent again") as failed:
            world.night(outcome(), outcome("typed/a", "contract", "refused-vintage"))
        assert failed.value.__context__ is None and failed.value.__cause__ is None
        with pytest.raises(NotDelivered):
            world.resend()
        world.mail.down = False
        assert len(world.resend()) == 2
        assert world.resend() == [] and len(world.subjects) == 2 and world.memory["owed"] == []

    def test_one_channel_that_fails_does_not_stop_the_others(self, world: World) -> None:
        world.configured = world.everyone
        world.mail.down = True
        world.web.statuses = [403]
        with pytest.raises(NotDelivered, match=r"email: .+ slack: 127\.0\.0\.1 answered 403"):
            world.night(outcome())
        assert len(world.web.of("hook")) == 1
        assert world.memory["owed"][0]["channels"] == ["email", "slack"]
        world.mail.down = False
        world.resend()
        assert (len(world.subjects), len(world.web.of("slack")), len(world.web.of("hook"))) == (1, 1, 1)

    def test_a_night_that_is_owed_is_told_before_the_next(self, world: World) -> None:
        world.mail.down = True
        with pytest.raises(NotDelivered):
            world.night(outcome("typed/a", "drift", "drift", severity="warn"))
        world.mail.down = False
        world.night(outcome(), outcome("typed/a", "drift", "drift", severity="warn", previous=1), at=FIRST + DAY)
        assert [s.split(" ", 1)[1] for s in world.subjects] == [
            "Merk: Utgaven er ulik den forrige (typed/a), 25. november 2026",
            "Feil: Kilden svarer ikke (raw/ssb_12209), 26. november 2026",
        ]

    def test_a_run_that_is_told_twice_is_owed_and_told_once(self, world: World) -> None:
        world.mail.down = True
        for _ in range(2):
            with pytest.raises(NotDelivered):
                world.tell("run-killed", KILLED)
        assert len(world.memory["owed"]) == 1
        world.mail.down = False
        world.tell("run-killed", KILLED)
        assert len(world.subjects) == 1

    def test_a_channel_that_failed_is_left_alone_for_the_rest_of_the_call(self, world: World) -> None:
        world.configured = AlertSettings(webhook_url=world.web.url("hook"), weekly=0)
        world.web.statuses = [403] * 9
        with pytest.raises(NotDelivered):
            world.night(outcome())
        assert world.web.asked == 1 and len(world.memory["owed"]) == 2

    def test_after_a_week_it_is_given_up_and_said_so(self, world: World) -> None:
        world.mail.down = True
        with pytest.raises(NotDelivered):
            world.night(outcome())
        world.now = FIRST + 8 * DAY
        with pytest.raises(NotDelivered, match="A message of 2026-11-25 to email is given up"):
            world.resend()
        assert world.resend() == []

    def test_a_refused_recipient_is_told_once_and_nobody_gets_it_twice(self, world: World) -> None:
        world.mail.refuses = {"quality@example.org"}
        with pytest.raises(NotDelivered, match="refused 1 of the addresses"):
            world.night(outcome())
        assert world.resend() == [] and len(world.subjects) == 1

    @pytest.mark.parametrize("content", ["{", "[]", '{"channels": 1}', '{"channels": {}, "owed": [{}], "seen": ""}'])
    def test_a_damaged_memory_never_silences(self, world: World, content: str) -> None:
        (world.home.root / "alerts.json").write_text(content)
        with pytest.raises(NotDelivered, match=r"alerts\.json cannot be read .+ told twice"):
            world.night(outcome())
        assert len(world.subjects) == 1 and world.memory["owed"] == []

    def test_a_full_disk_never_silences(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("k2025_pipeline.alerts.memory.write_json", full)
        with pytest.raises(NotDelivered, match=r"alerts\.json cannot be written \(No space left on device\)"):
            world.tell("run", "dbt_core: OSError: [Errno 28] No space left on device")
        assert "Disken er full" in world.subjects[0]

    def test_a_lock_that_cannot_be_made_never_silences(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        def read_only(*_: object, **__: object) -> None:
            raise OSError(30, "Read-only file system")

        monkeypatch.setattr("k2025_pipeline.alerts.memory.FileLock.acquire", read_only)
        with pytest.raises(NotDelivered, match=r"\.alerts\.lock cannot be written"):
            world.tell("run", KILLED)
        assert len(world.subjects) == 1


class TestSignOfLife:
    def test_once_a_week_on_the_first_run_from_that_day_on(self, world: World) -> None:
        world.configured = by_mail(world.mail, weekly=0)
        monday = datetime(2026, 11, 30, 3, 15, tzinfo=UTC)
        for day in (-1, 0, 1, 6, 8):
            world.night(outcome(failed=0), at=monday + day * DAY, ending="unchanged")
        assert world.subjects == [
            "[K2025] Livstegn, 29. november 2026",
            "[K2025] Livstegn, 30. november 2026",
            "[K2025] Livstegn, 8. desember 2026",
        ]
        assert "Siste sju dager: 2 kjøringer: 2 uten nytt." in world.last
        assert "Åpent nå: ingen feil; 0 merknader." in world.last

    def test_it_says_what_is_open_and_is_owed_like_the_rest(self, world: World) -> None:
        world.configured = by_mail(world.mail, weekly=2)
        world.mail.down = True
        with pytest.raises(NotDelivered):
            world.night(outcome(), outcome("a", "drift", "drift", severity="warn", previous=1))
        world.mail.down = False
        assert len(world.resend()) == 2
        assert "Åpent nå: Kilden svarer ikke; 1 merknad." in world.last
        assert world.resend() == []


hostile = st.text(max_size=80) | st.sampled_from(
    ["a\r\nBcc: x@y.no", "<!channel>", "<https://evil.example|her>", "[her](https://evil.example)", "@all", "\ud800"]
)


@given(hostile, hostile, hostile, hostile, st.sampled_from(GRADES))
@examples(max_examples=50)
def test_labels_of_the_source_stay_text_on_every_channel(
    asset: str, check: str, said: str, advice: str, grade: Any
) -> None:
    night = Judged("n", "2026-11-25", "run", None, [], frozenset(), False, None)
    cause = Cause("drift", grade, (Broken(asset, check, 1, None, said, advice),) * 2)
    single = Cause("drift", grade, cause.broken[:1])
    for one in (cause, single):
        message = words.of_cause(night, one, [], words.Places("http://ui", "docs/runbook"))
        mail = ways._mail(Smtp("h", 25, "none", SENDER, (SENDER,)), message)
        assert mail["Bcc"] is None and len(message.subject.splitlines()) == 1
        mail.as_bytes()
        orjson.dumps(message.payload)
        assert message.text.count("://") == 1  # the run's own address
        body = ways.Slack("http://x").body(message)["text"]
        assert "<" not in body and "@" not in body and "](" not in body
        assert all(sign.isprintable() or sign == "\n" for sign in message.text)


class TestCommands:
    @pytest.fixture
    def run(self, world: World, monkeypatch: pytest.MonkeyPatch) -> Any:
        monkeypatch.setenv("K2025_HOME", str(world.home.root))
        monkeypatch.delenv("K2025_SOURCE", raising=False)

        def invoke(*arguments: str, **variables: str) -> Result:
            return CliRunner().invoke(main, arguments, env={f"K2025_ALERT_{k}": v for k, v in variables.items()})

        return invoke

    def mail_variables(self, world: World) -> dict[str, str]:
        smtp = {"HOST": "127.0.0.1", "PORT": str(world.mail.port), "SECURITY": "none", "FROM": SENDER, "TO": SENDER}
        return {f"SMTP_{name}": value for name, value in smtp.items()}

    def test_test_sends_one_to_each_and_says_where_it_went(self, world: World, run: Any) -> None:
        result = run("alert", "test", SLACK_URL=world.web.url(TOKEN), **self.mail_variables(world))
        assert result.exit_code == 0
        assert f"✔ email → {SENDER} (127.0.0.1:{world.mail.port})" in result.output
        assert "✔ slack → 127.0.0.1" in result.output and "SECRET" not in result.output
        assert len(world.mail.mails) == len(world.web.bodies) == 1

    def test_test_fails_where_one_did_not_arrive(self, world: World, run: Any) -> None:
        world.mail.accepts_login = False
        result = run("alert", "test", SMTP_USER="u", SMTP_PASSWORD=PASSWORD, **self.mail_variables(world))
        assert result.exit_code == 1
        assert "✘ email" in result.output and "refused the log-in" in result.output and PASSWORD not in result.output

    def test_without_a_channel_or_with_a_wrong_one_it_says_what_to_set(self, run: Any) -> None:
        assert "Set K2025_ALERT_SMTP_HOST" in run("alert", "test").output
        assert "Set K2025_ALERT_SMTP_HOST" in run("refresh", "--tell").output
        wrong = run("alert", "test", WEEKLY="mandag")
        said, page = wrong.output.splitlines()[-2:]
        assert wrong.exit_code == 2 and said.startswith("k2025: K2025_ALERT_WEEKLY must ")
        assert page == "See docs/runbook/alert-not-delivered.md"

    def test_show_prints_the_last_night_and_sends_nothing(self, world: World, run: Any) -> None:
        assert "Ingenting å melde" in run("alert", "show").output
        write_night(world.home, [outcome()])
        assert "Til / to: ingen / nobody" in run("alert", "show").output
        shown = run("alert", "show", **self.mail_variables(world)).output
        assert f"Til / to: email: {SENDER} (127.0.0.1:" in shown
        assert "Emne / subject: [K2025] Feil: Kilden svarer ikke" in shown
        assert world.mail.mails == [] and not (world.home.root / "alerts.json").exists()
        world.tell("run-20261125T0315")
        assert "Ikke nytt for / not news to: email" in run("alert", "show", **self.mail_variables(world)).output

    def test_a_refresh_that_cannot_begin_is_told_and_keeps_its_status(self, world: World, run: Any) -> None:
        world.home.claim("live")
        world.mail.down = True
        result = run("refresh", "--source", "demo", "--tell", **self.mail_variables(world))
        assert result.exit_code == 2 and "answered 421" in result.output
        world.mail.down = False
        assert world.resend()[0].startswith("email: [K2025] Stanset: Hjemmet hører til en annen kilde")


def test_secrets_are_in_no_file(world: World) -> None:
    smtp = Smtp("127.0.0.1", world.mail.port, "none", SENDER, (SENDER,), "u", PASSWORD)
    world.configured = AlertSettings(smtp, world.web.url(TOKEN), f"http://127.0.0.1:1/{TOKEN}")
    with pytest.raises(NotDelivered) as failed:
        world.night(outcome())
    told = str(failed.value) + "".join(
        path.read_text(errors="replace") for path in world.home.root.rglob("*") if path.is_file()
    )
    assert "webhook: 127.0.0.1 does not answer" in told
    assert "SECRET" not in told and PASSWORD not in told


def test_the_page_names_every_variable_and_every_field_of_the_json(world: World) -> None:
    page = (PROJECT_ROOT / "docs" / "alerts.md").read_text("utf-8")
    package = Path(words.__file__).parent
    code = (package / "configuration.py").read_text("utf-8")
    variables = set(re.findall(r'"((?:SMTP_|SLACK_|WEBHOOK_)[A-Z]+|WEEKLY)"', code))
    assert len(variables) == 10
    assert {name for name in variables if f"`K2025_ALERT_{name}`" not in page} == set()
    world.configured = AlertSettings(webhook_url=world.web.url("hook"), weekly=0)
    world.night(outcome())
    cause, life = world.web.of("hook")
    fields = {*cause, *life, *(f"cause.{name}" for name in cause["cause"]), *cause["cause"]["checks"][0]} - {"cause"}
    assert {name for name in fields if f"`{name}`" not in page} == set()
