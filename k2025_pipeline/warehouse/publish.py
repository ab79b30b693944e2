"""Publication: the public tables in one file, looked over, swapped in whole, and as Parquet beside it.

Here belongs the step after the audit, and the names that others use of it. Not here: what is in the file
(``contents``), the look at it (``inspection``), the swap (``swap``), dated copies (``copies``) and going back to one
(``going_back``).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime

import polars as pl

from k2025_pipeline import __version__
from k2025_pipeline.catalog import Catalog
from k2025_pipeline.lake.disk import told_plainly
from k2025_pipeline.lake.home import Home
from k2025_pipeline.lake.typed import TypedLake
from k2025_pipeline.settings import PROJECT_ROOT
from k2025_pipeline.warehouse import contents, copies, inspection
from k2025_pipeline.warehouse.going_back import held
from k2025_pipeline.warehouse.inspection import Findings, NotFit
from k2025_pipeline.warehouse.manifest import (
    Published,
    Staged,
    Summary,
    file_hash,
    is_as_published,
    published,
    revision,
)
from k2025_pipeline.warehouse.query import NothingPublished, QueryError, query
from k2025_pipeline.warehouse.swap import making_ready, recover, swap

__all__ = [
    "Findings",
    "NotFit",
    "NothingPublished",
    "Published",
    "QueryError",
    "file_hash",
    "held",
    "is_as_published",
    "publish",
    "published",
    "query",
    "recover",
]
MEMORY = "indicator_history.parquet"
"""Public table that holds what was published before, this publication included."""


def publish(
    home: Home,
    catalog: Catalog,
    fingerprint: str,
    source: str,
    checks: Summary | None = None,
    tonight: pl.DataFrame | None = None,
    tell: Callable[[Findings], object] = lambda findings: None,
) -> Published:
    """Copy the public tables out of the build into a new file, look it over and swap it in.

    Args:
        home: where build and publication lie. catalog: what is promised and documented.
        fingerprint: of the inputs of the build. source: where the figures come from.
        checks: how the night's checks came out, for the manifest. tonight: the same as rows of
            ``public.check_results``. tell: is given what the look at the file found.

    Returns:
        What stands afterwards: the new file, or the old one while publication is paused (:func:`held`).

    Raises:
        NotFit: when the file breaks a rule of publication. DiskFull: when it did not fit on the disk.
        UnwritableHome: when the home may not be written. In each case the old file stands.
    """
    standing = published(home)
    if standing is not None and held(home) is not None:
        return standing
    with told_plainly(home.root), making_ready(home) as ready:
        tables = contents.write(home, catalog, ready.file, ready.parquet, tonight)
        findings = inspection.inspect(ready.file, catalog, standing)
        tell(findings)
        if inspection.broken(findings):
            raise NotFit(findings)
        _add_what_follows(home, ready)
        manifest = Published(
            fingerprint=fingerprint,
            published_at=datetime.now(UTC).isoformat(timespec="seconds"),
            sha256=file_hash(ready.file),
            source=source,
            tables=tables,
            revision=revision(PROJECT_ROOT),
            version=__version__,
            storage_version=catalog.quality.publication.storage_version,
            vintages=_vintages(home, catalog),
            checks=checks,
        )
        swap(home, ready, manifest)
    copies.prune(home, catalog.quality.retention)
    return manifest


def _add_what_follows(home: Home, ready: Staged) -> None:
    """What must always be about the file that stands: the memory of what was published, and how it was judged."""
    shutil.copyfile(ready.parquet / MEMORY, ready.values)
    audit = home.build / "audit.json"
    if audit.exists():
        shutil.copyfile(audit, ready.audit)


def _vintages(home: Home, catalog: Catalog) -> dict[str, str]:
    datasets = {table.id: table.name for table in catalog.tables.values()}
    datasets |= {f"klass-{c.id}": c.datasets["codes"] for c in catalog.classifications.values()}
    datasets |= {name: name for name in catalog.uploads}
    lake = TypedLake(home)
    found = {name: lake.current(dataset) for name, dataset in datasets.items()}
    return {name: vintage.updated for name, vintage in found.items() if vintage is not None}
