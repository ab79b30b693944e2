"""A contract held against live metadata, in words: what ``k2025 check`` prints."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from k2025_pipeline.catalog.classifications import ClassificationContract
from k2025_pipeline.catalog.tables import TableContract
from k2025_pipeline.ingest.question import Finding, ask, codelist_of, find_code
from k2025_pipeline.klass.client import KlassClient, decode_codes
from k2025_pipeline.pxweb import jsonstat
from k2025_pipeline.pxweb.client import StatbankClient
from k2025_pipeline.pxweb.errors import NotFound, UnknownTable


@dataclass
class Report:
    """What differs, and which assumptions the source confirms."""

    findings: list[Finding] = field(default_factory=list)
    confirmed: list[str] = field(default_factory=list)


def check_contract(contract: TableContract, client: StatbankClient) -> Report:
    """Hold one contract against the source's metadata.

    Raises:
        SourceUnavailable: when the source does not answer.
    """
    try:
        offered = jsonstat.describe_document(client.metadata(contract.id).document)
    except UnknownTable:
        advice = "see at www.ssb.no/statbank whether it is closed or replaced before you edit anything"
        return Report([Finding("id", "the source does not offer the table", advice, blocking=True)])
    report = Report(confirmed=_confirmed(contract, offered))
    for extract in contract.extracts:
        codelists = codelist_of(contract, extract, offered)
        if codelists is None:
            wanted = extract.codelist or extract.codelist_label
            problem = f"the region dimension offers no codelist {wanted}"
            report.findings.append(Finding("extracts", problem, "correct the codelist", extract.evidence))
            continue
        metadata = client.metadata(contract.id, codelists) if codelists else None
        described = jsonstat.describe_document(metadata.document) if metadata else offered
        question = ask(contract, extract, described, codelists)
        report.findings += [f for f in question.findings if f not in report.findings]
        if question.selection is None and not question.findings:
            problem = f"nothing is offered for the extract {extract.structure}"
            report.findings.append(Finding("extracts", problem, "see the table's regions at the source"))
    report.findings.sort(key=lambda finding: finding.evidence != "assumed")
    return report


def assumed_first(contracts: Iterable[TableContract]) -> list[TableContract]:
    """Contracts in the order in which a person should look at them: most assumptions first."""
    return sorted(contracts, key=lambda contract: -_assumptions(contract))


def _assumptions(contract: TableContract) -> int:
    categories = [category for dimension in contract.dimensions for category in dimension.categories]
    parts: list[Any] = [*contract.dimensions, *categories, *contract.measures, *contract.extracts]
    return sum(part.evidence == "assumed" for part in parts)


def check_classification(contract: ClassificationContract, client: KlassClient) -> Report:
    """Hold the declaration of a classification against Klass: is it there, and do its codes look as declared?

    Raises:
        SourceUnavailable: when Klass does not answer.
    """
    try:
        client.last_modified(contract.id)
        codes = decode_codes(client.codes(contract).content)
    except NotFound:
        return Report([Finding("id", "Klass does not know the classification", "see www.ssb.no/klass", blocking=True)])
    odd = codes.filter(~pl.col("code").str.contains(contract.code_pattern))["code"].unique().sort().to_list()
    if not odd:
        return Report()
    problem = f"{len(odd)} codes do not look as declared: {', '.join(odd[:5])}"
    return Report([Finding("code_pattern", problem, "correct `code_pattern`", contract.evidence)])


def _confirmed(contract: TableContract, offered: jsonstat.Dataset) -> list[str]:
    """Assumed codes that the source shows: what to write into the contract."""
    lines = []
    for dimension in contract.dimensions:
        info = offered.dimension(dimension.code)
        if info is None:
            continue
        for category in dimension.categories:
            code = find_code(category.code, category.labels, category.evidence, info)
            if category.evidence == "assumed" and code is not None:
                lines.append(f"{dimension.column}.{category.group}: assumed, found as {code} «{info.label_of[code]}»")
    measures = offered.dimension(contract.dimension("measure").code)
    for measure in contract.measures if measures else []:
        code = find_code(measure.code, measure.labels, measure.evidence, measures) if measures else None
        if measure.evidence == "assumed" and code is not None and measures:
            lines.append(f"measures.{measure.name}: assumed, found as {code} «{measures.label_of[code]}»")
    return lines
