"""The form of Klass's answers and the sequence of questions to it.

Shapes: facts/ssb-api.md section 4. Not here: what a reform does to a series.
"""

from datetime import date
from typing import Any

import orjson
import pytest

from builders import RECORDINGS, Clock, Reply, Sent, answering, needs_recordings
from k2025_pipeline.catalog.classifications import ClassificationContract
from k2025_pipeline.klass.client import (
    CHANGES_SCHEMA,
    CODES_SCHEMA,
    CORRESPONDENCE_SCHEMA,
    KlassClient,
    decode_changes,
    decode_codes,
    decode_correspondence,
)
from k2025_pipeline.pxweb.errors import InvalidAnswer, NotFound, PageMissing
from k2025_pipeline.pxweb.transport import Transport

TEXT = {"nb": "tekst", "en": "text"}


def change(old: str | None, old_name: str | None, new: str | None, new_name: str | None, day: str) -> dict[str, Any]:
    return {"oldCode": old, "oldName": old_name, "newCode": new, "newName": new_name, "changeOccurred": day}


def changes(*rows: dict[str, Any]) -> bytes:
    return orjson.dumps({"codeChanges": list(rows)})


class TestCodes:
    def test_an_open_end_is_null_and_a_code_may_stand_twice(self) -> None:
        raw = orjson.dumps(
            {
                "codes": [
                    {
                        "code": "0301",
                        "name": "Oslo",
                        "validFromInRequestedRange": "2015-01-01",
                        "validToInRequestedRange": "2023-01-01",
                    },
                    {
                        "code": "0301",
                        "name": "Oslo - Oslove",
                        "validFromInRequestedRange": "2023-01-01",
                        "validToInRequestedRange": None,
                    },
                ]
            }
        )
        assert decode_codes(raw).rows() == [
            ("0301", "Oslo", date(2015, 1, 1), date(2023, 1, 1)),
            ("0301", "Oslo - Oslove", date(2023, 1, 1), None),
        ]

    def test_codes_without_a_range_have_no_dates(self) -> None:
        assert decode_codes(b'{"codes":[{"code":"01","name":"x"}]}').rows() == [("01", "x", None, None)]

    @needs_recordings
    def test_the_recorded_codes_are_358_with_9999(self) -> None:
        """358 codes including 9999 on 2026-01-01 (facts/ssb-api.md 4.2)."""
        codes = decode_codes((RECORDINGS / "klass" / "131-codesAt-2026-01-01.json").read_bytes())["code"]
        assert codes.n_unique() == len(codes) == 358
        assert {"9999", "0301"} <= set(codes)


class TestChanges:
    def test_a_side_may_be_missing(self) -> None:
        raw = changes(
            change(None, None, "3001", "Ny", "2020-01-01"), change("9001", "Nedlagt", None, None, "2024-01-01")
        )
        assert decode_changes(raw).rows() == [
            (None, None, "3001", "Ny", date(2020, 1, 1)),
            ("9001", "Nedlagt", None, None, date(2024, 1, 1)),
        ]

    def test_a_renaming_keeps_its_code_on_both_sides(self) -> None:
        """Name-only changes have the same old and new code (facts/ssb-api.md 4.2)."""
        raw = changes(change("5025", "Røros", "5025", "Røros - Rossen", "2023-01-01"))
        assert decode_changes(raw).rows() == [("5025", "Røros", "5025", "Røros - Rossen", date(2023, 1, 1))]

    def test_a_split_is_two_rows(self) -> None:
        raw = changes(
            change("1507", "Ålesund", "1508", "Ålesund", "2024-01-01"),
            change("1507", "Ålesund", "1580", "Haram", "2024-01-01"),
        )
        assert decode_changes(raw)["new_code"].to_list() == ["1508", "1580"]

    def test_a_time_of_day_is_cut_off(self) -> None:
        raw = changes(change("1", "a", "2", "b", "2024-01-01T00:00:00.000+0000"))
        assert decode_changes(raw)["changed_on"].to_list() == [date(2024, 1, 1)]

    def test_no_changes_keep_their_columns(self) -> None:
        assert decode_changes(changes()).schema == CHANGES_SCHEMA
        assert decode_codes(b'{"codes":[]}').schema == CODES_SCHEMA

    @needs_recordings
    def test_the_recorded_changes_hold_the_split_of_aalesund(self) -> None:
        """1507 -> 1508 + 1580 on 2024-01-01 (facts/ssb-api.md 0.9)."""
        frame = decode_changes((RECORDINGS / "klass" / "131-changes-2011-2024.json").read_bytes())
        split = frame.filter(old_code="1507", changed_on=date(2024, 1, 1))
        assert set(split["new_code"]) == {"1508", "1580"}


class TestCorrespondence:
    def test_only_what_holds_on_new_years_day_counts(self) -> None:
        items = [
            {"sourceCode": "1507", "targetCode": "EKG11", "validFrom": "2020-01-01", "validTo": "2024-01-01"},
            {"sourceCode": "1508", "targetCode": "EKG12", "validFrom": "2024-01-01", "validTo": None},
            {"sourceCode": "0301", "targetCode": "EKG13", "validFrom": None, "validTo": None},
            {"sourceCode": "1580", "targetCode": "EKG02", "validFrom": "2024-06-01", "validTo": "2025-01-01"},
        ]
        raw = orjson.dumps({"correspondenceItems": items})
        assert decode_correspondence(raw, "2023").rows() == [("1507", "EKG11", "2023"), ("0301", "EKG13", "2023")]
        assert decode_correspondence(raw, "2024").rows() == [("1508", "EKG12", "2024"), ("0301", "EKG13", "2024")]

    def test_no_correspondence_keeps_its_columns(self) -> None:
        assert decode_correspondence(b'{"correspondenceItems":[]}', "2024").schema == CORRESPONDENCE_SCHEMA


class TestRefusals:
    @pytest.mark.parametrize("raw", [b"<codes><code/></codes>", b'{"codes":[{"code":"03', b"{}", b"[]", b"null"])
    def test_what_is_not_the_documented_json_is_refused(self, raw: bytes) -> None:
        for decode, member in ((decode_codes, "codes"), (decode_changes, "codeChanges")):
            with pytest.raises(InvalidAnswer, match=f"no `{member}` in JSON"):
                decode(raw)
        with pytest.raises(InvalidAnswer, match="no `correspondenceItems` in JSON"):
            decode_correspondence(raw, "2024")


def classification(**members: Any) -> ClassificationContract:
    content = {"id": "112", "title": TEXT, "description": TEXT, "code_pattern": "^EKG", "evidence": "recorded"}
    return ClassificationContract.model_validate(content | members)


EVERY_MEMBER: dict[str, list[object]] = {"codes": [], "codeChanges": [], "correspondenceItems": []}


class TestFetch:
    def test_a_year_without_correspondence_is_left_out(self) -> None:
        """404 when no correspondence table covers the whole range (facts/ssb-api.md 4.1)."""

        def respond(sent: Sent) -> Reply:
            if sent.params.get("from") == "2021-01-01":
                return Reply({"title": "Not Found", "status": 404}, 404)
            return Reply(EVERY_MEMBER)

        with answering(respond) as server:
            client = KlassClient(server.url, Transport())
            found = list(client.fetch(classification(corresponds_from="131", first_year="2020"), 2022))
        assert [(answer.kind, answer.year) for answer in found] == [
            ("codes", None),
            ("corresponds", "2020"),
            ("corresponds", "2022"),
        ]
        asked = server.sent[1]
        assert asked.path == "/api/klass/v1/classifications/131/corresponds"
        assert asked.params == {
            "targetClassificationId": "112",
            "from": "2020-01-01",
            "to": "2021-01-01",
            "language": "nb",
        }

    def test_changes_are_asked_for_only_where_wanted(self) -> None:
        with answering([Reply(EVERY_MEMBER)]) as server:
            client = KlassClient(server.url, Transport())
            kinds = [answer.kind for answer in client.fetch(classification(changes=True), 2026)]
            assert [answer.kind for answer in client.fetch(classification(), 2026)] == ["codes"]
        assert kinds == ["codes", "changes"]
        assert [sent.params["from"] for sent in server.sent] == ["2015-01-01", "2011-01-01", "2015-01-01"]

    def test_a_missing_list_of_codes_is_not_skipped(self) -> None:
        with answering([Reply({"title": "Not Found"}, 404)]) as server, pytest.raises(NotFound, match="112, codes"):
            list(KlassClient(server.url, Transport()).fetch(classification(), 2026))

    def test_a_failing_server_is_not_taken_for_a_missing_year(self) -> None:
        def respond(sent: Sent) -> Reply:
            return Reply(status=503) if sent.path.endswith("/corresponds") else Reply(EVERY_MEMBER)

        with answering(respond) as server, pytest.raises(Exception, match="HTTP 503"):
            client = KlassClient(server.url, Transport(sleep=Clock().sleep))
            list(client.fetch(classification(corresponds_from="131", first_year="2024"), 2024))

    def test_a_page_of_the_web_server_is_not_taken_for_a_missing_year(self) -> None:
        """Only Klass itself can say that no table covers a year."""

        def respond(sent: Sent) -> Reply:
            page = Reply(status=404, body=b"<html>404</html>", headers={"content-type": "text/html"})
            return page if sent.path.endswith("/corresponds") else Reply(EVERY_MEMBER)

        with answering(respond) as server, pytest.raises(PageMissing):
            client = KlassClient(server.url, Transport())
            list(client.fetch(classification(corresponds_from="131", first_year="2024"), 2024))

    def test_an_answer_that_does_not_hold_what_was_asked_for_is_refused(self) -> None:
        with answering([Reply({"codeChanges": []})]) as server, pytest.raises(InvalidAnswer, match="no `codes`"):
            list(KlassClient(server.url, Transport()).fetch(classification(), 2026))


class TestLastModified:
    def test_the_newest_of_classification_and_versions_counts(self) -> None:
        body = {
            "lastModified": "2024-01-01T00:00:00.000+0000",
            "versions": [{"lastModified": "2026-01-02T00:00:00.000+0000"}, {"lastModified": None}, {}],
        }
        with answering([Reply(body)]) as server:
            found = KlassClient(server.url, Transport()).last_modified("131")
        assert found == "2026-01-02T00:00:00.000+0000"

    def test_an_answer_without_a_stamp_is_refused(self) -> None:
        with answering([Reply({"versions": []})]) as server, pytest.raises(InvalidAnswer, match="lastModified"):
            KlassClient(server.url, Transport()).last_modified("131")
