"""How a request travels: retries, pauses, opening hours, and that an answer came whole.

Answers are those that facts/ssb-api.md 2.3 and 2.8 record; a loopback server gives them. No test sleeps.
What a refusal means: ``test_errors``. How often one may call: ``test_limiter``.
"""

import gzip
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import orjson
import pytest

from builders import Clock, Reply, Sent, answering
from k2025_pipeline import __version__
from k2025_pipeline.pxweb import transport as module
from k2025_pipeline.pxweb.errors import (
    BadRequest,
    CutAnswer,
    DuplicateCodes,
    LimitsUnavailable,
    NoAnswer,
    OutsideHours,
    PageMissing,
    ServerFault,
    ServiceUnavailable,
    SourceError,
    SourceUnavailable,
    TooManyRequests,
    UnknownTable,
    UrlTooLong,
    WrongAnswer,
    WrongContentType,
)
from k2025_pipeline.pxweb.hours import OSLO, PublicationHours
from k2025_pipeline.pxweb.transport import ATTEMPTS, Answer, Transport, encode_body, request_key

HTML = {"content-type": "text/html; charset=iso-8859-1"}
HTML_404 = Reply(b"<!DOCTYPE html><title>404 - File or directory not found.</title>", 404, HTML)
OK = Reply({"id": "12209"})


def problem(title: str, status: int = 400, body_status: int = 400) -> Reply:
    return Reply({"type": "Parameter error", "title": title, "status": body_status}, status)


def failure(replies: list[Reply], path: str = "/x", attempts: int = ATTEMPTS) -> tuple[SourceError, int, list[float]]:
    """The error, how many requests were sent, and the pauses between them."""
    clock = Clock()
    with answering(replies) as server, pytest.raises(SourceError) as raised:
        transport_of(clock, attempts=attempts).get(server.url + path, "table 12209")
    return raised.value, len(server.sent), clock.slept


def transport_of(clock: Clock, attempts: int = ATTEMPTS, hours: PublicationHours | None = None) -> Transport:
    return Transport(sleep=clock.sleep, attempts=attempts, hours=hours, clock=clock.time)


WHOLE = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


@contextmanager
def raw_server(*messages: bytes | Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that sends these bytes, or does this, one per connection, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for message in messages:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    if callable(message):
                        message(connection)
                    else:
                        connection.sendall(message)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


class TestRefusals:
    @pytest.mark.parametrize("status", [400, 404])
    def test_the_body_and_not_the_http_status_says_that_a_table_is_unknown(self, status: int) -> None:
        """HTTP 400 on /data, 404 on /metadata, both with status 404 in the body (facts/ssb-api.md 2.8)."""
        error, requests, _ = failure([problem("Non-existent table", status, 404)])
        assert isinstance(error, UnknownTable)
        assert "12209" in str(error)
        assert requests == 1

    def test_a_refused_selection_is_never_asked_again(self) -> None:
        error, requests, slept = failure([problem("Non-existent value")])
        assert isinstance(error, BadRequest)
        assert (requests, slept) == (1, [])
        assert "Sent" not in str(error)

    def test_an_html_404_for_a_long_url_is_a_too_long_url(self) -> None:
        """URLs over about 2 100 characters give an HTML page with 404 (facts/ssb-api.md 0.4)."""
        error, requests, _ = failure([HTML_404], "/x?codes=" + "0301," * 450)
        assert type(error) is UrlTooLong
        assert requests == 1

    def test_an_html_404_for_a_short_url_is_not_found(self) -> None:
        assert type(failure([HTML_404])[0]) is PageMissing

    def test_an_empty_500_for_posted_codes_is_not_asked_again(self) -> None:
        clock = Clock()
        with answering([Reply(status=500)]) as server, pytest.raises(DuplicateCodes):
            transport_of(clock).post(server.url, "table 12209", {"selection": []})
        assert (len(server.sent), clock.slept) == (1, [])

    def test_an_address_that_is_none_is_told(self) -> None:
        with pytest.raises(BadRequest, match="«http://» is no address"):
            Transport().get("http://", "x")

    def test_the_contact_address_is_told_to_the_source_and_nobody_else(self, caplog: pytest.LogCaptureFixture) -> None:
        clock = Clock()
        with answering([Reply(status=503)]) as server, pytest.raises(ServiceUnavailable) as raised:
            Transport("data@example.org", sleep=clock.sleep, clock=clock.time).get(server.url, "x")
        assert "data@example.org" in server.sent[0].headers["user-agent"]
        assert "example.org" not in str(raised.value) + caplog.text


class TestRetries:
    def test_an_empty_429_waits_a_whole_window(self) -> None:
        """On 429 wait a full 60 s (facts/ssb-api.md 0.3)."""
        clock = Clock()
        with answering([Reply(status=429), OK]) as server:
            answer = transport_of(clock).get(server.url, "x")
        assert answer.json() == {"id": "12209"}
        assert clock.slept == [60.0]

    @pytest.mark.parametrize(
        ("after", "wait"),
        [
            ("7", 7.0),
            ("0", 60.0),
            ("-5", 60.0),
            ("soon", 60.0),
            ("", 60.0),
            ("1e3", 60.0),
            ("86400", 300.0),
            ("9" * 400, 300.0),
            ("Mon, 12 Jan 1970 13:46:50 GMT", 10.0),
            ("Mon, 12 Jan 1970 13:46:50", 10.0),
            ("Wed, 21 Oct 2026 07:28:00 GMT", 300.0),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 60.0),
        ],
    )
    @pytest.mark.parametrize("status", [429])
    def test_retry_after_is_honoured_within_reason(self, after: str, wait: float, status: int) -> None:
        """It is 1970-01-12T13:46:40Z."""
        clock = Clock()
        with answering([Reply(status=status, headers={"retry-after": after}), OK]) as server:
            transport_of(clock).get(server.url, "x")
        assert clock.slept == [wait]

    def test_maintenance_may_say_how_long_it_takes(self) -> None:
        assert failure([Reply(status=503, headers={"retry-after": "30"})])[2] == [30.0] * 4

    def test_a_limit_that_stays_ends_after_the_last_attempt(self) -> None:
        error, requests, slept = failure([Reply(status=429)])
        assert isinstance(error, TooManyRequests)
        assert (requests, slept) == (5, [60.0] * 4)
        assert str(error).endswith("(Sent 5 times.)")

    def test_503_is_asked_five_times_with_growing_pauses(self) -> None:
        """5, 15, 45, 60 s (facts/ssb-api.md 7.3)."""
        error, requests, slept = failure([Reply(status=503)])
        assert type(error) is ServiceUnavailable
        assert "HTTP 503" in str(error)
        assert requests == ATTEMPTS == 5
        assert slept == [5.0, 15.0, 45.0, 60.0]

    def test_a_fault_of_the_server_is_tried_once_more(self) -> None:
        error, requests, slept = failure([Reply({"title": "oops"}, 500)])
        assert type(error) is ServerFault
        assert (requests, slept) == (2, [5.0])
        assert "(Sent 2 times.)" in str(error)

    def test_a_caller_may_want_fewer_attempts(self) -> None:
        assert failure([Reply(status=503)], attempts=2)[1:] == (2, [5.0])
        error, requests, slept = failure([Reply(status=503)], attempts=1)
        assert (requests, slept) == (1, [])
        assert "(Sent once.)" in str(error)

    def test_a_good_answer_after_503_is_the_answer(self) -> None:
        with answering([Reply(status=503), Reply(status=503), OK]) as server:
            assert transport_of(Clock()).get(server.url, "x").status == 200
        assert len(server.sent) == 3

    def test_a_refusal_after_503_ends_it(self) -> None:
        error, requests, _ = failure([Reply(status=503), problem("Non-existent value")])
        assert isinstance(error, BadRequest)
        assert requests == 2

    def test_all_attempts_together_take_at_most_ten_minutes(self) -> None:
        """300 s asked for each time: the second pause would end after 600 s."""
        error, requests, slept = failure([Reply(status=429, headers={"retry-after": "300"})])
        assert isinstance(error, TooManyRequests)
        assert (requests, slept) == (2, [300.0])

    def test_slow_answers_count_in_the_ten_minutes(self) -> None:
        clock = Clock()

        def respond(_: Sent) -> Reply:
            clock.now += 250
            return Reply(status=503)

        with answering(respond) as server, pytest.raises(ServiceUnavailable, match="Sent 3 times"):
            transport_of(clock).get(server.url, "x")
        assert len(server.sent) == 3

    def test_the_log_says_what_failed_and_how_long_it_waits(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.WARNING)
        with answering([Reply(status=503), OK]) as server:
            transport_of(Clock()).get(server.url, "table 12209")
        (message,) = caplog.messages
        assert "table 12209: HTTP 503" in message
        assert "Attempt 1 failed; again in 5 s" in message


class TestWholeAnswers:
    def test_an_answer_that_breaks_off_is_asked_for_again(self) -> None:
        clock = Clock()
        with answering([Reply({"value": [1]}, cut=True), OK]) as server:
            assert transport_of(clock).get(server.url, "x").json() == {"id": "12209"}
        assert (len(server.sent), clock.slept) == (2, [5.0])

    def test_json_that_is_cut_is_asked_for_again(self) -> None:
        clock = Clock()
        with answering([Reply(b'{"value":[1,2'), OK]) as server:
            assert transport_of(clock).get(server.url, "x").json() == {"id": "12209"}
        assert (len(server.sent), clock.slept) == (2, [5.0])

    @pytest.mark.parametrize("body", [b'{"value":[1,2', b"", b"<html></html>", b"{}{}", b'{"a":NaN}'])
    def test_what_is_no_whole_json_three_times_is_told_with_its_size(self, body: bytes) -> None:
        error, requests, _ = failure([Reply(body)])
        assert type(error) is CutAnswer
        assert f"table 12209: the answer of {len(body)} bytes" in str(error)
        assert "(Sent 3 times.)" in str(error)
        assert requests == 3

    def test_another_content_type_is_not_json(self) -> None:
        error, requests, _ = failure([Reply(b"<html>Maintenance</html>", headers=HTML)])
        assert type(error) is WrongContentType
        assert "24 bytes of «text/html» instead of JSON" in str(error)
        assert requests == 3

    @pytest.mark.parametrize("kind", ["application/problem+json; charset=utf-8", "application/JSON", ""])
    def test_json_may_be_called_in_many_ways(self, kind: str) -> None:
        with answering([Reply({}, headers={"content-type": kind})]) as server:
            assert transport_of(Clock()).get(server.url, "x").json() == {}

    def test_an_answer_without_end_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "MOST_BYTES", 1 << 20)
        monkeypatch.setattr(module, "CHUNK", 1 << 16)
        small = orjson.dumps(["x" * (1 << 20)])
        packed = Reply(gzip.compress(small), headers={"content-encoding": "gzip"})
        for reply in (Reply(small), packed):
            error, requests, _ = failure([reply])
            assert type(error) is WrongAnswer
            assert "larger than 1 MB" in str(error)
            assert requests == 1

    def test_an_answer_that_trickles_is_given_up(self) -> None:
        """One byte of a thousand comes, after ten minutes, and no other."""
        clock = Clock()
        given_up = threading.Event()

        def trickle(connection: socket.socket) -> None:
            clock.now += 601
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{")
            given_up.wait(30)

        with raw_server(trickle) as url, pytest.raises(NoAnswer, match="did not end within 10 minutes"):
            try:
                transport_of(clock).get(url, "x")
            finally:
                given_up.set()
        assert clock.slept == []

    @pytest.mark.parametrize(
        "message",
        [
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\n{}",
            b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}",
        ],
    )
    def test_a_transfer_without_its_end_is_no_answer_even_if_it_is_json(self, message: bytes) -> None:
        clock = Clock()
        with raw_server(message, WHOLE) as url:
            assert transport_of(clock).get(url, "x").json() == {}
        assert clock.slept == [5.0]

    def test_a_whole_answer_may_come_in_chunks(self) -> None:
        chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
        with raw_server(chunked) as url:
            assert transport_of(Clock()).get(url, "x").content == b"{}"

    def test_a_whole_packed_answer_is_unpacked(self) -> None:
        packed = Reply(gzip.compress(b'{"a":1}'), headers={"content-encoding": "gzip"})
        with answering([packed]) as server:
            assert transport_of(Clock()).get(server.url, "x").content == b'{"a":1}'

    @pytest.mark.parametrize(
        "message", [b"", b"no http at all", b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\nno gzip"]
    )
    def test_what_is_no_http_is_no_answer(self, message: bytes) -> None:
        clock = Clock()
        with raw_server(message, WHOLE) as url:
            assert transport_of(clock).get(url, "x").json() == {}
        assert clock.slept == [5.0]

    def test_a_refused_connection_is_unavailable_with_advice(self) -> None:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
        clock = Clock()
        with pytest.raises(SourceUnavailable, match=rf"127\.0\.0\.1:{port} .*Check the network, or try again later"):
            transport_of(clock).get(f"http://127.0.0.1:{port}", "table 12209")
        assert len(clock.slept) == ATTEMPTS - 1


class TestRedirects:
    def test_within_a_host_they_are_followed_with_the_same_body(self) -> None:
        def respond(sent: Sent) -> Reply:
            return OK if sent.path == "/new" else Reply(status=301, headers={"location": "/new?lang=no"})

        transport = transport_of(Clock())
        with answering(respond) as server:
            answer = transport.post(server.url + "/old", "x", {"selection": []})
        assert [(sent.method, sent.path, sent.body) for sent in server.sent] == [
            ("POST", "/old", b'{"selection":[]}'),
            ("POST", "/new", b'{"selection":[]}'),
        ]
        assert answer.url == server.url + "/old"
        assert transport.requests_by_path == {"statbank": 2}

    @pytest.mark.parametrize("target", ["http://elsewhere.example/x", "//elsewhere.example/x", "http://127.0.0.1:9/x"])
    def test_another_host_is_refused(self, target: str) -> None:
        error, requests, _ = failure([Reply(status=302, headers={"location": target})])
        assert type(error) is WrongAnswer
        assert "which is not followed" in str(error)
        assert requests == 1

    def test_a_circle_ends(self) -> None:
        error, requests, _ = failure([Reply(status=308, headers={"location": "/x"})])
        assert type(error) is WrongAnswer
        assert requests == 4


class TestRequest:
    def test_it_says_who_asks_and_wants_json(self) -> None:
        """Klass answers XML unless JSON is asked for (facts/ssb-api.md 4.1)."""
        with answering([OK]) as server:
            Transport("data@example.org").get(server.url, "x", {"lang": "no"})
        (sent,) = server.sent
        assert sent.headers["accept"] == "application/json"
        assert sent.headers["user-agent"] == f"k2025-pipeline/{__version__} (data@example.org)"
        assert sent.params == {"lang": "no"}

    def test_without_contact_only_the_name_is_said(self) -> None:
        with answering([OK]) as server:
            Transport().get(server.url, "x")
        assert server.sent[0].headers["user-agent"] == f"k2025-pipeline/{__version__}"

    def test_an_answer_keeps_what_was_sent_and_received(self) -> None:
        with answering([Reply(b'{ "a" : 1 }', headers={"X-K2025-Source": "demo"})]) as server:
            answer = Transport().post(server.url + "/data", "x", {"selection": []}, {"lang": "no"})
        assert server.sent[0].headers["content-type"] == "application/json"
        assert server.sent[0].body == answer.request_body == b'{"selection":[]}'
        assert (answer.method, answer.content) == ("POST", b'{ "a" : 1 }')
        assert answer.headers["x-k2025-source"] == "demo"
        assert answer.url.endswith("/data?lang=no")
        assert answer.received_at.tzinfo is not None

    def test_a_body_is_parsed_once(self) -> None:
        with answering([OK]) as server:
            answer = Transport().get(server.url, "x")
        assert answer.document is answer.json() is answer.document

    def test_every_attempt_is_counted_by_service(self) -> None:
        transport = transport_of(Clock())
        with answering([Reply(status=503), OK]) as server:
            transport.get(server.url + "/api/pxwebapi/v2/config", "x")
            transport.get(server.url + "/api/klass/v1/classifications/131", "x")
        assert transport.requests_by_path == {"statbank": 2, "klass": 1}


class TestRequestKey:
    @pytest.mark.parametrize(
        "params",
        [
            None,
            {"lang": "no"},
            {"codelist[Region]": "agg_KommSummer", "valueCodes[Tid]": "2023,2024", "lang": "no"},
            {"query": "Ålesund & Nærøy/ø ?*+ «%20»", "valueCodes[Tid]": "[range(2018,2023)]"},
        ],
    )
    @pytest.mark.parametrize("body", [None, {"selection": [{"variableCode": "Region", "valueCodes": ["Ø*", "[x]"]}]}])
    def test_it_is_known_before_sending(self, params: dict[str, str] | None, body: dict[str, object] | None) -> None:
        transport = Transport()
        with answering([OK]) as server:
            url = server.url + "/api/tables/07459/data"
            answer = transport.get(url, "x", params) if body is None else transport.post(url, "x", body, params)
        sent = None if body is None else encode_body(body)
        assert answer.request_key == request_key(answer.method, url, params, sent)
        assert len(answer.request_key) == 64

    def test_the_order_of_the_query_does_not_matter(self) -> None:
        one = request_key("GET", "http://a/x", {"lang": "no", "b": "1"}, None)
        assert one == request_key("get", "http://a/x?b=1", {"lang": "no"}, None)

    def test_everything_else_does(self) -> None:
        keys = {
            request_key("GET", "http://a/x", None, None),
            request_key("POST", "http://a/x", None, None),
            request_key("POST", "http://a/x", None, b"{}"),
            request_key("POST", "http://a/x", None, b"[]"),
            request_key("GET", "http://a/y", None, None),
            request_key("GET", "http://b/x", None, None),
            request_key("GET", "https://a/x", None, None),
            request_key("GET", "http://a/x", {"lang": "no"}, None),
            request_key("GET", "http://a/x", {"lang": "en"}, None),
        }
        assert len(keys) == 9


class TestLimits:
    def test_the_limit_is_learnt_from_answers(self) -> None:
        clock = Clock()
        transport = transport_of(clock)
        with answering([Reply({}, headers={"x-ratelimit-policy": "4;w=60s"})]) as server:
            for _ in range(5):
                transport.get(server.url, "x")
        assert sum(clock.slept) == pytest.approx(60, abs=0.01)

    def test_every_attempt_counts(self) -> None:
        """Three of four calls: two that fail and one more, then the window is waited for."""
        clock = Clock()
        headers = {"x-ratelimit-policy": "4;w=600s"}
        with answering([Reply(status=503, headers=headers)] * 2 + [Reply({}, headers=headers)]) as server:
            transport = transport_of(clock)
            transport.get(server.url, "x")
            assert clock.slept == [5.0, 15.0]
            transport.get(server.url, "x")
        assert sum(clock.slept) == pytest.approx(600, abs=0.01)

    def test_the_configuration_tells_the_limit_where_no_header_does(self) -> None:
        clock = Clock()
        transport = transport_of(clock)
        with answering([Reply({"maxCallsPerTimeWindow": 4, "timeWindow": 60})]) as server:
            for _ in range(4):
                transport.get(server.url, "x")
        assert sum(clock.slept) == pytest.approx(60, abs=0.01)

    def test_a_header_is_newer_than_the_configuration(self) -> None:
        clock = Clock()
        transport = transport_of(clock)
        config = {"maxCallsPerTimeWindow": 4, "timeWindow": 60}
        with answering([Reply(config, headers={"x-ratelimit-policy": "40;w=60s"})]) as server:
            for _ in range(30):
                transport.get(server.url, "x")
        assert clock.slept == []

    def test_a_folder_that_cannot_be_written_is_told_at_once(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(LimitsUnavailable):
            Transport(limits_folder=tmp_path / "file")


def hours_of(clock: Clock, when_inside: Literal["wait", "end"]) -> PublicationHours:
    return PublicationHours(when_inside, lambda: datetime.fromtimestamp(clock.now, UTC), clock.sleep)


def at(clock: Clock, text: str) -> Callable[[Sent], Reply]:
    """A server that takes until this time in Oslo to answer, the first time."""
    late = [datetime.fromisoformat(text).replace(tzinfo=OSLO).timestamp()]

    def respond(_: Sent) -> Reply:
        if late:
            clock.now = late.pop()
        return OK

    return respond


class TestHours:
    @pytest.fixture
    def clock(self) -> Clock:
        """It is five to five in Oslo, less a second."""
        clock = Clock()
        clock.now = datetime(2026, 6, 15, 4, 54, 59, tzinfo=OSLO).timestamp()
        return clock

    def test_nothing_is_sent_while_the_source_reloads(self, clock: Clock) -> None:
        clock.now += 1
        transport = transport_of(clock, hours=hours_of(clock, "end"))
        with answering([OK]) as server, pytest.raises(OutsideHours):
            transport.get(server.url, "x")
        assert server.sent == []
        assert transport.requests_by_path == {}

    def test_a_patient_transport_waits_and_then_has_its_whole_time(self, clock: Clock) -> None:
        clock.now += 1
        with answering([Reply(status=503), OK]) as server:
            answer = transport_of(clock, hours=hours_of(clock, "wait")).get(server.url, "x")
        assert clock.slept == [3 * 3600 + 20 * 60, 5.0]
        assert answer.received_at == datetime(2026, 6, 15, 8, 15, 5, tzinfo=OSLO)

    def test_an_answer_that_came_inside_is_asked_for_again(self, clock: Clock) -> None:
        with answering(at(clock, "2026-06-15T04:55:00")) as server:
            answer = transport_of(clock, hours=hours_of(clock, "wait")).get(server.url, "x")
        assert len(server.sent) == 2
        assert answer.received_at == datetime(2026, 6, 15, 8, 15, tzinfo=OSLO)

    def test_or_ends_it(self, clock: Clock) -> None:
        transport = transport_of(clock, hours=hours_of(clock, "end"))
        with answering(at(clock, "2026-06-15T04:55:00")) as server, pytest.raises(OutsideHours):
            transport.get(server.url, "x")
        assert len(server.sent) == 1

    def test_a_retry_does_not_fall_inside(self, clock: Clock) -> None:
        transport = transport_of(clock, hours=hours_of(clock, "end"))
        with answering([Reply(status=503), OK]) as server, pytest.raises(OutsideHours):
            transport.get(server.url, "x")
        assert len(server.sent) == 1

    def test_without_hours_any_time_is_good(self, clock: Clock) -> None:
        clock.now += 1
        with answering([OK]) as server:
            assert isinstance(transport_of(clock).get(server.url, "x"), Answer)
