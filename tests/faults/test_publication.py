"""What a new file must be to be published, dated copies, going back, and readers who ask all the while."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import orjson
import polars as pl
import pytest
from click.testing import CliRunner

from k2025_pipeline.catalog import Catalog
from k2025_pipeline.cli import main
from k2025_pipeline.lake.home import DamagedHome, Home, write_json
from k2025_pipeline.night import Night
from k2025_pipeline.quality.findings import of_standing_file
from k2025_pipeline.quality.outcome import Finding
from k2025_pipeline.settings import Settings
from k2025_pipeline.warehouse import contents, copies, going_back
from k2025_pipeline.warehouse.manifest import file_hash, manifest_file, published, read_manifest
from k2025_pipeline.warehouse.publish import NotFit, held, is_as_published, publish

from . import small_statbank as small

FIRST, SECOND, THIRD = 73.7, 74.2, 75.1
EARLIER = date(2026, 6, 19)


@pytest.fixture
def home(tmp_path: Path, catalog: Catalog) -> Home:
    """A home with one published file of ten rows a table."""
    found = Home(tmp_path / "home")
    small.publish_once(found, catalog, FIRST, rows=10)
    return found


def figure(home: Home) -> float:
    with duckdb.connect(str(home.warehouse), read_only=True) as reader:
        return float(reader.execute("select distinct value from public.indicator_values").fetchall()[0][0])


def memory(home: Home) -> list[tuple[float | None, str]]:
    rows = pl.read_parquet(home.published_values).sort("published_at")
    return list(rows.select("value", "cause").iter_rows())


Break = Callable[[duckdb.DuckDBPyConnection, Catalog], None]


def _sql(statement: str) -> Break:
    return lambda build, catalog: build.execute(statement)  # type: ignore[return-value]


def _of_source(statement: str) -> Break:
    def change(build: duckdb.DuckDBPyConnection, catalog: Catalog) -> None:
        build.execute(statement.format(f"staging.stg_{catalog.tables[small.TABLE].name}"))

    return change


BROKEN: dict[str, tuple[str, str, Break]] = {
    "a public table is missing": (
        "tables_present",
        "1 of .* are missing or were emptied: public.indicator_values",
        _sql("drop table public.indicator_values"),
    ),
    "a public table is empty": (
        "tables_present",
        "public.indicator_values",
        _sql("delete from public.indicator_values"),
    ),
    "a source table is empty": ("tables_present", "source.ssb_12293", _of_source("delete from {}")),
    "a public column is not documented": (
        "columns_documented",
        "public.indicator_values.extra",
        _sql("alter table public.indicator_values add column extra int"),
    ),
    "a public table is not documented": (
        "columns_documented",
        "public.more",
        _sql("create table public.more as select 1 as one"),
    ),
    "a source has a column that its contract does not have": (
        "columns_documented",
        "source.ssb_12293.extra",
        _of_source("alter table {} add column extra int"),
    ),
    "a source lacks a column of its contract": (
        "columns_documented",
        "source.ssb_12293.value",
        _of_source("alter table {} drop column value"),
    ),
    "a public table is much smaller": (
        "not_much_smaller",
        "more than 10% of their rows: public.indicator_values",
        _sql("delete from public.indicator_values using range(2) limits where rowid = limits.range"),
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_file_that_breaks_a_rule_is_not_published(home: Home, catalog: Catalog, fault: str) -> None:
    rule, words, change = BROKEN[fault]
    before, told = small.files(home.root), {}
    small.build_once(home, catalog, SECOND, rows=10)
    with duckdb.connect(str(home.build_file)) as build:
        change(build, catalog)
    with pytest.raises(NotFit, match=words) as raised:
        publish(home, catalog, "new", "other", tell=told.update)
    assert {name for name, finding in told.items() if not finding.passed} == {rule}
    assert raised.value.findings == told
    assert "the one that stands was not touched" in str(raised.value)
    assert told[rule].advice
    assert {k: v for k, v in small.files(home.root).items() if not k.startswith("build/")} == {
        k: v for k, v in before.items() if not k.startswith("build/")
    }
    assert not (home.build / "next").exists()
    small.publish_once(home, catalog, SECOND, rows=10)
    assert figure(home) == SECOND


@pytest.mark.parametrize("fault", ["cut off", "another storage version"])
def test_a_file_that_a_reader_could_not_open_is_not_published(
    home: Home, catalog: Catalog, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    write = contents.write

    def spoiled(home: Home, catalog: Catalog, candidate: Path, *more: Any) -> dict[str, int]:
        if fault != "cut off":
            rules = catalog.quality.publication.model_copy(update={"storage_version": "v1.4.0"})
            catalog = replace(catalog, quality=catalog.quality.model_copy(update={"publication": rules}))
        counts = write(home, catalog, candidate, *more)
        if fault == "cut off":
            os.truncate(candidate, 5000)
        return counts

    monkeypatch.setattr(contents, "write", spoiled)
    small.build_once(home, catalog, SECOND, rows=10)
    told: dict[str, Finding] = {}
    with pytest.raises(NotFit, match=r"opens_read_only: .*(cannot be read|storage version v1.4.0)"):
        publish(home, catalog, "new", "other", tell=told.update)
    assert set(told) == {"tables_present", "columns_documented", "opens_read_only", "not_much_smaller"}
    assert not told["opens_read_only"].passed
    assert figure(home) == FIRST


def test_what_rests_on_files_of_people_may_be_emptied(home: Home, catalog: Catalog) -> None:
    rules = catalog.quality.publication.model_copy(update={"rest_on_uploads": ["indicator_values"]})
    allowed = replace(catalog, quality=catalog.quality.model_copy(update={"publication": rules}))
    small.build_once(home, catalog, SECOND, rows=10)
    with duckdb.connect(str(home.build_file)) as build:
        build.execute("delete from public.indicator_values")
    assert publish(home, allowed, "new", "other").tables["public.indicator_values"] == 0


def test_the_manifest_says_from_what_the_file_was_made(home: Home, catalog: Catalog) -> None:
    small.build_once(home, catalog, SECOND)
    checks = {"acceptance": {"passed": 3, "failed": 1, "blocking": 0}}
    home.warehouse.unlink()  # nothing stands, so nothing is smaller than it
    told = publish(home, catalog, "new", "other", checks)
    assert told == published(home) == read_manifest(manifest_file(home))
    assert told.sha256 == file_hash(home.warehouse)
    assert (told.storage_version, told.checks) == ("v1.2.0", checks)
    assert told.version
    assert home.warehouse.stat().st_mode & 0o777 == 0o444
    old = {k: v for k, v in orjson.loads(manifest_file(home).read_bytes()).items() if k in OLD_FIELDS}
    write_json(manifest_file(home), {**old, "of_a_later_version": 1})
    found = published(home)
    assert found is not None
    assert (found.sha256, found.vintages, found.checks) == (told.sha256, {}, None)


OLD_FIELDS = {"fingerprint", "published_at", "sha256", "source", "tables"}


def test_a_copy_is_a_second_name_and_the_last_of_a_date_stays(home: Home, catalog: Catalog) -> None:
    small.publish_once(home, catalog, SECOND, rows=10)
    [(day, manifest)] = copies.available(home).items()
    assert manifest == published(home)
    assert (copies.folder_of(home, day) / copies.FILE).samefile(home.warehouse)
    assert [path.name for path in home.copies.iterdir()] == [day.isoformat()]


def test_a_disk_without_second_names_gets_a_copy(home: Home, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path, origin: Path) -> None:
        raise PermissionError(1, "Operation not permitted", str(path))

    monkeypatch.setattr(Path, "hardlink_to", refused)
    small.publish_once(home, catalog, SECOND, rows=10)
    [(day, manifest)] = copies.available(home).items()
    copy = copies.folder_of(home, day) / copies.FILE
    assert not copy.samefile(home.warehouse)
    assert file_hash(copy) == manifest.sha256
    assert copy.stat().st_mode & 0o222 == 0


@pytest.fixture
def with_copy(home: Home, catalog: Catalog) -> Home:
    """FIRST in a copy of an earlier date, SECOND published today."""
    [only] = home.copies.iterdir()
    copy = only.rename(copies.folder_of(home, EARLIER))
    manifest = orjson.loads((copy / copies.MANIFEST).read_bytes())
    write_json(copy / copies.MANIFEST, {**manifest, "published_at": f"{EARLIER}T02:15:00+00:00"})
    small.publish_once(home, catalog, SECOND, rows=10)
    return home


def test_copies_that_the_rules_do_not_keep_are_removed(with_copy: Home, catalog: Catalog) -> None:
    rules = catalog.quality.retention.model_copy(update={"nights": 1, "months": 0})
    strict = replace(catalog, quality=catalog.quality.model_copy(update={"retention": rules}))
    assert len(copies.available(with_copy)) == 2
    small.publish_once(with_copy, strict, THIRD, rows=10)
    assert EARLIER not in copies.available(with_copy)
    assert len(copies.available(with_copy)) == 1
    assert figure(with_copy) == THIRD


def test_a_copy_that_is_damaged_or_none_hides_no_other(with_copy: Home) -> None:
    whole = set(copies.available(with_copy))
    for name, manifest in (("2020-01-01", "[]"), ("2020-01-02", "{"), ("2020-01-03.bak", "{}"), ("2020-13-01", "{}")):
        (with_copy.copies / name).mkdir()
        (with_copy.copies / name / copies.MANIFEST).write_text(manifest, encoding="utf-8")
        (with_copy.copies / name / copies.FILE).write_bytes(b"")
    assert set(copies.available(with_copy)) == whole != set()


def test_going_back_pauses_publication_and_keeps_the_memory_true(with_copy: Home, catalog: Catalog) -> None:
    home = with_copy
    left, stands = going_back.go_back(home, EARLIER, "Kari", "12209 is wrong")
    assert left is not None
    assert (left.fingerprint, stands.fingerprint) == (f"fingerprint {SECOND}", f"fingerprint {FIRST}")
    assert figure(home) == FIRST
    assert pl.read_parquet(home.public / "indicator_values.parquet")["value"].unique().to_list() == [FIRST]
    assert published(home) == stands
    assert orjson.loads(home.audit_results.read_bytes()) == [f"audit of {FIRST}"]
    hold = held(home)
    assert hold is not None
    assert (hold.by, hold.reason, hold.left, hold.standing) == (
        "Kari",
        "12209 is wrong",
        left.published_at,
        stands.published_at,
    )
    assert memory(home) == [(FIRST, "first"), (SECOND, "source"), (FIRST, "going_back")]
    assert small.publish_once(home, catalog, THIRD, rows=10) == stands, "a night goes on, and swaps nothing in"
    assert figure(home) == FIRST
    assert len(memory(home)) == 3
    going_back.go_back(home, left.day, "Kari", "it was right after all")
    assert figure(home) == SECOND, "forward is a way too"
    assert memory(home)[3:] == [(SECOND, "going_back")]
    going_back.go_back(home, EARLIER, "Kari", "no, it was not")
    assert going_back.resume(home) is not None
    assert going_back.resume(home) is None
    small.publish_once(home, catalog, THIRD, rows=10)
    assert figure(home) == THIRD
    assert memory(home)[4:] == [(FIRST, "going_back"), (THIRD, "source")]


def test_a_night_that_says_the_same_as_the_file_gone_back_to_is_no_news(with_copy: Home, catalog: Catalog) -> None:
    going_back.go_back(with_copy, EARLIER, "Kari", "wrong")
    going_back.resume(with_copy)
    small.publish_once(with_copy, catalog, FIRST, rows=10)
    assert memory(with_copy) == [(FIRST, "first"), (SECOND, "source"), (FIRST, "going_back")]


def test_a_figure_that_only_the_file_taken_away_had_is_told_as_gone(with_copy: Home) -> None:
    told = pl.read_parquet(with_copy.published_values)
    new = told.tail(1).with_columns(region_code=pl.lit("1103"), cause=pl.lit("first"))
    pl.concat([told, new]).write_parquet(with_copy.published_values)
    going_back.go_back(with_copy, EARLIER, "Kari", "wrong")
    rows = pl.read_parquet(with_copy.published_values).filter(region_code="1103").sort("published_at")
    assert rows.select("value", "obs_status", "cause").rows() == [(SECOND, "A", "first"), (None, "L", "going_back")]


def test_a_copy_that_somebody_changed_is_refused(with_copy: Home) -> None:
    file = copies.folder_of(with_copy, EARLIER) / copies.FILE
    file.chmod(0o644)
    with file.open("ab") as opened:
        opened.write(b"x")
    before = small.files(with_copy.root)
    with pytest.raises(DamagedHome, match=r"is not the file that was published on that date.*Nothing was changed"):
        going_back.go_back(with_copy, EARLIER, "Kari", "wrong")
    assert small.files(with_copy.root) == before


@pytest.mark.parametrize("content", ['{"since": "2026-06-19"}', '{"moon": "full"}', "{}", "[]", "null", "[1]", "{"])
def test_a_pause_that_cannot_be_read_is_said_and_is_no_pause_that_is_over(with_copy: Home, content: str) -> None:
    with_copy.hold.write_text(content, encoding="utf-8")
    with pytest.raises(DamagedHome, match=r"hold\.json is damaged"):
        held(with_copy)


def test_a_night_finds_that_somebody_changed_the_file_and_makes_a_new_one(with_copy: Home, catalog: Catalog) -> None:
    home, settings = with_copy, Settings(home=with_copy.root, source="demo")
    write_json(home.root / "source.json", {"source": "demo"})
    standing = published(home)
    assert standing is not None
    night = Night(settings, catalog)
    night.fingerprint = standing.fingerprint
    assert night.stood_as_published and night.up_to_date
    home.warehouse.chmod(0o644)
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("update public.indicator_values set value = 99.9")
    night = Night(settings, catalog)
    night.fingerprint = standing.fingerprint
    assert not night.up_to_date, "it is built and published anew"
    small.publish_once(home, catalog, THIRD, rows=10)
    found = of_standing_file(night.stood_as_published)
    assert not found.passed, "told by the night that mends it"
    assert "var ikke lenger den filen som ble publisert" in found.message
    assert is_as_published(home)


def test_an_old_memory_that_cannot_be_read_is_told_and_nothing_is_changed(with_copy: Home) -> None:
    with_copy.published_values.write_bytes(b"garbage")
    before = small.files(with_copy.root)
    with pytest.raises(DamagedHome, match=r"indicator_values\.parquet is damaged"):
        going_back.go_back(with_copy, EARLIER, "Kari", "wrong")
    assert small.files(with_copy.root) == before


class TestCommands:
    @pytest.fixture
    def run(self, with_copy: Home, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
        monkeypatch.setenv("K2025_HOME", str(with_copy.root))
        monkeypatch.setenv("COLUMNS", "200")
        return lambda *arguments: CliRunner().invoke(main, arguments)

    def test_list_go_back_resume(self, run: Callable[..., Any], with_copy: Home) -> None:
        listed = run("publish", "--list").output
        assert EARLIER.isoformat() in listed
        assert "stands" in listed.splitlines()[-1]
        gone = run("publish", "--rollback", EARLIER.isoformat(), "--reason", "12209 is [b]wrong[/]", "--by", "Kari")
        assert gone.exit_code == 0, gone.output
        standing = published(with_copy)
        assert standing is not None
        assert f"to {standing.published_at}" in gone.output
        again = run("publish", "--rollback", EARLIER.isoformat(), "--reason", "once more", "--by", "Kari")
        assert f"The file of {standing.published_at} stood already" in again.output
        assert "k2025 publish --resume" in gone.output
        assert figure(with_copy) == FIRST
        again = run("publish", "--resume").output
        assert "by Kari" in again
        assert "was not paused" in run("publish", "--resume").output

    @pytest.mark.parametrize(
        ("arguments", "words", "status"),
        [
            ((), "Say one of --list, --rollback DATE and --resume", 2),
            (("--list", "--resume"), "Say one of", 2),
            (("--rollback", "2026-06-19"), "--reason: say why", 2),
            (("--rollback", "2026-06-19", "--reason", " "), "--reason: say why", 2),
            (("--rollback", "yesterday", "--reason", "x"), "does not match the format", 2),
            (("--rollback", "2020-01-01", "--reason", "x"), "There is no copy of 2020-01-01", 2),
        ],
    )
    def test_what_cannot_be_done_is_said(
        self, run: Callable[..., Any], with_copy: Home, arguments: tuple[str, ...], words: str, status: int
    ) -> None:
        before = figure(with_copy)
        result = run("publish", *arguments)
        assert (result.exit_code, words in result.output) == (status, True), result.output
        assert (figure(with_copy), held(with_copy)) == (before, None)

    def test_status_tells_revision_copies_and_pause_and_a_file_that_was_exchanged(
        self, run: Callable[..., Any], with_copy: Home, world: Any
    ) -> None:
        shutil.copytree(world.march / "nights", with_copy.nights)
        run("publish", "--rollback", EARLIER.isoformat(), "--reason", "12209 is [b]wrong[/]", "--by", "Kari")
        standing = published(with_copy)
        assert standing is not None
        told = run("status").output
        assert f"sha256 {standing.sha256[:12]}" in told
        assert "by Kari: 12209 is [b]wrong[/]" in told
        assert f"Copies     2, {EARLIER}" in told
        assert "NOT THE FILE" not in told
        exchanged = with_copy.root / "other.duckdb"
        exchanged.write_bytes(with_copy.warehouse.read_bytes() + b"x")
        exchanged.replace(with_copy.warehouse)
        assert "NOT THE FILE THAT WAS PUBLISHED" in run("status").output


READER = """
import sys, time
from pathlib import Path
import duckdb
file, stop, tables = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3].split(",")
asked, seen = 0, set()
print("ready", flush=True)
while True:
    last = stop.exists()
    with duckdb.connect(str(file), read_only=True) as reader:
        found = set()
        for table in tables:
            column = "value" if table.startswith("public") else "measure"
            rows = reader.execute(f"select {column}::double, count(*) from {table} group by all").fetchall()
            assert len(rows) == 1 and rows[0][1] == int(sys.argv[4]), (table, rows)
            found.add(rows[0][0])
        assert len(found) == 1, found
    asked, seen = asked + 1, seen | found
    if last:
        break
print(asked, len(seen), max(seen), flush=True)
"""


@pytest.mark.parametrize(("readers", "publications"), [(3, 10), pytest.param(8, 50, marks=pytest.mark.slow, id="8-50")])
def test_readers_see_a_whole_version_all_the_while(
    tmp_path: Path, catalog: Catalog, readers: int, publications: int
) -> None:
    """Each connection finds one version in every row of several tables; none is refused, locked out or torn."""
    home, rows, stop = Home(tmp_path / "home"), 1000, tmp_path / "stop"
    small.publish_once(home, catalog, 0.0, rows)
    names = [table.name for table in catalog.tables.values()]
    tables = ",".join(["public.indicator_values", *(f"source.{n}" for n in names), f"source_history.{names[0]}"])
    command = [sys.executable, "-c", READER, str(home.warehouse), str(stop), tables, str(rows)]
    with_pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    running = [subprocess.Popen(command, **with_pipes) for _ in range(readers)]
    try:
        for reader in running:
            assert reader.stdout is not None
            assert reader.stdout.readline() == "ready\n"
        for version in range(1, publications + 1):
            small.publish_once(home, catalog, float(version), rows)
        stop.touch()
        ended = [reader.communicate(timeout=120) for reader in running]
    finally:
        for reader in running:
            reader.kill()
            reader.wait()
    assert [error for _, error in ended if error] == []
    for told, _ in ended:
        asked, seen, newest = told.split()
        assert int(asked) >= 2
        assert int(seen) >= 2, "it asked while files were swapped"
        assert float(newest) == publications, "the last question is answered by the last file"
