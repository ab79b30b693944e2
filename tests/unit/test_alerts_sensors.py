"""The sensors as Dagster's daemon calls them: over runs of an instance, with the cursor that it keeps."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from alert_servers import FIRST, PASSWORD, SENDER, TOKEN, MailServer, mail_server, outcome, write_night
from k2025_pipeline.alerts import channels as ways
from k2025_pipeline.alerts.telling import NotDelivered
from k2025_pipeline.lake.home import Home
from k2025_pipeline.orchestration import alerts
from k2025_pipeline.orchestration.instance import close_dead_runs
from k2025_pipeline.orchestration.jobs import NIGHTLY
from k2025_pipeline.quality.nights import Ending
from k2025_pipeline.settings import Settings


class Broken(Exception):
    """What a step raises."""


@dg.op(config_schema={"fail": dg.Field(bool, default_value=False)})
def step(context: dg.OpExecutionContext) -> None:
    if context.op_config["fail"]:
        try:
            raise OSError(28, "No space left on device")
        except OSError as error:
            raise Broken("The build stopped.") from error


@dg.job(name=NIGHTLY)
def nightly() -> None:
    step()
    step.alias("step_2")()


@dg.job(name="another")
def another() -> None:
    step()


class Daemon:
    """Calls sensors and keeps their cursors, as the daemon does."""

    def __init__(self, instance: dg.DagsterInstance, settings: Settings, mail: MailServer) -> None:
        self.instance, self.home, self.mail = instance, Home(settings.home), mail
        self.sensors = {sensor.name: sensor for sensor in alerts.alert_sensors(settings, nightly)}
        self.cursors: dict[str, str | None] = {}
        for name in self.sensors:
            self.tick(name)

    def tick(self, name: str) -> Any:
        context = dg.build_sensor_context(self.instance, self.cursors.get(name))
        found = self.sensors[name].evaluate_tick(context)
        self.cursors[name] = found.cursor
        return found

    def run(self, *outcomes: Any, fail: bool = False, record: bool = True, job: Any = nightly) -> str:
        config = {"ops": {node.name: {"config": {"fail": fail}} for node in job.nodes}}
        result = job.execute_in_process(config, instance=self.instance, raise_on_error=False)
        if record:
            started = FIRST + timedelta(minutes=len(self.instance.get_runs()))
            ending: Ending = "blocked" if fail else "published"
            write_night(self.home, list(outcomes), started, ending, result.run_id)
        return str(result.run_id)

    @property
    def subjects(self) -> list[str]:
        return [str(mail["Subject"]).strip() for mail in self.mail.mails]


@pytest.fixture
def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    monkeypatch.setattr(ways, "PAUSE", 0.0)
    with mail_server(MailServer()) as mail, dg.DagsterInstance.ephemeral() as instance:
        variables = {"HOST": "127.0.0.1", "PORT": str(mail.port), "SECURITY": "none", "FROM": SENDER, "TO": SENDER}
        for name, value in variables.items():
            monkeypatch.setenv(f"K2025_ALERT_SMTP_{name}", value)
        (tmp_path / "home").mkdir()
        yield Daemon(instance, Settings(home=tmp_path / "home", source="live"), mail)


def error_of(tick: Any) -> str:
    return "".join(reaction.error.to_string() for reaction in tick.dagster_run_reactions or [] if reaction.error)


def test_a_night_with_nothing_wrong_is_silence_and_says_why(daemon: Daemon) -> None:
    daemon.run(outcome(failed=0))
    assert daemon.tick("nightly_checks").skip_message == alerts.NO_NEWS
    assert daemon.tick("nightly_failed").dagster_run_reactions in (None, [])
    assert daemon.subjects == []


def test_failed_checks_of_a_run_that_succeeded_are_told_once(daemon: Daemon) -> None:
    daemon.run(*(outcome(f"raw/ssb_{n}") for n in range(12)))
    tick = daemon.tick("nightly_checks")
    assert len(tick.dagster_run_reactions) == 1 and error_of(tick) == ""
    daemon.tick("nightly_checks")
    assert daemon.subjects == ["[K2025] Feil: Kilden svarer ikke (12 kontroller), 25. november 2026"]


def test_a_failed_run_is_told_with_the_error_that_began_it(daemon: Daemon) -> None:
    daemon.run(fail=True)
    daemon.tick("nightly_failed")
    assert [s.partition(" (")[0] for s in daemon.subjects] == ["[K2025] Stanset: Disken er full"]
    assert "step (+1): OSError: [Errno 28] No space left on device" in daemon.mail.mails[0].get_content()


def test_a_killed_run_is_told_when_it_is_found_dead(daemon: Daemon) -> None:
    run = daemon.instance.create_run_for_job(nightly, status=dg.DagsterRunStatus.STARTED)
    close_dead_runs(daemon.instance)
    daemon.tick("nightly_failed")
    assert [s.partition(" (")[0] for s in daemon.subjects] == ["[K2025] Stanset: Kjøringen ble avbrutt"]
    assert run.run_id in daemon.mail.mails[0].get_content()


def test_runs_that_ended_while_the_daemon_was_down_are_told_when_it_is_back(daemon: Daemon) -> None:
    daemon.run(outcome("typed/a", "contract", "refused-vintage"))
    daemon.run(fail=True, record=False)
    daemon.run(outcome("typed/a", "drift", "drift", severity="warn"))
    daemon.tick("nightly_checks")
    daemon.tick("nightly_failed")
    assert sorted(s.partition(" (")[0] for s in daemon.subjects) == [
        "[K2025] Feil: En utgave ble avvist",
        "[K2025] Merk: Utgaven er ulik den forrige",
        "[K2025] Stanset: Disken er full",
    ]


def test_another_job_is_none_of_its_business(daemon: Daemon) -> None:
    daemon.run(fail=True, record=False, job=another)
    daemon.tick("nightly_failed")
    assert daemon.subjects == []


def test_what_did_not_arrive_is_an_error_of_the_tick_and_told_exactly_once_later(daemon: Daemon) -> None:
    daemon.mail.down = True
    daemon.run(outcome())
    told = error_of(daemon.tick("nightly_checks"))
    assert "NotDelivered" in told and "answered 421" in told
    assert daemon.tick("nightly_checks").dagster_run_reactions in (None, [])  # Dagster calls it once per run
    with pytest.raises(NotDelivered, match="answered 421"):
        daemon.tick("alerts_undelivered")
    daemon.mail.down = False
    assert "Feil: Kilden svarer ikke" in daemon.tick("alerts_undelivered").skip_message
    assert daemon.tick("alerts_undelivered").skip_message == alerts.NOT_OWED
    assert len(daemon.subjects) == 1


def test_secrets_are_in_no_error_of_a_tick(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K2025_ALERT_SMTP_USER", "u")
    monkeypatch.setenv("K2025_ALERT_SMTP_PASSWORD", PASSWORD)
    monkeypatch.setenv("K2025_ALERT_SLACK_URL", f"http://127.0.0.1:1/{TOKEN}")
    daemon.mail.accepts_login = False
    daemon.run(outcome())
    told = error_of(daemon.tick("nightly_checks"))
    assert "slack: 127.0.0.1 does not answer" in told and "refused the log-in" in told
    assert PASSWORD not in told and "SECRET" not in told


def test_without_a_channel_they_skip_and_say_what_to_set(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOST", "PORT", "SECURITY", "FROM", "TO"):
        monkeypatch.delenv(f"K2025_ALERT_SMTP_{name}")
    daemon.run(outcome())
    daemon.run(fail=True, record=False)
    assert [daemon.tick(name).skip_message for name in daemon.sensors] == [alerts.NOBODY] * 3


def test_a_wrong_variable_is_the_error_of_the_tick(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K2025_ALERT_SMTP_PORT", "many")
    daemon.run(outcome())
    assert "K2025_ALERT_SMTP_PORT must be a number" in error_of(daemon.tick("nightly_checks"))


def test_all_three_are_on_from_the_start(daemon: Daemon) -> None:
    assert list(daemon.sensors) == ["nightly_failed", "nightly_checks", "alerts_undelivered"]
    assert {s.default_status for s in daemon.sensors.values()} == {dg.DefaultSensorStatus.RUNNING}


def test_the_newest_run_and_its_failure_are_found_for_the_command_line(daemon: Daemon) -> None:
    assert alerts.newest_run(daemon.instance) is None
    held = daemon.run(record=False)
    failed = daemon.run(record=False, fail=True)
    assert alerts.newest_run(daemon.instance) == failed
    assert alerts.failure_of(daemon.instance, held, daemon.home.root) is None
    said = alerts.failure_of(daemon.instance, failed, daemon.home.root)
    assert said is not None and said.startswith("step (+1): ")
    assert said.endswith("See docs/runbook/disk-full.md"), "a full disk is told as such, whoever met it"
