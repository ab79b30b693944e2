"""What the quality monitor sees: Dagster and the Data Docs in headless Chromium. Opt-in: `make screens`.

The pictures are written to docs/images, where the README shows one of them.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests

from k2025_pipeline.settings import PROJECT_ROOT

pytestmark = pytest.mark.ui
IMAGES = PROJECT_ROOT / "docs" / "images"
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def k2025(home: Path, *arguments: str) -> list[str]:
    os.environ["K2025_HOME"] = str(home)
    return [str(Path(sys.executable).with_name("k2025")), *arguments]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ui")
    subprocess.run(k2025(folder, "refresh", "--source", "demo"), check=True, stdout=subprocess.DEVNULL)
    return folder


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Path:
    """A home whose second night brought a table a thousand times too large."""
    folder, other = tmp_path_factory.mktemp("tables"), tmp_path_factory.mktemp("planted")
    shutil.copytree(home / "demo" / "revised" / "klass", folder / "klass")
    shutil.copy(home / "demo" / "revised" / "source.json", folder)
    (folder / "statbank").mkdir()
    shutil.copy(home / "demo" / "revised" / "statbank" / "12209.json", folder / "statbank")
    source = ["refresh", "--source", str(folder)]
    subprocess.run(k2025(other, *source), check=True, stdout=subprocess.DEVNULL)
    path = folder / "statbank" / "12209.json"
    document = orjson.loads(path.read_bytes())
    values = [value and value * 1000 for value in document["value"]]
    path.write_bytes(orjson.dumps(document | {"value": values, "updated": "2026-11-01T07:00:00Z"}))
    refused = subprocess.run(k2025(other, *source), check=False, stdout=subprocess.DEVNULL)
    assert refused.returncode == 3, "published, with a table that stands as it was"
    return other


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with served(home) as url:
        yield url


@contextmanager
def served(home: Path) -> Iterator[str]:
    """`k2025 ui` over a home, until the context ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(k2025(home, "ui", "--port", str(port)), stdout=subprocess.DEVNULL, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            try:
                requests.get(f"{url}/server_info", timeout=2)
                break
            except requests.ConnectionError:
                time.sleep(1)
        yield url
    finally:
        os.killpg(server.pid, 15)
        server.wait(30)


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed; `make screens` installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield browser.new_page(viewport={"width": 1600, "height": 900})
        browser.close()


def picture(page: Any, url: str, name: str, wait_for: str) -> str:
    page.goto(url)
    page.get_by_text(wait_for).first.wait_for(timeout=60_000)
    page.wait_for_timeout(3_000)
    page.screenshot(path=IMAGES / f"{name}.png")
    return str(page.inner_text("body"))


def test_the_graph_shows_the_way_of_the_data(page: Any, address: str) -> None:
    text = picture(page, f"{address}/asset-groups", "graph", "published")
    for group in ("raw", "typed", "staging", "core", "marts", "public", "published"):
        assert group in text


def test_runs_of_the_command_line_are_in_the_history(page: Any, address: str) -> None:
    text = picture(page, f"{address}/runs", "runs", "nightly_refresh")
    assert "Success" in text


def test_both_schedules_are_shown(page: Any, address: str) -> None:
    text = picture(page, f"{address}/automation", "schedules", "nightly_0415")
    assert "weekdays_0840" in text


def test_the_checks_of_a_table_name_the_fault(page: Any, address: str) -> None:
    url = f"{address}/assets/typed/ssb_12293?view=checks&checkDetail=known_faults"
    text = picture(page, url, "checks", "zero_means_missing: what to do")
    assert "0301 occupancy 2018–2025" in text


def test_an_asset_shows_owner_freshness_and_documented_columns(page: Any, address: str) -> None:
    text = picture(page, f"{address}/assets/public/indicator_values", "asset", "Column name")
    assert "data-team" in text
    assert "Teller, der kilden gir den" in text


def test_the_morning_page_is_an_asset_and_a_page(page: Any, address: str, home: Path) -> None:
    page.goto(f"{address}/assets/published/morning_page")
    page.get_by_text("[Show Markdown]").first.click()
    page.get_by_text("kontroller holder").first.wait_for(timeout=60_000)
    page.get_by_text("Natten kan stoles på").last.scroll_into_view_if_needed()
    page.wait_for_timeout(1_000)
    page.screenshot(path=IMAGES / "morning-in-dagster.png")
    text = picture(page, f"file://{home}/reports/morning.html", "morning", "kontroller holder")
    assert "DEMO" in text
    page.get_by_text("known-fault").first.click()
    assert "Kjent feil i kilden" in page.inner_text("body"), "the link leads to the runbook"


def test_a_red_check_that_was_planted_is_found_and_says_what_to_do(page: Any, planted: Path) -> None:
    with served(planted) as url:
        page.goto(f"{url}/assets/typed/ssb_12209")
        page.get_by_role("tab", name="Checks").or_(page.get_by_text("Checks", exact=True)).first.click()
        page.get_by_text("contract", exact=True).first.click()
        text = picture(page, page.url, "red-check", "magnitude: what to do")
        assert "Failed" in text
        assert "Hver rad er som kontrakten sier" in text
        assert "k2025 accept 12209" in text
        host, _, port = url.rpartition(":")
        text = picture(page, f"{host}:{int(port) + 1}/morning.html", "red-morning", "Avviste")
        assert "Filen kan brukes, men noe er ikke som det skal" in text


def test_the_data_docs_open_without_asking_anyone(page: Any, home: Path) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    text = picture(page, f"file://{home}/reports/data_docs/index.html", "data-docs", "Godkjenning")
    assert "DEMO" in text
    page.get_by_text("percent_within_bounds").first.click()
    page.wait_for_timeout(1_000)
    page.screenshot(path=IMAGES / "data-docs-rule.png")
    assert [url for url in asked if not url.startswith("file:")] == []
