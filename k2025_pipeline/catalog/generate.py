"""Files that follow from ``schemas/``: dbt sources, staging models, JSON Schema for editors.

Run with ``make generate``; a test proves that the files in the repository are up to date. Here belongs
the text of generated files. Not here: models written by hand (``dbt/models/core`` and further).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import yaml
from pydantic import BaseModel

from k2025_pipeline.catalog.breaks import BreaksFile
from k2025_pipeline.catalog.classifications import ClassificationContract
from k2025_pipeline.catalog.comparators import ComparatorFile
from k2025_pipeline.catalog.decompositions import DecompositionFile
from k2025_pipeline.catalog.effects import EffectsFile
from k2025_pipeline.catalog.expectations import ExpectationFile
from k2025_pipeline.catalog.indicators import IndicatorDefinition
from k2025_pipeline.catalog.loader import Catalog, load_catalog
from k2025_pipeline.catalog.need import NeedFile
from k2025_pipeline.catalog.programme import MeasuresFile, ReferenceFile
from k2025_pipeline.catalog.quality import QualityFile
from k2025_pipeline.catalog.statistics import StatisticsFile
from k2025_pipeline.catalog.tables import TableContract
from k2025_pipeline.catalog.upload_docs import uploads_page
from k2025_pipeline.catalog.uploads import UploadContract
from k2025_pipeline.settings import PROJECT_ROOT

CATALOG_TABLES = {
    "age_bands": "Age bands of population tables / aldersgrupper. From schemas/tables.",
    "table_measures": "Declared measures of each table / tabellenes mål. From schemas/tables.",
    "indicators": "Definitions of indicators / indikatorenes definisjoner. From schemas/indicators.",
    "indicator_terms": "Series that each numerator and denominator is made of / seriene bak teller og nevner.",
    "indicator_models": "Figures that models make, and of which indicator / modellenes indikatorer.",
    "indicator_comparators": "What each indicator is compared with / sammenligningsgrunnlag. From schemas/indicators.",
    "decompositions": "Changes taken apart, by group / endringer delt opp. From schemas/decompositions.yml.",
    "programmes": "Programmes that the documents name / programmer i dokumentene. From schemas/measures.yml.",
    "needs": "What the need for staff is reckoned of / grunnlaget for behovet. From schemas/need.yml.",
    "need_terms": "Series that the need is reckoned of / seriene bak behovet. From schemas/need.yml.",
    "document_observations": "Printed figures of a series / trykte tall i en serie. From schemas/reference_values.yml.",
    "breaks": "Breaks by series concerned / brudd etter serie. From schemas/breaks.yml.",
    "indicator_breaks": "Years in which an indicator changes meaning / brudd i indikatorene. From its terms' breaks.",
    "border_changes": "Border changes that Klass leaves out / grensejusteringer. From schemas/classifications.",
    "size_classes": "Size classes of municipalities / størrelsesklasser. From schemas/comparators.yml.",
    "comparators": "What a municipality is compared with / sammenligningsgrunnlag. From schemas/comparators.yml.",
    "effect_rules": "When an effect is told or refused / når en effekt vises eller avvises. From schemas/effects.yml.",
    "funnel_rules": "How funnel limits are drawn / hvordan traktgrenser trekkes. From schemas/statistics.yml.",
    "category_parts": "Categories that sum to a total / kategorier som summerer til en total. From schemas/tables.",
    "same_figures": "Series that tell the same / serier som teller det samme. From schemas/quality.yml.",
    "population_limits": "Persons who are inhabitants / personer som er innbyggere. From schemas/quality.yml.",
    "measures": "The seventeen measures / de sytten tiltakene. From schemas/measures.yml.",
    "measure_indicators": "Indicators by measure / indikatorer etter tiltak.",
    "reference_values": "Published figures / publiserte tall. From schemas/reference_values.yml.",
    "source_tables": "State of each source table / kildetabellenes tilstand. From the lake.",
    "vintages": "Vintages of source tables / kildetabellenes utgaver. From the lake.",
    "changes": "What each vintage changed / hva hver utgave endret. From the lake.",
    "last_publication": "When it was last published / da det sist ble publisert. From the manifest.",
    "published_values": "What was published before / det som er publisert før. From the last publication.",
    "night": "The night of this build / natten bygget hører til.",
    "staleness": "How late each source table is / hvor forsinket kildetabellene er. From the calendar and the lake.",
    "quality_nights": "Data quality of earlier nights / datakvaliteten tidligere netter. From the record of nights.",
    "check_results": "Checks of earlier nights / sjekkene tidligere netter. From the record of nights.",
}
SCHEMAS: dict[str, type[BaseModel]] = {
    "table": TableContract,
    "classification": ClassificationContract,
    "indicator": IndicatorDefinition,
    "measures": MeasuresFile,
    "reference_values": ReferenceFile,
    "expectations": ExpectationFile,
    "breaks": BreaksFile,
    "comparators": ComparatorFile,
    "need": NeedFile,
    "upload": UploadContract,
    "effects": EffectsFile,
    "statistics": StatisticsFile,
    "quality": QualityFile,
    "decompositions": DecompositionFile,
}
QUOTED_NOTHING = "''"
NOTICE = "Generated from schemas/ by `make generate`: edit there, not here."


def generated_files(catalog: Catalog, root: Path = PROJECT_ROOT) -> dict[Path, str]:
    """Text of every generated file, by its place."""
    staging, history = (root / "dbt" / "models" / layer for layer in ("staging", "history"))
    files = {
        history / "_history.yml": _yaml(_history_docs(catalog)),
        staging / "_sources.yml": _yaml(_sources(catalog)),
        staging / "_staging.yml": _yaml(_staging_docs(catalog)),
        root / "dbt" / "models" / "core" / "observations_published.sql": _observations(catalog),
        root / "dbt" / "models" / "core" / "observations_uploaded.sql": _uploaded(catalog),
        root / "docs" / "uploads.md": uploads_page(catalog.uploads.values()),
    }
    for table in catalog.tables.values():
        files[staging / f"stg_{table.name}.sql"] = _staging_model(table)
        files[history / f"history_{table.name}.sql"] = _history_model(table)
    for name, model in SCHEMAS.items():
        schema = model.model_json_schema()
        text = orjson.dumps(schema, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
        files[root / "schemas" / "json-schema" / f"{name}.json"] = text
    return files


def outdated(files: dict[Path, str]) -> list[Path]:
    """Generated files that are missing or differ from what the declarations say."""
    return [path for path, text in files.items() if not path.exists() or path.read_text("utf-8") != text]


def _yaml(content: Any) -> str:
    return f"# {NOTICE}\n" + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)


def _sources(catalog: Catalog) -> dict[str, Any]:
    typed = [
        {
            "name": table.name,
            "description": f"{table.title.nb} / {table.title.en}",
            "config": {"meta": {"dagster": {"asset_key": ["typed", table.name]}}},
        }
        for table in catalog.tables.values()
    ]
    for classification in catalog.classifications.values():
        typed += [
            {
                "name": name,
                "description": f"{classification.title.nb} / {classification.title.en} ({kind})",
                "config": {"meta": {"dagster": {"asset_key": ["typed", name]}}},
            }
            for kind, name in classification.datasets.items()
        ]
    typed += [
        {
            "name": upload.name,
            "description": f"{upload.title.nb} / {upload.title.en}",
            "config": {"meta": {"dagster": {"asset_key": ["uploads", upload.name]}}},
        }
        for upload in catalog.uploads.values()
    ]
    declared = [{"name": name, "description": text} for name, text in CATALOG_TABLES.items()]
    return {
        "version": 2,
        "sources": [
            {"name": "typed", "schema": "typed", "description": "Views over the lake.", "tables": typed},
            {
                "name": "catalog",
                "schema": "catalog",
                "description": "Declarations as tables.",
                "tables": declared,
            },
        ],
    }


def column_docs(table: TableContract) -> dict[str, str]:
    """Description of each column of a table as published in schema ``source``, bokmål and English."""
    docs = {
        "structure": "as_published: koder gyldige det året; current: dagens kommuner / codes valid that year; "
        "today's municipalities",
        "region_code": "Region, samme koder i alle tabeller / Region, the same codes in all tables",
        "region_label": "Regionens navn i kilden / The region's label at the source",
    }
    for dimension in table.category_dimensions:
        text = f"{dimension.description.nb} / {dimension.description.en}"
        docs[dimension.column] = text
        if dimension.categories:
            docs[f"{dimension.column}_label"] = f"{dimension.column}: tekst i kilden / label at the source"
            docs[f"{dimension.column}_group"] = f"{dimension.column}: gruppe brukt av indikatorene / group"
    return docs | {
        "category": "Gruppene samlet, nøkkel for indikatorene / The groups together, key for the indicators",
        "measure": "Mål, navn her / Measure, name here",
        "measure_code": "Mål, kode i kilden / Measure, code at the source",
        "unit": "Måleenhet i kilden / Unit at the source",
        "period": "Periode / Period",
        "value": "Verdi; tom når tall mangler / Value; empty when there is no figure",
        "obs_status": "A, P, M, L, C, N (SDMX)",
        "symbol": "Kildens tegn ved siden av tallet / The source's symbol beside the figure",
        "edition": "unrevised eller revised / unrevised or revised",
        "vintage": "Kildens oppdateringstid, UTC / The source's update time, UTC",
        "source": "ssb, recording, demo, other",
        "is_stale": "Sann når en nyere utgave ble avvist / True when a newer vintage was refused",
    }


def _description(table: TableContract) -> str:
    return f"{table.title.nb}. {table.description.nb} / {table.title.en}. {table.description.en}"


def _staging_docs(catalog: Catalog) -> dict[str, Any]:
    models = [
        {
            "name": f"stg_{table.name}",
            "description": _description(table),
            "data_tests": [{"value_and_status_agree": {"name": f"value_and_status_agree_stg_{table.name}"}}],
            "columns": [{"name": name, "description": text} for name, text in column_docs(table).items()],
        }
        for table in catalog.tables.values()
    ]
    return {"version": 2, "models": models}


def _staging_model(table: TableContract) -> str:
    columns, groups = [], []
    for dimension in table.category_dimensions:
        columns.append(dimension.column)
        if dimension.categories:
            columns += [f"{dimension.column}_label", f"{dimension.column}_group"]
            groups.append(f"{dimension.column}_group")
    categories = "none" if table.bands else _list(groups)
    zeros = _list([m.name for m in table.measures if m.zero_means_missing])
    return (
        f"-- {NOTICE}\n"
        "{{ stage_table(\n"
        f"    source('typed', '{table.name}'),\n"
        f"    columns={_list(columns)},\n"
        f"    categories={categories},\n"
        f"    calendar='{table.calendar.kind}',\n"
        f"    zero_means_missing={zeros},\n"
        f"    revised_on='{max(table.calendar.publishes)}'\n"
        ") }}\n"
    )


def history_docs(table: TableContract) -> dict[str, str]:
    """Description of each column of a table's history as published in schema ``source_history``."""
    named = column_docs(table)
    kept = ["structure", "region_code", *(d.column for d in table.category_dimensions), "measure", "unit", "period"]
    return {name: named[name] for name in [*kept, "value", "obs_status", "symbol", "edition"]} | {
        "valid_from": "Gjaldt fra denne utgaven av kilden, UTC / Held from this vintage of the source, UTC",
        "valid_to": "Avløst av denne utgaven; tom mens tallet gjelder / Replaced by this vintage; empty while it holds",
    }


def _history_docs(catalog: Catalog) -> dict[str, Any]:
    models = [
        {
            "name": f"history_{table.name}",
            "description": f"Tallene slik de var i hver utgave / figures as each vintage had them: {table.title.nb}",
            "columns": [{"name": name, "description": text} for name, text in history_docs(table).items()],
        }
        for table in catalog.tables.values()
    ]
    return {"version": 2, "models": models}


def _history_model(table: TableContract) -> str:
    zeros = _list([m.name for m in table.measures if m.zero_means_missing])
    return (
        f"-- {NOTICE}\n"
        "{{ history_table(\n"
        f"    source('typed', '{table.name}'),\n"
        f"    table='{table.name}',\n"
        f"    columns={_list([d.column for d in table.category_dimensions])},\n"
        f"    calendar='{table.calendar.kind}',\n"
        f"    zero_means_missing={zeros},\n"
        f"    revised_on='{max(table.calendar.publishes)}'\n"
        ") }}\n"
    )


def _observations(catalog: Catalog) -> str:
    parts = [
        "select\n"
        f"    '{table.id}' as table_id,\n"
        "    measure,\n    category,\n    region_code,\n    region_label,\n    period,\n    unit,\n"
        "    value,\n    obs_status,\n"
        "    edition,\n    vintage,\n    source,\n    is_stale\n"
        f"from {{{{ ref('stg_{table.name}') }}}}\n"
        "where structure = 'as_published' and category is not null\n"
        for table in catalog.tables.values()
        if not table.bands and not table.projection
    ]
    return f"-- {NOTICE}\n" + "union all\n".join(parts)


def _uploaded(catalog: Catalog) -> str:
    """Uploads as observations; a list of who takes part is no series of figures and has a model of its own."""
    parts = []
    for upload in (upload for upload in catalog.uploads.values() if not upload.todays_codes):
        groups = " || '|' || ".join(column.name for column in upload.category_columns)
        parts.append(
            "select\n"
            f"    '{upload.id}' as table_id,\n"
            f"    measure,\n    {groups or QUOTED_NOTHING} as category,\n    region_code,\n    region_label,\n"
            "    period,\n    unit,\n    value,\n"
            "    {{ obs_status('value', 'symbol', 'false', 'cast(null as varchar)') }} as obs_status,\n"
            "    cast(null as varchar) as edition,\n    vintage,\n    source,\n    is_stale\n"
            f"from {{{{ source('typed', '{upload.name}') }}}}\n"
        )
    return f"-- {NOTICE}\n" + "union all\n".join(parts)


def _list(names: list[str]) -> str:
    return "[" + ", ".join(f"'{name}'" for name in names) + "]"


def main() -> None:
    """Write every generated file anew."""
    files = generated_files(load_catalog(PROJECT_ROOT / "schemas"))
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
