"""The sequence of questions to a Statbank, and the proof that an answer is what was asked for."""

import gc
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from builders import API, Clock, Reply, Sent, answering, dataset
from k2025_pipeline.pxweb import client as client_module
from k2025_pipeline.pxweb.client import LIVE_URL, MOST_PAGES, StatbankClient, source_kind
from k2025_pipeline.pxweb.errors import CutAnswer, InvalidAnswer, UnknownTable, WrongAnswer
from k2025_pipeline.pxweb.selection import Selection, plan
from k2025_pipeline.pxweb.transport import Answer, Transport

SAME = {"extension": {"px": {"tableid": "12209"}}}
ASKED = Selection({"Region": ["0301", "1508", "EAK"], "Tid": ["2023", "2024"]}, {})


def statbank(config: Any, change: Callable[[dict[str, Any]], object] = lambda _: None) -> Callable[[Sent], Reply]:
    """A Statbank that answers exactly what it is asked, but for ``change``."""

    def respond(sent: Sent) -> Reply:
        if sent.path.endswith("/config"):
            return Reply(config)
        answer = dataset({item["variableCode"]: item["valueCodes"] for item in sent.json()["selection"]})
        answer["extension"] = {"px": {"tableid": sent.path.split("/")[-2]}}
        change(answer)
        return Reply(answer)

    return respond


def refusal(change: Callable[[dict[str, Any]], object], asked: Selection = ASKED) -> str:
    """What is said about an answer that was changed."""
    with answering(statbank({}, change)) as server, pytest.raises(WrongAnswer) as raised:
        list(StatbankClient(server.url, Transport(sleep=Clock().sleep)).data("12209", asked))
    return str(raised.value)


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
        assert [part.selection.cells for part in parts] == [3, 3]
        assert [sent.json()["selection"][1]["valueCodes"] for sent in server.sent[1:]] == [["2023"], ["2024"]]

    def test_a_plan_that_is_not_the_whole_never_leaves(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(client_module, "plan", lambda whole, limit: plan(whole, 3)[:1])
        with answering(statbank({})) as server, pytest.raises(InvalidAnswer, match="do not add up"):
            list(StatbankClient(server.url, Transport()).data("12209", ASKED))
        assert [sent.method for sent in server.sent] == ["GET"]

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

        assert "table 12209, request 1 of 1: the answer lacks the dimension Region" in refusal(eliminate)

    @pytest.mark.parametrize(
        ("codes", "difference"),
        [
            (["0301", "EAK"], "Region has 2 codes where 3 were asked for (lacks 1508)"),
            (["0301", "1508", "EAK", "EKG12"], "Region has 4 codes where 3 were asked for (adds EKG12)"),
            (["0301", "1508", "EKG12"], "Region has 3 codes where 3 were asked for (lacks EAK)"),
        ],
    )
    def test_a_missing_extra_or_foreign_code_is_refused(self, codes: list[str], difference: str) -> None:
        assert difference in refusal(lambda a: a.update(dataset({"Region": codes, "Tid": ["2023", "2024"]}), **SAME))

    def test_a_dimension_that_nobody_asked_for_is_refused(self) -> None:
        extra = dataset({**ASKED.codes, "Kjonn": ["1", "2"]})
        assert "the answer has Kjonn, which nobody asked for" in refusal(lambda a: a.update(extra, **SAME))

    def test_a_dimension_of_one_category_only_explains(self) -> None:
        extra = dataset({**ASKED.codes, "ContentsCode": ["KOS"]})
        with answering(statbank({}, lambda a: a.update(extra, **SAME))) as server:
            assert len(list(StatbankClient(server.url, Transport()).data("12209", ASKED))) == 1

    @pytest.mark.parametrize(
        "members",
        [
            {"extension": {"px": {"tableid": "12292"}}},
            {"extension": {"px": {"tableid": "12292"}}, "label": "12209: Nøkkeltall"},
            {"extension": {}, "label": "12292: Grunnlag"},
            {"extension": None, "label": "122099: Grunnlag"},
            {"extension": {"px": None}, "label": ""},
        ],
    )
    def test_figures_of_another_table_are_refused(self, members: dict[str, Any]) -> None:
        assert "is about another table" in refusal(lambda answer: answer.update(members))

    @pytest.mark.parametrize("members", [{"extension": {}, "label": "12209: Nøkkeltall"}, {"label": "Nøkkeltall"}])
    def test_the_table_is_named_in_the_extension_or_before_the_label(self, members: dict[str, Any]) -> None:
        with answering(statbank({}, lambda answer: answer.update(members))) as server:
            assert len(list(StatbankClient(server.url, Transport()).data("12209", ASKED))) == 1

    @pytest.mark.parametrize("updated", ["", "yesterday", "2026-06-15", "2026-06-15T06:00:00", "2026-13-01T00:00:00Z"])
    def test_figures_without_a_time_are_refused(self, updated: str) -> None:
        """`updated` decides the edition (facts/ssb-api.md 0.7); without a zone two could not be compared."""
        assert "which is no time" in refusal(lambda answer: answer.update(updated=updated))

    def test_figures_that_do_not_say_when_they_were_updated_are_refused(self) -> None:
        assert "which is no time" in refusal(lambda answer: answer.pop("updated"))

    @pytest.mark.parametrize(
        "body", [{}, [], None, 7, {"tables": []}, {"dataset": []}, {"id": 1, "size": 2, "dimension": 3}]
    )
    def test_json_that_is_no_dataset_is_refused(self, body: Any) -> None:
        def respond(sent: Sent) -> Reply:
            return Reply({}) if sent.path.endswith("/config") else Reply(orjson.dumps(body))

        with answering(respond) as server, pytest.raises(WrongAnswer, match="request 1 of 1: the answer is no dataset"):
            list(StatbankClient(server.url, Transport()).data("12209", ASKED))

    def test_a_code_asked_for_twice_leaves_once(self) -> None:
        """The source would answer HTTP 500 with an empty body (facts/ssb-api.md 2.8)."""
        twice = Selection({"Region": ["0301", "0301"]}, {})
        with answering(statbank({})) as server:
            assert len(list(StatbankClient(server.url, Transport()).data("12209", twice))) == 1
        assert server.sent[-1].json()["selection"][0]["valueCodes"] == ["0301"]

    def test_a_cut_answer_is_refused(self) -> None:
        def respond(sent: Sent) -> Reply:
            return Reply({}) if sent.path.endswith("/config") else Reply(b'{"version":"2.0","id":["Reg')

        with answering(respond) as server, pytest.raises(CutAnswer, match="not complete JSON"):
            list(StatbankClient(server.url, Transport(sleep=Clock().sleep)).data("12209", ASKED))

    def test_no_earlier_answer_is_held(self) -> None:
        """Memory is bounded by the largest answer: of six parts, at most the last two are alive at once."""
        alive = []
        with answering(statbank({"maxDataCells": 1})) as server:
            for part in StatbankClient(server.url, Transport()).data("12209", ASKED):
                url = part.answer.url
                gc.collect()
                held = [o for o in gc.get_objects() if isinstance(o, Answer) and o.url == url]
                alive.append(len(held))
                del held
        assert len(alive) == 6
        assert max(alive) == 1

    @pytest.mark.parametrize("config", [[], None, "welcome"])
    def test_a_configuration_that_is_none_is_refused(self, config: Any) -> None:
        with answering([Reply(orjson.dumps(config))]) as server, pytest.raises(WrongAnswer, match="configuration"):
            StatbankClient(server.url, Transport()).cell_limit()


class Told:
    """An asker that knows the answers and asks nobody."""

    def __init__(self, document: Any) -> None:
        self.asked: list[str] = []
        self._content = orjson.dumps(document)

    def get(self, url: str, what: str, params: dict[str, str] | None = None) -> Answer:
        self.asked.append(url)
        return Answer(url, "GET", None, 200, {}, self._content, datetime.now(UTC))

    def post(self, url: str, what: str, body: dict[str, Any], params: dict[str, str] | None = None) -> Answer:
        raise AssertionError("nothing is posted")


class TestAskers:
    def test_somebody_may_stand_in_front_of_the_transport(self) -> None:
        told = Told({"id": "12209", "updated": "2026-06-15T06:00:00Z"})
        assert StatbankClient("http://a", told).table_updated("12209") == "2026-06-15T06:00:00Z"

    def test_a_client_through_another_asker_knows_the_same_limit(self) -> None:
        first, second = Told({"maxDataCells": 7}), Told({})
        client = StatbankClient("http://a", first)
        assert client.cell_limit() == client.through(second).cell_limit() == 7
        assert (len(first.asked), second.asked) == (1, [])
        assert StatbankClient("http://a", first).through(second).cell_limit() == 800_000
        assert second.asked == [f"http://a{API}/config"]


class TestTableUpdated:
    def test_one_table_is_asked_for_by_itself(self) -> None:
        with answering([Reply({"id": "12209", "updated": "2026-06-15T06:00:00Z"})]) as server:
            assert StatbankClient(server.url, Transport()).table_updated("12209") == "2026-06-15T06:00:00Z"
        (sent,) = server.sent
        assert (sent.path, sent.params) == (f"{API}/tables/12209", {"lang": "no"})

    def test_a_table_that_is_not_offered_is_unknown(self) -> None:
        gone = Reply({"type": "Parameter error", "title": "Non-existent table", "status": 404}, 404)
        with answering([gone]) as server, pytest.raises(UnknownTable, match="table 12209"):
            StatbankClient(server.url, Transport()).table_updated("12209")

    @pytest.mark.parametrize(
        "body",
        [{"id": "12292", "updated": "2026-06-15T06:00:00Z"}, [], {"id": "12209"}, {"id": "12209", "updated": "soon"}],
    )
    def test_what_describes_something_else_is_refused(self, body: Any) -> None:
        with answering([Reply(body)]) as server, pytest.raises(WrongAnswer, match="table 12209: "):
            StatbankClient(server.url, Transport()).table_updated("12209")


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

    @pytest.mark.parametrize(
        "body",
        [
            {"page": {"totalPages": 1}},
            {"tables": [{"id": "1"}], "page": {"totalPages": 1}},
            {"tables": [{"id": 1, "updated": "2026"}], "page": {"totalPages": 1}},
            {"tables": [{"id": "1", "updated": None}], "page": {"totalPages": 1}},
            {"tables": [[]], "page": {"totalPages": 1}},
            {"tables": []},
            {"tables": [], "page": {"totalPages": "many"}},
            [],
        ],
    )
    def test_a_listing_that_is_not_as_documented_is_refused(self, body: Any) -> None:
        with answering([Reply(body)]) as server, pytest.raises(WrongAnswer, match="not as documented"):
            StatbankClient(server.url, Transport()).updated_since(1)

    def test_a_listing_that_promises_too_many_pages_is_refused(self) -> None:
        page = {"tables": [{"id": "1", "updated": "2026"}], "page": {"totalPages": MOST_PAGES + 1}}
        with answering([Reply(page)]) as server, pytest.raises(WrongAnswer, match="no end"):
            StatbankClient(server.url, Transport()).updated_since(1)
        assert len(server.sent) == 1

    def test_a_listing_that_grows_with_each_page_ends(self) -> None:
        """Each page promises another one, and repeats the first."""

        def respond(sent: Sent) -> Reply:
            pages = int(sent.params["pageNumber"]) + 1
            return Reply({"tables": [{"id": "1", "updated": "2026"}], "page": {"totalPages": pages}})

        with answering(respond) as server, pytest.raises(WrongAnswer, match="page 2 repeats"):
            StatbankClient(server.url, Transport()).updated_since(1)
        assert len(server.sent) == 2

    def test_an_empty_page_before_the_last_is_refused(self) -> None:
        with (
            answering([Reply({"tables": [], "page": {"totalPages": 3}})]) as server,
            pytest.raises(WrongAnswer, match="page 1 of 3 names no table"),
        ):
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
            source_kind(server.url, Transport(sleep=Clock().sleep))
