"""Who is compared with whom, and over which years.

Here belongs the choice of window, participants and controls, and every refusal that follows from it. Not here: the
estimate (``estimation``).

A window is a run of years within one part of the series. Of the runs between common breaks the one is used in which
most participants have enough years before and after their start; cohorts without them are left out and told.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from k2025_pipeline.effects.rules import Rules

NEVER = 0
"""First year of those who take part in no programme."""


class Refused(Exception):
    """No effect can be told. ``code`` says why, ``numbers`` what it was measured by."""

    runbook = "bad-question"

    def __init__(self, code: str, **numbers: float | str) -> None:
        super().__init__(code)
        self.code = code
        self.numbers = numbers


@dataclass(frozen=True)
class Design:
    """What an estimate is made of.

    Attributes:
        data: ``region_code``, ``year``, ``first_year`` (`NEVER` for controls) and ``value``, without gaps told as rows.
        window: first and last year.
        cohorts: participants by year of start.
        left_out: participants of cohorts with too few years, by year of start.
        controls: municipalities in no programme.
    """

    data: pl.DataFrame
    window: tuple[int, int]
    cohorts: dict[int, int]
    left_out: dict[int, int]
    controls: int

    @property
    def treated(self) -> int:
        """Participants in the estimate."""
        return sum(self.cohorts.values())


def starts(participation: pl.DataFrame, programme: str) -> pl.DataFrame:
    """First year of each municipality in the programme; one that ends stays a participant, as intended by its start."""
    return (
        participation.filter(pl.col("programme") == programme)
        .group_by("region_code")
        .agg(pl.col("start_year").min().cast(pl.Int64).alias("first_year"))
        .sort("region_code")
    )


def outside(panel: pl.DataFrame, participation: pl.DataFrame) -> pl.DataFrame:
    """The panel's municipalities that take part in no programme at all: another programme would blur the comparison."""
    return panel.select("region_code").unique().join(participation, on="region_code", how="anti").sort("region_code")


def design(panel: pl.DataFrame, participation: pl.DataFrame, programme: str, rules: Rules) -> Design:
    """Choose window, participants and controls.

    Args:
        panel: one indicator: ``region_code``, ``year``, ``value`` (null where missing), ``series_segment``.
        participation: ``programme``, ``region_code``, ``start_year``.
        programme: whose effect.
        rules: the declared limits.

    Raises:
        Refused: too few participants, controls or years, a break in the way, or too much missing.
    """
    listed = starts(participation, programme).join(panel.select("region_code").unique(), on="region_code", how="semi")
    begun = dict(listed.group_by("first_year").len().sort("first_year").iter_rows())
    window = _window(panel, begun, rules)
    fits = {year: number for year, number in begun.items() if _fits(year, window, rules)}
    _enough("few_treated", sum(fits.values()), rules["treated_at_least"])
    told = _told(panel, window, rules)
    treated = _with_a_base(listed.filter(pl.col("first_year").is_in(list(fits))), told)
    lost = sum(fits.values()) - treated.height
    if lost > rules["lost_at_most"] * sum(fits.values()):
        raise Refused("missing", lost=lost, of=sum(fits.values()), at_most=rules["lost_at_most"])
    _enough("few_treated", treated.height, rules["treated_at_least"])
    controls = outside(panel, participation).join(told, on="region_code", how="semi")
    _enough("few_controls" if controls.height else "no_controls", controls.height, rules["controls_at_least"])
    units = pl.concat([treated, controls.with_columns(pl.lit(NEVER, pl.Int64).alias("first_year"))])
    followed = (pl.col("first_year") == NEVER) | (pl.col("year") <= pl.col("first_year") + rules.count("years_shown"))
    return Design(
        data=told.join(units, on="region_code").filter(followed).sort("region_code", "year"),
        window=window,
        cohorts=dict(treated.group_by("first_year").len().sort("first_year").iter_rows()),
        left_out={year: number for year, number in begun.items() if year not in fits},
        controls=controls.height,
    )


def _enough(code: str, have: int, need: float) -> None:
    if have < need:
        raise Refused(code, have=have, need=int(need))


def _window(panel: pl.DataFrame, begun: dict[int, int], rules: Rules) -> tuple[int, int]:
    """The run of years in which most participants have enough years on both sides of their start."""
    known = panel.filter(pl.col("value").is_not_null())["year"]
    if known.is_empty() or not begun:
        _enough("few_treated", 0, rules["treated_at_least"])
    whole = (int(known.min()), int(known.max()))  # type: ignore[arg-type]
    breaks = common_breaks(panel, rules["break_common_from"])
    firsts = [whole[0], *(year for year in breaks if whole[0] < year <= whole[1])]
    runs = list(zip(firsts, [*(year - 1 for year in firsts[1:]), whole[1]], strict=True))

    def fitting(run: tuple[int, int]) -> int:
        return sum(number for year, number in begun.items() if _fits(year, run, rules))

    best = max(runs, key=lambda run: (fitting(run), run))
    if fitting(best):
        return best
    needs = {"before": rules.count("years_before_at_least"), "after": rules.count("years_after_at_least")}
    if fitting(whole):
        raise Refused("break", years=", ".join(map(str, breaks)), **needs)
    raise Refused("few_years", first=whole[0], last=whole[1], **needs)


def _fits(start: int, run: tuple[int, int], rules: Rules) -> bool:
    return start - run[0] >= rules["years_before_at_least"] and run[1] - start + 1 >= rules["years_after_at_least"]


def common_breaks(panel: pl.DataFrame, share: float) -> list[int]:
    """Years in which at least ``share`` of the municipalities begin a new part of the series."""
    steps = panel.sort("region_code", "year").with_columns(
        (pl.col("year") - pl.col("year").shift().over("region_code")).alias("step"),
        (pl.col("series_segment") != pl.col("series_segment").shift().over("region_code")).alias("cut"),
    )
    by_year = steps.filter(pl.col("step") == 1).group_by("year").agg(pl.col("cut").mean())
    return by_year.filter(pl.col("cut") >= share)["year"].sort().to_list()


def _told(panel: pl.DataFrame, window: tuple[int, int], rules: Rules) -> pl.DataFrame:
    """Figures of the window, of municipalities that have enough of them and no break of their own."""
    figures = panel.filter(pl.col("year").is_between(*window), pl.col("value").is_not_null())
    length = window[1] - window[0] + 1
    kept = figures.group_by("region_code").agg(pl.len(), pl.col("series_segment").n_unique().alias("parts"))
    kept = kept.filter(pl.col("parts") == 1, pl.col("len") >= (1 - rules["missing_at_most"]) * length)
    return figures.join(kept, on="region_code", how="semi").select("region_code", "year", "value")


def _with_a_base(listed: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """Participants with a figure the year before the start, which all changes are counted from."""
    base = told.select("region_code", (pl.col("year") + 1).alias("first_year"))
    return listed.join(base, on=["region_code", "first_year"], how="semi")
