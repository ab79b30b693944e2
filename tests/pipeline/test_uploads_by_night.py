"""A file laid down by a person, through whole nights: published with its words, refused without harm."""

import shutil
from pathlib import Path

import duckdb
import pytest

from k2025_pipeline.demo.generator import ensure_demo
from k2025_pipeline.warehouse.publish import file_hash

from .conftest import Refreshed, refresh

GOOD = """# merknad: Fra KS
kommunenr;kommune;år;personellgruppe;ut av sektoren prosent;totalt prosent;antall ansatte
0301;Oslo;2023;Alle;9,4;21,9;1 000
1507;Ålesund;2023;Ledere;..;:;1 000
"""
BAD = GOOD.replace("1507;Ålesund;2023", "1508;Ålesund;2023").replace("21,9", "219")


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two tables and the classifications."""
    folder = tmp_path_factory.mktemp("two_tables")
    generated = ensure_demo(tmp_path_factory.mktemp("generated"), "revised")
    shutil.copytree(generated / "klass", folder / "klass")
    (folder / "statbank").mkdir()
    for table in ("12209", "12292"):
        shutil.copy(generated / "statbank" / f"{table}.json", folder / "statbank")
    shutil.copy(generated / "source.json", folder)
    return folder


def lay(home: Path, text: str, name: str = "turnover.csv") -> None:
    (home / "inputs").mkdir(parents=True, exist_ok=True)
    (home / "inputs" / name).write_text(text, encoding="utf-8")


def test_a_right_file_is_published_and_a_wrong_one_leaves_it_standing(tmp_path: Path, tables: Path) -> None:
    home = tmp_path / "home"
    lay(home, GOOD)
    first = refresh(home, str(tables))
    assert_published(first)
    before = file_hash(first.home.warehouse)
    quiet = refresh(home, str(tables))
    assert quiet.record["states"]["upload_turnover"] == "unchanged"
    assert file_hash(quiet.home.warehouse) == before, "a quiet night stays quiet"
    lay(home, BAD)
    lay(home, BAD, "turnover-2024.csv")
    assert_stands(refresh(home, str(tables)))


def assert_published(night: Refreshed) -> None:
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


def assert_stands(night: Refreshed) -> None:
    assert night.success, "a refused file does not stop the night"
    assert {"upload_turnover", "inputs/turnover-2024.csv"} == set(night.reporter.problems), "so that it ends with 3"
    assert night.record["states"]["upload_turnover"] == "refused"
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
