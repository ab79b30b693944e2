"""The sequence of questions to a Statbank, and the proof that an answer is what was asked for."""

from collections.abc import Callable
from typing import Any

import pytest

from builders import API, Clock, Reply, Sent, answering, dataset
from k2025_pipeline.pxweb.client import LIVE_URL, StatbankClient, source_kind
from k2025_pipeline.pxweb.errors import InvalidAnswer
from k2025_pipeline.pxweb.selection import Selection
from k2025_pipeline.pxweb.transport import Transport

ASKED = Selection({"Region": ["0301", "1508", "EAK"], "Tid": ["2023", "2024"]}, {})


def statbank(config: Any, change: Callable[[dict[str, Any]], object] = lambda _: None) -> Callable[[Sent], Reply]:
    """A Statbank that answers exactly what it is asked, but for ``change``."""

    def respond(sent: Sent) -> Reply:
        if sent.path.endswith("/config"):
            return Reply(config)
        answer = dataset({item["variableCode"]: item["valueCodes"] for item in sent.json()["selection"]})
        change(answer)
        return Reply(answer)

    return respond


class TestData:
    def test_one_request_with_everything_selected(self) -> None:
        with answering(statbank({"maxDataCells": 800000})) as server:
            (part,) = StatbankClient(server.url, Transport()).data("12209", ASKED)
        config, data = server.sent
        assert (config.method, config.path) == ("GET", f"{API}/config")
        assert (data.method, data.path) == ("POST", f"{API}/tables/12209/data")
        assert data.params == {"lang": "no", "outputFormat": "json-stat2"}
        assert data.json() == ASKED.body()
        assert part.updated == "2026-06-15T06:00:00Z"

    def test_the_announced_cell_limit_splits_the_question(self) -> None:
        with answering(statbank({"maxDataCells": 4})) as server:
            parts = list(StatbankClient(server.url, Transport()).data("12209", ASKED))
        assert [part.selection.cells for part in parts] == [4, 2]
        assert [len(sent.json()["selection"][0]["valueCodes"]) for sent in server.sent[1:]] == [2, 1]

    @pytest.mark.parametrize("config", [{"maxDataCells": 0}, {"maxDataCells": None}, {}])
    def test_a_zero_limit_is_the_documented_one(self, config: dict[str, Any]) -> None:
        """800 000 cells per extract (facts/ssb-api.md 0.2)."""
        with answering(statbank(config)) as server:
            assert StatbankClient(server.url, Transport()).cell_limit() == 800_000

    def test_the_configuration_is_asked_for_once(self) -> None:
        with answering(statbank({"maxDataCells": 2})) as server:
            client = StatbankClient(server.url + "/", Transport())
            parts = [*client.data("12209", ASKED), *client.data("12209", ASKED)]
        assert len(parts) == 6
        assert [sent.path for sent in server.sent].count(f"{API}/config") == 1

    def test_an_answer_in_another_order_is_accepted(self) -> None:
        """Categories follow the table's order, not the request's (facts/ssb-api.md 2.7)."""

        def turn(answer: dict[str, Any]) -> None:
            answer["dimension"]["Region"]["category"]["index"] = {"EAK": 0, "1508": 1, "0301": 2}

        with answering(statbank({}, turn)) as server:
            assert len(list(StatbankClient(server.url, Transport()).data("12209", ASKED))) == 1

    def test_a_dimension_missing_from_the_answer_is_refused(self) -> None:
        def eliminate(answer: dict[str, Any]) -> None:
            answer |= {"id": ["Tid"], "size": [2], "value": [1, 2]}

        with (
            answering(statbank({}, eliminate)) as server,
            pytest.raises(InvalidAnswer, match=r"table 12209, request 1 of 1: the answer lacks the dimension Region"),
        ):
            list(StatbankClient(server.url, Transport()).data("12209", ASKED))

    @pytest.mark.parametrize("codes", [["0301", "EAK"], ["0301", "1508", "EAK", "EKG12"], ["0301", "1508", "EKG12"]])
    def test_a_missing_extra_or_foreign_code_is_refused(self, codes: list[str]) -> None:
        def other(answer: dict[str, Any]) -> None:
            answer |= dataset({"Region": codes, "Tid": ["2023", "2024"]})

        with (
            answering(statbank({}, other)) as server,
            pytest.raises(InvalidAnswer, match=rf"Region has {len(codes)} codes where 3 were asked for"),
        ):
            list(StatbankClient(server.url, Transport()).data("12209", ASKED))

    def test_a_code_asked_for_twice_never_leaves(self) -> None:
        """The source would answer HTTP 500 with an empty body (facts/ssb-api.md 2.8)."""
        twice = Selection({"Region": ["0301", "0301"]}, {})
        with answering(statbank({})) as server, pytest.raises(InvalidAnswer, match="do not add up"):
            list(StatbankClient(server.url, Transport()).data("12209", twice))
        assert [sent.method for sent in server.sent] == ["GET"]

    def test_a_cut_answer_is_refused(self) -> None:
        def respond(sent: Sent) -> Reply:
            return Reply({}) if sent.path.endswith("/config") else Reply(b'{"version":"2.0","id":["Reg')

        with answering(respond) as server, pytest.raises(InvalidAnswer, match="not complete JSON"):
            list(StatbankClient(server.url, Transport()).data("12209", ASKED))


class TestMetadata:
    def test_a_codelist_is_named_per_dimension(self) -> None:
        with answering([Reply(dataset(ASKED.codes, []))]) as server:
            StatbankClient(server.url, Transport()).metadata("07459", {"Region": "agg_KommSummer"})
        (sent,) = server.sent
        assert sent.path == f"{API}/tables/07459/metadata"
        assert sent.params == {"lang": "no", "codelist[Region]": "agg_KommSummer"}


class TestListing:
    def test_all_pages_are_read_with_all_parameters(self) -> None:
        """Page links drop `includeDiscontinued` (facts/ssb-api.md 2.6): pages are counted, links not followed."""
        pages = {
            "1": [{"id": "12209", "updated": "2026-06-15T06:00:00Z"}],
            "2": [{"id": "07459", "updated": "2026-02-25T07:00:00Z"}],
        }

        def respond(sent: Sent) -> Reply:
            return Reply({"tables": pages[sent.params["pageNumber"]], "page": {"totalPages": 2}})

        with answering(respond) as server:
            found = StatbankClient(server.url, Transport()).updated_since(3)
        assert found == {"12209": "2026-06-15T06:00:00Z", "07459": "2026-02-25T07:00:00Z"}
        assert [sent.params["pageNumber"] for sent in server.sent] == ["1", "2"]
        assert {(sent.params["pastDays"], sent.params["includeDiscontinued"]) for sent in server.sent} == {
            ("3", "true")
        }

    def test_a_quiet_night_has_no_tables(self) -> None:
        with answering([Reply({"tables": [], "page": {"totalPages": 0}})]) as server:
            assert StatbankClient(server.url, Transport()).updated_since(1) == {}

    @pytest.mark.parametrize("body", [{"page": {"totalPages": 1}}, {"tables": [{"id": "1"}]}, {"tables": []}, []])
    def test_a_listing_that_is_not_as_documented_is_refused(self, body: Any) -> None:
        with answering([Reply(body)]) as server, pytest.raises(InvalidAnswer, match="not as documented"):
            StatbankClient(server.url, Transport()).updated_since(1)


class TestSourceKind:
    def test_ssb_is_known_without_asking(self) -> None:
        transport = Transport()
        assert source_kind(LIVE_URL + "/", transport) == "ssb"
        assert transport.requests_by_path == {}

    @pytest.mark.parametrize(("headers", "kind"), [({"x-k2025-source": "recording"}, "recording"), ({}, "other")])
    def test_a_local_statbank_says_what_it_is(self, headers: dict[str, str], kind: str) -> None:
        with answering([Reply({}, headers=headers)]) as server:
            assert source_kind(server.url, Transport(sleep=Clock().sleep)) == kind

    @pytest.mark.parametrize("body", [b"<html>Welcome</html>", b"[]", b""])
    def test_another_web_site_is_refused(self, body: bytes) -> None:
        with answering([Reply(body)]) as server, pytest.raises(InvalidAnswer, match="Check the address"):
            source_kind(server.url, Transport())
