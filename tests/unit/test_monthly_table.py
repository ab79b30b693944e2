"""A monthly table, of which there is none yet: from the local Statbank to typed rows and a staging model.

Here belongs one small artificial contract. Not here: how its months are named further on, which is SQL
(``dbt/models/core/_unit_tests.yml``), and the days on which it is due (``test_catalog``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from builders import contract, table_12345
from k2025_pipeline.catalog.generate import _staging_model
from k2025_pipeline.catalog.tables import TableContract
from k2025_pipeline.demo.server import LocalStatbank
from k2025_pipeline.ingest import tables
from k2025_pipeline.lake.archive import Archive
from k2025_pipeline.lake.home import Home
from k2025_pipeline.pxweb.client import StatbankClient
from k2025_pipeline.pxweb.transport import Transport
from k2025_pipeline.validation.columns import typed_schema
from k2025_pipeline.validation.contract import judge_table

MONTHS = {"kind": "monthly", "publishes": [f"{month:02d}-10" for month in range(1, 13)]}
CELLS = 2 * 2 * 2


def months(document: dict[str, Any]) -> None:
    """Two months that are asked for after one that is too old."""
    codes = ["2014M12", "2015M01", "2024M12"]
    index = {code: place for place, code in enumerate(codes)}
    document["dimension"]["Tid"]["category"] = {"index": index, "label": dict(zip(codes, codes, strict=True))}
    document["value"] = [float(number) for number in range(2 * 2 * 3)]


@pytest.fixture(scope="module")
def monthly() -> TableContract:
    return contract(lambda c: c.update(calendar=MONTHS, coverage={"min_cells": 1, "max_cells": CELLS}))


@pytest.fixture(scope="module")
def frame(monthly: TableContract, tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    folder = tmp_path_factory.mktemp("monthly")
    document = table_12345(months)
    _serve(folder, document)
    transport = Transport()
    with LocalStatbank(folder) as server:
        archive = Archive(Home(folder / "home"))
        client = StatbankClient(server.url, transport)
        answer = tables.fetch(monthly, client, transport, archive, document["updated"])
    assert answer.findings == []
    return tables.to_typed(monthly, answer.delivery)


def _serve(folder: Path, document: dict[str, Any]) -> None:
    (folder / "statbank").mkdir()
    (folder / "statbank" / "12345.json").write_bytes(orjson.dumps(document))


def test_months_are_asked_for_from_the_declared_year_and_stand_as_the_source_writes_them(
    monthly: TableContract, frame: pl.DataFrame
) -> None:
    assert frame.schema == pl.Schema(typed_schema(monthly))
    assert frame["period"].cast(pl.String).unique().sort().to_list() == ["2015M01", "2024M12"]
    assert frame.height == CELLS


def test_a_table_of_months_keeps_its_contract(monthly: TableContract, frame: pl.DataFrame) -> None:
    verdict = judge_table(monthly, frame)
    assert verdict.passed, verdict.summary()


@pytest.mark.parametrize("period", ["2024", "2024M00", "2024M13", "2024M1", "2024K1", "2024-01"])
def test_what_is_no_month_is_refused(monthly: TableContract, frame: pl.DataFrame, period: str) -> None:
    first = pl.int_range(pl.len()) == 0
    text = pl.when(first).then(pl.lit(period)).otherwise(pl.col("period").cast(pl.String))
    wrong = frame.with_columns(text.cast(frame.schema["period"]).alias("period"))
    verdict = judge_table(monthly, wrong)
    assert [result.rule for result in verdict.results if not result.passed] == ["period_valid"]


def test_a_monthly_table_has_one_edition(monthly: TableContract) -> None:
    assert "calendar='monthly'" in _staging_model(monthly)
