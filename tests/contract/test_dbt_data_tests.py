"""Every data test of the dbt project is seen to fail on rows that break it, through ``dbt test`` itself.

Here belong the rules between rows and tables: one wrong row or pair for each test in the project, all in one build.
Not here: unit tests of the arithmetic (``test_dbt_units``) and acceptance of the public tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import count
from typing import Any

import duckdb
import pytest

from dbt_runs import PROJECT, EmptyBuild, manifest, run_dbt
from k2025_pipeline.catalog import Catalog
from k2025_pipeline.lake.home import Home

GENERIC = ["generic_tests.sql", "names.sql"]
Row = dict[str, Any]
VALID = {
    "structure": "as_published",
    "region_code": "EAK",
    "period": "2024",
    "year": "2024",
    "value": 1.0,
    "obs_status": "A",
}
LISTED: list[Row] = [
    {"region_code": "EAK", "listed_by_klass": True},
    {"region_code": "2111", "listed_by_klass": False},
    *(
        {"structure": "current", "region_code": code, "listed_by_klass": True}
        for code in ("0301", "1103", "3101", "4601", "5001")
    ),
]
CELLS_OF_ALL_AGES = 2
"""As many as the rows of one region here, instead of one for each age and sex."""
_numbers = count(1000)


def _text() -> str:
    return f"filler {next(_numbers)}"


class Relation:
    """A table of the build that takes any row: its constraints are lifted, so that the tests alone judge it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, node: Row, parents: dict[str, Any]) -> None:
        self._connection = connection
        self.name = f"{node['schema']}.{node['alias']}"
        kind = "view" if node["config"]["materialized"] == "view" else "table"
        connection.execute(f"create table lifted as select * from {self.name}")
        connection.execute(f"drop {kind} {self.name}; create table {self.name} as select * from lifted")
        connection.execute("drop table lifted")
        self.has_rows = connection.execute(f"select count(*) > 0 from {self.name}").fetchall()[0][0]
        described = connection.execute(f"describe {self.name}").fetchall()
        self.columns = {row[0]: row[1] for row in described}
        self.parents = parents

    def insert(self, *rows: Row) -> None:
        for given in rows:
            row = {column: given.get(column, self.filler(column)) for column in self.columns}
            marks = ", ".join("?" for _ in row)
            self._connection.execute(f"insert into {self.name} values ({marks})", list(row.values()))

    def change(self, column: str, value: Any, rows: int) -> None:
        """Give some of the rows that stand there another value."""
        some = f"select rowid from {self.name} limit {rows}"
        self._connection.execute(f"update {self.name} set {column} = ? where rowid in ({some})", [value])

    def filler(self, column: str) -> Any:
        """Something that breaks no test: valid where tests look, unique elsewhere."""
        if column in self.parents:
            return self.parents[column]
        if column in VALID:
            return VALID[column]
        if self.columns[column] == "VARCHAR":
            return _text()
        return next(_numbers) if self.columns[column] in ("INTEGER", "BIGINT", "DOUBLE") else None


def _break_unique_together(relation: Relation, arguments: Row) -> int:
    fixed = {"structure", "region_code", "period", *relation.parents}
    key = {
        c: _text() if c not in fixed and relation.columns[c] == "VARCHAR" else relation.filler(c)
        for c in arguments["columns"]
    }
    relation.insert(key, key)
    return 1


def _break_value_and_status(relation: Relation, _: Row) -> int:
    wrong = [(None, "A"), (None, "P"), (None, None), (1.0, None), *((1.0, status) for status in "MLCN")]
    relation.insert(*({"value": value, "obs_status": status} for value, status in wrong))
    right = [(1.0, "A"), (1.0, "P"), (1.0, "D"), *((None, status) for status in "MLCN")]
    relation.insert(*({"value": value, "obs_status": status} for value, status in right))
    return len(wrong)


def _break_region_valid(relation: Relation, _: Row) -> int:
    relation.insert(
        {"region_code": "0301", "period": "2024"},
        {"region_code": "EAK", "period": "2019"},
        {"region_code": "2111", "period": "2024"},
        {"structure": "current", "region_code": "EAK", "period": "2024"},
        {"region_code": "0301", "period": "2024", "value": None, "obs_status": "M"},
        {"region_code": "EAK", "period": "2024"},
    )
    return 4


def _break_has_no_gaps(relation: Relation, arguments: Row) -> int:
    relation.insert(*({"year": _text(), arguments["column"]: entry} for entry in (None, None, "1508+1580")))
    return 2


def _break_summed_series(relation: Relation, _: Row) -> int:
    # Against 3 + 4 persons in the series that Statistics Norway sums, see `_insert_summed_series`.
    told = {"structure": "current", "table_id": "07459", "measure": "persons", "category": "total"}
    wrong: list[Row] = [{"region_code": "0301", "value": 8.0}, {"region_code": "4601", "value": 6.5}]
    right: list[Row] = [
        {"region_code": "1103", "value": 7.0},
        {"region_code": "3101", "value": None, "obs_status": "M"},
        {"region_code": "5001", "value": 8.0},
        {"region_code": "0301", "value": 8.0, "category": "80+"},
        {"region_code": "0301", "value": 8.0, "measure": "persons_year_end"},
        {"region_code": "EAK", "value": 8.0, "structure": "as_published"},
    ]
    relation.insert(*({**told, **row} for row in [*wrong, *right]))
    return len(wrong)


def _insert_summed_series(connection: duckdb.DuckDBPyConnection, relation: Relation) -> None:
    """3 + 4 persons in each region; of 5001 only one of the two cells has a figure."""
    connection.execute(f"update catalog.age_bands set cells = {CELLS_OF_ALL_AGES} where table_id = '07459'")
    for code in ("0301", "4601", "1103", "3101", "EAK", "5001"):
        second = {"value": None, "obs_status": "M"} if code == "5001" else {"value": 4.0}
        cell = {"structure": "current", "region_code": code}
        relation.insert({**cell, "value": 3.0}, {**cell, **second})


def _break_one_norwegian_part(relation: Relation, _: Row) -> int:
    wrong = ["Bodø - Bådåddjo", "Bodø – Bådåddjo", "Gáivuotna - Kaivuono"]
    right = ["Sør-Varanger", "Hábmer", "Bø (Nordland - Nordlánnda)"]
    relation.insert(*({"name_norwegian": name} for name in [*wrong, *right]))
    return len(wrong)


def _break_documents(relation: Relation, _: Row) -> int:
    relation.change("verdict", "differs", rows=2)
    return 2


def _break_sums(reason: str, must_hold: bool) -> Callable[[Relation, Row], int]:
    """Sums that are off by more than rounding, in both directions, beside some that rounding explains."""

    def change(relation: Relation, _: Row) -> int:
        told = {"reason": reason, "must_hold": must_hold, "tolerance": 1.5}
        relation.insert(*({**told, "difference": off} for off in (1.6, -1.6, 3.0, 1.5, -1.5, 0.0)))
        return 3

    return change


def _break_part_within_whole(relation: Relation, _: Row) -> int:
    share: Row = {"indicator_id": "KOMP-02", "denominator": 10.0}
    wrong: list[Row] = [{"numerator": 10.1}, {"numerator": -0.1}]
    right: list[Row] = [
        {"numerator": 10.0},
        {"numerator": 0.0},
        {"numerator": None},
        {"numerator": 11.0, "indicator_id": "STAB-06.WAGES"},
    ]
    relation.insert(*({**share, "period": _text(), **row} for row in [*wrong, *right]))
    return len(wrong)


def _break_same_in_both_tables(relation: Relation, _: Row) -> int:
    # 14533 has whole FTEs and 14534 one decimal, so that the same FTEs may differ by 0.5 and 0.05.
    occupation: Row = {"table_id": "14533", "measure": "fte", "category": "total", "value": 12.0}
    education: Row = {"table_id": "14534", "measure": "fte", "category": "total|total"}
    for code, told in (("4601", 12.5), ("0301", 12.6), ("1103", 11.4)):
        relation.insert({**occupation, "region_code": code}, {**education, "region_code": code, "value": told})
    return 2


def _break_users_within_population(relation: Relation, _: Row) -> int:
    users: Row = {"table_id": "12003", "measure": "users", "category": "80+|home"}
    of_all_ages: Row = {"table_id": "12292", "measure": "users_home_services", "category": ""}
    people: Row = {"table_id": "07459", "measure": "persons_year_end"}
    today: Row = {"structure": "current", "region_code": "0301"}
    relation.insert(
        {**people, "category": "80+", "value": 100.0},
        {**people, "category": "total", "value": 1000.0},
        {**users, "value": 101.0},
        {**of_all_ages, "value": 1001.0},
        {**users, "category": "80+|institution", "value": 100.0},
        {**people, **today, "category": "80+", "value": 10.0},
        {**users, **today, "value": 999.0},  # judged where it was published
    )
    return 2


def _break_unique(relation: Relation, arguments: Row) -> int:
    column = arguments["column_name"]
    same = 900 if relation.columns[column] == "INTEGER" else "the same"
    relation.insert({column: same}, {column: same})
    return 1


def _break_relationships(relation: Relation, arguments: Row) -> int:
    column = arguments["column_name"]
    orphan = 901 if relation.columns[column] == "INTEGER" else "an orphan"
    if relation.has_rows:  # of what is declared; one more with its key would break other tests
        relation.change(column, orphan, rows=1)
    else:
        relation.insert({column: orphan})
    return 1


def _break_given_away(by: str) -> Callable[[Relation, Row], int]:
    def change(relation: Relation, _: Row) -> int:
        relation.insert({"given_by": by}, {"given_by": by}, {"given_by": "nobody"})
        return 2

    return change


BREAK = {
    "gives_nothing_away": _break_given_away("us"),
    "source_gives_nothing_away": _break_given_away("source"),
    "unique_together": _break_unique_together,
    "value_and_status_agree": _break_value_and_status,
    "region_valid_in_year": _break_region_valid,
    "has_no_gaps": _break_has_no_gaps,
    "agrees_with_summed_series": _break_summed_series,
    "one_norwegian_part": _break_one_norwegian_part,
    "agrees_with_documents": _break_documents,
    "parts_make_totals": _break_sums("categories", must_hold=True),
    "parts_near_totals": _break_sums("categories", must_hold=False),
    "municipalities_make_areas": _break_sums("municipalities", must_hold=True),
    "municipalities_near_areas": _break_sums("municipalities", must_hold=False),
    "part_within_whole": _break_part_within_whole,
    "same_in_both_tables": _break_same_in_both_tables,
    "users_within_population": _break_users_within_population,
    "unique": _break_unique,
    "relationships": _break_relationships,
}
SEVERITY = dict.fromkeys(
    (
        "agrees_with_documents",
        "municipalities_near_areas",
        "one_norwegian_part",
        "parts_near_totals",
        "region_valid_in_year",
        "same_in_both_tables",
        "source_gives_nothing_away",
        "users_within_population",
    ),
    "warn",
)
"""What the source must mend, or may have estimated; every other rule is an identity."""


@pytest.fixture(scope="module")
def tests_of(empty_build: EmptyBuild) -> dict[str, Row]:
    """Every data test of the project, by unique id."""
    nodes = manifest(empty_build.home)["nodes"]
    return {uid: node for uid, node in nodes.items() if node["resource_type"] == "test"}


@pytest.fixture(scope="module")
def broken(
    empty_build: EmptyBuild, tests_of: dict[str, Row], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[Row, int]]:
    """Each test's result on a build with wrong rows, and how many rows or groups break it."""
    home = empty_build.copy_to(Home(tmp_path_factory.mktemp("wrong_rows")))
    nodes = manifest(home)["nodes"]
    expected: dict[str, int] = {}
    with duckdb.connect(str(home.build_file)) as connection:
        relations: dict[str, Relation] = {}
        for uid in sorted({node["attached_node"] for node in tests_of.values()}, key=_parents_first):
            children = [n for n in tests_of.values() if n["attached_node"] == uid]
            links = [n["test_metadata"]["kwargs"] for n in children if n["test_metadata"]["name"] == "relationships"]
            known = {link["column_name"]: _existing(connection, link) for link in links}
            relations[uid] = Relation(connection, nodes[uid], known)
        relations["model.k2025.region_years"].insert(*LISTED)
        _insert_summed_series(connection, relations["model.k2025.stg_ssb_07459"])
        for uid, node in tests_of.items():
            metadata = node["test_metadata"]
            change = BREAK[metadata["name"]]
            expected[uid] = change(relations[node["attached_node"]], metadata["kwargs"])
    results = run_dbt(home, "test", "--select", "test_type:data")
    return {uid: (results[uid], rows) for uid, rows in expected.items()}


def _parents_first(uid: str) -> tuple[bool, str]:
    return "indicator_values" in uid or "measure_indicators" in uid, uid


def _existing(connection: duckdb.DuckDBPyConnection, link: Row) -> Any:
    """A key that the table pointed to has."""
    found = re.search(r"ref\('(\w+)'\)", link["to"])
    assert found is not None
    return connection.execute(f"select min({link['field']}) from public.{found[1]}").fetchall()[0][0]


def test_every_kind_of_data_test_has_rows_that_break_it(tests_of: dict[str, Row]) -> None:
    assert {node["test_metadata"]["name"] for node in tests_of.values()} == set(BREAK)


def test_the_rule_of_every_kind_of_data_test_is_declared_in_words(catalog: Catalog) -> None:
    rules = catalog.quality.relations.rules
    assert set(rules) == set(BREAK)
    assert {name for name, rule in rules.items() if rule.level == "reconciliation"} == {
        "agrees_with_documents",
        "agrees_with_summed_series",
    }
    assert [name for name, rule in rules.items() if rule.runbook != rule.level] == []


def test_the_name_of_a_data_test_is_short_and_tells_rule_and_model(tests_of: dict[str, Row]) -> None:
    for node in tests_of.values():
        metadata, model = node["test_metadata"], node["attached_node"].rpartition(".")[2]
        column = metadata["kwargs"].get("column_name")
        assert node["name"] == "_".join(filter(None, (metadata["name"], model, column)))
        assert len(node["name"]) <= 63


def test_every_generic_test_that_the_project_writes_is_in_use() -> None:
    texts = [(PROJECT / "macros" / name).read_text("utf-8") for name in GENERIC]
    written = {name for text in texts for name in re.findall(r"{% test (\w+)\(", text)}
    assert written == set(BREAK) - {"unique", "relationships"}


def test_every_data_test_holds_where_there_is_nothing_wrong(empty_build: EmptyBuild, tests_of: dict[str, Row]) -> None:
    assert {empty_build.results[uid]["status"] for uid in tests_of} == {"pass"}


def test_every_data_test_fails_on_the_rows_that_break_it_and_on_no_others(broken: dict[str, tuple[Row, int]]) -> None:
    found = {uid: result["failures"] for uid, (result, _) in broken.items()}
    assert found == {uid: rows for uid, (_, rows) in broken.items()}


def test_only_what_the_source_must_mend_does_not_stop_the_night(
    broken: dict[str, tuple[Row, int]], tests_of: dict[str, Row]
) -> None:
    statuses = {tests_of[uid]["test_metadata"]["name"]: result["status"] for uid, (result, _) in broken.items()}
    assert statuses == {name: SEVERITY.get(name, "fail") for name in BREAK}
