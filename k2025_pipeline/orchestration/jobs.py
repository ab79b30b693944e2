"""The nightly job, its two schedules, and the resource that its steps share."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from k2025_pipeline.catalog import Catalog
from k2025_pipeline.night import LogReporter, Night, Reporter
from k2025_pipeline.orchestration.common import Gate
from k2025_pipeline.orchestration.publication import MORNING_PAGE
from k2025_pipeline.quality import morning
from k2025_pipeline.quality.morning import MorningPage
from k2025_pipeline.settings import Settings

NIGHTLY = "nightly_refresh"
OSLO = "Europe/Oslo"


def night_resource(
    settings: Settings, catalog: Catalog, gate: Gate, reporter: Reporter | None
) -> dg.ResourceDefinition:
    """The state of one run; when it ends, however it ends, the morning page is written and shown."""

    @dg.resource(
        config_schema={
            "force": dg.Field(bool, default_value=False, description="Fetch everything anew."),
            "only": dg.Field([str], default_value=[], description="Table ids to ask for; empty for all."),
        },
        description="Det stegene i en kjøring deler / what the steps of a run share.",
    )
    def _night(context: dg.InitResourceContext) -> Iterator[Night]:
        config: dict[str, Any] = context.resource_config
        night = Night(
            settings,
            catalog,
            reporter or LogReporter(),
            force=config["force"],
            only=tuple(config["only"]),
            checks=gate.checks,
            run_id=context.run_id,
        )
        try:
            yield night
        finally:
            page = night.close()
            if page is not None and context.instance is not None:
                context.instance.report_runless_asset_event(_shown(page, settings))

    return _night


def _shown(page: MorningPage, settings: Settings) -> dg.AssetMaterialization:
    return dg.AssetMaterialization(
        MORNING_PAGE,
        description=page.headline,
        metadata={
            "report": dg.MetadataValue.md(page.markdown),
            "page": dg.MetadataValue.url(f"{settings.reports_url}/{morning.LATEST}"),
        },
    )


def nightly_job() -> Any:
    """All assets and checks in one run, in this process."""
    return dg.define_asset_job(
        NIGHTLY,
        selection=dg.AssetSelection.all(),
        executor_def=dg.in_process_executor,
        description="Henter det SSB har endret, prøver det og publiserer / fetches what changed, proves, publishes.",
        tags={"dagster/max_retries": "0"},
    )


def schedules(job: Any) -> list[dg.ScheduleDefinition]:
    """04:15 every day, clear of SSB's 05:00; 08:40 on weekdays, after the publication at 08:00."""
    return [
        dg.ScheduleDefinition(
            name="nightly_0415",
            job=job,
            cron_schedule="15 4 * * *",
            execution_timezone=OSLO,
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description="Hver natt, før SSB bygger om 05:00 / every night, before SSB rebuilds at 05:00.",
        ),
        dg.ScheduleDefinition(
            name="weekdays_0840",
            job=job,
            cron_schedule="40 8 * * 1-5",
            execution_timezone=OSLO,
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description="Hverdager, etter at SSB publiserer 08:00 / weekdays, after SSB publishes at 08:00.",
        ),
    ]
