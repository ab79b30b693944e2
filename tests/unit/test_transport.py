"""How a request travels: meaning of an unsuccessful answer, retries, pauses, rate limit.

Answers are those that facts/ssb-api.md 2.3 and 2.8 record; a loopback server gives them. No test sleeps.
"""

import socket
import time

import pytest

from builders import Clock, Reply, Sent, answering
from k2025_pipeline import __version__
from k2025_pipeline.pxweb.errors import (
    BadRequest,
    InvalidAnswer,
    NotFound,
    SourceError,
    SourceUnavailable,
    TooManyRequests,
    UnknownTable,
    error_for,
)
from k2025_pipeline.pxweb.transport import ATTEMPTS, RateLimiter, Transport

HTML_404 = Reply(
    b"<!DOCTYPE html><title>404 - File or directory not found.</title>", 404, {"content-type": "text/html"}
)
OK = Reply({"id": "12209"})


def problem(title: str, status: int = 400, body_status: int = 400) -> Reply:
    return Reply({"type": "Parameter error", "title": title, "status": body_status}, status)


def failure(replies: list[Reply], path: str = "/x") -> tuple[SourceError, int, list[float]]:
    """The error, how many requests were sent, and the pauses between them."""
    clock = Clock()
    with answering(replies) as server, pytest.raises(SourceError) as raised:
        Transport(sleep=clock.sleep).get(server.url + path, "table 12209")
    return raised.value, len(server.sent), clock.slept


class TestMeaning:
    @pytest.mark.parametrize("status", [400, 404])
    def test_the_body_and_not_the_http_status_says_that_a_table_is_unknown(self, status: int) -> None:
        """HTTP 400 on /data, 404 on /metadata, both with status 404 in the body (facts/ssb-api.md 2.8)."""
        error, requests, _ = failure([problem("Non-existent table", status, 404)])
        assert isinstance(error, UnknownTable)
        assert "12209" in str(error)
        assert requests == 1

    @pytest.mark.parametrize(
        ("title", "advice"),
        [
            ("Non-existent variable", "dimensions[].code"),
            ("Non-existent value", "k2025 check"),
            ("Non-existent codelist", "extracts[].codelist"),
            ("Missing selection for mandantory variable", "add it to the contract"),
            ("Too many cells selected", "planned too large"),
            ("Illegal selection expression", "k2025 check"),
        ],
    )
    def test_a_refused_selection_is_never_asked_again_and_says_what_to_do(self, title: str, advice: str) -> None:
        error, requests, _ = failure([problem(title)])
        assert type(error) is BadRequest
        assert title in str(error)
        assert advice in str(error)
        assert requests == 1

    def test_a_page_that_does_not_exist_is_not_an_unknown_table(self) -> None:
        error, requests, _ = failure([problem("Non-existent page", 404, 404)])
        assert (type(error), requests) == (NotFound, 1)

    def test_an_html_404_for_a_long_url_is_a_too_long_url(self) -> None:
        """URLs over about 2 100 characters give an HTML page with 404 (facts/ssb-api.md 0.4)."""
        error, requests, _ = failure([HTML_404], "/x?codes=" + "0301," * 450)
        assert isinstance(error, BadRequest)
        assert "too long. Ask by POST" in str(error)
        assert requests == 1

    def test_an_html_404_for_a_short_url_is_not_found(self) -> None:
        assert type(failure([HTML_404])[0]) is NotFound

    def test_an_empty_500_hints_at_a_code_that_stands_twice(self) -> None:
        error, _, _ = failure([Reply(status=500)])
        assert isinstance(error, SourceUnavailable)
        assert "stands twice" in str(error)

    def test_a_title_in_a_500_does_not_make_it_a_bad_request(self) -> None:
        assert isinstance(error_for(500, "Internal error", "x", False, 10), SourceUnavailable)

    def test_a_body_that_is_no_json_object_is_judged_by_status(self) -> None:
        assert type(failure([Reply(b"[1]", 400)])[0]) is BadRequest
        assert type(failure([Reply(b"{cut", 404)])[0]) is NotFound

    def test_cut_json_is_an_invalid_answer(self) -> None:
        with answering([Reply(b'{"value":[1,2')]) as server:
            answer = Transport().get(server.url, "table 12209")
        with pytest.raises(InvalidAnswer, match="13 bytes is not complete JSON"):
            answer.json()


class TestRetries:
    def test_an_empty_429_waits_a_whole_window(self) -> None:
        """On 429 wait a full 60 s (facts/ssb-api.md 0.3)."""
        clock = Clock()
        with answering([Reply(status=429), OK]) as server:
            answer = Transport(sleep=clock.sleep).get(server.url, "x")
        assert answer.json() == {"id": "12209"}
        assert clock.slept == [60.0]

    @pytest.mark.parametrize(("after", "wait"), [("7", 7.0), ("0", 60.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 60.0)])
    def test_retry_after_is_honoured_where_it_is_a_number_of_seconds(self, after: str, wait: float) -> None:
        clock = Clock()
        with answering([Reply(status=429, headers={"retry-after": after}), OK]) as server:
            Transport(sleep=clock.sleep).get(server.url, "x")
        assert clock.slept == [wait]

    def test_a_limit_that_stays_ends_after_the_last_attempt(self) -> None:
        error, requests, slept = failure([Reply(status=429)])
        assert isinstance(error, TooManyRequests)
        assert (requests, slept) == (5, [60.0] * 4)

    def test_503_is_asked_five_times_with_growing_pauses(self) -> None:
        """5, 15, 45, 60 s (facts/ssb-api.md 7.3)."""
        error, requests, slept = failure([Reply(status=503)])
        assert type(error) is SourceUnavailable
        assert "HTTP 503" in str(error)
        assert requests == ATTEMPTS == 5
        assert slept == [5.0, 15.0, 45.0, 60.0]

    def test_a_good_answer_after_503_is_the_answer(self) -> None:
        clock = Clock()
        with answering([Reply(status=503), Reply(status=503), OK]) as server:
            assert Transport(sleep=clock.sleep).get(server.url, "x").status == 200
        assert len(server.sent) == 3

    def test_an_answer_that_breaks_off_is_asked_for_again(self) -> None:
        clock = Clock()
        with answering([Reply({"value": [1]}, cut=True), OK]) as server:
            assert Transport(sleep=clock.sleep).get(server.url, "x").json() == {"id": "12209"}
        assert (len(server.sent), clock.slept) == (2, [5.0])

    def test_a_refused_connection_is_unavailable_with_advice(self) -> None:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
        clock = Clock()
        with pytest.raises(SourceUnavailable, match=rf"127\.0\.0\.1:{port} .*Check the network, or try again later"):
            Transport(sleep=clock.sleep).get(f"http://127.0.0.1:{port}", "table 12209")
        assert len(clock.slept) == ATTEMPTS - 1


class TestRequest:
    def test_it_says_who_asks_and_wants_json(self) -> None:
        """Klass answers XML unless JSON is asked for (facts/ssb-api.md 4.1)."""
        with answering([OK]) as server:
            Transport("data@example.org").get(server.url, "x", {"lang": "no"})
        (sent,) = server.sent
        assert sent.headers["user-agent"] == f"k2025-pipeline/{__version__} (data@example.org)"
        assert sent.headers["accept"] == "application/json"
        assert sent.params == {"lang": "no"}

    def test_without_a_contact_no_empty_brackets_are_sent(self) -> None:
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

    def test_every_attempt_is_counted_by_service(self) -> None:
        transport = Transport(sleep=Clock().sleep)
        with answering([Reply(status=503), OK]) as server:
            transport.get(server.url + "/api/pxwebapi/v2/config", "x")
            transport.get(server.url + "/api/klass/v1/classifications/131", "x")
        assert transport.requests_by_path == {"statbank": 2, "klass": 1}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time stands still but for the limiter's own pauses."""
    clock = Clock()
    monkeypatch.setattr(time, "time", clock.time)
    return clock


def calls_before_a_pause(clock: Clock, policies: list[str], tries: int = 100) -> int:
    limiter = RateLimiter(clock.sleep)
    for policy in policies:
        limiter.learn("host", {"x-ratelimit-policy": policy})
    for number in range(tries):
        limiter.wait("host")
        if clock.slept:
            return number
    return tries


class TestRateLimit:
    def test_three_quarters_of_the_announced_limit_are_used(self, clock: Clock) -> None:
        """SSB announces ``40;w=60s`` (facts/ssb-api.md 2.3)."""
        assert calls_before_a_pause(clock, ["40;w=60s"]) == 30
        assert sum(clock.slept) == pytest.approx(60, abs=1)

    def test_the_documented_limit_counts_until_one_is_announced(self, clock: Clock) -> None:
        """30 calls a minute (facts/ssb-api.md 0.3)."""
        assert calls_before_a_pause(clock, []) == 30

    @pytest.mark.parametrize("policy", ["0;w=60s", "40;w=0s", "", "unlimited"])
    def test_a_zero_limit_is_not_unlimited(self, clock: Clock, policy: str) -> None:
        """`/config` says 0/0, which does not mean unlimited (facts/ssb-api.md 0.3)."""
        assert calls_before_a_pause(clock, [policy]) == 30

    def test_a_zero_does_not_take_away_what_was_announced_before(self, clock: Clock) -> None:
        assert calls_before_a_pause(clock, ["8;w=10s", "0;w=0s"]) == 6
        assert sum(clock.slept) == pytest.approx(10, abs=1)

    def test_a_limit_of_one_still_lets_one_call_through(self, clock: Clock) -> None:
        assert calls_before_a_pause(clock, ["1;w=60s"]) == 1

    def test_hosts_are_limited_apart(self, clock: Clock) -> None:
        limiter = RateLimiter(clock.sleep)
        limiter.learn("a", {"x-ratelimit-policy": "4;w=60s"})
        for host in ("a", "b") * 3:
            limiter.wait(host)
        assert clock.slept == []

    def test_the_limit_is_learnt_from_answers(self, clock: Clock) -> None:
        def respond(_: Sent) -> Reply:
            return Reply({}, headers={"x-ratelimit-policy": "4;w=60s"})

        transport = Transport(sleep=clock.sleep)
        with answering(respond) as server:
            for _ in range(5):
                transport.get(server.url, "x")
        assert sum(clock.slept) == pytest.approx(60, abs=1)
