"""The ladder: every check there is, as the declarations imply it.

Here belongs which checks there are, on which level, how grave each is and where its rule stands. Not here: running
them (``validation``, dbt, ``warehouse``) and telling their results (``outcome``). From this list come the checks'
descriptions in the Dagster UI, ``public.check_results`` and ``docs/checks.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from k2025_pipeline.catalog import Catalog, CatalogError
from k2025_pipeline.catalog.classifications import ClassificationContract
from k2025_pipeline.catalog.expectations import ExpectationFile
from k2025_pipeline.catalog.quality import QualityFile, RelationRule
from k2025_pipeline.catalog.tables import TableContract
from k2025_pipeline.quality.outcome import Check, Key

Contract = TableContract | ClassificationContract
Manifest = Mapping[str, Any]

QUALITY_FILE = "schemas/quality.yml"
WAREHOUSE = "published/warehouse"
ANSWERED, AS_DECLARED, STAMP = "answered", "as_declared", "stamp_tells_changes"
ON_TIME_AT_SOURCE, ON_TIME_WITH_US = "on_time_at_source", "on_time_with_us"
CONTRACT, DRIFT, KNOWN_FAULTS = "contract", "drift", "known_faults"
UPLOAD_CONTRACT = "upload_contract"
"""How the check of an upload is declared; on its asset it is called as every contract's."""
AS_PUBLISHED = "as_published"
PUBLICATION = ("tables_present", "columns_documented", "opens_read_only", "not_much_smaller", AS_PUBLISHED)
SHOWN_THRESHOLD = 160
"""Longest threshold that is shown whole; an expectation may list dozens of columns."""


def ladder(catalog: Catalog, manifest: Manifest) -> dict[Key, Check]:
    """Every check by asset and name, in the order in which data meets them.

    Args:
        catalog: the declarations. manifest: of dbt, as ``dbt_project`` parses it.

    Raises:
        CatalogError: for a dbt test of a kind that has no rule in words.
    """
    contracts: list[Contract] = [*catalog.classifications.values(), *catalog.tables.values()]
    checks = [
        *(check for contract in contracts for check in _of_delivery(catalog.quality, contract)),
        *(check for contract in contracts for check in _of_typed(catalog.quality, contract)),
        *_of_uploads(catalog),
        *_of_dbt(catalog.quality, manifest),
        *(check for file in catalog.expectations.values() for check in _of_public(file)),
        *_of_publication(catalog.quality),
    ]
    return {check.key: check for check in checks}


def declared_file(contract: Contract) -> str:
    """The file that declares a table or classification."""
    folder = "tables" if isinstance(contract, TableContract) else "classifications"
    return f"schemas/{folder}/{contract.id}.yml"


def raw_checks(contract: Contract) -> list[str]:
    """Names of the checks of a delivery."""
    on_time = [ON_TIME_AT_SOURCE] if isinstance(contract, TableContract) else []
    return [ANSWERED, AS_DECLARED, STAMP, *on_time]


def typed_checks(contract: Contract) -> list[str]:
    """Names of the checks of each typed dataset."""
    if isinstance(contract, ClassificationContract):
        return [CONTRACT]
    faults = [KNOWN_FAULTS] if any(measure.zero_means_missing for measure in contract.measures) else []
    return [CONTRACT, DRIFT, *faults, ON_TIME_WITH_US]


def typed_names(contract: Contract) -> list[str]:
    """Typed datasets of a contract: one of a table, up to three of a classification."""
    return [contract.name] if isinstance(contract, TableContract) else list(contract.datasets.values())


def dbt_asset(node: Mapping[str, Any]) -> str:
    """Asset of a dbt model or seed: its folder and its name."""
    layer = "core" if node["resource_type"] == "seed" else node["fqn"][1]
    return f"{layer}/{node['name']}"


def _of_delivery(quality: QualityFile, contract: Contract) -> Iterator[Check]:
    for name in raw_checks(contract):
        due = _due(quality, contract) if name == ON_TIME_AT_SOURCE and isinstance(contract, TableContract) else ""
        yield _declared(quality, name, f"raw/{contract.name}", declared_file(contract), due)


def _due(quality: QualityFile, table: TableContract) -> str:
    if table.calendar.closed:
        return "closed series"
    return f"{', '.join(table.calendar.publishes)} + {quality.freshness.grace_days} d"


def _of_typed(quality: QualityFile, contract: Contract) -> Iterator[Check]:
    for dataset in typed_names(contract):
        for name in typed_checks(contract):
            words = _drift_words(contract) if name == DRIFT and isinstance(contract, TableContract) else ""
            yield _declared(quality, name, f"typed/{dataset}", declared_file(contract), words)


def _drift_words(table: TableContract) -> str:
    drift = table.drift
    return f"cells ± {drift.rows:.0%}, figures × {drift.magnitude:g}, a single one × {drift.jump:g}"


def _of_uploads(catalog: Catalog) -> Iterator[Check]:
    for upload in catalog.uploads.values():
        file = f"schemas/uploads/{upload.file}.yml"
        yield replace(_declared(catalog.quality, UPLOAD_CONTRACT, f"uploads/{upload.name}", file), name=CONTRACT)


def _declared(quality: QualityFile, name: str, asset: str, file: str, threshold: str = "") -> Check:
    declared = quality.checks[name]
    return Check(asset=asset, name=name, declared_in=file, threshold=threshold, **dict(declared))


def _of_dbt(quality: QualityFile, manifest: Manifest) -> Iterator[Check]:
    tests = (node for node in manifest["nodes"].values() if node["resource_type"] == "test")
    for test in sorted(tests, key=lambda node: str(node["name"])):
        declared = _rule_of(quality, test)
        blocking = str(test["config"]["severity"]).lower() == "error"
        yield Check(
            asset=dbt_asset(manifest["nodes"][test["attached_node"]]),
            name=test["name"],
            level=declared.level,
            engine="dbt",
            rule=declared.rule,
            severity="error" if blocking else "warn",
            blocking=blocking,
            declared_in=f"dbt/{test['original_file_path']}",
            runbook=declared.runbook,
            threshold=declared.threshold.nb if declared.threshold else _arguments(test["test_metadata"]["kwargs"]),
        )


def _rule_of(quality: QualityFile, test: Mapping[str, Any]) -> RelationRule:
    kind = test["test_metadata"]["name"] if test.get("test_metadata") else None
    if kind not in quality.relations.rules:
        raise CatalogError(
            f"{QUALITY_FILE}: relations.rules: the dbt test {test['name']} (dbt/{test['original_file_path']}) is of "
            f"the kind {kind}, which has no rule in words there. Add one."
        )
    return quality.relations.rules[kind]


def _of_public(file: ExpectationFile) -> Iterator[Check]:
    for expectation in file.expectations:
        rows = {"where": expectation.where} if expectation.where else {}
        yield Check(
            asset=f"public/{file.table}",
            name=expectation.name,
            level=file.level,
            engine="great_expectations",
            rule=expectation.description,
            severity="error" if expectation.blocking else "warn",
            blocking=expectation.blocking,
            declared_in=f"schemas/expectations/{file.table}.yml",
            runbook=file.level,
            threshold=_arguments({**expectation.arguments, **rows}),
        )


def _of_publication(quality: QualityFile) -> Iterator[Check]:
    thresholds = {
        "not_much_smaller": f"{quality.publication.lost_rows_share:.0%}",
        "opens_read_only": quality.publication.storage_version,
    }
    for name in PUBLICATION:
        yield _declared(quality, name, WAREHOUSE, QUALITY_FILE, thresholds.get(name, ""))


def _arguments(arguments: Mapping[str, Any]) -> str:
    """What a rule is given, in one line; without the model itself, which the asset names."""
    told = ", ".join(f"{name}: {value}" for name, value in arguments.items() if name != "model")
    return told if len(told) <= SHOWN_THRESHOLD else f"{told[:SHOWN_THRESHOLD]} …"
