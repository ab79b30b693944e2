"""What hostile input does: an overview of docs/security.md, each kind tried through the production path.

Here stands what no other test tries. Besides: endless, trickling and packed answers and redirects in
``test_transport``; documents of every wrong form in ``test_jsonstat``; zip bombs, XML entities, damaged workbooks and
formulas in uploads in ``test_uploads``; doubled keys and wrong YAML in ``test_catalog``.
"""

import csv
import gzip
import io
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import duckdb
import openpyxl
import pandas as pd
import polars as pl
import pytest
from click.testing import CliRunner, Result

from builders import Clock, Reply, answering, dataset
from k2025_pipeline import harmless
from k2025_pipeline.catalog import CatalogError, load_catalog
from k2025_pipeline.catalog.classifications import ClassificationContract
from k2025_pipeline.catalog.expectations import Expectation
from k2025_pipeline.catalog.loader import read_file
from k2025_pipeline.catalog.programme import MeasuresFile
from k2025_pipeline.catalog.tables import TableContract
from k2025_pipeline.catalog.uploads import UploadContract
from k2025_pipeline.cli import main
from k2025_pipeline.ingest.source import UnknownSource, identity
from k2025_pipeline.ingest.upload_templates import as_csv, as_excel
from k2025_pipeline.lake.home import Home, write_json
from k2025_pipeline.lake.typed import Refusal, TypedLake
from k2025_pipeline.pxweb import jsonstat, transport
from k2025_pipeline.pxweb.errors import InvalidAnswer, WrongAnswer
from k2025_pipeline.pxweb.transport import Transport
from k2025_pipeline.settings import PROJECT_ROOT
from k2025_pipeline.warehouse import audit, contents
from k2025_pipeline.warehouse.report import Changes

Run = Callable[..., Result]
SCHEMAS = PROJECT_ROOT / "schemas"
PATHS = ["../../etc/passwd", "/etc/passwd", "..", "12209/../x", "12209\0", "..\\x", "%2e%2e%2f"]
HTML = "<img src=x onerror=alert(1)><script>alert(2)</script>"
ESCAPE = "Oslo\x1b[2J\x1b]0;owned\x07\x9b31m\u202e"
FORMULAS = ["=1+1", "+47", "-2+3", "@SUM(A1)", "\t=1", "＝1", "=HYPERLINK(1)"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("K2025_HOME", str(home))
    monkeypatch.delenv("K2025_SOURCE", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *arguments: CliRunner().invoke(main, arguments)


def publish_labels(home: Path, labels: list[str]) -> None:
    home.mkdir()
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        connection.execute("create schema public; create table public.regions (name varchar, value double)")
        connection.executemany("insert into public.regions values (?, -1.5)", [[label] for label in labels])


class TestPaths:
    @pytest.mark.parametrize("name", PATHS)
    @pytest.mark.parametrize(
        ("model", "file", "field"),
        [
            (TableContract, "tables/12209.yml", "id"),
            (ClassificationContract, "classifications/131.yml", "id"),
            (UploadContract, "uploads/turnover.yml", "file"),
        ],
    )
    def test_no_declaration_has_a_path_for_its_id(self, model: type, file: str, field: str, name: str) -> None:
        good = read_file(SCHEMAS / file, model)
        with pytest.raises(ValueError, match=field):
            model.model_validate({**good.model_dump(by_alias=True), field: name})

    @pytest.mark.parametrize("name", [path for path in PATHS if "\0" not in path])
    @pytest.mark.parametrize(
        "command",
        [
            ("refresh", "--only", "{}"),
            ("accept", "{}", "20260615T060000Z", "--reason", "x"),
            ("accept", "12209", "{}", "--reason", "x"),
            ("upload", "template", "{}"),
            ("indicators", "{}"),
        ],
    )
    def test_what_a_person_writes_is_looked_up_and_never_opened(
        self, run: Run, tmp_path: Path, command: tuple[str, ...], name: str
    ) -> None:
        result = run(*(word.format(name) for word in command))
        assert result.exit_code in (1, 2)
        assert "Traceback" not in result.output
        assert {path.name for path in tmp_path.rglob("*")} <= {"home", ".lock", "holder.json"}

    def test_a_vintage_that_leads_out_of_its_folder_is_no_vintage(self, tmp_path: Path) -> None:
        record = Refusal("ssb_12209", "x", "", "because", "2026-06-15T06:00:00+00:00", [])
        write_json(tmp_path / "outside.json", asdict(record))
        assert TypedLake(Home(tmp_path)).refusal("ssb_12209", "../../../outside") is None


class TestSpreadsheets:
    @pytest.mark.parametrize("text", FORMULAS)
    def test_text_that_would_be_calculated_gets_an_apostrophe(self, text: str) -> None:
        assert harmless.for_spreadsheet(text).startswith("'")

    @pytest.mark.parametrize("text", ["Oslo - Oslove", "0301", "-", "80+", "", "a=b", "2025K1", "ola@example.no"])
    def test_other_text_stays(self, text: str) -> None:
        assert harmless.for_spreadsheet(text) == text

    @pytest.mark.parametrize("text", ["x;=1+1", "x\t=1", "x\r\n=1", "x\n@a"])
    def test_so_does_a_cell_that_other_settings_would_begin(self, text: str) -> None:
        assert "'" in harmless.for_spreadsheet(text)
        assert "\r" not in harmless.for_spreadsheet(text)

    def test_a_query_as_csv_calculates_nothing_and_keeps_negative_numbers(self, run: Run, home: Path) -> None:
        publish_labels(home, [*FORMULAS, "\r=1"])
        result = run("query", 'select name as "=name", value from public.regions', "--format", "csv")
        header, *rows = csv.reader(io.StringIO(result.output))
        assert header == ["'=name", "value"]
        assert {value for _, value in rows} == {"-1.5"}
        assert all(name[0] in "'?" for name, _ in rows)

    def test_a_category_is_text_too(self) -> None:
        frame = pl.DataFrame({"a": pl.Series(["=1", "x"], dtype=pl.Categorical)})
        assert harmless.as_csv(frame) == "a\n'=1\nx\n"

    def test_templates_calculate_nothing(self) -> None:
        contract = load_catalog(SCHEMAS).uploads["upload_turnover"]
        evil = contract.model_copy(
            update={"definition": contract.definition.model_copy(update={"nb": "=cmd|' /C calc'!A0;=1"})}
        )
        assert ";=1" not in as_csv(evil).decode("utf-8-sig")
        book = openpyxl.load_workbook(io.BytesIO(as_excel(evil)))
        kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
        assert "f" not in kinds


class TestAnswers:
    @pytest.mark.parametrize("levels", [1000, 1_000_000])
    def test_deeply_nested_json_is_an_invalid_answer(self, levels: int) -> None:
        body = b'{"id":' + b"[" * levels + b"]" * levels + b"}"
        with pytest.raises(InvalidAnswer):
            jsonstat.describe(body)
        with answering([Reply(body)] * 3) as server:
            client = Transport(sleep=Clock().sleep)
            if levels > 1024:
                with pytest.raises(InvalidAnswer, match="depth limit"):
                    client.get(server.url + "/x", "x")
            else:
                with pytest.raises(InvalidAnswer):
                    jsonstat.describe_document(client.get(server.url + "/x", "x").document)

    @pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip"])
    def test_a_bomb_is_refused_while_it_streams(self, monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
        monkeypatch.setattr(transport, "MOST_BYTES", 1 << 20)
        packed = b"[" + b" " * (100 << 20) + b"]"
        for _ in encoding.split(","):
            packed = gzip.compress(packed, 1)
        with answering([Reply(packed, headers={"content-encoding": encoding})]) as server:
            tracemalloc.start()
            try:
                with pytest.raises(WrongAnswer, match="larger than 1 MB"):
                    Transport(sleep=Clock().sleep).get(server.url + "/x", "x")
                assert tracemalloc.get_traced_memory()[1] < 10 << 20
            finally:
                tracemalloc.stop()


class TestYaml:
    BOMB = "\n".join(
        ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
        + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    )

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("!!python/object/apply:os.system ['touch owned']", "could not determine a constructor"),
            ("a: !!python/name:os.system", "could not determine a constructor"),
            ("a: !include /etc/passwd", "could not determine a constructor"),
            (BOMB, "aliases written out are more than"),
            ("a: &a [*a]", "an alias names what it stands in"),
            ("[" * 1500, "is not valid YAML"),
        ],
        ids=["object", "name", "include", "bomb", "circle", "deep"],
    )
    def test_it_is_refused_in_one_line_and_at_once(self, tmp_path: Path, text: str, says: str) -> None:
        path = tmp_path / "measures.yml"
        path.write_text(text, "utf-8")
        started = time.monotonic()
        with pytest.raises(CatalogError, match=says) as raised:
            read_file(path, MeasuresFile)
        assert time.monotonic() - started < 30
        assert "\n" not in str(raised.value)
        assert not Path("owned").exists()


class TestPages:
    def test_markdown_shows_html_links_and_bars_as_text(self) -> None:
        told = harmless.for_markdown(f"a|b\n{HTML} ![x](http://example.org/x.png) [y](http://example.org)")
        assert "<" not in told
        assert "](" not in told
        assert "\n" not in told
        assert "a\\|b" in told

    def test_what_a_check_shows_in_dagster_is_harmless(self) -> None:
        from k2025_pipeline.orchestration.common import rows_as_table

        text = str(rows_as_table([{"region_label": HTML, "other": {"a": HTML}}]).value)
        assert "<" not in text

    def test_the_page_of_changes_is_harmless(self) -> None:
        refusal = Refusal("ssb_12209", "v", "", HTML, "", [])
        nothing = pl.DataFrame()
        assert "<" not in Changes(nothing, nothing, [refusal]).markdown()

    def test_data_docs_carry_a_policy_and_it_cannot_be_talked_away(self, tmp_path: Path) -> None:
        """Great Expectations writes values as they stand; a label that names the style sheet changes nothing."""
        home = Home(tmp_path)
        context = audit._context(home)
        expectation = Expectation.model_validate(
            {
                "name": "known",
                "type": "expect_column_values_to_be_in_set",
                "arguments": {"column": "region_name", "value_set": ["Oslo"]},
                "description": {"nb": HTML, "en": HTML},
            }
        )
        label = f'{HTML} k2025.css <meta http-equiv="refresh" content="0;url=http://example.org">'
        frame = pd.DataFrame({"region_name": ["Oslo", label]})
        results = audit._judge(context, audit._batch_definition(context), "regions", frame, [expectation])
        audit.show(context, home, results, "other")
        pages = [page.read_text("utf-8") for page in (home.reports / "data_docs").rglob("*.html")]
        assert len(pages) == 3
        for page in pages:
            head = page.partition("<head>")[2]
            assert head.startswith('<meta http-equiv="Content-Security-Policy" content="default-src \'none\';')
            assert "<script" not in page
            assert 'http-equiv="refresh"' not in page


class TestTerminal:
    @pytest.mark.parametrize("form", ["table", "csv", "json"])
    def test_a_label_steers_no_terminal(self, run: Run, home: Path, form: str) -> None:
        publish_labels(home, [ESCAPE])
        output = run("query", "select * from public.regions", "--format", form).output
        assert "Oslo" in output
        assert not harmless.STEERING.search(output)

    def test_json_keeps_the_text_all_the_same(self, run: Run, home: Path) -> None:
        publish_labels(home, [ESCAPE])
        output = run("query", "select name from public.regions", "--format", "json").output
        assert pl.read_json(output.encode())["name"].to_list() == [ESCAPE]

    def test_the_reason_of_a_refusal_steers_none(self, run: Run, home: Path) -> None:
        TypedLake(Home(home)).refuse(Refusal("ssb_12209", "v", "", f"{ESCAPE} [red]", "2026", []))
        output = run("status").output
        assert "Oslo" in output
        assert "[red]" in output
        assert not harmless.STEERING.search(output)


class TestSql:
    LABEL = "Oslo'); drop table public.regions; --"

    def test_a_label_is_never_part_of_a_statement(self, run: Run, home: Path) -> None:
        publish_labels(home, [self.LABEL])
        assert run("query", "select name from public.regions", "--format", "json").output == (
            f'[{{"name":"{self.LABEL}"}}]\n'
        )
        with duckdb.connect() as connection:
            connection.execute("attach ':memory:' as target; create table target.t (a int)")
            contents._comment(connection, "t", self.LABEL, {"a": self.LABEL})
            assert connection.execute("select comment from duckdb_tables()").fetchall() == [(self.LABEL,)]

    @pytest.mark.parametrize(
        "sql",
        [
            "select * from read_csv('/etc/passwd')",
            "select * from read_text('/etc/passwd')",
            "attach '/tmp/other.duckdb' as other",
            "copy public.regions to '/tmp/out.csv'",
            "set enable_external_access = true",
            "install httpfs",
            "select 1; drop table public.regions",
        ],
    )
    def test_a_question_reaches_no_other_file(self, run: Run, home: Path, sql: str) -> None:
        publish_labels(home, ["Oslo"])
        assert run("query", sql).exit_code == 1

    def test_a_dimension_may_be_called_whatever_it_wants(self) -> None:
        frame = jsonstat.describe_document(dataset({"Region'; drop table x": [self.LABEL]}))
        assert frame.dimensions[0].codes == [self.LABEL]


class TestSource:
    PASSWORD = "".join(("hem", "melig"))

    @pytest.mark.parametrize(
        "source",
        ["http://ola:{}@statbank.example/", "https://{}@h.example", "http://h.example/?token={}", "ftp://o:{}@h"],
    )
    def test_one_with_a_secret_is_refused_and_not_repeated(self, run: Run, home: Path, source: str) -> None:
        secret = source.format(self.PASSWORD)
        with pytest.raises(UnknownSource) as raised:
            identity(secret)
        assert self.PASSWORD not in str(raised.value)
        for command in ("refresh", "check"):
            result = run(command, "--source", secret)
            assert result.exit_code == 2
            assert self.PASSWORD not in result.output
        assert not home.exists()
