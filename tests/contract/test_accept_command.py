"""``k2025 accept`` and ``k2025 status``, as a person uses them on a refused delivery."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from k2025_pipeline.catalog import Catalog
from k2025_pipeline.cli import main
from k2025_pipeline.ingest.acceptance import Tonight, accept_table
from k2025_pipeline.lake.home import Home, write_json
from k2025_pipeline.lake.typed import TypedLake
from test_acceptance_flow import JUNE, MARCH, Source, changed

Run = Callable[..., Result]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home of recordings, which hold parts of tables by nature."""
    home = Home(tmp_path)
    write_json(home.root / "source_kind.json", {"kind": "recording"})
    return home


@pytest.fixture
def refused(home: Home, catalog: Catalog) -> str:
    """The id of a vintage that stands refused: an occupancy beyond the declared bounds."""
    source, contract = Source(home, catalog.tables["12293"]), catalog.tables["12293"]
    source.deliver(MARCH)
    accept_table(home, contract, Tonight(partial=True))
    vintage = source.deliver(JUNE, changed(0, 251.0)).vintage
    assert accept_table(home, contract, Tonight(partial=True)).state == "refused"
    return vintage


@pytest.fixture
def run(home: Home, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("K2025_HOME", str(home.root))
    monkeypatch.setenv("COLUMNS", "300")
    return lambda *words: CliRunner().invoke(main, list(words))


def test_status_names_what_is_refused_why_and_the_way_out(run: Run, refused: str) -> None:
    output = run("status").output
    assert f"{refused} ssb_12293: rule value_in_range is broken by 1 rows" in output
    assert f"k2025 accept ssb_12293 {refused} --reason" in output


@pytest.mark.parametrize("table", ["12293", "ssb_12293"])
def test_accept_makes_it_current_and_says_what_was_overruled(home: Home, run: Run, refused: str, table: str) -> None:
    result = run("accept", table, refused, "--reason", "SSB: places stood empty", "--by", "kari")
    assert result.exit_code == 0, result.output
    assert f"accepted, vintage {JUNE}" in result.output
    assert "Overruled: value_in_range" in result.output
    current = TypedLake(home).current("ssb_12293")
    assert current is not None
    assert current.overruled is not None
    assert (current.overruled["by"], current.overruled["reason"]) == ("kari", "SSB: places stood empty")
    assert "Refused" not in run("status").output
    again = run("accept", table, refused, "--reason", "once more")
    assert again.exit_code == 1
    assert "does not stand refused" in again.output


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("12293", "20990101T000000Z", "--reason", "x"), 1, "does not stand refused"),
        (("99999", "20990101T000000Z", "--reason", "x"), 2, "no such file in schemas/tables"),
        (("12293", "{refused}", "--reason", "  "), 2, "say why"),
        (("12293", "{refused}"), 2, "--reason"),
    ],
)
def test_a_wrong_word_changes_nothing(
    home: Home, run: Run, refused: str, words: tuple[str, ...], status: int, said: str
) -> None:
    before = TypedLake(home).current("ssb_12293")
    result = run("accept", *(word.format(refused=refused) for word in words))
    assert (result.exit_code, said in result.output) == (status, True), result.output
    assert TypedLake(home).current("ssb_12293") == before
