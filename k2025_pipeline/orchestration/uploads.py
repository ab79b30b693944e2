"""Assets of uploaded files: raw and typed in one, since a file that is wrong is not taken in at all."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from k2025_pipeline.catalog import Catalog
from k2025_pipeline.catalog.uploads import UploadContract
from k2025_pipeline.ingest.acceptance import Outcome
from k2025_pipeline.ingest.uploads import TOLD_ROWS
from k2025_pipeline.orchestration.common import NIGHT, Gate, check_result, night_of, rows_as_table
from k2025_pipeline.quality.findings import of_upload
from k2025_pipeline.quality.ladder import CONTRACT

GROUP = "uploads"
KLASS = ("klass_131_codes", "klass_131_changes", "klass_104_codes", "klass_104_changes")
"""Which codes were valid when, and what became of them."""


def upload_assets(catalog: Catalog, gate: Gate) -> list[dg.AssetsDefinition]:
    """One asset per upload, each with the check of its contract."""
    return [_upload_asset(contract, gate) for contract in catalog.uploads.values()]


def _upload_asset(contract: UploadContract, gate: Gate) -> dg.AssetsDefinition:
    name = f"{GROUP}/{contract.name}"
    key = dg.AssetKey(name.split("/"))

    @dg.multi_asset(
        name=contract.name,
        specs=[
            dg.AssetSpec(
                key=key,
                deps=[dg.AssetKey(["typed", name]) for name in KLASS],
                group_name=GROUP,
                description=f"{contract.title.nb} / {contract.title.en}\n\n{contract.definition.nb}",
                owners=[contract.owner],
                kinds={"polars", "parquet"},
                tags={"layer": "typed"},
                freshness_policy=gate.freshness,
            )
        ],
        check_specs=gate.specs(name),
        required_resource_keys={NIGHT},
    )
    def _asset(context: dg.AssetExecutionContext) -> Iterator[Any]:
        night = night_of(context)
        outcome = night.receive(contract)
        yield _materialized(outcome, contract, key)
        yield check_result(night, (name, CONTRACT), of_upload(outcome), _errors(outcome))

    return _asset


def _materialized(outcome: Outcome, contract: UploadContract, key: dg.AssetKey) -> dg.MaterializeResult:
    vintage = outcome.vintages.get(contract.name)
    metadata: dict[str, Any] = {"state": outcome.state, "message": outcome.message}
    if vintage is not None:
        metadata |= {
            "dagster/row_count": vintage.rows,
            "vintage": vintage.updated,
            "stale": vintage.stale_because or "no",
        }
    version = vintage.content if vintage else "absent"
    return dg.MaterializeResult(asset_key=key, data_version=dg.DataVersion(version), metadata=metadata)


def _errors(outcome: Outcome) -> dict[str, Any]:
    broken = [result for verdict in outcome.verdicts for result in verdict.results if not result.passed]
    return {f"{r.failed} errors, the first {TOLD_ROWS}": rows_as_table(r.sample) for r in broken}
