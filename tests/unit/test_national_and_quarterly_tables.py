"""Tables of the country alone and tables of quarters, from the local Statbank to typed rows.

Here belongs asking, parsing and judging them. Not here: what they become in the warehouse
(``tests/pipeline/test_labour_market.py``) and the rules one by one (``tests/contract/test_table_rules.py``).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from builders import RECORDINGS, needs_recordings
from k2025_pipeline.catalog import Catalog, load_catalog
from k2025_pipeline.demo import labour, sickness_absence
from k2025_pipeline.demo.generator import ABSENCE_UPDATED
from k2025_pipeline.demo.jsonstat_writer import Table, document
from k2025_pipeline.demo.server import LocalStatbank
from k2025_pipeline.ingest import tables
from k2025_pipeline.ingest.check import check_contract
from k2025_pipeline.lake.archive import Archive
from k2025_pipeline.lake.home import Home
from k2025_pipeline.pxweb.client import StatbankClient
from k2025_pipeline.pxweb.errors import InvalidAnswer
from k2025_pipeline.pxweb.transport import Transport
from k2025_pipeline.settings import PROJECT_ROOT
from k2025_pipeline.validation.columns import typed_schema
from k2025_pipeline.validation.contract import judge_table

NATIONAL: dict[str, Callable[[], Table]] = {
    "11658": labour.table_11658,
    "12441": sickness_absence.table_12441,
    "14789": sickness_absence.table_14789,
}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(PROJECT_ROOT / "schemas")


def fetched(folder: Path, catalog: Catalog, table: str, content: Any) -> tuple[pl.DataFrame, set[str]]:
    """What the table becomes when it is asked of a Statbank that has it, and where it does not fit its contract."""
    (folder / "statbank").mkdir()
    (folder / "statbank" / f"{table}.json").write_bytes(orjson.dumps(content))
    contract, transport = catalog.tables[table], Transport()
    with LocalStatbank(folder) as server:
        archive = Archive(Home(folder / "home"))
        answer = tables.fetch(contract, StatbankClient(server.url, transport), transport, archive, content["updated"])
    return tables.to_typed(contract, answer.delivery), {finding.field for finding in answer.findings}


def typed(folder: Path, catalog: Catalog, table: str, content: Any) -> pl.DataFrame:
    """The same of a table that fits its contract."""
    frame, findings = fetched(folder, catalog, table, content)
    assert findings == set()
    return frame


@pytest.mark.parametrize("table", NATIONAL)
def test_a_national_table_stands_under_the_country(tmp_path: Path, catalog: Catalog, table: str) -> None:
    content = document(NATIONAL[table](), ABSENCE_UPDATED)
    assert "geo" not in content["role"]
    frame = typed(tmp_path, catalog, table, content)
    assert frame.schema == pl.Schema(typed_schema(catalog.tables[table]))
    assert frame.select(pl.col("structure", "region_code", "region_label").cast(pl.String)).unique().rows() == [
        ("as_published", "0", "Hele landet")
    ]
    assert frame["value"].to_list() == content["value"]
    verdict = judge_table(catalog.tables[table], frame)
    assert verdict.passed, verdict.summary()


@pytest.mark.parametrize("table", NATIONAL)
def test_a_national_contract_fits_its_table_and_says_what_it_assumed(
    tmp_path: Path, catalog: Catalog, table: str
) -> None:
    (tmp_path / "statbank").mkdir()
    content = document(NATIONAL[table](), ABSENCE_UPDATED)
    (tmp_path / "statbank" / f"{table}.json").write_bytes(orjson.dumps(content))
    with LocalStatbank(tmp_path) as server:
        report = check_contract(catalog.tables[table], StatbankClient(server.url, Transport()))
    assert report.findings == []
    assumed = "absence: assumed, found as" if table == "12441" else "occupation.total: assumed, found as 0-9"
    assert [confirmed for confirmed in report.confirmed if assumed in confirmed], report.confirmed


def test_regions_that_a_national_table_gets_are_not_taken_for_the_country(tmp_path: Path, catalog: Catalog) -> None:
    content = document(NATIONAL["14789"](), ABSENCE_UPDATED)
    content["dimension"]["Region"] = {
        "label": "region",
        "category": {"index": {"0301": 0}, "label": {"0301": "Oslo"}},
    }
    content["id"], content["size"] = ["Region", *content["id"]], [1, *content["size"]]
    with pytest.raises(InvalidAnswer, match=r"14789: nothing can be asked .*a dimension Region «region»"):
        typed(tmp_path, catalog, "14789", content)


def test_quarters_stand_as_the_source_writes_them(tmp_path: Path, catalog: Catalog) -> None:
    frame = typed(tmp_path, catalog, "11658", document(labour.table_11658(), ABSENCE_UPDATED))
    periods = frame["period"].cast(pl.String).unique().sort()
    assert (periods[0], periods[-1], len(periods)) == ("2015K1", "2025K4", 44)


@needs_recordings
def test_the_recorded_absence_of_43_municipalities_is_accepted(tmp_path: Path, catalog: Catalog) -> None:
    """Statistics Norway, table 12451, fourth quarter of 2025: Bergen 5.5, Fedje 4.0, Stryn 6.6 per cent."""
    content = orjson.loads((RECORDINGS / "statbank" / "12451.json").read_bytes())
    frame, findings = fetched(tmp_path, catalog, "12451", content)
    assert findings == {"dimensions.sex.categories.men", "dimensions.sex.categories.women"}, "recorded for both sexes"
    verdict = judge_table(catalog.tables["12451"], frame, partial=True)
    assert verdict.passed, verdict.summary()
    rates = dict(frame.select(pl.col("region_code").cast(pl.String), "value").rows())
    assert len(rates) == 43
    assert (rates["4601"], rates["4633"], rates["4651"]) == (5.5, 4.0, 6.6)
    assert frame["sex_group"].cast(pl.String).unique().to_list() == ["all"]
    assert frame["period"].cast(pl.String).unique().to_list() == ["2025K4"]
