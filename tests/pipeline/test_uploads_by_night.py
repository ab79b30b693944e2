"""A file laid down by a person, through whole nights: published with its words, refused without harm."""

import duckdb

from .conftest import Refreshed


def test_a_right_file_is_published_with_its_words(first_night: Refreshed) -> None:
    night = first_night
    assert night.success
    assert night.reporter.problems == {}
    assert night.check("uploads", "upload_turnover", "contract").passed
    rows = night.query(
        "select region_code, staff_group, measure, value, symbol, source, note from source.upload_turnover"
    )
    assert rows.height == 6
    assert rows.row(0) == ("0301", "all", "out_of_sector", 9.4, None, "upload", "Fra KS")
    assert uploaded(night, "obs_status, source, vintage is not null, is_stale") == [
        ("employed", "A", "upload", True, False), ("out_of_sector", "M", "upload", True, False),
        ("total", "C", "upload", True, False),
    ]  # fmt: skip
    held = night.query("select count(*) from source_history.upload_turnover where valid_to is null").item()
    assert held == 6


def test_a_wrong_file_is_refused_and_leaves_the_right_one_standing(troubled_night: Refreshed) -> None:
    night = troubled_night
    assert night.success, "a refused file does not stop the night"
    assert {"upload_turnover", "inputs/turnover-2024.csv"} <= set(night.reporter.problems), "so that it ends with 3"
    assert night.record.states["upload_turnover"] == "refused"
    check = night.check("uploads", "upload_turnover", "contract")
    assert (check.passed, check.blocking) == (False, False)
    told = " ".join(str(value.value) for value in check.metadata.values())
    assert "rad / row" in told
    assert "er større enn 100" in told
    assert "Bruk koden som gjaldt i 2023: 1507 Ålesund." in told
    assert night.query("select distinct is_stale from source.upload_turnover").item() is True
    figures = night.query("select value from source.upload_turnover where region_code = '0301' and measure = 'total'")
    assert figures.item() == 21.9


def uploaded(night: Refreshed, columns: str) -> list[tuple]:
    """The leaders' rows of the core model, which the published file does not hold."""
    sql = f"select measure, {columns} from core.observations_uploaded where category = 'leaders' order by 1"
    with duckdb.connect(str(night.home.build_file), read_only=True) as connection:
        return connection.execute(sql).fetchall()
