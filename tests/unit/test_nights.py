"""The record of nights: written whole, read back, and what later nights know of earlier ones."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from k2025_pipeline.lake.home import Home, read_json, write_json
from k2025_pipeline.quality import nights
from k2025_pipeline.quality.nights import CHECKS, QUALITY
from k2025_pipeline.quality.outcome import Check, Finding, Outcome
from made_up_nights import CHECK, FILE_OF, FIRST, NO_QUALITY, SECOND, WARNING, outcome


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    nights.write(home, FIRST, [outcome(), outcome(WARNING, 2)], NO_QUALITY)
    nights.write(home, SECOND, [outcome(failed=7, previous=0)], NO_QUALITY)
    return home


def test_a_night_is_read_back_as_it_was_written(home: Home) -> None:
    assert nights.records(home) == [FIRST, SECOND]
    assert nights.latest(home) == SECOND
    assert nights.of_run(home, "first") == FIRST
    assert nights.of_run(home, "another") is None


def test_before_the_first_night_nothing_is_known(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert nights.latest(home) is None
    assert nights.last_success(home) is None
    assert nights.previous_failures(home) == {}
    assert nights.standing_findings(home, FILE_OF) == {}


def test_a_blocked_night_is_no_success(home: Home) -> None:
    success = nights.last_success(home)
    assert success == FIRST
    assert nights.previous_failures(home) == {CHECK.key: 7}


def test_checks_are_a_frame_in_the_public_columns(home: Home) -> None:
    frame = nights.checks_of(home, SECOND.night_id)
    assert frame.schema == pl.Schema(CHECKS)
    row = frame.row(0, named=True)
    assert (row["failed_rows"], row["previous_failed_rows"], row["checked_rows"]) == (7, 0, 100)
    assert row["started_at"] == datetime(2026, 3, 29, 2, 15, 2, tzinfo=UTC)


def test_a_night_has_the_date_of_oslo(tmp_path: Path) -> None:
    """Half past eleven in London in summer is the next day in Oslo."""
    late = replace(FIRST, started_at="2026-07-01T22:30:00+00:00")
    frame = nights.checks_frame(late, [outcome()])
    assert frame["night"][0].isoformat() == "2026-07-02"


def test_findings_of_the_standing_file_are_those_of_the_night_that_made_it(home: Home) -> None:
    assert nights.standing_findings(home, "2020-01-01T00:00:00+00:00") == {}, "a file that no night tells of"
    standing = nights.standing_findings(home, FILE_OF)
    assert standing[CHECK.key].passed
    assert standing[WARNING.key].failed == 2
    assert standing[WARNING.key].sample == [{"region_code": "0301", "value": None}]
    assert all(finding.repeated for finding in standing.values())


@pytest.mark.parametrize(("name", "columns"), [("checks", CHECKS), ("quality", QUALITY)])
def test_all_nights_are_one_query_with_or_without_nights(home: Home, tmp_path: Path, name, columns) -> None:
    empty = duckdb.sql(nights.history_sql(Home(tmp_path / "none"), name, columns))
    full = duckdb.sql(nights.history_sql(home, name, columns))
    assert empty.columns == full.columns == list(columns)
    assert empty.types == full.types
    assert empty.fetchall() == []
    assert len(full.fetchall()) == (3 if name == "checks" else 0)


def test_a_night_that_was_cut_off_while_it_was_written_does_not_count(home: Home) -> None:
    cut = home.nights / ".20260330T021502Z"
    cut.mkdir()
    (cut / "checks.parquet").write_bytes(b"half")
    assert nights.latest(home) == SECOND
    assert len(duckdb.sql(nights.history_sql(home, "checks", CHECKS)).fetchall()) == 3


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("night.json", b"{}"),
        ("night.json", b"[]"),
        ("night.json", b"{"),
        ("checks.parquet", b"garbage"),
        ("checks.parquet", None),
        ("quality.parquet", b""),
        ("failed.json", b"{"),
        ("failed.json", b"[{}]"),
        ("failed.json", b'["x"]'),
        ("failed.json", b'[{"asset": "a", "name": "b", "moon": "full"}]'),
    ],
)
def test_a_damaged_record_is_left_out_and_stops_nothing(home: Home, file: str, content: bytes | None) -> None:
    place = home.nights / SECOND.night_id / file
    if content is None:
        place.unlink()
    else:
        place.write_bytes(content)
    assert nights.latest(home) == FIRST
    assert nights.previous_failures(home) == {CHECK.key: 0, WARNING.key: 2}
    assert len(duckdb.sql(nights.history_sql(home, "checks", CHECKS)).fetchall()) == 2


def test_a_record_of_another_version_is_read_as_far_as_it_is_known(home: Home) -> None:
    place = home.nights / SECOND.night_id / "night.json"
    write_json(place, read_json(place) | {"moon": "full"})
    assert nights.latest(home) == SECOND


def test_writing_a_night_twice_keeps_the_last_word(home: Home) -> None:
    nights.write(home, SECOND, [outcome(failed=9)], NO_QUALITY)
    assert nights.previous_failures(home) == {CHECK.key: 9}
    assert len(nights.records(home)) == 2


@pytest.mark.parametrize(
    ("check", "finding", "blocks"),
    [
        (CHECK, Finding(False, 1), True),
        (CHECK, Finding(True), False),
        (WARNING, Finding(False, 1), False),
        (CHECK, Finding(False, 1, severity="warn"), False),
    ],
)
def test_only_a_broken_blocking_error_blocks(check: Check, finding: Finding, blocks: bool) -> None:
    assert Outcome(check, finding).blocks is blocks
