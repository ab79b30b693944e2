"""Reads the files of ``schemas/`` once, and holds them against each other.

Here belong reading, cross-checks and the one-line message for a wrong file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from k2025_pipeline.catalog.breaks import Break, BreaksFile, declared_measures
from k2025_pipeline.catalog.calculations import Calculation, Side, Term
from k2025_pipeline.catalog.classifications import ClassificationContract
from k2025_pipeline.catalog.comparators import ComparatorFile
from k2025_pipeline.catalog.decompositions import Decomposition, DecompositionFile
from k2025_pipeline.catalog.expectations import ExpectationFile
from k2025_pipeline.catalog.indicators import IndicatorDefinition
from k2025_pipeline.catalog.programme import MeasuresFile, ReferenceFile
from k2025_pipeline.catalog.tables import TableContract

Model = TypeVar("Model", bound=BaseModel)
UNREADABLE = (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, RecursionError)
"""What PyYAML raises: a value that its tag or form does not fit (`2020-13-45`) is no YAMLError there."""
NOTES = ".md"
"""Ending of files that may stand beside declarations."""


class CatalogError(Exception):
    """A file of ``schemas/`` is wrong. The message names file, field and what is wrong, on one line."""


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice; YAML forbids it, but PyYAML would let the last one win."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        keys = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if (key.tag, key.value) in keys:
                raise yaml.YAMLError(f"line {key.start_mark.line + 1}: the key {key.value!r} stands twice")
            keys.add((key.tag, key.value))
        return node


@dataclass(frozen=True)
class Catalog:
    """All declarations, by id."""

    tables: dict[str, TableContract]
    classifications: dict[str, ClassificationContract]
    indicators: dict[str, IndicatorDefinition]
    measures: MeasuresFile
    references: ReferenceFile
    expectations: dict[str, ExpectationFile]
    breaks: dict[str, Break]
    comparators: ComparatorFile
    decompositions: dict[str, Decomposition]

    def breaks_of(self, table_id: str) -> list[Break]:
        """Breaks that concern a series of the table, in declared order."""
        return [b for b in self.breaks.values() if any(concern.table == table_id for concern in b.concerns)]


def load_catalog(schemas: Path) -> Catalog:
    """Read and check everything under ``schemas``.

    Raises:
        CatalogError: for the first file that is wrong.
    """
    catalog = Catalog(
        tables=_read_folder(schemas / "tables", TableContract, "id"),
        classifications=_read_folder(schemas / "classifications", ClassificationContract, "id"),
        indicators=_read_folder(schemas / "indicators", IndicatorDefinition, "id"),
        measures=read_file(schemas / "measures.yml", MeasuresFile),
        references=read_file(schemas / "reference_values.yml", ReferenceFile),
        expectations=_read_folder(schemas / "expectations", ExpectationFile, "table"),
        comparators=read_file(schemas / "comparators.yml", ComparatorFile),
        breaks={broken.id: broken for broken in read_file(schemas / "breaks.yml", BreaksFile).breaks},
        decompositions={d.id: d for d in read_file(schemas / "decompositions.yml", DecompositionFile).decompositions},
    )
    _check_decompositions(schemas / "decompositions.yml", catalog)
    _check_breaks(schemas / "breaks.yml", catalog)
    _check_references(schemas / "reference_values.yml", catalog)
    for indicator in catalog.indicators.values():
        _check_indicator(schemas / "indicators" / f"{indicator.id}.yml", indicator, catalog)
    return catalog


def read_file(path: Path, model: type[Model]) -> Model:
    """Read one YAML file as ``model``.

    Raises:
        CatalogError: when the file is missing, is empty, is not YAML, or says something it may not.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except OSError as error:
        raise CatalogError(f"{_short(path)}: cannot be read: {error.strerror}") from error
    except UNREADABLE as error:
        raise CatalogError(f"{_short(path)}: is not valid YAML: {' '.join(str(error).split())}") from error
    if content is None:
        raise CatalogError(f"{_short(path)}: is empty")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise CatalogError(f"{_short(path)}: {_first_line(error)}") from error


def _read_folder(folder: Path, model: type[Model], id_field: str) -> dict[str, Model]:
    found = {}
    for path in _declarations(folder):
        declaration = read_file(path, model)
        declared = getattr(declaration, id_field)
        if declared != path.stem:
            raise CatalogError(f"{_short(path)}: {id_field}: says {declared!r}, but the file is {path.name}")
        found[declared] = declaration
    return found


def _declarations(folder: Path) -> list[Path]:
    """Files to read. One of another ending would be overlooked, so it is refused; notes and hidden files may stay."""
    try:
        paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise CatalogError(f"{_short(folder)}: cannot be read: {error.strerror}") from error
    paths = [path for path in paths if path.suffix.lower() != NOTES]
    for path in paths:
        if path.suffix != ".yml":
            raise CatalogError(f"{_short(path)}: the name must end in .yml, or the file would not be read")
    return paths


def _first_line(error: ValidationError) -> str:
    first, *rest = error.errors()
    field = ".".join(str(part) for part in first["loc"]) or "the file"
    given = "" if isinstance(first["input"], dict | list) else f" (it says {first['input']!r})"
    more = f"; and {len(rest)} more" if rest else ""
    return " ".join(f"{field}: {first['msg']}{given}{more}".split())


def _short(path: Path) -> str:
    return "/".join(path.parts[path.parts.index("schemas") :]) if "schemas" in path.parts else str(path)


def _check_references(path: Path, catalog: Catalog) -> None:
    known = {family.id for family in catalog.indicators.values()}
    known |= {f"{family.id}.{v.suffix}" for family in catalog.indicators.values() for v in family.variants}
    for place, reference in enumerate(catalog.references.values):
        if reference.indicator_id is not None and reference.indicator_id not in known:
            raise CatalogError(
                f"{_short(path)}: values.{place}.indicator_id: there is no indicator {reference.indicator_id!r}"
            )


def _check_breaks(path: Path, catalog: Catalog) -> None:
    for place, broken in enumerate(catalog.breaks.values()):
        for number, concern in enumerate(broken.concerns):
            field, table = f"breaks.{place}.concerns.{number}", catalog.tables.get(concern.table)
            if table is None:
                raise CatalogError(
                    f"{_short(path)}: {field}.table: table {concern.table} has no file in schemas/tables"
                )
            for measure in concern.measures:
                if measure not in declared_measures(table):
                    raise CatalogError(
                        f"{_short(path)}: {field}.measures: table {concern.table} declares no measure {measure!r}"
                    )


def _check_decompositions(path: Path, catalog: Catalog) -> None:
    for place, decomposition in enumerate(catalog.decompositions.values()):
        for problem in _decomposition_problems(decomposition, catalog.tables):
            raise CatalogError(f"{_short(path)}: decompositions.{place}: {problem}")


def _decomposition_problems(decomposition: Decomposition, tables: dict[str, TableContract]) -> list[str]:
    """Uploads are held against their own contracts where those are read."""
    if decomposition.table.startswith("upload_"):
        return []
    table = tables.get(decomposition.table)
    if table is None:
        return [f"table {decomposition.table} has no file in schemas/tables"]
    known = declared_measures(table)
    problems = [f"table {table.id} declares no measure {m!r}" for m in decomposition.measures if m not in known]
    for where in decomposition.groups:
        problems += _category_problems(where, table)
    return problems


def _check_indicator(path: Path, indicator: IndicatorDefinition, catalog: Catalog) -> None:
    known = {programme.id for programme in catalog.measures.programmes}
    for programme in indicator.programmes:
        if programme not in known:
            raise CatalogError(f"{_short(path)}: programmes: there is no programme {programme!r} in measures.yml")
    for calculation in [indicator.calculation, *(variant.calculation for variant in indicator.variants)]:
        for problem in _gap_problems(calculation, catalog):
            raise CatalogError(f"{_short(path)}: calculation.of: {problem}")
    for calculation in [indicator.calculation, *(variant.calculation for variant in indicator.variants)]:
        for problem in _calculation_problems(calculation, catalog):
            raise CatalogError(f"{_short(path)}: {problem}")


def _gap_problems(calculation: Calculation, catalog: Catalog) -> list[str]:
    if calculation.of is None:
        return []
    of = catalog.indicators.get(calculation.of)
    if of is None:
        return [f"there is no indicator {calculation.of!r}"]
    if of.target.kind != "declared_reference" or of.unit_of_count != "fte" or of.unit != "prosent":
        return [f"{of.id} is no share of FTEs with a declared reference, so its gap is none in FTEs"]
    return []


def _calculation_problems(calculation: Calculation, catalog: Catalog) -> list[str]:
    problems = []
    for role, side in calculation.sides.items():
        for term in side.terms:
            problems += [f"{role}: {text}" for text in _term_problems(term, catalog)]
        problems += [f"{role}: {text}" for text in _double_terms(side, catalog.tables)]
    return problems


def _term_problems(term: Term, catalog: Catalog) -> list[str]:
    if term.table.startswith("document_"):
        return _document_problems(term, catalog.references)
    table = catalog.tables.get(term.table)
    if table is None:
        return [f"table {term.table} has no file in schemas/tables"]
    problems = []
    if term.measure not in declared_measures(table):
        problems.append(f"table {term.table} declares no measure {term.measure!r}")
    return problems + _category_problems(term.where, table)


def _document_problems(term: Term, references: ReferenceFile) -> list[str]:
    categories = references.documents.get((term.table, term.measure))
    if categories is None:
        return [f"no figure of schemas/reference_values.yml belongs to {term.table}, {term.measure}"]
    category = "|".join(term.where.values())
    return [] if category in categories else [f"{term.table}, {term.measure}: there is no figure of {category!r}"]


def _double_terms(side: Side, tables: dict[str, TableContract]) -> list[str]:
    """Terms that a side would count twice; a group left out is the default one."""
    seen, problems = set(), []
    for term in side.terms:
        dimensions = tables[term.table].category_dimensions if term.table in tables else []
        groups = {d.column: d.default_group for d in dimensions if d.default_group is not None} | term.where
        key = (term.table, term.measure, frozenset(groups.items()), term.sign, term.years)
        if key in seen:
            problems.append(f"table {term.table}, {term.measure}: the same term stands twice")
        seen.add(key)
    return problems


def _category_problems(where: dict[str, str], table: TableContract) -> list[str]:
    columns = {dimension.column: dimension for dimension in table.category_dimensions}
    if table.bands:
        bands = {band.group for band in table.bands}
        unknown = [f"table {table.id} has no category column {column!r}" for column in where if column not in columns]
        wrong = [group for group in where.values() if group not in bands]
        return unknown + [f"table {table.id} declares no age band {group!r}" for group in wrong]
    problems = []
    for column, group in where.items():
        if column not in columns:
            problems.append(f"table {table.id} has no category column {column!r}")
        elif columns[column].categories and group not in {c.group for c in columns[column].categories}:
            problems.append(f"table {table.id}, {column}: no category maps to {group!r}")
    undecided = [c for c, d in columns.items() if c not in where and d.default_group is None]
    return problems + [f"table {table.id}: say which {column} is meant" for column in undecided]
