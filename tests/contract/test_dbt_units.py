"""dbt's unit tests of staging, core and marts: they hold, and each fails when its rule is taken out of the SQL.

Here belongs running them on a build without figures. Not here: the tests themselves, which stand beside the models
(``dbt/models/*/_unit_tests.yml``). They are about arithmetic and not about tonight's figures, so they run here and
not by night.
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

RESULTS, COMPONENTS = "models/marts/indicator_results.sql", "models/marts/indicator_components.sql"
STAGE, STATUS, ARITHMETIC = "macros/stage_table.sql", "macros/status.sql", "macros/arithmetic.sql"
NAMES_OF_REGIONS, REGION_NAMES = "macros/names.sql", "models/core/region_names.sql"
OBSERVATIONS, POPULATION = "models/core/observations.sql", "models/core/population.sql"

WITHOUT_RULE: dict[str, tuple[str, str, str]] = {
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
    "growth_is_refused_over_a_break_and_where_the_area_changed": (
        RESULTS,
        "with_history.comparable_with_before and not segments.starts_segment",
        "true",
    ),
    "an_interval_is_wilsons_rounded_outwards": (ARITHMETIC, "+ 1.96 * 1.96 / (2 * {{ n }})", ""),
    "an_interval_contains_the_rounded_value_of_a_large_population": (ARITHMETIC, "(ceil((", "(floor(("),
    "a_series_is_cut_into_segments_at_its_breaks": (RESULTS, "with_history.period >= breaks.at", "false"),
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
    "groups_of_several_dimensions_are_one_category": (STAGE, "|| '|' ||", "|| '/' ||"),
    "an_area_is_summed_only_when_every_municipality_has_a_figure": (
        OBSERVATIONS,
        "case when count(published.value) = any_value(sizes.municipalities) then sum",
        "case when true then sum",
    ),
    "an_area_that_the_table_offers_is_never_summed": (OBSERVATIONS, "where length(region_code) <> 4", "where false"),
    "population_at_year_end_is_told_in_the_codes_of_that_year": (
        "models/core/observations_population.sql",
        "coalesce(renumberings.old_code, population.region_code)",
        "population.region_code",
    ),
    "only_a_code_that_one_code_became_is_a_pure_renumbering": (
        "models/core/renumberings.sql",
        "where counted.successors = 1 and counted.predecessors = 1",
        "",
    ),
    "an_age_band_is_counted_whole_or_not_at_all": (
        POPULATION,
        "case when sum(years.numbers) = any_value(bands.cells) then",
        "case when true then",
    ),
    "the_series_in_todays_municipalities_serves_where_no_reform_came_after": (
        POPULATION,
        "changes.region_code = today.region_code",
        "false",
    ),
    "a_region_is_compared_with_the_year_before_only_where_its_area_is_the_same": (
        "models/core/continuity.sql",
        "crossed.county_code is null",
        "true",
    ),
    "a_change_of_name_alone_touches_no_area": (
        "models/core/area_changes.sql",
        "old_code is distinct from new_code",
        "true",
    ),
    "only_what_is_told_differently_is_remembered_anew": (
        "models/public/indicator_history.sql",
        "or results.value is distinct from last_told.value",
        "or true",
    ),
    "a_revision_has_first_previous_and_present_value": (
        "models/public/indicator_revisions.sql",
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


def test_every_model_that_calculates_has_a_unit_test() -> None:
    tested = {test["model"] for test in TESTS}
    layers = [PROJECT / "models" / "core", PROJECT / "models" / "marts"]
    models = {path.stem for layer in layers for path in layer.glob("*.sql")}
    # These list or stack what they are given; data tests and the pipeline's tests hold them.
    listing = {"observations_published", "periods", "regions_by_year"}
    assert models - tested == listing


def test_every_macro_that_calculates_is_taken_out_once() -> None:
    touched = {name for name, _, _ in WITHOUT_RULE.values()}
    assert {ARITHMETIC, STATUS, STAGE, NAMES_OF_REGIONS} <= touched
