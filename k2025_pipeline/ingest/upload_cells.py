"""From rows of text to figures: what each cell means under its contract, and everything that is wrong.

Here belong the rules on cells and rows, a Polars expression each. All of a file is judged, and every error is told.
Not here: the form of a file (``upload_files``) and keeping it (``uploads``).
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

import polars as pl

from k2025_pipeline.catalog.base import plain
from k2025_pipeline.catalog.uploads import REGION_NAME, UploadColumn, UploadContract
from k2025_pipeline.ingest.upload_errors import UploadError, error
from k2025_pipeline.ingest.upload_files import LONGEST_CELL, ROW, Sheet
from k2025_pipeline.klass.code_list import languages
from k2025_pipeline.klass.validity import Regions

SPACES = r"[ \u00a0\u202f\u2009]"
NUMBER = rf"^[+\-−]?([0-9]{{1,3}}({SPACES}[0-9]{{3}})+|[0-9]{{1,15}})([.,][0-9]+)?{SPACES}*%?$"
AMBIGUOUS = r"^[+\-−]?[1-9][0-9]{0,2}[.,][0-9]{3}$"
FORMULA = r"^[=+\-@\t]"
EXCEL_ERROR = r"^#[A-ZÆØÅ0-9/]+[!?]?$"
SYMBOLS = ("..", ".", ":")
"""What may stand instead of a figure; an empty cell says what its column declares."""
YES, NO = ("ja", "yes", "sann", "true", "1"), ("nei", "no", "usann", "false", "0")
LEVELS = {"municipality": r"^[0-9]{4}$", "county": r"^EKA[0-9]{2}$", "country": r"^EAK$"}
LEVEL_NAMES = {"municipality": "kommune/municipality", "county": "fylke/county", "country": "landet/country"}
DATES = ("%Y-%m-%d", "%d.%m.%Y")

Rules = list[tuple[str, pl.Expr, dict[str, Any]]]
"""Kind of error, expression that is true where it is found, and what the sentence needs."""


class Judged:
    """A sheet under its contract.

    Attributes:
        frame: one row per row of the file with typed columns by name; a figure's symbol in ``<name>__symbol``.
        Meaningless where there are errors. errors: in the order of the rows.
    """

    def __init__(self, contract: UploadContract, sheet: Sheet, regions: Regions | None, last_year: int) -> None:
        self._contract = contract
        self._regions = regions
        self._last_year = last_year
        self.errors: list[UploadError] = list(sheet.errors)
        self.frame = pl.DataFrame()
        if not sheet.header:
            return
        self._headers = self._find_columns(sheet)
        if len(self.errors) > len(sheet.errors):
            return
        self.frame = self._cells(sheet)
        self._judge_rows()
        self.errors.sort(key=lambda e: e.row or 0)

    def _find_columns(self, sheet: Sheet) -> dict[str, str]:
        """Header in the file by column; every header that is wrong is told."""
        known = {text: column for column in self._contract.columns for text in column.accepted_headers}
        names = ", ".join(column.headers[0] for column in self._contract.columns)
        found: dict[str, str] = {}
        self._places: dict[str, str] = {}
        for place, header in enumerate(sheet.header):
            column = known.get(plain(header))
            if not header:
                if f"c{place}" in sheet.rows.columns and sheet.rows[f"c{place}"].is_not_null().any():
                    self.errors.append(error("no_header", sheet.header_row, known=names))
            elif column is None:
                near = difflib.get_close_matches(plain(header), list(known), 1)
                likely = f"{names} ({known[near[0]].headers[0]}?)" if near else names
                self.errors.append(error("unknown_header", sheet.header_row, header, known=likely))
            elif column.name in found:
                self.errors.append(error("double_header", sheet.header_row, header, first=found[column.name]))
            else:
                found[column.name] = header
                self._places[column.name] = f"c{place}"
        for column in self._contract.columns:
            if column.required and column.name not in found:
                missing = error("missing_header", sheet.header_row, column.headers[0], upload=self._contract.file)
                self.errors.append(missing)
        return found

    def _cells(self, sheet: Sheet) -> pl.DataFrame:
        """Typed columns; what is wrong with single cells is told on the way."""
        columns: list[pl.Expr] = [pl.col(ROW)]
        for column in self._contract.columns:
            if column.name not in self._headers:
                columns += self._left_out(column)
                continue
            text = pl.col(self._places[column.name])
            self._tell(sheet.rows, column, text, self._rules(column, text))
            columns += self._typed(column, text)
        return sheet.rows.select(columns)

    def _left_out(self, column: UploadColumn) -> list[pl.Expr]:
        if column.type == "choice":
            return [pl.lit(column.default_group, dtype=pl.String).alias(column.name)]
        if column in self._contract.attributes or column.name == REGION_NAME:
            kind = pl.Date() if column.type == "date" else pl.String()
            return [pl.lit(None, dtype=kind).alias(column.name)]
        return []

    def _tell(self, rows: pl.DataFrame, column: UploadColumn, text: pl.Expr, rules: Rules) -> None:
        """Note the first rule that each cell of a column breaks."""
        kind = pl.lit(None, dtype=pl.Int32)
        for number, (_, broken, _) in reversed(list(enumerate(rules))):
            kind = pl.when(broken.fill_null(False)).then(pl.lit(number, dtype=pl.Int32)).otherwise(kind)
        wrong = rows.select(pl.col(ROW), text.alias("cell"), kind.alias("kind")).drop_nulls("kind")
        for row, cell, number in wrong.iter_rows():
            name, _, said = rules[number]
            more = {"code": f"0{cell}"} if name == "zero_lost" else {}
            self.errors.append(error(name, row, self._headers[column.name], cell, **said, **more))

    def _rules(self, column: UploadColumn, text: pl.Expr) -> Rules:
        by_type: dict[str, Callable[[UploadColumn, pl.Expr], Rules]] = {
            "region": self._region_rules,
            "year": self._year_rules,
            "number": _number_rules,
            "flag": _flag_rules,
            "choice": _choice_rules,
            "date": _date_rules,
            "text": lambda *_: [],
        }
        general: Rules = [
            ("too_long", text.str.len_chars() > LONGEST_CELL, {"limit": LONGEST_CELL}),
            ("excel_error", text.str.contains(EXCEL_ERROR), {}),
            ("formula", text.str.contains(FORMULA) & ~text.str.contains(NUMBER) & (text != "-"), {}),
        ]
        if column.name in self._contract.row_key or (column.required and column.type in ("text", "date")):
            general.append(("must_be_filled", text.is_null(), {}))
        return general + by_type[column.type](column, text)

    def _region_rules(self, column: UploadColumn, text: pl.Expr) -> Rules:
        code = text.str.to_uppercase()
        accepted = "|".join(LEVELS[level] for level in self._contract.region_levels)
        levels = ", ".join(LEVEL_NAMES[level] for level in self._contract.region_levels)
        return [
            ("zero_lost", text.str.contains(r"^[1-9][0-9]{2}$"), {}),
            ("not_a_region", ~code.str.contains("|".join(LEVELS.values())), {}),
            ("wrong_level", ~code.str.contains(accepted), {"levels": levels}),
        ]

    def _year_rules(self, column: UploadColumn, text: pl.Expr) -> Rules:
        first = int(self._contract.first_year)
        year = text.cast(pl.Int32, strict=False)
        is_symbol = _is_symbol(text) if column.name != self._contract.period else pl.lit(False)
        span = {"first": first, "last": self._last_year}
        return [
            ("not_a_year", ~text.str.contains(r"^[0-9]{4}$") & ~is_symbol, {}),
            ("year_out_of_range", ~year.is_between(first, self._last_year), span),
        ]

    def _typed(self, column: UploadColumn, text: pl.Expr) -> list[pl.Expr]:
        if column.type == "region":
            return [text.str.to_uppercase().alias(column.name)]
        if column.type == "choice":
            groups = {spelling: choice.group for choice in column.categories for spelling in choice.spellings}
            return [_plain(text).replace_strict(groups, default=None, return_dtype=pl.String).alias(column.name)]
        if column.type == "date":
            return [_date(text).alias(column.name)]
        if column.type == "text" or column.name == self._contract.period:
            return [text.alias(column.name)]
        value = _flag(text) if column.type == "flag" else _number(text)
        symbol = pl.when(text.is_null()).then(pl.lit(column.empty)).when(_is_symbol(text)).then(text)
        return [value.alias(column.name), symbol.alias(f"{column.name}__symbol")]

    def _judge_rows(self) -> None:
        self._judge_doubles()
        for column in self._contract.measures:
            for other, kind in ((column.at_most, "above_other"), (column.at_least, "below_other")):
                if other in self._headers and column.name in self._headers:
                    self._judge_order(column.name, str(other), kind)
        if self._regions is not None:
            self._judge_regions(self._regions)

    def _judge_order(self, name: str, other: str, kind: str) -> None:
        one, two = (pl.col(n).cast(pl.Float64, strict=False) for n in (name, other))
        wrong = self.frame.filter(one > two if kind == "above_other" else one < two)
        for row, value in wrong.select(ROW, pl.col(name).cast(pl.String)).iter_rows():
            said = {"other": self._headers[other]}
            self.errors.append(
                error(kind, row, self._headers[name], value.removesuffix(".0").replace(".", ","), **said)
            )

    def _judge_doubles(self) -> None:
        key = self._contract.row_key
        words = " + ".join(self._headers[name] for name in key if name in self._headers)
        first = pl.col(ROW).min().over(key)
        wrong = self.frame.drop_nulls(key).select(ROW, first.alias("first")).filter(pl.col("first") < pl.col(ROW))
        for row, before in wrong.iter_rows():
            self.errors.append(error("double_row", row, key=words, first=before))

    def _judge_regions(self, regions: Regions) -> None:
        period = self._contract.period
        is_code = pl.col("region_code").str.contains("|".join(LEVELS.values()))
        columns = [ROW, "region_code", period, *([REGION_NAME] if REGION_NAME in self.frame.columns else [])]
        rows = self.frame.filter(is_code & pl.col(period).str.contains(r"^[0-9]{4}$")).select(columns)
        # A file has few regions and years, and many rows: each pair is looked up once.
        today = self._last_year if self._contract.todays_codes else None
        pairs = rows.select("region_code", period).unique().rows()
        verdicts = {(code, year): _region_error(regions, code, year, today) for code, year in pairs}
        for row, code, year, *name in rows.iter_rows():
            found = verdicts[code, year]
            if found is not None:
                kind, said = found
                self.errors.append(error(kind, row, self._headers["region_code"], code, **said))
            elif name and name[0] and not _names_agree(name[0], official := regions.name(code, int(year))):
                said = {"code": code, "name": official}
                self.errors.append(error("name_differs", row, self._headers[REGION_NAME], name[0], **said))


def _region_error(regions: Regions, code: str, year: str, today: int | None) -> tuple[str, dict[str, Any]] | None:
    """What is wrong with a code in a year, if anything; where ``today`` is given, codes of that year will do."""
    if not regions.known(code):
        return "unknown_region", {}
    if regions.valid(code, int(year)) or (today is not None and regions.valid(code, today)):
        return None
    codes = ", ".join(regions.instead(code, int(year)))
    said = {"name": regions.name(code, int(year)), "year": year}
    if codes:
        return "region_not_valid", said | {
            "instead": f"Bruk koden som gjaldt i {year}: {codes}.",
            "instead_en": f"Use the code of {year}: {codes}.",
        }
    unknown = "Se etter koden på ssb.no/klass/klassifikasjoner/131.", "Look it up at ssb.no/klass/klassifikasjoner/131."
    return "region_not_valid", said | dict(zip(("instead", "instead_en"), unknown, strict=True))


def _names_agree(given: str, official: str | None) -> bool:
    """Whether a name is one of the region's, in any of its languages, with or without the word for its level."""
    bare = plain(given).removesuffix(" kommune").removesuffix(" fylkeskommune").removesuffix(" fylke")
    return official is None or bool(languages(bare) & languages(official))


def _is_symbol(text: pl.Expr) -> pl.Expr:
    return text.is_in(SYMBOLS)


def _plain(text: pl.Expr) -> pl.Expr:
    """As ``catalog.base.plain``, for a column."""
    return text.str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()


def _number(text: pl.Expr) -> pl.Expr:
    bare = text.str.replace_all(rf"{SPACES}|%", "").str.replace("−", "-", literal=True)
    return bare.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)


def _flag(text: pl.Expr) -> pl.Expr:
    said = _plain(text)
    return pl.when(said.is_in(YES)).then(1.0).when(said.is_in(NO)).then(0.0)


def _date(text: pl.Expr) -> pl.Expr:
    return pl.coalesce(text.str.to_date(form, strict=False) for form in DATES)


def _number_rules(column: UploadColumn, text: pl.Expr) -> Rules:
    value, unit = _number(text), column.unit
    rules: Rules = [("not_a_number", ~text.str.contains(NUMBER) & ~_is_symbol(text), {})]
    if column.decimals < 3:
        rules.append(("ambiguous", text.str.contains(AMBIGUOUS), {}))
    if unit != "prosent":
        rules.append(("percent", text.str.ends_with("%"), {"unit": unit}))
    if column.decimals == 0:
        rules.append(("not_whole", value != value.round(), {"unit": unit}))
    if column.minimum is not None:
        rules.append(("too_small", value < column.minimum, {"bound": f"{column.minimum:g}", "unit": unit}))
    if column.maximum is not None:
        rules.append(("too_big", value > column.maximum, {"bound": f"{column.maximum:g}", "unit": unit}))
    return rules


def _flag_rules(column: UploadColumn, text: pl.Expr) -> Rules:
    return [("not_a_flag", ~_plain(text).is_in([*YES, *NO]) & ~_is_symbol(text), {})]


def _choice_rules(column: UploadColumn, text: pl.Expr) -> Rules:
    accepted = [spelling for choice in column.categories for spelling in choice.spellings]
    known = ", ".join(choice.name.nb for choice in column.categories)
    return [("not_a_choice", ~_plain(text).is_in(accepted), {"known": known})]


def _date_rules(column: UploadColumn, text: pl.Expr) -> Rules:
    return [("not_a_date", _date(text).is_null() & text.is_not_null(), {})]
