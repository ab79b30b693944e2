"""The local Statbank answers as Statistics Norway's PxWebApi v2 and Klass do.

Expected errors: PxTools/PxWebApi `ProblemUtility.cs` and recorded answers. Expected figures: the recorded
tables themselves (Statistics Norway, CC BY 4.0); those tests are skipped where there are no recordings.
"""

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from k2025_pipeline.demo import jsonstat_writer, klass_files, problems
from k2025_pipeline.demo.documents import DamagedFile, Folder
from k2025_pipeline.demo.limits import Gateway
from k2025_pipeline.demo.selection_grammar import positions, split_get_value
from k2025_pipeline.demo.server import LocalStatbank, create_app
from statbank_folders import VALUES, change, write_folder, write_klass

API = "/api/pxwebapi/v2"
TIMEOUT = 30
KLASS = "/api/klass/v1/classifications/131"
JSON = {"accept": "application/json"}
RECORDINGS = Path(os.environ.get("K2025_RECORDINGS", Path(__file__).parents[3] / "shared" / "recordings"))
needs_recordings = pytest.mark.skipif(
    not (RECORDINGS / "statbank").is_dir(), reason=f"no recorded answers of Statistics Norway in {RECORDINGS}"
)

PARAMETER_ERROR = b'{"type":"Parameter error","title":"%s","status":400}'
UNKNOWN_TABLE = b'{"type":"Parameter error","title":"Non-existent table","status":404}'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("tables"))


class Client:
    """Asks one running server."""

    def __init__(self, url: str) -> None:
        self._url = url

    def get(self, path: str) -> requests.Response:
        """GET that asks for JSON."""
        return requests.get(self._url + path, headers=JSON, timeout=TIMEOUT)

    def post(self, path: str, body: Any = None) -> requests.Response:
        """POST of an object as JSON, or of bytes as they are."""
        content = body if isinstance(body, bytes) or body is None else orjson.dumps(body)
        return requests.post(self._url + path, data=content, timeout=TIMEOUT)


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[Client]:
    with LocalStatbank(folder, cell_limit=20) as running:
        yield Client(running.url)


def _get(client: Client, table: str, query: str = "") -> Any:
    return client.get(f"{API}/tables/{table}/data?{query}")


def _post(client: Client, table: str, selection: dict[str, list[str]], **codelists: str) -> Any:
    items = [
        {"variableCode": name, "valueCodes": codes, "codelist": codelists.get(name)}
        for name, codes in selection.items()
    ]
    return client.post(f"{API}/tables/{table}/data", {"selection": items})


ALL = {"Region": ["*"], "Kjonn": ["2"], "ContentsCode": ["*"], "Tid": ["*"]}


class TestGrammar:
    CODES = ("2015", "2016", "2017", "A1", "b2")

    @pytest.mark.parametrize(
        ("expressions", "is_time", "found"),
        [
            (["2016"], False, [1]),
            (["a1", "B2"], False, [3, 4]),
            (["*"], False, [0, 1, 2, 3, 4]),
            (["20*"], False, [0, 1, 2]),
            (["*6"], False, [1]),
            (["*01*"], False, [0, 1, 2]),
            (["????"], False, [0, 1, 2]),
            (["?2"], False, [4]),
            (["top(2)"], False, [0, 1]),
            (["TOP(2,1)"], False, [1, 2]),
            (["top(2)"], True, [3, 4]),
            (["top(2,1)"], True, [2, 3]),
            (["bottom(2)"], False, [3, 4]),
            (["bottom(1)"], True, [0]),
            (["top(99)"], True, [0, 1, 2, 3, 4]),
            (["from(2017)"], False, [2, 3, 4]),
            (["to(2016)"], False, [0, 1]),
            (["range(2015,2017)"], False, [0, 1, 2]),
            (["range(2017, 2015)"], False, [0, 1, 2]),
            (["b2", "top(1)", "2015"], False, [0, 4]),
            (["9*"], False, []),
        ],
    )
    def test_expressions(self, expressions: list[str], is_time: bool, found: list[int]) -> None:
        assert positions(expressions, self.CODES, is_time) == found

    @pytest.mark.parametrize(
        "expression",
        [
            "range(2015",
            "range(2015,2099)",
            "range(2015)",
            "from(1900)",
            "to()",
            "top(x)",
            "top(0)",
            "top(1,2,3)",
            "2*1*5",
        ],
    )
    def test_illegal_expressions(self, expression: str) -> None:
        with pytest.raises(problems.Problem, match="Illegal selection expression"):
            positions([expression], self.CODES, False)

    @pytest.mark.parametrize("code", ["2099", "[range(2015,2016)]", ""])
    def test_unknown_codes_and_brackets_outside_get(self, code: str) -> None:
        with pytest.raises(problems.Problem, match="Non-existent value"):
            positions([code], self.CODES, False)

    def test_repeated_code(self) -> None:
        with pytest.raises(problems.DuplicateCodes):
            positions(["2015", "2015"], self.CODES, False)

    def test_get_values_are_split_outside_brackets(self) -> None:
        assert split_get_value("2015,[range(2016,2017)],top(1)") == ["2015", "range(2016,2017)", "top(1)"]

    @given(st.lists(st.sampled_from(["2015", "a1", "*", "2*", "top(3)", "to(2016)"]), unique=True))
    def test_positions_are_ascending_and_unique(self, expressions: list[str]) -> None:
        found = positions(expressions, self.CODES, False)
        assert found == sorted(set(found))

    @given(st.text(max_size=12))
    def test_any_text_is_answered_or_refused(self, text: str) -> None:
        try:
            found = positions([text], self.CODES, True)
        except problems.Problem:
            return
        assert all(0 <= place < len(self.CODES) for place in found)


class TestData:
    def test_numbers_are_echoed_exactly(self, client: Client) -> None:
        answer = _post(client, "00001", {**ALL, "Kjonn": ["*"], "ContentsCode": ["Antall"]})
        assert b'"value":[1,6.0,null,7,8,9,10,20,30,70,80,90]' in answer.content
        assert b'"status":{"2":":"}' in answer.content

    def test_status_is_left_out_when_empty(self, client: Client) -> None:
        answer = _post(client, "00001", {**ALL, "Region": ["0301"], "ContentsCode": ["Andel"]}).json()
        assert answer["value"] == [4.5, 0, -2]
        assert "status" not in answer

    def test_table_order_and_subsets(self, client: Client) -> None:
        query = "VALUECODES[tid]=2021,2019&valuecodes[contentscode]=antall&valueCodes[Region]=1508A,0301"
        answer = _get(client, "00001", query + "&valueCodes[Kjonn]=1&outputValues[Region]=x&format=y").json()
        assert answer["id"] == ["Region", "Kjonn", "ContentsCode", "Tid"]
        assert answer["size"] == [2, 1, 1, 2]
        assert answer["dimension"]["Tid"]["category"]["index"] == {"2019": 0, "2021": 1}
        assert answer["dimension"]["Region"]["category"]["label"] == {"0301": "Oslo", "1508a": "Ålesund"}
        assert answer["dimension"]["ContentsCode"]["category"]["unit"] == {"Antall": {"base": "antall", "decimals": 0}}
        assert answer["dimension"]["ContentsCode"]["extension"]["refperiod"] == {"Antall": "31.12"}
        assert "codelists" not in answer["dimension"]["Region"]["extension"]
        assert answer["value"] == [7, 9, 70, 90]
        assert answer["note"] == ["A note."]

    def test_elimination_sums_numbers_and_keeps_gaps(self, client: Client) -> None:
        answer = _post(client, "00001", {"Region": ["*"], "ContentsCode": ["*"], "Tid": ["*"]}).json()
        assert answer["id"] == ["Region", "ContentsCode", "Tid"]
        assert answer["value"] == [8, 14.0, None, None, None, 10, 80, 100, 120, None, 6, 8]
        assert answer["status"] == {"2": "..", "3": "..", "4": "..", "9": ".."}
        assert answer["role"]["time"] == ["Tid"]

    def test_zero_hits_on_an_eliminable_variable_eliminates_it(self, client: Client) -> None:
        answer = _post(client, "00001", {**ALL, "Kjonn": ["9*"], "Region": ["0301"]}).json()
        assert "Kjonn" not in answer["id"]

    def test_codelist_answers_from_its_file(self, client: Client) -> None:
        answer = _post(client, "00001", {**ALL, "Region": ["k-0301"]}, Region="agg_Sum").json()
        assert answer["dimension"]["Region"]["category"]["index"] == {"K-0301": 0}
        assert answer["value"] == VALUES[::-1][:6]
        assert "codelist" not in answer["extension"]

    def test_codelist_in_get(self, client: Client) -> None:
        rest = "valueCodes[Tid]=*&valueCodes[ContentsCode]=Antall"
        answer = _get(client, "00001", f"codelist[region]=agg_Sum&valueCodes[Region]=K-*&{rest}")
        assert answer.json()["size"] == [2, 1, 3]

    def test_no_selection_gives_the_default(self, client: Client) -> None:
        assert _get(client, "00001").json()["size"] == [1, 2, 3]
        assert client.post(f"{API}/tables/00001/data").json()["size"] == [1, 2, 3]
        assert _get(client, "00002").json()["size"] == [1, 2, 3]

    @pytest.mark.parametrize(
        ("query", "title"),
        [
            ("valueCodes[Nei]=1", b"Non-existent variable"),
            ("valueCodes[Region]=9999", b"Non-existent value"),
            ("valueCodes[Region]=0301&codelist[Region]=agg_sum", b"Non-existent codelist"),
            ("valueCodes[Kjonn]=1&codelist[Kjonn]=agg_Sum", b"Non-existent codelist"),
            ("valueCodes[Region]=0301", b"Missing selection for mandantory variable"),
            (
                "valueCodes[Region]=9*&valueCodes[Tid]=*&valueCodes[ContentsCode]=*",
                b"Missing selection for mandantory variable",
            ),
            ("valueCodes[Tid]=range(2019,2020)", b"Illegal selection expression"),
            ("valueCodes[Tid]=from(1900)", b"Illegal selection expression"),
            (
                "heading=Nei&valueCodes[Tid]=*&valueCodes[Region]=*&valueCodes[ContentsCode]=*",
                b"Illegal placment",
            ),
            ("lang=de", b"Unsupported language"),
        ],
    )
    def test_errors_byte_for_byte(self, client: Client, query: str, title: bytes) -> None:
        answer = _get(client, "00001", query)
        assert (answer.status_code, answer.content) == (400, PARAMETER_ERROR % title)

    @pytest.mark.parametrize(
        ("query", "title"),
        [("outputFormat=sdmx", "Unsupported output format"), ("", "Too many cells selected")],
    )
    def test_errors_with_detail(self, client: Client, query: str, title: str) -> None:
        answer = client.post(f"{API}/tables/00001/data?{query}", _selection({**ALL, "Kjonn": ["*"]}))
        assert answer.status_code == 400
        assert answer.json() == {"type": "Parameter error", "title": title, "status": 400, "detail": title}

    def test_unknown_table_is_400_on_data_and_404_elsewhere(self, client: Client) -> None:
        data = _get(client, "99999")
        assert (data.status_code, data.content) == (400, UNKNOWN_TABLE)
        for path in ("", "/metadata", "/defaultselection"):
            answer = client.get(f"{API}/tables/99999{path}")
            assert (answer.status_code, answer.content) == (404, UNKNOWN_TABLE)

    @pytest.mark.parametrize("table", ["..%2Fsource", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "00001@agg_Sum"])
    def test_table_ids_are_never_paths(self, client: Client, table: str) -> None:
        assert client.get(f"{API}/tables/{table}/metadata").status_code == 404

    def test_duplicate_codes_give_an_empty_500(self, client: Client) -> None:
        answer = _post(client, "00001", {**ALL, "Region": ["0301", "0301"]})
        assert (answer.status_code, answer.content) == (500, b"")
        assert answer.headers["x-k2025-source"] == "recording"

    def test_long_url_gives_html(self, client: Client) -> None:
        answer = _get(client, "00001", "valueCodes[Tid]=" + "x" * 2100)
        assert answer.status_code == 404
        assert len(answer.content) == 1245
        assert answer.content.startswith(b'<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN"')
        assert b"<title>404 - File or directory not found.</title>" in answer.content

    def test_unreadable_body(self, client: Client) -> None:
        for body in (b"{", b"[]", b'{"selection":[{}]}'):
            assert client.post(f"{API}/tables/00001/data", body).status_code == 400


def _selection(selection: dict[str, list[str]]) -> dict[str, Any]:
    return {"selection": [{"variableCode": name, "valueCodes": codes} for name, codes in selection.items()]}


class TestOnlyUnderACodelist:
    def test_metadata_has_no_regions_but_offers_the_codelist(self, client: Client) -> None:
        answer = client.get(f"{API}/tables/00002/metadata").json()
        assert answer["size"] == [0, 2, 2, 3]
        assert answer["dimension"]["Region"]["category"]["index"] == {}
        (codelist,) = answer["dimension"]["Region"]["extension"]["codelists"]
        assert codelist["id"] == "agg_KommSummer"
        assert codelist["label"] == "Kommuner, sammenslåtte tidsserier"
        assert codelist["type"] == "Aggregation"

    def test_metadata_under_the_codelist(self, client: Client) -> None:
        answer = client.get(f"{API}/tables/00002/metadata?codelist[Region]=agg_KommSummer").json()
        assert answer["size"] == [2, 2, 2, 3]
        assert answer["value"] == []

    def test_plain_codes_are_unknown(self, client: Client) -> None:
        for codes in (["0301"], ["K-0301"], ["*"]):
            answer = _post(client, "00002", {**ALL, "Region": codes})
            assert (answer.status_code, answer.content) == (400, PARAMETER_ERROR % b"Non-existent value")

    def test_data_under_the_codelist(self, client: Client) -> None:
        answer = _post(client, "00002", ALL, Region="agg_KommSummer").json()
        assert answer["size"] == [2, 1, 2, 3]


class TestPages:
    def test_config(self, client: Client) -> None:
        config = client.get(f"{API}/config").json()
        assert config["maxDataCells"] == 20
        assert (config["maxCallsPerTimeWindow"], config["timeWindow"]) == (6000, 60)

    def test_table_item(self, client: Client) -> None:
        item = client.get(f"{API}/tables/00001").json()
        assert item["id"] == "00001"
        assert (item["firstPeriod"], item["lastPeriod"], item["timeUnit"]) == ("2019", "2021", "Annual")
        assert item["variableNames"] == ["region", "kjønn", "statistikkvariabel", "år"]
        assert item["updated"].endswith("Z")
        assert {link["rel"] for link in item["links"]} == {"self", "metadata", "data"}

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("", ["00001", "00002"]),
            ("query=BRUKERE kommuner", ["00001"]),
            ("query=00002", ["00002"]),
            ("query=brukere 00002", []),
            ("pastDays=1", []),
            ("pastDays=30&includeDiscontinued=true", ["00001", "00002"]),
            ("pageSize=1&pageNumber=2", ["00002"]),
        ],
    )
    def test_table_list(self, client: Client, query: str, found: list[str]) -> None:
        answer = client.get(f"{API}/tables?{query}").json()
        assert [item["id"] for item in answer["tables"]] == found

    def test_paging(self, client: Client) -> None:
        page = client.get(f"{API}/tables?pageSize=1").json()["page"]
        assert (page["pageNumber"], page["pageSize"], page["totalElements"], page["totalPages"]) == (
            1,
            1,
            2,
            2,
        )
        beyond = client.get(f"{API}/tables?pageSize=1&pageNumber=3")
        assert beyond.status_code == 404
        assert beyond.json()["title"] == "Non-existent page"
        assert client.get(f"{API}/tables?pageNumber=0").status_code == 400

    def test_metadata(self, client: Client) -> None:
        answer = client.get(f"{API}/tables/00001/metadata?lang=en").json()
        assert answer["value"] == []
        assert "status" not in answer
        assert answer["extension"]["px"]["language"] == "en"
        regions = answer["dimension"]["Region"]["extension"]
        assert regions["elimination"] is False
        assert [codelist["label"] for codelist in regions["codelists"]] == ["Summer"]
        assert answer["dimension"]["Kjonn"]["extension"] == {
            "elimination": True,
            "show": "value",
            "codelists": [],
        }

    @pytest.mark.parametrize("query", ["codelist[Region]=agg_sum", "codelist[Tid]=agg_Sum"])
    def test_metadata_with_an_unknown_codelist(self, client: Client, query: str) -> None:
        answer = client.get(f"{API}/tables/00001/metadata?{query}")
        assert (answer.status_code, answer.content) == (400, PARAMETER_ERROR % b"Non-existent codelist")

    def test_codelist(self, client: Client) -> None:
        answer = client.get(f"{API}/codelists/agg_Sum").json()
        parts = {value["code"]: value["valueMap"] for value in answer["values"]}
        assert parts == {"K-0301": ["0301"], "K-1508": ["1507"]}
        assert client.get(f"{API}/codelists/agg_sum").status_code == 400

    def test_default_selection_can_be_posted(self, client: Client) -> None:
        selection = client.get(f"{API}/tables/00002/defaultselection").json()["selection"]
        answer = client.post(f"{API}/tables/00002/data", {"selection": selection})
        assert answer.json()["size"] == [1, 2, 3]

    def test_unknown_address(self, client: Client) -> None:
        assert client.get("/nowhere").status_code == 404


class TestLimits:
    def test_headers_on_every_answer(self, client: Client) -> None:
        for path in (f"{API}/config", f"{API}/tables/99999/data", "/nowhere", KLASS):
            headers = client.get(path).headers
            assert headers["x-ratelimit-limit"] == "6000"
            assert headers["x-ratelimit-policy"] == "6000;w=60s"
            assert headers["x-ratelimit-resource"] == "SB_API_1MIN"
            assert headers["x-k2025-source"] == "recording"

    def test_too_many_calls_give_an_empty_429(self, folder: Path) -> None:
        with LocalStatbank(folder, rate_limit=2) as running:
            answers = [Client(running.url).get(f"{API}/config") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["1", "0", "0"]
        assert answers[-1].content == b""

    def test_the_window_moves_on(self, folder: Path) -> None:
        moments = iter([100.0, 104.9, 105.1, 105.2])
        gateway = Gateway(create_app(folder), 1, 5, "test", clock=lambda: next(moments))
        assert [gateway.count_call("a") for _ in range(3)] == [0, -1, 0]
        assert gateway.count_call("b") == 0

    def test_source_of_a_demo_folder(self, tmp_path: Path) -> None:
        (tmp_path / "source.json").write_bytes(b'{"source":"demo"}')
        with LocalStatbank(tmp_path) as running:
            answer = Client(running.url).get(f"{API}/tables")
        assert answer.headers["x-k2025-source"] == "demo"
        assert answer.json()["page"]["totalElements"] == 0


class TestNameOfTheSource:
    """Generated figures are never called recordings."""

    @pytest.mark.parametrize(
        "generated",
        [
            {"source": jsonstat_writer.SOURCE},
            {"label": f"00001: Brukere {jsonstat_writer.LABEL_SUFFIX}"},
            {"value": VALUES, "source": jsonstat_writer.SOURCE},
        ],
    )
    @pytest.mark.parametrize("stated", [None, {"source": "recording"}])
    def test_a_generated_table_makes_a_demo(
        self, folder: Path, tmp_path: Path, generated: dict[str, Any], stated: dict[str, str] | None
    ) -> None:
        root = _copy(folder, tmp_path)
        path = root / "statbank" / "00002@agg_KommSummer.json"
        content = orjson.loads(path.read_bytes())
        late = {name: content.pop(name) for name in generated}
        path.write_bytes(orjson.dumps({**content, **late, **generated}))
        if stated:
            (root / "source.json").write_bytes(orjson.dumps(stated))
        with LocalStatbank(root) as running:
            answer = Client(running.url).get(f"{API}/config")
        assert answer.headers["x-k2025-source"] == "demo"

    def test_other_tables_are_recordings(self, folder: Path) -> None:
        assert Folder(folder).source == "recording"

    def test_looking_is_quick(self, tmp_path: Path) -> None:
        (tmp_path / "statbank").mkdir()
        (tmp_path / "statbank" / "00001.json").write_bytes(b"123456789," * 5_000_000)
        start = time.monotonic()
        assert Folder(tmp_path).source == "recording"
        assert time.monotonic() - start < 1


def _copy(folder: Path, target: Path) -> Path:
    return Path(shutil.copytree(folder, target / "copy"))


def _spoil(change: Callable[[dict[str, Any]], Any]) -> Callable[[bytes], bytes]:
    """A damage to the content of a file, from one to its document."""

    def damaged(content: bytes) -> bytes:
        document = orjson.loads(content)
        change(document)
        return orjson.dumps(document)

    return damaged


def _category(document: dict[str, Any], variable: str = "Region") -> Any:
    return document["dimension"][variable]["category"]


DAMAGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda content: b"", "not JSON"),
    "cut": (lambda content: content[:-20], "not JSON"),
    "not text": (lambda content: b"\xff" + content, "not JSON"),
    "not an object": (lambda content: b"[1,2]", "the file: Input should be"),
    "not JSON-stat": (lambda content: b'{"a":1}', "label: Field required"),
    "no index": (_spoil(lambda d: _category(d).pop("index")), "dimension.Region.category.index: Field required"),
    "index as a list": (_spoil(lambda d: _category(d).update(index=["0301"])), "category.index: Input should be"),
    "one position twice": (_spoil(lambda d: _category(d)["index"].update({"0301": 1})), "Region: the positions"),
    "a position too high": (_spoil(lambda d: _category(d)["index"].update({"0301": 9})), "Region: the positions"),
    "a code twice": (
        lambda content: content.replace(b'"2019":0,', b'"2020":0,'),
        "Tid: size 3, but 2 different codes",
    ),
    "a code too many": (_spoil(lambda d: _category(d)["index"].update({"x": 2})), "size 2, but 3 different codes"),
    "no label": (_spoil(lambda d: _category(d)["label"].pop("0301")), "Region: the code 0301 has no label"),
    "a variable twice": (_spoil(lambda d: d["id"].append("Tid")), "id: a variable is listed twice"),
    "a variable unknown": (_spoil(lambda d: d["id"].append("x")), "id and dimension do not name the same"),
    "a size too few": (_spoil(lambda d: d["size"].pop()), "size: 3 numbers for 4 variables"),
    "an unknown role": (_spoil(lambda d: d["role"].update(geo=["x"])), "role: no variable x"),
    "a cell too few": (_spoil(lambda d: d["value"].pop()), "value: not a list of 24 cells"),
    "no cells": (_spoil(lambda d: d.pop("value")), "value: not a list of 24 cells"),
    "text among the cells": (_spoil(lambda d: d["value"].__setitem__(3, "7")), "value: str among the numbers"),
    "a list among the cells": (_spoil(lambda d: d["value"].__setitem__(3, [7])), "value: list among the numbers"),
    "a symbol outside": (_spoil(lambda d: d["status"].update({"24": "."})), "status: a cell that is not among the 24"),
    "a symbol before": (_spoil(lambda d: d["status"].update({"-1": "."})), "status: a cell that is not among the 24"),
    "symbols as a list": (_spoil(lambda d: d.update(status=[".", ".."])), "status: not an object of symbols"),
    "a number as a symbol": (_spoil(lambda d: d["status"].update({"2": 3})), "status: not an object of symbols"),
    "no date": (_spoil(lambda d: d.update(updated="yesterday")), "Invalid isoformat string: 'yesterday'"),
    "no time zone": (_spoil(lambda d: d.update(updated="2026-03-16T07:00:00")), "updated: no time zone"),
}


class TestDamagedFiles:
    PAGES = ("", "/metadata", "/defaultselection", "/data")

    @pytest.mark.parametrize("damage", DAMAGES)
    def test_requests_are_refused_with_the_reason(self, folder: Path, tmp_path: Path, damage: str) -> None:
        spoil, reason = DAMAGES[damage]
        root = _copy(folder, tmp_path)
        path = root / "statbank" / "00001.json"
        path.write_bytes(spoil(path.read_bytes()))
        with LocalStatbank(root) as running:
            asked = Client(running.url)
            answers = [asked.get(f"{API}/tables/00001{page}") for page in self.PAGES]
            answers.append(_post(asked, "00001", ALL))
            listed = asked.get(f"{API}/tables?pastDays=30")
        for answer in answers:
            body = answer.json()
            assert (answer.status_code, body["type"], body["status"]) == (400, "Parameter error", 400)
            assert body["title"].startswith("Damaged file: statbank/00001.json: ")
            assert reason in body["title"]
        assert [table["id"] for table in listed.json()["tables"]] == ["00002"]

    def test_a_codelist_file(self, folder: Path, tmp_path: Path) -> None:
        root = _copy(folder, tmp_path)
        (root / "statbank" / "00001@agg_Sum.json").write_bytes(b"{")
        with LocalStatbank(root) as running:
            asked = Client(running.url)
            refused = [_post(asked, "00001", ALL, Region="agg_Sum"), asked.get(f"{API}/codelists/agg_Sum")]
            plain = _post(asked, "00001", ALL)
        assert plain.status_code == 200
        assert all(answer.status_code == 400 for answer in refused)
        assert all("statbank/00001@agg_Sum.json: not JSON" in answer.json()["title"] for answer in refused)

    def test_no_region_for_the_codelist(self, folder: Path, tmp_path: Path) -> None:
        root = _copy(folder, tmp_path)
        path = root / "statbank" / "00002@agg_KommSummer.json"
        path.write_bytes(_spoil(lambda document: document["role"].pop("geo"))(path.read_bytes()))
        with pytest.raises(DamagedFile, match="role: no variable is geo"):
            Folder(root).document("00002")

    def test_a_file_that_is_gone(self, folder: Path, tmp_path: Path) -> None:
        root = _copy(folder, tmp_path)
        tables = Folder(root)
        (root / "statbank" / "00001.json").unlink()
        with pytest.raises(DamagedFile, match=r"statbank/00001\.json: cannot be read"):
            tables.document("00001")

    def test_a_mended_file_is_served(self, folder: Path, tmp_path: Path) -> None:
        root = _copy(folder, tmp_path)
        path = root / "statbank" / "00001.json"
        whole = path.read_bytes()
        path.write_bytes(b"")
        tables = Folder(root)
        assert tables.sound_tables() == ["00002"]
        path.write_bytes(whole)
        assert tables.sound_tables() == ["00001", "00002"]


def _server_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "local-statbank"}


class TestRunning:
    def test_starts_on_a_free_port_and_stops(self, folder: Path) -> None:
        before = _server_threads()
        with LocalStatbank(folder, rate_limit=5) as server:
            assert server.url.startswith("http://127.0.0.1:")
            answer = requests.get(f"{server.url}{API}/config", timeout=10)
            assert answer.json()["maxCallsPerTimeWindow"] == 5
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{server.url}{API}/config", timeout=10)
        assert _server_threads() == before

    def test_two_at_once(self, folder: Path) -> None:
        with LocalStatbank(folder) as first, LocalStatbank(folder) as second:
            assert first.url != second.url


class TestValidity:
    """Validity derived from changes as Klass gives them."""

    NOW = (
        {"code": "1103", "name": "Stavanger"},
        {"code": "5025", "name": "Røros - Rosse"},
        {"code": "1508", "name": "Ålesund"},
    )
    CHANGES = (
        change("5011", "Gammel", "5025", "Røros", "2018-01-01"),
        change("1103", "Stavanger", "1103", "Stavanger", "2020-01-01"),
        change("1141", "Finnøy", "1103", "Stavanger", "2020-01-01"),
        change("5025", "Røros", "5025", "Røros - Rosse", "2023-01-01"),
        change("1507", "Ålesund", "1508", "Ålesund", "2024-01-01"),
        change("9001", "Nedlagt", None, "", "2024-01-01"),
    )
    INTERVALS = (
        ("1103", "Stavanger", "2018-01-01", None),
        ("1141", "Finnøy", "2018-01-01", "2020-01-01"),
        ("1507", "Ålesund", "2018-01-01", "2024-01-01"),
        ("1508", "Ålesund", "2024-01-01", None),
        ("5025", "Røros", "2018-01-01", "2023-01-01"),
        ("5025", "Røros - Rosse", "2023-01-01", None),
        ("9001", "Nedlagt", "2018-01-01", "2024-01-01"),
    )

    def test_intervals(self) -> None:
        found = klass_files.valid_intervals(self.NOW, self.CHANGES)
        assert tuple((i["code"], i["name"], i["validFrom"], i["validTo"]) for i in found) == self.INTERVALS


class TestKlass:
    @pytest.fixture(scope="class")
    def server(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
        with LocalStatbank(write_klass(tmp_path_factory.mktemp("classifications"))) as running:
            yield running.url

    @pytest.fixture
    def klass(self, server: str) -> Callable[[str], Any]:
        return lambda path: Client(server).get(KLASS + path)

    def test_about(self, klass: Callable[[str], Any]) -> None:
        assert klass("").json()["lastModified"] == "2026-01-01T00:00:00.000+0000"

    def test_codes_at(self, klass: Callable[[str], Any]) -> None:
        def codes(date: str) -> list[str]:
            return [code["code"] for code in klass(f"/codesAt?date={date}").json()["codes"]]

        assert codes("2023-12-31") == ["1507"]
        assert codes("2024-01-01") == ["1508", "1580"]
        item = klass("/codesAt?date=2024-01-01").json()["codes"][1]
        assert (item["level"], item["parentCode"], item["validFrom"]) == ("1", None, None)

    def test_codes_in_a_range(self, klass: Callable[[str], Any]) -> None:
        codes = klass("/codes?from=2021-01-01&to=2025-01-01").json()["codes"]
        ranges = [(c["code"], c["validFromInRequestedRange"], c["validToInRequestedRange"]) for c in codes]
        assert ranges[:2] == [("1507", "2021-01-01", "2024-01-01"), ("1508", "2024-01-01", "2025-01-01")]
        assert klass("/codes?from=2024-01-01").json()["codes"][0]["validToInRequestedRange"] is None

    def test_changes_from_inclusive_to_exclusive(self, klass: Callable[[str], Any]) -> None:
        split = klass("/changes?from=2024-01-01&to=2024-01-02").json()["codeChanges"]
        assert [(change["oldCode"], change["newCode"]) for change in split] == [
            ("1507", "1508"),
            ("1507", "1580"),
        ]
        assert klass("/changes?from=2023-01-01&to=2024-01-01").json()["codeChanges"] == []

    def test_corresponds(self, klass: Callable[[str], Any]) -> None:
        (item,) = klass("/corresponds?targetClassificationId=112&from=2024-01-01").json()["correspondenceItems"]
        assert (item["sourceCode"], item["targetCode"], item["validTo"]) == ("1508", "EKG11", None)

    def test_corresponds_at(self, klass: Callable[[str], Any]) -> None:
        (item,) = klass("/correspondsAt?targetClassificationId=112&date=2024-06-01").json()["correspondenceItems"]
        assert "validFrom" not in item
        assert klass("/correspondsAt?targetClassificationId=128&date=2024-06-01").json() == {"correspondenceItems": []}
        assert klass("/corresponds?targetClassificationId=128&from=2024-01-01").json()["correspondenceItems"]

    @pytest.mark.parametrize(
        "path",
        [
            "/corresponds?targetClassificationId=112&from=2023-01-01",
            "/corresponds?targetClassificationId=104&from=2024-01-01",
            "/corresponds?targetClassificationId=36&from=2024-01-01",
            "/correspondsAt?targetClassificationId=36&date=2024-01-01",
        ],
    )
    def test_no_correspondence_for_the_whole_range(self, klass: Callable[[str], Any], path: str) -> None:
        answer = klass(path)
        assert (answer.status_code, answer.json()["title"]) == (404, "Not Found")

    @pytest.mark.parametrize(
        "path",
        ["/codesAt", "/codesAt?date=2024", "/codes?to=2024-01-01", "/corresponds?from=2024-01-01"],
    )
    def test_bad_parameters(self, klass: Callable[[str], Any], path: str) -> None:
        assert klass(path).status_code == 400

    def test_unknown_classification(self, client: Client) -> None:
        answer = client.get("/api/klass/v1/classifications/99999")
        assert answer.status_code == 404
        assert answer.json() == {
            "type": "about:blank",
            "title": "Not Found",
            "status": 404,
            "detail": "Classification not found with id = 99999",
            "instance": "/api/klass/v1/classifications/99999",
        }

    def test_xml_unless_json_is_asked_for(self, server: str) -> None:
        answer = requests.get(f"{server}{KLASS}/codesAt?date=2024-01-01", timeout=TIMEOUT)
        assert answer.headers["content-type"].startswith("application/xml")
        assert "<code>1580</code>" in answer.text


@needs_recordings
class TestRecordings:
    @pytest.fixture(scope="class")
    def server(self) -> Iterator[str]:
        with LocalStatbank(RECORDINGS) as running:
            yield running.url

    def test_every_recorded_cell_is_echoed(self, server: str) -> None:
        for path in sorted((RECORDINGS / "statbank").glob("[0-9]????.json")):
            table = path.stem
            recorded = orjson.loads(path.read_bytes())
            selection = [{"variableCode": name, "valueCodes": ["*"]} for name in recorded["id"]]
            answer = requests.post(f"{server}{API}/tables/{table}/data", json={"selection": selection}, timeout=30)
            sent = orjson.loads(answer.content)
            assert orjson.dumps(sent["value"]) == orjson.dumps(recorded["value"]), path.name
            assert sent.get("status") == recorded.get("status"), path.name

    def test_the_summed_population(self, server: str) -> None:
        selection = [
            {"variableCode": "Region", "valueCodes": ["K-1508", "K-0301"], "codelist": "agg_KommSummer"},
            {"variableCode": "ContentsCode", "valueCodes": ["Personer1"]},
            {"variableCode": "Tid", "valueCodes": ["range(2023,2024)"]},
        ]
        answer = requests.post(f"{server}{API}/tables/07459/data", json={"selection": selection}, timeout=30).json()
        assert answer["value"] == [709037, 717710, None, 58509]
        assert answer["status"] == {"2": "."}

    def test_a_large_answer_is_quick(self, server: str) -> None:
        selection = [
            {"variableCode": "Region", "valueCodes": ["*"], "codelist": "agg_KommSummer"},
            *({"variableCode": name, "valueCodes": ["*"]} for name in ("Kjonn", "Alder", "ContentsCode")),
            {"variableCode": "Tid", "valueCodes": ["top(10)"]},
        ]
        start = time.monotonic()
        answer = requests.post(f"{server}{API}/tables/07459/data", json={"selection": selection}, timeout=30)
        assert len(answer.json()["value"]) == 357 * 2 * 106 * 10
        assert time.monotonic() - start < 3

    @pytest.mark.parametrize(
        ("date", "municipalities"),
        [("2026-01-01", 357), ("2022-01-01", 356), ("2019-06-01", 422), ("2015-01-01", 428)],
    )
    def test_municipalities_on_a_date(self, server: str, date: str, municipalities: int) -> None:
        answer = requests.get(f"{server}{KLASS}/codesAt?date={date}", headers=JSON, timeout=30).json()
        codes = [item["code"] for item in answer["codes"]]
        assert len(set(codes)) == len(codes) == municipalities + 1
        assert "9999" in codes

    def test_groups(self, server: str) -> None:
        for target, oslo in (("112", "EKG13"), ("128", "01"), ("104", "03")):
            path = f"/corresponds?targetClassificationId={target}&from=2024-01-01"
            items = requests.get(f"{server}{KLASS}{path}", headers=JSON, timeout=30).json()["correspondenceItems"]
            assert len(items) == 357
            assert {item["sourceCode"]: item["targetCode"] for item in items}["0301"] == oslo

    def test_source(self) -> None:
        assert Folder(RECORDINGS).source == "recording"
