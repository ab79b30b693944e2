"""Reads the files of ``schemas/`` once, and holds them against each other.

Here belong reading, cross-checks and the one-line message for a wrong file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from k2025_pipeline.catalog.breaks import Break, BreaksFile, declared_measures
from k2025_pipeline.catalog.calculations import COUNTED_REGIONS, Calculation, Side, Term
from k2025_pipeline.catalog.classifications import ClassificationContract
from k2025_pipeline.catalog.comparators import ComparatorFile
from k2025_pipeline.catalog.decompositions import Decomposition, DecompositionFile
from k2025_pipeline.catalog.effects import EffectsFile
from k2025_pipeline.catalog.expectations import ExpectationFile
from k2025_pipeline.catalog.indicators import IndicatorDefinition
from k2025_pipeline.catalog.need import NeedFile
from k2025_pipeline.catalog.programme import MeasuresFile, ReferenceFile
from k2025_pipeline.catalog.quality import QualityFile, Series, WithinPopulation
from k2025_pipeline.catalog.statistics import StatisticsFile
from k2025_pipeline.catalog.tables import TableContract
from k2025_pipeline.catalog.uploads import UploadContract

Model = TypeVar("Model", bound=BaseModel)
UNREADABLE = (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, RecursionError)
"""What PyYAML raises: a value that its tag or form does not fit (`2020-13-45`) is no YAMLError there."""
NOTES = ".md"
"""Ending of files that may stand beside declarations."""


class CatalogError(Exception):
    """A file of ``schemas/`` is wrong. The message names file, field and what is wrong, on one line."""

    runbook = "declaration-wrong"


MOST_NODES = 1_000_000
"""Of a file with every alias written out; the largest of ours has some ten thousand."""


class _Loader(yaml.CSafeLoader):
    """Refuses a key that stands twice (YAML forbids it, but PyYAML would let the last one win), and an alias bomb.

    It is libyaml's parser, some seven times as fast as the one in Python: every command begins with these files.
    """

    def get_single_node(self) -> yaml.Node | None:
        node: yaml.Node | None = super().get_single_node()
        if node is not None and _written_out(node, {}) > MOST_NODES:
            raise yaml.YAMLError(f"its aliases written out are more than {MOST_NODES} values")
        return node


def _written_out(node: yaml.Node, known: dict[int, int]) -> int:
    """Values in a node with its aliases written out; each node is counted once, however often it is named.

    Raises:
        yaml.YAMLError: when a node holds itself, or a key twice.
    """
    key = id(node)
    if key not in known:
        known[key] = -1
        if isinstance(node, yaml.MappingNode):
            _see_keys_once(node)
        parts = [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else node.value
        inner = parts if isinstance(node, yaml.CollectionNode) else []
        known[key] = 1 + sum(_written_out(part, known) for part in inner)
    if known[key] < 0:
        raise yaml.YAMLError(f"line {node.start_mark.line + 1}: an alias names what it stands in")
    return known[key]


def _see_keys_once(node: yaml.MappingNode) -> None:
    keys = set()
    for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
        if (key.tag, key.value) in keys:
            raise yaml.YAMLError(f"line {key.start_mark.line + 1}: the key {key.value!r} stands twice")
        keys.add((key.tag, key.value))


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
    need: NeedFile
    uploads: dict[str, UploadContract]
    effects: EffectsFile
    statistics: StatisticsFile
    decompositions: dict[str, Decomposition]
    quality: QualityFile

    @property
    def sources(self) -> dict[str, TableContract | UploadContract]:
        """Everything that figures come from, apart from documents."""
        return {**self.tables, **self.uploads}

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
        need=read_file(schemas / "need.yml", NeedFile),
        effects=read_file(schemas / "effects.yml", EffectsFile),
        statistics=read_file(schemas / "statistics.yml", StatisticsFile),
        breaks={broken.id: broken for broken in read_file(schemas / "breaks.yml", BreaksFile).breaks},
        uploads=load_uploads(schemas),
        decompositions={d.id: d for d in read_file(schemas / "decompositions.yml", DecompositionFile).decompositions},
        quality=read_file(schemas / "quality.yml", QualityFile),
    )
    _check_decompositions(schemas / "decompositions.yml", catalog)
    _check_breaks(schemas / "breaks.yml", catalog)
    _check_references(schemas / "reference_values.yml", catalog)
    _check_need(schemas / "need.yml", catalog)
    _check_publication(schemas / "quality.yml", catalog)
    _check_relations(schemas / "quality.yml", catalog)
    for indicator in catalog.indicators.values():
        _check_indicator(schemas / "indicators" / f"{indicator.id}.yml", indicator, catalog)
    return catalog


def load_uploads(schemas: Path) -> dict[str, UploadContract]:
    """Read the contracts of uploads alone, by id: what a person at a terminal waits for.

    Raises:
        CatalogError: for the first file that is wrong.
    """
    return {upload.id: upload for upload in _read_folder(schemas / "uploads", UploadContract, "file").values()}


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
    calculations = {family.id: family.calculation for family in catalog.indicators.values()}
    for family in catalog.indicators.values():
        calculations |= {f"{family.id}.{variant.suffix}": variant.calculation for variant in family.variants}
    for place, reference in enumerate(catalog.references.values):
        if reference.indicator_id is None:
            continue
        field = f"{_short(path)}: values.{place}"
        if reference.indicator_id not in calculations:
            raise CatalogError(f"{field}.indicator_id: there is no indicator {reference.indicator_id!r}")
        part, sides = reference.indicator_part, calculations[reference.indicator_id].sides
        if part != "value" and part not in sides:
            raise CatalogError(f"{field}.indicator_part: {reference.indicator_id} has no {part}")


def _check_need(path: Path, catalog: Catalog) -> None:
    for role, terms in catalog.need.terms.items():
        for problem in (problem for term in terms for problem in _term_problems(term, catalog)):
            raise CatalogError(f"{_short(path)}: {role}: {problem}")
    growth, projection = catalog.need.documented_growth, catalog.need.projection
    if growth.ref_id not in {reference.ref_id for reference in catalog.references.values}:
        raise CatalogError(f"{_short(path)}: documented_growth.ref_id: there is no figure {growth.ref_id!r}")
    table = catalog.tables.get(projection.table)
    bands = {band.group for band in table.bands} if table is not None else set()
    for band in (projection.band, projection.carers_band, projection.oldest_band):
        if band not in bands:
            raise CatalogError(f"{_short(path)}: projection: table {projection.table} declares no age band {band!r}")


def _check_publication(path: Path, catalog: Catalog) -> None:
    for table in catalog.quality.publication.rest_on_uploads:
        if table not in catalog.expectations:
            raise CatalogError(f"{_short(path)}: publication.rest_on_uploads: there is no public table {table!r}")


def _check_relations(path: Path, catalog: Catalog) -> None:
    relations = catalog.quality.relations
    for place, same in enumerate(relations.same_figures):
        for side, series in (("one", same.one), ("other", same.other)):
            term = Term(table=series.table, measure=series.measure, where=series.where)
            for problem in _term_problems(term, catalog):
                raise CatalogError(f"{_short(path)}: relations.same_figures.{place}.{side}: {problem}")
    for place, within in enumerate(relations.within_population):
        for problem in _population_problems(within, relations.population, catalog):
            raise CatalogError(f"{_short(path)}: relations.within_population.{place}: {problem}")


def _population_problems(within: WithinPopulation, population: Series, catalog: Catalog) -> list[str]:
    """Each group and each band must exist, or the rule would silently judge nothing."""
    column, table = within.column, catalog.tables.get(within.table)
    others = [d for d in table.category_dimensions if d.column != column] if table is not None else []
    chosen = {d.column: d.categories[0].group for d in others if d.categories}
    groups = [chosen | ({column: group} if column else {}) for group in within.bands]
    terms = [Term(table=within.table, measure=within.measure, where=where) for where in groups]
    terms += [Term(table=population.table, measure=population.measure, where={"age": b}) for b in within.bands.values()]
    return [problem for term in terms for problem in _term_problems(term, catalog)]


def _check_breaks(path: Path, catalog: Catalog) -> None:
    for place, broken in enumerate(catalog.breaks.values()):
        for number, concern in enumerate(broken.concerns):
            field, table = f"breaks.{place}.concerns.{number}", catalog.sources.get(concern.table)
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
        for problem in _decomposition_problems(decomposition, catalog):
            raise CatalogError(f"{_short(path)}: decompositions.{place}: {problem}")


def _decomposition_problems(decomposition: Decomposition, catalog: Catalog) -> list[str]:
    """What it reads is held against its source as the terms of indicators are."""
    read = [
        Term(table=decomposition.table, measure=measure, where=where)
        for measure in decomposition.measures
        for where in decomposition.groups
    ]
    return list(dict.fromkeys(problem for term in read for problem in _term_problems(term, catalog)))


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
    if calculation.model == "gap" and _no_share_with_a_reference(of):
        return [f"{of.id} is no share of FTEs with a declared reference, so its gap is none in FTEs"]
    return []


def _no_share_with_a_reference(of: IndicatorDefinition) -> bool:
    return of.target.kind != "declared_reference" or of.unit_of_count != "fte" or of.unit != "prosent"


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
    if term.table.startswith("upload_"):
        return _upload_problems(term, catalog.uploads)
    if term.table == COUNTED_REGIONS[0]:
        counted = (term.table, term.measure) == COUNTED_REGIONS and not term.where
        return [] if counted else [f"{term.table} has the measure {COUNTED_REGIONS[1]!r} alone, and no categories"]
    table = catalog.tables.get(term.table)
    if table is None:
        return [f"table {term.table} has no file in schemas/tables"]
    problems = []
    if table.projection:
        problems.append(f"table {term.table} is a projection, and no indicator is made of one")
    if term.measure not in declared_measures(table):
        problems.append(f"table {term.table} declares no measure {term.measure!r}")
    return problems + _category_problems(term.where, table)


def _document_problems(term: Term, references: ReferenceFile) -> list[str]:
    categories = references.documents.get((term.table, term.measure))
    if categories is None:
        return [f"no figure of schemas/reference_values.yml belongs to {term.table}, {term.measure}"]
    category = "|".join(term.where.values())
    return [] if category in categories else [f"{term.table}, {term.measure}: there is no figure of {category!r}"]


def _upload_problems(term: Term, uploads: dict[str, UploadContract]) -> list[str]:
    upload = uploads.get(term.table)
    if upload is None:
        return [f"{term.table} has no file in schemas/uploads"]
    if upload.todays_codes:
        return [f"{term.table} is a list of who takes part, and no indicator is made of one"]
    problems = []
    if term.measure not in {column.name for column in upload.measures}:
        problems.append(f"{term.table} declares no measure {term.measure!r}")
    groups = {column.name: {choice.group for choice in column.categories} for column in upload.category_columns}
    for column, group in term.where.items():
        if column not in groups:
            problems.append(f"{term.table} has no category column {column!r}")
        elif group not in groups[column]:
            problems.append(f"{term.table}, {column}: there is no group {group!r}")
    undecided = [c.name for c in upload.category_columns if c.name not in term.where and c.default_group is None]
    return problems + [f"{term.table}: say which {column} is meant" for column in undecided]


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
