"""A contract held against fresh metadata: what to ask for, and what does not fit.

Here belongs finding measures and categories by code or by label. Used by the nightly fetch and by
``k2025 check``, so that both see the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from k2025_pipeline.catalog.base import Evidence
from k2025_pipeline.catalog.tables import Category, Dimension, Extract, Measure, TableContract
from k2025_pipeline.pxweb.jsonstat import Dataset, DimensionInfo
from k2025_pipeline.pxweb.selection import Selection, expand

WORDS: Any = {"description": True, "categories": {"__all__": {"name"}}}
"""Fields of a dimension that only explain."""


@dataclass(frozen=True)
class Finding:
    """One way in which a contract and the source's metadata differ.

    Attributes:
        field: place in the contract, e.g. ``measures.fte``. problem: what differs. advice: what to edit.
        evidence: how sure the contract was. blocking: whether the table cannot be fetched because of it.
    """

    field: str
    problem: str
    advice: str
    evidence: Evidence = "recorded"
    blocking: bool = False


@dataclass
class Question:
    """One extract's selection and the meaning of its codes.

    Attributes:
        extract: the extract asked for. selection: what to ask, or None where the source has none of it.
        groups: per column, the group of each code. measures: contract measure by code.
        findings: where contract and metadata differ.
    """

    extract: Extract
    selection: Selection | None
    groups: dict[str, dict[str, str]] = field(default_factory=dict)
    measures: dict[str, Measure] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def fingerprint(contract: TableContract) -> str:
    """Short hash of all that decides what is asked for; a change of it asks the table anew."""
    asked = {
        "dimensions": [d.model_dump(mode="json", exclude=WORDS) for d in contract.dimensions],
        "measures": [(m.name, m.code, m.labels, m.evidence) for m in contract.measures],
        "extracts": [e.model_dump(mode="json") for e in contract.extracts],
    }
    return hashlib.sha256(repr(asked).encode()).hexdigest()[:16]


def codelist_of(contract: TableContract, extract: Extract, offered: Dataset) -> dict[str, str] | None:
    """Codelist per dimension that an extract needs, chosen by id or by label.

    Returns:
        Empty for an extract without codelist; None where the source does not offer it.
    """
    if extract.codelist is None and extract.codelist_label is None:
        return {}
    region = offered.dimension(contract.dimension("region").code)
    if region is None:
        return None
    for codelist, label in region.codelists.items():
        if codelist == extract.codelist or (extract.codelist_label and extract.codelist_label in label):
            return {region.id: codelist}
    return None


def ask(contract: TableContract, extract: Extract, metadata: Dataset, codelists: dict[str, str]) -> Question:
    """Expand an extract of the contract against metadata.

    Args:
        contract: the table. extract: which of its questions.
        metadata: the source's metadata, asked with ``codelists``.
        codelists: codelist by dimension id.
    """
    question = Question(extract=extract, selection=None)
    selected: dict[str, list[str]] = {}
    for dimension in contract.dimensions:
        info = metadata.dimension(dimension.code)
        if info is None:
            question.findings.append(_missing_dimension(dimension, metadata))
            continue
        selected[info.id] = _select(contract, dimension, info, question)
    question.findings += _undeclared_dimensions(contract, metadata)
    if not any(finding.blocking for finding in question.findings) and all(selected.values()):
        in_metadata_order = {d.id: selected[d.id] for d in metadata.dimensions if d.id in selected}
        question.selection = Selection(in_metadata_order, codelists)
    return question


def _select(contract: TableContract, dimension: Dimension, info: DimensionInfo, question: Question) -> list[str]:
    if dimension.role == "measure":
        return _select_measures(contract, info, question)
    if dimension.role == "period":
        periods = expand(dimension.expression, info.codes, is_time=True)
        return [code for code in periods if code[:4] >= (dimension.from_period or "")]
    if not dimension.categories:
        return expand(dimension.expression, info.codes, is_time=False)
    groups, findings = match_categories(dimension, info)
    question.groups[dimension.column] = groups
    question.findings += findings
    if dimension.only_declared:
        return [code for code in info.codes if code in groups]
    return expand(dimension.expression, info.codes, is_time=False)


def _select_measures(contract: TableContract, info: DimensionInfo, question: Question) -> list[str]:
    for measure in contract.measures:
        code = find_code(measure.code, measure.labels, measure.evidence, info)
        if code is None:
            question.findings.append(_missing_measure(measure, info))
            continue
        question.measures[code] = measure
        question.findings += _unit_findings(measure, code, info)
        others = {
            _plain(label): other.name for other in contract.measures if other is not measure for label in other.labels
        }
        question.findings += _label_findings(f"measures.{measure.name}", measure.labels, code, others, info)
    return [code for code in info.codes if code in question.measures]


def match_categories(dimension: Dimension, info: DimensionInfo) -> tuple[dict[str, str], list[Finding]]:
    """Group by code for one dimension, and what does not fit."""
    groups: dict[str, str] = {}
    findings = []
    for category in dimension.categories:
        code = find_code(category.code, category.labels, category.evidence, info)
        if code is None:
            findings.append(_missing_category(dimension, category, info))
        else:
            groups[code] = category.group
            others = {_plain(label): c.group for c in dimension.categories if c is not category for label in c.labels}
            place = f"dimensions.{dimension.column}.categories.{category.group}"
            findings += _label_findings(place, category.labels, code, others, info)
    if not dimension.only_declared:
        findings += [
            Finding(
                field=f"dimensions.{dimension.column}.categories",
                problem=f"{dimension.code} has {code} «{label}», which maps to no group",
                advice=f"add the label «{label}» to the category it belongs to, or add a category for it",
                evidence="assumed",
            )
            for code, label in info.label_of.items()
            if code not in groups
        ]
    return groups, findings


def find_code(code: str | None, labels: Iterable[str], evidence: Evidence, info: DimensionInfo) -> str | None:
    """The source's code for something declared by code, by labels, or by both.

    A code that is assumed is not trusted: only the labels count then.
    """
    if code is not None and evidence != "assumed":
        folded = {known.casefold(): known for known in info.codes}
        if code.casefold() in folded:
            return folded[code.casefold()]
    wanted = {_plain(label) for label in labels}
    return next((known for known, label in info.label_of.items() if _plain(label) in wanted), None)


def _plain(label: str) -> str:
    return " ".join(label.casefold().split())


def _missing_dimension(dimension: Dimension, metadata: Dataset) -> Finding:
    known = ", ".join(d.id for d in metadata.dimensions)
    return Finding(
        field=f"dimensions.{dimension.column}",
        problem=f"the source has no dimension {dimension.code} (it has {known})",
        advice="correct `code` of this dimension",
        evidence=dimension.evidence,
        blocking=True,
    )


def _undeclared_dimensions(contract: TableContract, metadata: Dataset) -> list[Finding]:
    declared = {d.code.casefold() for d in contract.dimensions}
    return [
        Finding(
            field="dimensions",
            problem=f"the source has a dimension {info.id} «{info.label}» that the contract does not know",
            advice="add it with a column, or the figures of several categories would be taken for one",
            blocking=True,
        )
        for info in metadata.dimensions
        if info.id.casefold() not in declared
    ]


def _missing_measure(measure: Measure, info: DimensionInfo) -> Finding:
    wanted = measure.code or f"«{measure.labels[0]}»"
    return Finding(
        field=f"measures.{measure.name}",
        problem=f"the source does not offer {wanted} (it offers {len(info.codes)} measures)",
        advice="if SSB has retired or renamed it, correct `code` or `labels`; until then it is empty",
        evidence=measure.evidence,
    )


def _missing_category(dimension: Dimension, category: Category, info: DimensionInfo) -> Finding:
    wanted = category.code or f"«{category.labels[0]}»"
    return Finding(
        field=f"dimensions.{dimension.column}.categories.{category.group}",
        problem=f"{dimension.code} does not offer {wanted}",
        advice=f"add the label that the source uses; it has {_some(info.labels)}",
        evidence=category.evidence,
    )


def _label_findings(
    place: str, labels: list[str], code: str, others: dict[str, str], info: DimensionInfo
) -> list[Finding]:
    """A code found by itself must still carry a declared label; another one's label means that codes moved."""
    label = info.label_of[code]
    if not labels or _plain(label) in {_plain(known) for known in labels}:
        return []
    moved = others.get(_plain(label))
    if moved is not None:
        return [
            Finding(
                field=place,
                problem=f"{code} is now called «{label}», which is the label of {moved}",
                advice="codes have moved at the source: find out which code means what before you edit anything",
                blocking=True,
            )
        ]
    return [
        Finding(
            field=place,
            problem=f"{code} is now called «{label}»",
            advice="see whether it still means the same; then add the label to `labels`",
        )
    ]


def _unit_findings(measure: Measure, code: str, info: DimensionInfo) -> list[Finding]:
    unit = info.units.get(code, {})
    base, decimals = unit.get("base"), unit.get("decimals")
    findings = []
    if base is not None and base not in (measure.unit, *measure.unit_aliases):
        findings.append(
            Finding(
                field=f"measures.{measure.name}.unit",
                problem=f"the source says «{base}», the contract «{measure.unit}»",
                advice="see whether the figures changed by a factor before you edit the contract",
                evidence=measure.evidence,
            )
        )
    if decimals is not None and decimals > measure.decimals:
        findings.append(
            Finding(
                field=f"measures.{measure.name}.decimals",
                problem=f"the source gives {decimals} decimals, the contract {measure.decimals}",
                advice="correct `decimals`",
                evidence=measure.evidence,
            )
        )
    return findings


def _some(labels: list[str]) -> str:
    shown = ", ".join(f"«{label}»" for label in labels[:6])
    return shown if len(labels) <= 6 else f"{shown} and {len(labels) - 6} more"
