"""Great Expectations' Data Docs made to stand alone, with a first page in bokmål.

Great Expectations' own pages fetch style sheets and scripts from eight outside hosts, and a picture that carries the
project's id to a ninth. Here they lose all of that and get one style sheet that lies beside them. They also show
values as they stand, HTML included: a policy in each page keeps a label from doing anything. Here belongs how the
pages look; not here: what is judged (``audit``).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from k2025_pipeline.lake.home import write_bytes
from k2025_pipeline.quality import html
from k2025_pipeline.quality.acceptance import Acceptance

STYLE = "k2025.css"
POLICY = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'self' file: "
    "'unsafe-inline'; img-src 'self' file: data:; base-uri 'none'; form-action 'none'\">"
)
"""No script and nothing from outside, whatever stands in the page."""
NO_RUN_NAME = "__none__"
"""Great Expectations' folder of runs without a name, which all are here."""
CONTENT = '<div class="container-fluid'
"""Where the content of Great Expectations' pages begins, below the way back."""
OUTSIDE = re.compile(
    r"<script[^>]*\bsrc=\"https?:.*?</script>"
    r"|<link[^>]*\bhref=\"https?:[^>]*>"
    r"|<img[^>]*\bsrc=\"https?:.*?/?>"
    r"|<script>.*?</script>"
    r"|<meta[^>]*http-equiv[^>]*>"
    r"|background: url\('https?:[^)]*\)[^;]*;",
    re.DOTALL | re.IGNORECASE,
)


def stand_alone(site: Path, results: list[Acceptance], source: str) -> None:
    """Rewrite every page of the site so that opening it asks nobody for anything, and says in words what is judged.

    Args:
        site: folder of the Data Docs. results: of tonight's audit. source: where the figures come from.
    """
    tops = {_folder(suite): _top(results, suite, source) for suite in {result.suite for result in results}}
    write_bytes(site / STYLE, html.style().encode())
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        start, head, rest = text.partition("<head>")
        if not rest.startswith(POLICY):
            up = "../" * (len(page.relative_to(site).parts) - 1)
            link = f'<link rel="stylesheet" href="{up}{STYLE}"></head>'
            top = tops.get(page.relative_to(site).as_posix().split(NO_RUN_NAME)[0], "")
            body = OUTSIDE.sub("", rest).replace("</head>", link, 1).replace(CONTENT, top + CONTENT, 1)
            write_bytes(page, f"{start}{head}{POLICY}{body}".encode())


def _banner(source: str) -> str:
    return f'<p class="banner"><strong>{html.DEMO_BANNER}</strong></p>' if source == "demo" else ""


def _folder(suite: str) -> str:
    """Where the pages of a suite's results lie, a folder per build in it."""
    return f"validations/{suite.replace('.', '/')}/"


def _top(results: list[Acceptance], suite: str, source: str) -> str:
    """What stands above Great Expectations' own words on a page of results: the rules as people were promised them."""
    rules = [result for result in results if result.suite == suite]
    listed = "".join(f"<li><strong>{escape(rule.name)}</strong>: {escape(rule.description)}</li>" for rule in rules)
    banner = _banner(source)
    return f"<main><h1>public.{escape(rules[0].table)}</h1>{banner}<ul>{listed}</ul></main>"


def write_index(site: Path, results: list[Acceptance], source: str) -> None:
    """Write the first page: every rule of every public table, how it came out, and a link to its page.

    Args:
        site: folder of the Data Docs. results: of tonight's audit. source: where the figures come from.
    """
    held = sum(result.passed for result in results)
    stamp = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    banner = _banner(source)
    tables = "".join(_table(site, name, results) for name in dict.fromkeys(r.table for r in results))
    page = f"""<!doctype html>
<html lang="nb"><head>{POLICY}<meta charset="utf-8"><title>K2025: godkjenning</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="{STYLE}"></head><body><main>
<h1>Godkjenning av de publiserte tabellene</h1>
<p class="soft">K2025 · {held} av {len(results)} regler holder · {stamp} · kilde: {escape(source)}<br>
Acceptance of the public tables: {held} of {len(results)} rules hold.</p>
{banner}{tables}
<p class="soft">Sidene er laget av Great Expectations. Fila publiseres bare når alle regler som stanser, holder.</p>
</main></body></html>
"""
    write_bytes(site / "index.html", page.encode())


def _table(site: Path, table: str, results: list[Acceptance]) -> str:
    rows = "".join(_row(site, result) for result in results if result.table == table)
    head = "<tr><th>Regel</th><th>Hva den sier</th><th>Stanser</th><th>Resultat</th></tr>"
    return f"<h2>public.{escape(table)}</h2><table>{head}{rows}</table>"


def _row(site: Path, result: Acceptance) -> str:
    if result.passed:
        outcome = '<span class="good">holder</span>'
    else:
        kind = "bad" if result.blocking else "warn"
        outcome = f'<span class="{kind}">brutt av {result.failed} rader</span>'
    page = _latest_page(site, result.suite)
    name = escape(result.name)
    linked = f'<a href="{escape(page)}">{name}</a>' if page else name
    weight = "ja" if result.blocking else "nei"
    return f"<tr><td>{linked}</td><td>{escape(result.description)}</td><td>{weight}</td><td>{outcome}</td></tr>"


def _latest_page(site: Path, suite: str) -> str | None:
    pages = sorted(site.glob(f"{_folder(suite)}{NO_RUN_NAME}/*/*.html"))
    return str(pages[-1].relative_to(site)) if pages else None
