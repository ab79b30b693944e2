"""The runbook: every page is there and whole, the index leads to all, and every link leads somewhere."""

import re
from pathlib import Path

import pytest

from k2025_pipeline import runbook
from k2025_pipeline.runbook import HEADINGS_EN, HEADINGS_NB, PAGES, Page
from k2025_pipeline.settings import PROJECT_ROOT

FOLDER = PROJECT_ROOT / runbook.FOLDER
NAMES = set(PAGES)
NAMED = re.compile(r"runbook(?::\s*[\w\[\]]+)?\s*=\s*\"([a-z-]+)\"")


def headings(text: str) -> list[str]:
    return re.findall(r"^## (.+)$", text, re.MULTILINE)


@pytest.mark.parametrize("page", PAGES.values(), ids=lambda page: page.name)
class TestPages:
    def test_it_answers_four_questions_in_two_languages(self, page: Page) -> None:
        text = page.path.read_text("utf-8")
        assert re.findall(r"^# (.+)$", text, re.MULTILINE) == [page.nb, page.en]
        assert headings(text) == [*HEADINGS_NB, *HEADINGS_EN]
        assert all(part.strip() for part in re.split(r"^## .+$", text, flags=re.MULTILINE)[1:])

    def test_it_is_short(self, page: Page) -> None:
        assert len(page.path.read_text("utf-8").split()) < 700

    def test_the_index_has_it(self, page: Page) -> None:
        assert f"({page.name}.md)" in (FOLDER / "README.md").read_text("utf-8")


def test_there_is_no_page_that_nobody_knows() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} == {*NAMES, "README"}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.md")), ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text("utf-8")):
        assert (path.parent / target).exists(), target


def test_every_name_in_the_code_is_a_page() -> None:
    found = {
        name
        for path in (PROJECT_ROOT / "k2025_pipeline").rglob("*.py")
        for name in NAMED.findall(path.read_text("utf-8"))
    }
    assert len(found) > 10
    assert found <= NAMES


def test_a_link_is_a_path_from_the_projects_folder() -> None:
    assert runbook.link("home-locked") == "docs/runbook/home-locked.md"
    with pytest.raises(KeyError):
        runbook.link("no-such-page")
