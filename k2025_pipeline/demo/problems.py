"""The error answers of Statistics Norway's PxWebApi v2 and Klass, misspellings included.

Belongs here: status codes and bodies. Does not belong here: deciding when an error occurs.
Titles as in PxTools/PxWebApi `ProblemUtility.cs`, confirmed by recorded answers.
"""

import orjson
from starlette.responses import Response

PROBLEM_JSON = "application/problem+json; charset=utf-8"


class Problem(Exception):
    """One error answer.

    Args:
        title: the text that SSB puts in `title`.
        body_status: the number in the body.
        http_status: the status of the answer; the body's number if not given.
        detail: text of `detail`; left out of the body if None.
        kind: the text in `type`.
        instance: the path asked for; left out of the body if None.
    """

    def __init__(
        self,
        title: str,
        body_status: int = 400,
        http_status: int | None = None,
        detail: str | None = None,
        kind: str = "Parameter error",
        instance: str | None = None,
    ) -> None:
        super().__init__(title)
        self.http_status = body_status if http_status is None else http_status
        members = {
            "type": kind,
            "title": title,
            "status": body_status,
            "detail": detail,
            "instance": instance,
        }
        self.body = orjson.dumps({name: member for name, member in members.items() if member is not None})

    def response(self) -> Response:
        """The answer to send."""
        return Response(self.body, self.http_status, media_type=PROBLEM_JSON)


class DuplicateCodes(Exception):
    """A code was given twice for one variable: SSB answers 500 with an empty body."""

    def response(self) -> Response:
        """The answer to send."""
        return Response(b"", 500)


def unknown_variable() -> Problem:
    """The table has no such variable."""
    return Problem("Non-existent variable")


def unknown_value() -> Problem:
    """The variable has no such code."""
    return Problem("Non-existent value")


def unknown_codelist() -> Problem:
    """The codelist is not offered for the variable (ids are case-sensitive)."""
    return Problem("Non-existent codelist")


def missing_selection() -> Problem:
    """A variable that cannot be eliminated has no value selected."""
    return Problem("Missing selection for mandantory variable")


def illegal_expression() -> Problem:
    """An expression such as `range(a,b)` is malformed or names an unknown code."""
    return Problem("Illegal selection expression")


def illegal_placement() -> Problem:
    """Heading or stub names a variable that the table does not have."""
    return Problem("Illegal placment")


def too_many_cells() -> Problem:
    """The selection holds more cells than one answer may have."""
    return Problem("Too many cells selected", detail="Too many cells selected")


def unsupported_format() -> Problem:
    """Only json-stat2 is served here."""
    return Problem("Unsupported output format", detail="Unsupported output format")


def unsupported_language() -> Problem:
    """The language is neither `no` nor `en`."""
    return Problem("Unsupported language")


def unknown_table(http_status: int = 404) -> Problem:
    """The table does not exist; on /data SSB sends HTTP 400 with this body."""
    return Problem("Non-existent table", body_status=404, http_status=http_status)


def unknown_page() -> Problem:
    """The page is after the last one."""
    return Problem("Non-existent page", body_status=404, detail="Non-existent page")


def invalid_request() -> Problem:
    """A parameter or the body cannot be read at all."""
    return Problem("One or more validation errors occurred.", kind="https://tools.ietf.org/html/rfc9110#section-15.5.1")


def damaged_file(what: str) -> Problem:
    """A file of the folder cannot be served (the local Statbank's own; 400 so that clients do not ask again)."""
    return Problem(f"Damaged file: {what}")


def klass_not_found(detail: str, path: str) -> Problem:
    """Klass has no such classification or no correspondence table that covers the time asked for."""
    return Problem("Not Found", 404, detail=detail, kind="about:blank", instance=path)


def klass_bad_request(detail: str, path: str) -> Problem:
    """A Klass parameter is missing or is not a date."""
    return Problem("Bad Request", 400, detail=detail, kind="about:blank", instance=path)


_HTML_404 = (
    '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">\r\n'
    '<html xmlns="http://www.w3.org/1999/xhtml">\r\n<head>\r\n'
    '<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1"/>\r\n'
    "<title>404 - File or directory not found.</title>\r\n</head>\r\n<body>\r\n"
    '<div id="header"><h1>Server Error</h1></div>\r\n'
    '<div id="content">\r\n <div class="content-container"><fieldset>\r\n'
    "  <h2>404 - File or directory not found.</h2>\r\n"
    "  <h3>The resource you are looking for might have been removed, had its name changed, "
    "or is temporarily unavailable.</h3>\r\n"
    " </fieldset></div>\r\n</div>\r\n</body>\r\n</html>\r\n"
)
_HTML_404_BYTES = 1245


def url_too_long() -> Response:
    """The HTML page of the web server in front of SSB's API (1 245 bytes) for a URL over its limit."""
    page = _HTML_404.encode("iso-8859-1").ljust(_HTML_404_BYTES)
    return Response(page, 404, headers={"content-type": "text/html; charset=iso-8859-1"})
