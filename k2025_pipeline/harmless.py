"""Text from outside made harmless for where it is shown: a terminal, a spreadsheet, Markdown in a browser.

Here belongs what each of them would take for a command. Labels, notes and file names come from other people; what is
kept in the lake and published in the warehouse stays exactly as it came. Not here: HTML (``html.escape`` does it), and
how a message is cut to one short line (``pxweb.errors.one_line``).
"""

from __future__ import annotations

import re

import polars as pl

STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Signs that steer a terminal or turn the direction of text, all but tab and line feed."""
CALCULATES = r"=+@＝＋－＠\-"
CELL_BEGINS = rf"([;\t\n])([{CALCULATES}])"
"""A sign at which a program with other settings would begin a new cell, and a formula in it."""
TEXT_BEGINS = rf"^([{CALCULATES}\t\n])"
NO_FIGURE = "-"
"""A symbol of the Statbank; alone it is no formula."""
MARKDOWN = {"|": "\\|", "<": "&lt;", "\n": " ", "](": "] ("}
"""What would end a cell, begin HTML, or make a link or a picture of a label."""


def for_terminal(text: str) -> str:
    """``text`` with a question mark for each sign that would steer a terminal."""
    return STEERING.sub("?", text)


def for_spreadsheet(text: str) -> str:
    """``text`` with an apostrophe before anything that a spreadsheet would calculate."""
    made: str = pl.select(_uncalculated(pl.lit(text))).item()
    return made


def _uncalculated(text: pl.Expr) -> pl.Expr:
    plain = text.str.replace_all("\r\n", "\n", literal=True).str.replace_all(STEERING.pattern, "?")
    marked = plain.str.replace_all(CELL_BEGINS, "${1}'${2}").str.replace(TEXT_BEGINS, "'${1}")
    return pl.when(text == NO_FIGURE).then(text).otherwise(marked)


def for_markdown(text: str) -> str:
    """``text`` for a cell of a Markdown table: no HTML, no link, no picture, no further cell."""
    for sign, instead in MARKDOWN.items():
        text = text.replace(sign, instead)
    return for_terminal(text)


def as_csv(frame: pl.DataFrame) -> str:
    """Rows as CSV that a spreadsheet may open: headers and columns of text made harmless, numbers as they are.

    Raises:
        polars.exceptions.ComputeError: when a column holds lists or objects, for which CSV has no form.
    """
    texts = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.String | pl.Categorical | pl.Enum)]
    made = frame.with_columns(_uncalculated(pl.col(name).cast(pl.String)).alias(name) for name in texts)
    return made.rename(for_spreadsheet).write_csv()


def as_json(frame: pl.DataFrame) -> str:
    """Rows as JSON that a terminal may show: the same values, every sign that steers one written as its number."""
    return STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", frame.write_json())
