"""A file laid down by a person becomes the upload that stands, or is refused and leaves the last one standing.

Here belongs finding the file, archiving it once, and the record of a refusal. Not here: what is wrong with a file
(``uploads``), and how typed vintages and their history are kept (``acceptance``).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from k2025_pipeline.catalog.uploads import UploadContract
from k2025_pipeline.ingest import acceptance, uploads
from k2025_pipeline.ingest.acceptance import Outcome
from k2025_pipeline.ingest.upload_errors import UploadError, error, shown
from k2025_pipeline.ingest.upload_files import read_sheet
from k2025_pipeline.klass.validity import Regions
from k2025_pipeline.lake.archive import Archive, Delivery, Piece
from k2025_pipeline.lake.home import Home
from k2025_pipeline.lake.typed import Refusal, TypedLake
from k2025_pipeline.pxweb.transport import Answer

Source = Literal["upload", "demo"]
LICENCE = "as agreed with the uploader"
"""Whoever lays a file down answers for the right to publish it."""


@dataclass(frozen=True)
class Folder:
    """A folder of files, and what the column ``source`` says of their figures."""

    path: Path
    source: Source


def folders(home: Home, demo_edition: str | None) -> list[Folder]:
    """Where files lie, the first the one that counts: people's, then those that the demo generates."""
    found = [Folder(home.inputs, "upload")]
    return found + ([Folder(home.demo / demo_edition / "inputs", "demo")] if demo_edition else [])


def receive(home: Home, contract: UploadContract, places: list[Folder], now: datetime) -> Outcome:
    """Take in tonight's file of an upload, where there is one.

    Args:
        home: where everything lies. contract: the upload. places: folders, the first one counts. now: the time.

    Returns:
        What became of it: ``accepted``, ``unchanged`` (also where no file lies there: the last one stands),
        ``refused`` with the errors as verdict, or ``absent`` where there never was one.
    """
    regions, archive = uploads.known_regions(home), Archive(home)
    latest = archive.latest(contract.name)
    found = _look(contract, places, latest)
    if isinstance(found, _Wrong):
        return _refuse(home, contract, found, now)
    if found is not None:
        try:
            content = uploads.read_bytes(found.path)
        except OSError as problem:
            wrong = _Wrong(found.path.name, [error("unreadable", reason=problem.strerror or str(problem))])
            return _refuse(home, contract, wrong, now)
        if latest is None or not _same(latest, found, content):
            checked = uploads.check(contract, found.path.name, content, regions, now.year)
            if checked.errors:
                digest = hashlib.sha256(content).hexdigest()
                wrong = _Wrong(found.path.name, checked.errors, digest, checked.sheet.rows.height)
                return _refuse(home, contract, wrong, now)
            latest = _keep(archive, contract, found, content, now)
    if latest is None:
        return _absent(home, contract)
    return _stand(home, contract, latest, regions, found)


@dataclass(frozen=True)
class _Found:
    path: Path
    source: Source


@dataclass(frozen=True)
class _Wrong:
    name: str
    errors: list[UploadError]
    digest: str = "unread"
    rows: int = 0


def _look(contract: UploadContract, places: list[Folder], latest: Delivery | None) -> _Found | _Wrong | None:
    """The file that counts. A generated one never replaces a person's, also where that was removed since."""
    for place in places:
        if place.source == "demo" and latest is not None and latest.answers[0].role == "upload":
            continue
        path, wrong = uploads.find_file(place.path, contract)
        if wrong is not None:
            return _Wrong(contract.file, [wrong])
        if path is not None:
            return _Found(path, place.source)
    return None


def _same(latest: Delivery, found: _Found, content: bytes) -> bool:
    kept = latest.answers[0]
    said = (kept.sha256, kept.label, kept.role)
    return said == (hashlib.sha256(content).hexdigest(), found.path.name, found.source)


def _keep(archive: Archive, contract: UploadContract, found: _Found, content: bytes, now: datetime) -> Delivery:
    """Archive a file that is right: its bytes, hash, name and time."""
    stamp = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    journal = archive.begin(contract.name, stamp)
    answer = Answer(f"file:{found.path.name}", "FILE", None, 200, {}, content, now.astimezone(UTC))
    journal.keep(contract.name, answer, found.path.suffix.lower().lstrip("."))
    pieces = [Piece(found.source, found.path.name, contract.name)]
    digest = hashlib.sha256(content).hexdigest()
    return archive.seal(contract.name, journal, stamp, "", pieces, content=digest, licence=LICENCE)


def _stand(
    home: Home, contract: UploadContract, latest: Delivery, regions: Regions | None, found: _Found | None
) -> Outcome:
    """Make the newest archived file the current vintage; what was refused before it stands no more."""
    outcome = acceptance.accept_upload(home, contract, latest, regions)
    if outcome.state == "refused":
        return outcome
    TypedLake(home).settle(contract.name)
    rows = sum(vintage.rows for vintage in outcome.vintages.values())
    name, day = latest.answers[0].label, latest.received_at[:10]
    said = f"{outcome.state}, {name} of {day}, {rows} figures"
    if found is None:
        said = f"no file in inputs/; {name} of {day} stands. To withdraw it, lay down a file without rows"
    elif regions is None:
        said += f". {uploads.FORM_ONLY}"
    return Outcome(contract.name, outcome.state, said, outcome.vintages, outcome.verdicts)


def _refuse(home: Home, contract: UploadContract, wrong: _Wrong, now: datetime) -> Outcome:
    lake, because = TypedLake(home), uploads.told(wrong.name, wrong.errors)
    verdict = uploads.verdict(contract, wrong.rows, wrong.errors)
    at = now.astimezone(UTC).isoformat(timespec="seconds")
    lake.refuse(
        Refusal(
            dataset=contract.name,
            vintage=f"file-{wrong.digest[:16]}",
            updated=at,
            because=because,
            refused_at=at,
            verdicts=[verdict.as_data()],
        )
    )
    standing = lake.mark_stale(contract.name, because)
    if standing is None and lake.state(contract.name) != ("refused", because):
        lake.note_absence(contract.name, "refused", because)
    vintages = {contract.name: standing} if standing else {}
    return Outcome(contract.name, "refused", because, vintages, [verdict])


def _absent(home: Home, contract: UploadContract) -> Outcome:
    lake, message = TypedLake(home), f"nothing uploaded as inputs/{contract.file}.csv or .xlsx"
    if lake.state(contract.name)[0] == "refused":  # the file that was refused is gone
        lake.note_absence(contract.name, "not_offered", message)
        lake.settle(contract.name)
    return Outcome(contract.name, "absent", message)


def standing(home: Home, contract: UploadContract) -> dict[str, Any]:
    """What stands of an upload, for people: file, size, time, the uploader's words, and what was refused since."""
    lake = TypedLake(home)
    vintage = lake.current(contract.name)
    state, because = lake.state(contract.name)
    kept = Archive(home).delivery(contract.name, vintage.vintage) if vintage else None
    row: dict[str, Any] = dict.fromkeys(("file", "rows", "figures", "taken in", "from", "note", "source"))
    row |= {"upload": contract.file, "state": f"{state}: {because}" if because else state.replace("_", " ")}
    if vintage is None or kept is None:
        return row
    answer = kept.answers[0]
    sheet = read_sheet(contract, answer.label, answer.read())
    return row | {
        "file": answer.label,
        "rows": sheet.rows.height,
        "figures": vintage.rows,
        "taken in": vintage.accepted_at[:16].replace("T", " "),
        "from": sheet.by and shown(sheet.by),
        "note": sheet.note and shown(sheet.note),
        "source": answer.role,
    }
