"""Uploaded files: every refusal broken once, the forms that Norwegian files come in, and what stands afterwards.

Belongs here: files under their contracts, on a home without a source. Not here: a whole night
(``tests/pipeline/test_uploads_by_night``) and the contracts' own rules on YAML (``TestWrongContracts`` apart).
"""

import io
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
import yaml
from click.testing import CliRunner, Result
from pydantic import ValidationError

from k2025_pipeline.catalog import Catalog, load_catalog
from k2025_pipeline.catalog.upload_docs import example_row, header_row, uploads_page
from k2025_pipeline.catalog.uploads import UploadContract
from k2025_pipeline.cli import main
from k2025_pipeline.ingest import reception, upload_files, upload_templates, uploads
from k2025_pipeline.ingest.acceptance import Outcome
from k2025_pipeline.ingest.upload_errors import KINDS, UploadError, shown
from k2025_pipeline.ingest.upload_files import MOST_BYTES, read_sheet
from k2025_pipeline.klass.history import History
from k2025_pipeline.klass.validity import Regions
from k2025_pipeline.lake.archive import Archive
from k2025_pipeline.lake.home import Home
from k2025_pipeline.lake.typed import TypedLake
from k2025_pipeline.settings import PROJECT_ROOT
from k2025_pipeline.validation.columns import upload_schema

CATALOG = load_catalog(PROJECT_ROOT / "schemas")
TURNOVER = CATALOG.uploads["upload_turnover"]
SPAN = CATALOG.uploads["upload_leader_span"]
PARTICIPATION = CATALOG.uploads["upload_participation"]
PLAN = CATALOG.uploads["upload_competence_plan"]
GRANTS = CATALOG.uploads["upload_grants"]
HEAD = "kommunenr;kommune;år;personellgruppe;ut av sektoren prosent;totalt prosent;antall ansatte"
GOOD = f"# merknad: Fra KS\n# fra: Plan\n# dato: 31.01.2026\n{HEAD}\n0301;Oslo;2023;Alle;9,4;21,9;1 000\n"
NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def regions() -> Regions:
    """Ålesund and Haram were one municipality, 1507, from 2020 to 2023; Oslo is as it was."""
    start = date(2011, 1, 1)
    codes = pl.DataFrame(
        [
            ("0301", "Oslo - Oslove", start, None),
            ("1507", "Ålesund", date(2020, 1, 1), date(2024, 1, 1)),
            ("1508", "Ålesund", date(2024, 1, 1), None),
            ("1580", "Haram", date(2024, 1, 1), None),
        ],
        schema={"code": pl.String, "name": pl.String, "valid_from": pl.Date, "valid_to": pl.Date},
        orient="row",
    )
    changed = date(2024, 1, 1)
    changes = pl.DataFrame(
        [("1507", "Ålesund", "1508", "Ålesund", changed), ("1507", "Ålesund", "1580", "Haram", changed)],
        schema=dict.fromkeys(("old_code", "old_name", "new_code", "new_name"), pl.String) | {"changed_on": pl.Date},
        orient="row",
    )
    counties = pl.DataFrame(
        [("03", "Oslo", start, None), ("30", "Viken", date(2020, 1, 1), changed)], codes.schema, orient="row"
    )
    return Regions(History(codes, changes), History(counties, changes.clear()))


def errors(contract: UploadContract, content: str | bytes, regions: Regions | None = None, name: str = "") -> list:
    raw = content.encode() if isinstance(content, str) else content
    return uploads.check(contract, name or f"{contract.file}.csv", raw, regions, 2026).errors


def only(contract: UploadContract, content: str | bytes, regions: Regions | None = None, name: str = "") -> UploadError:
    found = errors(contract, content, regions, name)
    assert len(found) == 1, [e.text() for e in found]
    return found[0]


def excel(sheets: dict[str, list[list[Any]]], formats: dict[str, str] | None = None) -> bytes:
    """A workbook; ``formats`` are number formats by cell of the first sheet."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    for cell, form in (formats or {}).items():
        book.worksheets[0][cell].number_format = form
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def row(**cells: str) -> str:
    """A right file but for the cells given, by header."""
    names = HEAD.split(";")
    good = dict(zip(names, ["0301", "Oslo", "2023", "Alle", "9,4", "21,9", "1 000"], strict=True))
    return f"{HEAD}\n{';'.join((good | cells)[name] for name in names)}\n"


WRONG_CELLS = [
    ({"kommunenr": "301"}, "zero_lost", "Skriv 0301."),
    ({"kommunenr": "Oslo"}, "not_a_region", "fire siffer"),
    ({"kommunenr": "EKG03"}, "not_a_region", "EAK for landet"),
    ({"kommunenr": ""}, "must_be_filled", "Fyll den ut"),
    ({"år": ""}, "must_be_filled", "Fyll den ut"),
    ({"år": "2023/2024"}, "not_a_year", "fire siffer"),
    ({"år": ".."}, "not_a_year", "fire siffer"),
    ({"år": "2042"}, "year_out_of_range", "i dette tidsrommet"),
    ({"år": "1999"}, "year_out_of_range", "i dette tidsrommet"),
    ({"personellgruppe": "Kokker"}, "not_a_choice", "Helsesykepleiere"),
    ({"personellgruppe": ""}, "must_be_filled", "Fyll den ut"),
    ({"totalt prosent": "ca. 20"}, "not_a_number", "aldri 0"),
    ({"totalt prosent": "-"}, "not_a_number", "skriv .."),
    ({"totalt prosent": "1.234,5"}, "not_a_number", "desimalkomma"),
    ({"totalt prosent": "2 1"}, "not_a_number", "desimalkomma"),
    ({"totalt prosent": "9" * 400}, "not_a_number", "desimalkomma"),
    ({"totalt prosent": "21.900"}, "ambiguous", "1 234"),
    ({"totalt prosent": "101"}, "too_big", "prosent"),
    ({"totalt prosent": "9"}, "above_other", "byttet om"),
    ({"ut av sektoren prosent": "-1"}, "too_small", "fortegn"),
    ({"antall ansatte": "10 %"}, "percent", "personer"),
    ({"antall ansatte": "10,5"}, "not_whole", "hele tall"),
    ({"totalt prosent": "=B2*100"}, "formula", "lim inn som verdi"),
    ({"kommune": "@SUM(A1)"}, "formula", "lim inn som verdi"),
    ({"kommune": "+47 12345678 x"}, "formula", "lim inn som verdi"),
    ({"totalt prosent": "#DIV/0!"}, "excel_error", "Rett formelen"),
    ({"kommune": "a" * 2001}, "too_long", "Kort den ned"),
]


class TestCells:
    def test_a_right_file_has_no_errors(self, regions: Regions) -> None:
        assert errors(TURNOVER, GOOD, regions) == []

    @pytest.mark.parametrize(("cells", "kind", "advice"), WRONG_CELLS, ids=lambda v: v if isinstance(v, str) else "")
    def test_a_wrong_cell_is_told_with_row_column_and_what_to_do(
        self, cells: dict[str, str], kind: str, advice: str
    ) -> None:
        found = only(TURNOVER, row(**cells))
        column = "ut av sektoren prosent" if kind == "above_other" else next(iter(cells))
        assert (found.kind, found.row, found.column) == (kind, 2, column)
        assert found.text().startswith(f"rad 2, kolonne {column}: ")
        assert advice in found.text()
        assert found.text("en").startswith(f"row 2, column {column}: ")
        assert "\n" not in found.text()

    def test_every_error_of_a_file_is_told_in_the_order_of_rows(self) -> None:
        text = f"{HEAD}\n0301;;2023;Alle;x;;\n\n301;;23;Tull;;y;\n0301;;2023;Alle;;;\n"
        found = [(e.row, e.kind) for e in errors(TURNOVER, text)]
        assert found == [
            (2, "not_a_number"), (4, "zero_lost"), (4, "not_a_year"), (4, "not_a_choice"), (4, "not_a_number"),
            (5, "double_row"),
        ]  # fmt: skip

    def test_the_same_row_twice_names_the_first(self) -> None:
        found = only(TURNOVER, row() + row().splitlines()[1])
        assert (found.kind, found.row) == ("double_row", 3)
        assert "kommunenr + personellgruppe + år står på rad 2" in found.text()

    def test_a_later_year_may_not_be_before_an_earlier(self) -> None:
        found = only(PARTICIPATION, "kommunenr;program;startår;sluttår\n0301;TØRN;2022;2021\n")
        assert (found.kind, found.cell) == ("below_other", "2021")

    def test_a_level_that_the_upload_does_not_take_is_refused(self) -> None:
        assert only(PLAN, "kommunenr;år;vedtatt plan\nEAK;2024;ja\n").kind == "wrong_level"

    def test_neither_yes_nor_no_is_refused(self) -> None:
        assert only(PLAN, "kommunenr;år;vedtatt plan\n0301;2024;kanskje\n").kind == "not_a_flag"

    def test_no_kind_of_error_is_without_a_test(self) -> None:
        """Each kind is named in this file, beside the list of kinds itself."""
        text = Path(__file__).read_text("utf-8")
        assert [kind for kind in KINDS if f'"{kind}"' not in text] == []

    def test_signs_that_steer_a_terminal_are_not_shown(self) -> None:
        assert shown("a\x1b[31mb\u202ec" + "x" * 100) == "a?[31mb?c" + "x" * 50 + "…"


class TestRegions:
    def test_a_code_of_another_year_is_refused_with_the_one_of_that_year(self, regions: Regions) -> None:
        found = only(TURNOVER, row(kommunenr="1508", kommune=""), regions)
        assert found.kind == "region_not_valid"
        assert (
            "«1508» (Ålesund) gjaldt ikke 1. januar 2023. Bruk koden som gjaldt i 2023: 1507 Ålesund." in found.text()
        )
        later = only(TURNOVER, row(kommunenr="1507", kommune="", år="2024"), regions)
        assert "1508 Ålesund, 1580 Haram" in later.text("en")

    def test_a_county_is_held_against_its_years_too(self, regions: Regions) -> None:
        assert errors(TURNOVER, row(kommunenr="EKA30", kommune=""), regions) == []
        assert only(TURNOVER, row(kommunenr="EKA30", kommune="", år="2024"), regions).kind == "region_not_valid"

    def test_a_code_that_klass_never_had_is_refused(self, regions: Regions) -> None:
        assert only(TURNOVER, row(kommunenr="0399", kommune=""), regions).kind == "unknown_region"
        assert only(TURNOVER, row(kommunenr="9999", kommune=""), regions).kind == "unknown_region"

    def test_the_country_and_a_small_letter_are_right(self, regions: Regions) -> None:
        assert errors(TURNOVER, row(kommunenr="eak", kommune="Landet"), regions) == []

    def test_a_name_that_does_not_fit_the_code_shows_a_shifted_row(self, regions: Regions) -> None:
        found = only(TURNOVER, row(kommune="Bergen"), regions)
        assert (found.kind, found.column) == ("name_differs", "kommune")
        for name in ("Oslo kommune", "oslove", "Oslo - Oslove", "OSLO (fylke)"):
            assert errors(TURNOVER, row(kommune=name), regions) == [], name

    def test_without_klass_only_the_form_is_judged_and_it_is_said(self) -> None:
        checked = uploads.check(TURNOVER, "turnover.csv", row(kommunenr="0399").encode(), None, 2026)
        assert checked.errors == []
        assert "codes were judged by form" in checked.notices[0]


class TestCsv:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
    @pytest.mark.parametrize("sign", [";", "\t", ","])
    def test_encodings_and_separators_are_recognised(self, encoding: str, sign: str) -> None:
        text = 'kommunenr;kommune;år;beløp;ordning;merknad\n0301;Oslo;2024;"1 250,5";TØRN;på år\n'
        checked = uploads.check(GRANTS, "grants.csv", text.replace(";", sign).encode(encoding), None, 2026)
        assert checked.errors == []
        assert checked.judged.frame.select("amount", "scheme", "remark").row(0) == (1250.5, "torn", "på år")
        assert any("Windows-1252" in notice for notice in checked.notices) == (encoding == "cp1252")

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("1 234,5", 1234.5), ("1\u00a0234,5", 1234.5), ("1\u202f234,5", 1234.5), ("1234.5", 1234.5),
            ("0,125", 0.125), ("12 345 678", 12345678.0), ("37701", 37701.0), ("0", 0.0), ("1 250 000,00", 1250000.0),
        ],
    )  # fmt: skip
    def test_numbers_as_norwegians_write_them(self, text: str, value: float) -> None:
        """«37701» is the cell without its space in the programme document (S3:82)."""
        checked = uploads.check(
            GRANTS, "grants.csv", f"kommunenr;år;beløp;ordning\n0301;2024;{text};TØRN".encode(), None, 2026
        )
        assert checked.errors == []
        assert checked.judged.frame["amount"].to_list() == [value]

    @pytest.mark.parametrize(("text", "symbol"), [("", ".."), ("..", ".."), (":", ":"), (".", "."), ("  ", "..")])
    def test_missing_is_never_zero(self, text: str, symbol: str) -> None:
        checked = uploads.check(TURNOVER, "turnover.csv", row(**{"totalt prosent": text}).encode(), None, 2026)
        assert checked.errors == []
        assert checked.judged.frame.select("total", "total__symbol").row(0) == (None, symbol)

    def test_an_empty_end_says_that_there_is_none(self) -> None:
        text = b"kommunenr;program;start\xc3\xa5r;slutt\xc3\xa5r\n0301;T\xc3\x98RN;2022;\n"
        frame = uploads.check(PARTICIPATION, "participation.csv", text, None, 2026).judged.frame
        assert frame.select("end_year", "end_year__symbol").row(0) == (None, ".")

    def test_the_words_above_the_header_are_the_uploaders(self) -> None:
        checked = uploads.check(TURNOVER, "turnover.csv", GOOD.encode(), None, 2026)
        assert (checked.sheet.note, checked.sheet.by, checked.dated) == ("Fra KS", "Plan", date(2026, 1, 31))

    def test_words_as_excel_saves_them_are_read_too(self) -> None:
        text = f'sep=;\n"# merknad: Fra KS; to linjer";;;;;;\n# fra: Plan;;;;;;\n\n{row()}'
        checked = uploads.check(TURNOVER, "turnover.csv", text.encode(), None, 2026)
        assert checked.errors == []
        assert (checked.sheet.note, checked.sheet.by) == ("Fra KS; to linjer", "Plan")
        assert checked.judged.frame["file_row"].to_list() == [6]

    def test_a_cell_of_several_lines_is_one_row_as_in_a_spreadsheet(self) -> None:
        text = 'kommunenr;år;vedtatt plan;merknad\n0301;2023;ja;"to\nlinjer"\n0301;2024;kanskje;\n'
        assert only(PLAN, text).row == 3

    def test_a_date_that_is_none_is_refused(self) -> None:
        assert only(TURNOVER, f"# dato: i går\n{row()}").kind == "not_a_date"

    def test_headers_may_be_english_and_in_any_order(self) -> None:
        assert errors(PLAN, "has_plan;Region_code;YEAR\nyes;0301;2024\n") == []

    def test_a_column_of_choices_may_be_left_out(self) -> None:
        frame = uploads.check(
            TURNOVER, "turnover.csv", "kommunenr;år;totalt prosent\n0301;2023;9\n".encode(), None, 2026
        )
        assert frame.judged.frame["staff_group"].to_list() == ["all"]


class TestWrongFiles:
    def test_headers_that_are_wrong_are_each_told(self) -> None:
        text = "kommunenr;kommunenummer;personelgruppe;;totalt prosent\n0301;0301;Alle;5;9\n"
        found = [(e.kind, e.column) for e in errors(TURNOVER, text)]
        assert found == [
            ("double_header", "kommunenummer"), ("unknown_header", "personelgruppe"), ("no_header", None),
            ("missing_header", "år"),
        ]  # fmt: skip
        assert "(personellgruppe?)" in errors(TURNOVER, text)[1].text()

    def test_a_decimal_comma_between_commas_is_seen(self) -> None:
        found = only(TURNOVER, "kommunenr,år,totalt prosent\n0301,2023,21,9\n")
        assert (found.kind, found.row) == ("too_many_cells", 2)
        assert "semikolon" in found.text()

    @pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\n", b"# merknad: bare ord\n", b";;;\n"])
    def test_a_file_without_a_header_is_refused(self, content: bytes) -> None:
        assert only(TURNOVER, content).kind == "nothing"

    def test_a_file_without_rows_must_say_why(self) -> None:
        assert only(TURNOVER, HEAD).kind == "empty"
        assert errors(TURNOVER, f"# merknad: Feil tall, trekkes\n{HEAD}\n") == []

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (GOOD.encode("utf-16"), "UTF-16"),
            (GOOD.encode() + b"\0", "NUL"),
            (b"kommunenr;\x81\x8d\n", "Windows-1252"),
            (f'{HEAD}\n0301;"Oslo;2023;Alle;9;9;9\n'.encode(), "hermetegn"),
            (HEAD.encode() + b"\n" + b"a" * 200_000, "hermetegn"),
        ],
    )
    def test_bytes_that_are_no_table_are_refused(self, content: bytes, reason: str) -> None:
        found = only(TURNOVER, content)
        assert found.kind == "unreadable"
        assert reason in found.text()

    def test_other_kinds_of_file_are_refused(self) -> None:
        found = only(TURNOVER, b"x", name="turnover.xls")
        assert found.kind == "suffix"
        assert ".xlsx" in found.text()

    def test_too_many_bytes_or_rows_are_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert only(TURNOVER, b"x" * (MOST_BYTES + 1)).kind == "too_large"
        monkeypatch.setattr(upload_files, "MOST_ROWS", 2)
        assert only(TURNOVER, row() * 3).kind == "too_large"


class TestExcel:
    ROW = ("0301", "Oslo", 2023, "Alle", 9.4, 21.9, 1000)

    def read(self, content: bytes) -> uploads.Checked:
        return uploads.check(TURNOVER, "turnover.xlsx", content, None, 2026)

    def test_the_sheet_called_data_is_read_with_the_note_beside_it(self) -> None:
        sheets = {
            "forside": [["x"]],
            "Data": [HEAD.split(";"), self.ROW],
            "merknad": [["merknad", "Fra KS"], ["fra:", "Plan"]],
        }
        checked = self.read(excel(sheets))
        assert checked.errors == []
        assert (checked.sheet.note, checked.sheet.by) == ("Fra KS", "Plan")
        assert checked.judged.frame.select("out_of_sector", "total", "employed").row(0) == (9.4, 21.9, 1000.0)

    def test_without_such_a_sheet_the_first_that_is_no_note_is_read(self) -> None:
        assert self.read(excel({"note": [["Fra KS"]], "Ark1": [HEAD.split(";"), self.ROW]})).errors == []

    def test_rows_are_numbered_as_excel_does(self) -> None:
        rows = [["# merknad: x"], [], HEAD.split(";"), self.ROW, [], [301, "Oslo", 2022, "Alle", 1, 2, 3]]
        found = self.read(excel({"data": rows})).errors
        assert [(e.kind, e.row) for e in found] == [("zero_lost", 6)]

    def test_a_number_is_a_number_however_many_decimals_it_has(self) -> None:
        frame = self.read(
            excel({"data": [HEAD.split(";"), ("0301", None, 2023.0, "Alle", 1.125, 3.0625, 3)]})
        ).judged.frame
        assert frame.select("out_of_sector", "total").row(0) == (1.125, 3.0625)

    def test_a_share_shown_as_per_cent_is_read_as_it_is_seen(self) -> None:
        content = excel(
            {"data": [HEAD.split(";"), ("0301", None, 2023, "Alle", 0.094, 0.219, 5)]}, {"E2": "0.0%", "F2": "0%"}
        )
        assert self.read(content).judged.frame.select("out_of_sector", "total").row(0) == (9.4, 21.9)
        counted = excel({"data": [HEAD.split(";"), ("0301", None, 2023, "Alle", 1, 2, 0.5)]}, {"G2": "0%"})
        assert [e.kind for e in self.read(counted).errors] == ["percent"]

    def test_formulas_dates_and_error_values_are_told(self) -> None:
        rows = [HEAD.split(";"), ("0301", None, date(2023, 1, 1), "Alle", "=1+1", "#N/A", True)]
        found = [e.kind for e in self.read(excel({"data": rows})).errors]
        assert found == ["not_a_year", "formula", "excel_error", "not_a_number"]

    def test_yes_and_no_may_be_truth_values(self) -> None:
        content = excel({"data": [["kommunenr", "år", "vedtatt plan"], ["0301", 2023, True], ["1103", 2023, False]]})
        frame = uploads.check(PLAN, "competence_plan.xlsx", content, None, 2026).judged.frame
        assert frame["has_plan"].to_list() == [1.0, 0.0]

    def test_what_is_no_workbook_is_refused(self) -> None:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as package:
            package.writestr("xl/other.xml", "<a/>")
        for content in (b"not a zip", packed.getvalue(), excel({"data": [["x"]]})[:-30]):
            assert [e.kind for e in self.read(content).errors] == ["unreadable"]

    def test_a_damaged_workbook_is_refused_whatever_part_is_damaged(self) -> None:
        good = excel({"data": [HEAD.split(";"), self.ROW]})
        with zipfile.ZipFile(io.BytesIO(good)) as package:
            names = package.namelist()
        for damaged in names:
            packed = io.BytesIO()
            with zipfile.ZipFile(io.BytesIO(good)) as package, zipfile.ZipFile(packed, "w") as copy:
                for name in names:
                    copy.writestr(name, b"<a><b></a>" if name == damaged else package.read(name))
            kinds = {e.kind for e in self.read(packed.getvalue()).errors}
            assert kinds <= {"unreadable", "nothing"}, damaged

    def test_a_bomb_is_not_unpacked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as package:
            package.writestr("xl/worksheets/sheet1.xml", b" " * 101_000_000)
        assert len(packed.getvalue()) < 200_000
        assert [e.kind for e in self.read(packed.getvalue()).errors] == ["too_large"]
        monkeypatch.setattr(upload_files, "MOST_PARTS", 3)
        assert [e.kind for e in self.read(excel({"data": [["x"]]})).errors] == ["unreadable"]

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
    def test_xml_with_entities_is_refused(self, encoding: str) -> None:
        packed = io.BytesIO()
        bomb = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><a>&c;</a>'
        with zipfile.ZipFile(packed, "w") as package:
            package.writestr("xl/workbook.xml", bomb.encode(encoding))
        found = self.read(packed.getvalue()).errors
        assert [e.kind for e in found] == ["unreadable"]
        assert "dokumenttype" in found[0].text()

    def test_a_row_far_down_is_refused_and_not_waited_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        book = openpyxl.Workbook()
        book.active["A1"] = "kommunenr"
        book.active["A1048576"] = "0301"
        content = io.BytesIO()
        book.save(content)
        monkeypatch.setattr(upload_files, "MOST_ROWS", 1000)
        assert [e.kind for e in self.read(content.getvalue()).errors] == ["too_large"]


class TestTemplates:
    @pytest.mark.parametrize("contract", CATALOG.uploads.values(), ids=lambda c: c.file)
    @pytest.mark.parametrize("form", ["csv", "xlsx"])
    def test_an_untouched_template_is_not_taken_for_an_upload(self, contract: UploadContract, form: str) -> None:
        made = upload_templates.as_csv(contract) if form == "csv" else upload_templates.as_excel(contract)
        assert [e.kind for e in errors(contract, made, name=f"x.{form}")] == ["empty"]
        assert read_sheet(contract, f"x.{form}", made).header == header_row(contract)

    @pytest.mark.parametrize("contract", CATALOG.uploads.values(), ids=lambda c: c.file)
    def test_the_example_is_right(self, contract: UploadContract) -> None:
        text = f"{';'.join(header_row(contract))}\n{';'.join(example_row(contract))}\n"
        assert [e.text() for e in errors(contract, text)] == []

    def test_the_page_names_every_upload_and_column(self) -> None:
        page = uploads_page(CATALOG.uploads.values())
        for contract in CATALOG.uploads.values():
            assert f"inputs/{contract.file}.csv" in page
            assert [c.name for c in contract.columns if f"`{c.name}`" not in page] == []


class TestContracts:
    def test_education_groups_are_those_of_the_statistics_table(self) -> None:
        """The twelve groups and the total of table 14534, which indicators.md 1.1.2 counts."""
        groups = {c.group for d in CATALOG.tables["14534"].dimensions if d.column == "education" for c in d.categories}
        assert len(groups) == 13
        for name in ("upload_staff", "upload_sickness"):
            assert {c.group for c in CATALOG.uploads[name].column("education").categories} == groups

    def test_the_table_of_2021_can_be_uploaded(self) -> None:
        """FTE and employed persons by education, care services 2021 (programme document S3:192-247)."""
        figures = [
            ("Aktivitør", "851", "1 088"), ("Barne- og ungdomsarbeider", "1 848", "2 288"),
            ("Helsefagarbeidere", "50 095", "63 251"), ("Ergoterapeut", "1 325", "1 444"),
            ("Barnevernspedagog", "1 302", "1 440"), ("Miljøterapeut", "4 788", "6 493"),
            ("Sosionom", "2 077", "2 282"),
            ("Sykepleier", "32 266", "36 053"), ("Vernepleier", "9 460", "10 085"),
            ("Pleieassistent med annen helseutdanning", "5 894", "9 252"),
            ("Pleieassistent uten helse- og sosialfaglig utdanning", "34 025", "62 906"),
            ("Service og administrativt personell", "4 889", "6 343"),
        ]  # fmt: skip
        lines = [f"EAK;2021;{group};{fte};{employed}" for group, fte, employed in figures]
        content = "\n".join(["kommunenr;år;utdanning;årsverk;sysselsatte", *lines]).encode()
        checked = uploads.check(CATALOG.uploads["upload_staff"], "staff.csv", content, None, 2026)
        assert checked.errors == []
        assert checked.judged.frame.select(pl.col("fte", "employed").sum()).row(0) == (148_820, 202_925)

    def test_a_category_key_names_the_groups_in_order(self) -> None:
        sickness = CATALOG.uploads["upload_sickness"]
        assert sickness.category_key({"absence_type": "doctor_certified"}) == "total|doctor_certified"
        with pytest.raises(KeyError, match="absence_type"):
            sickness.category_key({"education": "nurse"})

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (lambda c: c.update(period="total"), "period: there is no column 'total' of the type `year`"),
            (lambda c: c["columns"].pop(0), "exactly one must have the type `region`"),
            (lambda c: c["columns"][2].update(headers=["kommunenr"]), "columns: a header stands twice"),
            (lambda c: c["columns"][4].update(name="kommune"), "columns: a header stands twice"),
            (lambda c: c["columns"][5].update(at_most="nothing"), "there is no column 'nothing' with figures"),
            (lambda c: c["columns"][5].update(name="value"), "the name 'value' is used by every upload"),
            (lambda c: c["columns"][5].update(minimum=101), "minimum 101 is above maximum 100"),
            (lambda c: c["columns"][5].pop("unit"), "a number needs a `unit`"),
            (lambda c: c["columns"][1].update(unit="kr"), "belong to figures"),
            (lambda c: c["columns"][3].pop("categories"), "a choice needs them"),
            (lambda c: c["columns"][3].update(default_group="cooks"), "default_group 'cooks' is none"),
            (lambda c: c["columns"][3]["categories"][1].update(labels=["ALLE"]), "a spelling stands twice"),
            (lambda c: c["columns"][1].update(type="choice"), "a choice needs them"),
            (lambda c: c.update(columns=c["columns"][:4]), "none of them is a figure"),
            (lambda c: c.update(colour="red"), "Extra inputs are not permitted"),
        ],
    )
    def test_a_wrong_contract_is_refused(self, change: Callable[[dict], Any], said: str) -> None:
        content = yaml.safe_load((PROJECT_ROOT / "schemas" / "uploads" / "turnover.yml").read_text("utf-8"))
        UploadContract.model_validate(content)
        change(content)
        with pytest.raises(ValidationError) as caught:
            UploadContract.model_validate(content)
        assert said in str(caught.value)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "inputs").mkdir()
    return Home(tmp_path)


def lay(home: Home, text: str | bytes, name: str = "turnover.csv", folder: Path | None = None) -> Path:
    path = (folder or home.inputs) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def take(home: Home, contract: UploadContract = TURNOVER, hours: int = 0, edition: str | None = None) -> Outcome:
    places = reception.folders(home, edition)
    return reception.receive(home, contract, places, NOON + timedelta(hours=hours))


def typed(home: Home, contract: UploadContract = TURNOVER) -> pl.DataFrame:
    lake = TypedLake(home)
    vintage = lake.current(contract.name)
    assert vintage is not None
    return pl.read_parquet(lake.path(contract.name, vintage.vintage))


class TestReception:
    def test_a_right_file_is_archived_once_and_typed_with_its_words(self, home: Home) -> None:
        path = lay(home, GOOD)
        assert take(home).state == "accepted"
        frame = typed(home)
        assert dict(frame.schema) == upload_schema(TURNOVER)
        first = frame.row(0, named=True)
        assert (first["note"], first["uploaded_by"]) == ("Fra KS", "Plan")
        assert (first["measure"], first["value"], first["unit"]) == ("out_of_sector", 9.4, "prosent")
        assert (first["source"], first["file"], first["file_row"]) == ("upload", "turnover.csv", 5)
        assert (first["dated"], first["uploaded_at"]) == (date(2026, 1, 31), NOON)
        kept = Archive(home).latest(TURNOVER.name)
        assert kept is not None
        assert kept.answers[0].read() == path.read_bytes()
        assert kept.answers[0].path.stat().st_mode & 0o222 == 0
        before = {p: p.stat().st_mtime_ns for p in home.root.rglob("*")}
        assert take(home, hours=24).state == "unchanged"
        assert {p: p.stat().st_mtime_ns for p in home.root.rglob("*")} == before, "a quiet night writes nothing"

    def test_an_upload_that_never_was_leaves_no_trace(self, home: Home) -> None:
        assert take(home).state == "absent"
        assert not home.typed.exists()

    def test_a_wrong_file_leaves_the_last_one_standing_and_stale_until_it_is_mended(self, home: Home) -> None:
        lay(home, GOOD)
        take(home)
        lay(home, row(kommunenr="301"))
        refused = take(home, hours=24)
        assert refused.state == "refused"
        assert "inputs/turnover.csv: row 2, column kommunenr: «301»" in refused.message
        assert refused.stale_because == refused.message
        assert refused.verdicts[0].results[0].sample[0]["gjør dette"].startswith("Skriv 0301.")
        assert len(Archive(home).deliveries(TURNOVER.name)) == 1
        assert [r.because for r in TypedLake(home).standing_refusals(TURNOVER.name)] == [refused.message]
        assert typed(home)["value"].to_list()[:2] == [9.4, 21.9]
        lay(home, GOOD)
        assert take(home, hours=48).state == "unchanged"
        assert TypedLake(home).state(TURNOVER.name) == ("current", "")
        assert TypedLake(home).standing_refusals(TURNOVER.name) == []

    def test_a_first_file_that_is_wrong_is_told_and_nothing_stands(self, home: Home) -> None:
        path = lay(home, row(år="x"))
        assert take(home).state == "refused"
        assert TypedLake(home).state(TURNOVER.name)[0] == "refused"
        path.unlink()
        assert take(home, hours=1).state == "absent"
        assert TypedLake(home).state(TURNOVER.name)[0] == "not_offered"

    def test_earlier_files_stay_in_the_history(self, home: Home) -> None:
        lay(home, GOOD)
        take(home)
        lay(home, GOOD.replace("21,9", "22,5"))
        assert take(home, hours=24).state == "accepted"
        path = TypedLake(home).history(TURNOVER.name)
        assert path is not None
        held = pl.read_parquet(path).filter(pl.col("measure") == "total").sort("valid_from")
        assert held["value"].to_list() == [21.9, 22.5]
        assert held["valid_to"].to_list() == [NOON + timedelta(hours=24), None]
        changed = TypedLake(home).vintages(TURNOVER.name)[-1].changes
        assert [(c["kind"], c["value_before"], c["value_after"]) for c in changed] == [("revised", 21.9, 22.5)]

    def test_a_removed_file_changes_nothing_and_it_is_said(self, home: Home) -> None:
        path = lay(home, GOOD)
        take(home)
        path.unlink()
        gone = take(home, hours=24)
        assert gone.state == "unchanged"
        assert "turnover.csv of 2026-02-01 stands" in gone.message
        assert typed(home).height == 3

    def test_a_file_without_rows_and_with_a_reason_withdraws_the_figures(self, home: Home) -> None:
        lay(home, GOOD)
        take(home)
        lay(home, f"# merknad: Feil år\n{HEAD}\n")
        assert take(home, hours=24).state == "accepted"
        assert typed(home).is_empty()
        path = TypedLake(home).history(TURNOVER.name)
        assert path is not None
        assert pl.read_parquet(path)["valid_to"].null_count() == 0

    def test_two_files_and_links_are_refused(self, home: Home) -> None:
        path = lay(home, GOOD)
        lay(home, excel({"data": [["x"]]}), "Turnover.XLSX")
        assert "there are both Turnover.XLSX, turnover.csv" in take(home).message
        (home.inputs / "Turnover.XLSX").unlink()
        path.rename(home.root / "elsewhere.csv")
        path.symlink_to(home.root / "elsewhere.csv")
        refused = take(home)
        assert refused.state == "refused"
        assert "is a link" in refused.message
        assert {"two_files", "not_a_file"} <= set(KINDS)

    def test_a_file_that_cannot_be_opened_is_told_and_does_not_stop_the_night(
        self, home: Home, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lay(home, GOOD)

        def locked(path: Path) -> bytes:
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr(uploads, "read_bytes", locked)
        refused = take(home)
        assert refused.state == "refused"
        assert "the file cannot be read: Permission denied" in refused.message

    def test_files_that_belong_to_no_upload_are_named(self, home: Home) -> None:
        for name in ("turnover.csv", "turnover-2024.csv", "staff.xls", ".hidden.csv", "~$staff.xlsx"):
            lay(home, "x", name)
        found = uploads.strays(home.inputs, CATALOG.uploads.values())
        assert [(name, e.kind) for name, e in found] == [
            ("staff.xls", "unknown_file"),
            ("turnover-2024.csv", "unknown_file"),
        ]
        assert "participation" in found[0][1].text()

    def test_a_generated_file_never_replaces_a_persons(self, home: Home) -> None:
        lay(home, GOOD.replace("21,9", "20,5"), folder=home.demo / "revised" / "inputs")
        assert take(home, edition="revised").state == "accepted"
        assert set(typed(home)["source"]) == {"demo"}
        path = lay(home, GOOD)
        assert take(home, hours=1, edition="revised").state == "accepted"
        assert set(typed(home)["source"]) == {"upload"}
        path.unlink()
        assert take(home, hours=2, edition="revised").state == "unchanged"
        assert set(typed(home)["source"]) == {"upload"}

    def test_codes_are_judged_again_once_klass_is_known(
        self, home: Home, monkeypatch: pytest.MonkeyPatch, regions: Regions
    ) -> None:
        lay(home, row(kommunenr="0399", kommune=""))
        first = take(home)
        assert first.state == "accepted"
        assert "judged by form" in first.message
        monkeypatch.setattr(uploads, "known_regions", lambda _: regions)
        assert take(home, hours=24).state == "refused"

    def test_a_changed_contract_types_the_archived_file_anew(self, home: Home) -> None:
        lay(home, GOOD).stat()
        take(home)
        (home.inputs / "turnover.csv").unlink()
        content = TURNOVER.model_dump()
        content["columns"][5]["unit"] = "prosent av ansatte"
        edited = UploadContract.model_validate(content)
        assert take(home, edited, hours=24).state == "accepted"
        assert "prosent av ansatte" in set(typed(home)["unit"])


class TestCommands:
    @pytest.fixture
    def run(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
        monkeypatch.setenv("K2025_HOME", str(home.root))
        monkeypatch.setenv("COLUMNS", "250")
        return lambda *arguments: CliRunner().invoke(main, ["upload", *arguments])

    def test_check_tells_every_error_and_takes_nothing_in(self, run: Callable[..., Result], home: Home) -> None:
        path = lay(home, f"{HEAD}\n301;;23;Alle;;;\n")
        result = run("check", str(path))
        assert result.exit_code == 1
        assert "turnover.csv: rad 2, kolonne kommunenr: «301»" in result.output
        assert "2 feil. Ingenting er tatt inn." in result.output
        assert "row 2, column år: «23» is not a year" in run("check", str(path), "--language", "en").output
        assert not home.raw.exists()

    def test_check_of_a_right_file_ends_with_0_under_any_name(self, run: Callable[..., Result], home: Home) -> None:
        path = lay(home, GOOD, "my figures.csv")
        assert run("check", str(path)).exit_code == 2
        result = run("check", str(path), "--as", "turnover")
        assert (result.exit_code, "1 rows are right" in result.output) == (0, True)

    def test_a_template_is_written_and_never_over_a_file(self, run: Callable[..., Result], home: Home) -> None:
        target = home.root / "staff.xlsx"
        assert run("template", "staff", str(target)).exit_code == 0
        assert openpyxl.load_workbook(target).sheetnames == ["data", "merknad", "eksempel", "forklaring"]
        again = run("template", "staff", str(target))
        assert again.exit_code == 1
        assert "is there already" in again.output
        assert run("template", "staff", str(home.root), "--format", "csv").exit_code == 0
        assert (home.root / "staff.csv").read_bytes().startswith(b"\xef\xbb\xbf# merknad")

    @pytest.mark.parametrize("name", ["../../etc/passwd", "nothing", ""])
    def test_a_name_that_is_no_upload_is_refused(self, run: Callable[..., Result], name: str) -> None:
        result = run("template", name)
        assert result.exit_code == 2
        assert "no such upload. There are: apprentices," in result.output

    def test_list_says_what_stands_and_what_was_refused(self, run: Callable[..., Result], home: Home) -> None:
        lay(home, GOOD)
        take(home)
        lay(home, row(år="x"))
        take(home, hours=1)
        text = run("list").output
        line = next(line for line in text.splitlines() if line.startswith("turnover"))
        assert "turnover.csv" in line
        assert "Fra KS" in line
        assert "stale: inputs/turnover.csv: row 2" in " ".join(text.split())


def test_all_uploads_of_the_catalog_are_real(catalog: Catalog = CATALOG) -> None:
    assert set(catalog.uploads) == {f"upload_{path.stem}" for path in (PROJECT_ROOT / "schemas" / "uploads").iterdir()}
