"""One Klass classification: from contract to delivery, and from delivery to typed frames."""

from __future__ import annotations

import hashlib

import polars as pl

from k2025_pipeline.catalog.classifications import ClassificationContract
from k2025_pipeline.klass.client import (
    SCHEMAS,
    KlassClient,
    decode_changes,
    decode_codes,
    decode_correspondence,
)
from k2025_pipeline.lake.archive import Archive, Delivery


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
    client: KlassClient,
    archive: Archive,
    last_modified: str,
    last_year: int,
) -> Delivery:
    """Ask Klass for all that the contract wants and archive the answers.

    Raises:
        SourceError: when Klass refuses or does not answer.
    """
    answers = [(a.kind, a.year or "", a.answer) for a in client.fetch(contract, last_year)]
    return archive.store(contract.name, last_modified, fingerprint(contract, last_year), answers)


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
