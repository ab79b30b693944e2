"""The raw archive: exactly the bytes received, with the request that they answer.

Here belongs keeping and finding answers. Nothing here is ever changed or deleted by a refresh.
Not here: what an answer means (``pxweb``, ``klass``).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from k2025_pipeline.lake.home import Home, read_json, write_bytes, write_json
from k2025_pipeline.pxweb.transport import Answer

KEPT_HEADERS = ("content-type", "date", "etag", "last-modified", "x-k2025-source")


@dataclass(frozen=True)
class ArchivedAnswer:
    """One answer in the archive.

    Attributes:
        role: what it is, e.g. ``metadata`` or ``data``. label: e.g. the extract or the year.
        path: file with the bytes as received.
    """

    role: str
    label: str
    path: Path

    def read(self) -> bytes:
        """The bytes as received."""
        return self.path.read_bytes()


@dataclass(frozen=True)
class Delivery:
    """All answers that together are one vintage of one table.

    Attributes:
        dataset: table or classification, e.g. ``ssb_12209``. vintage: id of the vintage.
        updated: the source's own stamp. question: fingerprint of what was asked for.
        answers: in the order asked.
    """

    dataset: str
    vintage: str
    updated: str
    question: str
    answers: list[ArchivedAnswer]


class Archive:
    """Deliveries by table and vintage below ``raw/``."""

    def __init__(self, home: Home) -> None:
        self._root = home.raw

    def store(self, dataset: str, updated: str, question: str, answers: list[tuple[str, str, Answer]]) -> Delivery:
        """Keep a whole delivery; the manifest is written last, so that a half one is never read.

        Args:
            dataset: table or classification. updated: the source's stamp, ISO 8601.
            question: fingerprint of what was asked for. answers: role, label and answer.
        """
        vintage = self._free_vintage(dataset, vintage_id(updated))
        folder = self._root / dataset / vintage
        requests = [
            _keep(folder, number, role, label, answer) for number, (role, label, answer) in enumerate(answers, start=1)
        ]
        manifest = {
            "dataset": dataset,
            "vintage": vintage,
            "updated": updated,
            "question": question,
            "licence": "CC BY 4.0",
            "requests": requests,
        }
        write_json(folder / "manifest.json", manifest)
        return _delivery(folder, manifest)

    def latest(self, dataset: str) -> Delivery | None:
        """The newest whole delivery of a table, or None."""
        manifests = [
            (found["requests"][-1]["received_at"], path.parent, found)
            for path in (self._root / dataset).glob("*/manifest.json")
            if (found := read_json(path)) is not None
        ]
        if not manifests:
            return None
        _, folder, manifest = max(manifests, key=lambda item: item[0])
        return _delivery(folder, manifest)

    def _free_vintage(self, dataset: str, wanted: str) -> str:
        """The vintage's id, with a number where the same stamp was delivered before."""
        number, candidate = 1, wanted
        while (self._root / dataset / candidate / "manifest.json").exists():
            number += 1
            candidate = f"{wanted}-{number}"
        return candidate


def vintage_id(updated: str) -> str:
    """A stamp such as ``2026-06-15T06:00:00Z`` as a folder's name: ``20260615T060000Z``."""
    return re.sub(r"[^0-9TZ]", "", re.sub(r"\.\d+|\+\d{2}:?\d{2}$", "", updated)) or "undated"


def _keep(folder: Path, number: int, role: str, label: str, answer: Answer) -> dict[str, Any]:
    name = f"{number:03d}-{role}.json"
    write_bytes(folder / name, answer.content, read_only=True)
    return {
        "file": name,
        "role": role,
        "label": label,
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
        dataset=manifest["dataset"],
        vintage=manifest["vintage"],
        updated=manifest["updated"],
        question=manifest["question"],
        answers=[
            ArchivedAnswer(request["role"], request["label"], folder / request["file"])
            for request in manifest["requests"]
        ],
    )
