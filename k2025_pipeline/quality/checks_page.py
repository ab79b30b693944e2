"""``docs/checks.md``: every check there is, by level of the ladder.

Here belongs the page. Not here: which checks there are (``ladder``). Written by ``make generate``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from k2025_pipeline.catalog import load_catalog
from k2025_pipeline.catalog.quality import Level, QualityFile
from k2025_pipeline.dbt_project import ensure_manifest
from k2025_pipeline.lake.home import Home, read_json, write_bytes
from k2025_pipeline.quality.ladder import ladder
from k2025_pipeline.quality.outcome import Check
from k2025_pipeline.settings import PROJECT_ROOT

PAGE = Path("docs") / "checks.md"
ENGINES = {"k2025": "K2025", "pandera": "Pandera", "dbt": "dbt", "great_expectations": "Great Expectations"}
SEVERITIES = {"error": "feil / error", "warn": "varsel / warning"}
SHOWN_ASSETS = 3
HEAD = """# Kontrollene / The checks

Laget av `make generate`; rediger erklæringene, ikke siden. / Made by `make generate`: edit the declarations.

En kontroll som *stanser*, holder gårsdagens fil på plass når den feiler. De andre vises på morgensiden.
Reglene i en kontrakt står under kontrollen `contract` i Dagster, en for en.
/ A *blocking* check keeps yesterday's file in place when it fails. The others are shown on the morning page.
The rules of a contract stand below the check `contract` in Dagster, one by one.
"""


def render(checks: Iterable[Check], quality: QualityFile) -> str:
    """The page's Markdown.

    Args:
        checks: all of them. quality: the levels' names and what happens on failure.
    """
    listed = list(checks)
    lines = [HEAD, *_overview(listed, quality)]
    for level in quality.levels:
        lines += _level(level, [check for check in listed if check.level == level.id])
    return "\n".join(lines) + "\n"


def _overview(checks: list[Check], quality: QualityFile) -> Iterator[str]:
    yield "| nivå / level | motor / engine | kontroller / checks | stanser / blocking | ved feil / on failure |"
    yield "|---|---|---:|---:|---|"
    for level in quality.levels:
        of_level = [check for check in checks if check.level == level.id]
        engines = ", ".join(dict.fromkeys(ENGINES[check.engine] for check in of_level))
        blocking = sum(check.blocking for check in of_level)
        yield (
            f"| [{level.name.nb}](#{level.id}) / {level.name.en} | {engines} | {len(of_level)} | {blocking} | "
            f"{level.on_failure.nb} / {level.on_failure.en} |"
        )
    yield f"\n{len(checks)} kontroller i alt / checks in all."


def _level(level: Level, checks: list[Check]) -> Iterator[str]:
    yield f'\n<a id="{level.id}"></a>\n\n## {level.name.nb} / {level.name.en}\n'
    yield f"{level.about.nb} / {level.about.en}\n"
    yield "| kontroll / check | gjelder / of | regel / rule | motor | alvor | stanser | terskel | erklært i | hjelp |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for _, same in groupby(sorted(checks, key=_kind), key=_kind):
        yield _row(list(same))


def _kind(check: Check) -> tuple[str, ...]:
    return check.name, check.engine, check.rule.nb, check.severity, str(check.blocking), check.threshold, check.runbook


def _row(same: list[Check]) -> str:
    check = same[0]
    cells = [
        f"`{check.name}`",
        _few([f"`{one.asset}`" for one in same]),
        f"{check.rule.nb} / {check.rule.en}",
        ENGINES[check.engine],
        SEVERITIES[check.severity],
        "ja / yes" if check.blocking else "nei / no",
        check.threshold or "–",
        _few(list(dict.fromkeys(f"[{one.declared_in}](../{one.declared_in})" for one in same))),
        f"[{check.runbook}](runbook/{check.runbook}.md)",
    ]
    return "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells) + " |"


def _few(named: list[str]) -> str:
    more = f" … ({len(named)} i alt / in all)" if len(named) > SHOWN_ASSETS else ""
    return ", ".join(named[:SHOWN_ASSETS]) + more


def main() -> None:
    """Write the page anew."""
    catalog = load_catalog(PROJECT_ROOT / "schemas")
    with TemporaryDirectory() as folder:
        manifest = read_json(ensure_manifest(PROJECT_ROOT / "dbt", Home(Path(folder)))) or {}
    text = render(ladder(catalog, manifest).values(), catalog.quality)
    write_bytes(PROJECT_ROOT / PAGE, text.encode())
    sys.stdout.write(f"{PAGE}\n")


if __name__ == "__main__":
    main()
