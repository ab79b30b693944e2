"""A local Statbank: PxWebApi v2 and Klass over a folder of tables, on loopback only.

Belongs here: addresses, parameters, answers and running the server.
Does not belong here: selecting (`extract`), describing (`table_pages`), errors (`problems`), Klass
(`klass_routes`) and faults on demand (`injection`).

It reproduces what Statistics Norway's server was seen or documented to do, peculiarities included, so that
the same client meets the same answers. Simpler than SSB's: only json-stat2, Norwegian texts in both
languages, search by words.
"""

import asyncio
import functools
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypedDict, Unpack

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from k2025_pipeline.demo import extract, injected_answers, klass_files, problems, selection_grammar, table_pages
from k2025_pipeline.demo.documents import DamagedFile, Folder
from k2025_pipeline.demo.extract import Query
from k2025_pipeline.demo.injection import Fault, Injector, LoggedRequest, OnRequest
from k2025_pipeline.demo.klass_routes import Klass
from k2025_pipeline.demo.limits import Gateway

HOST = "127.0.0.1"
STATBANK_PATH = "/api/pxwebapi/v2"
KLASS_PATH = "/api/klass/v1"
_PER_VARIABLE = re.compile(r"(valuecodes|codelist)\[(.+)\]", re.IGNORECASE)
_JSON = "application/json; charset=UTF-8"
_DEFAULT_PAGE_SIZE = 20


class Limits(TypedDict, total=False):
    """What the server allows and tells.

    Attributes:
        rate_limit: calls that one client may make in a window; 6 000 if not given.
        window_seconds: length of the window; 60 if not given.
        cell_limit: cells that one answer may have; 800 000 if not given.
        rate_in_config: whether `/config` tells the rate; SSB's has told 0 calls in 0 seconds since 2026 and
            limits all the same.
    """

    rate_limit: int
    window_seconds: int
    cell_limit: int
    rate_in_config: bool


def create_app(
    folder: Path,
    *,
    faults: Iterable[Fault] = (),
    on_request: OnRequest | None = None,
    **limits: Unpack[Limits],
) -> Injector:
    """The server as an ASGI application.

    Args:
        folder: a folder of tables: `statbank/`, `klass/` and optionally `source.json`.
        faults: what to inject; those that break the connection need `LocalStatbank` or `serve`.
        on_request: called with stage, id and number of each request before it is answered.
        limits: as for `Limits`.
    """
    return Injector(_folder_app(folder, **limits), faults, on_request)


def _folder_app(
    folder: Path,
    rate_limit: int = 6000,
    window_seconds: int = 60,
    cell_limit: int = 800_000,
    rate_in_config: bool = True,
) -> Starlette:
    tables = Folder(folder)
    told = (rate_limit, window_seconds) if rate_in_config else (0, 0)
    statbank = Statbank(tables, *told, cell_limit)
    klass = _BuiltWhenAsked(lambda: Router(Klass(klass_files.read_classifications(folder / "klass")).routes()))
    handlers: dict[Any, Callable[[Request, Any], Response]] = {
        problems.Problem: lambda request, problem: problem.response(),
        problems.DuplicateCodes: lambda request, problem: problem.response(),
        DamagedFile: lambda request, damage: problems.damaged_file(str(damage)).response(),
    }
    return Starlette(
        routes=[Mount(STATBANK_PATH, routes=statbank.routes()), Mount(KLASS_PATH, app=klass)],
        exception_handlers=handlers,
        middleware=[Middleware(Gateway, rate_limit=rate_limit, window_seconds=window_seconds, source=tables.source)],
    )


class _BuiltWhenAsked:
    """An application that is built at the first request, so that a folder is served without reading all of it."""

    def __init__(self, build: Callable[[], ASGIApp]) -> None:
        self._build = functools.cache(build)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._build()(scope, receive, send)


class Statbank:
    """The PxWebApi v2 side.

    Args:
        folder: the tables.
        rate_limit: told in `/config`.
        window_seconds: told in `/config`.
        cell_limit: told in `/config` and enforced.
    """

    def __init__(self, folder: Folder, rate_limit: int, window_seconds: int, cell_limit: int) -> None:
        self._folder = folder
        self._rate_limit = rate_limit
        self._window = window_seconds
        self._cell_limit = cell_limit

    def routes(self) -> list[Route]:
        """The routes, relative to `STATBANK_PATH`."""
        return [
            Route("/config", self._config),
            Route("/tables", self._tables),
            Route("/tables/", self._tables),
            Route("/tables/{id}", self._table),
            Route("/tables/{id}/metadata", self._metadata),
            Route("/tables/{id}/defaultselection", self._default_selection),
            Route("/tables/{id}/data", self._get_data),
            Route("/tables/{id}/data", self._post_data, methods=["POST"]),
            Route("/codelists/{id}", self._codelist),
        ]

    def _config(self, request: Request) -> Response:
        references = {"en": "Source: Statistics Norway", "no": "Kilde: Statistisk sentralbyrå"}
        return _json(
            {
                "apiVersion": "2.3.2",
                "appVersion": "2.5.0+local",
                "languages": [{"id": "no", "label": "Norsk"}, {"id": "en", "label": "English"}],
                "defaultLanguage": "no",
                "maxDataCells": self._cell_limit,
                "maxCallsPerTimeWindow": self._rate_limit,
                "timeWindow": self._window,
                "license": "https://www.ssb.no/en/diverse/lisens",
                "sourceReferences": [{"language": key, "text": text} for key, text in references.items()],
                "defaultDataFormat": "json-stat2",
                "dataFormats": ["json-stat2"],
                "features": [{"id": "CORS", "params": [{"key": "enabled", "value": "False"}]}],
            }
        )

    def _tables(self, request: Request) -> Response:
        parameters = _lowered(request)
        past_days = _positive(parameters, "pastdays", 0) if "pastdays" in parameters else None
        page = _positive(parameters, "pagenumber", 1)
        size = _positive(parameters, "pagesize", _DEFAULT_PAGE_SIZE)
        words = parameters.get("query", "")
        base = _base_url(request)
        return _json(table_pages.table_list(self._folder, base, _language(parameters), words, past_days, page, size))

    def _table(self, request: Request) -> Response:
        table = self._known_table(request)
        return _json(table_pages.table_item(self._folder, table, _base_url(request), _language(_lowered(request))))

    def _metadata(self, request: Request) -> Response:
        table, language = self._known_table(request), _language(_lowered(request))
        codelist = ""
        for variable, codelist_id in _per_variable(request, "codelist"):
            document = self._folder.document(table)
            codelist = extract.find_codelist(self._folder, table, document, variable, codelist_id)
        return _json(table_pages.metadata(self._folder, table, codelist, _base_url(request), language))

    def _default_selection(self, request: Request) -> Response:
        table, language = self._known_table(request), _language(_lowered(request))
        return _json(table_pages.default_selection(self._folder, table, _base_url(request), language))

    def _codelist(self, request: Request) -> Response:
        codelist, language = request.path_params["id"], _language(_lowered(request))
        return _json(table_pages.codelist_page(self._folder, codelist, _base_url(request), language))

    def _get_data(self, request: Request) -> Response:
        return self._data(request, _get_query(request))

    async def _post_data(self, request: Request) -> Response:
        query = _post_query(await request.body(), _language(_lowered(request)))
        return await run_in_threadpool(self._data, request, query)

    def _data(self, request: Request, query: Query) -> Response:
        if _lowered(request).get("outputformat", "json-stat2").lower() != "json-stat2":
            raise problems.unsupported_format()
        table = self._known_table(request, http_status=400)
        answer = extract.extract(self._folder, table, query, self._cell_limit)
        return _json(answer, {"content-disposition": f'inline; filename="{table}.json"'})

    def _known_table(self, request: Request, http_status: int = 404) -> str:
        table: str = request.path_params["id"]
        if table not in self._folder.tables():
            raise problems.unknown_table(http_status)
        return table


def _json(content: Any, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(content), media_type=_JSON, headers=headers)


def _base_url(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}{STATBANK_PATH}"


def _lowered(request: Request) -> dict[str, str]:
    """Query parameters by lower-case name (names are not case-sensitive)."""
    return {name.lower(): text for name, text in request.query_params.multi_items()}


def _language(parameters: dict[str, str]) -> str:
    language = parameters.get("lang", "no").lower()
    if language not in extract.LANGUAGES:
        raise problems.unsupported_language()
    return language


def _positive(parameters: dict[str, str], name: str, default: int) -> int:
    text = parameters.get(name, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise problems.invalid_request()
    return int(text)


def _per_variable(request: Request, wanted: str) -> list[tuple[str, str]]:
    """(variable, text) of parameters such as `valueCodes[Tid]=…`."""
    matches = [(_PER_VARIABLE.fullmatch(name), text) for name, text in request.query_params.multi_items()]
    return [(match[2], text) for match, text in matches if match and match[1].lower() == wanted]


def _get_query(request: Request) -> Query:
    parameters = _lowered(request)
    selection: dict[str, list[str]] = {}
    for variable, text in _per_variable(request, "valuecodes"):
        selection.setdefault(variable, []).extend(selection_grammar.split_get_value(text))
    placement = [name for key in ("heading", "stub") for name in parameters.get(key, "").split(",") if name]
    return Query(selection, dict(_per_variable(request, "codelist")), placement, _language(parameters))


def _post_query(body: bytes, language: str) -> Query:
    if not body:
        return Query(language=language)
    try:
        content = orjson.loads(body)
        items: Sequence[dict[str, Any]] = content.get("selection") or []
        selection = {item["variableCode"]: [str(code) for code in item.get("valueCodes") or []] for item in items}
        codelists = {item["variableCode"]: item["codelist"] for item in items if item.get("codelist")}
        placement = content.get("placement") or {}
        names = [name for key in ("heading", "stub") for name in placement.get(key) or []]
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
        raise problems.invalid_request() from None
    return Query(selection, codelists, names, language)


def _bound_socket(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((HOST, port))
    return bound


class _OpenProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # a class that uvicorn picks when imported
    """Uvicorn's protocol, which also hands the connection to the application, so that a fault can break it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.app_state: dict[str, Any] = {**self.app_state, injected_answers.CONNECTION: transport}
        super().connection_made(transport)


class LocalStatbank:
    """Runs the server in a thread while the `with` block lasts.

    Args:
        folder: a folder of tables.
        port: TCP port; 0 takes a free one.
        faults, on_request, limits: as for `create_app`.

    Attributes:
        url: `http://127.0.0.1:PORT`, known from the start.
    """

    _START_SECONDS = 30.0

    def __init__(
        self,
        folder: Path,
        port: int = 0,
        *,
        faults: Iterable[Fault] = (),
        on_request: OnRequest | None = None,
        **limits: Unpack[Limits],
    ) -> None:
        self._limits = limits
        self._app = create_app(folder, faults=faults, on_request=on_request, **limits)
        self._socket = _bound_socket(port)
        self.url = f"http://{HOST}:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            self._app,
            http=_OpenProtocol,
            log_level="warning",
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name="local-statbank", daemon=True
        )

    @property
    def faults(self) -> Sequence[Fault]:
        """What is injected; may be replaced while the server runs, which starts all counts and draws anew."""
        return self._app.faults

    @faults.setter
    def faults(self, faults: Iterable[Fault]) -> None:
        self._app.faults = tuple(faults)

    @property
    def log(self) -> list[LoggedRequest]:
        """Every request in the order of arrival, with the fault that it met; may be cleared."""
        return self._app.log

    def serve(self, folder: Path) -> None:
        """Serve another folder from the next request on; tables are read when first asked for.

        Faults, log and limits stay; the calls of the window are forgotten.
        """
        self._app.app = _folder_app(folder, **self._limits)

    def __enter__(self) -> Self:
        """Start and wait until it answers.

        Raises:
            RuntimeError: it did not start.
        """
        self._thread.start()
        deadline = time.monotonic() + self._START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError(f"The local Statbank did not start on {self.url}")
            time.sleep(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop and wait until it has stopped."""
        self._server.should_exit = True
        self._thread.join(timeout=self._START_SECONDS)
        self._socket.close()


def serve(folder: Path, port: int, *, faults: Iterable[Fault] = (), **limits: Unpack[Limits]) -> None:
    """Run the server on loopback until it is interrupted.

    Args:
        folder: a folder of tables.
        port: TCP port; 0 takes a free one.
        faults, limits: as for `create_app`.
    """
    app = create_app(folder, faults=faults, **limits)
    uvicorn.run(app, host=HOST, port=port, log_level="info", http=_OpenProtocol)
