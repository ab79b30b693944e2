"""The pages of `docs/indicators`: written from the records as they are now, one for each, and drawn without the net.

Belongs here: the text and the form of the charts. Not here: the figures in them.
"""

from pathlib import Path

import duckdb
import pytest

from k2025_pipeline.catalog import Catalog, load_catalog
from k2025_pipeline.settings import PROJECT_ROOT
from k2025_pipeline.warehouse import charts, pages

FOLDER = PROJECT_ROOT / "docs" / "indicators"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(PROJECT_ROOT / "schemas")


@pytest.fixture(scope="module")
def written(catalog: Catalog) -> dict[str, str]:
    return pages.pages(catalog, {path.stem for path in FOLDER.glob("*.svg")})


def test_the_pages_are_those_of_the_records(written: dict[str, str]) -> None:
    found = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.md")}
    assert set(found) == set(written), "run `make pages`"
    assert [name for name in written if found[name] != written[name]] == [], "run `make pages`"


def test_there_is_one_for_each_indicator_and_an_index(written: dict[str, str], catalog: Catalog) -> None:
    assert set(written) == {"README.md", *(f"{indicator}.md" for indicator in catalog.indicators)}
    assert len(written) == 1 + 40 + 5
    assert all(f"[{indicator}]({indicator}.md)" in written["README.md"] for indicator in catalog.indicators)


def test_a_page_has_every_part(written: dict[str, str], catalog: Catalog) -> None:
    for family in catalog.indicators.values():
        text = written[f"{family.id}.md"]
        for part in ("Hva den viser", "Definisjon", "Slik leses den", "Figur", "Forbehold", "Brudd", "SQL", "Tiltak"):
            assert f"\n## {part}\n" in text, (family.id, part)
        assert all(f"`{family.id}.{variant.suffix}`" in text for variant in family.variants)


def test_what_cannot_be_had_says_why(written: dict[str, str], catalog: Catalog) -> None:
    lacking = [family for family in catalog.indicators.values() if family.availability != "computed"]
    assert lacking
    for family in lacking:
        assert family.availability_reason is not None
        assert " ".join(family.availability_reason.nb.split())[:60] in " ".join(written[f"{family.id}.md"].split())


def test_writing_takes_out_pages_of_indicators_that_are_no_more_and_nothing_of_anybody_else(tmp_path: Path) -> None:
    for name in ("notes.md", "logo.svg", "KOMP-01.txt"):
        (tmp_path / name).write_text("mine", "utf-8")
    pages.write(tmp_path, {"GONE-01.md": pages.NOTICE.format(id="GONE-01")}, {"GONE-01": "<svg/>"})
    pages.write(tmp_path, {"README.md": "index"}, {})
    assert {path.name for path in tmp_path.iterdir()} == {"notes.md", "logo.svg", "KOMP-01.txt", "README.md"}


def test_a_generated_figure_says_so_in_its_chart() -> None:
    drawn = sorted(FOLDER.glob("*.svg"))
    assert len(drawn) > 20
    generated = [path for path in drawn if charts.GENERATED.split(",")[0] in path.read_text("utf-8")]
    printed = [path for path in drawn if "Trykte tall" in path.read_text("utf-8")]
    assert len(generated) > 15
    assert set(generated) | set(printed) == set(drawn)


def test_a_chart_is_cut_where_the_series_is(tmp_path: Path) -> None:
    """Two lines for two segments, so that nobody reads a change across a break."""
    warehouse = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(
            "create schema public; create table public.indicators as select 'X-01' as indicator_id, "
            "'X-01' as family_id, 'Navn' as name_nb, 'prosent' as unit; "
            "create table public.regions (region_code varchar, year varchar, kostra_group varchar); "
            "create table public.indicator_values as select 'X-01' as indicator_id, 'current' as structure, "
            "'EAK' as region_code, 'country' as region_level, unnest(['2022', '2023', '2024', '2025']) as period, "
            "unnest([1.5, 2.5, 7.5, 8.5])::double as value, 'prosent' as unit, null::double as interval_low, "
            "null::double as interval_high, unnest([1, 1, 2, 2]) as series_segment, 'demo' as source"
        )
    drawn = charts.draw(warehouse, {"X-01": "Navn", "X-02": "Uten tall"})
    assert set(drawn) == {"X-01"}
    assert drawn["X-01"].count('aria-roledescription="line mark"') == 2
    assert "1,5" in drawn["X-01"], "decimal comma"
    assert charts.GENERATED in drawn["X-01"]
