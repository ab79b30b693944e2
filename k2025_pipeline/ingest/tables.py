"""One Statbank table: from contract to delivery, and from delivery to typed frame.

Here belongs the parsing of one table. No judgement: a zero that means «missing» stays a zero here,
and every symbol stands beside its value.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from k2025_pipeline.catalog.tables import TableContract
from k2025_pipeline.ingest.question import Finding, Question, ask, codelist_of, fingerprint
from k2025_pipeline.lake.archive import Archive, Delivery
from k2025_pipeline.pxweb import jsonstat
from k2025_pipeline.pxweb.client import StatbankClient
from k2025_pipeline.pxweb.errors import InvalidAnswer
from k2025_pipeline.pxweb.transport import Answer
from k2025_pipeline.validation.columns import typed_schema

METADATA, DATA = "metadata", "data"


@dataclass(frozen=True)
class Fetched:
    """A delivery, and where contract and metadata differed."""

    delivery: Delivery
    findings: list[Finding]


def fetch(contract: TableContract, client: StatbankClient, archive: Archive) -> Fetched:
    """Ask the source for a whole table and archive the answers.

    Raises:
        UnknownTable: when the source does not offer the table.
        InvalidAnswer: when nothing of what the contract asks for is offered, or an answer does not fit.
        SourceError: when the source refuses or does not answer.
    """
    answers: list[tuple[str, str, Answer]] = []
    findings: list[Finding] = []
    stamps: set[str] = set()
    plain = client.metadata(contract.id)
    offered = jsonstat.describe(plain.content)
    for extract in contract.extracts:
        codelists = codelist_of(contract, extract, offered)
        if codelists is None:
            continue
        metadata = client.metadata(contract.id, codelists) if codelists else plain
        question = ask(contract, extract, jsonstat.describe(metadata.content), codelists)
        findings += question.findings
        if question.selection is None:
            continue
        answers.append((METADATA, extract.structure, metadata))
        for part in client.data(contract.id, question.selection):
            answers.append((DATA, extract.structure, part.answer))
            stamps.add(part.updated)
    if not answers:
        raise InvalidAnswer(_nothing(contract, findings))
    if len(stamps) != 1:
        raise InvalidAnswer(
            f"table {contract.id}: the source was updated while it was asked ({', '.join(sorted(stamps))}). "
            "Refresh again."
        )
    updated = _not_older(contract, stamps.pop(), archive.latest(contract.name))
    return Fetched(archive.store(contract.name, updated, fingerprint(contract), answers), findings)


def _not_older(contract: TableContract, updated: str, latest: Delivery | None) -> str:
    """The source's stamp, if it is one and does not go back in time."""
    try:
        stamp = datetime.fromisoformat(updated)
    except ValueError as error:
        raise InvalidAnswer(f"table {contract.id}: `updated` says «{updated}», which is no time. Ask SSB.") from error
    if latest is not None and stamp < datetime.fromisoformat(latest.updated):
        raise InvalidAnswer(
            f"table {contract.id}: the source went back from {latest.updated} to {updated}. Ask SSB which one holds."
        )
    return updated


def _nothing(contract: TableContract, findings: list[Finding]) -> str:
    blocking = [finding for finding in findings if finding.blocking]
    why = f"{blocking[0].field}: {blocking[0].problem}" if blocking else "no codes are left to ask for"
    return f"table {contract.id}: nothing can be asked ({why}). Correct schemas/tables/{contract.id}.yml."


def questions(contract: TableContract, delivery: Delivery) -> dict[str, Question]:
    """What was asked, per structure, from the archived metadata and the contract as it is now.

    Raises:
        InvalidAnswer: when the contract no longer has an extract that was asked, or metadata cannot be read.
    """
    found = {}
    for answer in delivery.answers:
        if answer.role == METADATA:
            extract = next((e for e in contract.extracts if e.structure == answer.label), None)
            if extract is None:
                raise InvalidAnswer(
                    f"table {contract.id}: the archived answer is of the extract {answer.label}, which the contract "
                    "no longer has. Refresh again, so that the table is asked anew."
                )
            found[answer.label] = ask(contract, extract, jsonstat.describe(answer.read()), {})
    return found


def to_typed(contract: TableContract, delivery: Delivery) -> pl.DataFrame:
    """Parse a delivery into one row per cell.

    Returns:
        Columns of ``typed_schema``, rows in the order of the answers.

    Raises:
        InvalidAnswer: when an archived answer cannot be read.
    """
    asked = questions(contract, delivery)
    frames = [
        _typed_part(contract, asked[answer.label], answer.read()) for answer in delivery.answers if answer.role == DATA
    ]
    return pl.concat(frames) if frames else empty(contract)


def empty(contract: TableContract) -> pl.DataFrame:
    """A typed frame without rows: what a table is that the source does not offer."""
    return pl.DataFrame(schema=typed_schema(contract))


def _typed_part(contract: TableContract, question: Question, raw: bytes) -> pl.DataFrame:
    cells = jsonstat.decode(raw)
    dataset = jsonstat.describe(raw)
    ids = {info.id.casefold(): info.id for info in dataset.dimensions}
    columns: list[pl.Expr] = [pl.lit(question.extract.structure).alias("structure")]
    for dimension in contract.dimensions:
        info = dataset.dimension(dimension.code)
        if info is None:
            raise InvalidAnswer(f"table {contract.id}: the answer lacks {dimension.code}. Run `k2025 check`.")
        code = pl.col(ids[dimension.code.casefold()])
        if dimension.role == "measure":
            units = {known: str(info.units.get(known, {}).get("base", "")) for known in info.codes}
            names = {known: measure.name for known, measure in question.measures.items()}
            columns += [
                _mapped(code, names).alias("measure"),
                code.alias("measure_code"),
                _mapped(code, units).alias("unit"),
            ]
            continue
        columns.append(code.alias(dimension.column))
        if dimension.role == "region":
            columns.append(_mapped(code, info.label_of).alias("region_label"))
        if dimension.categories:
            groups = question.groups[dimension.column]
            columns.append(_mapped(code, info.label_of).alias(f"{dimension.column}_label"))
            columns.append(_mapped(code, groups).alias(f"{dimension.column}_group"))
    schema = typed_schema(contract)
    return cells.select(*columns, "value", pl.col("status").alias("symbol")).select(
        pl.col(name).cast(dtype) for name, dtype in schema.items()
    )


def _mapped(code: pl.Expr, names: dict[str, str]) -> pl.Expr:
    """Codes replaced by names; a code without a name becomes null, which validation refuses."""
    return code.replace_strict(list(names), list(names.values()), default=None, return_dtype=pl.String)
