"""What can be wrong with an uploaded file, in words for the person who made it.

Here belong the sentences, in bokmål and English: what is wrong in which cell, and what to do. Not here: finding out
(``upload_files``, ``upload_cells``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SHOWN = 60
"""Characters of a cell that a message shows."""


@dataclass(frozen=True)
class Sentences:
    """One kind of error: problem and advice in both languages, with places for what differs."""

    nb: str
    do_nb: str
    en: str
    do_en: str


AS_CSV = "Lagre som «CSV UTF-8 (semikolondelt)» eller som .xlsx."
AS_CSV_EN = "Save it as «CSV UTF-8 (semicolon)» or as .xlsx."
FROM_TEMPLATE = "Start fra malen: k2025 upload template {upload}."
FROM_TEMPLATE_EN = "Start from the template: k2025 upload template {upload}."

KINDS: dict[str, Sentences] = {
    "unknown_file": Sentences(
        "filnavnet hører ikke til noen opplasting",
        "Kall filen et av: {known}, med .csv eller .xlsx.",
        "the file's name belongs to no upload",
        "Name it one of: {known}, with .csv or .xlsx.",
    ),
    "two_files": Sentences(
        "det finnes både {files}",
        "Behold den ene; en opplasting er én fil med alle rader.",
        "there are both {files}",
        "Keep one; an upload is one file with all rows.",
    ),
    "not_a_file": Sentences(
        "er en lenke eller ikke en vanlig fil",
        "Legg selve filen i mappen.",
        "is a link, or no ordinary file",
        "Put the file itself into the folder.",
    ),
    "suffix": Sentences(
        "filtypen {suffix} leses ikke",
        AS_CSV,
        "files of type {suffix} are not read",
        AS_CSV_EN,
    ),
    "too_large": Sentences(
        "filen er for stor: {size}; grensen er {limit}",
        "Ta bort ark, bilder og formatering, eller rader som ikke hører hjemme her.",
        "the file is too large: {size}; the limit is {limit}",
        "Remove sheets, pictures and formatting, or rows that do not belong here.",
    ),
    "unreadable": Sentences(
        "filen kan ikke leses: {reason}",
        AS_CSV,
        "the file cannot be read: {reason}",
        AS_CSV_EN,
    ),
    "nothing": Sentences(
        "filen har ingen overskriftsrad",
        FROM_TEMPLATE,
        "the file has no header row",
        FROM_TEMPLATE_EN,
    ),
    "empty": Sentences(
        "filen har ingen rader, og sier ikke hvorfor",
        "En fil uten rader trekker alle tall tilbake. Er det meningen: skriv «# merknad: …» over overskriftsraden.",
        "the file has no rows, and does not say why",
        "A file without rows withdraws all figures. If that is meant: write «# merknad: …» above the header row.",
    ),
    "unknown_header": Sentences(
        "kolonnen er ikke kjent",
        "Kolonnene er: {known}.",
        "the column is not known",
        "The columns are: {known}.",
    ),
    "no_header": Sentences(
        "kolonnen har ingen overskrift, men det står noe i den",
        "Gi kolonnen en av overskriftene, eller tøm den: {known}.",
        "the column has no header, but something stands in it",
        "Give the column one of the headers, or empty it: {known}.",
    ),
    "double_header": Sentences(
        "to kolonner betyr det samme: {first} og denne",
        "Behold den ene.",
        "two columns mean the same: {first} and this one",
        "Keep one of them.",
    ),
    "missing_header": Sentences(
        "kolonnen mangler",
        FROM_TEMPLATE,
        "the column is missing",
        FROM_TEMPLATE_EN,
    ),
    "too_many_cells": Sentences(
        "raden har flere celler enn det er overskrifter",
        "Skill kolonner med semikolon når tall har desimalkomma, eller sett tekst med skilletegn i hermetegn.",
        "the row has more cells than there are headers",
        "Separate columns by semicolons where figures have a decimal comma, or quote text with separators.",
    ),
    "too_long": Sentences(
        "cellen har mer enn {limit} tegn",
        "Kort den ned.",
        "the cell has more than {limit} characters",
        "Shorten it.",
    ),
    "formula": Sentences(
        "cellen er en formel, eller begynner som en",
        "Kopier og lim inn som verdi; begynn tekst med en bokstav eller et siffer.",
        "the cell is a formula, or begins like one",
        "Copy and paste as value; begin text with a letter or a digit.",
    ),
    "excel_error": Sentences(
        "cellen er en feilverdi i Excel",
        "Rett formelen den kommer fra, eller skriv .. når tallet mangler.",
        "the cell is one of Excel's error values",
        "Mend the formula that it comes from, or write .. where the figure is missing.",
    ),
    "must_be_filled": Sentences(
        "cellen er tom",
        "Fyll den ut; uten den kan raden ikke plasseres.",
        "the cell is empty",
        "Fill it in; without it the row has no place.",
    ),
    "not_a_number": Sentences(
        "er ikke et tall",
        "Skriv tallet med desimalkomma, uten benevning. Mangler det: skriv .. eller la cellen stå tom, aldri 0.",
        "is not a number",
        "Write it with a decimal comma, without unit. Where it is missing: write .. or leave it empty, never 0.",
    ),
    "ambiguous": Sentences(
        "kan bety både tusen og desimaler",
        "Skriv tusen uten tegn eller med mellomrom (1 234), og desimaler med en eller to sifre (1,23).",
        "may mean thousands or decimals",
        "Write thousands without a sign or with a space (1 234), and decimals with one or two digits (1,23).",
    ),
    "percent": Sentences(
        "har prosenttegn, men kolonnen er i {unit}",
        "Skriv tallet i {unit}.",
        "has a per cent sign, but the column is in {unit}",
        "Write the figure in {unit}.",
    ),
    "not_whole": Sentences(
        "er ikke et helt tall",
        "Skriv {unit} som hele tall.",
        "is not a whole number",
        "Write {unit} as whole numbers.",
    ),
    "too_small": Sentences(
        "er mindre enn {bound}",
        "Se etter fortegn og enhet ({unit}).",
        "is below {bound}",
        "Look at sign and unit ({unit}).",
    ),
    "too_big": Sentences(
        "er større enn {bound}",
        "Se etter enhet ({unit}) og desimalkomma.",
        "is above {bound}",
        "Look at the unit ({unit}) and the decimal comma.",
    ),
    "above_other": Sentences(
        "er større enn {other} på samme rad",
        "Se om tallene er byttet om.",
        "is above {other} on the same row",
        "See whether the figures are swapped.",
    ),
    "below_other": Sentences(
        "er mindre enn {other} på samme rad",
        "Se om tallene er byttet om.",
        "is below {other} on the same row",
        "See whether the figures are swapped.",
    ),
    "not_a_year": Sentences(
        "er ikke et årstall",
        "Skriv året med fire siffer, for eksempel 2024.",
        "is not a year",
        "Write the year with four digits, for example 2024.",
    ),
    "year_out_of_range": Sentences(
        "er utenfor {first}–{last}",
        "Skriv et år i dette tidsrommet.",
        "is outside {first}–{last}",
        "Write a year in this span.",
    ),
    "not_a_flag": Sentences(
        "er hverken ja eller nei",
        "Skriv ja eller nei, eller .. når det ikke er kjent.",
        "is neither yes nor no",
        "Write ja or nei, or .. where it is not known.",
    ),
    "not_a_date": Sentences(
        "er ikke en dato",
        "Skriv den som 31.12.2024 eller 2024-12-31.",
        "is not a date",
        "Write it as 31.12.2024 or 2024-12-31.",
    ),
    "not_a_choice": Sentences(
        "er ikke et av valgene",
        "Skriv et av: {known}.",
        "is none of the choices",
        "Write one of: {known}.",
    ),
    "zero_lost": Sentences(
        "er en kommunekode uten den første nullen, som Excel tar bort",
        "Skriv {code}. Formater kolonnen som tekst før du skriver eller limer inn.",
        "is a municipality code without its first zero, which Excel takes away",
        "Write {code}. Format the column as text before typing or pasting.",
    ),
    "not_a_region": Sentences(
        "er ikke en regionkode",
        "Skriv fire siffer for en kommune, EKA og to siffer for et fylke, EAK for landet.",
        "is no region code",
        "Write four digits for a municipality, EKA and two digits for a county, EAK for the country.",
    ),
    "wrong_level": Sentences(
        "er ikke på et nivå som denne opplastingen tar imot",
        "Nivåene er: {levels}.",
        "is not at a level that this upload takes",
        "The levels are: {levels}.",
    ),
    "unknown_region": Sentences(
        "finnes ikke i Klass",
        "Se etter koden på ssb.no/klass/klassifikasjoner/131.",
        "is not known to Klass",
        "Look the code up at ssb.no/klass/klassifikasjoner/131.",
    ),
    "region_not_valid": Sentences(
        "({name}) gjaldt ikke 1. januar {year}",
        "{instead}",
        "({name}) was not valid on 1 January {year}",
        "{instead_en}",
    ),
    "name_differs": Sentences(
        "passer ikke med koden {code}, som er {name}",
        "Se om rader er forskjøvet; rett navnet eller koden.",
        "does not fit the code {code}, which is {name}",
        "See whether rows are shifted; mend the name or the code.",
    ),
    "double_row": Sentences(
        "samme {key} står på rad {first}",
        "Behold en av radene.",
        "the same {key} stands on row {first}",
        "Keep one of the rows.",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class UploadError:
    """One thing that is wrong.

    Attributes:
        kind: key of ``KINDS``. row: as a spreadsheet numbers it, or None for the file. column: header as the file
        has it, or None. cell: what stands there. said: what the sentences need.
    """

    kind: str
    row: int | None = None
    column: str | None = None
    cell: str | None = None
    said: tuple[tuple[str, Any], ...] = ()

    def text(self, language: str = "nb") -> str:
        """Place, problem and advice on one line."""
        return f"{self.place(language)}{self.problem(language)}. {self.advice(language)}"

    def place(self, language: str = "nb") -> str:
        """Row and column, with a colon after; empty for the file as a whole."""
        row, column = ("rad", "kolonne") if language == "nb" else ("row", "column")
        words = [f"{row} {self.row}"] if self.row is not None else []
        words += [f"{column} {shown(self.column)}"] if self.column else []
        return f"{', '.join(words)}: " if words else ""

    def problem(self, language: str = "nb") -> str:
        """What is wrong, with the cell that it is about."""
        sentence = KINDS[self.kind].nb if language == "nb" else KINDS[self.kind].en
        cell = f"«{shown(self.cell)}» " if self.cell else ""
        return cell + sentence.format(**dict(self.said))

    def advice(self, language: str = "nb") -> str:
        """What to do."""
        sentence = KINDS[self.kind].do_nb if language == "nb" else KINDS[self.kind].do_en
        return sentence.format(**dict(self.said))

    def as_row(self) -> dict[str, Any]:
        """The error as a row of a table for people."""
        return {
            "rad / row": self.row,
            "kolonne / column": self.column and shown(self.column),
            "feil": self.problem(),
            "gjør dette": self.advice(),
            "error": self.problem("en"),
            "do this": self.advice("en"),
        }


def error(kind: str, row: int | None = None, column: str | None = None, cell: str | None = None, **said: Any) -> Any:
    """An :class:`UploadError` with what its sentences need."""
    return UploadError(kind, row, column, cell, tuple(said.items()))


def shown(text: str | None) -> str:
    """A text of somebody's file as a message may show it: short, and without signs that steer a terminal."""
    plain = "".join(sign if sign.isprintable() else "?" for sign in text or "")
    return plain if len(plain) <= SHOWN else f"{plain[: SHOWN - 1]}…"
