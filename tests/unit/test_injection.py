"""The local Statbank injects every fault by name: on the requests told, as often as told, and as a client sees it."""

import asyncio
import http.client
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
import requests
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from k2025_pipeline.cli import main
from k2025_pipeline.demo import injected_answers, server
from k2025_pipeline.demo.injection import (
    FAULTS,
    FORM,
    STAGES,
    BadFault,
    Fault,
    Injector,
    fault_table,
    parse_fault,
    stage_of,
)
from k2025_pipeline.demo.server import LocalStatbank
from k2025_pipeline.pxweb import jsonstat
from statbank_folders import VALUES, write_folder, write_klass

API = "/api/pxwebapi/v2"
KLASS = "/api/klass/v1/classifications/131"
PATHS = {
    "config": f"{API}/config",
    "listing": f"{API}/tables",
    "table": f"{API}/tables/00001",
    "metadata": f"{API}/tables/00001/metadata",
    "defaultselection": f"{API}/tables/00001/defaultselection",
    "data": f"{API}/tables/00001/data",
    "codelist": f"{API}/codelists/agg_Sum",
    "klass": KLASS,
    "klass-codes": f"{KLASS}/codes?from=2024-01-01",
    "klass-changes": f"{KLASS}/changes?from=2024-01-01",
    "klass-corresponds": f"{KLASS}/corresponds?targetClassificationId=112&from=2024-01-01",
}
SELECTION = {
    "selection": [{"variableCode": name, "valueCodes": ["*"]} for name in ("Region", "Kjonn", "ContentsCode", "Tid")]
}
STATUS = {"2": ":", "9": "..", "10": ".", "21": ".."}


@pytest.fixture(scope="module")
def statbank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStatbank]:
    root = write_klass(write_folder(tmp_path_factory.mktemp("tables")))
    with LocalStatbank(root) as running:
        yield running


@pytest.fixture(autouse=True)
def _no_faults(statbank: LocalStatbank) -> Iterator[None]:
    yield
    statbank.faults = ()
    statbank.log.clear()


def _get(statbank: LocalStatbank, stage: str, timeout: float = 10) -> requests.Response:
    return requests.get(statbank.url + PATHS[stage], headers={"accept": "application/json"}, timeout=timeout)


def _whole(statbank: LocalStatbank) -> requests.Response:
    """All 24 cells of table 00001."""
    return requests.post(statbank.url + PATHS["data"], json=SELECTION, timeout=10)


def _codes(statbank: LocalStatbank, stage: str, count: int) -> list[int]:
    return [_get(statbank, stage).status_code for _ in range(count)]


class TestForm:
    @pytest.mark.parametrize(
        ("text", "fault"),
        [
            ("503", Fault("503")),
            ("503@data", Fault("503", "data")),
            ("503@data:0.2", Fault("503", "data", 0.2)),
            ("503@data:.2", Fault("503", "data", 0.2)),
            ("503:0.2", Fault("503", rate=0.2)),
            ("503@*:0.0", Fault("503", rate=0.0)),
            ("503@data:1", Fault("503", "data:1")),
            ("cut@metadata:12209x1", Fault("cut", "metadata:12209", times=1)),
            ("cut@klass-codes:131:0.5x2+3", Fault("cut", "klass-codes:131", 0.5, 2, 3)),
            ("429-retry-after@listingx1", Fault("429-retry-after", "listing", times=1)),
            ("times-1000x2", Fault("times-1000", times=2)),
            ("xml@klassx1", Fault("xml", "klass", times=1)),
            ("zeros+1", Fault("zeros", after=1)),
            ("slow@data~0.05", Fault("slow", "data", seconds=0.05)),
            ("hangx1+2~3", Fault("hang", times=1, after=2, seconds=3)),
            ("unknown-codelist@codelist:agg_KommSummer", Fault("unknown-codelist", "codelist:agg_KommSummer")),
        ],
    )
    def test_texts(self, text: str, fault: Fault) -> None:
        assert parse_fault(text) == fault

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("5o3@data", "There is no fault '5o3'. Known: 429, "),
            ("", "'' is not a fault. Write NAME"),
            ("503@dat", "There is no route 'dat'. Known: config, listing, "),
            ("503@data:2.5", "The rate 2.5 of 503 is not between 0 and 1."),
            ("503@data:-1.0", "is not a fault"),
            ("503@data:12209:1", "is not a fault"),
            ("503:12209", "is not a fault"),
            ("503x-1", "There is no fault '503x-1'"),
            ("zeros@config", "zeros cannot strike config, only data."),
            ("xml@data", "xml cannot strike data, only klass, klass-codes, klass-changes, klass-corresponds."),
            ("503@config:12209", "config is one address"),
        ],
    )
    def test_refusals_name_what_is_known(self, text: str, reason: str) -> None:
        with pytest.raises(BadFault, match=re.escape(reason)):
            parse_fault(text)

    @given(
        st.sampled_from(sorted(FAULTS)),
        st.sampled_from(["", ":00001", ":agg_Sum"]),
        st.integers(0, 100).map(lambda percent: percent / 100),
        st.none() | st.integers(0, 99),
        st.integers(0, 99),
        st.data(),
    )
    def test_every_fault_is_read_as_it_is_written(
        self, name: str, known_id: str, rate: float, times: int | None, after: int, data: Any
    ) -> None:
        stage = data.draw(st.sampled_from([*sorted(FAULTS[name].stages), "*"]))
        route = stage if stage in ("config", "listing") else stage + known_id
        fault = Fault(name, route, rate, times, after)
        assert parse_fault(str(fault)) == fault

    @given(st.text(max_size=20))
    def test_any_text_is_a_fault_or_refused(self, text: str) -> None:
        try:
            assert parse_fault(text).name in FAULTS
        except BadFault as refusal:
            assert str(refusal)

    def test_the_table_has_a_line_for_each(self) -> None:
        lines = fault_table().splitlines()
        assert [line.split()[0] for line in lines] == list(FAULTS)
        assert all(kind.meaning in line and len(line) < 100 for kind, line in zip(FAULTS.values(), lines, strict=True))


class TestWhichRequests:
    @pytest.mark.parametrize("stage", STAGES)
    def test_stages(self, stage: str) -> None:
        known_id = {"config": "", "listing": "", "codelist": "agg_Sum"}.get(
            stage, "131" if stage[0] == "k" else "00001"
        )
        assert stage_of(PATHS[stage].partition("?")[0]) == (stage, known_id)

    @pytest.mark.parametrize("path", ["/", "/nowhere", f"{API}/tables/1/2", f"{API}/codelists", f"{KLASS}/variantAt"])
    def test_other_addresses_are_never_struck(self, statbank: LocalStatbank, path: str) -> None:
        statbank.faults = [Fault("503")]
        assert stage_of(path)[0] == "other"
        assert requests.get(statbank.url + path, timeout=10).status_code == 404

    def test_a_listing_with_a_slash(self) -> None:
        assert stage_of(f"{API}/tables/") == ("listing", "")

    @pytest.mark.parametrize("stage", STAGES)
    def test_only_the_route(self, statbank: LocalStatbank, stage: str) -> None:
        statbank.faults = [Fault("503", stage)]
        assert {other for other in STAGES if _get(statbank, other).status_code == 503} == {stage}

    def test_only_the_table(self, statbank: LocalStatbank) -> None:
        statbank.faults = [Fault("503", "metadata:00002"), Fault("502", "*:131")]
        assert _codes(statbank, "metadata", 1) == [200]
        assert requests.get(f"{statbank.url}{API}/tables/00002/metadata", timeout=10).status_code == 503
        assert _codes(statbank, "klass-codes", 1) == [502]

    def test_first_ones_pass_and_only_so_many_are_struck(self, statbank: LocalStatbank) -> None:
        statbank.faults = [Fault("503", "config", times=2, after=1)]
        assert _codes(statbank, "listing", 2) == [200, 200]
        assert _codes(statbank, "config", 5) == [200, 503, 503, 200, 200]

    def test_one_after_the_other(self, statbank: LocalStatbank) -> None:
        statbank.faults = [Fault("503", times=1), Fault("429", times=1), Fault("502", times=1)]
        assert _codes(statbank, "config", 4) == [503, 429, 502, 200]

    def test_rates_are_drawn_from_the_seed(self, statbank: LocalStatbank) -> None:
        def run(seed: int) -> list[int]:
            statbank.faults = [Fault("503", "config", 0.3, seed=seed)]
            return _codes(statbank, "config", 40)

        first = run(1)
        assert first == run(1) != run(2)
        assert 4 <= first.count(503) <= 20

    def test_two_faults_of_a_seed_draw_differently(self) -> None:
        async def nothing(scope: Any, receive: Any, send: Any) -> None:
            pass

        struck = []
        for name in ("429", "503"):
            injector = Injector(nothing, [Fault(name, rate=0.5)])
            struck.append([injector._choose("config", "") is not None for _ in range(64)])
        assert struck[0] != struck[1]

    def test_log(self, statbank: LocalStatbank) -> None:
        statbank.faults = [Fault("503", "data:00001", times=1)]
        for stage in ("data", "data", "config", "klass-codes"):
            _get(statbank, stage)
        assert statbank.log == [
            ("data", "00001", "503"),
            ("data", "00001", None),
            ("config", "", None),
            ("klass-codes", "131", None),
        ]
        assert statbank.log[0].stage == "data" and statbank.log[0].fault == "503"

    def test_hook_before_each_answer(self, tmp_path: Path) -> None:
        seen: list[tuple[str, str, int]] = []
        with LocalStatbank(write_folder(tmp_path), on_request=lambda *request: seen.append(request)) as running:
            for stage in ("config", "data", "config"):
                _get(running, stage)
                assert seen[-1][0] == stage
        assert seen == [("config", "", 1), ("data", "00001", 2), ("config", "", 3)]

    def test_another_folder_while_running(self, statbank: LocalStatbank, tmp_path: Path) -> None:
        first, second = tmp_path / "first", tmp_path / "second"
        for number, root in enumerate((first, second)):
            root.mkdir()
            path = write_folder(root) / "statbank" / "00001.json"
            document = orjson.loads(path.read_bytes())
            document["value"][0] = number + 100
            path.write_bytes(orjson.dumps(document))
        with LocalStatbank(first, cell_limit=24) as running:
            assert _whole(running).json()["value"][0] == 100
            running.serve(second)
            assert _whole(running).json()["value"][0] == 101
            assert _get(running, "config").json()["maxDataCells"] == 24
            assert [request.stage for request in running.log] == ["data", "data", "config"]

    def test_serving_a_folder_reads_no_classification(self, statbank: LocalStatbank, tmp_path: Path) -> None:
        (tmp_path / "klass").mkdir()
        (tmp_path / "klass" / "131.json").write_bytes(b"not read")
        with LocalStatbank(tmp_path) as running:
            assert _get(running, "config").status_code == 200


STATUSES = {
    "429": (429, b"", None),
    "429-retry-after": (429, b"", "1"),
    "500": (500, b"Internal Server Error", None),
    "500-empty": (500, b"", None),
    "502": (502, b"Bad Gateway", None),
    "503": (503, b"Service Unavailable", None),
    "504": (504, b"Gateway Timeout", None),
}
TITLES = {
    "unknown-variable": "Non-existent variable",
    "unknown-value": "Non-existent value",
    "unknown-codelist": "Non-existent codelist",
    "missing-selection": "Missing selection for mandantory variable",
    "too-many-cells": "Too many cells selected",
}


class TestAnswers:
    @pytest.mark.parametrize("name", STATUSES)
    @pytest.mark.parametrize("stage", ["data", "klass-codes"])
    def test_statuses(self, statbank: LocalStatbank, name: str, stage: str) -> None:
        statbank.faults = [Fault(name)]
        answer = _get(statbank, stage)
        assert (answer.status_code, answer.content, answer.headers.get("retry-after")) == STATUSES[name]

    @pytest.mark.parametrize("name", TITLES)
    def test_refusals(self, statbank: LocalStatbank, name: str) -> None:
        statbank.faults = [Fault(name)]
        answer = _whole(statbank)
        assert (answer.status_code, answer.json()["title"], answer.json()["status"]) == (400, TITLES[name], 400)

    def test_unknown_table(self, statbank: LocalStatbank) -> None:
        statbank.faults = [Fault("unknown-table")]
        answers = [_get(statbank, stage) for stage in ("data", "metadata", "table")]
        assert [answer.status_code for answer in answers] == [400, 404, 404]
        assert all(answer.json()["title"] == "Non-existent table" for answer in answers)
        assert all(answer.json()["status"] == 404 for answer in answers)
        assert _get(statbank, "config").status_code == 200

    @pytest.mark.parametrize(("name", "status", "length"), [("html", 200, 107), ("html-404", 404, 1245)])
    def test_pages(self, statbank: LocalStatbank, name: str, status: int, length: int) -> None:
        statbank.faults = [Fault(name)]
        answer = _get(statbank, "data")
        assert (answer.status_code, len(answer.content)) == (status, length)
        assert answer.headers["content-type"].startswith("text/html")
        assert answer.content.startswith(b"<!DOCTYPE html")

    def test_deep(self, statbank: LocalStatbank) -> None:
        statbank.faults = [Fault("deep")]
        answer = _get(statbank, "data")
        assert answer.content == b"[" * 10_000 + b"]" * 10_000
        with pytest.raises(RecursionError):
            answer.json()

    def test_huge(self, statbank: LocalStatbank) -> None:
        statbank.faults = [Fault("huge", times=1)]
        with requests.get(statbank.url + PATHS["data"], stream=True, timeout=10) as answer:
            assert "content-length" not in answer.headers
            start = answer.raw.read(2_000_000)
        assert len(start) == 2_000_000
        assert start.startswith(b'{"version":"2.0","class":"dataset","value":[0,0,')
        assert _get(statbank, "data").status_code == 200

    def test_huge_ends(self, statbank: LocalStatbank, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(injected_answers, "HUGE_BYTES", 1_000_000)
        statbank.faults = [Fault("huge")]
        assert 900_000 < len(_get(statbank, "data").content) < 1_100_000

    def test_xml(self, statbank: LocalStatbank) -> None:
        statbank.faults = [Fault("xml")]
        answer = _get(statbank, "klass-codes")
        assert answer.headers["content-type"].startswith("application/xml")
        assert b"<code>1580</code>" in answer.content
        assert _get(statbank, "data").headers["content-type"].startswith("application/json")


class TestConnections:
    def test_reset(self, statbank: LocalStatbank) -> None:
        statbank.faults = [Fault("reset", "data", times=1)]
        with pytest.raises(requests.ConnectionError, match="Connection reset by peer"):
            _whole(statbank)
        assert _whole(statbank).status_code == 200

    def test_reset_of_a_connection_in_use(self, statbank: LocalStatbank) -> None:
        statbank.faults = [Fault("reset", "data", times=1)]
        with requests.Session() as session:
            assert session.get(statbank.url + PATHS["config"], timeout=10).status_code == 200
            with pytest.raises(requests.ConnectionError):
                session.get(statbank.url + PATHS["data"], timeout=10)
            assert session.get(statbank.url + PATHS["data"], timeout=10).status_code == 200

    @pytest.mark.parametrize("stage", ["data", "metadata", "klass-codes"])
    def test_cut(self, statbank: LocalStatbank, stage: str) -> None:
        whole = _get(statbank, stage).content
        statbank.faults = [Fault("cut", stage)]
        address = urlsplit(statbank.url + PATHS[stage])
        connection = http.client.HTTPConnection(address.netloc, timeout=10)
        connection.request("GET", f"{address.path}?{address.query}", headers={"accept": "application/json"})
        answer = connection.getresponse()
        assert (answer.status, int(answer.headers["content-length"])) == (200, len(whole))
        with pytest.raises(http.client.IncompleteRead) as broken:
            answer.read()
        assert broken.value.partial == whole[: len(whole) // 2]
        connection.close()
        with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
            _get(statbank, stage)

    def test_slow(self, statbank: LocalStatbank) -> None:
        statbank.faults = [Fault("slow", seconds=0.05, times=1)]
        start = time.monotonic()
        answer = _whole(statbank)
        assert time.monotonic() - start >= 0.05
        assert answer.json()["value"] == VALUES

    def test_too_slow_for_the_client(self, statbank: LocalStatbank) -> None:
        statbank.faults = [Fault("slow")]
        with pytest.raises(requests.ReadTimeout):
            _get(statbank, "data", timeout=0.05)

    def test_hang(self, statbank: LocalStatbank) -> None:
        statbank.faults = [Fault("hang")]
        with pytest.raises(requests.ReadTimeout):
            _get(statbank, "data", timeout=0.05)

    def test_hang_is_bounded(self, statbank: LocalStatbank) -> None:
        statbank.faults = [Fault("hang", seconds=0.02)]
        with pytest.raises(requests.ConnectionError):
            _whole(statbank)

    def test_the_server_stops_when_clients_have_gone(self, tmp_path: Path) -> None:
        start = time.monotonic()
        with LocalStatbank(write_folder(tmp_path), faults=[Fault("slow", times=1), Fault("hang")]) as running:
            for _ in range(2):
                with pytest.raises(requests.ReadTimeout):
                    _get(running, "config", timeout=0.02)
        assert time.monotonic() - start < 5

    def test_others_are_answered_meanwhile(self, statbank: LocalStatbank) -> None:
        statbank.faults = [Fault("hang", "data", seconds=0.5)]

        def hung() -> None:
            with pytest.raises(requests.ConnectionError):
                _get(statbank, "data")

        thread = threading.Thread(target=hung)
        thread.start()
        while not statbank.log:
            time.sleep(0.001)
        assert _get(statbank, "config").status_code == 200
        assert thread.is_alive()
        thread.join()


class TestAlteredBodies:
    @pytest.mark.parametrize("name", ["cut-json", "invalid-json"])
    @pytest.mark.parametrize("stage", STAGES)
    def test_not_json(self, statbank: LocalStatbank, name: str, stage: str) -> None:
        statbank.faults = [Fault(name, stage)]
        answer = _get(statbank, stage)
        assert answer.status_code == 200
        assert int(answer.headers["content-length"]) == len(answer.content)
        with pytest.raises(orjson.JSONDecodeError):
            orjson.loads(answer.content)

    def test_wrong_content_type(self, statbank: LocalStatbank) -> None:
        right = _get(statbank, "data").content
        statbank.faults = [Fault("wrong-content-type")]
        answer = _get(statbank, "data")
        assert (answer.headers["content-type"], answer.content) == ("text/html", right)

    @pytest.mark.parametrize("stage", STAGES)
    def test_empty_object(self, statbank: LocalStatbank, stage: str) -> None:
        statbank.faults = [Fault("empty-object")]
        answer = _get(statbank, stage)
        assert (answer.status_code, answer.content) == (200, b"{}")

    def test_an_error_answer_stays(self, statbank: LocalStatbank) -> None:
        statbank.faults = [Fault("zeros")]
        answer = requests.get(f"{statbank.url}{API}/tables/99999/data", timeout=10)
        assert answer.json()["title"] == "Non-existent table"

    def test_the_source_is_still_told(self, statbank: LocalStatbank) -> None:
        statbank.faults = [Fault("zeros")]
        assert _whole(statbank).headers["x-k2025-source"] == "recording"


def _changed(statbank: LocalStatbank, name: str, stage: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A document without and with a fault."""

    def ask() -> dict[str, Any]:
        answer = _whole(statbank) if stage == "data" else _get(statbank, stage)
        assert answer.status_code == 200
        document: dict[str, Any] = answer.json()
        return document

    plain = ask()
    statbank.faults = [Fault(name, stage)]
    return plain, ask()


def _differing(one: dict[str, Any], other: dict[str, Any]) -> set[str]:
    return {member for member in {*one, *other} if one.get(member) != other.get(member)}


class TestDocumentsThatLie:
    def test_zero_limits(self, statbank: LocalStatbank) -> None:
        plain, changed = _changed(statbank, "zero-limits", "config")
        assert _differing(plain, changed) == {"maxDataCells", "maxCallsPerTimeWindow", "timeWindow"}
        assert changed["maxDataCells"] == changed["maxCallsPerTimeWindow"] == changed["timeWindow"] == 0

    def test_empty_listing(self, statbank: LocalStatbank) -> None:
        _, changed = _changed(statbank, "empty-listing", "listing")
        assert changed["tables"] == []
        assert (changed["page"]["totalElements"], changed["page"]["totalPages"]) == (0, 0)

    def test_a_missing_last_dimension(self, statbank: LocalStatbank) -> None:
        _, changed = _changed(statbank, "missing-dimension", "data")
        assert (changed["id"], changed["size"]) == (["Region", "Kjonn", "ContentsCode"], [2, 2, 2])
        assert "Tid" not in changed["dimension"] and changed["role"]["time"] == []
        assert changed["value"] == VALUES[::3]
        assert changed["status"] == {"3": "..", "7": ".."}  # of the cells 9 and 21
        assert jsonstat.decode(orjson.dumps(changed)).height == 8

    def test_a_missing_dimension_of_one_category(self, statbank: LocalStatbank) -> None:
        statbank.faults = [Fault("missing-dimension")]
        items = [
            {"variableCode": "Region", "valueCodes": ["0301"]},
            {"variableCode": "ContentsCode", "valueCodes": ["*"]},
            {"variableCode": "Kjonn", "valueCodes": ["*"]},
            {"variableCode": "Tid", "valueCodes": ["*"]},
        ]
        changed = requests.post(statbank.url + PATHS["data"], json={"selection": items}, timeout=10).json()
        assert changed["id"] == ["Kjonn", "ContentsCode", "Tid"]
        assert changed["value"] == VALUES[:12]
        assert changed["status"] == {"2": ":", "9": "..", "10": "."}

    def test_a_missing_dimension_in_metadata(self, statbank: LocalStatbank) -> None:
        _, changed = _changed(statbank, "missing-dimension", "metadata")
        assert (changed["size"], changed["value"]) == ([2, 2, 2], [])

    @pytest.mark.parametrize("stage", ["data", "metadata"])
    def test_other_table(self, statbank: LocalStatbank, stage: str) -> None:
        plain, changed = _changed(statbank, "other-table", stage)
        assert _differing(plain, changed) == {"label", "extension"}
        assert (changed["label"][:5], changed["extension"]["px"]["tableid"]) == ("99999", "99999")

    @pytest.mark.parametrize("stage", ["data", "metadata", "table", "listing"])
    def test_other_updated(self, statbank: LocalStatbank, stage: str) -> None:
        plain, changed = _changed(statbank, "other-updated", stage)
        before, after = (document["tables"][0] if stage == "listing" else document for document in (plain, changed))
        assert _differing(before, after) == {"updated"}
        assert after["updated"] > before["updated"]
        assert after["updated"][10:] == before["updated"][10:]

    @pytest.mark.parametrize("stage", ["data", "metadata"])
    def test_other_codes(self, statbank: LocalStatbank, stage: str) -> None:
        plain, changed = _changed(statbank, "other-codes", stage)
        category = changed["dimension"]["Region"]["category"]
        assert category["index"] == {"0301X": 0, "1508a": 1}
        assert category["label"] == {"0301X": "Oslo", "1508a": "Ålesund"}
        changed["dimension"]["Region"] = plain["dimension"]["Region"]
        assert changed == plain

    def test_renamed(self, statbank: LocalStatbank) -> None:
        plain, changed = _changed(statbank, "metadata-renamed", "metadata")
        assert _differing(plain, changed) == {"dimension"}
        region = changed["dimension"]["Region"]
        assert region["label"] == "region (nytt navn)"
        assert region["category"]["index"] == {"0301": 0, "1508a": 1}
        assert region["category"]["label"]["0301"] == "Oslo (nytt navn)"

    def test_zeros(self, statbank: LocalStatbank) -> None:
        plain, changed = _changed(statbank, "zeros", "data")
        assert _differing(plain, changed) == {"value", "status"}
        assert changed["value"] == [0] * 24 and "status" not in changed

    def test_dots(self, statbank: LocalStatbank) -> None:
        _, changed = _changed(statbank, "dots", "data")
        assert changed["value"] == [None] * 24
        assert changed["status"] == {str(cell): "." for cell in range(24)}

    def test_times_1000(self, statbank: LocalStatbank) -> None:
        plain, changed = _changed(statbank, "times-1000", "data")
        assert _differing(plain, changed) == {"value"}
        assert changed["value"] == [None if value is None else value * 1000 for value in VALUES]


class TestLegalForms:
    """Other forms of the same document: the cells stay what they were."""

    @pytest.mark.parametrize("name", ["sparse-values", "status-array", "index-array", "no-labels"])
    def test_same_cells(self, statbank: LocalStatbank, name: str) -> None:
        plain, changed = _changed(statbank, name, "data")
        assert plain != changed
        assert jsonstat.decode(orjson.dumps(changed)).equals(jsonstat.decode(orjson.dumps(plain)))

    def test_forms(self, statbank: LocalStatbank) -> None:
        assert _changed(statbank, "sparse-values", "data")[1]["value"]["23"] == 2
        statbank.faults = ()
        assert _changed(statbank, "status-array", "data")[1]["status"][:3] == [None, None, ":"]
        statbank.faults = ()
        region = _changed(statbank, "index-array", "data")[1]["dimension"]["Region"]
        assert region["category"]["index"] == ["0301", "1508a"]
        statbank.faults = ()
        assert "label" not in _changed(statbank, "no-labels", "data")[1]["dimension"]["Region"]["category"]

    def test_status_text(self, statbank: LocalStatbank) -> None:
        changed = _changed(statbank, "status-text", "data")[1]
        assert changed["status"] == "."
        assert set(jsonstat.decode(orjson.dumps(changed))["status"]) == {"."}

    def test_old_spelling(self, statbank: LocalStatbank) -> None:
        plain, changed = _changed(statbank, "old-codelists-spelling", "metadata")
        before, after = (document["dimension"]["Region"]["extension"] for document in (plain, changed))
        assert "codelists" not in after and after["codeLists"] == before["codelists"] != []
        assert jsonstat.describe(orjson.dumps(changed)) == jsonstat.describe(orjson.dumps(plain))


class TestCommand:
    @pytest.fixture
    def served(self, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
        """Options of each server that the command would have run."""
        calls: list[dict[str, Any]] = []
        monkeypatch.setattr(server, "serve", lambda folder, port, **options: calls.append(options))
        return calls

    def test_options(self, served: list[dict[str, Any]], tmp_path: Path) -> None:
        faults = ["--fault", "503@data:0.2", "--fault", "cut@metadata:12209x1", "--seed", "7"]
        command = ["demo", "serve", "--data", str(tmp_path), "--cells", "50", "--rate", "30", *faults]
        outcome = CliRunner().invoke(main, command)
        assert outcome.exit_code == 0
        assert "injects 503@data:0.2: Maintenance.\ninjects cut@metadata:12209x1: Headers" in outcome.output
        struck = [Fault("503", "data", 0.2, seed=7), Fault("cut", "metadata:12209", times=1, seed=7)]
        assert served == [{"faults": struck, "cell_limit": 50, "rate_limit": 30}]

    def test_a_wrong_fault(self, served: list[dict[str, Any]], tmp_path: Path) -> None:
        outcome = CliRunner().invoke(main, ["demo", "serve", "--data", str(tmp_path), "--fault", "zeros@config"])
        assert outcome.exit_code == 2
        assert "zeros cannot strike config, only data." in outcome.output
        assert served == []

    def test_the_list(self, served: list[dict[str, Any]]) -> None:
        outcome = CliRunner().invoke(main, ["demo", "serve", "--list-faults"])
        assert outcome.exit_code == 0
        assert fault_table() in outcome.output and FORM in outcome.output
        assert served == []


def test_every_fault_has_a_test() -> None:
    here = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in FAULTS if f'"{name}"' not in here] == []


def test_little_is_added_where_no_fault_strikes() -> None:
    async def nothing(scope: Any, receive: Any, send: Any) -> None:
        pass

    faults = [Fault("503", "klass:1"), Fault("cut", "metadata:1"), Fault("zeros", "data:1")]
    injector = Injector(nothing, faults)
    scope = {"type": "http", "path": PATHS["data"]}

    async def ask(count: int) -> float:
        start = time.perf_counter()
        for _ in range(count):
            await injector(scope, nothing, nothing)  # type: ignore[arg-type]
        return (time.perf_counter() - start) / count

    best = min(asyncio.run(ask(2_000)) for _ in range(5))
    assert best < 50e-6, f"{best * 1e6:.1f} microseconds a request"
