"""Assets of uploaded files: raw and typed in one, since a file that is wrong is not taken in at all."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from k2025_pipeline.catalog import Catalog
from k2025_pipeline.catalog.uploads import UploadContract
from k2025_pipeline.ingest.acceptance import Outcome
from k2025_pipeline.ingest.uploads import TOLD_ROWS
from k2025_pipeline.orchestration.common import FRESHNESS, NIGHT, night_of, rows_as_table
from k2025_pipeline.orchestration.typed import CONTRACT

GROUP = "uploads"
KLASS = ("klass_131_codes", "klass_131_changes", "klass_104_codes", "klass_104_changes")
"""Which codes were valid when, and what became of them."""


def upload_assets(catalog: Catalog) -> list[dg.AssetsDefinition]:
    """One asset per upload, each with the check of its contract."""
    return [_upload_asset(contract) for contract in catalog.uploads.values()]


def _upload_asset(contract: UploadContract) -> dg.AssetsDefinition:
    key = dg.AssetKey([GROUP, contract.name])
    description = f"Kontrakten for inputs/{contract.file} holder / the contract of inputs/{contract.file} holds."

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
                freshness_policy=FRESHNESS,
            )
        ],
        check_specs=[dg.AssetCheckSpec(CONTRACT, asset=key, description=description)],
        required_resource_keys={NIGHT},
    )
    def _asset(context: dg.AssetExecutionContext) -> Iterator[Any]:
        outcome = night_of(context).receive(contract)
        yield _materialized(outcome, contract, key)
        yield _check_result(outcome, key)

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


def _check_result(outcome: Outcome, key: dg.AssetKey) -> dg.AssetCheckResult:
    metadata: dict[str, Any] = {"message": outcome.message}
    for verdict in outcome.verdicts:
        for result in (r for r in verdict.results if not r.passed):
            metadata[f"{result.failed} errors, the first {TOLD_ROWS}"] = rows_as_table(result.sample)
            metadata["what to do"] = result.advice
    return dg.AssetCheckResult(
        check_name=CONTRACT,
        asset_key=key,
        passed=outcome.state != "refused",
        severity=dg.AssetCheckSeverity.ERROR,
        metadata=metadata,
    )
