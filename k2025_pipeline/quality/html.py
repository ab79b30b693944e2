"""Markdown as an HTML page that stands alone: what `reports/` shows to people.

Here belongs the frame of a page. Not here: what the pages say (``morning``, ``docs/runbook``). Raw HTML in the text
is shown as text: labels come from a source.
"""

from __future__ import annotations

import re
from functools import cache
from html import escape
from importlib import resources

from k2025_pipeline.lake.home import Home, write_bytes
from k2025_pipeline.settings import PROJECT_ROOT

RUNBOOK = "runbook"
DEMO_BANNER = (
    "DEMO: alle tall er generert, ikke fra Statistisk sentralbyrå. / "
    "DEMO: all figures are generated, not from Statistics Norway."
)
"""Stands at the top of every page about generated figures."""
OUTSIDE = re.compile(r"\[([^\]]+)\]\((?:\.\./)+([^)]+)\)")
"""A link out of the runbook's folder."""


def page(title: str, markdown: str, tone: str = "") -> bytes:
    """An HTML page of CommonMark with tables; style inside, nothing is fetched.

    Args:
        title: of the window. markdown: the text. tone: of the first heading: ``good``, ``warn``, ``bad`` or none.
    """
    from markdown_it import MarkdownIt

    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown)
    return (
        f'<!doctype html>\n<html lang="nb"><head><meta charset="utf-8"><title>{escape(title)}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<style>{style()}</style></head>\n'
        f'<body><main class="page {tone}-page">\n{body}</main></body></html>\n'
    ).encode()


def style() -> str:
    """The style sheet of all pages, Great Expectations' own included."""
    return resources.files(__package__).joinpath("pages.css").read_text("utf-8")


def write_runbook(home: Home) -> None:
    """Lay the runbook beside the other pages, so that links of checks lead somewhere on this machine."""
    for name, content in _runbook().items():
        target = home.reports / RUNBOOK / f"{name}.html"
        if not target.exists() or target.read_bytes() != content:
            write_bytes(target, content)


@cache
def _runbook() -> dict[str, bytes]:
    """Every page of the runbook as HTML, by name; it is part of the program and is read once."""
    sources = sorted((PROJECT_ROOT / "docs" / RUNBOOK).glob("*.md"))
    return {source.stem: page(source.stem, _within(source.read_text("utf-8"))) for source in sources}


def _within(markdown: str) -> str:
    """Links to pages beside it lead to their HTML; those to the rest of the project name the file instead."""
    named = OUTSIDE.sub(lambda link: f"{link[1]} (`{link[2]}`)", markdown)
    return named.replace(".md)", ".html)")
