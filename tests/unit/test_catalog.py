"""The files of ``schemas/``: the real ones are right, and a wrong one is named on one line.

Belongs here: reading, cross-checks and generated files. Not here: whether a declared code is the source's.
"""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from math import inf, nan
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from builders import contract
from k2025_pipeline.catalog import Catalog, CatalogError, load_catalog
from k2025_pipeline.catalog.base import Text
from k2025_pipeline.catalog.calculations import Calculation
from k2025_pipeline.catalog.calendar import earliest, last_due
from k2025_pipeline.catalog.generate import SCHEMAS, column_docs, generated_files, main, outdated
from k2025_pipeline.catalog.loader import read_file
from k2025_pipeline.catalog.tables import Calendar
from k2025_pipeline.settings import PROJECT_ROOT
from k2025_pipeline.warehouse.declared import calculations, declared_tables

REAL = PROJECT_ROOT / "schemas"
GRACE = timedelta(days=2)
SAMPLE = [
    "breaks.yml",
    "comparators.yml",
    "effects.yml",
    "statistics.yml",
    "quality.yml",
    "decompositions.yml",
    "need.yml",
    "measures.yml",
    "reference_values.yml",
    "classifications/131.yml",
    "expectations/measures.yml",
    *(f"tables/{table}.yml" for table in ("07459", "12209", "12292", "14533", "14746")),
    "indicators/KOMP-01.yml",
    "uploads/turnover.yml",
]


def calculations_of(catalog: Catalog) -> list[tuple[str, Calculation]]:
    """Every calculation of the catalogue, those of variants included."""
    return [
        (name, calculation) for family in catalog.indicators.values() for name, calculation, _ in calculations(family)
    ]


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(REAL)


class TestRealFiles:
    def test_every_file_is_read(self, catalog: Catalog) -> None:
        for folder, found in {
            "tables": catalog.tables,
            "classifications": catalog.classifications,
            "indicators": catalog.indicators,
            "expectations": catalog.expectations,
        }.items():
            assert set(found) == {path.stem for path in (REAL / folder).iterdir()}
            assert found

    def test_there_are_seventeen_measures_and_four_areas(self, catalog: Catalog) -> None:
        """Measures 1-17 and the four strategic areas (DESIGN.md 3)."""
        assert [measure.measure_no for measure in catalog.measures.measures] == list(range(1, 18))
        assert [area.id for area in catalog.measures.strategic_areas] == ["SA1", "SA2", "SA3", "SA4"]

    def test_a_reference_value_points_at_a_declared_indicator(self, catalog: Catalog) -> None:
        declared = set(catalog.indicators)
        for indicator in catalog.indicators.values():
            declared |= {f"{indicator.id}.{variant.suffix}" for variant in indicator.variants}
        named = {reference.indicator_id for reference in catalog.references.values} - {None}
        assert named
        assert named <= declared

    def test_every_table_has_a_day_on_which_it_was_last_due(self, catalog: Catalog) -> None:
        published = [table.calendar for table in catalog.tables.values() if not table.calendar.closed]
        days = [last_due(calendar, date(2026, month, 1), GRACE) for calendar in published for month in (1, 12)]
        assert all(day is not None and date(2025, 1, 1) <= day < date(2026, 12, 1) for day in days)

    def test_a_series_that_ended_and_a_projection_are_closed(self, catalog: Catalog) -> None:
        """11924 ended on 17 June 2024; a projection is followed by another table, as 14288 was by 14746."""
        assert {table.id for table in catalog.tables.values() if table.calendar.closed} == {"11924", "14746"}
        assert {table.id for table in catalog.tables.values() if table.projection} == {"14746"}

    def test_population_has_the_bands_that_indicators_divide_by(self, catalog: Catalog) -> None:
        bands = {band.group: (band.first_age, band.last_age) for band in catalog.tables["07459"].bands}
        wanted = {"0-66": (0, 66), "18-66": (18, 66), "67+": (67, 105), "80+": (80, 105), "85+": (85, 105)}
        assert wanted.items() <= bands.items()
        projected = {band.group: (band.first_age, band.last_age) for band in catalog.tables["14746"].bands}
        assert projected.items() <= bands.items(), "a band means the same ages in both tables"

    def test_every_column_of_a_published_table_is_described(self, catalog: Catalog) -> None:
        for table in catalog.tables.values():
            docs = column_docs(table)
            assert {d.column for d in table.dimensions} <= set(docs)
            assert all(docs.values())

    def test_every_indicator_term_has_a_key(self, catalog: Catalog) -> None:
        """A term finds its observations by it; figures of documents are known by one category."""
        for _, calculation in calculations_of(catalog):
            for term in (term for side in calculation.sides.values() for term in side.terms):
                if term.table.startswith("document_"):
                    assert "|".join(term.where.values()) in catalog.references.documents[term.table, term.measure]
                elif term.table in catalog.tables and not catalog.tables[term.table].bands:
                    table = catalog.tables[term.table]
                    assert table.category_key(term.where).count("|") == max(0, len(table.category_dimensions) - 1)


class TestGeneratedFiles:
    def test_they_are_up_to_date(self, catalog: Catalog) -> None:
        names = [str(path.relative_to(PROJECT_ROOT)) for path in outdated(generated_files(catalog))]
        assert names == [], f"run `make generate`: {', '.join(names)} differ from what schemas/ says"

    def test_a_changed_and_a_missing_file_are_noticed(self, catalog: Catalog, tmp_path: Path) -> None:
        files = generated_files(catalog, tmp_path)
        assert set(outdated(files)) == set(files)
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert outdated(files) == []
        changed = tmp_path / "schemas" / "json-schema" / "table.json"
        changed.write_text("{}", encoding="utf-8")
        assert outdated(files) == [changed]

    def test_a_projection_is_no_observation(self, catalog: Catalog, tmp_path: Path) -> None:
        core = tmp_path / "dbt" / "models" / "core" / "observations_published.sql"
        assert "14746" not in generated_files(catalog, tmp_path)[core]
        tables = catalog.tables | {"12209": catalog.tables["12209"].model_copy(update={"projection": True})}
        assert "12209" not in generated_files(replace(catalog, tables=tables), tmp_path)[core]

    def test_make_generate_writes_where_the_test_looks(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        written: dict[Path, str] = {tmp_path / "deep" / "file.sql": "select 1\n"}
        monkeypatch.setattr("k2025_pipeline.catalog.generate.generated_files", lambda _: written)
        main()
        assert outdated(written) == []

    @pytest.mark.parametrize(
        ("name", "pattern"),
        [
            ("table", "tables/*.yml"),
            ("classification", "classifications/*.yml"),
            ("indicator", "indicators/*.yml"),
            ("expectations", "expectations/*.yml"),
            ("measures", "measures.yml"),
            ("reference_values", "reference_values.yml"),
            ("breaks", "breaks.yml"),
            ("comparators", "comparators.yml"),
            ("effects", "effects.yml"),
            ("statistics", "statistics.yml"),
            ("quality", "quality.yml"),
            ("decompositions", "decompositions.yml"),
            ("need", "need.yml"),
        ],
    )
    def test_the_json_schema_for_editors_accepts_the_real_files_and_no_unknown_field(
        self, name: str, pattern: str
    ) -> None:
        jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
        schema = orjson.loads((REAL / "json-schema" / f"{name}.json").read_bytes())
        validator = jsonschema.Draft202012Validator(schema)
        assert name in SCHEMAS
        for path in REAL.glob(pattern):
            content = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)
            assert [error.message for error in validator.iter_errors(content)] == [], path.name
            assert not validator.is_valid(content | {"no_such_field": 1}), path.name

    @pytest.mark.parametrize(
        ("fields", "right"),
        [
            ({"suffix": "A"}, True),
            ({"for_each": {"A": {"group": "nurse", "nb": "sykepleiere", "en": "nurses"}}}, True),
            ({}, False),
            ({"suffix": "A", "for_each": {"A": {"group": "nurse"}}}, False),
            ({"for_each": {"small letters": {"group": "nurse"}}}, False),
            ({"for_each": {}}, False),
        ],
    )
    def test_a_variant_in_an_editor_has_a_suffix_or_is_written_once_for_groups(
        self, fields: dict[str, Any], right: bool
    ) -> None:
        jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
        schema = orjson.loads((REAL / "json-schema" / "indicator.json").read_bytes())
        content = yaml.safe_load((REAL / "indicators" / "KOMP-05.yml").read_text("utf-8"))
        variants = [{**fields, "name": content["name"], "calculation": content["calculation"]}]
        assert jsonschema.Draft202012Validator(schema).is_valid(content | {"variants": variants}) == right


@pytest.fixture
def schemas(tmp_path: Path, sample: Path) -> Path:
    """The small declarations, right until a test changes them."""
    return Path(shutil.copytree(sample, tmp_path / "schemas"))


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small copy of the declarations; for tests to copy."""
    root = tmp_path_factory.mktemp("sample")
    for name in SAMPLE:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REAL / name, root / name)
    alter(root / "reference_values.yml", lambda c: c.update(values=c["values"][:1]))
    alter(root / "breaks.yml", only_tables_of_the_sample)
    alter(root / "need.yml", made_of_the_sample)
    alter(root / "decompositions.yml", staff_of_the_sample)
    alter(root / "quality.yml", relations_of_the_sample)
    # Its variants are made of the figures of documents, which the sample does without.
    alter(root / "indicators" / "KOMP-01.yml", lambda c: c.pop("variants"))
    return root


def alter(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)
    change(content)
    path.write_text(yaml.dump(content, Dumper=yaml.CSafeDumper, allow_unicode=True), "utf-8")


def only_tables_of_the_sample(content: dict[str, Any]) -> None:
    for broken in content["breaks"]:
        broken["concerns"] = [c for c in broken["concerns"] if f"tables/{c['table']}.yml" in SAMPLE]


def made_of_the_sample(content: dict[str, Any]) -> None:
    content["users"] = content["persons"]
    content["documented_growth"]["ref_id"] = "R001"


def relations_of_the_sample(content: dict[str, Any]) -> None:
    relations = content["relations"]
    relations["same_figures"][0]["other"] = {"table": "12292", "measure": "user_oriented_fte"}
    relations["within_population"] = [w for w in relations["within_population"] if w["table"] == "12292"]
    content["publication"]["rest_on_uploads"] = ["measures"]


def staff_of_the_sample(content: dict[str, Any]) -> None:
    first = content["decompositions"][0]
    first.update(table="14533", persons="fte", volume="fte", counted=[{"occupation": "total"}])
    content["decompositions"] = [first]


def change_break(break_id: str, **fields: Any) -> Callable[[dict[str, Any]], object]:
    """A change of one break; a field of None is taken out."""

    def change(content: dict[str, Any]) -> None:
        broken = next(b for b in content["breaks"] if b["id"] == break_id)
        changed = {key: value for key, value in (broken | fields).items() if value is not None}
        broken.clear()
        broken.update(changed)

    return change


def problem(schemas: Path) -> str:
    """The one line that says what is wrong."""
    with pytest.raises(CatalogError) as raised:
        load_catalog(schemas)
    message = str(raised.value)
    assert message == " ".join(message.split()), "one line"
    assert str(schemas.parent) not in message, "the name as in the repository, without the machine's folders"
    return message


TEXT = {"nb": "a", "en": "a"}
AGE = {"code": "Alder", "role": "category", "column": "age", "description": TEXT, "evidence": "recorded"}


def national(table: dict[str, Any]) -> None:
    """The table without its regions."""
    table["national"] = True
    table["dimensions"].pop(0)


def categories(table: dict[str, Any]) -> list[dict[str, Any]]:
    """The first two declared categories of a table."""
    found: list[dict[str, Any]] = next(d["categories"] for d in table["dimensions"] if d.get("categories"))
    return found[:2]


def variant(indicator: dict[str, Any]) -> dict[str, Any]:
    """The indicator's own calculation as variant A."""
    return {"suffix": "A", "name": indicator["name"], "calculation": indicator["calculation"]}


class TestWrongFiles:
    def test_the_sample_itself_is_right(self, schemas: Path) -> None:
        assert set(load_catalog(schemas).indicators) == {"KOMP-01"}

    def test_a_reference_value_that_names_no_indicator_is_refused(self, schemas: Path) -> None:
        alter(
            schemas / "reference_values.yml",
            lambda c: c["values"][0].update(indicator_id="KOMP-99", indicator_part="value"),
        )
        assert problem(schemas).endswith("values.0.indicator_id: there is no indicator 'KOMP-99'")

    def test_a_day_that_no_year_has_is_refused(self, schemas: Path) -> None:
        alter(schemas / "tables" / "12209.yml", lambda c: c["calendar"].update(publishes=["02-30", "06-15"]))
        assert "schemas/tables/12209.yml: calendar.publishes" in problem(schemas)

    def test_an_indicator_is_not_made_of_a_projection(self, schemas: Path) -> None:
        alter(schemas / "tables" / "12292.yml", lambda c: c.update(projection=True))
        assert problem(schemas).endswith("table 12292 is a projection, and no indicator is made of one")

    def test_a_missing_file_is_named(self, schemas: Path) -> None:
        (schemas / "measures.yml").unlink()
        assert problem(schemas) == "schemas/measures.yml: cannot be read: No such file or directory"

    @pytest.mark.parametrize(
        "text", [b"id: [\nx: {", b"a: b: c", b"\xff\xfe\x00", b"id: 2020-13-45", b"id: !!bool x", b"[" * 5000]
    )
    def test_what_is_not_yaml_is_named(self, schemas: Path, text: bytes) -> None:
        (schemas / "tables" / "12209.yml").write_bytes(text)
        assert problem(schemas).startswith("schemas/tables/12209.yml: is not valid YAML: ")

    @pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n"])
    def test_an_empty_file_is_named(self, schemas: Path, text: str) -> None:
        (schemas / "tables" / "12209.yml").write_text(text, "utf-8")
        assert problem(schemas) == "schemas/tables/12209.yml: is empty"

    def test_a_key_that_stands_twice_is_named_with_its_line(self, schemas: Path) -> None:
        path = schemas / "indicators" / "KOMP-01.yml"
        lines = path.read_text("utf-8").splitlines()
        place = next(number for number, line in enumerate(lines) if line.startswith("version:"))
        path.write_text("\n".join([*lines, lines[place].replace("version", '"version"')]), "utf-8")
        said = f"is not valid YAML: line {len(lines) + 1}: the key 'version' stands twice"
        assert problem(schemas) == f"schemas/indicators/KOMP-01.yml: {said}"

    def test_a_key_that_stands_twice_deep_inside_is_named(self, schemas: Path) -> None:
        text = "id: a\nlist:\n  - {nb: x, en: y, nb: z}\n"
        (schemas / "indicators" / "KOMP-01.yml").write_text(text, "utf-8")
        assert problem(schemas).endswith("line 3: the key 'nb' stands twice")

    def test_a_merged_key_may_be_overwritten(self, tmp_path: Path) -> None:
        path = tmp_path / "text.yml"
        path.write_text("<<: {nb: gammel, en: old}\nnb: ny\n", "utf-8")
        assert read_file(path, Text) == Text(nb="ny", en="old")

    @pytest.mark.parametrize("name", ["KOMP-99.yaml", "KOMP-99.YML", "KOMP-99.json", "KOMP-99.yml.bak", "KOMP-99"])
    @pytest.mark.parametrize("folder", ["tables", "classifications", "indicators", "expectations"])
    def test_a_file_that_would_be_overlooked_is_named(self, schemas: Path, folder: str, name: str) -> None:
        (schemas / folder / name).write_text("id: KOMP-99\n", "utf-8")
        assert problem(schemas) == f"schemas/{folder}/{name}: the name must end in .yml, or the file would not be read"

    @pytest.mark.parametrize("name", ["README.md", ".DS_Store"])
    def test_notes_and_hidden_files_may_stand_beside_declarations(self, schemas: Path, name: str) -> None:
        (schemas / "indicators" / name).write_text("not a declaration", "utf-8")
        assert set(load_catalog(schemas).indicators) == {"KOMP-01"}

    def test_a_wrong_contract_of_an_upload_is_named_on_one_line(self, schemas: Path) -> None:
        alter(schemas / "uploads" / "turnover.yml", lambda c: c.update(period="total"))
        assert problem(schemas).startswith("schemas/uploads/turnover.yml: the file: Value error, period: there is no")
        alter(schemas / "uploads" / "turnover.yml", lambda c: c.update(period="year", file="leaders"))
        assert problem(schemas).endswith("file: says 'leaders', but the file is turnover.yml")

    def test_a_missing_folder_is_named(self, schemas: Path) -> None:
        shutil.rmtree(schemas / "expectations")
        assert problem(schemas) == "schemas/expectations: cannot be read: No such file or directory"

    @pytest.mark.parametrize("text", ["- a\n", "only words"])
    def test_what_is_not_a_mapping_is_named(self, schemas: Path, text: str) -> None:
        (schemas / "tables" / "12209.yml").write_text(text, "utf-8")
        assert problem(schemas).startswith("schemas/tables/12209.yml: the file: Input should be a valid dictionary")

    @pytest.mark.parametrize(
        ("name", "change", "says"),
        [
            ("tables/12209.yml", lambda c: c.update(titel=c.pop("title")), ["title: Field required", "and 1 more"]),
            ("tables/12209.yml", lambda c: c.update(colour="red"), ["colour: Extra inputs", "it says 'red'"]),
            ("tables/12209.yml", lambda c: c["measures"][0].update(decimals="one"), ["measures.0.decimals", "'one'"]),
            ("tables/12209.yml", lambda c: c.update(id="12210"), ["id: says '12210'", "12209.yml"]),
            ("tables/12209.yml", lambda c: c.update(id=12209), ["id: Input should be a valid string", "12209"]),
            (
                "tables/12209.yml",
                lambda c: c["measures"][1].update(name=c["measures"][0]["name"]),
                ["measures: a name stands twice"],
            ),
            (
                "tables/12209.yml",
                lambda c: [c["measures"][2].pop(key) for key in ("code", "labels")],
                ["measures.2: ", "needs a code or at least one label"],
            ),
            (
                "tables/12209.yml",
                lambda c: c["dimensions"][1].update(role="category"),
                ["exactly one must have the role measure"],
            ),
            ("tables/12209.yml", lambda c: c["dimensions"][0].pop("coding"), ["the region needs `coding`"]),
            ("tables/12209.yml", lambda c: c["dimensions"][2].update(column="measure"), ["dimensions: a name stands"]),
            ("classifications/131.yml", lambda c: c.update(changes_from="2011"), ["changes_from", "'2011'"]),
            ("measures.yml", lambda c: c["measures"].pop(), ["measures: ", "at least 17 items"]),
            ("expectations/measures.yml", lambda c: c.update(table="other"), ["table: says 'other'"]),
            ("reference_values.yml", lambda c: c["values"][0].update(kind="guess"), ["values.0.kind", "'guess'"]),
        ],
    )
    def test_file_field_and_problem_are_named(
        self, schemas: Path, name: str, change: Callable[[dict[str, Any]], object], says: list[str]
    ) -> None:
        alter(schemas / name, change)
        message = problem(schemas)
        assert message.startswith(f"schemas/{name}: ")
        for words in says:
            assert words in message

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            (
                lambda c: c.update(national=True),
                "national: a dimension has the role region, so the table is not national",
            ),
            (lambda c: c["dimensions"].pop(0), "exactly one must have the role region, or the table is `national`"),
            (lambda c: c["dimensions"][0].update(role="category"), "exactly one must have the role region"),
            (
                lambda c: (national(c), c.update(extracts=[{"structure": "current"}])),
                "extracts: a national table has no regions to choose, by codelist or structure",
            ),
            (lambda c: (national(c), c.update(extracts=[{"codelist": "agg_KommSummer"}])), "no regions to choose"),
            (lambda c: (national(c), c.update(extracts=[{"region_pattern": "^0$"}])), "no regions to choose"),
        ],
    )
    def test_a_table_has_regions_or_is_national(
        self, schemas: Path, change: Callable[[dict[str, Any]], object], says: str
    ) -> None:
        alter(schemas / "tables" / "14533.yml", lambda c: c["dimensions"].append(AGE))
        alter(schemas / "tables" / "14533.yml", change)
        assert says in problem(schemas)

    @pytest.mark.parametrize("evidence", ["recorded", "assumed"])
    def test_a_table_without_regions_is_the_countrys(self, evidence: str) -> None:
        table = contract(
            lambda c: (c["dimensions"].append(AGE), national(c), c.update(extracts=[{"evidence": evidence}]))
        )
        assert table.region_pattern(table.extracts[0]) == "^0$"
        assert table.key == ["structure", "region_code", "education", "age", "measure", "period"]

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            (lambda c: c["measures"].append({**c["measures"][0], "name": "again"}), "measures: a code stands twice"),
            (lambda c: c["coverage"].update(min_cells=9, max_cells=8), "coverage: Value error, min_cells 9 is above"),
            (lambda c: c["measures"][0].update(minimum=2, maximum=1), "measures.0: Value error, minimum 2 is above"),
            (lambda c: c["measures"][0].update(minimum=nan), "measures.0.minimum: Input should be a finite number"),
            (lambda c: c.update(symbols=[]), "symbols: List should have at least 1 item"),
            (lambda c: c.update(extracts=[{}, {}]), "extracts: a structure stands twice: 'as_published'"),
            (
                lambda c: c.update(extracts=[{"region_pattern": "["}]),
                "extracts.0.region_pattern: Value error, is not a",
            ),
            (lambda c: c.update(extracts=[{"region_pattern": "(?!9)"}]), "look-around"),
            (lambda c: c["dimensions"][1].update(code_pattern="*"), "dimensions.1.code_pattern: Value error, is not a"),
            (lambda c: c.update(breaks=[]), "breaks: Extra inputs are not permitted"),
            (lambda c: categories(c)[1].update(group=categories(c)[0]["group"]), "a group stands twice"),
            (
                lambda c: [category.update(code="1a", evidence="recorded") for category in categories(c)],
                "a code stands twice: '1a'",
            ),
            (lambda c: [category.update(labels=["En", "eN  "]) for category in categories(c)], "a label stands twice"),
        ],
    )
    def test_a_table_that_says_two_things_is_refused(
        self, schemas: Path, change: Callable[[dict[str, Any]], object], says: str
    ) -> None:
        alter(schemas / "tables" / "14533.yml", change)
        message = problem(schemas)
        assert message.startswith("schemas/tables/14533.yml: ")
        assert says in message

    def test_one_category_may_spell_its_label_in_two_ways(self, schemas: Path) -> None:
        alter(schemas / "tables" / "14533.yml", lambda c: categories(c)[0].update(labels=["En", "en"]))
        assert "14533" in load_catalog(schemas).tables

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            (lambda c: c["calculation"].update(multiplier=0), "calculation.multiplier: Input should be greater than 0"),
            (lambda c: c["calculation"].update(multiplier=-100), "calculation.multiplier: Input should be greater"),
            (lambda c: c["calculation"].update(multiplier=inf), "calculation.multiplier: Input should be a finite"),
            (
                lambda c: c.update(valid_from=str(date.today().year + 1)),
                "valid_from: Value error, a definition is valid",
            ),
            (lambda c: c.update(breaks=[]), "breaks: Extra inputs are not permitted"),
            (
                lambda c: c.update(variants=[variant(c), variant(c)]),
                "variants: Value error, a suffix stands twice: 'A'",
            ),
        ],
    )
    def test_an_indicator_that_would_mislead_is_refused(
        self, schemas: Path, change: Callable[[dict[str, Any]], object], says: str
    ) -> None:
        alter(schemas / "indicators" / "KOMP-01.yml", change)
        message = problem(schemas)
        assert message.startswith(f"schemas/indicators/KOMP-01.yml: {says}")

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            (
                change_break("WORKING-TIME-2018", concerns=[{"table": "99999"}]),
                "1.concerns.0.table: table 99999 has no file in schemas/tables",
            ),
            (
                change_break(
                    "WORKING-TIME-2018", concerns=[{"table": "12292", "measures": ["user_oriented_fte", "x"]}]
                ),
                "1.concerns.0.measures: table 12292 declares no measure 'x'",
            ),
            (change_break("WORKING-TIME-2018", concerns=[]), "1.concerns: List should have at least 1 item"),
            (change_break("WORKING-TIME-2018", levels=["planet"]), "1.levels.0: Input should be 'municipality'"),
            (change_break("WORKING-TIME-2018", kind="weather"), "1.kind: Input should be 'register'"),
            (change_break("WORKING-TIME-2018", source=""), "1.source: String should have at least 1 character"),
            (change_break("WORKING-TIME-2018", id="working time"), "1.id: String should match pattern"),
            (change_break("WORKING-TIME-2018", to=2018), "1.to: Input should be a valid string (it says 2018)"),
            (
                change_break("WORKING-TIME-2018", **{"from": None, "to": None}),
                "1: Value error, treatment split needs from and to",
            ),
            (change_break("WORKING-TIME-2018", to=None), "1: Value error, treatment split needs from and to"),
            (
                change_break("WORKING-TIME-2018", treatment="bridge", to=None),
                "1: Value error, treatment bridge needs from and to",
            ),
            (
                change_break("WORKING-TIME-2018", treatment="none", to=None),
                "1: Value error, kind method needs from and to, and has no vintage_to",
            ),
            (
                change_break("WORKING-TIME-2018", vintage_to="2022-03-15"),
                "1: Value error, kind method needs from and to, and has no vintage_to",
            ),
            *(
                (
                    change_break("WORKING-TIME-2018", **{"from": before, "to": after}),
                    f"1: Value error, to is the year after from, but they say {after} and {before}",
                )
                for before, after in (("2018", "2017"), ("2018", "2018"), ("2017", "2019"))
            ),
            *(
                (
                    change_break("WORKING-TIME-2018", **{"from": before, "to": after}),
                    "1: Value error, a break lies between 1990 and 2035",
                )
                for before, after in (("1989", "1990"), ("2035", "2036"))
            ),
            (
                change_break("REISSUED-FTE-2022", vintage_to=None),
                "5: Value error, kind reissue needs vintage_to, and has neither from nor to",
            ),
            (
                change_break("REISSUED-FTE-2022", **{"from": "2020", "to": "2021"}),
                "5: Value error, kind reissue needs vintage_to, and has neither from nor to",
            ),
            (
                change_break("REISSUED-FTE-2022", treatment="split"),
                "5: Value error, treatment split needs from and to",
            ),
            (change_break("REISSUED-FTE-2022", vintage_to="March 2022"), "5.vintage_to: Input should be a valid date"),
            (
                change_break("REISSUED-FTE-2022", vintage_to="0222-03-15"),
                "5: Value error, vintage_to lies between 1990",
            ),
            (
                change_break("WORKING-TIME-2018", concerns=[{"table": "12292"}, {"table": "12292"}]),
                "1.concerns: Value error, a table stands twice: '12292'",
            ),
            (
                change_break("WORKING-TIME-2018", concerns=[{"table": "14533", "measures": ["fte", "fte"]}]),
                "1.concerns.0.measures: Value error, a measure stands twice: 'fte'",
            ),
            (
                change_break("WORKING-TIME-2018", levels=["county", "county"]),
                "1.levels: Value error, a level stands twice: 'county'",
            ),
        ],
    )
    def test_a_break_that_cannot_be_is_refused(
        self, schemas: Path, change: Callable[[dict[str, Any]], object], says: str
    ) -> None:
        alter(schemas / "breaks.yml", change)
        assert problem(schemas).startswith(f"schemas/breaks.yml: breaks.{says}")

    def test_a_break_that_stands_twice_is_refused(self, schemas: Path) -> None:
        alter(schemas / "breaks.yml", change_break("WORKING-TIME-2018", id="REGISTER-2015"))
        assert problem(schemas) == "schemas/breaks.yml: breaks: Value error, an id stands twice: 'REGISTER-2015'"

    def test_a_break_may_concern_a_measure_that_core_makes(self, schemas: Path) -> None:
        concern = {"table": "07459", "measures": ["persons_year_end"]}
        alter(schemas / "breaks.yml", change_break("WORKING-TIME-2018", concerns=[concern]))
        assert [b.id for b in load_catalog(schemas).breaks_of("07459")] == ["WORKING-TIME-2018", "KOSTRA-GROUPS-2020"]

    def test_no_break_at_all_is_right_and_no_file_is_not(self, schemas: Path) -> None:
        alter(schemas / "breaks.yml", lambda c: c.update(breaks=[]))
        assert load_catalog(schemas).breaks == {}
        (schemas / "breaks.yml").unlink()
        assert problem(schemas) == "schemas/breaks.yml: cannot be read: No such file or directory"

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            (
                lambda c: c["size_classes"][1].update(at_least=2500),
                "size_classes: Value error, each class begins where",
            ),
            (lambda c: c["size_classes"][-1].update(below=99), "size_classes: Value error, each class begins where"),
            (lambda c: c["size_classes"][0].update(at_least=1), "size_classes: Value error, each class begins where"),
            (
                lambda c: c["size_classes"][1].update(id="1"),
                "size_classes: Value error, a size class stands twice: '1'",
            ),
            (lambda c: c.update(small_municipality="9"), "the file: Value error, small_municipality: there is no size"),
            (lambda c: c["comparators"][0].update(id="neighbours"), "comparators.0.id: Input should be"),
            (lambda c: c["comparators"][0].update(id="county"), "comparators: Value error, a comparator stands twice"),
            (lambda c: c.update(quartiles_from=3), "quartiles_from: Input should be greater than or equal to 4"),
        ],
    )
    def test_comparators_that_cannot_be_meant_are_refused(
        self, schemas: Path, change: Callable[[dict[str, Any]], object], says: str
    ) -> None:
        alter(schemas / "comparators.yml", change)
        assert problem(schemas).startswith(f"schemas/comparators.yml: {says}")

    def test_an_indicator_may_be_valid_from_this_year(self, schemas: Path) -> None:
        this_year = str(date.today().year)
        alter(schemas / "indicators" / "KOMP-01.yml", lambda c: c.update(valid_from=this_year))
        assert load_catalog(schemas).indicators["KOMP-01"].valid_from == this_year

    def test_a_code_pattern_that_cannot_be_searched_for_is_refused(self, schemas: Path) -> None:
        alter(schemas / "classifications" / "131.yml", lambda c: c.update(code_pattern=r"^(\d{4}$"))
        said = "code_pattern: Value error, is not a pattern that Polars can search for: unclosed group"
        assert problem(schemas).startswith(f"schemas/classifications/131.yml: {said}")

    @pytest.mark.parametrize("spelled_out", [False, True])
    def test_a_term_that_is_counted_twice_is_refused(self, schemas: Path, spelled_out: bool) -> None:
        default = load_catalog(schemas).tables["14533"].category_dimensions[0].default_group
        term = {"table": "14533", "measure": "fte"}
        again = {**term, "where": {"occupation": default}} if spelled_out else term

        def change(content: dict[str, Any]) -> None:
            content["calculation"]["denominator"]["terms"] = [term, again]

        alter(schemas / "indicators" / "KOMP-01.yml", change)
        said = "denominator: table 14533, fte: the same term stands twice"
        assert problem(schemas) == f"schemas/indicators/KOMP-01.yml: {said}"

    @pytest.mark.parametrize(
        ("term", "says"),
        [
            ({"table": "99999"}, "denominator: table 99999 has no file in schemas/tables"),
            ({"measure": "nurses"}, "denominator: table 12292 declares no measure 'nurses'"),
            ({"where": {"education": "nurse"}}, "denominator: table 12292 has no category column 'education'"),
            (
                {"table": "14533", "measure": "fte", "where": {"occupation": "nurses"}},
                "denominator: table 14533, occupation: no category maps to 'nurses'",
            ),
            (
                {"table": "07459", "measure": "persons_year_end", "where": {"age": "0-17"}},
                "denominator: table 07459 declares no age band '0-17'",
            ),
        ],
    )
    def test_an_indicator_that_names_what_is_not_declared_is_refused(
        self, schemas: Path, term: dict[str, Any], says: str
    ) -> None:
        def change(content: dict[str, Any]) -> None:
            content["calculation"]["denominator"]["terms"][0].update(term)

        alter(schemas / "indicators" / "KOMP-01.yml", change)
        assert problem(schemas) == f"schemas/indicators/KOMP-01.yml: {says}"

    def test_a_variant_is_checked_as_well(self, schemas: Path) -> None:
        def change(content: dict[str, Any]) -> None:
            side = {"words": {"nb": "a", "en": "a"}, "terms": [{"table": "99999", "measure": "x"}]}
            calculation = {"method": "amount", "numerator": side}
            content["variants"] = [{"suffix": "A", "name": {"nb": "a", "en": "a"}, "calculation": calculation}]

        alter(schemas / "indicators" / "KOMP-01.yml", change)
        assert "numerator: table 99999 has no file" in problem(schemas)

    def test_a_category_without_default_must_be_chosen(self, schemas: Path) -> None:
        def undecide(content: dict[str, Any]) -> None:
            content["dimensions"][1].pop("default_group")

        def use(content: dict[str, Any]) -> None:
            content["calculation"]["denominator"]["terms"][0].update(table="14533", measure="fte")

        alter(schemas / "tables" / "14533.yml", undecide)
        alter(schemas / "indicators" / "KOMP-01.yml", use)
        assert "table 14533: say which occupation is meant" in problem(schemas)

    @pytest.mark.parametrize(
        ("method", "needed"),
        [("ratio", "numerator"), ("amount", "numerator"), ("growth", "numerator"), ("published", "published")],
    )
    def test_a_method_without_its_side_is_refused(self, schemas: Path, method: str, needed: str) -> None:
        def change(content: dict[str, Any]) -> None:
            content["calculation"].update(method=method)
            content["calculation"].pop("published")
            content["calculation"].pop("numerator")

        alter(schemas / "indicators" / "KOMP-01.yml", change)
        assert f"method {method} needs {needed}" in problem(schemas)


class TestCategoryKey:
    def test_groups_stand_in_contract_order_with_defaults(self) -> None:
        table = contract(lambda c: c["dimensions"][1].update(default_group="nurse"))
        assert table.category_key({}) == "nurse"
        assert table.category_key({"education": "other"}) == "other"
        assert table.key == ["structure", "region_code", "education", "measure", "period"]

    def test_a_column_without_group_and_default_is_an_error(self) -> None:
        with pytest.raises(KeyError, match="education"):
            contract().category_key({})


KOSTRA = Calendar(kind="kostra", publishes=["03-15", "06-15"])


class TestRelations:
    """Each rule between tables must speak of series that there are, or it would silently judge nothing."""

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            (
                lambda r: r["same_figures"][0]["one"].update(table="99999"),
                "0.one: table 99999 has no file",
            ),
            (
                lambda r: r["same_figures"][0]["other"].update(measure="heads"),
                "same_figures.0.other: table 12292 declares no measure 'heads'",
            ),
            (
                lambda r: r["same_figures"][0]["one"].update(where={"occupation": "baker"}),
                "same_figures.0.one: table 14533, occupation: no category maps to 'baker'",
            ),
            (
                lambda r: r["within_population"][0].update(bands={"total": "80-81"}),
                "within_population.0: table 07459 declares no age band '80-81'",
            ),
            (
                lambda r: r["within_population"][0].update(measure="heads"),
                "within_population.0: table 12292 declares no measure 'heads'",
            ),
            (
                lambda r: r["within_population"].append(
                    {"table": "14533", "measure": "fte", "column": "occupation", "bands": {"baker": "80+"}}
                ),
                "within_population.4: table 14533, occupation: no category maps to 'baker'",
            ),
            (
                lambda r: r["within_population"][0].update(bands={"80+": "80+"}),
                "without `column` there is one entry, total",
            ),
            (lambda r: r["rules"]["unique"].update(level="drift"), "relations.rules.unique.level"),
        ],
    )
    def test_a_relation_of_what_there_is_not_is_refused(
        self, schemas: Path, change: Callable[[dict[str, Any]], object], says: str
    ) -> None:
        alter(schemas / "quality.yml", lambda c: change(c["relations"]))
        assert says in problem(schemas)

    def test_rounding_follows_from_the_declared_decimals(self, catalog: Catalog) -> None:
        half = {
            (row["table_id"], row["measure"]): row["half_unit"] for row in declared_tables(catalog)["table_measures"]
        }
        assert half["14533", "fte"] == 0.5
        assert half["14534", "fte"] == 0.05
        assert half["07459", "persons"] == 0, "persons are counted"
        assert half["07459", "persons_year_end"] is None, "told in the codes of the next year: no sum is held to it"


QUARTERS = ["02-12", "05-14", "08-13", "11-12"]
MONTHS = [f"{month:02d}-10" for month in range(1, 13)]


class TestCalendar:
    @pytest.mark.parametrize(
        ("kind", "days", "says"),
        [
            ("kostra", ["03-15"], "a kostra table has 2 days, and here are 1"),
            ("annual", [], "a annual table has 1 days, and here are 0"),
            ("annual", ["02-25", "06-15"], "here are 2"),
            ("quarterly", QUARTERS[:3], "has 4 days, and here are 3"),
            ("quarterly", ["02-12", "03-14", "08-13", "11-12"], "one day in each quarter"),
            ("monthly", MONTHS[:11], "has 12 days, and here are 11"),
            ("monthly", ["01-09", *MONTHS[:1], *MONTHS[2:]], "one day in each month"),
            ("kostra", ["06-15", "03-15"], "must stand in order, each once"),
            ("kostra", ["03-15", "03-15"], "must stand in order, each once"),
            ("monthly", [*MONTHS[:1], "02-29", *MONTHS[2:]], "day"),
        ],
    )
    def test_days_that_do_not_fit_the_kind_are_refused(self, kind: Any, days: list[str], says: str) -> None:
        with pytest.raises(ValueError, match=says):
            Calendar(kind=kind, publishes=days)

    @pytest.mark.parametrize(("kind", "days"), [("quarterly", QUARTERS), ("monthly", MONTHS), ("annual", ["02-25"])])
    def test_days_that_fit_are_taken(self, kind: Any, days: list[str]) -> None:
        assert Calendar(kind=kind, publishes=days).publishes == days

    def test_a_quarterly_and_a_monthly_table_are_due_several_times_a_year(self) -> None:
        quarterly, monthly = Calendar(kind="quarterly", publishes=QUARTERS), Calendar(kind="monthly", publishes=MONTHS)
        assert last_due(quarterly, date(2026, 9, 1), GRACE) == date(2026, 8, 13)
        assert last_due(monthly, date(2026, 9, 1), GRACE) == date(2026, 8, 10)
        assert last_due(monthly, date(2026, 1, 5), GRACE) == date(2025, 12, 10)
        assert last_due(monthly, date(2026, 1, 12), GRACE) == date(2025, 12, 10), "10 January 2026 was a Saturday"
        assert last_due(monthly, date(2026, 1, 14), GRACE) == date(2026, 1, 12)

    def test_a_day_that_follows_the_weekday_may_come_early(self) -> None:
        moving = Calendar(kind="annual", publishes=["02-26"], early_days=7)
        assert earliest(moving, date(2026, 2, 26)) == date(2026, 2, 19)
        assert earliest(KOSTRA, date(2026, 3, 16)) == date(2026, 3, 16)

    def test_a_sunday_is_moved_to_monday(self) -> None:
        """2026-03-15 was a Sunday: released on 2026-03-16 (facts/ssb-api.md 5)."""
        assert last_due(KOSTRA, date(2026, 3, 31), GRACE) == date(2026, 3, 16)

    def test_a_saturday_is_moved_to_monday(self) -> None:
        """2025-03-15 was a Saturday: «Sist endret 17.03.2025» (facts/ssb-api.md 5)."""
        assert last_due(KOSTRA, date(2025, 3, 31), GRACE) == date(2025, 3, 17)

    def test_a_working_day_stays(self) -> None:
        """Released 2026-06-15, a Monday (facts/ssb-api.md 5)."""
        assert last_due(KOSTRA, date(2026, 9, 1), GRACE) == date(2026, 6, 15)

    def test_two_days_of_grace_are_given(self) -> None:
        assert last_due(KOSTRA, date(2026, 6, 16), GRACE) == date(2026, 3, 16)
        assert last_due(KOSTRA, date(2026, 6, 17), GRACE) == date(2026, 6, 15)

    def test_before_the_first_day_of_a_year_last_years_last_counts(self) -> None:
        assert last_due(KOSTRA, date(2026, 1, 1), GRACE) == date(2025, 6, 16)

    def test_of_a_closed_series_nothing_is_due(self) -> None:
        closed = KOSTRA.model_copy(update={"closed": True})
        assert {last_due(closed, date(year, 12, 31), GRACE) for year in (2024, 2026, 2040)} == {None}

    def test_a_day_moved_over_the_turn_of_the_year_is_still_found(self) -> None:
        """31 December 2022 was a Saturday."""
        new_years_eve = Calendar(kind="annual", publishes=["12-31"])
        assert last_due(new_years_eve, date(2023, 1, 3), GRACE) == date(2021, 12, 31)
        assert last_due(new_years_eve, date(2023, 1, 4), GRACE) == date(2023, 1, 2)

    def test_a_table_that_rests_on_uploads_must_be_public(self, schemas: Path) -> None:
        alter(schemas / "quality.yml", lambda c: c["publication"].update(rest_on_uploads=["measures", "no_such"]))
        with pytest.raises(CatalogError, match=r"publication\.rest_on_uploads: there is no public table 'no_such'"):
            load_catalog(schemas)

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            (lambda c: c["fte"][0].update(table="99999"), "fte: table 99999 has no file"),
            (lambda c: c["persons"][0].update(measure="heads"), "users: table 07459 declares no measure 'heads'"),
            (lambda c: c["documented_growth"].update(ref_id="R999"), "documented_growth.ref_id: there is no figure"),
            (
                lambda c: c["documented_growth"].update(base_year="2035"),
                "base_year 2035 is not before target_year 2035",
            ),
            (lambda c: c["projection"].update(band="80-81"), "table 14746 declares no age band '80-81'"),
            (lambda c: c["projection"].update(table="99999"), "table 99999 declares no age band"),
        ],
    )
    def test_a_need_that_is_made_of_nothing_is_refused(
        self, schemas: Path, change: Callable[[dict[str, Any]], object], says: str
    ) -> None:
        alter(schemas / "need.yml", change)
        with pytest.raises(CatalogError, match=says):
            load_catalog(schemas)
