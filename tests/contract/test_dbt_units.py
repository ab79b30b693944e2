"""dbt's unit tests: they hold, and each fails when its rule is taken out of the SQL.

Here belongs running them on a build without figures. Not here: the tests themselves, which stand beside the models
(``dbt/models/*/_unit_tests.yml``), and models in Python, which dbt cannot test so (``tests/unit/test_region_history``).
They are about arithmetic and not about tonight's figures, so they run here and not by night.
"""

from __future__ import annotations

import shutil
from typing import Any

import pytest
import yaml

from dbt_runs import PROJECT, EmptyBuild, run_dbt
from k2025_pipeline.lake.home import Home

FILES = sorted((PROJECT / "models").glob("*/_*.yml"))
TESTS = [test for path in FILES for test in yaml.safe_load(path.read_text("utf-8")).get("unit_tests", [])]
NAMES = [test["name"] for test in TESTS]

CORE, MARTS, PUBLIC = "models/core", "models/marts", "models/public"
RESULTS, COMPONENTS = f"{MARTS}/indicator_results.sql", f"{MARTS}/indicator_components.sql"
RECONCILIATIONS = f"{MARTS}/reconciliations.sql"
SEGMENTS, COMPARISONS = f"{MARTS}/series_segments.sql", f"{MARTS}/comparisons.sql"
PEER_STATISTICS = f"{MARTS}/peer_statistics.sql"
FUNNEL, ROLLING, RECOVERABLE = (f"{MARTS}/{name}.sql" for name in ("funnel_limits", "rolling", "recoverable_cells"))
GAPS, STAFF_CHANGES, TREND = f"{MARTS}/gaps.sql", f"{MARTS}/staff_changes.sql", f"{PUBLIC}/indicator_trend.sql"
ANSWERS = "macros/answers.sql"
STAGE, STATUS, ARITHMETIC = "macros/stage_table.sql", "macros/status.sql", "macros/arithmetic.sql"
NAMES_OF_REGIONS, LEVELS_OF_REGIONS = "macros/names.sql", "macros/regions.sql"
REGION_NAMES, REGIONS_BY_YEAR = f"{CORE}/region_names.sql", f"{CORE}/regions_by_year.sql"
OBSERVATIONS, POPULATION = f"{CORE}/observations.sql", f"{CORE}/population.sql"
AREA_MEMBERS = f"{CORE}/area_members.sql"

WITHOUT_RULE: dict[str, tuple[str, str, str]] = {
    "revised_figures_are_counted_among_those_told": (
        f"{PUBLIC}/data_quality.sql",
        "count(value) as told",
        "count(*) as told",
    ),
    "coverage_counts_municipalities_with_a_figure_among_those_that_existed": (
        f"{MARTS}/quality_coverage.sql",
        "count(results.value) as numerator",
        "count(*) as numerator",
    ),
    "a_cell_that_cannot_be_is_not_among_those_that_could": (
        f"{MARTS}/quality_missing.sql",
        "count(*) filter (where obs_status <> 'L') as possible",
        "count(*) as possible",
    ),
    "a_total_is_held_against_its_parts_where_all_of_them_are_told": (
        f"{MARTS}/held_sums.sql",
        "    having count(parts.value) = any_value(sizes.parts)\n",
        "",
    ),
    "a_sum_must_hold_in_a_municipality_and_where_the_source_sums": (
        f"{MARTS}/held_sums.sql",
        " or {{ region_level('whole.region_code') }} = 'municipality'",
        "",
    ),
    "sums_that_differ_by_more_than_rounding_are_counted": (
        f"{MARTS}/quality_sums.sql",
        "> tolerance + 1e-6",
        "> 0",
    ),
    "printed_figures_that_differ_without_a_reason_are_counted": (
        f"{MARTS}/quality_reconciled.sql",
        "case when held.kind = 'bound' and held.verdict <> 'differs' then 0 else abs(held.difference) end",
        "abs(held.difference)",
    ),
    "lateness_is_told_in_days_for_each_table_and_light": (
        f"{PUBLIC}/data_quality.sql",
        "        days as exact_value,",
        "        1 as exact_value,",
    ),
    "the_quality_of_a_night_is_made_of_sums_beside_earlier_nights": (
        f"{PUBLIC}/data_quality_nights.sql",
        "factor * sum(numerator) / sum(denominator)",
        "avg(value)",
    ),
    "the_need_follows_the_projected_persons_of_80_and_older": (
        f"{MARTS}/needed_staff.sql",
        "present.fte * projected.persons / nullif(present.persons, 0) as fte_needed",
        "present.fte as fte_needed",
    ),
    "the_growth_that_the_plan_names_is_spread_evenly_over_its_years": (
        f"{MARTS}/need_results.sql",
        "(cast(counted.period as integer) - needs.base_number)",
        "1",
    ),
    "a_ratio_is_rounded_half_away_from_zero": (
        ARITHMETIC,
        "round({{ value }} + sign({{ value }}) * 1e-9, {{ decimals }})",
        "round_even({{ value }}, {{ decimals }})",
    ),
    "a_ratio_over_nothing_does_not_exist": (RESULTS, "nullif(denominator, 0)", "greatest(denominator, 1)"),
    "a_ratio_says_why_it_is_missing_and_hidden_outweighs_missing": (
        RESULTS,
        "when 'C' in (first_status, second_status) then 'C'",
        "",
    ),
    "a_ratio_of_a_provisional_or_summed_part_says_so": (
        RESULTS,
        "when exact_value is not null and 'P' in (first_status, second_status) then 'P'",
        "",
    ),
    "a_published_figure_is_kept_as_the_source_gives_it": (
        RESULTS,
        "when 'published' then published\n",
        "when 'published' then numerator / denominator\n",
    ),
    "growth_is_told_only_within_a_segment_of_the_series": (
        RESULTS,
        "earlier.series_segment = sides.series_segment",
        "earlier.series_segment is not null",
    ),
    "a_figure_that_is_generated_in_part_is_generated": (
        RESULTS,
        "when bool_or(source = 'demo') then 'demo'",
        "when false then 'demo'",
    ),
    "a_published_figure_is_judged_by_its_own_rounding": (
        RECONCILIATIONS,
        "when abs(difference) <= rounding then 'within_rounding'",
        "",
    ),
    "a_bound_is_judged_by_its_side": (
        RECONCILIATIONS,
        "when 'lower' then difference >= 0 else difference <= 0 end",
        "when 'lower' then true else true end",
    ),
    "a_figure_generated_without_regard_to_a_published_one_is_not_judged_by_it": (
        RECONCILIATIONS,
        "when source = 'demo' and demo_ignores then 'generated'",
        "",
    ),
    "a_figure_is_held_against_the_part_that_it_counts": (
        RECONCILIATIONS,
        "when 'numerator' then told.numerator",
        "when 'numerator' then told.value",
    ),
    "a_verdict_says_what_it_rests_on": (
        f"{PUBLIC}/reconciliation.sql",
        "when verdict = 'same' and source = 'document'",
        "when verdict = 'same' and source = 'nobody'",
    ),
    "an_interval_is_wilsons_rounded_outwards": (ARITHMETIC, "+ 1.96 * 1.96 / (2 * {{ n }})", ""),
    "an_interval_contains_the_rounded_value_of_a_large_population": (ARITHMETIC, "(ceil((", "(floor(("),
    "an_interval_on_ftes_is_marked_as_an_approximation": (ARITHMETIC, "in ('wilson', 'wilson_fte')", "= 'wilson'"),
    "a_denominator_below_the_smallest_is_marked": (RESULTS, "denominator < min_denominator", "false"),
    "a_rate_is_bounded_as_byar_does": (ARITHMETIC, "pow(1 - 1 / (9 * {{ events }})", "pow(1"),
    "an_interval_that_the_published_value_lies_outside_is_none": (
        RESULTS,
        "coalesce(exact_value between low and high, false)",
        "low is not null",
    ),
    "counts_beside_a_hidden_share_are_not_told": (
        RESULTS,
        "'C' in (published_status, numerator_status, denominator_status)",
        "false",
    ),
    "growth_over_five_years_may_be_told_by_year": (RESULTS, "case when annualised then 1 / years else 1 end", "1"),
    "a_quarter_is_held_against_the_same_one_of_the_year_before": (
        "macros/periods.sql",
        " || substr({{ period }}, 5)",
        "",
    ),
    "a_term_counts_in_the_years_in_which_it_is_valid": (
        COMPONENTS,
        "        and left(observations.period, 4) between terms.valid_from and terms.valid_to\n",
        "",
    ),
    "funnel_limits_hold_chance_and_the_spread_between_municipalities": (
        FUNNEL,
        "sqrt(residuals.variance + estimated.variance_between) as spread",
        "sqrt(residuals.variance) as spread",
    ),
    "the_outermost_are_drawn_in_before_the_spread_is_estimated": (
        FUNNEL,
        "least(greatest(residuals.residual, ends.lowest), ends.highest)",
        "residuals.residual",
    ),
    "limits_of_a_rate_have_the_variance_of_events": (
        FUNNEL,
        "when figures.interval_method = 'byar' then baselines.baseline",
        "when false then baselines.baseline",
    ),
    "a_group_of_too_few_or_without_variation_has_no_limits": (
        FUNNEL,
        "when baselines.units < rules.units_from then 'few_units'",
        "",
    ),
    "funnel_limits_are_those_of_a_published_example": (ARITHMETIC, "' * ' ~ spread", "' * 2 * ' ~ spread"),
    "a_judgement_is_told_in_words": (
        f"{PUBLIC}/indicator_funnel.sql",
        "when limits.judgement = 'within' then 'Innenfor",
        "when false then 'Innenfor",
    ),
    "three_years_are_one_figure_within_a_segment_of_the_series": (
        ROLLING,
        "and last_year.series_segment = first_year.series_segment",
        "",
    ),
    "a_hidden_or_missing_year_leaves_no_sum": (
        ROLLING,
        "case when summed.years_used = 3 then summed.numerator end",
        "summed.numerator",
    ),
    "a_hidden_municipality_lies_open_where_all_others_and_the_whole_are_told": (
        RECOVERABLE,
        "whole.obs_status = 'D' and triangles.kind = 'region'",
        "false",
    ),
    "a_hidden_category_lies_open_where_all_others_and_the_total_are_told": (
        RECOVERABLE,
        "where counts.structure = 'as_published'",
        "",
    ),
    "a_hidden_share_lies_open_beside_its_counts": (
        RECOVERABLE,
        "numerator is not null and denominator is not null",
        "true",
    ),
    "a_hidden_year_lies_open_in_a_sum_of_years": (RECOVERABLE, "windows.numerator is not null and ", ""),
    "a_series_is_cut_at_the_breaks_of_its_indicator": (
        SEGMENTS,
        "and {{ break_concerns('breaks', 'series') }}",
        "",
    ),
    "a_series_is_cut_where_its_code_stands_for_another_area": (SEGMENTS, "+ coalesce(other_areas.changes, 0)", ""),
    "oslo_is_no_part_of_the_country_without_oslo": (
        LEVELS_OF_REGIONS,
        "({{ comparator }} = 'country_without_oslo' and left({{ code }}, 2) = '03')",
        "false",
    ),
    "a_small_group_is_told_without_each_of_its_municipalities": (
        PEER_STATISTICS,
        "and told.region_code <> groups.region_code",
        "",
    ),
    "a_sum_stands_for_a_group_only_where_nearly_all_have_figures": (
        PEER_STATISTICS,
        "limits.weighted_from * seen_by.municipalities",
        "0",
    ),
    "a_large_group_is_told_once_and_says_how_many_have_no_figure": (
        PEER_STATISTICS,
        "any_value(seen_by.municipalities) - count(seen_by.value)",
        "count(*) - count(seen_by.value)",
    ),
    "a_municipality_is_held_against_the_others_of_a_small_group_weighed": (
        COMPARISONS,
        "when own.method in ('published', 'growth') or peers.left_out is null then areas.value",
        "when true then areas.value",
    ),
    "the_country_is_told_by_the_sources_own_figure": (COMPARISONS, "when area_value is not null then area_value", ""),
    "an_amount_is_told_beside_the_median_alone": (COMPARISONS, "when method = 'amount' then null", ""),
    "the_difference_of_two_shares_is_bounded_as_newcombe_does": (
        ARITHMETIC,
        " + pow(other_share - {{ other }}, 2)",
        "",
    ),
    "a_municipality_is_taken_out_of_a_whole_that_holds_it": (
        COMPARISONS,
        "whole_numerator - case when is_part_of_it then numerator else 0 end",
        "whole_numerator",
    ),
    "a_municipality_is_held_against_its_own_year_before_within_a_segment": (
        COMPARISONS,
        "and own.series_segment = earlier.series_segment",
        "",
    ),
    "a_side_is_the_signed_sum_of_its_terms_or_nothing": (COMPONENTS, "terms.sign * ", ""),
    "a_symbol_becomes_a_status_and_never_a_zero": (STATUS, "when {{ symbol }} = ':' then 'C'", ""),
    "a_zero_that_means_missing_is_missing_and_keeps_its_edition": (
        STAGE,
        "when zero_is_missing then null ",
        "when false then 1 ",
    ),
    "the_newest_year_before_june_is_unrevised_and_provisional": (
        STATUS,
        "< '{{ revised_on }}' then 'unrevised'",
        "< '00-00' then 'unrevised'",
    ),
    "region_codes_are_conformed_to_those_of_kostra": (STAGE, "= '0' then 'EAK'", "= '0' then '0'"),
    "a_quarter_is_named_as_in_sdmx": (STAGE, "'K', 'Q')", "'K', 'K')"),
    "a_month_is_named_as_in_sdmx": (STAGE, "'M', '-')", "'M', 'M')"),
    "groups_of_several_dimensions_are_one_category": (STAGE, "|| '|' ||", "|| '/' ||"),
    "an_area_is_summed_only_when_every_municipality_has_a_figure": (
        OBSERVATIONS,
        "case when count(published.value) = any_value(sizes.municipalities) then {{ summed",
        "case when true then {{ summed",
    ),
    "an_area_that_the_table_offers_is_never_summed": (OBSERVATIONS, "where length(region_code) <> 4", "where false"),
    "todays_municipality_is_the_sum_of_those_that_became_it": (
        OBSERVATIONS,
        "and (members.structure = 'current' or length(members.area_code) <> 4)",
        "and length(members.area_code) <> 4",
    ),
    "a_figure_carries_over_from_a_published_code_of_the_same_area": (OBSERVATIONS, "same.region_code is null", "true"),
    "a_quarter_is_told_in_the_codes_of_its_year": (
        OBSERVATIONS,
        "left(as_published.period, 4) = same.year",
        "as_published.period = same.year",
    ),
    "municipalities_are_counted_in_the_years_of_their_codes": (
        f"{CORE}/observations_regions.sql",
        "region_level = 'municipality' and ",
        "",
    ),
    "a_printed_figure_of_a_year_before_all_sources_is_left_out": (
        f"{CORE}/observations_documented.sql",
        "where period in (select periods.period from {{ ref('periods') }} as periods)",
        "",
    ),
    "a_year_end_in_todays_structure_is_the_next_day_in_it": (
        OBSERVATIONS,
        "where not (table_id = '07459' and measure = 'persons_year_end')",
        "",
    ),
    "population_at_year_end_is_told_in_the_codes_of_that_year": (
        f"{CORE}/observations_population.sql",
        "areas.codes_inside = sizes.codes_before and ",
        "",
    ),
    "a_figure_laid_down_by_a_user_has_the_shape_of_the_published_and_missing_is_no_zero": (
        f"{CORE}/observations_uploaded.sql",
        "education || '|' || absence_type",
        "education",
    ),
    "who_takes_part_is_a_row_with_its_end_and_its_amount_and_a_grant_is_one_by_year": (
        f"{CORE}/programme_participation.sql",
        "any_value(coalesce(remark, note))",
        "any_value(note)",
    ),
    "an_age_band_is_counted_whole_or_not_at_all": (
        POPULATION,
        "case when sum(years.numbers) = any_value(bands.cells) then",
        "case when true then",
    ),
    "a_projected_band_has_every_age_and_both_sexes": (
        f"{CORE}/projections.sql",
        "case when count(projected.value) = any_value(bands.cells) then",
        "case when true then",
    ),
    "the_series_in_todays_municipalities_serves_codes_of_the_same_area": (POPULATION, " and links.same_area", ""),
    "another_area_under_the_same_code_is_a_change": (
        f"{CORE}/area_changes.sql",
        " and (before.step <> after.step or before.codes > 2)",
        "",
    ),
    "a_region_consists_of_the_municipalities_that_it_had_that_year": (
        AREA_MEMBERS,
        "case when county_code <> 'EKA03' then 'EAKUO' end",
        "'EAKUO'",
    ),
    "todays_region_has_members_only_in_years_when_they_cover_exactly_its_area": (
        AREA_MEMBERS,
        "bool_and(covered.is_inside) and ",
        "",
    ),
    "a_published_code_serves_where_its_municipalities_are_those_of_todays_region": (
        f"{CORE}/same_areas.sql",
        " and today.kind = published.kind",
        "",
    ),
    "todays_regions_are_those_of_the_latest_year_and_what_only_together_has_a_past": (
        f"{CORE}/current_regions.sql",
        "where listed.valid_to is null",
        "",
    ),
    "a_municipality_is_compared_with_the_groups_of_the_year_and_with_todays": (
        f"{CORE}/comparator_groups.sql",
        "max_by(name, valid_from)",
        "min_by(name, valid_from)",
    ),
    "two_municipalities_of_one_name_carry_their_county": (REGIONS_BY_YEAR, "when not has_namesake or", "when true or"),
    "a_region_of_quarterly_figures_is_one_of_their_year": (
        REGIONS_BY_YEAR,
        "left(observations.period, 4) = listed.year",
        "observations.period = listed.year",
    ),
    "a_municipality_is_of_the_size_class_of_its_population": (REGIONS_BY_YEAR, ">= sizes.at_least", "> sizes.at_least"),
    "a_region_that_cannot_be_made_does_not_exist_and_a_lacking_figure_is_missing": (
        f"{PUBLIC}/indicator_values.sql",
        "when can_be_made.region_code is null then 'L'",
        "",
    ),
    "a_code_is_told_with_todays_regions_of_its_area": (
        f"{PUBLIC}/region_history.sql",
        "codes.same_area as",
        "codes.counts_add_up as",
    ),
    "every_cut_of_a_series_has_its_reason": (
        f"{PUBLIC}/series_breaks.sql",
        "cuts.segment_before > coalesce(told.breaks, 0)",
        "cuts.segment_before > 0",
    ),
    "only_what_is_told_differently_is_remembered_anew": (
        f"{PUBLIC}/indicator_history.sql",
        "or results.value is distinct from last_told.value",
        "or true",
    ),
    "a_revision_has_first_previous_and_present_value": (
        f"{PUBLIC}/indicator_revisions.sql",
        "where told_no > 1 and value is distinct from value_before",
        "where told_no > 1",
    ),
    "a_name_in_decomposed_letters_becomes_composed": (REGION_NAMES, "trim(nfc_normalize(name))", "trim(name)"),
    "a_name_of_three_parts_is_told_in_each_language": (REGION_NAMES, "order by place) filter", "order by part) filter"),
    "a_county_in_brackets_is_no_part_of_the_norwegian_name": (NAMES_OF_REGIONS, r"'\s*\([^()]*\)'", "'^$'"),
    "a_name_of_one_part_is_norwegian_and_one_without_norwegian_stands_whole": (
        REGION_NAMES,
        "coalesce(in_norwegian, official_name)",
        "in_norwegian",
    ),
    "a_name_in_ascii_has_one_letter_for_each_but_ae": (NAMES_OF_REGIONS, "'øØđĐŋŊŧŦ–', 'oOdDnNtT-'", "'–', '-'"),
    "todays_municipalities_have_a_year_though_no_figure_reaches_it": (
        "models/core/periods.sql",
        "today.year_number > (",
        "today.year_number < (",
    ),
    "a_gap_is_told_in_points_and_as_fte_that_must_qualify": (
        GAPS,
        "-better * exact_gap / multiplier * denominator",
        "exact_gap / multiplier * denominator",
    ),
    "the_best_quartile_is_on_the_better_side": (
        GAPS,
        "when 1 then compared.quartile_high when -1 then compared.quartile_low",
        "when 1 then compared.quartile_low when -1 then compared.quartile_high",
    ),
    "years_to_the_reference_follow_from_the_pace_and_its_bounds": (
        ARITHMETIC,
        "when 3 then 3.1824463",
        "when 3 then 1.96",
    ),
    "no_pace_is_told_across_a_break": (GAPS, "region_code, series_segment, part_of_year", "region_code, part_of_year"),
    "a_gap_in_fte_is_an_indicator_of_its_own_and_nought_once_reached": (
        f"{MARTS}/modelled_results.sql",
        "when gaps.exact_gap_fte <= 0 then 0",
        "else gaps.exact_gap_fte",
    ),
    "figures_of_a_model_are_not_calculated_beside_it": (RESULTS, "and definitions.method <> 'model'", ""),
    "a_models_series_begins_where_a_published_rate_does": (
        SEGMENTS,
        "series.method in ('published', 'model')",
        "series.method in ('published')",
    ),
    "fte_are_taken_apart_into_persons_and_position_size": (STAFF_CHANGES, ") / 2 as exact_part", ") as exact_part"),
    "a_share_is_taken_apart_into_composition_and_position_size": (
        STAFF_CHANGES,
        "round(total_change - first_part, decimals)",
        "round(exact_change - exact_part, decimals)",
    ),
    "nothing_is_taken_apart_where_a_group_has_no_figure_or_a_series_is_cut": (
        STAFF_CHANGES,
        "where pairs.complete and pairs.complete_before",
        "where true",
    ),
    "mean_hours_make_position_sizes_and_quarters_are_held_against_the_same_quarter": (
        STAFF_CHANGES,
        "persons.value * volumes.value / groups.full_position",
        "persons.value * volumes.value",
    ),
    "a_change_of_a_share_is_bounded_as_newcombe_does_and_judged_by_direction": (
        TREND,
        "(change > 0) = (direction = 'higher_is_better')",
        "change > 0",
    ),
    "no_trend_is_told_across_a_break_or_from_a_missing_figure": (
        TREND,
        "earlier.value is not null and not crosses_break as",
        "earlier.value is not null as",
    ),
    "an_amount_changes_in_its_unit_and_in_per_cent_against_the_same_quarter": (
        TREND,
        "may_be_compared and method <> 'model' and unit <> 'prosent' and value_from > 0",
        "may_be_compared and method <> 'model' and unit <> 'prosent'",
    ),
    "a_gap_is_told_in_percentage_points_for_shares_alone": (
        f"{PUBLIC}/indicator_gap.sql",
        "case when gaps.unit = 'prosent' then gaps.gap end as gap_pp",
        "gaps.gap as gap_pp",
    ),
    "each_part_of_a_change_is_told_in_words": (ANSWERS, "and part > 0 then 'Flere ' ||", "then 'Flere ' ||"),
}
"""For each unit test: a file, the words that state its rule, and what stands there without it."""


def _by_test(results: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {uid.rsplit(".", 1)[1]: result for uid, result in results.items() if uid.startswith("unit_test.")}


@pytest.fixture(scope="module")
def without_rules(empty_build: EmptyBuild, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Results of the unit tests on a project from which every rule was taken out."""
    folder = tmp_path_factory.mktemp("without_rules")
    project = folder / "dbt"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    for name, words, instead in WITHOUT_RULE.values():
        path = project / name
        text = path.read_text("utf-8")
        assert words in text, f"{name} no longer says «{words}»"
        path.write_text(text.replace(words, instead), "utf-8")
    home = empty_build.copy_to(Home(folder / "home"))
    return _by_test(run_dbt(home, "test", "--select", "test_type:unit", project=project))


def test_a_home_without_any_table_builds(empty_build: EmptyBuild) -> None:
    failed = {uid: r["message"] for uid, r in empty_build.results.items() if r["status"] not in ("pass", "success")}
    assert failed == {}


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_of_the_sql_holds(empty_build: EmptyBuild, name: str) -> None:
    result = _by_test(empty_build.results)[name]
    assert result["status"] == "pass", result["message"]


@pytest.mark.parametrize("name", NAMES)
def test_a_unit_test_fails_when_its_rule_is_gone(without_rules: dict[str, dict[str, Any]], name: str) -> None:
    assert name in WITHOUT_RULE, "say which words of the SQL state this rule"
    assert without_rules[name]["status"] == "fail", without_rules[name]["message"]


def test_every_model_in_sql_that_calculates_has_a_unit_test() -> None:
    tested = {test["model"] for test in TESTS}
    models = {path.stem for layer in (CORE, MARTS, PUBLIC) for path in (PROJECT / layer).glob("*.sql")}
    # These list or stack what they are given; data tests, expectations and the pipeline's tests hold them.
    stacked = {"observations_published", "region_years", "indicator_comparison", "indicator_rolling", "regions"}
    stacked |= {"need_and_supply", "programme_comparison", "programme_effects", "check_results"}
    declared = {"breaks", "changes", "indicators", "measure_indicators", "measures", "reference_values"}
    assert models - tested == stacked | declared | {"source_tables", "source_vintages"}


def test_every_macro_that_calculates_is_taken_out_once() -> None:
    touched = {name for name, _, _ in WITHOUT_RULE.values()}
    assert {ARITHMETIC, STATUS, STAGE, NAMES_OF_REGIONS, LEVELS_OF_REGIONS} <= touched


def test_no_rule_is_taken_out_for_a_test_that_is_gone() -> None:
    assert set(WITHOUT_RULE) == set(NAMES)
