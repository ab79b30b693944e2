"""A contract held against live metadata, in words: what ``k2025 check`` prints."""

from __future__ import annotations

from dataclasses import dataclass, field

from k2025_pipeline.catalog.tables import TableContract
from k2025_pipeline.ingest.question import Finding, ask, codelist_of, find_code
from k2025_pipeline.pxweb import jsonstat
from k2025_pipeline.pxweb.client import StatbankClient
from k2025_pipeline.pxweb.errors import UnknownTable


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
        offered = jsonstat.describe(client.metadata(contract.id).content)
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
        described = jsonstat.describe(metadata.content) if metadata else offered
        question = ask(contract, extract, described, codelists)
        report.findings += [f for f in question.findings if f not in report.findings]
        if question.selection is None and not question.findings:
            problem = f"nothing is offered for the extract {extract.structure}"
            report.findings.append(Finding("extracts", problem, "see the table's regions at the source"))
    return report


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
