"""Sensors that tell people how a run ended; what they tell is decided in ``alerts``."""

from pathlib import Path
from typing import Any

import dagster as dg

from k2025_pipeline.alerts.configuration import AlertSettings
from k2025_pipeline.alerts.telling import resend, tell
from k2025_pipeline.lake.home import Home
from k2025_pipeline.orchestration.failures import why
from k2025_pipeline.orchestration.jobs import NIGHTLY
from k2025_pipeline.settings import Settings

NOBODY = (
    "Ingen varslingskanal er satt opp, se docs/alerts.md / no channel for alerts is configured "
    "(K2025_ALERT_SMTP_HOST, K2025_ALERT_SLACK_URL, K2025_ALERT_WEBHOOK_URL)."
)
NO_NEWS = "Ikke noe nytt å melde / nothing new to tell."
NOT_OWED = "Alt som er meldt, er kommet fram / nothing waits to be delivered."
RUNNING = dg.DefaultSensorStatus.RUNNING
INTERVAL = 60
"""Seconds between two looks at what has ended, and between two attempts to deliver what did not arrive."""


def alert_sensors(settings: Settings, job: Any) -> list[dg.SensorDefinition]:
    """One sensor for runs that failed, one for runs that succeeded, and one for messages that did not arrive.

    Dagster calls a run status sensor once per run, also when it failed: the third one is what tries again.
    """

    @dg.run_failure_sensor(
        name="nightly_failed",
        monitored_jobs=[job],
        minimum_interval_seconds=INTERVAL,
        default_status=RUNNING,
        description="Melder hvorfor en kjøring feilet, én melding per årsak / tells why a run failed.",
    )
    def _failed(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
        run_id = context.dagster_run.run_id
        return _tell(settings, run_id, failure_of(context.instance, run_id, settings.home))

    @dg.run_status_sensor(
        run_status=dg.DagsterRunStatus.SUCCESS,
        name="nightly_checks",
        monitored_jobs=[job],
        minimum_interval_seconds=INTERVAL,
        default_status=RUNNING,
        description="Melder kontroller som ikke holdt, én melding per årsak / tells which checks failed.",
    )
    def _succeeded(context: dg.RunStatusSensorContext) -> dg.SkipReason | None:
        return _tell(settings, context.dagster_run.run_id, None)

    @dg.sensor(
        name="alerts_undelivered",
        minimum_interval_seconds=INTERVAL,
        default_status=RUNNING,
        description="Sender på nytt det som ikke kom fram / sends again what did not arrive.",
    )
    def _undelivered() -> dg.SkipReason:
        if not AlertSettings.from_env().any:
            return dg.SkipReason(NOBODY)
        sent = resend(Home(settings.home), settings)
        return dg.SkipReason(f"Sendt / sent: {'; '.join(sent)}" if sent else NOT_OWED)

    return [_failed, _succeeded, _undelivered]


def _tell(settings: Settings, run_id: str, failure: str | None) -> dg.SkipReason | None:
    if not AlertSettings.from_env().any:
        return dg.SkipReason(NOBODY)
    sent = tell(Home(settings.home), settings, run_id, failure)
    return None if sent else dg.SkipReason(NO_NEWS)


def failure_of(instance: dg.DagsterInstance, run_id: str, home: Path) -> str | None:
    """Why a run failed, in the words of the steps that did, or of Dagster; None where it did not fail.

    Args:
        instance: of Dagster. run_id: the run. home: whose disk may have been full.
    """
    failed = _events(instance, run_id, dg.DagsterEventType.RUN_FAILURE)
    if not failed:
        return None
    steps: dict[str, list[str]] = {}
    for event in _events(instance, run_id, dg.DagsterEventType.STEP_FAILURE):
        error = event.step_failure_data.error
        steps.setdefault(why(error, home) if error else "no error was recorded", []).append(event.step_key or "")
    said = [f"{names[0]}{f' (+{len(names) - 1})' if names[1:] else ''}: {error}" for error, names in steps.items()]
    return "; ".join(said) or failed[-1].message or "The run failed."


def _events(instance: dg.DagsterInstance, run_id: str, kind: dg.DagsterEventType) -> list[dg.DagsterEvent]:
    records = instance.get_records_for_run(run_id, of_type=kind).records
    return [record.event_log_entry.dagster_event for record in records if record.event_log_entry.dagster_event]


def newest_run(instance: dg.DagsterInstance) -> str | None:
    """Id of the newest run of the nightly job."""
    runs = instance.get_runs(dg.RunsFilter(job_name=NIGHTLY), limit=1)
    return runs[0].run_id if runs else None
