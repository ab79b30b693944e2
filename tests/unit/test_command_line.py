"""What the commands say and with which status they end, as far as no refresh is needed for it."""

import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click
import duckdb
import orjson
import pytest
from click.testing import CliRunner, Result

from builders import table_12345
from k2025_pipeline.cli import main
from k2025_pipeline.ingest.changes import Seen
from k2025_pipeline.lake.home import Home, write_json
from k2025_pipeline.lake.typed import Vintage

Run = Callable[..., Result]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run ``k2025`` on an empty home."""
    monkeypatch.setenv("K2025_HOME", str(home))
    monkeypatch.delenv("K2025_SOURCE", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *arguments: CliRunner().invoke(main, arguments)


@pytest.fixture
def published(home: Path) -> None:
    """A published file with one small table."""
    home.mkdir()
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        connection.execute("create schema public")
        connection.execute(
            "create table public.regions as "
            "select region_code, name, value::double as value "
            "from (values ('0301', 'Oslo - [bold]', 1.5), ('EAK', null, null)) t(region_code, name, value)"
        )


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


ALL = [pytest.param(path, command, id=" ".join(path)) for path, command in commands(main)]


class TestHelp:
    def test_the_first_page_shows_examples_and_every_command(self, run: Run) -> None:
        text = run("--help").output
        assert 'k2025 query "select * from public.indicators"' in text
        assert "K2025_HOME" in text
        for name in main.commands:
            assert re.search(rf"^  {name} ", text, re.MULTILINE), name

    @pytest.mark.parametrize(("path", "command"), ALL)
    def test_every_command_says_what_it_does_and_what_each_option_means(
        self, run: Run, path: tuple[str, ...], command: click.Command
    ) -> None:
        result = run(*path, "--help")
        assert result.exit_code == 0
        assert result.output == run(*path, "-h").output
        assert command.help is not None
        assert command.help.strip().split("\n")[0] in " ".join(result.output.split())
        for option in command.params:
            if isinstance(option, click.Option) and not isinstance(option.type, click.Choice):
                assert option.help, option.name

    def test_refresh_explains_its_exit_statuses(self, run: Run) -> None:
        text = run("refresh", "--help").output
        assert re.findall(r"^    (\d)  \w", text, re.MULTILINE) == ["0", "1", "2", "3"]

    def test_query_shows_a_query(self, run: Run) -> None:
        assert "indicator_id = 'KOMP-01'" in run("query", "--help").output

    def test_check_explains_its_exit_status(self, run: Run) -> None:
        assert "status 1 if anything differs" in " ".join(run("check", "--help").output.split())


class TestBeforeAnyRefresh:
    @pytest.mark.parametrize("command", [("query", "select 1"), ("indicators",), ("indicators", "KOMP-01")])
    def test_nothing_can_be_asked_and_it_says_what_to_do(self, run: Run, home: Path, command: tuple[str, ...]) -> None:
        result = run(*command)
        assert result.exit_code == 2
        assert result.stderr == (
            f"k2025: {home / 'warehouse.duckdb'}: nothing is published yet. Run `k2025 refresh` first.\n"
            "See docs/runbook/publication.md\n"
        )

    def test_status_says_that_there_was_no_refresh(self, run: Run) -> None:
        result = run("status")
        assert result.exit_code == 0
        assert "no refresh yet. Run `k2025 refresh`" in " ".join(result.output.split())

    def test_status_calls_a_table_late_but_never_a_closed_series(self, run: Run, home: Path) -> None:
        """11924 ended on 17 June 2024, and 14746 is followed by another table: both stay as they are."""
        seen = Seen(Home(home))
        for table in ("11924", "12209", "12292", "14746"):
            vintage = Vintage(f"ssb_{table}", "20240617T060000Z", "2024-06-17T06:00:00Z", "", "", 1, "", {})
            write_json(home / "typed" / vintage.dataset / "current.json", asdict(vintage))
            if table != "12292":
                seen.note_shown(vintage.dataset, vintage.updated)
                seen.confirm(vintage.dataset, datetime.now(UTC))
        lines = {line[:5]: line for line in run("status").output.splitlines()}
        assert "late at source" in lines["12209"]
        assert "not known: The source" in lines["12292"], "the source has not been seen"
        for table in ("11924", "14746"):
            assert lines[table].rstrip().endswith("current, closed series")

    @pytest.mark.parametrize("command", [("query", "select 1"), ("status",), ("indicators",)])
    def test_looking_writes_nothing(self, run: Run, home: Path, command: tuple[str, ...]) -> None:
        run(*command)
        assert not home.exists()


@pytest.mark.usefixtures("published")
class TestQuery:
    SQL = "select * from public.regions order by region_code"

    def test_csv_keeps_codes_as_text_and_null_empty(self, run: Run) -> None:
        assert run("query", self.SQL, "--format", "csv").output == (
            "region_code,name,value\n0301,Oslo - [bold],1.5\nEAK,,\n"
        )

    def test_json_has_a_row_per_object(self, run: Run) -> None:
        assert orjson.loads(run("query", self.SQL, "--format", "json").output) == [
            {"region_code": "0301", "name": "Oslo - [bold]", "value": 1.5},
            {"region_code": "EAK", "name": None, "value": None},
        ]

    def test_the_table_shows_brackets_a_dash_for_null_and_the_number_of_rows(self, run: Run) -> None:
        text = run("query", self.SQL).output
        assert "Oslo - [bold]" in text
        assert re.search(r"^EAK +– +–", text, re.MULTILINE)
        assert text.rstrip().endswith("2 rows")

    def test_wrong_sql_ends_with_duckdbs_words(self, run: Run) -> None:
        result = run("query", "select nothing from public.regions")
        assert result.exit_code == 1
        assert 'Referenced column "nothing" not found' in result.stderr
        assert "Traceback" not in result.stderr

    def test_the_published_file_cannot_be_changed(self, run: Run) -> None:
        result = run("query", "drop table public.regions")
        assert result.exit_code == 1
        assert "read-only" in result.stderr
        assert run("query", self.SQL, "--format", "csv").exit_code == 0


class TestWrongUse:
    def test_an_unknown_table_is_a_usage_error_before_anything_is_written(self, run: Run, home: Path) -> None:
        result = run("refresh", "--only", "12209", "--only", "nope")
        assert result.exit_code == 2
        assert "--only nope: no such file in schemas/tables or schemas/classifications" in result.stderr
        assert not home.exists()

    @pytest.mark.parametrize("command", ["refresh", "check"])
    def test_an_unknown_source_is_named_with_what_can_be_said(self, run: Run, home: Path, command: str) -> None:
        result = run(command, "--source", "nope")
        assert result.exit_code == 2
        assert result.stderr.startswith("k2025: source «nope»: say demo, demo:unrevised, live, a URL, or a folder")
        assert not home.exists()

    def test_a_home_of_another_source_is_refused_and_stays(self, run: Run, home: Path, tmp_path: Path) -> None:
        (tmp_path / "tables" / "statbank").mkdir(parents=True)
        home.mkdir()
        (home / "source.json").write_text('{"source": "live"}', "utf-8")
        result = run("refresh", "--source", str(tmp_path / "tables"))
        assert result.exit_code == 2
        assert "holds figures from «live»" in result.stderr
        assert [path.name for path in home.iterdir()] == ["source.json"]

    def test_an_unknown_command_is_refused(self, run: Run) -> None:
        assert run("refersh").exit_code == 2


class TestErrors:
    """An error that somebody can meet is a sentence and a page, with the status that it always had."""

    @pytest.mark.usefixtures("published")
    @pytest.mark.parametrize("sql", ["select nothing", "select 1; select 2", "drop table public.regions"])
    def test_a_wrong_question_has_its_page(self, run: Run, sql: str) -> None:
        result = run("query", sql)
        assert (result.exit_code, result.stderr.splitlines()[-1]) == (1, "See docs/runbook/bad-question.md")

    @pytest.mark.usefixtures("published")
    def test_csv_has_no_lists_and_says_so(self, run: Run) -> None:
        result = run("query", "select [1] as a", "--format", "csv")
        assert result.exit_code == 1
        assert "use --format json" in result.stderr

    def test_a_damaged_home_has_its_page(self, run: Run, home: Path) -> None:
        home.mkdir()
        (home / "source.json").write_text('{"source"', "utf-8")
        result = run("refresh", "--source", "demo")
        assert (result.exit_code, result.stderr.splitlines()[-1]) == (2, "See docs/runbook/damaged-home.md")

    def test_what_cannot_be_accepted_has_its_page(self, run: Run) -> None:
        result = run("accept", "12209", "20260101T000000Z", "--reason", "x")
        assert (result.exit_code, result.stderr.splitlines()[-1]) == (1, "See docs/runbook/refused-vintage.md")

    def test_any_class_with_a_page_is_expected_and_any_without_is_not(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Known(OSError):
            runbook = "disk-full"

        @click.command()
        @click.argument("kind")
        def fail(kind: str) -> None:
            raise {"known": Known, "gone": FileNotFoundError, "unknown": KeyError}[kind]("what \x1b[31m happened")

        monkeypatch.setitem(main.commands, "fail", fail)
        known = run("fail", "known")
        assert known.exit_code == 2
        assert known.stderr == "k2025: what ?[31m happened\nSee docs/runbook/disk-full.md\n"
        assert run("fail", "gone").stderr.endswith("See docs/runbook/damaged-home.md\n")
        assert isinstance(run("fail", "unknown").exception, KeyError)


class TestLoopback:
    """Nothing listens beyond this machine, and no option says otherwise (docs/security.md)."""

    @pytest.mark.parametrize(
        ("options", "program"),
        [([], ["dagster", "dev"]), (["--read-only"], ["dagster-webserver", "--read-only"])],
    )
    def test_the_ui_binds_127_0_0_1(
        self, run: Run, monkeypatch: pytest.MonkeyPatch, options: list[str], program: list[str]
    ) -> None:
        started: list[list[str]] = []

        def start(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
            started.append(command)
            return subprocess.CompletedProcess(command, 0)

        monkeypatch.setattr("k2025_pipeline.dbt_project.ensure_manifest", lambda *_: None)
        monkeypatch.setattr("k2025_pipeline.cli.serving.subprocess.run", start)
        monkeypatch.setenv("DAGSTER_HOME", "")
        assert run("ui", "--port", "3001", *options).exit_code == 0
        [command] = [one for one in started if Path(one[0]).name == program[0]]
        assert [Path(command[0]).name, *command[1:6]][: len(program)] == program
        assert command[command.index("-h") + 1] == "127.0.0.1"
        assert command[command.index("-p") + 1] == "3001"

    def test_the_demo_binds_127_0_0_1(self, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "statbank").mkdir()
        (tmp_path / "statbank" / "12209.json").write_bytes(orjson.dumps(table_12345()))
        bound: list[object] = []
        monkeypatch.setattr("uvicorn.run", lambda *_, **options: bound.append(options["host"]))
        assert run("demo", "serve", "--data", str(tmp_path)).exit_code == 0
        assert bound == ["127.0.0.1"]

    @pytest.mark.parametrize("path", [("ui",), ("demo", "serve")])
    def test_no_option_binds_elsewhere(self, run: Run, path: tuple[str, ...]) -> None:
        command = dict(commands(main))[path]
        named = {option for parameter in command.params for option in parameter.opts}
        assert not {"--host", "-h", "--bind", "--address"} & named


def test_check_names_the_file_and_the_field_and_ends_with_status_1(run: Run, tmp_path: Path) -> None:
    (tmp_path / "statbank").mkdir()
    (tmp_path / "statbank" / "12209.json").write_bytes(orjson.dumps(table_12345()))
    result = run("check", "--source", str(tmp_path))
    assert result.exit_code == 1
    text = " ".join(result.output.split())
    assert "schemas/tables/12209.yml, dimensions.region_code (recorded): the source has no dimension" in text
    assert "schemas/tables/14534.yml, id (recorded): the source does not offer the table" in text
    assert re.search(r"\d+ differences$", text)
