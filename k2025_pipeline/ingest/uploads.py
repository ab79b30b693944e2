"""Uploaded files: where they lie, whether they are right, and their figures in long form.

Here belongs one file under one contract. Not here: keeping it and choosing what stands (``reception``,
``acceptance``), and reading (``upload_files``, ``upload_cells``).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import polars as pl

from k2025_pipeline.catalog.uploads import REGION_NAME, UploadColumn, UploadContract
from k2025_pipeline.ingest.upload_cells import DATES, Judged
from k2025_pipeline.ingest.upload_errors import UploadError, error, shown
from k2025_pipeline.ingest.upload_files import MOST_BYTES, Sheet, read_sheet
from k2025_pipeline.klass.history import History
from k2025_pipeline.klass.validity import Regions
from k2025_pipeline.lake.archive import Delivery
from k2025_pipeline.lake.home import Home
from k2025_pipeline.lake.typed import TypedLake
from k2025_pipeline.pxweb.errors import InvalidAnswer
from k2025_pipeline.validation.columns import upload_schema
from k2025_pipeline.validation.contract import RuleResult, Verdict

SUFFIXES = (".csv", ".xlsx")
TOLD_ROWS = 50
"""Errors that a check shows; `k2025 upload check` tells all."""
UNITS = {"year": "år", "flag": "ja=1, nei=0"}
"""Of figures that declare none."""
FORM_ONLY = (
    "Klass er ikke hentet ennå: koder er bare prøvd på formen. / Klass is not fetched yet: codes were judged by form."
)


class RefusedUpload(InvalidAnswer):
    """A file breaks its contract."""

    runbook = "upload-refused"

    def __init__(self, message: str, errors: list[UploadError]) -> None:
        super().__init__(message)
        self.errors = errors


@dataclass(frozen=True)
class Checked:
    """A file under its contract.

    Attributes:
        sheet: what it holds. judged: its cells. errors: everything that is wrong. notices: what had to be assumed.
        dated: the day that the uploader gives, or None.
    """

    sheet: Sheet
    judged: Judged
    errors: list[UploadError]
    notices: list[str]
    dated: date | None


def known_regions(home: Home) -> Regions | None:
    """Municipalities and counties as Klass has them in the lake; None where it was never fetched."""
    municipalities = _history(home, "131")
    return Regions(municipalities, _history(home, "104")) if municipalities else None


def _history(home: Home, classification: str) -> History | None:
    lake = TypedLake(home)
    frames = []
    for kind in ("codes", "changes"):
        dataset = f"klass_{classification}_{kind}"
        vintage = lake.current(dataset)
        if vintage is None:
            return None
        frames.append(pl.read_parquet(lake.path(dataset, vintage.vintage)))
    return History(*frames)


def find_file(folder: Path, contract: UploadContract) -> tuple[Path | None, UploadError | None]:
    """The file of an upload in a folder, or what is wrong with how it lies there."""
    found = [path for path in _files(folder) if _stem(path) == contract.file and path.suffix.lower() in SUFFIXES]
    if len(found) > 1:
        return None, error("two_files", files=", ".join(shown(path.name) for path in found))
    if found and (found[0].is_symlink() or not found[0].is_file()):
        return None, error("not_a_file")
    return (found[0] if found else None), None


def strays(folder: Path, contracts: Iterable[UploadContract]) -> list[tuple[str, UploadError]]:
    """Files of a folder that belong to no upload, so that nobody waits for their figures."""
    names = sorted(contract.file for contract in contracts)
    strange = [p for p in _files(folder) if _stem(p) not in names or p.suffix.lower() not in SUFFIXES]
    return [(shown(path.name), error("unknown_file", known=", ".join(names))) for path in strange]


def _files(folder: Path) -> list[Path]:
    """Hidden files and those that Excel keeps while a workbook is open do not count."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if not path.name.startswith((".", "~$")))


def _stem(path: Path) -> str:
    return unicodedata.normalize("NFC", path.stem).lower()


def read_bytes(path: Path) -> bytes:
    """The bytes of a file; of one that is far too large only as many as show it."""
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def check(contract: UploadContract, name: str, content: bytes, regions: Regions | None, year: int) -> Checked:
    """Hold a file against its contract.

    Args:
        contract: the upload. name: of the file. content: its bytes. regions: as Klass has them, or None.
        year: in which the file was made; figures may be about the next one at most.
    """
    sheet = read_sheet(contract, name, content)
    judged = Judged(contract, sheet, regions, year + 1)
    errors = list(judged.errors)
    dated = next((day for form in DATES if (day := _day(sheet.dated, form))), None)
    if sheet.dated and dated is None:
        errors.append(error("not_a_date", column="# dato", cell=sheet.dated))
    if not errors and sheet.rows.is_empty() and sheet.note is None:
        errors.append(error("empty"))
    notices = [*sheet.notices, *([] if regions else [FORM_ONLY])]
    return Checked(sheet, judged, errors, notices, dated)


def _day(text: str | None, form: str) -> date | None:
    try:
        return datetime.strptime(text, form).date() if text else None
    except ValueError:
        return None


def told(name: str, errors: list[UploadError]) -> str:
    """All errors on one line: how many, and the first."""
    more = "" if len(errors) == 1 else f" And {len(errors) - 1} more: k2025 upload check inputs/{name}"
    return f"inputs/{name}: {errors[0].text('en')}{more}"


def verdict(contract: UploadContract, rows: int, errors: list[UploadError]) -> Verdict:
    """The errors as the verdict of a contract, with the first rows for people."""
    result = RuleResult(
        rule="rows",
        meaning="Every cell and row says what its column declares / hver celle og rad er som avtalt.",
        advice="Mend the cells and lay the file down again; what stood before stands until then.",
        failed=len(errors),
        sample=[found.as_row() for found in errors[:TOLD_ROWS]],
    )
    return Verdict(contract.name, rows, [result])


def to_typed(contract: UploadContract, delivery: Delivery, regions: Regions | None) -> pl.DataFrame:
    """The figures of an archived file, a row per cell: see ``validation.columns.upload_schema``.

    Raises:
        RefusedUpload: when the file breaks the contract of today. DamagedArchive: when its bytes changed.
    """
    answer = delivery.answers[0]
    received = datetime.fromisoformat(delivery.received_at)
    checked = check(contract, answer.label, answer.read(), regions, received.year)
    if checked.errors:
        raise RefusedUpload(told(answer.label, checked.errors), checked.errors)
    said = {
        "note": pl.lit(checked.sheet.note, dtype=pl.String),
        "uploaded_by": pl.lit(checked.sheet.by, dtype=pl.String),
        "dated": pl.lit(checked.dated, dtype=pl.Date),
        "uploaded_at": pl.lit(received, dtype=pl.Datetime("us", "UTC")),
        "file": pl.lit(answer.label),
        "source": pl.lit(answer.role),
    }
    return _long(contract, _labelled(contract, checked.judged.frame, regions)).with_columns(**said).select(
        pl.col(name).cast(dtype) for name, dtype in upload_schema(contract).items()
    )  # fmt: skip


def _labelled(contract: UploadContract, frame: pl.DataFrame, regions: Regions | None) -> pl.DataFrame:
    """With ``region_label``: the name in the file, else Klass's of that year."""
    pairs = frame.select("region_code", contract.period).unique(maintain_order=True)
    names = [regions.name(code, int(year)) if regions else None for code, year in pairs.rows()]
    known = pairs.with_columns(pl.Series("region_label", names, dtype=pl.String))
    labelled = frame.join(known, on=["region_code", contract.period], how="left", maintain_order="left")
    if REGION_NAME not in frame.columns:
        return labelled
    return labelled.with_columns(pl.coalesce(REGION_NAME, "region_label").alias("region_label"))


def _long(contract: UploadContract, frame: pl.DataFrame) -> pl.DataFrame:
    """One row per figure; a measure whose column the file lacks has none."""
    shared = ["region_code", "region_label", *(c.name for c in contract.category_columns)]
    shared += [*(c.name for c in contract.attributes), "file_row"]
    parts = [
        frame.select(
            *shared,
            pl.lit(column.name).alias("measure"),
            pl.lit(_unit(column)).alias("unit"),
            pl.col(contract.period).alias("period"),
            pl.col(column.name).cast(pl.Float64).alias("value"),
            pl.col(f"{column.name}__symbol").alias("symbol"),
        )
        for column in contract.measures
        if column.name in frame.columns
    ]
    return pl.concat(parts)


def _unit(column: UploadColumn) -> str:
    return column.unit or UNITS[column.type]


def write_typed(contract: UploadContract, delivery: Delivery, regions: Regions | None, path: Path) -> None:
    """Parse an archived file into Parquet; see :func:`to_typed`."""
    to_typed(contract, delivery, regions).write_parquet(path, compression="zstd", mkdir=True)
