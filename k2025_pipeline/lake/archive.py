"""The raw archive: exactly the bytes received, with the request that they answer.

Here belongs keeping and finding answers. An answer is kept the moment it is complete, in a journal; a journal
with every answer of a vintage becomes a delivery. Nothing of a delivery is ever changed or deleted.
Not here: what an answer means (``pxweb``, ``klass``), and whether a delivery is good (``validation``).
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from k2025_pipeline.lake.home import Home, append_line, read_json, read_lines, write_bytes, write_json
from k2025_pipeline.pxweb.errors import InvalidAnswer
from k2025_pipeline.pxweb.transport import Answer

KEPT_HEADERS = ("content-type", "date", "etag", "last-modified", "x-k2025-source")
INCOMING, JOURNAL, MANIFEST, SEEN = "incoming", "journal.jsonl", "manifest.json", "seen.jsonl"
NIGHTS = "nights"
LONGEST_FETCH = timedelta(hours=12)
"""How old a journal may be that a killed run left: a source may correct figures without a new stamp."""


class DamagedArchive(InvalidAnswer):
    """Archived bytes are missing or differ from their hash."""

    runbook = "damaged-home"


@dataclass(frozen=True)
class ArchivedAnswer:
    """One answer in the archive.

    Attributes:
        role: what it is, e.g. ``metadata`` or ``data``. label: e.g. the extract or the year.
        path: file with the bytes as received. sha256: of them, as the manifest has it.
    """

    role: str
    label: str
    path: Path
    sha256: str

    def read(self) -> bytes:
        """The bytes as received.

        Raises:
            DamagedArchive: when they are no longer what was received.
        """
        content = self.path.read_bytes() if self.path.exists() else b""
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise DamagedArchive(
                f"{self.path} is not what was received. Restore it from a backup, or ask anew: "
                f"k2025 refresh --only {self.path.parents[1].name.split('_')[-1]} --force."
            )
        return content


@dataclass(frozen=True)
class Delivery:
    """All answers that together are one vintage of one table.

    Attributes:
        number: in the order of delivery, from 1; a machine's clock may be set back.
        dataset: table or classification, e.g. ``ssb_12209``. vintage: id of the vintage.
        updated: the source's own stamp. question: fingerprint of what was asked for.
        answers: in the order asked. received_at: when the last answer came, ISO 8601 UTC.
        content: hash of the figures. description: hash of the metadata. Both are canonical: the same figures
        in another order or layout have the same hash.
    """

    number: int
    dataset: str
    vintage: str
    updated: str
    question: str
    answers: list[ArchivedAnswer]
    received_at: str
    content: str = ""
    description: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether every answer still is what was received."""
        try:
            for answer in self.answers:
                answer.read()
        except DamagedArchive:
            return False
        return True


@dataclass(frozen=True)
class Piece:
    """Which answer of a journal plays which part in a delivery.

    Attributes:
        role: e.g. ``metadata``. label: e.g. the extract. key: of the request (``Answer.request_key``).
    """

    role: str
    label: str
    key: str


class Journal:
    """Answers of one fetch under way: found again by their request when a run was killed.

    Args:
        folder: where they lie. stamp: the source's stamp that they are asked for.
    """

    def __init__(self, folder: Path, stamp: str) -> None:
        self.folder = folder
        self.stamp = stamp
        lines = read_lines(folder / JOURNAL)
        self._entries: dict[str, dict[str, Any]] = {line["key"]: line for line in lines if "key" in line}

    def find(self, key: str) -> Answer | None:
        """The answer to a request that was completed before, or None; damaged bytes count as none."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        try:
            content = (self.folder / entry["file"]).read_bytes()
        except FileNotFoundError:
            return None
        if hashlib.sha256(content).hexdigest() != entry["sha256"]:
            return None
        return Answer(
            url=entry["url"],
            method=entry["method"],
            request_body=entry["body"].encode() if entry["body"] else None,
            status=entry["status"],
            headers=entry["headers"],
            content=content,
            received_at=datetime.fromisoformat(entry["received_at"]),
        )

    def keep(self, key: str, answer: Answer, ending: str = "json") -> None:
        """Keep a complete answer: first its bytes, then the line that makes them count."""
        what = re.sub(r"[^a-z]", "", urlsplit(answer.url).path.rsplit("/", 1)[-1]) or "answer"
        # Numbered by the files that are there: a damaged line must not give another answer's name away.
        number = 1 + max((int(path.name[:3]) for path in self.folder.glob("[0-9][0-9][0-9]-*")), default=0)
        name = f"{number:03d}-{what}.{ending}"
        write_bytes(self.folder / name, answer.content, read_only=True)
        entry = {"key": key, "file": name, **_request(answer)}
        append_line(self.folder / JOURNAL, entry)
        self._entries[key] = entry

    def requests(self, pieces: Iterable[Piece]) -> list[dict[str, Any]]:
        """Role, label, request and file of each piece, for the manifest.

        Raises:
            DamagedArchive: when an answer is no longer what was received.
        """
        found = [{"role": p.role, "label": p.label, **self._entries[p.key]} for p in pieces]
        for piece in found:
            ArchivedAnswer(piece["role"], piece["label"], self.folder / piece["file"], piece["sha256"]).read()
        return found


class Archive:
    """Deliveries by table and vintage below ``raw/``."""

    def __init__(self, home: Home) -> None:
        self._root = home.raw

    def night(self, started: datetime) -> Journal:
        """The journal of what a night was told besides deliveries: listings, stamps, configuration."""
        stamp = started.isoformat(timespec="seconds")
        return Journal(self._root / NIGHTS / vintage_id(stamp), stamp)

    def begin(self, dataset: str, stamp: str) -> Journal:
        """The journal of a fetch: the one that a killed run left, if it was about the same stamp, else a new one.

        Args:
            dataset: table or classification. stamp: what the source says of itself tonight, ISO 8601.
        """
        self._finish(dataset)
        folder = self._root / dataset / INCOMING
        header = next(iter(read_lines(folder / JOURNAL)), None) or {}
        if header.get("stamp") == stamp and _age(header["begun_at"]) < LONGEST_FETCH:
            return Journal(folder, stamp)
        self.set_aside(
            dataset, f"begun {header.get('begun_at')} for {header.get('stamp')}; now the source says {stamp}"
        )
        append_line(folder / JOURNAL, {"stamp": stamp, "begun_at": _now()})
        return Journal(folder, stamp)

    def set_aside(self, dataset: str, because: str) -> None:
        """Keep an unfinished journal under another name, with the reason; nothing is lost or used again."""
        folder = self._root / dataset / INCOMING
        if not folder.exists():
            return
        write_json(folder / "set_aside.json", {"because": because, "at": _now()})
        folder.rename(_free(self._root / dataset, f"unfinished-{vintage_id(_now())}"))

    def seal(
        self,
        dataset: str,
        journal: Journal,
        updated: str,
        question: str,
        pieces: list[Piece],
        content: str = "",
        description: str = "",
        licence: str = "CC BY 4.0",
    ) -> Delivery:
        """Make a journal with every answer a delivery.

        Args:
            dataset: table or classification. journal: of this fetch. updated: the source's stamp, ISO 8601.
            question: fingerprint of what was asked for. pieces: the answers that count, in order.
            content, description: canonical hashes of figures and metadata. licence: of the figures.
        """
        wanted = vintage_id(updated)
        manifest = {
            "number": len(self.deliveries(dataset)) + 1,
            "dataset": dataset,
            "vintage": _free(self._root / dataset, wanted).name,
            "updated": updated,
            "question": question,
            "content": content,
            "description": description,
            "licence": licence,
            "requests": journal.requests(pieces),
        }
        write_json(journal.folder / MANIFEST, manifest)
        return _delivery(self._finish(dataset) or journal.folder, manifest)

    def note_seen(self, dataset: str, journal: Journal, delivery: Delivery) -> None:
        """Note that the source gave the same content again; its bytes are not kept a second time."""
        append_line(self._root / dataset / SEEN, {"vintage": delivery.vintage, "at": _now()})
        shutil.rmtree(journal.folder)

    def read_at(self, delivery: Delivery) -> datetime:
        """When the content of a delivery was last read whole from the source."""
        seen = [line["at"] for line in read_lines(self._root / delivery.dataset / SEEN)]
        return max(datetime.fromisoformat(text) for text in [delivery.received_at, *seen])

    def latest(self, dataset: str) -> Delivery | None:
        """The newest whole delivery of a table, or None."""
        self._finish(dataset)
        return next(reversed(self.deliveries(dataset)), None)

    def deliveries(self, dataset: str) -> list[Delivery]:
        """All whole deliveries of a table, oldest first."""
        found = [
            _delivery(path.parent, manifest)
            for path in (self._root / dataset).glob(f"*/{MANIFEST}")
            if (manifest := read_json(path)) is not None
        ]
        return sorted(found, key=lambda delivery: delivery.number)

    def delivery(self, dataset: str, vintage: str) -> Delivery | None:
        """One delivery by the id of its vintage, or None."""
        return next((d for d in self.deliveries(dataset) if d.vintage == vintage), None)

    def _finish(self, dataset: str) -> Path | None:
        """Give a journal that has its manifest the name of its vintage; a kill may have come in between."""
        folder = self._root / dataset / INCOMING
        manifest = read_json(folder / MANIFEST)
        if manifest is None:
            return None
        place = _free(self._root / dataset, manifest["vintage"])
        folder.rename(place)
        return place


def vintage_id(updated: str) -> str:
    """A stamp such as ``2026-06-15T06:00:00Z`` as a folder's name: ``20260615T060000Z``."""
    return re.sub(r"[^0-9TZ]", "", re.sub(r"\.\d+|\+\d{2}:?\d{2}$", "", updated)) or "undated"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _age(moment: str) -> timedelta:
    return datetime.now(UTC) - datetime.fromisoformat(moment)


def _free(parent: Path, wanted: str) -> Path:
    """A folder's name that is not taken: the wanted one, or with a number where it was delivered before."""
    number, candidate = 1, parent / wanted
    while candidate.exists():
        number += 1
        candidate = parent / f"{wanted}-{number}"
    return candidate


def _request(answer: Answer) -> dict[str, Any]:
    return {
        "method": answer.method,
        "url": answer.url,
        "body": answer.request_body.decode() if answer.request_body else None,
        "status": answer.status,
        "headers": {name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers},
        "received_at": answer.received_at.isoformat(),
        "bytes": len(answer.content),
        "sha256": hashlib.sha256(answer.content).hexdigest(),
    }


def _delivery(folder: Path, manifest: dict[str, Any]) -> Delivery:
    return Delivery(
        number=manifest["number"],
        dataset=manifest["dataset"],
        vintage=folder.name,
        updated=manifest["updated"],
        question=manifest["question"],
        answers=[
            ArchivedAnswer(request["role"], request["label"], folder / request["file"], request["sha256"])
            for request in manifest["requests"]
        ],
        received_at=max(request["received_at"] for request in manifest["requests"]),
        content=manifest["content"],
        description=manifest["description"],
    )
