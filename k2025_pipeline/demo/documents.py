"""The folder of tables: finding, loading and describing JSON-stat documents.

Belongs here: which tables and codelists a folder holds, and one loaded table with its values and symbols.
Does not belong here: selecting from a table (`extract`) and HTTP (`server`).
"""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from k2025_pipeline.demo import document_check
from k2025_pipeline.demo.jsonstat_writer import LABEL_SUFFIX, SOURCE

DEFAULT_CODELIST_LABEL = "Kommuner, sammenslåtte tidsserier"
GENERATED = "demo"
"""What a folder with any generated table is called."""
_ALWAYS_MANDATORY = ("ContentsCode", "Tid")
_MARKS_OF_GENERATED = (SOURCE.encode(), LABEL_SUFFIX.encode())


class DamagedFile(Exception):
    """A file of the folder cannot be served.

    Args:
        path: the file.
        what: what is wrong with it.
    """

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"{path.parent.name}/{path.name}: {what}")


@dataclass(frozen=True)
class Document:
    """One whole table.

    Attributes:
        meta: the JSON-stat document without `value` and `status`.
        values: numbers exactly as in the file, or None; object array with one axis for each of `id`.
        status: position in `symbols` for each cell; same shape as `values`; 0 where there is no symbol.
        symbols: the symbols that occur; the first is the empty text.
    """

    meta: dict[str, Any]
    values: npt.NDArray[np.object_]
    status: npt.NDArray[np.uint8]
    symbols: tuple[str, ...]
    _codes: dict[str, list[str]] = field(default_factory=dict, repr=False)

    @property
    def ids(self) -> list[str]:
        """Dimension ids, in table order."""
        return list(self.meta["id"])

    def codes(self, variable: str) -> list[str]:
        """The variable's codes, in table order."""
        if variable not in self._codes:
            index = self.meta["dimension"][variable]["category"]["index"]
            self._codes[variable] = sorted(index, key=index.__getitem__)
        return self._codes[variable]

    def labels(self, variable: str) -> dict[str, str]:
        """The variable's labels by code."""
        labels: dict[str, str] = self.meta["dimension"][variable]["category"]["label"]
        return labels

    def extension(self, variable: str) -> dict[str, Any]:
        """The variable's `extension`; empty if the file has none."""
        extension: dict[str, Any] = self.meta["dimension"][variable].get("extension", {})
        return extension

    def eliminable(self, variable: str) -> bool:
        """Whether the variable may be left out of a selection."""
        usual = not variable.startswith("KOK") and variable not in _ALWAYS_MANDATORY
        return bool(self.extension(variable).get("elimination", usual))

    def is_time(self, variable: str) -> bool:
        """Whether the variable is the table's time."""
        return variable in self.meta.get("role", {}).get("time", [])

    @property
    def geo(self) -> str | None:
        """The region variable, the one that codelists belong to."""
        geo = self.meta.get("role", {}).get("geo", [])
        return geo[0] if geo else None


def _read_status(status: dict[str, str], cells: int) -> tuple[npt.NDArray[np.uint8], tuple[str, ...]]:
    symbols = ("", *sorted(set(status.values())))
    number = {symbol: place for place, symbol in enumerate(symbols)}
    dense = np.zeros(cells, dtype=np.uint8)
    positions = np.fromiter(map(int, status), dtype=np.int64, count=len(status))
    dense[positions] = np.fromiter((number[symbol] for symbol in status.values()), dtype=np.uint8, count=len(status))
    return dense, symbols


def read_document(path: Path) -> Document:
    """Read one JSON-stat 2.0 file as SSB writes them (dense `value`, `status` by flat index).

    Raises:
        DamagedFile: the file cannot be read or contradicts itself.
    """
    try:
        meta = orjson.loads(path.read_bytes())
        document_check.check(meta)
    except orjson.JSONDecodeError as error:
        raise DamagedFile(path, f"not JSON ({error})") from None
    except OSError as error:
        raise DamagedFile(path, f"cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise DamagedFile(path, str(error)) from None
    size = meta["size"]
    values = np.array(meta.pop("value"), dtype=object).reshape(size)
    status, symbols = _read_status(meta.pop("status", {}), values.size)
    return Document(meta, values, status.reshape(size), symbols)


def _is_generated(path: Path) -> bool:
    """Whether the file says anywhere that its figures are generated; searched as bytes, in any order of members."""
    try:
        content = path.read_bytes()
    except OSError:
        return False
    return any(mark in content for mark in _MARKS_OF_GENERATED)


def _without_regions(document: Document) -> Document:
    """The same table with no category in its region variable (its plain codes are not known here)."""
    geo = document.geo
    dimension = document.meta["dimension"][geo]
    category = {**dimension["category"], "index": {}, "label": {}}
    size = [0 if name == geo else length for name, length in zip(document.ids, document.meta["size"], strict=True)]
    dimensions = {**document.meta["dimension"], geo: {**dimension, "category": category}}
    meta = {**document.meta, "size": size, "dimension": dimensions}
    return Document(meta, np.empty(size, dtype=object), np.empty(size, dtype=np.uint8), ("",))


class Folder:
    """The tables of one folder, loaded when first asked for and kept.

    Ids are looked up among the files found at the start: no path is ever made from what a client sends.

    Args:
        root: folder with `statbank/<id>.json` and `statbank/<id>@<codelist>.json`.

    Attributes:
        source: what the figures are called: `source` in `source.json`, else `recording`; always `demo` if any
            table says that it is generated.
    """

    def __init__(self, root: Path) -> None:
        self._paths: dict[tuple[str, str], Path] = {}
        for path in sorted((root / "statbank").glob("*.json")):
            table, _, codelist = path.stem.partition("@")
            self._paths[table, codelist] = path
        self._loaded: dict[tuple[str, str], Document] = {}
        self._lock = threading.Lock()
        self.source = self._find_source(root / "source.json")

    def _find_source(self, stated: Path) -> str:
        source = str(orjson.loads(stated.read_bytes())["source"]) if stated.is_file() else "recording"
        return GENERATED if source == GENERATED or any(map(_is_generated, self._paths.values())) else source

    def tables(self) -> list[str]:
        """All table ids, sorted."""
        return sorted({table for table, _ in self._paths})

    def sound_tables(self) -> list[str]:
        """The ids of tables whose files can be served, sorted; loads all tables."""
        return [table for table in self.tables() if self._is_sound(table)]

    def _is_sound(self, table: str) -> bool:
        try:
            self.document(table)
        except DamagedFile:
            return False
        return True

    def codelists(self, table: str) -> list[str]:
        """The codelist ids offered for the table's region variable."""
        return [codelist for known, codelist in self._paths if known == table and codelist]

    def codelist_table(self, codelist: str) -> str | None:
        """A table that offers the codelist; None if no table does."""
        return next((table for table, known in self._paths if known == codelist and codelist), None)

    def document(self, table: str, codelist: str = "") -> Document:
        """The table, plain or under a codelist.

        Raises:
            KeyError: the folder has no such table or codelist.
            DamagedFile: the file cannot be served; it is read anew next time.
        """
        with self._lock:
            key = (table, codelist)
            if key not in self._loaded:
                self._loaded[key] = self._load(table, codelist)
            return self._loaded[key]

    def _load(self, table: str, codelist: str) -> Document:
        if (table, codelist) in self._paths:
            return read_document(self._paths[table, codelist])
        if codelist or not self.codelists(table):
            raise KeyError(table)
        path = self._paths[table, self.codelists(table)[0]]
        document = read_document(path)
        if document.geo is None:
            raise DamagedFile(path, "role: no variable is geo")
        return _without_regions(document)

    def codelist_label(self, table: str, codelist: str) -> str:
        """The codelist's label: the file's own, or the usual label of summed municipalities."""
        extension = self.document(table, codelist).meta.get("extension", {})
        return str(extension.get("codelist", {}).get("label", DEFAULT_CODELIST_LABEL))

    def codelist_parts(self, table: str, codelist: str) -> dict[str, list[str]]:
        """Codelist code → codes of the table that it stands for (its own code without `K-` if not stated)."""
        document = self.document(table, codelist)
        stated = document.meta.get("extension", {}).get("codelist", {}).get("valueMap", {})
        codes = document.codes(document.geo) if document.geo else []
        return {code: stated.get(code, [code.removeprefix("K-")]) for code in codes}
