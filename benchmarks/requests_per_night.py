"""Requests that a night costs the source, counted on the local Statbank with the demo's tables.

Run with ``python benchmarks/requests_per_night.py``. The nights follow each other with one archive, and the local
Statbank is asked as SSB is. These are counts, not times.
"""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
from common import Figure, show

from k2025_pipeline.catalog.loader import Catalog, load_catalog
from k2025_pipeline.demo.generator import ensure_demo
from k2025_pipeline.demo.server import LocalStatbank
from k2025_pipeline.ingest.session import SourceSession
from k2025_pipeline.lake.home import Home
from k2025_pipeline.pxweb.transport import Transport

SCHEMAS = Path(__file__).resolve().parents[1] / "schemas"
CHANGED = "12209"
FIRST_NIGHT = datetime.now(UTC)


def measure() -> list[Figure]:
    """Requests of a first night, a quiet one, one with a changed table, and one that compares all metadata."""
    catalog = load_catalog(SCHEMAS)
    with tempfile.TemporaryDirectory() as root:
        home = Home(Path(root) / "home")
        demo = ensure_demo(Path(root) / "demo", "revised")
        first, quiet = _night(home, demo, catalog, 0), _night(home, demo, catalog, 1)
        _stamp_anew(demo / "statbank" / f"{CHANGED}.json")
        changed, weekly = _night(home, demo, catalog, 2), _night(home, demo, catalog, 9)
    datasets = f"{len(catalog.tables)} tables and {len(catalog.classifications)} classifications"
    return [
        Figure(f"requests, first night ({datasets})", first),
        Figure("requests, quiet night", quiet, "1"),
        Figure("requests, night with one changed table", changed),
        Figure("requests, weekly night that compares all metadata", weekly),
    ]


def _night(home: Home, demo: Path, catalog: Catalog, day: int) -> str:
    """Ask for everything once, that many days after the first night; tells the requests by service."""
    watched = {table.name: table.id for table in catalog.tables.values()}
    with LocalStatbank(demo) as statbank:
        started = FIRST_NIGHT + timedelta(days=day)
        session = SourceSession(home, statbank.url, Transport(), watched, started=started)
        outcomes = [session.fetch_table(contract) for contract in catalog.tables.values()]
        outcomes += [session.fetch_classification(contract) for contract in catalog.classifications.values()]
    failed = [outcome.message for outcome in outcomes if outcome.state == "failed"]
    if failed:
        raise SystemExit("\n".join(failed))
    services = ", ".join(f"{service} {count}" for service, count in session.requests.items())
    return f"{sum(session.requests.values())} ({services})"


def _stamp_anew(path: Path) -> None:
    """Give a table of the demo a new stamp, as a publication does."""
    content = orjson.loads(path.read_bytes())
    content["updated"] = FIRST_NIGHT.strftime("%Y-%m-%dT%H:%M:%SZ")
    path.write_bytes(orjson.dumps(content))


if __name__ == "__main__":
    show(measure())
