"""The morning page: the verdict, what is wrong, and that hostile text stays text."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from k2025_pipeline.catalog import Catalog, load_catalog
from k2025_pipeline.lake.home import Home
from k2025_pipeline.lake.typed import Refusal
from k2025_pipeline.quality import html, morning, nights
from k2025_pipeline.quality.ladder import ON_TIME_AT_SOURCE, ON_TIME_WITH_US
from k2025_pipeline.quality.morning import GREEN, RED, YELLOW, MorningPage, sparkline
from k2025_pipeline.quality.nights import NightRecord
from k2025_pipeline.quality.outcome import Outcome
from k2025_pipeline.settings import PROJECT_ROOT
from made_up_nights import CHECK, FIRST, NO_QUALITY, SECOND, WARNING, outcome

REFUSAL = Refusal(
    "ssb_12209", "v2", "2026-06-15T06:00:00Z", "rule unit_unchanged is broken", "2026-06-16T02:15:00Z", []
)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(PROJECT_ROOT / "schemas")


def page(
    home: Path,
    record: NightRecord = FIRST,
    outcomes: tuple[Outcome, ...] = (outcome(),),
    refusals: tuple[Refusal, ...] = (),
    changes: str = "",
) -> MorningPage:
    nights.write(Home(home), record, outcomes, NO_QUALITY)
    return morning.write(Home(home), refusals, record, changes)


@pytest.mark.parametrize(
    ("record", "outcomes", "refusals", "light"),
    [
        (FIRST, (outcome(),), (), GREEN),
        (replace(FIRST, ending="unchanged"), (outcome(),), (), GREEN),
        (FIRST, (outcome(), outcome(WARNING, 3)), (), GREEN),
        (FIRST, (outcome(replace(CHECK, blocking=False), 1),), (), YELLOW),
        (FIRST, (outcome(),), (REFUSAL,), YELLOW),
        (replace(FIRST, problems={"ssb_12209": "not fetched"}), (outcome(),), (), YELLOW),
        (replace(FIRST, ending="held"), (outcome(),), (), YELLOW),
        (FIRST, (outcome(replace(WARNING, name=ON_TIME_WITH_US), 1),), (), YELLOW),
        (SECOND, (outcome(failed=1),), (), RED),
        (SECOND, (outcome(),), (), RED),
    ],
)
def test_the_light_says_whether_the_night_can_be_trusted(tmp_path, record, outcomes, refusals, light) -> None:
    assert page(tmp_path, record, outcomes, refusals).headline.startswith(light)


def test_a_pause_is_told_on_the_page_of_the_night_before_and_so_is_its_end(tmp_path: Path, catalog: Catalog) -> None:
    morning.tell_decision(Home(tmp_path), catalog, FIRST.started_at, paused=True)
    assert not (tmp_path / "reports").exists(), "no night, no page"
    page(tmp_path, SECOND, (outcome(),))
    morning.tell_decision(Home(tmp_path), catalog, FIRST.started_at, paused=True)
    shown = (tmp_path / "reports" / morning.LATEST).read_text("utf-8")
    assert "Publisering er satt på vent" in shown
    assert "Filen er fra / the file is of <strong>28.03.2026" in shown
    assert nights.latest(Home(tmp_path)) == SECOND, "the record of the night stays as it was"
    morning.tell_decision(Home(tmp_path), catalog, FIRST.started_at, paused=False)
    shown = (tmp_path / "reports" / morning.LATEST).read_text("utf-8")
    assert "Publisering er satt på vent" not in shown


def test_the_gravest_stands_first_with_its_count_the_night_before_and_its_help(tmp_path: Path) -> None:
    told = page(tmp_path, SECOND, (outcome(WARNING, 2), outcome(failed=7, previous=0))).markdown
    assert told.index("value_and_status_agree") < told.index("region_valid_in_year")
    assert "| 7 | 0 | said | [relations](runbook/relations.html) |" in told
    assert "| 2 | – | said |" in told


def test_refused_late_and_not_built_are_named(tmp_path: Path) -> None:
    late = replace(WARNING, asset="raw/ssb_12209", name=ON_TIME_AT_SOURCE)
    ours = replace(WARNING, asset="raw/ssb_12292", name=ON_TIME_WITH_US)
    record = replace(FIRST, not_built=["marts/comparisons"])
    told = page(tmp_path, record, (outcome(late, 1), outcome(ours, 1)), (REFUSAL,)).markdown
    assert "**Hos kilden / at the source**: said" in told
    assert "**Hos oss / with us**: said" in told
    assert "| ssb_12209 | v2 | rule unit_unchanged is broken |" in told
    assert "`marts/comparisons`" in told


def test_the_headline_has_its_date_and_says_when_publication_is_held_back(tmp_path: Path) -> None:
    told = page(tmp_path, replace(FIRST, ending="held"))
    assert told.headline == f"{YELLOW} 28.03.2026: Publisering er satt på vent / publication is held back"


def test_checks_that_did_not_run_are_counted(tmp_path: Path) -> None:
    told = page(tmp_path, replace(SECOND, declared_checks=10), (outcome(failed=1),)).markdown
    assert "0 av 1 kontroller holder" in told
    assert "9 ble ikke kjørt / were not run" in told


def test_generated_figures_are_called_so(tmp_path: Path) -> None:
    assert "DEMO" in page(tmp_path).markdown
    assert "DEMO" not in page(tmp_path, replace(FIRST, kind="ssb")).markdown


def test_last_nights_are_a_row_of_bars(tmp_path: Path) -> None:
    page(tmp_path)
    told = page(tmp_path, SECOND, (outcome(failed=1),)).markdown
    assert "siste netter / last nights (2)" in told
    assert "| kontroller som feiler / failing checks | 1 | ▁█ |" in told


@pytest.mark.parametrize(("values", "bars"), [([], ""), ([0, 0], "▁▁"), ([0, 7], "▁█"), ([1, 2, 4, 7], "▂▃▅█")])
def test_bars_grow_from_nothing_to_the_largest(values: list[float], bars: str) -> None:
    assert sparkline(values) == bars


def test_text_of_a_source_is_shown_and_not_run(tmp_path: Path) -> None:
    told = replace(outcome(failed=1), finding=replace(outcome(failed=1).finding, message="<script>a|b</script>\n# x"))
    written = page(tmp_path, SECOND, (told,))
    assert "&lt;script>a\\|b&lt;/script> # x" in written.markdown
    shown = (tmp_path / "reports" / morning.LATEST).read_text("utf-8")
    assert "<script>" not in shown
    assert "&lt;script&gt;a|b&lt;/script&gt; # x" in shown


def test_links_of_the_page_lead_to_pages_beside_it(tmp_path: Path) -> None:
    page(tmp_path)
    for check in ("relations", "refused-vintage", "source-late"):
        assert (tmp_path / "reports" / html.RUNBOOK / f"{check}.html").exists()
    pages = {path.name: path.read_text("utf-8") for path in (tmp_path / "reports" / html.RUNBOOK).iterdir()}
    links = {link for text in pages.values() for link in re.findall(r'href="([^"#]+)"', text) if "://" not in link}
    assert links <= set(pages)


def test_what_is_new_stands_below_and_is_cut(tmp_path: Path) -> None:
    told = page(tmp_path, changes="# Endringer\n" + "\n".join(f"- {i}" for i in range(100))).markdown
    assert "\n## Endringer\n" in told
    assert "linjer til i / more lines" in told
    assert "- 99" not in told
