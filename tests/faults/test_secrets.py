"""Secrets stay where they were set: in no tracked file, in no file that a failing night writes. Who may read what."""

import os
import re
import subprocess
from pathlib import Path

import dagster as dg
import pytest

from k2025_pipeline.demo.injection import parse_fault
from k2025_pipeline.demo.server import LocalStatbank
from k2025_pipeline.lake.home import Home
from k2025_pipeline.night import Night
from k2025_pipeline.orchestration.common import NIGHT, Gate
from k2025_pipeline.orchestration.instance import prepare_instance
from k2025_pipeline.orchestration.raw import raw_assets
from k2025_pipeline.orchestration.typed import typed_assets
from k2025_pipeline.quality import nights
from k2025_pipeline.quality.ladder import ladder
from k2025_pipeline.settings import PROJECT_ROOT, Settings

from .small_statbank import BYSTANDER, TABLE, publish_once, small_catalog, write_source

SECRET = "".join(("Sv", "aert", "Hemmelig", "4711"))
ENVIRONMENT = {
    "K2025_ALERT_SMTP_PASSWORD": SECRET,
    "K2025_ALERT_SLACK_URL": f"https://hooks.example/services/{SECRET}",
    "K2025_ALERT_WEBHOOK_URL": f"https://hooks.example/?token={SECRET}",
    "HTTP_PROXY": f"http://ola:{SECRET}@127.0.0.1:9",
    "HTTPS_PROXY": f"http://ola:{SECRET}@127.0.0.1:9",
    "http_proxy": f"http://ola:{SECRET}@127.0.0.1:9",
}
PATTERNS = {
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a key of AWS": r"\bAKIA[0-9A-Z]{16}\b",
    "a token of GitHub": r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{40})",
    "a token of Slack": r"\bxox[abeoprs]-[A-Za-z0-9-]{10}",
    "a webhook of Slack": r"hooks\.slack\.com/services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{16}",
    "a signed token": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.",
    "a password in an address": r"https?://[A-Za-z0-9._-]+:[A-Za-z0-9._-]{6,}@[a-z0-9]",
    "a password": r"(?i)\b(?:password|passwd|api_key|secret_key|auth_token)\s*[=:]\s*[\"'][^\"'{}$<>]{6,}[\"']",
}


def secrets_in(text: str) -> list[str]:
    return [name for name, pattern in PATTERNS.items() if re.search(pattern, text)]


def test_no_tracked_file_holds_a_secret() -> None:
    if not (PROJECT_ROOT / ".git").exists():
        pytest.skip("not a checkout: which files are tracked is not known")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT_ROOT, capture_output=True, check=True).stdout
    names = [name for name in listed.decode().split("\0") if name and (PROJECT_ROOT / name).is_file()]
    texts = {name: (PROJECT_ROOT / name).read_text("utf-8", errors="replace") for name in names}
    assert {name: found for name, text in texts.items() if (found := secrets_in(text))} == {}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a private key", "-----BEGIN RSA " + "PRIVATE KEY-----"),
        ("a key of AWS", "AKIA" + "A" * 16),
        ("a token of GitHub", "ghp_" + "a" * 36),
        ("a token of Slack", "xoxb-" + "1" * 12),
        ("a webhook of Slack", "https://hooks.slack.com/services/" + "TABCDEFG/BABCDEFG/" + "a" * 24),
        ("a signed token", "eyJ" + "a" * 12 + ".eyJ" + "b" * 12 + ".c"),
        ("a password in an address", "http://ola:" + SECRET + "@h.example"),
        ("a password", "password = '" + SECRET + "'"),
    ],
)
def test_each_kind_of_secret_would_be_found(name: str, text: str) -> None:
    assert secrets_in(text) == [name]


@pytest.mark.parametrize("reachable", [True, False], ids=["wrong answers", "a dead proxy"])
def test_a_failing_night_writes_no_secret_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reachable: bool
) -> None:
    """Fetching and judging fail through Dagster, once at the source and once at the proxy; every file is searched."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1" if reachable else "")
    monkeypatch.setenv("DAGSTER_HOME", "")
    catalog, home = small_catalog(), Home(tmp_path / "home")
    prepare_instance(home)
    faults = [parse_fault(f"html@data:{TABLE}", 0), parse_fault(f"times-1000@data:{BYSTANDER}", 0)]
    with LocalStatbank(write_source(tmp_path / "source", catalog), faults=faults) as statbank:
        settings = Settings(home=home.root, source=statbank.url)
        gate = Gate.of(catalog.quality, ladder(catalog, {"nodes": {}}))
        night = Night(settings, catalog, sleep=lambda _: None, checks=gate.checks)
        with dg.DagsterInstance.get() as instance:
            result = dg.materialize(
                [*raw_assets(catalog, gate), *typed_assets(catalog, gate)],
                instance=instance,
                resources={NIGHT: night},
                raise_on_error=False,
            )
            night.close()
            failed = [check.check_name for check in result.get_asset_check_evaluations() if not check.passed]
    assert "answered" in failed
    assert nights.latest(home) is not None
    files = [path for path in home.root.rglob("*") if path.is_file()]
    assert any("dagster" in path.parts and path.suffix == ".db" for path in files)
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []


class TestPermissions:
    def test_what_is_published_can_be_read_and_not_written(self, tmp_path: Path) -> None:
        home = Home(tmp_path)
        publish_once(home, small_catalog())
        published = [home.warehouse, *home.public.glob("*.parquet")]
        assert len(published) > 2
        assert {oct(path.stat().st_mode & 0o777) for path in published} == {"0o444"}
        publish_once(home, small_catalog(), 74.1)  # and replaced all the same

    def test_under_a_strict_umask_others_cannot_enter(self, tmp_path: Path) -> None:
        before = os.umask(0o027)
        try:
            home = Home(tmp_path / "home")
            with home.held():
                publish_once(home, small_catalog())
        finally:
            os.umask(before)
        folders = [home.root, *(path for path in home.root.rglob("*") if path.is_dir())]
        assert {path.stat().st_mode & 0o007 for path in folders} == {0}
