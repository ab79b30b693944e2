"""Effects of programmes: the arithmetic by hand, every refusal once, and what is planted in the demo found again.

Here belongs all of ``k2025_pipeline.effects`` and its limits. Not here: the dbt models that call it.
"""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml

from k2025_pipeline.catalog import CatalogError, load_catalog
from k2025_pipeline.catalog.effects import EffectsFile
from k2025_pipeline.catalog.loader import read_file
from k2025_pipeline.demo import programmes, tables
from k2025_pipeline.demo.users import TABLE_YEARS
from k2025_pipeline.effects import design, estimation, results, wording
from k2025_pipeline.effects.comparison import COMPARISON, match, programme_comparison
from k2025_pipeline.effects.design import NEVER, Refused
from k2025_pipeline.effects.estimation import Estimated
from k2025_pipeline.effects.panel import municipal_panel
from k2025_pipeline.effects.results import EFFECTS, outcomes, programme_effects
from k2025_pipeline.effects.rules import Rules
from k2025_pipeline.settings import PROJECT_ROOT
from k2025_pipeline.warehouse.declared import declared_frame, declared_tables

CATALOG = load_catalog(PROJECT_ROOT / "schemas")
DECLARED = declared_tables(CATALOG)
RULES = Rules.from_frame(declared_frame("effect_rules", DECLARED["effect_rules"]))
INDICATORS = outcomes(declared_frame("indicators", DECLARED["indicators"]))
SHARE = {
    "indicator_id": "KOMP-02",
    "unit": "prosent",
    "decimals": 1,
    "direction": "lower_is_better",
    "unit_of_count": "fte",
}
ONE = pl.DataFrame([SHARE])
Y = pl.col("year")


def told(paths: dict[str, list[float]], first: dict[str, int], begin: int) -> pl.DataFrame:
    """Figures as the estimator takes them."""
    rows = [
        {"region_code": code, "year": begin + place, "first_year": first.get(code, NEVER), "value": value}
        for code, path in paths.items()
        for place, value in enumerate(path)
    ]
    return pl.DataFrame(rows)


class TestEstimator:
    def test_two_groups_by_hand(self) -> None:
        """Three begin in 2021, three never do.

        Changes 2020→2021: begun −3, −1, −2, mean −2; never +1, 0, −1, mean 0. Effect −2 − 0 = −2.
        Squares about the means: 2 and 2. Variance (2/3² + 2/3²) × 6/5 = 8/15, standard error 0.7303; t with 5 degrees
        of freedom is 2.5706, so the interval is −2 ± 1.8773.
        2019 less 2020: begun 1.4, −0.6, 0.4, never 1, −1, 0: 0.4 with variance (2/9 + 2/9) × 6/5 = 8/15.
        2018 less 2020: begun 1.8, 1.8, −1.2, never 1, 1, −2: 0.8 with variance (6/9 + 6/9) × 6/5 = 8/5; the two do not
        covary (1 × 1 − 1 × 1 + 0 × 2 = 0). Wald 0.16 ÷ 8/15 + 0.64 ÷ 8/5 = 0.7; over two F = 0.35, and
        P(F(2, 5) > 0.35) = (1 + 2 × 0.35 / 5)^(−5/2) = 0.7207.
        """
        paths = {
            "a": [21.8, 21.4, 20, 17],
            "b": [21.8, 19.4, 20, 19],
            "c": [18.8, 20.4, 20, 18],
            "d": [11, 11, 10, 11],
            "e": [11, 9, 10, 10],
            "f": [8, 10, 10, 9],
        }
        found = estimation.estimate(told(paths, dict.fromkeys("abc", 2021), 2018), 4)
        overall = found.overall
        assert overall.estimate == pytest.approx(-2)
        assert overall.standard_error == pytest.approx(math.sqrt(8 / 15))
        assert (overall.low, overall.high) == pytest.approx((-3.8773, -0.1227), abs=1e-4)
        events = {event.event_time: event for event in found.events}
        assert {time: event.estimate for time, event in events.items()} == pytest.approx({-3: 0.8, -2: 0.4, 0: -2})
        assert events[-3].standard_error == pytest.approx(math.sqrt(8 / 5))
        assert (found.pretrend.statistic, found.pretrend.df) == (pytest.approx(0.35), 2)
        assert found.pretrend.p_value == pytest.approx(1.14**-2.5)

    def test_staggered_starts_by_hand_and_as_another_library_has_them(self) -> None:
        """Four never begin, four begin in 2021 and two in 2022; means of the five years 2018–2022 below.

        2021: begun in 2021 from 5 to 3, −2. Not yet begun: four never, +1, and two of 2022, +2, mean 4/3.
        Effect −2 − 4/3 = −10/3. 2022: begun in 2021 from 5 to 1, −4; never +2: −6. Begun in 2022 from 9 to 8, −1;
        never +1: −2. Overall (4 × −10/3 + 4 × −6 + 2 × −2) / 10 = −4.1333. First year: (4 × −10/3 + 2 × −2) / 6.

        The package csdid 0.4.3 gives the same effects, and standard errors that are smaller by √(9/10), since it does
        not correct for ten municipalities being few: 0.331914 overall, 0.201801 and 0.141421 by year.
        """
        means = {NEVER: [0, 0, 0, 1, 2], 2021: [5, 5, 5, 3, 1], 2022: [7, 7, 7, 9, 8]}
        spread = [[1, 0, 2, 1, 0], [-1, 0, -2, -1, 0], [0, 1, 0, -1, 2], [0, -1, 0, 1, -2]]
        paths, first = {}, {}
        for start, number in {NEVER: 4, 2021: 4, 2022: 2}.items():
            for place in range(number):
                code = f"{start}-{place}"
                first[code] = start
                paths[code] = [mean + 0.1 * off for mean, off in zip(means[start], spread[place], strict=True)]
        found = estimation._fit(told(paths, first, 2018))
        assert found.overall_att == pytest.approx((4 * -10 / 3 + 4 * -6 + 2 * -2) / 10)
        assert found.overall_se == pytest.approx(0.33191364338735263 * math.sqrt(10 / 9))
        events = found.aggregate("event_study")
        assert events.att[-2:].tolist() == pytest.approx([(4 * -10 / 3 + 2 * -2) / 6, -6])
        assert events.se[-2:].tolist() == pytest.approx([s * math.sqrt(10 / 9) for s in (0.20180088, 0.14142136)])

    def test_figures_without_variation_have_no_uncertainty(self) -> None:
        paths = {code: [1.0, 1, 1, 2] for code in "abcd"}
        with pytest.raises(Refused) as raised:
            estimation.estimate(told(paths, dict.fromkeys("ab", 2021), 2018), 4)
        assert raised.value.code == "no_variation"

    def test_the_library_is_named_with_its_version(self) -> None:
        assert estimation.library().startswith("diff-diff 3.")


def made(
    treated: int = 12,
    controls: int = 30,
    start: int = 2020,
    effect: float = -2.0,
    drift: float = 0.0,
    seed: int = 1,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Participation and panel 2015–2024: a share about 20 with a little chance, and an effect from the start on."""
    random = np.random.default_rng(seed)
    rows = [
        {
            "indicator_id": "KOMP-02",
            "region_code": f"{unit:04d}",
            "period": str(year),
            "value": 20
            + unit % 7
            + random.normal(0, 0.4)
            + (unit < treated) * (effect * (year >= start) + drift * (year - 2015)),
            "series_segment": 1,
            "kostra_group": f"EKG{unit % 3:02d}",
            "population": 5000,
            "source": "demo",
        }
        for unit in range(treated + controls)
        for year in range(2015, 2025)
    ]
    taking_part = [{"programme": "P", "region_code": f"{unit:04d}", "start_year": start} for unit in range(treated)]
    schema = {"programme": pl.String, "region_code": pl.String, "start_year": pl.Int32}
    return pl.DataFrame(taking_part, schema=schema), pl.DataFrame(rows)


def overall(taking_part: pl.DataFrame, panel: pl.DataFrame, **limits: float) -> dict[str, Any]:
    rules = replace(RULES, limits=RULES.limits | limits)
    rows = programme_effects(taking_part, panel, ONE, rules).filter(pl.col("term") == "overall")
    return rows.row(0, named=True)


def without(panel: pl.DataFrame, rows: pl.Expr) -> pl.DataFrame:
    return panel.with_columns(pl.when(rows).then(None).otherwise("value").alias("value"))


PERIOD = pl.col("period").cast(pl.Int32)
UNIT = pl.col("region_code").cast(pl.Int32)


class TestRefusals:
    def test_nothing_is_refused_where_nothing_is_wrong(self) -> None:
        row = overall(*made())
        assert (row["refused"], row["refusal_code"], row["refusal_nb"]) == (False, None, None)
        assert row["interval_low"] < -2 < row["interval_high"]
        assert (row["treated"], row["controls"], row["cohorts"]) == (12, 30, "2020 (12)")

    def refused(self, code: str, says: str, taking_part: pl.DataFrame, panel: pl.DataFrame) -> dict[str, Any]:
        rows = programme_effects(taking_part, panel, ONE, RULES)
        assert rows.height == 1
        row = rows.row(0, named=True)
        assert (row["refused"], row["refusal_code"]) == (True, code)
        assert says in row["refusal_nb"]
        assert row["refusal_en"].startswith("No effect is given: ")
        figures = ("estimate", "standard_error", "interval_low", "p_value", "p_adjusted", "verdict_nb")
        assert [row[name] for name in figures] == [None] * len(figures)
        return row

    def test_few_participants(self) -> None:
        self.refused("few_treated", "9 kommuner kan være med som deltakere, og det trengs minst 10", *made(treated=9))

    def test_participants_that_are_no_municipality_of_today(self) -> None:
        taking_part, panel = made()
        self.refused("few_treated", "0 kommuner", taking_part.with_columns(pl.lit("9999").alias("region_code")), panel)

    def test_few_controls(self) -> None:
        self.refused("few_controls", "19 kommuner uten tiltak har tall nok, og det trengs 20", *made(controls=19))

    def test_all_begin_at_once(self) -> None:
        self.refused("no_controls", "ingen kommune med tall er utenfor", *made(controls=0))

    def test_few_years_before(self) -> None:
        row = self.refused("few_years", "fra 2015 til 2024, og ingen deltaker har minst 3 år før", *made(start=2017))
        assert row["participants"] == 12

    def test_no_year_after(self) -> None:
        self.refused("few_years", "minst 3 år før og 1 fra og med start", *made(start=2025))

    def test_a_break_too_near_the_start(self) -> None:
        taking_part, panel = made(start=2021)
        cut = panel.with_columns((1 + (PERIOD >= 2019)).alias("series_segment"))
        self.refused("break", "serien er brutt (2019)", taking_part, cut)

    def test_missing_figures(self) -> None:
        taking_part, panel = made(treated=20)
        self.refused(
            "missing",
            "7 av 20 deltakere mangler for mange tall, og mer enn 30 % av dem",
            taking_part,
            without(panel, (UNIT < 7) & (PERIOD < 2018)),
        )

    def test_a_missing_year_before_the_start_cannot_be_counted_from(self) -> None:
        taking_part, panel = made(treated=20)
        row = overall(taking_part, without(panel, (UNIT < 4) & (PERIOD == 2019)))
        assert (row["refused"], row["participants"], row["treated"]) == (False, 20, 16)

    def test_figures_that_do_not_vary(self) -> None:
        taking_part, panel = made()
        self.refused("no_variation", "varierer ikke nok", taking_part, panel.with_columns(pl.lit(5.0).alias("value")))

    def test_unlike_trends_before_the_start(self) -> None:
        row = self.refused("pretrend", "annerledes enn andre alt før start (p < 0,001)", *made(drift=-0.8))
        assert row["pretrend_p"] < 0.05
        assert (row["pretrend_df"], row["treated"]) == (3, 12)


class TestDesign:
    def test_a_break_confines_the_window_and_early_cohorts_are_left_out(self) -> None:
        taking_part, panel = made(treated=24, start=2021)
        early = taking_part.with_columns(
            pl.when(pl.col("region_code") < "0012").then(2019).otherwise("start_year").alias("start_year")
        )
        cut = panel.with_columns((1 + (PERIOD >= 2018) + (PERIOD >= 2024)).alias("series_segment"))
        row = overall(early, cut)
        assert (row["first_year"], row["last_year"]) == (2018, 2023)
        assert (row["cohorts"], row["cohorts_left_out"]) == ("2021 (12)", "2019 (12)")

    def test_a_municipality_with_a_break_of_its_own_is_left_out(self) -> None:
        taking_part, panel = made()
        cut = panel.with_columns((1 + ((UNIT == 0) & (PERIOD >= 2018))).alias("series_segment"))
        row = overall(taking_part, cut)
        assert (row["refused"], row["participants"], row["treated"]) == (False, 12, 11)

    def test_participants_of_another_programme_are_no_controls(self) -> None:
        taking_part, panel = made()
        others = pl.DataFrame({"programme": ["Q"] * 5, "region_code": [f"{n:04d}" for n in range(12, 17)]})
        both = pl.concat([taking_part, others.with_columns(pl.lit(2016, pl.Int32).alias("start_year"))])
        assert overall(both, panel)["controls"] == 25

    def test_a_municipality_that_is_listed_twice_begins_once(self) -> None:
        taking_part, panel = made()
        again = pl.concat([taking_part, taking_part.with_columns(pl.lit(2022, pl.Int32).alias("start_year"))])
        assert overall(again, panel)["cohorts"] == "2020 (12)"

    def test_years_beyond_those_that_are_followed_do_not_count(self) -> None:
        taking_part, panel = made(start=2018)
        late = panel.with_columns(
            (pl.col("value") + 50 * ((UNIT < 12) & (PERIOD >= 2023)).cast(pl.Float64)).alias("value")
        )
        assert overall(taking_part, late)["estimate"] == overall(taking_part, panel)["estimate"]
        events = programme_effects(taking_part, late, ONE, RULES)["event_time"].drop_nulls().to_list()
        assert events == [-3, -2, 0, 1, 2, 3, 4]

    def test_a_common_break_is_one_of_half_the_municipalities(self) -> None:
        _, panel = made(treated=0, controls=10)
        cut = panel.with_columns((1 + ((UNIT < 5) & (PERIOD >= 2018)) + ((UNIT < 4) & (PERIOD >= 2020))).alias("cut"))
        years = results.yearly(cut.with_columns(pl.col("cut").alias("series_segment")))
        assert design.common_breaks(years, 0.5) == [2018]


class TestWords:
    EFFECT = Estimated(None, -2.9, 0.36, -3.6, -2.2, 1e-9)

    def test_an_effect_in_the_desired_direction(self) -> None:
        nb, en = wording.verdict(self.EFFECT, "prosent", 1, "lower_is_better", (1e-8, 10), 0.05)
        assert nb == (
            "Utviklingen ble 2,9 prosentpoeng lavere enn hos kommuner som ikke deltok "
            "(95 % intervall −3,6 til −2,2). Det er ønsket retning."
        )
        assert en.endswith(
            "2.9 percentage points lower than in municipalities that did not take part "
            "(95% interval −3.6 to −2.2). That is the desired direction."
        )

    @pytest.mark.parametrize(
        ("sign", "direction", "word"),
        [
            (-1, "lower_is_better", "lavere"),
            (1, "higher_is_better", "høyere"),
            (1, "lower_is_better", "uønsket"),
            (-1, "higher_is_better", "uønsket"),
        ],
    )
    def test_the_direction_decides_what_is_desired(self, sign: int, direction: str, word: str) -> None:
        effect = Estimated(None, 2.0 * sign, 0.3, 2.0 * sign - 0.6, 2.0 * sign + 0.6, 1e-9)
        nb, _ = wording.verdict(effect, "prosent", 1, direction, (1e-9, 1), 0.05)
        assert word in nb
        assert ("uønsket" in nb) == (word == "uønsket")

    def test_no_effect_and_none_after_many_tests(self) -> None:
        none = Estimated(None, 0.4, 0.4, -0.4, 1.2, 0.32)
        nb, en = wording.verdict(none, "prosent", 1, "lower_is_better", (0.5, 10), 0.05)
        assert nb == (
            "Ingen effekt kan skilles fra tilfeldig variasjon. Anslag 0,4 prosentpoeng (95 % intervall −0,4 til 1,2)."
        )
        assert "relations were tested" not in en
        nb, _ = wording.verdict(replace(none, p_value=0.04), "prosent", 1, "lower_is_better", (0.2, 10), 0.05)
        assert "når det regnes med at 10 sammenhenger er prøvd" in nb

    def test_a_narrow_interval_has_one_decimal_more(self) -> None:
        narrow = Estimated(None, 0.012, 0.02, -0.03, 0.06, 0.6)
        nb, _ = wording.verdict(narrow, "prosent", 1, "lower_is_better", (0.6, 1), 0.05)
        assert "0,01 prosentpoeng (95 % intervall −0,03 til 0,06)" in nb

    def test_every_refusal_has_words_in_both_languages(self) -> None:
        assert all(nb.startswith("Effekten er ikke beregnet: ") for nb, _ in wording.REFUSALS.values())
        assert all(en.startswith("No effect is given: ") for _, en in wording.REFUSALS.values())


class TestRows:
    def test_adjustment_for_the_number_of_tests_by_hand(self) -> None:
        """Benjamini and Hochberg: 0.01 × 3/1 = 0.03; 0.03 × 3/2 = 0.045, but not above the next; 0.04 × 3/3 = 0.04."""
        assert results._adjusted([0.04, 0.01, 0.03]) == {
            0.04: (pytest.approx(0.04), 3),
            0.01: (pytest.approx(0.03), 3),
            0.03: (pytest.approx(0.04), 3),
        }

    def test_warnings_are_those_that_concern_the_estimate(self) -> None:
        taking_part, panel = made()
        fte = overall(taking_part, panel)
        assert [part in fte["warnings_nb"] for part in ("gjennomsnittet", "koronapandemien", "større stillinger")] == [
            True,
            True,
            True,
        ]
        earlier = panel.with_columns((PERIOD - 6).cast(pl.String).alias("period"))
        begun = taking_part.with_columns(pl.col("start_year") - 6)
        persons = pl.DataFrame([SHARE | {"unit_of_count": "persons"}])
        rows = programme_effects(begun, earlier, persons, RULES)
        row = rows.row(0, named=True)
        assert "gjennomsnittet" in row["warnings_nb"]
        assert "koronapandemien" not in row["warnings_nb"]
        assert "større stillinger" not in row["warnings_nb"]

    def test_an_indicator_without_figures_is_not_tested(self) -> None:
        taking_part, panel = made()
        two = pl.DataFrame([SHARE, SHARE | {"indicator_id": "KOMP-99"}])
        assert programme_effects(taking_part, panel, two, RULES)["indicator_id"].unique().to_list() == ["KOMP-02"]
        assert set(programme_comparison(taking_part, panel, two, RULES)["indicator_id"]) == {"KOMP-02"}

    def test_outcomes_are_yearly_shares_with_a_desired_direction(self) -> None:
        chosen = INDICATORS["indicator_id"].to_list()
        assert {"KOMP-01", "KOMP-02", "KOMP-03", "KOMP-08", "KVAL-01"} <= set(chosen)
        assert "STAB-01" not in chosen, "a quarterly figure has four of a year"
        assert not {"REKR-01", "REKR-01.GROWTH", "KONT-01", "KOMP-06"} & set(chosen)

    def test_nobody_taking_part_gives_empty_tables_without_reading_heavy_libraries(self) -> None:
        code = (
            "import sys; sys.path.insert(0, 'tests/unit'); import polars as pl\n"
            "from k2025_pipeline.effects import comparison, results\n"
            "from k2025_pipeline.effects.rules import Rules\n"
            "none = pl.DataFrame(schema={'programme': pl.String, 'region_code': pl.String, 'start_year': pl.Int32})\n"
            "panel = pl.DataFrame(schema={'indicator_id': pl.String, 'region_code': pl.String, 'period': pl.String})\n"
            "rules = Rules({}, [])\n"
            "one = results.programme_effects(none, panel, pl.DataFrame(), rules)\n"
            "two = comparison.programme_comparison(none, panel, pl.DataFrame(), rules)\n"
            "assert one.schema == results.EFFECTS and two.schema == comparison.COMPARISON\n"
            "assert one.height == two.height == 0\n"
            "assert not {'diff_diff', 'scipy', 'pandas'} & set(sys.modules), 'a heavy library was read'\n"
        )
        ran = subprocess.run(
            [sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr

    def test_columns_are_those_that_are_documented(self) -> None:
        path = PROJECT_ROOT / "dbt" / "models" / "public" / "_effects.yml"
        models = yaml.safe_load(path.read_text("utf-8"))["models"]
        named = {model["name"]: [column["name"] for column in model["columns"]] for model in models}
        assert named == {"programme_effects": EFFECTS.names(), "programme_comparison": COMPARISON.names()}

    def test_the_panel_has_todays_municipalities_with_their_latest_group_and_size(self) -> None:
        panel = municipal_panel(_figures("0301", "EAK"), _regions(), _participation(("0301", "0301")))
        assert panel.select("region_code", "kostra_group", "population").rows() == [("0301", "EKG13", 700)]

    def test_where_a_participant_was_merged_into_is_neither_participant_nor_control(self) -> None:
        """1246 Fjell took part and became part of 4626; 1507 did and was divided between 1508 and 1580.

        1580 takes part itself, so that it stays.
        """
        participation = _participation(("1246", "4626"), ("1507", "1508+1580"), ("1580", "1580"))
        panel = municipal_panel(_figures("0301", "4626", "1508", "1580"), _regions(), participation)
        assert sorted(panel["region_code"]) == ["0301", "1580"]


def _regions() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "region_code": ["0301", "0301", "EAK", "4626", "1508", "1580"],
            "region_level": ["municipality", "municipality", "country", *["municipality"] * 3],
            "year": ["2025", *["2026"] * 5],
            "kostra_group": ["EKG12", "EKG13", None, "EKG12", "EKG12", "EKG12"],
            "population": [700, None, 5000, 10, 10, 10],
        }
    )


def _figures(*regions: str) -> pl.DataFrame:
    cells = {"period": "2025", "value": 1.0, "series_segment": 1, "source": "ssb", "unit": "prosent"}
    return pl.DataFrame({"indicator_id": "X", "region_code": regions, **cells})


def _participation(*units: tuple[str, str]) -> pl.DataFrame:
    return pl.DataFrame(units, schema=["region_code", "current_unit"], orient="row")


class TestComparison:
    def test_by_hand(self) -> None:
        """One participant of group 1 and one of group 2; three others of group 1 and none of group 2.

        All have 5 000 inhabitants. The participant's mean before is 20, the others' 20, 20.2 and 26; standard
        deviation of the five means 20, 20, 20, 20.2 and 26 is 2.3806, so the distances are 0, 0.08 and 2.52: the first
        two are within half. The participant goes from 20 to 17, −3; the two from 20 to 20.5 and from 20.2 to 19.7: mean
        0. The difference is −3. The other participant has nobody like it.
        """
        after = {"t": 17.0, "u": 18.0, "c": 20.5, "d": 19.7, "e": 25.0}
        before = {"t": 20.0, "u": 20.0, "c": 20.0, "d": 20.2, "e": 26.0}
        rows = [
            {
                "indicator_id": "KOMP-02",
                "region_code": code,
                "period": str(year),
                "value": after[code] if year == 2021 else before[code],
                "series_segment": 1,
                "kostra_group": "EKG02" if code == "u" else "EKG01",
                "population": 5000,
                "source": "demo",
            }
            for code in before
            for year in range(2017, 2022)
        ]
        taking_part = pl.DataFrame({"programme": "P", "region_code": ["t", "u"], "start_year": 2020})
        (row,) = programme_comparison(taking_part, pl.DataFrame(rows), ONE, RULES).rows(named=True)
        assert (row["start_year"], row["years_after"], row["participants"]) == (2020, 1, 2)
        assert (row["matched"], row["unmatched"], row["without_figures"], row["controls"]) == (1, 1, 0, 2)
        assert (row["change"], row["control_change"], row["difference"]) == (-3, 0, -3)
        assert (row["difference_low"], row["difference_high"]) == (None, None)
        assert row["reading_nb"] == (
            "Beskrivende, ikke en effekt: endringen hos 1 av 2 deltakere er −3,0 prosentpoeng fra endringen hos "
            "lignende kommuner."
        )

    def test_the_interval_by_hand(self) -> None:
        """Changes 1, 2 and 3 against −1 and 1, which weigh 2/3 and 1/3.

        Variance 1/3 + 2 × (4/9 + 1/9) = 13/9; t with two degrees of freedom is 4.3027, so half the width is 5.1714.
        """
        from k2025_pipeline.effects.comparison import _half_width

        half = _half_width(np.array([1.0, 2, 3]), np.array([-1.0, 1, 9]), np.array([2 / 3, 1 / 3, 0]))
        assert half == pytest.approx(4.302653 * math.sqrt(13 / 9), abs=1e-5)

    def test_a_municipality_may_be_used_for_several(self) -> None:
        treated = pl.DataFrame({"kostra_group": ["1", "1"], "level": [20.0, 20.1], "size": [8.0, 8.0]})
        others = pl.DataFrame({"kostra_group": ["1", "1"], "level": [20.0, 30.0], "size": [8.0, 8.0]})
        found = match(treated, others, 3, 0.5)
        assert found.weights.tolist() == [[1, 0], [1, 0]]

    def test_a_break_between_the_years_leaves_nobody(self) -> None:
        taking_part, panel = made()
        cut = panel.with_columns((1 + (PERIOD >= 2020)).alias("series_segment"))
        rows = programme_comparison(taking_part, cut, ONE, RULES)
        assert rows["matched"].to_list() == [0, 0, 0]
        assert rows["without_figures"].to_list() == [12, 12, 12]
        assert "ingen av 12 deltakere" in rows["reading_nb"][0]

    def test_a_made_effect_is_seen_in_each_of_the_years(self) -> None:
        rows = programme_comparison(*made(), ONE, RULES)
        assert rows["years_after"].to_list() == [1, 2, 3]
        assert rows.filter((pl.col("difference_low") < -2) & (pl.col("difference_high") > -2)).height == 3


Shares = dict[str, np.ndarray]


class TestPlanted:
    @pytest.fixture(scope="class")
    def worlds(self) -> tuple[np.ndarray, Shares, Shares]:
        """Today's codes, and KOMP-02, KOMP-03 and KOMP-08 of each in the world with and the one without the effect."""
        found = []
        for with_programmes in (True, False):
            world = tables.build("revised", with_programmes)
            codes, owner = np.unique(world.geography.current, return_inverse=True)
            fte = np.zeros((len(codes), len(TABLE_YEARS), 12))
            np.add.at(fte, owner, world.resources.education)
            total, service = fte.sum(axis=2), fte[..., 11]
            found.append(
                {
                    "KOMP-02": 100 * fte[..., 10] / (total - service),
                    "KOMP-03": 100 * fte[..., 2] / total,
                    "KOMP-08": 100 * fte[..., 1] / total,
                }
            )
        return codes, found[0], found[1]

    @staticmethod
    def panel(codes: np.ndarray, shares: Shares, segment: pl.Expr) -> pl.DataFrame:
        years = [str(year) for year in TABLE_YEARS]
        frames = [
            pl.DataFrame(
                {
                    "indicator_id": indicator,
                    "region_code": np.repeat(codes, len(years)),
                    "period": years * len(codes),
                    "value": np.round(values.ravel(), 1),
                }
            )
            for indicator, values in shares.items()
        ]
        return pl.concat(frames).with_columns(
            segment.cast(pl.Int32).alias("series_segment"), pl.lit("demo").alias("source")
        )

    TAKING_PART = pl.DataFrame([vars(one) for one in programmes.participants()])
    CHOSEN = INDICATORS.filter(pl.col("indicator_id").is_in(["KOMP-02", "KOMP-03", "KOMP-08"]))

    @pytest.mark.parametrize(
        ("segment", "years"),
        [
            pytest.param(pl.lit(1), (2019, 2025), id="one series"),
            pytest.param(1 + (PERIOD >= 2018) + (PERIOD >= 2024), (2021, 2023), id="cut as the real one"),
        ],
    )
    def test_what_is_planted_is_found_and_nothing_else(
        self, worlds: tuple[np.ndarray, Shares, Shares], segment: pl.Expr, years: tuple[int, int]
    ) -> None:
        codes, with_it, without_it = worlds
        found = programme_effects(self.TAKING_PART, self.panel(codes, with_it, segment), self.CHOSEN, RULES)
        rows = found.filter(pl.col("term") == "overall").rows(named=True)
        assert len(rows) == 6
        for row in rows:
            indicator, programme = row["indicator_id"], row["programme"]
            truth = programmes.truth(programme, with_it[indicator], without_it[indicator], codes, years, 4).overall
            planted = programme == programmes.WITH_EFFECT and indicator != "KOMP-08"
            assert (abs(truth) > 1.5) == planted
            assert planted or abs(truth) < 0.01
            assert row["interval_low"] <= truth <= row["interval_high"]
            assert ("retning" in row["verdict_nb"]) == planted

    def test_the_planted_effect_grows_by_phases(self, worlds: tuple[np.ndarray, Shares, Shares]) -> None:
        codes, with_it, without_it = worlds
        truth = programmes.truth(
            programmes.WITH_EFFECT, with_it["KOMP-02"], without_it["KOMP-02"], codes, (2019, 2025), 4
        )
        found = programme_effects(self.TAKING_PART, self.panel(codes, with_it, pl.lit(1)), self.CHOSEN, RULES)
        events = found.filter(
            pl.col("indicator_id") == "KOMP-02",
            pl.col("programme") == programmes.WITH_EFFECT,
            pl.col("event_time") >= 0,
        ).rows(named=True)
        assert {row["event_time"] for row in events} == set(truth.by_event) == {0, 1, 2, 3, 4}
        for row in events:
            assert abs(row["estimate"] - truth.by_event[row["event_time"]]) < 3 * row["standard_error"]

    def test_draws_without_an_effect_seldom_show_one(self, worlds: tuple[np.ndarray, Shares, Shares]) -> None:
        """Of 40 intervals of 95 per cent about two miss; more than seven would be once in seven hundred times.

        Not the figures that the example was chosen by: other municipalities, in the world without an effect.
        """
        codes, _, without_it = worlds
        panel = self.panel(codes, {"KOMP-02": without_it["KOMP-02"]}, pl.lit(1))
        years = results.yearly(panel)
        missed = 0
        for seed in range(40):
            drawn = np.random.default_rng(seed).permutation(codes)[:45].tolist()
            taking_part = pl.DataFrame({"programme": "P", "region_code": drawn, "start_year": [2019, 2021, 2022] * 15})
            chosen = design.design(years, taking_part, "P", RULES)
            effect = estimation.estimate(chosen.data, 4).overall
            missed += not effect.low <= 0 <= effect.high
        assert 0 < missed <= 7


class TestLimits:
    def broken(self, tmp_path: Path, change: Any) -> str:
        content = yaml.safe_load((PROJECT_ROOT / "schemas" / "effects.yml").read_text("utf-8"))
        change(content)
        path = tmp_path / "effects.yml"
        path.write_text(yaml.safe_dump(content), "utf-8")
        with pytest.raises(CatalogError) as raised:
            read_file(path, EffectsFile)
        return str(raised.value)

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            (lambda c: c["limits"].pop(0), "say the limit treated_at_least"),
            (lambda c: c["limits"].append(c["limits"][0]), "a limit stands twice: 'treated_at_least'"),
            (lambda c: c["limits"][0].update(value=1), "treated_at_least: must be a whole number of at least 2"),
            (lambda c: c["limits"][2].update(value=2), "years_before_at_least: must be a whole number of at least 3"),
            (lambda c: c["limits"][3].update(value=1.5), "years_after_at_least: must be a whole number of at least 1"),
            (lambda c: c["limits"][5].update(value=1), "missing_at_most: is a share and must be below 1"),
            (lambda c: c["limits"][8].update(value=0), "greater than 0"),
            (lambda c: c["limits"][0].update(id="taste"), "Input should be"),
            (lambda c: c["warnings"].append(c["warnings"][0]), "a warning stands twice"),
        ],
    )
    def test_limits_that_cannot_be_meant_are_refused(self, tmp_path: Path, change: Any, says: str) -> None:
        assert says in self.broken(tmp_path, change)

    def test_every_limit_is_asked_for(self) -> None:
        sources = [path.read_text("utf-8") for path in (PROJECT_ROOT / "k2025_pipeline" / "effects").glob("*.py")]
        assert [limit for limit in RULES.limits if not any(f'"{limit}"' in text for text in sources)] == []
