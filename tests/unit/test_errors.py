"""What an unsuccessful answer means: one type per meaning, decided by the body before the HTTP status.

Titles and statuses: facts/ssb-api.md 1.3 (v1), 2.8 (v2) and 4 (Klass).
"""

import importlib
import inspect
import pkgutil
from typing import Any

import orjson
import pytest

import k2025_pipeline
from k2025_pipeline import runbook
from k2025_pipeline.pxweb import errors
from k2025_pipeline.pxweb.errors import (
    BadRequest,
    InvalidAnswer,
    NotFound,
    Refusal,
    SourceError,
    SourceUnavailable,
    error_for,
    one_line,
)

HTML_404 = b"<!DOCTYPE html><title>404 - File or directory not found.</title>"


def refused(body: Any = b"", status: int = 400, **members: Any) -> SourceError:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return error_for(Refusal("table 12209", status, content, **members))


def problem(title: str, status: int = 400) -> dict[str, Any]:
    return {"type": "Parameter error", "title": title, "status": status}


class TestBodyFirst:
    @pytest.mark.parametrize(
        ("title", "meaning", "advice"),
        [
            ("Non-existent variable", errors.UnknownVariable, "dimensions[].code"),
            ("Non-existent value", errors.UnknownValue, "k2025 check"),
            ("Non-existent codelist", errors.UnknownCodelist, "extracts[].codelist"),
            ("Missing selection for mandantory variable", errors.MissingSelection, "add it to `dimensions`"),
            ("Missing selection for mandatory variable", errors.MissingSelection, "add it to `dimensions`"),
            ("Illegal selection for mandantory variable", errors.IllegalExpression, "dimensions[].expression"),
            ("Illegal selection expression", errors.IllegalExpression, "dimensions[].expression"),
            ("Illegal placment", errors.IllegalExpression, "dimensions[].expression"),
            ("Too many cells selected", errors.TooManyCells, "planned too large"),
            ("Unsupported output format", errors.UnsupportedFormat, "json-stat2"),
            ("Unsupported language", errors.UnsupportedLanguage, "`no`"),
        ],
    )
    def test_a_title_is_a_type_that_says_what_to_edit(
        self, title: str, meaning: type[SourceError], advice: str
    ) -> None:
        error = refused(problem(title))
        assert type(error) is meaning
        assert isinstance(error, BadRequest)
        assert str(error).startswith(f"table 12209: the source answers «{title}». ")
        assert advice in str(error)

    @pytest.mark.parametrize("status", [400, 404])
    def test_an_unknown_table_is_one_whatever_the_http_status(self, status: int) -> None:
        """HTTP 400 on /data, 404 on /metadata, both with status 404 in the body."""
        error = refused(problem("Non-existent table", 404), status)
        assert type(error) is errors.UnknownTable
        assert "schemas/tables" in str(error)

    def test_a_page_that_does_not_exist_is_not_an_unknown_table(self) -> None:
        assert type(refused(problem("Non-existent page", 404), 404)) is errors.PageOutOfRange

    def test_too_many_cells_may_come_with_403(self) -> None:
        """The specification says 403, the server sends 400."""
        assert type(refused(problem("Too many cells selected", 403), 403)) is errors.TooManyCells

    def test_a_detail_that_repeats_the_title_is_not_repeated(self) -> None:
        body = {**problem("Too many cells selected"), "detail": "Too many cells selected"}
        assert str(refused(body)).count("Too many cells selected") == 1

    def test_klass_says_in_its_detail_what_was_not_found(self) -> None:
        body = {"title": "Not Found", "status": 404, "detail": "No classification with id 999"}
        error = refused(body, 404)
        assert type(error) is NotFound
        assert "«Not Found: No classification with id 999»" in str(error)

    @pytest.mark.parametrize(
        ("text", "status", "meaning"),
        [
            ("Too many values selected", 403, errors.TooManyCells),
            ("Parameter error", 400, BadRequest),
            ("The request for variable 'X' has an error. Please check your query.", 400, BadRequest),
        ],
    )
    def test_the_first_api_says_error_instead_of_title(
        self, text: str, status: int, meaning: type[SourceError]
    ) -> None:
        error = refused({"error": text}, status)
        assert type(error) is meaning
        assert text in str(error)

    @pytest.mark.parametrize("body", [b"[1]", b"{cut", b"", b'"text"', b'{"title": null}', b"\xff\xfe"])
    def test_without_a_title_the_status_decides(self, body: bytes) -> None:
        assert type(refused(body, 400)) is BadRequest
        assert type(refused(body, 404)) is errors.PageMissing
        assert type(refused(body, 418)) is BadRequest


class TestWebServer:
    """URLs over about 2 100 characters give an HTML page with 404 (facts/ssb-api.md 0.4)."""

    @pytest.mark.parametrize(
        ("length", "meaning"), [(1901, errors.UrlTooLong), (1900, errors.PageMissing), (80, errors.PageMissing)]
    )
    def test_an_html_404_is_a_too_long_url_only_where_the_url_is_long(
        self, length: int, meaning: type[SourceError]
    ) -> None:
        error = refused(HTML_404, 404, content_type="text/HTML; charset=iso-8859-1", url_length=length)
        assert type(error) is meaning

    def test_a_too_long_url_says_how_long_and_what_to_do(self) -> None:
        error = refused(HTML_404, 404, content_type="text/html", url_length=2300)
        assert "URL of 2300 characters is too long. Ask by POST" in str(error)

    def test_a_long_url_with_a_json_404_is_what_the_json_says(self) -> None:
        body = problem("Non-existent table", 404)
        assert type(refused(body, 404, content_type="application/json", url_length=3000)) is errors.UnknownTable


class TestServer:
    def test_an_empty_500_for_a_selection_hints_at_a_code_that_stands_twice(self) -> None:
        error = refused(b"", 500, has_selection=True)
        assert type(error) is errors.DuplicateCodes
        assert "stands twice" in str(error)

    def test_an_empty_500_without_a_selection_cannot_be_about_codes(self) -> None:
        assert type(refused(b"", 500)) is errors.ServerFault

    @pytest.mark.parametrize("status", [500, 501, 505, 599])
    def test_a_5xx_with_a_body_is_a_fault_of_the_server(self, status: int) -> None:
        error = refused({"title": "Internal error"}, status, has_selection=True)
        assert type(error) is errors.ServerFault
        assert "Internal error" in str(error)

    @pytest.mark.parametrize("status", [502, 503, 504])
    def test_a_gateway_or_maintenance_is_a_service_that_is_unavailable(self, status: int) -> None:
        assert type(refused(HTML_404, status, content_type="text/html")) is errors.ServiceUnavailable

    def test_a_known_title_counts_even_with_500(self) -> None:
        assert type(refused(problem("Non-existent table", 404), 500)) is errors.UnknownTable

    @pytest.mark.parametrize(("after", "words"), [(None, "in a minute"), (17.0, "in 17 seconds")])
    def test_429_says_when_to_try_again(self, after: float | None, words: str) -> None:
        error = refused(problem("Too many cells selected"), 429, retry_after=after)
        assert isinstance(error, errors.TooManyRequests)
        assert error.retry_after == after
        assert words in str(error)


class TestPolicy:
    """429 and 502-504 and broken connections 5 times, other 5xx once more, never a 4xx that says why (facts 7.3)."""

    @pytest.mark.parametrize(
        ("meaning", "attempts", "family"),
        [
            (errors.NoAnswer, 5, SourceUnavailable),
            (errors.TooManyRequests, 5, SourceUnavailable),
            (errors.ServiceUnavailable, 5, SourceUnavailable),
            (errors.ServerFault, 2, SourceUnavailable),
            (errors.CutAnswer, 3, InvalidAnswer),
            (errors.WrongContentType, 3, InvalidAnswer),
            (errors.WrongAnswer, 1, InvalidAnswer),
            (errors.SourceChanged, 1, InvalidAnswer),
            (errors.OutsideHours, 1, SourceError),
            (errors.LimitsUnavailable, 1, SourceError),
        ],
    )
    def test_attempts_and_family(self, meaning: type[SourceError], attempts: int, family: type[SourceError]) -> None:
        assert meaning.attempts == attempts
        assert issubclass(meaning, family)

    def test_nothing_that_says_why_is_asked_again(self) -> None:
        assert {meaning.attempts for meaning in errors.MEANINGS.values()} == {1}
        assert {meaning.attempts for meaning in (NotFound, BadRequest, errors.UrlTooLong, errors.DuplicateCodes)} == {1}

    def test_the_number_of_attempts_is_told_after_the_message(self) -> None:
        error = errors.NoAnswer("x: no answer. Try again later.")
        error.tell_attempts(5)
        assert str(error) == "x: no answer. Try again later. (Sent 5 times.)"


class TestWords:
    def test_the_sources_words_are_one_short_line(self) -> None:
        error = refused({"title": "a\r\nb\x00\x1b[31m " + "x" * 10_000_000, "detail": "y" * 1_000_000})
        assert len(str(error)) < 600
        assert str(error).isprintable()
        assert "a b" in str(error)

    @pytest.mark.parametrize(("text", "line"), [("a\n b\tc", "a b c"), (None, "None"), ("x" * 200, "x" * 200)])
    def test_one_line(self, text: object, line: str) -> None:
        assert one_line(text) == line

    def test_a_cut_is_marked(self) -> None:
        assert one_line("x" * 201) == "x" * 199 + "…"

    def test_a_title_that_is_no_text_is_quoted_as_it_is(self) -> None:
        assert "«['x']»" in str(refused({"title": ["x"]}))

    def test_lists_within_lists_are_cut_and_not_followed_to_their_end(self) -> None:
        """orjson reads 1 024 levels, which is more than Python writes."""
        error = refused(b'{"title": ' + b"[" * 1000 + b"]" * 1000 + b"}")
        assert type(error) is BadRequest
        assert len(str(error)) < 300


def met_by_people() -> list[type[BaseException]]:
    """Every exception class of the package but private ones, and those with which the demo's server answers."""
    found: set[type[BaseException]] = set()
    for module in pkgutil.walk_packages(k2025_pipeline.__path__, "k2025_pipeline."):
        if module.name.startswith("k2025_pipeline.demo"):
            continue
        for _, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(kind, BaseException) and kind.__module__ == module.name and not kind.__name__.startswith("_"):
                found.add(kind)
    return sorted(found, key=lambda kind: (kind.__module__, kind.__name__))


class TestRunbook:
    def test_every_exception_that_a_person_can_meet_carries_its_page(self) -> None:
        kinds = [kind for kind in met_by_people() if kind.__name__ != "Explained"]
        assert len(kinds) > 40
        assert {kind.__name__ for kind in kinds if getattr(kind, "runbook", None) not in runbook.PAGES} == set()

    def test_one_without_a_page_is_found(self) -> None:
        assert runbook.page_of(KeyError()) is None
        assert runbook.page_of(errors.NoAnswer("x")) == "source-unreachable"

    def test_the_command_lines_own_class_needs_a_page_to_be_made(self) -> None:
        from k2025_pipeline.cli import Explained

        assert Explained("x", "bad-question").format_message() == "x\nSee docs/runbook/bad-question.md"
        with pytest.raises(KeyError):
            Explained("x", "no-such-page").format_message()
