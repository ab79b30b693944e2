"""Templates for uploads, as CSV and Excel: headers to fill under, an example that is never read, explanations.

Here belongs the form of a template. Its words come from the contract (``catalog.upload_docs``).
"""

from __future__ import annotations

import csv
import io

from k2025_pipeline.catalog.upload_docs import choices, example_row, header_row, kind, must
from k2025_pipeline.catalog.uploads import UploadContract
from k2025_pipeline.harmless import for_spreadsheet

NOTES = (("merknad", ""), ("fra", ""), ("dato", ""))
WIDTH = 24


def as_csv(contract: UploadContract) -> bytes:
    """A template as CSV: UTF-8 with the mark by which Excel knows it, semicolons, CRLF.

    Explanations and the example are lines that begin with ``#``, which the reader skips.
    """
    text = io.StringIO(newline="")
    lines = [f"# {name}: {said}" for name, said in NOTES]
    lines.append(f"# {contract.title.nb}. {contract.definition.nb}")
    for column in contract.columns:
        known = f" Valg: {choices(column)}." if column.categories else ""
        lines.append(f"# {column.headers[0]} ({kind(column)}): {column.description.nb}{known}")
    lines.append(f"# EKSEMPEL (leses ikke): {';'.join(example_row(contract))}")
    text.writelines(f"{for_spreadsheet(line)}\r\n" for line in lines)
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerow(map(for_spreadsheet, header_row(contract)))
    return text.getvalue().encode("utf-8-sig")


def as_excel(contract: UploadContract) -> bytes:
    """A template as Excel: ``data`` with headers, ``merknad``, ``eksempel`` and ``forklaring``.

    The cells of ``data`` are formatted as text, so that Excel keeps the first zero of a code.
    """
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    data = book.active
    data.title = "data"
    data.append(header_row(contract))
    for place, column in enumerate(contract.columns, start=1):
        data.cell(1, place).font = Font(bold=True)
        letter = get_column_letter(place)
        data.column_dimensions[letter].width = WIDTH
        if column.type == "region":
            data.column_dimensions[letter].number_format = "@"
    data.freeze_panes = "A2"
    note = book.create_sheet("merknad")
    for row in NOTES:
        note.append(row)
    example = book.create_sheet("eksempel")
    example.append(["EKSEMPEL: dette arket leses ikke / EXAMPLE: this sheet is not read"])
    example.append(header_row(contract))
    example.append(example_row(contract))
    words = book.create_sheet("forklaring")
    words.append([f"{contract.title.nb}. {contract.description.nb}"])
    words.append([contract.definition.nb])
    words.append([contract.where_from.nb])
    words.append([contract.small_numbers.nb])
    words.append(["overskrift", "hva", "må være med", "forklaring", "valg"])
    for column in contract.columns:
        told = [column.headers[0], kind(column), must(contract, column), column.description.nb, choices(column)]
        words.append(told)
    for cell in (cell for sheet in book for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)):
        cell.value = for_spreadsheet(cell.value)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
