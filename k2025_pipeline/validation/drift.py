"""How a new vintage of a table differs from the one that stands: what is gone, moved, renamed or out of proportion.

Here belong rules on two vintages of one table. Not here: rules on a single frame (``contract``), what a finding
does to the lake (``ingest``), and how many figures were revised. Every threshold stands in the table's contract
(``drift``). All is done by columns: a table has up to millions of cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from k2025_pipeline.catalog.tables import Drift, TableContract
from k2025_pipeline.validation.columns import typed_schema

GROUP = ["structure", "level", "measure", "period", "compared_with"]
"""A measure in a period for regions of one level: among hundreds of municipalities, counties would not be seen.
``compared_with`` is the period of the standing vintage: the same one or, for a new period, the latest before it."""
COUNTRY = ["EAK", "EAKUO", "0"]
"""The country and the country without Oslo, whose figures are judged one by one."""
AREA = r"^(EKA|EKG)?\d{2}$"
"""Counties and KOSTRA groups. Every other code is a municipality's."""
NO_REPORT = ("..", "...", ":")
"""Symbols of a figure that exists and is not told. A full stop says that there is none."""
REGION_PREFIX = "^(K-|EKA)"
"""What tables write before the code that Klass knows: `K-0301`, `EKA31`."""


@dataclass(frozen=True)
class Difference:
    """One rule on two vintages.

    Attributes:
        rule, meaning, advice: what was asked, and what to do. findings: a row for each thing that breaks it,
            the worst first. blocking, overrulable: see ``RuleResult``.
    """

    rule: str
    meaning: str
    advice: str
    findings: pl.DataFrame
    blocking: bool = True
    overrulable: bool = True


@dataclass(frozen=True)
class _Vintages:
    """Two vintages of one table.

    Attributes:
        contract, limits: the table and its thresholds. old: the standing vintage. new: the one to be judged.
        retired: regions whose code went out of use, see :func:`_retired`.
    """

    contract: TableContract
    limits: Drift
    old: pl.DataFrame
    new: pl.DataFrame
    retired: pl.DataFrame

    def advice(self, look: str) -> str:
        """What to do about a finding that a person may overrule."""
        return f"{look} If the source confirms it: k2025 accept {self.contract.id} VINTAGE --reason …"


def compare(
    contract: TableContract,
    limits: Drift,
    frame: pl.DataFrame,
    before: pl.LazyFrame,
    changes: pl.LazyFrame | None = None,
    partial: bool = False,
) -> list[Difference]:
    """Hold a typed frame against the vintage that stands.

    Args:
        contract: the table. limits: its thresholds. frame: the new vintage, columns of ``typed_schema``.
        before: the vintage that stands. changes: code changes of Klass 131, or None when they are not known.
        partial: the source holds only parts of tables by nature, so that the size says nothing.
    """
    schema = typed_schema(contract)
    missing = sorted(set(schema) - set(before.collect_schema().names()))
    if missing:
        return [_comparable(missing)]
    old = before.select(pl.col(name).cast(dtype) for name, dtype in schema.items()).collect()
    both = _Vintages(contract, limits, old, frame, _retired(old, frame, changes))
    gone, joined = _gone(both), _joined(both)
    cells = _cells(both, joined)
    there = cells.filter("there")
    regions = _by_level(both, there)
    return [
        *([] if partial else [_size(both)]),
        *_vanished(both, gone, joined),
        *_texts(both),
        _magnitude(both, regions),
        _missing_share(both, regions),
        _zeros(both, regions),
        _zeros_for_missing(both, there),
        _unchanged(both, there),
        *_country(both, cells),
        *_jumps(both, there),
    ]


def _comparable(missing: list[str]) -> Difference:
    return Difference(
        rule="comparable",
        meaning="The standing vintage has the columns of the contract, so that the two vintages can be compared.",
        advice="The contract got new columns since. Look at the figures once; the next vintage is compared again.",
        findings=pl.DataFrame({"missing_column": missing}),
        blocking=False,
    )


def _size(both: _Vintages) -> Difference:
    old, new = both.old.height, both.new.height
    outside = abs(new - old) > both.limits.rows * old
    size = pl.DataFrame({"cells_before": [old], "cells_now": [new], "change_at_most": [both.limits.rows]})
    return Difference(
        rule="size",
        meaning=f"The number of cells is that of the last vintage, give or take {both.limits.rows:.0%}.",
        advice=both.advice("See which regions, periods or categories are missing or new."),
        findings=size.filter(pl.lit(outside)),
    )


# What is gone


def _gone(both: _Vintages) -> pl.DataFrame:
    """Codes of the standing vintage that the new one lacks: ``structure, column, vanished, cells``."""
    structures = _gone_from(both, "structure")
    others = [_gone_from(both, column) for column in both.contract.key if column != "structure"]
    # A structure that is gone takes all its codes along; it is told once.
    return pl.concat([structures, *(found.join(structures, on="structure", how="anti") for found in others)])


def _gone_from(both: _Vintages, column: str) -> pl.DataFrame:
    place = list(dict.fromkeys(["structure", column]))
    kept = both.new.select(place).unique()
    gone = both.old.group_by(place).agg(cells=pl.len()).join(kept, on=place, how="anti", nulls_equal=True)
    return gone.select(
        pl.col("structure").cast(pl.String),
        pl.lit(column).alias("column"),
        pl.col(column).cast(pl.String).alias("vanished"),
        "cells",
    ).sort("structure", "vanished")


def _vanished(both: _Vintages, gone: pl.DataFrame, joined: pl.DataFrame) -> list[Difference]:
    moved = both.retired.filter("successor_known").drop("successor_known")
    regions = gone.filter(pl.col("column") == "region_code").join(
        moved, left_on="vanished", right_on="region_code", maintain_order="left"
    )
    unexplained = gone.join(regions, on=["structure", "column", "vanished"], how="anti", maintain_order="left")
    return [
        Difference(
            rule="nothing_vanished",
            meaning="Regions, periods, measures, categories and figures of the last vintage are still there.",
            advice=both.advice("See at the source whether it withdrew them; otherwise wait for the source."),
            findings=pl.concat([unexplained, _lost(both, gone, joined)]),
        ),
        Difference(
            rule="regions_explained_by_klass",
            meaning="Every region code of the last vintage is still there. These are gone because of a reform.",
            advice="Nothing to do: Klass shows the new codes.",
            findings=regions.drop("column"),
            blocking=False,
        ),
    ]


def _lost(both: _Vintages, gone: pl.DataFrame, joined: pl.DataFrame) -> pl.DataFrame:
    """Figures that are no longer even cells, though all their codes are still in use elsewhere in the table."""
    lost = joined.filter(pl.col("there").is_null() & pl.col("before").is_not_null())
    for column in both.contract.key:
        place = {"structure": pl.col("structure"), column: pl.col("vanished")}
        codes = gone.filter(pl.col("column") == column).select(**place).cast(pl.Categorical)
        lost = lost.join(codes, on=list(place), how="anti")
    regions = pl.col("region_code").cast(pl.String).unique().sort().head(3).str.join(", ")
    block = pl.format("{} {}, regions {} …", "measure", "period", "regions")
    return (
        lost.group_by("structure", "measure", "period")
        .agg(cells=pl.len(), regions=regions)
        .select(pl.col("structure").cast(pl.String), pl.lit("cells").alias("column"), block.alias("vanished"), "cells")
        .sort("structure", "vanished")
    )


# What Klass explains


def _retired(old: pl.DataFrame, new: pl.DataFrame, changes: pl.LazyFrame | None) -> pl.DataFrame:
    """Regions of both vintages whose code a reform took out of use.

    Returns:
        ``region_code`` as the table writes it, ``new_code``, ``changed_on`` (text), and ``successor_known``: the new
        code is in the new vintage, or is itself out of use by now.
    """
    if changes is None:
        empty = dict.fromkeys(("region_code", "new_code", "changed_on"), pl.String())
        return pl.DataFrame(schema={**empty, "successor_known": pl.Boolean()})
    now = _region_codes(new)["code"]
    municipalities = _retired_municipalities(changes.collect(), now)
    counties = _retired_counties(_region_codes(old.filter(pl.col("value").is_not_null())), municipalities)
    regions = pl.concat([_region_codes(old), _region_codes(new)]).unique()
    found = regions.join(pl.concat([municipalities, counties]), on="code").drop("code")
    return found.with_columns(pl.col("changed_on").cast(pl.String)).sort("region_code")


def _region_codes(frame: pl.DataFrame) -> pl.DataFrame:
    """Regions as the table writes them, and as Klass does."""
    regions = frame.select(pl.col("region_code").unique()).select(pl.col("region_code").cast(pl.String))
    return regions.with_columns(code=pl.col("region_code").str.replace(REGION_PREFIX, ""))


def _retired_municipalities(changes: pl.DataFrame, now: pl.Series) -> pl.DataFrame:
    """Codes that were replaced and did not come back: ``code, new_code, changed_on, successor_known``."""
    # A change of name only has the same code on both sides. A code that receives another one lives on.
    replaced = changes.filter(pl.col("old_code").is_not_null() & pl.col("old_code").ne_missing(pl.col("new_code")))
    given = changes.group_by(code="new_code").agg(given_on=pl.col("changed_on").max())
    last = pl.col("changed_on") == pl.col("changed_on").max().over("old_code")
    ended = replaced.filter(last).join(given, left_on="old_code", right_on="code", how="left")
    ended = ended.filter(pl.col("given_on").is_null() | (pl.col("given_on") < pl.col("changed_on")))
    successor = pl.col("new_code")
    known = successor.is_null() | successor.is_in(now.implode()) | successor.is_in(ended["old_code"].implode())
    return ended.group_by(code="old_code").agg(
        successor.unique().sort().str.join(", "), pl.col("changed_on").first(), successor_known=known.all()
    )


def _retired_counties(used: pl.DataFrame, municipalities: pl.DataFrame) -> pl.DataFrame:
    """Counties of which every municipality with figures got another code; columns as the municipalities."""
    members = used.filter(pl.col("code").str.contains(r"^\d{4}$")).join(municipalities, on="code", how="left")
    return (
        members.group_by(code=pl.col("code").str.head(2))
        .agg(
            pl.col("new_code").str.split(", ").explode().str.head(2).drop_nulls().unique().sort().str.join(", "),
            pl.col("changed_on").max(),
            left=pl.col("changed_on").is_not_null().all(),
        )
        .filter("left")
        .select("code", "new_code", "changed_on", successor_known=pl.lit(True))
    )


# What is called otherwise


def _texts(both: _Vintages) -> list[Difference]:
    """Labels, measure codes and units that changed by code."""
    labels = {f"{d.column}_label": d.column for d in both.contract.category_dimensions if d.categories}
    named = {"region_label": "region_code", **labels, "measure_code": "measure"}
    texts = [(_by_code(both.old, *pair), _by_code(both.new, *pair)) for pair in named.items()]
    changed = [_changed(before, now) for before, now in texts]
    swapped = [_swapped(before, now, found) for (before, now), found in zip(texts, changed, strict=True)]
    units = _changed(*(_by_code(frame, "unit", "measure") for frame in (both.old, both.new)))
    spelled = _declared(both.contract, units)
    file = f"schemas/tables/{both.contract.id}.yml"
    return [
        Difference(
            rule="unit_unchanged",
            meaning="A measure has the unit of the last vintage, or another declared spelling of it.",
            advice=both.advice(f"See whether the figures changed by a factor, and correct `unit` in {file}."),
            findings=units.filter(~spelled),
        ),
        Difference(
            rule="labels_not_swapped",
            meaning="No code carries a label that another code carried in the last vintage and lost.",
            advice=both.advice("Codes seem to have moved, so that series are mixed: compare figures of both codes."),
            findings=pl.concat(swapped),
        ),
        Difference(
            rule="renames",
            meaning="Labels, measure codes and spellings of units are those of the last vintage.",
            advice="Nothing to do, if the new text means the same as the old one.",
            findings=pl.concat([*changed, units.filter(spelled)]),
            blocking=False,
        ),
    ]


def _by_code(frame: pl.DataFrame, label: str, column: str) -> pl.DataFrame:
    """Each text of a code: ``structure, column, code, text``, where ``column`` says what kind of text."""
    unique = frame.select("structure", column, label).unique()
    return unique.select(
        pl.col("structure").cast(pl.String),
        pl.lit(label).alias("column"),
        pl.col(column).cast(pl.String).alias("code"),
        pl.col(label).cast(pl.String).alias("text"),
    )


def _changed(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Texts that a code did not have before: ``structure, column, code, before, now``."""
    place = ["structure", "column", "code"]
    added = now.join(before, on=[*place, "text"], how="anti").rename({"text": "now"})
    found = added.join(before.rename({"text": "before"}), on=place)
    return found.select(*place, "before", "now").sort(*place, "now")


def _swapped(before: pl.DataFrame, now: pl.DataFrame, changed: pl.DataFrame) -> pl.DataFrame:
    """Codes whose new text belonged to another code, which has it no longer; ``carried_by`` is that code."""
    freed = before.join(now, on=["structure", "code", "text"], how="anti")
    freed = freed.select("structure", pl.col("text").alias("now"), pl.col("code").alias("carried_by"))
    found = changed.join(freed, on=["structure", "now"], maintain_order="left")
    return found.filter(pl.col("code") != pl.col("carried_by"))


def _declared(contract: TableContract, units: pl.DataFrame) -> pl.Series:
    """Of each change of unit, whether both spellings are declared for the measure."""
    declared = {measure.name: [measure.unit, *measure.unit_aliases] for measure in contract.measures}
    return pl.Series(
        [{row["before"], row["now"]} <= set(declared.get(row["code"], ())) for row in units.to_dicts()],
        dtype=pl.Boolean,
    )


# What is out of proportion


def _joined(both: _Vintages) -> pl.DataFrame:
    """Every cell of the standing vintage with the same cell of the new one; ``there`` is null where it has none."""
    key = both.contract.key
    new = _figures(both.new, key, "now").with_columns(there=pl.lit(True))
    return _figures(both.old, key, "before").join(new, on=key, how="left").collect()


def _cells(both: _Vintages, joined: pl.DataFrame) -> pl.DataFrame:
    """Cells of the new vintage beside what they are compared with.

    A cell that both vintages have is compared with itself. A cell of a new period is compared with the latest
    earlier period that both have, as the standing vintage has it. Regions out of use in a period are left out:
    their code says nothing any more, and what stands there is a full stop or 0.

    Returns:
        The key, ``compared_with``, ``level``, and ``before``, ``symbol_before``, ``now``, ``symbol_now``; ``there``
        is null where a new period does not have the cell at all.
    """
    common = joined.filter("there").with_columns(compared_with=pl.col("period"))
    cells = pl.concat([common, _new_periods(both).select(common.columns)])
    in_use = cells.join(_out_of_use(both), on=["region_code", "period"], how="anti")
    return in_use.join(_levels(both), on="region_code")


def _levels(both: _Vintages) -> pl.DataFrame:
    """Regions of the standing vintage, and whether they are the ``country``, an ``area`` or a ``municipality``."""
    code = pl.col("region_code").cast(pl.String)
    area = pl.when(code.str.contains(AREA)).then(pl.lit("area")).otherwise(pl.lit("municipality"))
    level = pl.when(code.is_in(COUNTRY)).then(pl.lit("country")).otherwise(area)
    return both.old.select(pl.col("region_code").unique()).with_columns(level=level)


def _by_level(both: _Vintages, cells: pl.DataFrame) -> pl.DataFrame:
    """What shares and medians are formed of: areas and municipalities, or ``all`` where one of them has few cells.

    The country is left out where there are enough others: its figures are judged one by one, and more strictly.
    """
    measure = [column for column in GROUP if column != "level"]
    country = pl.col("level") == "country"
    cells = cells.with_columns(size=pl.len().over(GROUP))
    smallest = pl.col("size").filter(~country).min().over(measure)
    few = smallest.fill_null(0) < both.limits.smallest_sample
    level = pl.when(few).then(pl.lit("all")).otherwise("level")
    return cells.with_columns(level=level).filter(pl.col("level") != "country").drop("size")


def _figures(frame: pl.DataFrame, key: list[str], when: str) -> pl.LazyFrame:
    return frame.lazy().select(*key, pl.col("value").alias(when), pl.col("symbol").alias(f"symbol_{when}"))


def _new_periods(both: _Vintages) -> pl.DataFrame:
    old, new = (set(frame["period"].unique().cast(pl.String)) for frame in (both.old, both.new))
    earlier = {period: max((p for p in old & new if p < period), default=None) for period in new - old}
    periods = pl.DataFrame(
        {"period": list(earlier), "compared_with": list(earlier.values())},
        schema={"period": pl.Categorical, "compared_with": pl.Categorical},
    )
    key = [column for column in both.contract.key if column != "period"]
    now = _figures(both.new, [*key, "period"], "now").with_columns(there=pl.lit(True))
    before = _figures(both.old, [*key, "period"], "before").rename({"period": "compared_with"})
    return before.join(periods.lazy(), on="compared_with").join(now, on=[*key, "period"], how="left").collect()


def _out_of_use(both: _Vintages) -> pl.DataFrame:
    """Regions and periods from the year on in which the region's code went out of use."""
    periods = both.new.select(pl.col("period").unique())
    pairs = both.retired.select("region_code", "changed_on").join(periods, how="cross")
    later = pl.col("period").cast(pl.String).str.head(4) >= pl.col("changed_on").str.head(4)
    return pairs.filter(later).select(pl.col("region_code").cast(pl.Categorical), "period")


def _magnitude(both: _Vintages, cells: pl.DataFrame) -> Difference:
    """The typical ratio of a measure in a period; of too few figures for a median, the ratio of their sums."""
    limit, before, now = both.limits.magnitude, pl.col("before"), pl.col("now")
    pairs = cells.filter((before != 0) & (now != 0))
    groups = pairs.group_by(GROUP).agg(
        before.median(),
        now.median(),
        cells=pl.len(),
        median_ratio=(now / before).median(),
        ratio_of_sums=now.abs().sum() / before.abs().sum(),
    )
    enough = pl.col("cells") >= both.limits.smallest_sample
    ratio = pl.when(enough).then("median_ratio").otherwise("ratio_of_sums")
    outside = groups.with_columns(ratio=ratio).filter(~pl.col("ratio").is_between(1 / limit, limit))
    return Difference(
        rule="magnitude",
        meaning=(
            "Figures of a measure in a period and level of regions are of the size they had: their middle ratio to "
            f"the last vintage, or of a new period to the period before, is between 1/{limit:g} and {limit:g}."
        ),
        advice=both.advice("See whether the unit changed (kr to 1 000 kr, share to per cent)."),
        findings=_worst_first(outside)
        .select(*GROUP, "cells", "before", "now", "ratio")
        .with_columns(at_least=pl.lit(1 / limit), at_most=pl.lit(limit)),
    )


def _worst_first(found: pl.DataFrame) -> pl.DataFrame:
    """By distance of ``ratio`` from 1; from or to zero and a change of sign are infinitely far."""
    ratio = pl.col("ratio")
    distance = pl.when(ratio > 0).then(pl.max_horizontal(ratio, 1 / ratio)).otherwise(float("inf"))
    difference = (pl.col("now") - pl.col("before")).abs()
    codes = [name for name, dtype in found.schema.items() if dtype == pl.Categorical]
    found = found.sort(distance, difference, descending=True)
    # Infinity cannot be written as JSON.
    shown = pl.when(ratio.is_finite()).then(ratio.round_sig_figs(4))
    return found.with_columns(pl.col(codes).cast(pl.String), ratio=shown)


def _missing_share(both: _Vintages, cells: pl.DataFrame) -> Difference:
    """Cells that have lost their figure, by the symbol that stands there now."""
    limit = both.limits.missing_rise
    # A full stop says that the code was not in use: hundreds of old and new municipality codes stand side by side.
    cells = cells.filter(pl.col("symbol_before").ne_missing("."))
    sides = [
        cells.filter(pl.col(when).is_null()).group_by(*GROUP, symbol=f"symbol_{when}").agg(pl.len().alias(when))
        for when in ("before", "now")
    ]
    place = [*GROUP, "symbol"]
    missing = sides[1].join(sides[0], on=place, how="left", nulls_equal=True)
    shares = missing.join(cells.group_by(GROUP).agg(cells=pl.len()), on=GROUP)
    # Counts are unsigned, and a difference of them may not be.
    shares = shares.with_columns(pl.col("before").fill_null(0).cast(pl.Int64), pl.col("now").cast(pl.Int64))
    rise = (pl.col("now") - pl.col("before")) / pl.col("cells")
    found = shares.filter((rise > limit) & (pl.col("cells") >= both.limits.smallest_sample)).sort(rise, descending=True)
    return Difference(
        rule="missing_share",
        meaning=(
            f"The share of cells without figure, by measure, period, level of regions and symbol, has risen by at "
            f"most {limit:.0%} of the cells since the last vintage, or for a new period since the period before."
        ),
        advice=both.advice(
            "SSB's tables show dots while they are updated (05:00 to 08:30): refresh after that. Full stops of old "
            "municipality codes are understood when Klass 131 has been fetched."
        ),
        findings=found.select(
            pl.col(place).cast(pl.String),
            "cells",
            share_before=_share("before"),
            share_now=_share("now"),
            rise_at_most=pl.lit(limit),
        ),
    )


def _share(count: str) -> pl.Expr:
    return (pl.col(count) / pl.col("cells")).round(4)


def _zeros(both: _Vintages, cells: pl.DataFrame) -> Difference:
    """Zeros where figures were; what was 0 before, as where a measure writes 0 for «no figure», does not count."""
    limit, before, now = both.limits.zeros_rise, pl.col("before"), pl.col("now")
    groups = cells.group_by(GROUP).agg(
        figures=(before.is_not_null() & now.is_not_null()).sum().cast(pl.Int64),
        not_zero=(before != 0).sum().cast(pl.Int64),
        became_zero=((before != 0) & (now == 0)).sum().cast(pl.Int64),
        left_zero=((before == 0) & (now != 0)).sum().cast(pl.Int64),
    )
    # Small figures come and go from year to year; between vintages a figure has no reason to become 0.
    same = pl.col("period") == pl.col("compared_with")
    counted = groups.select(
        *GROUP,
        cells=pl.when(same).then("not_zero").otherwise("figures"),
        zeros=pl.when(same).then("became_zero").otherwise(pl.col("became_zero") - pl.col("left_zero")),
    )
    rise = pl.col("zeros") / pl.col("cells")
    found = counted.filter((rise > limit) & (pl.col("cells") >= both.limits.smallest_sample)).sort(
        rise, descending=True
    )
    return Difference(
        rule="zeros",
        meaning=(
            f"At most {limit:.0%} of the figures of a measure in a period and level of regions have become 0 since "
            "the last vintage; a new period has at most that many more zeros than the period before."
        ),
        advice=both.advice("SSB's tables show 0 while they are updated (05:00 to 08:30): refresh after that."),
        findings=found.select(
            pl.col(GROUP).cast(pl.String), "cells", "zeros", share=_share("zeros"), share_at_most=pl.lit(limit)
        ),
    )


def _zeros_for_missing(both: _Vintages, cells: pl.DataFrame) -> Difference:
    """Regions whose report was missing and is now 0 from end to end: somebody has written 0 for «no figure»."""
    missing = pl.col("before").is_null() & pl.col("symbol_before").cast(pl.String).is_in(NO_REPORT)
    judged = cells.filter(
        (pl.col("period") == pl.col("compared_with")) & ~_measure_in(_zero_means_missing(both.contract))
    )
    regions = judged.group_by("structure", "region_code", "period").agg(
        cells=pl.len(),
        zeros=(missing & (pl.col("now") == 0)).sum(),
        others=(pl.col("before").is_not_null() | (pl.col("now") != 0).fill_null(False)).sum(),
    )
    found = regions.filter((pl.col("zeros") > 1) & (pl.col("others") == 0)).drop("others")
    return Difference(
        rule="zeros_for_missing",
        meaning="No region without any figure in the last vintage has 0 for everything in the same period now.",
        advice=both.advice("See at the source whether the region has reported, or stands with 0 for «no figure»."),
        findings=found.select(pl.col("structure", "region_code", "period").cast(pl.String), "cells", "zeros").sort(
            "structure", "region_code", "period"
        ),
    )


def _unchanged(both: _Vintages, cells: pl.DataFrame) -> Difference:
    """A new period whose figures are those of the period before: somebody has loaded the same file twice."""
    limit, before, now = both.limits.unchanged, pl.col("before"), pl.col("now")
    figures = cells.filter(
        (pl.col("period") != pl.col("compared_with"))
        & before.is_not_null()
        & now.is_not_null()
        & ((before != 0) | (now != 0))
    )
    periods = figures.group_by("structure", "period", "compared_with").agg(cells=pl.len(), same=(before == now).sum())
    found = periods.filter((_share("same") > limit) & (pl.col("cells") >= both.limits.smallest_sample))
    return Difference(
        rule="new_period_unchanged",
        meaning=f"At most {limit:.0%} of a new period's figures are exactly those of the period before.",
        advice=both.advice("See at the source whether it shows the new period, or the last one once more."),
        findings=found.select(
            pl.col("structure", "period", "compared_with").cast(pl.String),
            "cells",
            "same",
            share=_share("same"),
            share_at_most=pl.lit(limit),
        ).sort("structure", "period"),
    )


def _zero_means_missing(contract: TableContract) -> list[str]:
    return [measure.name for measure in contract.measures if measure.zero_means_missing]


def _measure_in(names: list[str]) -> pl.Expr:
    return pl.col("measure").cast(pl.String).is_in(names)


def _country(both: _Vintages, cells: pl.DataFrame) -> list[Difference]:
    """Single figures of the country; every national comparison rests on them, so that one wrong figure is enough."""
    limit, before, now = both.limits.magnitude, pl.col("before"), pl.col("now")
    known_zero = _measure_in(_zero_means_missing(both.contract)) & (before == 0)
    country = cells.filter((pl.col("level") == "country") & before.is_not_null() & ~known_zero)
    found = _worst_first(country.with_columns(ratio=now / before)).select(
        *both.contract.key, "compared_with", "before", "now", "symbol_now", "ratio"
    )
    same = pl.col("period") == pl.col("compared_with")
    moved = (before != 0) & ~(now / before).is_between(1 / limit, limit) & ~_small_count(both, same)
    return [
        Difference(
            rule="country_figures",
            meaning=(
                "Every figure of the country, or of the country without Oslo, is still there, has not become 0 and is "
                f"between 1/{limit:g} and {limit:g} of what it was in the last vintage, or for a new period in the "
                "period before."
            ),
            advice=both.advice("See at the source whether the figure of the country is right; one is enough."),
            findings=found.filter(pl.when(now.is_null()).then(same).otherwise(moved)).with_columns(
                at_least=pl.lit(1 / limit), at_most=pl.lit(limit)
            ),
        ),
        Difference(
            rule="country_missing_in_new_period",
            meaning="A new period has every figure of the country that the period before has.",
            advice="Look whether SSB gives it later; provisional figures of March may lack the country without Oslo.",
            findings=found.filter(now.is_null() & ~same).drop("now", "ratio"),
            blocking=False,
        ),
    ]


def _small_count(both: _Vintages, same: pl.Expr) -> pl.Expr:
    """Counts of a new period that are small now and before, as men of 105 years: they come and go from year to year."""
    counts = [measure.name for measure in both.contract.measures if measure.additive]
    size = pl.max_horizontal(pl.col("before").abs(), pl.col("now").abs())
    return ~same & _measure_in(counts) & (size < both.limits.jump_from)


def _jumps(both: _Vintages, cells: pl.DataFrame) -> list[Difference]:
    """Single figures that moved by a large factor; they are shown and stop nothing."""
    limit, least = both.limits.jump, both.limits.jump_from
    before, now = pl.col("before"), pl.col("now")
    known_zero = _measure_in(_zero_means_missing(both.contract)) & ((before == 0) | (now == 0))
    large = (before != now) & (pl.max_horizontal(before.abs(), now.abs()) >= least)
    ratio = now / before
    jumped = cells.filter(large & before.is_not_null() & now.is_not_null() & ~ratio.is_between(1 / limit, limit))
    found = _worst_first(jumped.filter(~known_zero).with_columns(ratio=ratio))
    found = found.drop("symbol_before", "symbol_now", "there", "level")
    same = pl.col("period") == pl.col("compared_with")
    of = f"figure of {least:g} or more has changed by more than a factor of {limit:g}"
    return [
        Difference(
            rule="jumps",
            meaning=f"No {of} since the last vintage.",
            advice="Look at the first of them; a correction by the source may be right.",
            findings=found.filter(same).drop("compared_with"),
            blocking=False,
        ),
        Difference(
            rule="jumps_in_new_period",
            meaning=f"No {of} from the period before to a new period.",
            advice="Look at the first of them; ask SSB or the municipality about a figure that cannot be right.",
            findings=found.filter(~same),
            blocking=False,
        ),
    ]
