"""One Statbank table: from contract to delivery, and from delivery to typed frame.

Here belongs the parsing of one table. No judgement: a zero that means «missing» stays a zero here,
and every symbol stands beside its value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from k2025_pipeline.catalog.tables import WHOLE_COUNTRY, TableContract
from k2025_pipeline.ingest import content
from k2025_pipeline.ingest.question import Finding, Question, ask, codelist_of, fingerprint
from k2025_pipeline.ingest.recall import Recall, set_aside_if_wrong
from k2025_pipeline.lake.archive import Archive, Delivery, Journal, Piece
from k2025_pipeline.pxweb import jsonstat
from k2025_pipeline.pxweb.client import StatbankClient
from k2025_pipeline.pxweb.errors import BadRequest, InvalidAnswer, SourceChanged
from k2025_pipeline.pxweb.transport import Asker
from k2025_pipeline.validation.columns import typed_schema

METADATA, DATA = "metadata", "data"
ATTEMPTS = 3
"""How often a table is asked anew when the source is updated while it is asked."""


@dataclass(frozen=True)
class Fetched:
    """A delivery, and where contract and metadata differed.

    Attributes:
        delivery: the new one, or the known one where the source said the same again. findings: differences.
        is_new: whether the source said something that was not in the archive.
    """

    delivery: Delivery
    findings: list[Finding]
    is_new: bool = True


@dataclass
class _Gathered:
    """What a fetch came to, without the answers themselves: they lie in the journal."""

    pieces: list[Piece] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    stamps: set[str] = field(default_factory=set)
    figures: list[str] = field(default_factory=list)
    metadata: list[str] = field(default_factory=list)


def fetch(contract: TableContract, statbank: StatbankClient, asker: Asker, archive: Archive, stamp: str) -> Fetched:
    """Ask the source for a whole table and archive each answer as it comes.

    Args:
        contract: the table. statbank: the client. asker: sends its requests. archive: where answers are kept.
        stamp: ``updated`` as the source tells it tonight; answers that a killed run got under it count.

    Raises:
        UnknownTable: when the source does not offer the table.
        InvalidAnswer: when nothing of what the contract asks for is offered, or an answer does not fit.
        SourceChanged: when the source was updated in the middle each time.
        SourceError: when the source refuses or does not answer.
    """
    statbank.cell_limit()  # learnt once a night, for all tables
    for _ in range(ATTEMPTS):
        journal = archive.begin(contract.name, stamp)
        try:
            gathered = _gather(contract, statbank.through(Recall(asker, journal)))
            if len(gathered.stamps) == 1:
                return _kept(contract, archive, journal, gathered)
        except (InvalidAnswer, BadRequest) as error:
            set_aside_if_wrong(archive, contract.name, error)
            raise
        archive.set_aside(contract.name, f"parts of several vintages: {', '.join(sorted(gathered.stamps))}")
        stamp = max(gathered.stamps)
    raise SourceChanged(
        f"table {contract.id}: the source was updated while it was asked, {ATTEMPTS} times in a row. "
        "Refresh again later."
    )


def _gather(contract: TableContract, client: StatbankClient) -> _Gathered:
    """Ask for metadata and figures of every extract."""
    gathered = _Gathered()
    plain = client.metadata(contract.id)
    offered = jsonstat.describe_document(plain.document)
    for extract in contract.extracts:
        codelists = codelist_of(contract, extract, offered)
        if codelists is None:
            continue
        metadata = client.metadata(contract.id, codelists) if codelists else plain
        described = jsonstat.describe_document(metadata.document)
        question = ask(contract, extract, described, codelists)
        gathered.findings += question.findings
        if question.selection is None:
            continue
        gathered.pieces.append(Piece(METADATA, extract.structure, metadata.request_key))
        gathered.metadata.append(content.of_metadata(described))
        gathered.stamps.add(described.updated)
        for part in client.data(contract.id, question.selection):
            gathered.pieces.append(Piece(DATA, extract.structure, part.answer.request_key))
            gathered.figures.append(content.of_figures(jsonstat.decode_document(part.answer.document)))
            gathered.stamps.add(part.updated)
    if not gathered.figures:
        raise InvalidAnswer(_nothing(contract, gathered.findings))
    return gathered


def _kept(contract: TableContract, archive: Archive, journal: Journal, gathered: _Gathered) -> Fetched:
    """Make the journal a delivery, unless the source said the same as the last time."""
    latest = archive.latest(contract.name)
    updated = _not_older(contract, gathered.stamps.pop(), latest)
    question = fingerprint(contract)
    figures, metadata = content.together(gathered.figures), content.together(gathered.metadata)
    said = (updated, question, figures, metadata)
    known = latest and (latest.updated, latest.question, latest.content, latest.description) == said
    if latest and known and latest.is_whole:
        archive.note_seen(contract.name, journal, latest)
        return Fetched(latest, gathered.findings, is_new=False)
    delivery = archive.seal(contract.name, journal, updated, question, gathered.pieces, figures, metadata)
    return Fetched(delivery, gathered.findings)


def metadata_of(contract: TableContract, client: StatbankClient) -> str:
    """Hash of what the source's metadata say now about the extracts of a contract, as deliveries keep it.

    Raises:
        UnknownTable: when the source does not offer the table. SourceError: when it does not answer.
    """
    plain = client.metadata(contract.id)
    offered = jsonstat.describe_document(plain.document)
    hashes = []
    for extract in contract.extracts:
        codelists = codelist_of(contract, extract, offered)
        if codelists is None:
            continue
        described = (
            jsonstat.describe_document(client.metadata(contract.id, codelists).document) if codelists else offered
        )
        if ask(contract, extract, described, codelists).selection is not None:
            hashes.append(content.of_metadata(described))
    return content.together(hashes)


def _not_older(contract: TableContract, updated: str, latest: Delivery | None) -> str:
    """The source's stamp, if it is one and does not go back in time."""
    try:
        stamp = datetime.fromisoformat(updated)
    except ValueError as error:
        raise InvalidAnswer(f"table {contract.id}: `updated` says «{updated}», which is no time. Ask SSB.") from error
    if stamp > datetime.now(UTC) + timedelta(days=1):
        raise InvalidAnswer(f"table {contract.id}: `updated` says {updated}, which lies in the future. Ask SSB.")
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
    return pl.concat([empty(contract), *typed_parts(contract, delivery)])


def write_typed(contract: TableContract, delivery: Delivery, path: Path) -> None:
    """Parse a delivery into a Parquet file, one answer at a time: memory holds one answer, never the table.

    Args:
        contract: the table. delivery: its answers. path: of the file, which has the columns of ``typed_schema``.

    Raises:
        InvalidAnswer: when an archived answer cannot be read.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(path, empty(contract).to_arrow().schema, compression="zstd") as file:
        for part in typed_parts(contract, delivery):
            file.write_table(part.to_arrow())


def typed_parts(contract: TableContract, delivery: Delivery) -> Iterator[pl.DataFrame]:
    """The typed rows of each data answer, in the order asked; see :func:`to_typed`."""
    asked = questions(contract, delivery)
    for answer in delivery.answers:
        if answer.role == DATA:
            yield _typed_part(contract, asked[answer.label], answer.read())


def empty(contract: TableContract) -> pl.DataFrame:
    """A typed frame without rows: what a table is that the source does not offer."""
    return pl.DataFrame(schema=typed_schema(contract))


def _typed_part(contract: TableContract, question: Question, raw: bytes) -> pl.DataFrame:
    dataset, cells = jsonstat.read(raw)
    ids = {info.id.casefold(): info.id for info in dataset.dimensions}
    columns: list[pl.Expr] = [pl.lit(question.extract.structure).alias("structure")]
    if contract.national:
        place, name = WHOLE_COUNTRY
        columns += [pl.lit(place).alias("region_code"), pl.lit(name).alias("region_label")]
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
