"""Acceptance of the public tables: Great Expectations on what a reader would meet, with Data Docs.

Here belongs running ``schemas/expectations`` on the build, before anything is published. Not here: rules
for one source table (``validation``) or between tables (dbt tests). Great Expectations takes seconds to
import and is imported only when the audit runs; it judges pandas frames, since it knows no Polars and
finds every table wrong through SQLAlchemy on DuckDB.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb

from k2025_pipeline.catalog import Catalog
from k2025_pipeline.catalog.expectations import Expectation
from k2025_pipeline.lake.home import Home, read_json, write_json
from k2025_pipeline.quality.acceptance import Acceptance
from k2025_pipeline.warehouse.data_docs import NO_RUN_NAME, stand_alone, write_index

DATA_DOCS = "data_docs/index.html"
"""First page of the Data Docs, below ``reports/``."""
RESULTS = "gx/uncommitted/validations"
"""Great Expectations' results of the last builds, below ``reports/``."""
SAMPLE = 20
KEPT_AUDITS = 7
"""Builds whose results Data Docs show."""
COLUMN_ARGUMENTS = ("column", "column_A", "column_B", "column_list")
"""Arguments of expectations that name columns."""


class AuditError(Exception):
    """An expectation could not be evaluated: an error of the audit, not a finding about the data."""

    runbook = "acceptance"


def audit(home: Home, catalog: Catalog, source: str) -> list[Acceptance]:
    """Judge every public table of the build and write Data Docs.

    Args:
        home: where the build lies. catalog: the declarations. source: where the figures come from.

    Returns:
        One result per expectation, also kept in ``build/audit.json``.

    Raises:
        AuditError: when an expectation raises instead of judging.
    """
    results: list[Acceptance] = []
    _forget_old_audits(home)
    context = _context(home)
    batch = _batch_definition(context)
    with duckdb.connect(str(home.build_file), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for file in catalog.expectations.values():
            for where, expectations in _by_rows(file.expectations).items():
                frame = _rows(connection, file.table, where, _named_columns(expectations))
                results += _judge(context, batch, file.table, frame, expectations)
    show(context, home, results, source)
    write_json(home.build / "audit.json", [asdict(result) for result in results])
    return results


def show(context: Any, home: Home, results: list[Acceptance], source: str) -> None:
    """Write the Data Docs of what ``context`` has judged, with a first page of ``results``."""
    site = data_docs(home).parent
    context.build_data_docs(resource_identifiers=[*context.expectations_store.list_keys(), *_unshown(context, site)])
    stand_alone(site, results, source)
    write_index(site, results, source)


def _unshown(context: Any, site: Path) -> list[Any]:
    """Results that have no page yet: those of earlier builds were shown when they were made."""
    keys = context.validation_results_store.list_keys()
    return [key for key in keys if not site.joinpath("validations", *key.to_tuple()).with_suffix(".html").exists()]


def _forget_old_audits(home: Home) -> None:
    """Remove all but the newest results and their pages."""
    for place in (home.reports / RESULTS, data_docs(home).parent / "validations"):
        for runs in place.glob(f"**/{NO_RUN_NAME}"):
            for old in sorted(runs.iterdir())[: 1 - KEPT_AUDITS]:
                shutil.rmtree(old)


def published_audit(home: Home) -> list[Acceptance]:
    """Results of the audit that let the published file through."""
    return [Acceptance(**result) for result in read_json(home.root / "audit.json") or []]


def data_docs(home: Home) -> Path:
    """First page of the Data Docs."""
    return home.reports / DATA_DOCS


def _by_rows(expectations: list[Expectation]) -> dict[str | None, list[Expectation]]:
    grouped: dict[str | None, list[Expectation]] = {}
    for expectation in expectations:
        grouped.setdefault(expectation.where, []).append(expectation)
    return grouped


def _named_columns(expectations: list[Expectation]) -> set[str]:
    """The columns that expectations judge; none where one judges which columns there are, and needs them all."""
    if any(expectation.type.startswith("expect_table_columns_") for expectation in expectations):
        return set()
    named = [e.arguments[key] for e in expectations for key in COLUMN_ARGUMENTS if key in e.arguments]
    return {str(column) for value in named for column in (value if isinstance(value, list) else [value])}


def _rows(connection: duckdb.DuckDBPyConnection, table: str, where: str | None, columns: set[str]) -> Any:
    """Rows as a frame, with those of ``columns`` that the table has, or with all where it has none of them."""
    try:
        rows = connection.sql(f"select * from public.{table} where {where or 'true'}")
        taken = [column for column in rows.columns if column in columns] or rows.columns
        return rows.select(*map(duckdb.ColumnExpression, taken)).df()
    except duckdb.Error as error:
        raise AuditError(
            f"public.{table}: the rows «{where}» cannot be taken ({error}). "
            f"Correct `where` in schemas/expectations/{table}.yml."
        ) from error


def _context(home: Home) -> Any:
    """Great Expectations with our declarations in memory; results and pages on the disk.

    Kept in files, its settings are read anew some ten times for each group of rules: a fifth of the audit.
    """
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types import base

    defaults = base.InMemoryStoreBackendDefaults()
    results: Any = {"class_name": "ValidationResultsStore", "store_backend": _files(home.reports / RESULTS)}
    site: Any = {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "site_name": "K2025",
        "store_backend": _files(data_docs(home).parent),
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }
    config = base.DataContextConfig(
        store_backend_defaults=defaults,
        stores={**defaults.stores, defaults.validation_results_store_name: results},
        data_docs_sites={"k2025": site},
        progress_bars=base.ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )
    return gx.get_context(mode="ephemeral", project_config=config)


def _files(folder: Path) -> dict[str, str]:
    return {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)}


def _judge(context: Any, batch: Any, table: str, frame: Any, expectations: list[Expectation]) -> list[Acceptance]:
    import great_expectations as gx

    name = f"public.{table}" if expectations[0].where is None else f"public.{table}.{expectations[0].name}"
    suite = gx.ExpectationSuite(name=name, expectations=[_configured(expectation) for expectation in expectations])
    context.suites.add_or_update(suite)
    definition = gx.ValidationDefinition(name=name, data=batch, suite=suite)
    context.validation_definitions.add_or_update(definition)
    outcome = definition.run(batch_parameters={"dataframe": frame}, result_format="SUMMARY")
    by_name = {expectation.name: expectation for expectation in expectations}
    return [_acceptance(table, name, by_name[_name(result)], result) for result in outcome.results]


def _name(result: Any) -> str:
    return str(result.expectation_config.meta["name"])


def _configured(expectation: Expectation) -> Any:
    from great_expectations.expectations.registry import get_expectation_impl

    implementation: Any = get_expectation_impl(expectation.type)
    notes = f"{expectation.description.nb} / {expectation.description.en}"
    return implementation(**expectation.arguments, notes=notes, meta={"name": expectation.name})


def _batch_definition(context: Any) -> Any:
    """One for all tables, each of which is handed over as a frame: a new one would write the configuration anew."""
    datasource = context.data_sources.add_or_update_pandas("build")
    return datasource.add_dataframe_asset(name="public").add_batch_definition_whole_dataframe("whole")


def _acceptance(table: str, suite: str, expectation: Expectation, result: Any) -> Acceptance:
    raised = [info for info in _exceptions(result.exception_info) if info.get("raised_exception")]
    if raised:
        raise AuditError(
            f"public.{table}, {expectation.name}: could not be evaluated ({raised[0]['exception_message']}). "
            f"Correct it in schemas/expectations/{table}.yml."
        )
    found = result.result or {}
    return Acceptance(
        table=table,
        name=expectation.name,
        suite=suite,
        description=expectation.description.nb,
        passed=bool(result.success),
        blocking=expectation.blocking,
        failed=int(found.get("unexpected_count") or 0),
        sample=[str(value) for value in found.get("partial_unexpected_list", [])[:SAMPLE]],
        observed=str(found.get("observed_value", "")),
    )


def _exceptions(info: Any) -> list[dict[str, Any]]:
    """Great Expectations gives one record, or one per metric."""
    if not info:
        return []
    return [info] if "raised_exception" in info else [i for i in info.values() if isinstance(i, dict)]
