"""What ``--source`` and the environment mean: which source is asked, what its figures are called, where they go."""

from pathlib import Path

import orjson
import pytest

from builders import Clock, Reply, answering, table_12345
from k2025_pipeline.ingest.source import OpenSource, UnknownSource, identity, open_source
from k2025_pipeline.lake.home import Home
from k2025_pipeline.pxweb.client import StatbankClient
from k2025_pipeline.pxweb.errors import SourceUnavailable
from k2025_pipeline.pxweb.transport import Transport
from k2025_pipeline.settings import PROJECT_ROOT, Settings


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    folder = tmp_path / "tables"
    (folder / "statbank").mkdir(parents=True)
    (folder / "statbank" / "12345.json").write_bytes(orjson.dumps(table_12345()))
    return folder


class TestIdentity:
    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            ("live", "live"),
            ("https://data.ssb.no", "live"),
            ("https://data.ssb.no/", "live"),
            ("demo", "demo"),
            ("demo:unrevised", "demo"),
            ("http://127.0.0.1:8025/", "http://127.0.0.1:8025"),
        ],
    )
    def test_a_word_or_an_address_means_one_source(self, source: str, expected: str) -> None:
        assert identity(source) == expected

    def test_a_folder_of_tables_is_its_whole_path(self, tables: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tables.parent)
        assert identity("tables") == identity(str(tables)) == f"folder:{tables}"

    @pytest.mark.parametrize("source", ["nope", "LIVE", "demo:march", "", "ftp://data.ssb.no"])
    def test_an_unknown_text_is_refused_with_what_can_be_said(
        self, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        with pytest.raises(UnknownSource, match="say demo, demo:unrevised, live, a URL, or a folder"):
            identity(source)

    def test_a_folder_without_tables_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(UnknownSource):
            identity(str(tmp_path))


class TestOpening:
    def test_live_is_opened_without_asking(self, tmp_path: Path) -> None:
        transport = Transport()
        with open_source("live", Home(tmp_path), transport) as opened:
            assert opened == OpenSource("https://data.ssb.no", "ssb")
        assert transport.requests_by_path == {}

    def test_a_folder_is_served_over_http_and_called_a_recording(self, tables: Path, tmp_path: Path) -> None:
        transport = Transport()
        with open_source(str(tables), Home(tmp_path / "home"), transport) as opened:
            assert opened.kind == "recording"
            assert StatbankClient(opened.base_url, transport).metadata("12345").status == 200

    def test_a_server_behind_an_address_says_what_it_is(self, tmp_path: Path) -> None:
        with (
            answering([Reply({}, headers={"x-k2025-source": "demo"})]) as server,
            open_source(server.url, Home(tmp_path), Transport()) as opened,
        ):
            assert opened == OpenSource(server.url, "demo")

    def test_an_address_that_does_not_answer_is_unavailable(self, tmp_path: Path) -> None:
        with answering([Reply({})]) as server:
            url = server.url
        with (
            pytest.raises(SourceUnavailable, match="Check the network"),
            open_source(url, Home(tmp_path), Transport(sleep=Clock().sleep)),
        ):
            pass


class TestSettings:
    @pytest.fixture(autouse=True)
    def _no_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("K2025_HOME", "K2025_SOURCE", "K2025_CONTACT"):
            monkeypatch.delenv(name, raising=False)

    def test_without_environment_the_demo_goes_to_var(self) -> None:
        """`K2025_HOME` is `var/` by default (DESIGN.md 5)."""
        assert Settings.from_env() == Settings(home=PROJECT_ROOT / "var", source="demo", contact="")

    def test_a_relative_home_counts_from_the_project_and_not_from_where_one_stands(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("K2025_HOME", "elsewhere/k")
        assert Settings.from_env().home == PROJECT_ROOT / "elsewhere" / "k"

    def test_an_absolute_home_is_taken_as_it_is(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("K2025_HOME", str(tmp_path))
        monkeypatch.setenv("K2025_SOURCE", "live")
        monkeypatch.setenv("K2025_CONTACT", "data@example.org")
        assert Settings.from_env() == Settings(home=tmp_path, source="live", contact="data@example.org")

    def test_an_empty_variable_is_as_good_as_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("K2025_HOME", "")
        monkeypatch.setenv("K2025_SOURCE", "")
        assert Settings.from_env() == Settings(home=PROJECT_ROOT / "var", source="demo")

    def test_declarations_lie_in_the_project(self, tmp_path: Path) -> None:
        settings = Settings(home=tmp_path)
        assert (settings.schemas / "measures.yml").is_file()
        assert (settings.dbt_project / "dbt_project.yml").is_file()
