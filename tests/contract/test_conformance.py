"""The local Statbank keeps to PxWebApi v2: its answers fit a schema, and independent clients read them as we do.

Belongs here: structure, judged by `pxwebapi/schema.json`, `jsonstat-validator`, `pxwebpy` and `pyjstat`.
Does not belong here: which answer a request gets (`tests/unit/test_demo_server.py`).
"""

from collections.abc import Callable, Iterator
from math import prod
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest
import requests
from jsonstat_validator import validate_jsonstat
from pxweb import PxApi
from pyjstat import pyjstat

from k2025_pipeline.demo.injection import FAULTS, Fault
from k2025_pipeline.demo.server import LocalStatbank
from k2025_pipeline.pxweb import jsonstat
from statbank_folders import STATUS, VALUES, write_folder

API = "/api/pxwebapi/v2"
SCHEMA = orjson.loads((Path(__file__).parent / "pxwebapi" / "schema.json").read_bytes())
DIMENSIONS = ("Region", "Kjonn", "ContentsCode", "Tid")
LABELS = ("region", "kjønn", "statistikkvariabel", "år")
EVERYTHING = {name: ["*"] for name in DIMENSIONS}
Asking = Callable[..., requests.Response]


@pytest.fixture(scope="module")
def statbank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStatbank]:
    with LocalStatbank(write_folder(tmp_path_factory.mktemp("tables")), cell_limit=24) as running:
        yield running


@pytest.fixture
def ask(statbank: LocalStatbank) -> Iterator[Asking]:
    def asked(path: str, selection: dict[str, list[str]] | None = None) -> requests.Response:
        if selection is None:
            return requests.get(statbank.url + API + path, timeout=10)
        items = [{"variableCode": name, "valueCodes": codes} for name, codes in selection.items()]
        return requests.post(statbank.url + API + path, json={"selection": items}, timeout=10)

    yield asked
    statbank.faults = ()


def _misfits(document: Any, kind: str) -> list[str]:
    """What in a document is not as the schema says; empty if all is."""
    validator = jsonschema.Draft202012Validator({"$ref": f"#/$defs/{kind}", "$defs": SCHEMA["$defs"]})
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


PAGES = [
    ("config", "/config"),
    ("listing", "/tables"),
    ("listing", "/tables?pageSize=1"),
    ("listing", "/tables?pageSize=1&pageNumber=2&lang=en"),
    ("listing", "/tables?query=ingenting"),
    ("table", "/tables/00001"),
    ("table", "/tables/00002?lang=en"),
    ("metadata", "/tables/00001/metadata"),
    ("metadata", "/tables/00002/metadata?lang=en"),
    ("metadata", "/tables/00002/metadata?codelist[Region]=agg_KommSummer"),
    ("data", "/tables/00001/data"),
    ("data", "/tables/00002/data"),
    ("data", "/tables/00001/data?valueCodes[Region]=0301&valueCodes[ContentsCode]=Andel&valueCodes[Tid]=top(1)"),
    ("defaultselection", "/tables/00001/defaultselection"),
    ("defaultselection", "/tables/00002/defaultselection"),
    ("codelist", "/codelists/agg_Sum"),
    ("codelist", "/codelists/agg_KommSummer?lang=en"),
]
REFUSED = [
    (404, "/tables/99999"),
    (404, "/tables/99999/metadata"),
    (404, "/tables/99999/defaultselection"),
    (400, "/tables/99999/data"),
    (404, "/tables?pageNumber=9"),
    (400, "/tables?lang=de"),
    (400, "/codelists/agg_sum"),
    (400, "/tables/00001/metadata?codelist[Region]=agg_sum"),
    (400, "/tables/00001/data?valueCodes[Nei]=1"),
    (400, "/tables/00001/data?valueCodes[Region]=9999"),
    (400, "/tables/00001/data?valueCodes[Region]=0301"),
    (400, "/tables/00001/data?valueCodes[Tid]=range(2019,2020)"),
    (400, "/tables/00001/data?outputFormat=sdmx"),
    (400, "/tables/00001/data?heading=Nei&valueCodes[Tid]=*&valueCodes[Region]=*&valueCodes[ContentsCode]=*"),
]


class TestSchema:
    def test_the_schema_is_one(self) -> None:
        jsonschema.Draft202012Validator.check_schema(SCHEMA)

    @pytest.mark.parametrize(("kind", "path"), PAGES)
    def test_answers(self, ask: Asking, kind: str, path: str) -> None:
        answer = ask(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json; charset=UTF-8"
        assert _misfits(answer.json(), kind) == []

    def test_a_posted_extract(self, ask: Asking) -> None:
        answer = ask("/tables/00001/data", EVERYTHING)
        assert answer.headers["content-disposition"] == 'inline; filename="00001.json"'
        assert _misfits(answer.json(), "data") == []

    @pytest.mark.parametrize(("status", "path"), REFUSED)
    def test_refusals(self, ask: Asking, status: int, path: str) -> None:
        answer = ask(path)
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert _misfits(answer.json(), "problem") == []

    def test_injected_refusals(self, ask: Asking, statbank: LocalStatbank) -> None:
        names = [name for name in FAULTS if name.startswith(("unknown-", "missing-selection", "too-many"))]
        for name in names:
            statbank.faults = [Fault(name)]
            assert _misfits(ask("/tables/00001/data").json(), "problem") == [], name
        assert len(names) == 6

    def test_a_configuration_without_a_rate(self, tmp_path: Path) -> None:
        with LocalStatbank(write_folder(tmp_path), rate_limit=40, rate_in_config=False) as running:
            answer = requests.get(f"{running.url}{API}/config", timeout=10)
        config = answer.json()
        assert _misfits(config, "config") == []
        assert (config["maxCallsPerTimeWindow"], config["timeWindow"], config["maxDataCells"]) == (0, 0, 800_000)
        # The limit holds all the same, and its headers tell it, as at SSB since 2026.
        assert answer.headers["x-ratelimit-policy"] == "40;w=60s"
        assert answer.headers["x-ratelimit-remaining"] == "39"


SPOILED: dict[str, tuple[str, str, Callable[[Any], object]]] = {
    "a limit as text": ("config", "/config", lambda d: d.update(maxDataCells="800000")),
    "a member missing": ("config", "/config", lambda d: d.pop("timeWindow")),
    "another time unit": ("table", "/tables/00001", lambda d: d.update(timeUnit="Yearly")),
    "no time zone": ("table", "/tables/00001", lambda d: d.update(updated="2026-03-16T07:00:00")),
    "a page of text": ("listing", "/tables", lambda d: d["page"].update(totalPages="1")),
    "a table in the listing": ("listing", "/tables", lambda d: d["tables"][0].pop("updated")),
    "cells in metadata": ("metadata", "/tables/00001/metadata", lambda d: d["value"].append(1)),
    "another codelist type": (
        "metadata",
        "/tables/00001/metadata",
        lambda d: d["dimension"]["Region"]["extension"]["codelists"][0].update(type="agg"),
    ),
    "the old spelling": (
        "metadata",
        "/tables/00001/metadata",
        lambda d: d["dimension"]["Region"]["extension"].update(
            codeLists=d["dimension"]["Region"]["extension"].pop("codelists")
        ),
    ),
    "a figure as text": ("data", "/tables/00001/data", lambda d: d["value"].__setitem__(0, "8")),
    "an empty status": ("data", "/tables/00001/data", lambda d: d.update(status={})),
    "a symbol for no cell": ("data", "/tables/00001/data", lambda d: d["status"].update({"x": "."})),
    "an index of text": (
        "data",
        "/tables/00001/data",
        lambda d: d["dimension"]["Tid"]["category"]["index"].update({"2019": "0"}),
    ),
    "a value without its map": ("codelist", "/codelists/agg_Sum", lambda d: d["values"][0].pop("valueMap")),
    "no codes selected": (
        "defaultselection",
        "/tables/00001/defaultselection",
        lambda d: d["selection"][0].update(valueCodes=[]),
    ),
    "another type of problem": ("problem", "/tables/99999", lambda d: d.update(type="about:blank")),
}


@pytest.mark.parametrize("spoiled", SPOILED)
def test_the_schema_finds(ask: Asking, spoiled: str) -> None:
    kind, path, spoil = SPOILED[spoiled]
    document = ask(path).json()
    assert _misfits(document, kind) == []
    spoil(document)
    assert _misfits(document, kind) != []


class TestConsistency:
    """What a schema cannot say."""

    @pytest.mark.parametrize("path", [path for kind, path in PAGES if kind in ("data", "metadata")])
    def test_sizes(self, ask: Asking, path: str) -> None:
        document = ask(path).json()
        assert list(document["dimension"]) == document["id"]
        categories = [document["dimension"][name]["category"] for name in document["id"]]
        assert [len(category["index"]) for category in categories] == document["size"]
        for category in categories:
            assert sorted(category["index"].values()) == list(range(len(category["index"])))
            assert list(category["label"]) == list(category["index"])
        if document["value"]:
            assert len(document["value"]) == prod(document["size"])
            assert all(int(cell) < len(document["value"]) for cell in document.get("status", {}))

    def test_links_lead_where_they_say(self, ask: Asking) -> None:
        for link in ask("/tables/00001").json()["links"]:
            answer = requests.get(link["href"], timeout=10).json()
            kind = "table" if link["rel"] == "self" else link["rel"]
            assert _misfits(answer, kind) == []

    def test_the_default_selection_is_what_data_gives(self, ask: Asking) -> None:
        selection = ask("/tables/00001/defaultselection").json()["selection"]
        chosen = {item["variableCode"]: item["valueCodes"] for item in selection}
        assert ask("/tables/00001/data", chosen).json() == ask("/tables/00001/data").json()


class TestOtherReaders:
    @pytest.mark.parametrize("path", [path for kind, path in PAGES if kind == "data"])
    def test_jsonstat_validator_on_data(self, ask: Asking, path: str) -> None:
        assert validate_jsonstat(ask(path).json())

    @pytest.mark.parametrize("path", [path for kind, path in PAGES if kind == "metadata"])
    def test_jsonstat_validator_on_metadata(self, ask: Asking, path: str) -> None:
        document = ask(path).json()
        # SSB links metadata to data by the relation «data», which IANA has not registered.
        assert document.pop("link").keys() == {"data"}
        assert validate_jsonstat(document)

    # Not «status-array»: the validator wants a text for every cell, where the standard's own reader takes null.
    @pytest.mark.parametrize("name", ["sparse-values", "status-text", "index-array", "no-labels"])
    def test_jsonstat_validator_on_other_legal_forms(self, ask: Asking, statbank: LocalStatbank, name: str) -> None:
        statbank.faults = [Fault(name)]
        document = ask("/tables/00001/data", EVERYTHING).json()
        assert _misfits(document, "data") != []  # SSB does not write it
        assert validate_jsonstat(document)

    def test_pxwebpy_reads_the_same_cells(self, ask: Asking, statbank: LocalStatbank) -> None:
        ours = jsonstat.decode(ask("/tables/00001/data", EVERYTHING).content)
        theirs = PxApi(statbank.url + API, disable_cache=True).get_table_data("00001", EVERYTHING, show="code")
        # It names columns by the dimensions' labels, and drops `status`: a hidden cell is a None like any other.
        assert set(theirs[0]) == {*LABELS, "value"}
        assert _by_codes(theirs, LABELS) == _by_codes(ours.to_dicts(), DIMENSIONS)
        assert [row["value"] for row in theirs] == VALUES
        assert {str(cell): symbol for cell, symbol in enumerate(ours["status"]) if symbol} == STATUS

    def test_pxwebpy_splits_as_the_configuration_says(self, tmp_path: Path) -> None:
        with LocalStatbank(write_folder(tmp_path), cell_limit=8) as running:
            api = PxApi(running.url + API, disable_cache=True, max_workers=1)
            rows = api.get_table_data("00001", EVERYTHING, show="code")
            asked = [request.stage for request in running.log].count("data")
        cells = iter(VALUES)
        expected = {
            (region, sex, measure, year): next(cells)
            for region in ("0301", "1508a")
            for sex in ("2", "1")
            for measure in ("Antall", "Andel")
            for year in ("2019", "2020", "2021")
        }
        assert asked == 3
        assert len(rows) == 24
        assert _by_codes(rows, LABELS) == expected

    def test_pxwebpy_under_a_codelist(self, ask: Asking, statbank: LocalStatbank) -> None:
        rows = PxApi(statbank.url + API, disable_cache=True).get_table_data(
            "00002", EVERYTHING, code_list={"Region": "agg_KommSummer"}, show="code"
        )
        assert [row["value"] for row in rows] == VALUES
        assert {row["region"] for row in rows} == {"K-0301", "K-1508"}

    def test_pyjstat_reads_the_same_cells(self, ask: Asking) -> None:
        answer = ask("/tables/00001/data", EVERYTHING)
        theirs = pyjstat.Dataset.read(answer.text).write("dataframe", naming="id")
        ours = jsonstat.decode(answer.content)
        # It drops `status` too, and has NaN for null.
        assert list(theirs.columns) == [*DIMENSIONS, "value"]
        rows = theirs.astype({"value": object}).where(theirs.notna(), None).to_dict("records")
        assert _by_codes(rows, DIMENSIONS) == _by_codes(ours.to_dicts(), DIMENSIONS)


def _by_codes(rows: list[dict[str, Any]], dimensions: tuple[str, ...]) -> dict[tuple[str, ...], float | None]:
    """Values by codes; a code combination that occurs twice fails."""
    found = {tuple(row[name] for name in dimensions): row["value"] for row in rows}
    assert len(found) == len(rows)
    return found
