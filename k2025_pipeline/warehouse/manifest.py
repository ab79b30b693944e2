"""The manifest beside the published file: what stands, and from what it was made.

Here belongs writing and reading it, and the places of a publication under way. Not here: making and swapping the file
(``publish``, ``swap``).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from k2025_pipeline.lake.home import Home, read_record, write_json

OSLO = ZoneInfo("Europe/Oslo")
Summary = dict[str, dict[str, int]]
"""Checks by level of the ladder: how many ``passed``, ``failed`` and were ``blocking``."""


@dataclass(frozen=True)
class Published:
    """What the manifest beside the published file says.

    Attributes:
        fingerprint: of all that the build depends on. published_at: ISO 8601, UTC. sha256: of the file.
        source: ``ssb``, ``demo``, … tables: rows by table, its schema before its name.
        revision: of the program in git; None where it does not run from a repository. version: of the program.
        storage_version: of the file, in DuckDB's words. vintages: of each source table, classification and upload.
        checks: how the night's checks came out; None where nobody said.
    """

    fingerprint: str
    published_at: str
    sha256: str
    source: str
    tables: dict[str, int]
    revision: str | None = None
    version: str | None = None
    storage_version: str | None = None
    vintages: dict[str, str] = field(default_factory=dict)
    checks: Summary | None = None

    @property
    def day(self) -> date:
        """The date of publication in Oslo, which names its copy."""
        return datetime.fromisoformat(self.published_at).astimezone(OSLO).date()


@dataclass(frozen=True)
class Staged:
    """Everything of a publication under way; it takes its place file by file once the database is swapped in."""

    folder: Path

    @property
    def file(self) -> Path:
        """The database."""
        return self.folder / "warehouse.duckdb"

    @property
    def parquet(self) -> Path:
        """A Parquet file for each public table."""
        return self.folder / "public"

    @property
    def values(self) -> Path:
        """What was published before, this publication included; see ``Home.published_values``."""
        return self.folder / "indicator_values.parquet"

    @property
    def audit(self) -> Path:
        """How the file was judged."""
        return self.folder / "audit.json"

    @property
    def hold(self) -> Path:
        """The pause that begins with it, where somebody goes back."""
        return self.folder / "hold.json"

    @property
    def manifest(self) -> Path:
        """Written last: without it nothing of the folder counts."""
        return self.folder / "warehouse.json"


def staged(home: Home) -> Staged:
    """Where a publication is made ready."""
    return Staged(home.build / "next")


def swapped(home: Home) -> Staged | None:
    """The publication whose file was swapped in before a kill, its other parts still waiting; see ``swap.recover``."""
    waiting = staged(home)
    manifest = read_manifest(waiting.manifest)
    if manifest is None or not home.warehouse.exists() or file_hash(home.warehouse) != manifest.sha256:
        return None
    return waiting


def published(home: Home) -> Published | None:
    """The manifest of the published file, or None where nothing whole is published."""
    if not home.warehouse.exists():
        return None
    waiting = swapped(home)
    return read_manifest(waiting.manifest if waiting else manifest_file(home))


def is_as_published(home: Home) -> bool:
    """Whether the file that stands is the one that its manifest speaks of; also where nothing is published."""
    standing = published(home)
    return standing is None or file_hash(home.warehouse) == standing.sha256


def manifest_file(home: Home) -> Path:
    """The manifest beside the published file."""
    return home.root / "warehouse.json"


def read_manifest(path: Path, advice: str = "Remove it; the next refresh publishes anew.") -> Published | None:
    """A manifest of this or another version of the program: what this one does not know is left out.

    Args:
        path: of the file. advice: what to do where it is none.

    Raises:
        DamagedHome: when the file is none.
    """
    return read_record(path, Published, advice)


def write_manifest(path: Path, manifest: Published) -> None:
    """Write a manifest, its long list of tables last."""
    content = asdict(manifest)
    write_json(path, {**content, "tables": content.pop("tables")})


def file_hash(path: Path) -> str:
    """sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def revision(root: Path) -> str | None:
    """The commit that a folder stands on, or None outside git.

    Git's own files are read, and git is not run: in a folder that somebody else prepared it would run what its
    settings name.
    """
    git = root / ".git"
    if git.is_file():  # a second working tree
        git = root / _text(git).removeprefix("gitdir:").strip()
    head = _text(git / "HEAD").strip()
    if head.startswith("ref: "):
        name = head.removeprefix("ref: ")
        common = git / _text(git / "commondir").strip()
        packed = re.search(rf"^(\w+) {re.escape(name)}$", _text(common / "packed-refs"), re.MULTILINE)
        head = _text(common / name).strip() or (packed[1] if packed else "")
    return head if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", head) else None


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
