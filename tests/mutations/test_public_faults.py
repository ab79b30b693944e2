"""Faults of the public tables through the audit, and of the file through publication; yesterday's file stands.

Belongs here: acceptance and publication. Does not belong here: what makes the tables wrong in the first place.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest

from contract.test_expectations import build
from faults import small_statbank as small
from k2025_pipeline.lake.home import Home
from k2025_pipeline.quality.findings import of_acceptance
from k2025_pipeline.quality.ladder import WAREHOUSE
from k2025_pipeline.quality.outcome import Check, Finding, Key
from k2025_pipeline.quality.outcome import Outcome as Judged
from k2025_pipeline.warehouse import audit, contents, publish
from mutations import good_source, page
from mutations.faults import Outcome, Outcomes, caught
from mutations.public_faults import ACCEPTANCE, PUBLICATION, FileFault, PublicFault

Checks = Mapping[Key, Check]
ROWS = 40


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> list[Key]:
    """What an audit finds in tables with all faults in them, each in rows of its own."""
    home = Home(tmp_path_factory.mktemp("audit"))
    build(home)
    _change(home, [fault.sql for fault in ACCEPTANCE])
    catalog = good_source.full_catalog()
    tables = dict.fromkeys(fault.check[0].removeprefix("public/") for fault in ACCEPTANCE)
    judged = replace(catalog, expectations={table: catalog.expectations[table] for table in tables})
    with pytest.MonkeyPatch.context() as patch:
        # Data Docs take longer than the judging.
        patch.setattr("k2025_pipeline.warehouse.audit.show", lambda *_: None)
        results = audit.audit(home, judged, "demo")
    return [
        (f"public/{result.table}", result.name)
        for result in results
        if not of_acceptance(result, repeated=False).passed
    ]


@pytest.fixture(scope="module")
def accepted(checks: Checks, broken: list[Key]) -> Outcomes:
    return {fault.id: _outcome(checks, [key for key in broken if key == fault.check]) for fault in ACCEPTANCE}


def _change(home: Home, statements: list[str]) -> None:
    with duckdb.connect(str(home.build_file)) as connection:
        for statement in statements:
            connection.execute(statement)


def _outcome(checks: Checks, broken: list[Key]) -> Outcome:
    stopped = any(Judged(checks[key], Finding(False)).blocks for key in broken)
    return Outcome(caught(checks, [(key, "") for key in broken]), reached_public=not stopped)


@pytest.fixture(scope="module")
def published(checks: Checks, tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    standing = tmp_path_factory.mktemp("standing") / "home"
    small.publish_once(Home(standing), small.small_catalog(), rows=ROWS)
    return {
        fault.id: _publish(fault, checks, Path(shutil.copytree(standing, tmp_path_factory.mktemp(fault.id) / "home")))
        for fault in PUBLICATION
    }


def _publish(fault: FileFault, checks: Checks, root: Path) -> Outcome:
    home, catalog = Home(root), small.small_catalog()
    before = publish.file_hash(home.warehouse)
    small.build_once(home, catalog, 12.5, rows=ROWS)
    _change(home, [fault.sql] if fault.sql else [])
    with pytest.MonkeyPatch.context() as patch, pytest.raises(publish.NotFit) as refused:
        if fault.spoil is not None:
            patch.setattr(contents, "write", partial(_spoiled, contents.write, fault))
        publish.publish(home, catalog, "of a spoilt build", "other")
    broken = [(WAREHOUSE, name) for name, finding in refused.value.findings.items() if not finding.passed]
    reached = publish.file_hash(home.warehouse) != before or publish.query(home, small.QUESTION)["value"][0] != 73.7
    return Outcome(caught(checks, [(key, "") for key in broken]), reached)


def _spoiled(write: Any, fault: FileFault, home: Home, catalog: Any, file: Path, *others: Any) -> Any:
    """The real writing, and then the fault."""
    tables = write(home, catalog, file, *others)
    assert fault.spoil is not None
    fault.spoil(file)
    return tables


def test_the_audit_finds_what_was_planted_and_nothing_else(broken: list[Key]) -> None:
    assert sorted(broken) == sorted(fault.check for fault in ACCEPTANCE)


@pytest.mark.parametrize("fault", ACCEPTANCE, ids=lambda fault: fault.id)
def test_a_fault_of_a_public_table_is_caught_and_blocks(fault: PublicFault, accepted: Outcomes) -> None:
    assert accepted[fault.id].as_meant(fault), accepted[fault.id].caught_by
    assert not accepted[fault.id].reached_public


@pytest.mark.parametrize("fault", PUBLICATION, ids=lambda fault: fault.id)
def test_a_spoilt_file_is_not_published_and_the_old_one_stands(fault: FileFault, published: Outcomes) -> None:
    assert published[fault.id].as_meant(fault), published[fault.id].caught_by
    assert not published[fault.id].reached_public


def test_the_page_says_what_audit_and_publication_found(accepted: Outcomes, published: Outcomes) -> None:
    page.hold_to({**accepted, **published})
