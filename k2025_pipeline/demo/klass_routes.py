"""The Klass side of the local server.

Belongs here: Klass addresses, their parameters and the choice of JSON or XML.
Does not belong here: what Klass knows (`klass_files`).
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from xml.etree import ElementTree

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from k2025_pipeline.demo import klass_files, problems
from k2025_pipeline.demo.klass_files import Classification


class Klass:
    """Routes that answer from a fixed set of classifications.

    Args:
        classifications: by id.
    """

    def __init__(self, classifications: Mapping[str, Classification]) -> None:
        self._classifications = classifications

    def routes(self) -> list[Route]:
        """The routes, relative to `/api/klass/v1`."""
        pages: dict[str, Callable[[Classification, Request], tuple[str, Any]]] = {
            "": self._about,
            "/codesAt": self._codes_at,
            "/codes": self._codes,
            "/changes": self._changes,
            "/corresponds": self._corresponds,
            "/correspondsAt": self._corresponds_at,
        }
        return [Route("/classifications/{id}" + path, self._page(answer)) for path, answer in pages.items()]

    def _page(self, answer: Callable[[Classification, Request], tuple[str, Any]]) -> Callable[[Request], Response]:
        def page(request: Request) -> Response:
            number = request.path_params["id"]
            if number not in self._classifications:
                text = f"Classification not found with id = {number}"
                raise problems.klass_not_found(text, request.url.path)
            root, content = answer(self._classifications[number], request)
            return _respond(request, root, content)

        return page

    def _about(self, classification: Classification, request: Request) -> tuple[str, Any]:
        address = str(request.url.replace(query=""))
        pages = ("codes", "codesAt", "changes", "corresponds", "correspondsAt")
        links = {"self": {"href": address}, **{page: {"href": f"{address}/{page}"} for page in pages}}
        return "classification", {**classification.about, "versions": [], "_links": links}

    def _codes_at(self, classification: Classification, request: Request) -> tuple[str, Any]:
        return "codeList", {"codes": klass_files.codes_at(classification, _date(request, "date"))}

    def _codes(self, classification: Classification, request: Request) -> tuple[str, Any]:
        return "codeList", {"codes": klass_files.codes_between(classification, *_range(request))}

    def _changes(self, classification: Classification, request: Request) -> tuple[str, Any]:
        return "codeChangeList", {"codeChanges": klass_files.changes_between(classification, *_range(request))}

    def _corresponds(self, classification: Classification, request: Request) -> tuple[str, Any]:
        items = klass_files.corresponds(classification, _target(request), *_range(request))
        if items is None:
            raise problems.klass_not_found("No correspondence table covers the range", request.url.path)
        return "correspondenceItemList", {"correspondenceItems": items}

    def _corresponds_at(self, classification: Classification, request: Request) -> tuple[str, Any]:
        day, target = _date(request, "date"), _target(request)
        items = klass_files.corresponds_at(classification, target, day)
        if items is None:
            raise problems.klass_not_found("No correspondence table covers the date", request.url.path)
        return "correspondenceItemList", {"correspondenceItems": items}


def _date(request: Request, name: str) -> str:
    text = request.query_params.get(name, "")
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise problems.klass_bad_request(f"Parameter {name} is not a date: '{text}'", request.url.path) from None


def _range(request: Request) -> tuple[str, str | None]:
    return _date(request, "from"), _date(request, "to") if "to" in request.query_params else None


def _target(request: Request) -> str:
    target = request.query_params.get("targetClassificationId")
    if target is None:
        raise problems.klass_bad_request("Parameter targetClassificationId is missing", request.url.path)
    return target


def _respond(request: Request, root: str, content: Any) -> Response:
    if "json" in request.headers.get("accept", ""):
        return Response(orjson.dumps(content), media_type="application/json")
    return Response(_xml(root, content), media_type="application/xml; charset=UTF-8")


def _xml(root: str, content: Any) -> bytes:
    element = ElementTree.Element(root)
    _fill(element, content)
    return ElementTree.tostring(element, encoding="UTF-8", xml_declaration=True)


def _fill(element: ElementTree.Element, content: Any) -> None:
    if isinstance(content, dict):
        for key, part in content.items():
            _fill(ElementTree.SubElement(element, key), part)
    elif isinstance(content, list):
        for part in content:
            _fill(ElementTree.SubElement(element, "item"), part)
    elif content is not None:
        element.text = str(content)
