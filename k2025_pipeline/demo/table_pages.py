"""What PxWebApi v2 tells about tables: the list, one table's item, metadata, default selection and codelists.

Belongs here: JSON objects that describe tables.
Does not belong here: figures (`extract`) and HTTP (`server`).
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

from k2025_pipeline.demo import extract, problems
from k2025_pipeline.demo.documents import Document, Folder

_TIME_UNITS = {"K": "Quarterly", "M": "Monthly", "U": "Weekly"}


def table_item(folder: Folder, table: str, base_url: str, language: str) -> dict[str, Any]:
    """One table as `/tables` and `/tables/{id}` describe it.

    Raises:
        KeyError: the folder has no such table.
    """
    document = folder.document(table)
    periods = [code for name in document.ids if document.is_time(name) for code in document.codes(name)]
    address = f"{base_url}/tables/{table}"
    links = {"self": "", "metadata": "/metadata", "data": "/data"}
    return {
        "type": "Table",
        "id": table,
        "label": document.meta["label"],
        "description": "",
        "sortCode": table,
        "updated": document.meta["updated"],
        "firstPeriod": periods[0] if periods else "",
        "lastPeriod": periods[-1] if periods else "",
        "category": "public",
        "variableNames": [document.meta["dimension"][name]["label"] for name in document.ids],
        "discontinued": False,
        "source": document.meta["source"],
        "timeUnit": _time_unit(periods),
        "links": [
            {"rel": rel, "hreflang": language, "href": f"{address}{path}?lang={language}"}
            for rel, path in links.items()
        ],
    }


def _time_unit(periods: Sequence[str]) -> str:
    if not periods:
        return "Other"
    return "Annual" if len(periods[0]) == 4 else _TIME_UNITS.get(periods[0][4], "Other")


def table_list(
    folder: Folder, base_url: str, language: str, query: str, past_days: int | None, page: int, size: int
) -> dict[str, Any]:
    """One page of the tables whose id or label holds every word of `query`; damaged tables are left out.

    Args:
        folder: the tables.
        base_url: address of the API, for the links.
        language: `no` or `en`.
        query: words, any case; empty for all tables.
        past_days: only tables updated in the last so many days; None for all.
        page: page number from 1.
        size: tables on a page.

    Raises:
        Problem: the page is after the last one.
    """
    words = query.lower().split()
    found = [
        table
        for table in folder.sound_tables()
        if all(word in f"{table} {folder.document(table).meta['label']}".lower() for word in words)
        and (past_days is None or _age(folder.document(table)) <= timedelta(days=past_days))
    ]
    pages = ceil(len(found) / size)
    if page > max(pages, 1):
        raise problems.unknown_page()
    shown = found[(page - 1) * size : page * size]
    href = f"{base_url}/tables/?lang={language}&pagesize={size}"
    steps = [("next", page + 1), ("previous", page - 1), ("last", pages)]
    links = [
        {"rel": rel, "hreflang": language, "href": f"{href}&pageNumber={number}"}
        for rel, number in steps
        if 1 <= number <= pages
    ]
    return {
        "language": language,
        "tables": [table_item(folder, table, base_url, language) for table in shown],
        "page": {
            "pageNumber": page,
            "pageSize": size,
            "totalElements": len(found),
            "totalPages": pages,
            "links": links,
        },
        "links": [{"rel": "self", "hreflang": language, "href": f"{href}&pageNumber={page}"}],
    }


def _age(document: Document) -> timedelta:
    return datetime.now(UTC) - datetime.fromisoformat(document.meta["updated"])


def metadata(folder: Folder, table: str, codelist: str, base_url: str, language: str) -> dict[str, Any]:
    """The table's JSON-stat metadata (`value` empty), under a codelist if one is given.

    Raises:
        KeyError: the folder has no such table.
    """
    document = folder.document(table, codelist)
    href = f"{base_url}/tables/{table}"
    answer = dict(document.meta)
    answer["href"] = f"{href}/metadata?lang={language}&outputFormat=json-stat2"
    answer["link"] = {"data": [{"href": f"{href}/data?lang={language}&outputFormat=json-stat2"}]}
    answer["dimension"] = {name: _described(folder, table, document, name, base_url, language) for name in document.ids}
    answer["extension"] = extract.public_extension(document, language)
    answer["value"] = []
    return answer


def _described(
    folder: Folder, table: str, document: Document, variable: str, base_url: str, language: str
) -> dict[str, Any]:
    offered = folder.codelists(table) if variable == document.geo else []
    codelists = [
        {
            "id": codelist,
            "label": folder.codelist_label(table, codelist),
            "type": _codelist_type(codelist),
            "links": [_codelist_link(codelist, base_url, language)],
        }
        for codelist in offered
    ]
    extension = {
        **document.extension(variable),
        "elimination": document.eliminable(variable),
        "codelists": codelists,
    }
    return {**document.meta["dimension"][variable], "extension": extension}


def _codelist_type(codelist: str) -> str:
    return "Valueset" if codelist.startswith("vs_") else "Aggregation"


def _codelist_link(codelist: str, base_url: str, language: str) -> dict[str, str]:
    return {
        "rel": "metadata",
        "hreflang": language,
        "href": f"{base_url}/codelists/{codelist}?lang={language}",
    }


def codelist_page(folder: Folder, codelist: str, base_url: str, language: str) -> dict[str, Any]:
    """A codelist with its values.

    Raises:
        Problem: no table offers it.
    """
    table = folder.codelist_table(codelist)
    if table is None:
        raise problems.unknown_codelist()
    document = folder.document(table, codelist)
    labels = document.labels(document.geo) if document.geo else {}
    parts = folder.codelist_parts(table, codelist)
    return {
        "id": codelist,
        "label": folder.codelist_label(table, codelist),
        "language": language,
        "languages": list(extract.LANGUAGES),
        "type": _codelist_type(codelist),
        "values": [{"code": code, "label": labels[code], "valueMap": parts[code]} for code in parts],
        "links": [_codelist_link(codelist, base_url, language)],
    }


def default_selection(folder: Folder, table: str, base_url: str, language: str) -> dict[str, Any]:
    """The selection used when a client gives none.

    Raises:
        KeyError: the folder has no such table.
    """
    query = extract.default_query(folder, table, language)
    selection = [
        {"variableCode": name, "codelist": query.codelists.get(name), "valueCodes": list(codes)}
        for name, codes in query.selection.items()
    ]
    href = f"{base_url}/tables/{table}/defaultselection?lang={language}"
    placement = {"heading": [], "stub": list(query.selection)}
    return {
        "language": language,
        "tableId": table,
        "selection": selection,
        "placement": placement,
        "links": [{"rel": "self", "hreflang": language, "href": href}],
    }
