"""From the bytes of an uploaded file to rows of text: CSV and Excel, with the uploader's own words.

Here belongs the form of a file: encoding, separator, sheets, limits, the row numbers that a spreadsheet shows.
Not here: what a cell means (``upload_cells``).
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import PurePath
from typing import Any

import polars as pl

from k2025_pipeline.catalog.base import plain
from k2025_pipeline.catalog.uploads import UploadContract
from k2025_pipeline.ingest.upload_errors import UploadError, error

MEGABYTE = 1_000_000
MOST_BYTES, MOST_UNPACKED = 20 * MEGABYTE, 100 * MEGABYTE
MOST_ROWS, MOST_PARTS, LONGEST_CELL = 100_000, 1_000, 2_000
MOST_COLUMNS = 100
"""Columns of a sheet that are read; no contract comes near."""
SEPARATORS = (";", "\t", ",")
NOTE_SHEETS = ("merknad", "merknader", "note", "notes")
WORDS = {"merknad": "note", "note": "note", "fra": "by", "from": "by", "dato": "dated", "date": "dated"}
"""What the uploader may say above the header row, and what it is here."""
TEXT_TYPES = (".csv", ".txt")
ROW = "file_row"


@dataclass
class Sheet:
    """What a file holds.

    Attributes:
        header: headers as written. header_row: its row. rows: ``c0``, ``c1``, … as trimmed text (null where empty),
        and ``file_row``. note, by, dated: the uploader's words. notices: what the reader had to assume.
        errors: what is wrong with the form.
    """

    header: list[str] = field(default_factory=list)
    header_row: int = 0
    rows: pl.DataFrame = field(default_factory=pl.DataFrame)
    note: str | None = None
    by: str | None = None
    dated: str | None = None
    notices: list[str] = field(default_factory=list)
    errors: list[UploadError] = field(default_factory=list)


class _Unreadable(Exception):
    """The file cannot be read at all."""

    def __init__(self, found: UploadError) -> None:
        super().__init__(found.text())
        self.error = found


def read_sheet(contract: UploadContract, name: str, content: bytes) -> Sheet:
    """Read a file as rows of text.

    Args:
        contract: whose headers tell the separator. name: of the file; its ending decides. content: its bytes.

    Returns:
        The sheet; where ``errors`` has an entry, its rows are not whole.
    """
    sheet = Sheet()
    suffix = PurePath(name).suffix.lower()
    try:
        _see_size(len(content), MOST_BYTES)
        if suffix in TEXT_TYPES:
            _fill(sheet, _csv_rows(contract, content, sheet), contract)
        elif suffix == ".xlsx":
            _fill(sheet, _excel_rows(content, sheet), contract)
        else:
            raise _Unreadable(error("suffix", suffix=suffix or "«»"))
    except _Unreadable as refused:
        return Sheet(errors=[refused.error], notices=sheet.notices)
    return sheet


def _see_size(size: int, limit: int) -> None:
    if size > limit:
        megabytes = f"{size / MEGABYTE:.1f} MB"
        raise _Unreadable(error("too_large", size=megabytes, limit=f"{limit // MEGABYTE} MB"))


def _too_many_rows() -> _Unreadable:
    return _Unreadable(error("too_large", size=f"> {MOST_ROWS} rader/rows", limit=f"{MOST_ROWS} rader/rows"))


def _unreadable(reason: str) -> _Unreadable:
    return _Unreadable(error("unreadable", reason=reason))


def _fill(sheet: Sheet, rows: Iterator[tuple[int, list[str]]], contract: UploadContract) -> None:
    """Tell words, header and rows apart.

    Args:
        sheet: to be filled. rows: number and trimmed cells of each row.
    """
    numbers: list[int] = []
    kept: list[list[str]] = []
    for number, cells in rows:
        if not any(cells):
            continue
        if not sheet.header:
            if cells[0].startswith("#"):
                _take_words(sheet, cells)
            else:
                sheet.header, sheet.header_row = _trimmed(cells), number
            continue
        if len(kept) == MOST_ROWS:
            raise _too_many_rows()
        if any(cells[len(sheet.header) :]):
            sheet.errors.append(error("too_many_cells", number, cell=next(c for c in cells[len(sheet.header) :] if c)))
        numbers.append(number)
        kept.append(cells)
    if not sheet.header:
        raise _Unreadable(error("nothing", upload=contract.file))
    sheet.rows = _as_frame(numbers, kept, len(sheet.header))


def _as_frame(numbers: list[int], rows: list[list[str]], width: int) -> pl.DataFrame:
    padded = [(cells + [""] * width)[:width] for cells in rows]
    frame = pl.DataFrame(padded, schema=dict.fromkeys((f"c{i}" for i in range(width)), pl.String), orient="row")
    texts = pl.when(pl.all() != "").then(pl.all())
    return frame.select(texts).with_columns(pl.Series(ROW, numbers, dtype=pl.Int32))


def _trimmed(cells: list[str]) -> list[str]:
    filled = max(place for place, cell in enumerate(cells) if cell)
    return cells[: filled + 1]


def _take_words(sheet: Sheet, cells: list[str]) -> None:
    """``# merknad: …``, ``# fra: …`` and ``# dato: …``; other lines of this kind are for people only."""
    text = " ".join(cell for cell in cells if cell).lstrip("#").strip()
    word, colon, said = text.partition(":")
    if colon and plain(word) in WORDS:
        _say(sheet, WORDS[plain(word)], said)


def _say(sheet: Sheet, what: str, said: str) -> None:
    said = said.strip()[:LONGEST_CELL]
    if not said:
        return
    before = getattr(sheet, what)
    setattr(sheet, what, f"{before} {said}" if before and what == "note" else said)


def _clean(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip(" \t\r\n\u00a0\u202f\ufeff")


def _csv_rows(contract: UploadContract, content: bytes, sheet: Sheet) -> Iterator[tuple[int, list[str]]]:
    text = _decoded(content, sheet)
    lines = text.splitlines(keepends=True)
    start = 0
    separator = None
    if lines and (hint := re.fullmatch(r"sep=(.)\s*", lines[0])):
        separator, start = hint[1], 1
    above = start
    while above < len(lines) and (not lines[above].strip(' ;,\t\r\n"') or lines[above].lstrip(' "').startswith("#")):
        above += 1
    header = lines[above] if above < len(lines) else ""
    separator = separator or _separator(contract, header)
    for number, line in enumerate(lines[start:above], start=start + 1):
        yield number, [_clean(line).strip(f'{separator}"')]
    # Below the words every row counts as one, however many lines its cells have, as in a spreadsheet.
    reader = csv.reader(io.StringIO("".join(lines[above:]), newline=""), delimiter=separator, strict=True)
    try:
        for number, cells in enumerate(reader, start=above + 1):
            yield number, [_clean(cell) for cell in cells] or [""]
    except csv.Error as problem:
        raise _unreadable(f"hermetegn eller celle / quotes or cell: {problem}") from problem


def _decoded(content: bytes, sheet: Sheet) -> str:
    if b"\0" in content:
        raise _unreadable("den har NUL-tegn, som i UTF-16 / it has NUL bytes, as in UTF-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError as problem:
        raise _unreadable("hverken UTF-8 eller Windows-1252 / neither UTF-8 nor Windows-1252") from problem
    sheet.notices.append("Lest som Windows-1252, ikke UTF-8: se at æ, ø og å er riktige. / Read as Windows-1252.")
    return text


def _separator(contract: UploadContract, header: str) -> str:
    """The sign between columns: the one under which most headers are known; semicolon where they are alike."""
    known = {text for column in contract.columns for text in column.accepted_headers}

    def fits(sign: str) -> int:
        cells = next(csv.reader([header], delimiter=sign), [])
        return sum(plain(_clean(cell)) in known for cell in cells)

    return max(SEPARATORS, key=fits)


def _excel_rows(content: bytes, sheet: Sheet) -> Iterator[tuple[int, list[str]]]:
    _see_package(content)
    from openpyxl import load_workbook

    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        notes = [part for part in book.worksheets if plain(part.title) in NOTE_SHEETS]
        data = [part for part in book.worksheets if part not in notes]
        for part in notes:
            _take_note_sheet(sheet, part)
        if data:
            chosen = next((part for part in data if plain(part.title) == "data"), data[0])
            yield from _sheet_rows(chosen)
    except _Unreadable:
        raise
    except Exception as problem:
        # openpyxl raises whatever its parsers raise, and a file that somebody damaged must not stop the night.
        raise _unreadable(f"Excel: {type(problem).__name__} {' '.join(str(problem).split())[:120]}") from problem


def _see_package(content: bytes) -> None:
    """See that an Excel file unpacks to something of a decent size, without document types in its XML.

    The sizes that the file tells of itself can be relied on: no more is ever unpacked of a part.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            parts = package.infolist()
            if len(parts) > MOST_PARTS:
                raise _unreadable(f"{len(parts)} deler i Excel-filen / parts in the Excel file")
            _see_size(sum(part.file_size for part in parts), MOST_UNPACKED)
            for part in parts:
                text = package.read(part) if part.filename.lower().endswith((".xml", ".rels")) else b""
                if b"<!DOCTYPE" in text or b"<!ENTITY" in text or b"\0" in text:
                    raise _unreadable("XML med dokumenttype / XML with a document type")
    except _Unreadable:
        raise
    except Exception as problem:  # each way of packing has errors of its own
        raise _unreadable(f"ikke en Excel-fil / not an Excel file: {problem}") from problem


def _sheet_rows(part: Any) -> Iterator[tuple[int, list[str]]]:
    part.reset_dimensions()  # some programs write a wrong one, and rows outside it would be lost
    rows: Iterable[Any] = part.iter_rows(max_col=MOST_COLUMNS)
    for number, cells in enumerate(rows, start=1):
        if number > 2 * MOST_ROWS:
            raise _too_many_rows()
        yield number, [_cell_text(cell) for cell in cells]


def _take_note_sheet(sheet: Sheet, part: Any) -> None:
    for _, cells in _sheet_rows(part):
        filled = [cell for cell in cells if cell]
        if not filled:
            continue
        word = plain(filled[0].lstrip("# ").rstrip(": "))
        if word in WORDS:  # a word without anything said is an untouched template
            _say(sheet, WORDS[word], " ".join(filled[1:]))
        elif ":" in filled[0] and plain(filled[0].lstrip("# ").partition(":")[0]) in WORDS:
            _take_words(sheet, filled)
        else:
            _say(sheet, "note", " ".join(filled))


def _cell_text(cell: Any) -> str:
    """A cell as a person in Norway would type it, so that both kinds of file are judged by the same rules."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "ja" if value else "nei"
    if isinstance(value, int | float):
        return _number_text(value, "%" in (cell.number_format or ""))
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    text = _clean(str(value))
    return f"={text.lstrip('=')}" if cell.data_type == "f" else text


def _number_text(value: int | float, is_percent: bool) -> str:
    number = Decimal(repr(value)) * (100 if is_percent else 1)
    if not number.is_finite():
        return str(value)
    whole, _, decimals = f"{number:f}".partition(".")
    decimals = decimals.rstrip("0")
    if len(decimals) == 3:
        decimals += "0"  # a number is a number here: three decimals must not be taken for thousands
    return f"{whole},{decimals}"[: None if decimals else -1] + (" %" if is_percent else "")
