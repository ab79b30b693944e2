"""Writes the demo's folder of tables.

Belongs here: which files a demo folder has, and writing them once and whole.
Does not belong here: the figures (`tables`) and the server.
"""

import hashlib
import tempfile
from pathlib import Path
from typing import Any, Literal

import orjson

from k2025_pipeline.demo import (
    accounts,
    closed_series,
    inputs,
    klass_generator,
    labour,
    municipal_health,
    projection,
    service_hours,
    sickness_absence,
    tables,
)
from k2025_pipeline.demo.geography import DATA
from k2025_pipeline.demo.jsonstat_writer import NOTE, Table, document
from k2025_pipeline.demo.tables import World

Edition = Literal["revised", "unrevised"]

KOSTRA_UPDATED: dict[str, str] = {"unrevised": "2026-03-16T07:00:00Z", "revised": "2026-06-15T06:00:00Z"}
USERS_UPDATED: dict[str, str] = {"unrevised": KOSTRA_UPDATED["unrevised"], "revised": "2026-06-30T06:00:00Z"}
"""11645 and 11643 are published after the KOSTRA tables."""
POPULATION_UPDATED = "2026-02-25T07:00:00Z"
PROJECTION_UPDATED = POPULATION_UPDATED
"""Assumed: which day 14746 appeared is not known."""
CLOSED_SERIES_UPDATED = "2024-06-17T06:00:00Z"
"""The last day of 11924, as its page says."""
ABSENCE_UPDATED = "2026-02-26T07:00:00Z"
OCCUPATIONS_UPDATED = "2026-02-12T07:00:00Z"
EDUCATION_UPDATED = "2025-06-19T06:00:00Z"


def ensure_demo(root: Path, edition: Edition) -> Path:
    """The folder of demo tables of an edition; generated on first use, then reused.

    The folder appears whole or not at all. It is made anew when this package's code or data have changed.

    Args:
        root: where demo folders are kept; created if missing.
        edition: `unrevised` (March) or `revised` (June).

    Returns:
        `root/<edition>`, a folder as `create_app` serves it.
    """
    target = root / edition
    fingerprint = _fingerprint(edition)
    if _written_fingerprint(target) == fingerprint:
        return target
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=f".{edition}-") as temporary:
        _write(Path(temporary) / "new", edition, fingerprint)
        _replace(target, Path(temporary), fingerprint)
    return target


def _fingerprint(edition: Edition) -> str:
    digest = hashlib.sha256(edition.encode())
    for path in _sources():
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _sources() -> list[Path]:
    """Everything that the figures depend on: this package's code and data."""
    return sorted([*DATA.parent.glob("*.py"), *DATA.glob("*.csv")])


def _written_fingerprint(folder: Path) -> str | None:
    source = folder / "source.json"
    return orjson.loads(source.read_bytes()).get("fingerprint") if source.is_file() else None


def _replace(target: Path, temporary: Path, fingerprint: str) -> None:
    """Put the new folder in place; leave one that another process finished meanwhile."""
    if _written_fingerprint(target) == fingerprint:
        return
    if target.exists():
        target.rename(temporary / "old")
    try:
        (temporary / "new").rename(target)
    except OSError:
        if _written_fingerprint(target) != fingerprint:
            raise


def _write(folder: Path, edition: Edition, fingerprint: str) -> None:
    world = tables.build(edition)
    for part in ("statbank", "klass"):
        (folder / part).mkdir(parents=True)
    updated = KOSTRA_UPDATED[edition]
    for make in (
        tables.table_12209,
        tables.table_12292,
        tables.table_12293,
        tables.table_14533,
        tables.table_14534,
        tables.table_12003,
        tables.table_11875,
        tables.table_11996,
        municipal_health.table_12191,
    ):
        _write_table(folder, make(world), updated)
    amounts = accounts.generate(world)
    _write_table(folder, accounts.table_12362(world, amounts), updated)
    _write_table(folder, accounts.table_12367(world, amounts), updated)
    revised = _revised(world, edition)
    _write_table(folder, tables.table_11645(revised), USERS_UPDATED[edition])
    _write_table(folder, service_hours.table_11643(revised), USERS_UPDATED[edition])
    _write_table(folder, closed_series.table_11924(revised), CLOSED_SERIES_UPDATED)
    _write_table(folder, projection.table_14746(world.geography, world.persons), PROJECTION_UPDATED)
    _write_table(folder, tables.table_07459(world.geography, world.persons), POPULATION_UPDATED)
    for table, stamp in _labour_market(world):
        _write_table(folder, table, stamp)
    summed = tables.table_07459_summed(world.geography, world.persons)
    _write_table(folder, summed, POPULATION_UPDATED, f"@{tables.KOMM_SUMMER}")
    for number, content in klass_generator.classifications(world.geography).items():
        _write_json(folder / "klass" / f"{number}.json", content)
    inputs.write(folder / "inputs", world)
    source = {"source": "demo", "edition": edition, "note": NOTE, "fingerprint": fingerprint}
    _write_json(folder / "source.json", source)


def _labour_market(world: World) -> list[tuple[Table, str]]:
    """Tables of sickness absence, employees and education with their stamps; the same in both editions."""
    return [
        (sickness_absence.table_12451(world.geography, world.persons), ABSENCE_UPDATED),
        (sickness_absence.table_12441(), ABSENCE_UPDATED),
        (sickness_absence.table_14789(), ABSENCE_UPDATED),
        (labour.table_11658(), OCCUPATIONS_UPDATED),
        (labour.table_09429(world.geography, world.persons), EDUCATION_UPDATED),
    ]


def _revised(world: World, edition: Edition) -> World:
    """11645, 11643 and 11924 are the same in both editions."""
    return world if edition == "revised" else tables.build("revised")


def _write_table(folder: Path, table: Table, updated: str, suffix: str = "") -> None:
    _write_json(folder / "statbank" / f"{table.number}{suffix}.json", document(table, updated))


def _write_json(path: Path, content: Any) -> None:
    path.write_bytes(orjson.dumps(content))
