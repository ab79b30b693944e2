"""Assets of the raw layer: one per Statbank table and Klass classification."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from k2025_pipeline.catalog import Catalog
from k2025_pipeline.ingest.session import FetchOutcome
from k2025_pipeline.night import Contract
from k2025_pipeline.orchestration.common import NIGHT, Gate, check_result, night_of
from k2025_pipeline.quality.findings import of_delivery


def raw_assets(catalog: Catalog, gate: Gate) -> list[dg.AssetsDefinition]:
    """One asset per declaration: exactly the bytes received."""
    contracts: list[Contract] = [*catalog.classifications.values(), *catalog.tables.values()]
    return [_raw_asset(contract, gate) for contract in contracts]


def _raw_asset(contract: Contract, gate: Gate) -> dg.AssetsDefinition:
    name = f"raw/{contract.name}"
    key = dg.AssetKey(name.split("/"))

    @dg.asset(
        key=key,
        group_name="raw",
        description=f"{contract.title.nb} / {contract.title.en}\n\nSvarene slik de ble levert / answers as delivered.",
        owners=[contract.owner],
        kinds={"json"},
        tags={"layer": "raw"},
        metadata={"kilde": dg.MetadataValue.url(contract.url), "lisens": contract.licence},
        freshness_policy=gate.freshness,
        required_resource_keys={NIGHT},
        check_specs=gate.specs(name),
    )
    def _asset(context: dg.AssetExecutionContext) -> Iterator[Any]:
        night = night_of(context)
        outcome = night.fetch(contract)
        found = {**of_delivery(outcome), **night.late_at_source(contract)}
        yield dg.MaterializeResult(
            asset_key=key,
            data_version=dg.DataVersion(outcome.delivery.vintage if outcome.delivery else outcome.state),
            metadata=_metadata(outcome),
            check_results=[check_result(night, (name, check), finding) for check, finding in found.items()],
        )

    return _asset


def _metadata(outcome: FetchOutcome) -> dict[str, Any]:
    found = {
        "state": outcome.state,
        "message": outcome.message,
        "requests": outcome.requests,
        "seconds": outcome.seconds,
    }
    if outcome.delivery:
        folder = outcome.delivery.answers[0].path.parent
        found |= {"vintage": outcome.delivery.updated, "archive": dg.MetadataValue.path(folder)}
    return found
