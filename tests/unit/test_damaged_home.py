"""Files of the home that somebody changed: each is told by name, with its page, and none is taken for «there is none».

Here belongs what reading them does. Not here: the answers of the source (``test_lake``) and records of nights
(``test_nights``).
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from k2025_pipeline import runbook
from k2025_pipeline.cli import main
from k2025_pipeline.ingest.changes import Seen
from k2025_pipeline.lake.home import DamagedHome, Home, write_json
from k2025_pipeline.lake.typed import TypedLake

FILES: dict[str, Callable[[Home], Any]] = {
    "source.json": lambda home: home.check_source("demo"),
    "typed/ssb_12209/current.json": lambda home: TypedLake(home).current("ssb_12209"),
    "typed/ssb_12209/vintages/v.json": lambda home: TypedLake(home).vintages("ssb_12209"),
    "typed/ssb_12209/refused/v.json": lambda home: TypedLake(home).refusals("ssb_12209"),
    "typed/ssb_12209/overruled/v.json": lambda home: TypedLake(home).overruled("ssb_12209", "v"),
    "typed/ssb_12209/absent.json": lambda home: TypedLake(home).state("ssb_12209"),
    "checked.json": Seen,
}
WRONG = ["", "{", "[]", "null", '"x"', "5"]
NOT_EMPTY = {"source.json", "typed/ssb_12209/current.json", "typed/ssb_12209/vintages/v.json"}
"""Files that say nothing at all as an empty object; the others merely lack what they need not hold."""
CASES = [(file, content) for file in FILES for content in WRONG] + [(file, "{}") for file in sorted(NOT_EMPTY)]


@pytest.mark.parametrize(("file", "content"), [*CASES, ("checked.json", '{"confirmed": []}')])
def test_a_file_of_another_shape_is_told_by_its_name(tmp_path: Path, file: str, content: str) -> None:
    place = tmp_path / file
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(content, "utf-8")
    with pytest.raises(DamagedHome, match=rf"{place.name} is damaged") as raised:
        FILES[file](Home(tmp_path))
    assert str(place) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_home_with_figures_that_lost_its_source_is_bound_to_none(tmp_path: Path) -> None:
    (tmp_path / "typed" / "ssb_12209").mkdir(parents=True)
    with pytest.raises(DamagedHome, match=r"source\.json is missing, and .* holds figures already"):
        Home(tmp_path).claim("demo")
    assert not (tmp_path / "source.json").exists()


def test_an_empty_home_is_bound_and_stays_so(tmp_path: Path) -> None:
    assert Home(tmp_path).bound_source is None
    Home(tmp_path).claim("demo")
    (tmp_path / "typed" / "ssb_12209").mkdir(parents=True)
    Home(tmp_path).claim("demo")
    assert Home(tmp_path).bound_source == "demo"


@pytest.mark.parametrize("arguments", [["status"], ["publish", "--list"], ["publish", "--resume"], ["indicators"]])
@pytest.mark.parametrize("damage", ["a file for the home", "a file for a folder", "no warehouse"])
def test_commands_tell_it_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], damage: str
) -> None:
    home = tmp_path / "home"
    write_json(home / "source.json", {"source": "demo"})
    if damage == "a file for the home":
        shutil.rmtree(home)
        home.write_text("x", "utf-8")
    elif damage == "a file for a folder":
        (home / "typed").write_text("x", "utf-8")
    else:
        (home / "warehouse.duckdb").write_bytes(b"garbage")
    monkeypatch.setenv("K2025_HOME", str(home))
    told = CliRunner().invoke(main, arguments)
    assert told.exception is None or isinstance(told.exception, SystemExit), told.exception
    assert "Traceback" not in told.output
    if told.exit_code:
        assert any(f"docs/runbook/{page}.md" in told.output for page in runbook.PAGES), told.output
