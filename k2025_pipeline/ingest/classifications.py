"""One Klass classification: from contract to delivery, and from delivery to typed frames."""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl

from k2025_pipeline.catalog.classifications import ClassificationContract
from k2025_pipeline.ingest import content
from k2025_pipeline.ingest.recall import Recall, set_aside_if_wrong
from k2025_pipeline.klass.client import (
    SCHEMAS,
    KlassClient,
    decode_changes,
    decode_codes,
    decode_correspondence,
)
from k2025_pipeline.lake.archive import Archive, Delivery, Piece
from k2025_pipeline.pxweb.errors import BadRequest, InvalidAnswer
from k2025_pipeline.pxweb.transport import Asker


def fingerprint(contract: ClassificationContract, last_year: int) -> str:
    """Short hash of all that decides what is asked for; a new calendar year asks anew."""
    asked = (
        contract.first_year,
        contract.changes,
        contract.changes_from,
        contract.corresponds_from,
        last_year,
    )
    return hashlib.sha256(repr(asked).encode()).hexdigest()[:16]


def fetch(
    contract: ClassificationContract,
    klass: KlassClient,
    asker: Asker,
    archive: Archive,
    last_modified: str,
    last_year: int,
) -> Delivery:
    """Ask Klass for all that the contract wants and archive each answer as it comes.

    Raises:
        SourceError: when Klass refuses or does not answer.
    """
    journal = archive.begin(contract.name, last_modified)
    client = klass.through(Recall(asker, journal))
    pieces, hashes = [], []
    try:
        for found in client.fetch(contract, last_year):
            pieces.append(Piece(found.kind, found.year or "", found.answer.request_key))
            hashes.append(content.of_document(found.answer.json()))
    except (InvalidAnswer, BadRequest) as error:
        set_aside_if_wrong(archive, contract.name, error)
        raise
    question, said = fingerprint(contract, last_year), content.together(hashes)
    latest = archive.latest(contract.name)
    known = latest and (latest.updated, latest.question, latest.content) == (last_modified, question, said)
    if latest and known and latest.is_whole:
        archive.note_seen(contract.name, journal, latest)
        return latest
    return archive.seal(contract.name, journal, last_modified, question, pieces, content=said)


def to_typed(contract: ClassificationContract, delivery: Delivery) -> dict[str, pl.DataFrame]:
    """Parse a delivery into a frame per kind (see ``SCHEMAS``).

    Raises:
        InvalidAnswer: when an archived answer cannot be read.
    """
    frames = {kind: [pl.DataFrame(schema=SCHEMAS[kind])] for kind in contract.datasets}
    for answer in delivery.answers:
        if answer.role == "codes":
            frames["codes"].append(decode_codes(answer.read()))
        elif answer.role == "changes":
            frames["changes"].append(decode_changes(answer.read()))
        elif answer.role == "corresponds":
            frames["correspondence"].append(decode_correspondence(answer.read(), answer.label))
    return {kind: pl.concat(parts) for kind, parts in frames.items()}


def write_typed(contract: ClassificationContract, delivery: Delivery, paths: dict[str, Path]) -> None:
    """Parse a delivery into a Parquet file per kind; see :func:`to_typed`."""
    for kind, frame in to_typed(contract, delivery).items():
        frame.write_parquet(paths[kind], compression="zstd", mkdir=True)
