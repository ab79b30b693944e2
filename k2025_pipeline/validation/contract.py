"""A contract as a Pandera schema, and the verdict on a frame.

Here belong rules that one typed table can be judged by. Not here: what two vintages of it are compared for
(``drift``), relations between tables (dbt tests) and acceptance of the public tables (Great Expectations).
Pandera judges eager frames: on a LazyFrame it would look at the types only and find everything well.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import pandera.polars as pa
import polars as pl

from k2025_pipeline.catalog.classifications import ClassificationContract
from k2025_pipeline.catalog.tables import Measure, TableContract
from k2025_pipeline.klass.client import SCHEMAS
from k2025_pipeline.validation.columns import typed_schema
from k2025_pipeline.validation.drift import Difference, compare

SAMPLE_ROWS = 20
KNOWN_FAULT = "zero_means_missing"
MISSING_SYMBOLS = (".", "..", "...", ":", "-")
KLASS_NULLABLE = {
    "codes": {"valid_to"},
    "changes": {"old_code", "old_name", "new_code", "new_name"},
    "correspondence": set[str](),
}
KLASS_KEYS = {"codes": ["code"], "changes": ["old_code", "new_code", "changed_on"], "correspondence": ["year"]}
PERIOD_PATTERNS = {
    "kostra": r"^(19|20)\d{2}$",
    "annual": r"^(19|20)\d{2}$",
    "quarterly": r"^(19|20)\d{2}K[1-4]$",
    "monthly": r"^(19|20)\d{2}M(0[1-9]|1[0-2])$",
}


@dataclass(frozen=True)
class Rule:
    """One rule: an expression that is true for every good row."""

    name: str
    meaning: str
    advice: str
    holds: pl.Expr
    overrulable: bool = False


@dataclass(frozen=True)
class RuleResult:
    """How one rule came out.

    Attributes:
        rule, meaning, advice: what was asked, and what to do. failed: number of rows that break it.
        sample: the first of them, at most 20. blocking: whether the table is refused because of it.
        overrulable: whether a person may let the table pass all the same, with a reason. Without the other rules
            a cell has no meaning.
    """

    rule: str
    meaning: str
    advice: str
    failed: int
    sample: list[dict[str, Any]] = field(default_factory=list)
    blocking: bool = True
    overrulable: bool = False

    @property
    def passed(self) -> bool:
        """Whether no row breaks the rule."""
        return self.failed == 0


@dataclass(frozen=True)
class Verdict:
    """All rules of one table on one frame."""

    table: str
    rows: int
    results: list[RuleResult]

    @property
    def passed(self) -> bool:
        """Whether no blocking rule is broken."""
        return all(result.passed for result in self.results if result.blocking)

    @property
    def overrulable(self) -> bool:
        """Whether a person may overrule every blocking rule that is broken."""
        return all(result.overrulable for result in self.broken if result.blocking)

    @property
    def broken(self) -> list[RuleResult]:
        """Rules that are broken, the blocking ones first."""
        return sorted((r for r in self.results if not r.passed), key=lambda r: not r.blocking)

    def as_data(self) -> dict[str, Any]:
        """The verdict as plain data, for the lake and for checks."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Verdict:
        """A verdict as it was written beside its vintage."""
        results = [RuleResult(**result) for result in data["results"]]
        return cls(data["table"], data["rows"], results)

    def summary(self) -> str:
        """One line for people: what is broken, how often, what to do."""
        broken = [r for r in self.broken if r.blocking]
        if not broken:
            return f"{self.table}: {self.rows} rows, {len(self.results)} rules hold"
        first = broken[0]
        others = ", ".join(result.rule for result in broken[1:])
        more = f" Also broken: {others}." if others else ""
        return f"{self.table}: rule {first.rule} is broken by {first.failed} rows. {first.advice}{more}"


def judge_table(
    contract: TableContract,
    frame: pl.DataFrame,
    before: pl.LazyFrame | None = None,
    partial: bool = False,
    changes: pl.LazyFrame | None = None,
    stamp: str | None = None,
) -> Verdict:
    """Judge a typed frame by its contract, collecting every failure.

    Args:
        contract: the table. frame: columns of ``typed_schema``, any number of rows.
        before: the vintage that stands, or None. partial: the source holds only parts of tables by nature
            (recordings), so that its size says nothing. changes: code changes of Klass 131, which explain regions
            that are gone, or None. stamp: `updated` of the vintage, ISO 8601; None where it is not known.
    """
    schema = typed_schema(contract)
    # An unknown measure or group is null and has a rule of its own, which says what to do about it.
    groups = {f"{d.column}_group" for d in contract.category_dimensions if d.categories}
    nullable = {"value", "symbol", "measure"} | groups
    rules = [*table_rules(contract), *_begun(contract, stamp)]
    results = [*_judge(schema, rules, frame, nullable), _not_empty(frame)]
    if not partial:
        results.append(_coverage(contract, frame))
    # A frame without rows or of another form is refused already, and has nothing to be compared.
    comparable = not frame.is_empty() and frame.schema == pl.Schema(schema)
    if before is not None and comparable:
        found = compare(contract, contract.drift, frame, before, changes, partial)
        results += [_compared(difference) for difference in found]
    return Verdict(contract.name, frame.height, [*results, *known_faults(contract, frame)])


def judge_classification(
    contract: ClassificationContract, kind: str, frame: pl.DataFrame, before: pl.LazyFrame | None = None
) -> Verdict:
    """Judge one typed frame of a classification: ``codes``, ``changes`` or ``correspondence``.

    Args:
        contract: the classification. kind: which of its frames. frame: any number of rows.
        before: the same of the vintage that stands, or None.
    """
    schema = {name: dtype() for name, dtype in SCHEMAS[kind].items()}
    rules = _classification_rules(contract, kind)
    results = _judge(schema, rules, frame, KLASS_NULLABLE[kind])
    if kind == "codes":
        results.append(_not_empty(frame))
    if before is not None:
        results.append(_klass_remembers(contract, kind, frame, before))
    return Verdict(f"{contract.name}_{kind}", frame.height, results)


def _klass_remembers(
    contract: ClassificationContract, kind: str, frame: pl.DataFrame, before: pl.LazyFrame
) -> RuleResult:
    """Klass tells the past: what it once told, it tells again."""
    key = KLASS_KEYS[kind]
    gone = before.select(key).unique().join(frame.lazy(), on=key, how="anti", nulls_equal=True).sort(key).collect()
    return RuleResult(
        rule="nothing_vanished",
        meaning="Codes, changes and years that Klass told before are still told.",
        advice="See at www.ssb.no/klass whether they were withdrawn. "
        f"If so: k2025 accept klass_{contract.id} VINTAGE --reason …",
        failed=gone.height,
        sample=gone.head(SAMPLE_ROWS).to_dicts(),
        overrulable=True,
    )


def _not_empty(frame: pl.DataFrame) -> RuleResult:
    return RuleResult("not_empty", "The answer has rows.", "See the archived answer below raw/.", int(frame.is_empty()))


def _coverage(contract: TableContract, frame: pl.DataFrame) -> RuleResult:
    band = contract.coverage
    outside = not band.min_cells <= frame.height <= band.max_cells
    return RuleResult(
        rule="coverage",
        meaning=f"A whole answer has {band.min_cells} to {band.max_cells} cells.",
        advice=(
            f"See what is missing or new; if it stays so, correct `coverage` in schemas/tables/{contract.id}.yml. "
            f"If the source confirms it: k2025 accept {contract.id} VINTAGE --reason …"
        ),
        failed=int(outside),
        sample=[{"cells": frame.height}] if outside else [],
        overrulable=True,
    )


def _compared(difference: Difference) -> RuleResult:
    return RuleResult(
        rule=difference.rule,
        meaning=difference.meaning,
        advice=difference.advice,
        failed=difference.findings.height,
        sample=difference.findings.head(SAMPLE_ROWS).to_dicts(),
        blocking=difference.blocking,
        overrulable=difference.overrulable,
    )


def pandera_schema(columns: dict[str, pl.DataType], rules: list[Rule], nullable: set[str]) -> pa.DataFrameSchema:
    """The Pandera schema of ``columns`` in this order, with one check per rule."""
    return pa.DataFrameSchema(
        {name: pa.Column(dtype, nullable=name in nullable) for name, dtype in columns.items()},
        checks=[pa.Check(_check(rule.holds), name=rule.name, error=rule.name) for rule in rules],
        strict=True,
        ordered=True,
    )


def _check(holds: pl.Expr) -> Any:
    return lambda data: data.lazyframe.select(holds)


def _judge(
    columns: dict[str, pl.DataType], rules: list[Rule], frame: pl.DataFrame, nullable: set[str]
) -> list[RuleResult]:
    broken: dict[str, RuleResult] = {}
    try:
        pandera_schema(columns, rules, nullable).validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        meanings = {rule.name: rule for rule in rules}
        for error in errors.schema_errors:
            result = _result(error, meanings)
            broken.setdefault(result.rule, result)
    schema_rule = RuleResult("schema", "Columns, their order and types are as declared.", "Report this.", 0)
    held = [RuleResult(r.name, r.meaning, r.advice, 0, overrulable=r.overrulable) for r in rules]
    known = {result.rule for result in [schema_rule, *held]}
    others = [result for name, result in broken.items() if name not in known]
    judged = [broken.get(result.rule, result) for result in held]
    return [*judged, *others] if others else [schema_rule, *judged]


def _result(error: Any, rules: dict[str, Rule]) -> RuleResult:
    name = getattr(error.check, "name", None)
    cases = error.failure_cases
    rows = cases if isinstance(cases, pl.DataFrame) else pl.DataFrame({"failure": [str(cases)]})
    sample = rows.head(SAMPLE_ROWS).to_dicts()
    if name in rules:
        rule = rules[name]
        return RuleResult(name, rule.meaning, rule.advice, rows.height, sample, overrulable=rule.overrulable)
    column = getattr(error.schema, "name", None) or "columns"
    return RuleResult(
        rule=f"schema:{column}",
        meaning=f"{error.reason_code.name.lower().replace('_', ' ')}: {error.check}",
        advice="The frame is not what the contract declares: correct the contract, or report this.",
        failed=max(1, rows.height),
        sample=sample,
    )


def table_rules(contract: TableContract) -> list[Rule]:
    """The rules that a contract implies, in the order in which they are shown."""
    file = f"schemas/tables/{contract.id}.yml"
    return [
        *_code_rules(contract, file),
        *_symbol_rules(contract, file),
        *_value_rules(contract, file),
        *_category_rules(contract, file),
    ]


def _code_rules(contract: TableContract, file: str) -> list[Rule]:
    """What names a cell: key, measure, region, period."""
    return [
        Rule(
            "key_unique",
            f"One row per {', '.join(contract.key)}.",
            "The source delivered a cell twice, or a dimension is missing in the contract.",
            pl.struct(contract.key).is_unique(),
        ),
        Rule(
            "measure_known",
            "Every measure is declared.",
            f"Declare the measure in {file}.",
            pl.col("measure").is_not_null(),
        ),
        Rule(
            "region_code_valid",
            "A region code has the form of its code system.",
            f"Look for a new kind of region code; correct `coding` or `region_pattern` in {file}.",
            _region_code_valid(contract),
        ),
        Rule(
            "period_valid",
            f"A period has the form of a {contract.calendar.kind} table.",
            f"Look at the source's time codes; correct `calendar.kind` in {file}.",
            pl.col("period").cast(pl.String).str.contains(PERIOD_PATTERNS[contract.calendar.kind]),
        ),
    ]


def _begun(contract: TableContract, stamp: str | None) -> list[Rule]:
    """What the vintage's own stamp says of its periods; nothing of a projection, which tells years to come."""
    if stamp is None or contract.projection:
        return []
    return [
        Rule(
            "period_begun",
            "A period had begun when the source was updated.",
            "Look at the source's time codes; figures of years to come belong in a table that is a `projection`.",
            pl.col("period").cast(pl.String).str.head(4) <= stamp[:4],
        )
    ]


def _symbol_rules(contract: TableContract, file: str) -> list[Rule]:
    """What a cell says where it has no value."""
    value, symbol = pl.col("value"), pl.col("symbol").cast(pl.String)
    return [
        Rule(
            "symbol_known",
            f"A symbol is one of {' '.join(contract.symbols)}",
            f"Find out what the new symbol means; add it to `symbols` in {file}.",
            symbol.is_null() | symbol.is_in(contract.symbols),
        ),
        Rule(
            "missing_has_symbol",
            "A cell without value says why.",
            "The source gave neither value nor symbol. Do not fill it; ask SSB.",
            value.is_not_null() | symbol.is_in(MISSING_SYMBOLS).fill_null(False),
        ),
        Rule(
            "value_has_no_missing_symbol",
            "A cell with value is not marked as missing or hidden.",
            "The source gave a value and a symbol for «no value». Ask SSB which one holds.",
            value.is_null() | ~symbol.is_in(MISSING_SYMBOLS).fill_null(False) | ((symbol == "-") & (value == 0)),
        ),
    ]


def _value_rules(contract: TableContract, file: str) -> list[Rule]:
    """What a value may be: unit, bounds, decimals."""
    return [
        Rule(
            "unit_as_declared",
            "A measure's unit is the declared one.",
            f"See whether figures changed by a factor, then correct `unit` in {file}.",
            _per_measure(contract, lambda m: pl.col("unit").cast(pl.String).is_in([m.unit, *m.unit_aliases])),
        ),
        Rule(
            "value_in_range",
            "A value lies within the declared bounds.",
            f"Look at the cells. If they are right, widen `minimum` or `maximum` in {file}. "
            f"If the source confirms them: k2025 accept {contract.id} VINTAGE --reason …",
            _per_measure(contract, _in_range).fill_null(True),
            overrulable=True,
        ),
        Rule(
            "decimals_as_declared",
            "A value has no more decimals than declared.",
            f"The source became more precise: correct `decimals` in {file}.",
            _per_measure(contract, _rounded).fill_null(True),
        ),
    ]


def _category_rules(contract: TableContract, file: str) -> list[Rule]:
    """What a category may be: a code as declared, or one that maps to a group."""
    codes = [
        Rule(
            f"{dimension.column}_code_valid",
            f"A code of {dimension.column} looks as declared.",
            f"Look for totals or bands among the codes; correct `code_pattern` of {dimension.column} in {file}.",
            pl.col(dimension.column).cast(pl.String).str.contains(dimension.code_pattern),
        )
        for dimension in contract.category_dimensions
        if dimension.code_pattern
    ]
    return codes + [
        Rule(
            f"{dimension.column}_maps_to_group",
            f"Every category of {dimension.column} maps to a group.",
            f"Add the new label to a category of {dimension.column} in {file}; it is never dropped.",
            pl.col(f"{dimension.column}_group").is_not_null(),
        )
        for dimension in contract.category_dimensions
        if dimension.categories
    ]


def known_faults(contract: TableContract, frame: pl.DataFrame) -> list[RuleResult]:
    """Faults that the source is known for: shown, not blocking, treated as declared."""
    measures = [m.name for m in contract.measures if m.zero_means_missing]
    if not measures:
        return []
    zeros = frame.filter(pl.col("measure").cast(pl.String).is_in(measures) & (pl.col("value") == 0))
    shown = zeros.select("region_code", "region_label", "measure", "period", "value").head(SAMPLE_ROWS)
    return [
        RuleResult(
            rule=KNOWN_FAULT,
            meaning=f"The source writes 0 for {', '.join(measures)} where it has no figure.",
            advice="These cells are published as missing (M). Report them to SSB; nothing to do here.",
            failed=zeros.height,
            sample=shown.to_dicts(),
            blocking=False,
        )
    ]


def _region_code_valid(contract: TableContract) -> pl.Expr:
    code, structure = pl.col("region_code").cast(pl.String), pl.col("structure").cast(pl.String)
    valid = pl.lit(False)
    for extract in contract.extracts:
        pattern = contract.region_pattern(extract)
        valid = valid | ((structure == extract.structure) & code.str.contains(pattern))
    return valid


def _per_measure(contract: TableContract, condition: Any) -> pl.Expr:
    """The condition of each measure on its own rows; rows of an undeclared measure pass here."""
    holds = pl.lit(True)
    for measure in contract.measures:
        holds = pl.when(pl.col("measure") == measure.name).then(condition(measure)).otherwise(holds)
    return holds


def _in_range(measure: Measure) -> pl.Expr:
    value = pl.col("value")
    above = pl.lit(True) if measure.minimum is None else value >= measure.minimum
    below = pl.lit(True) if measure.maximum is None else value <= measure.maximum
    return above & below


def _rounded(measure: Measure) -> pl.Expr:
    shifted = pl.col("value") * 10**measure.decimals
    return (shifted - shifted.round()).abs() < 1e-4


def _classification_rules(contract: ClassificationContract, kind: str) -> list[Rule]:
    file = f"schemas/classifications/{contract.id}.yml"
    advice = f"Look at the archived answer; correct `code_pattern` in {file} if codes have a new form."
    code = {"codes": "code", "correspondence": "target_code"}.get(kind)
    if code is None:
        return [
            Rule(
                "a_side_is_given",
                "A change names an old or a new code.",
                "Look at the archived answer.",
                pl.col("old_code").is_not_null() | pl.col("new_code").is_not_null(),
            )
        ]
    key = {"codes": ["code", "name", "valid_from"], "correspondence": ["source_code", "year"]}[kind]
    return [
        Rule("code_valid", "A code has its form.", advice, pl.col(code).str.contains(contract.code_pattern)),
        Rule(
            "key_unique",
            f"One row per {', '.join(key)}.",
            "Klass gave a row twice.",
            pl.struct(key).is_unique(),
        ),
    ]
