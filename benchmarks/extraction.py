"""The whole extraction as tables grow: fetch over HTTP, archive, decode, typed Parquet.

Run with ``python benchmarks/extraction.py``. Each size runs in a process of its own, after one run that does not
count and for which the server makes its answers.
"""

import statistics
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from common import Figure, alone, forget_peak, memory, show
from documents import MEASURE, TABLE, UPDATED, codes
from statbank import CELL_LIMIT, statbank

from k2025_pipeline.catalog.loader import load_catalog
from k2025_pipeline.catalog.tables import TableContract
from k2025_pipeline.ingest import tables
from k2025_pipeline.lake.archive import Archive, Delivery
from k2025_pipeline.lake.home import Home
from k2025_pipeline.pxweb.client import StatbankClient
from k2025_pipeline.pxweb.selection import Selection, plan
from k2025_pipeline.pxweb.transport import Transport

SHAPES = {"0.1 million": (891, 14, 8), "1 million": (891, 14, 80), "10 million": (891, 140, 80)}
"""Regions, measures and years. Ten times as many cells each; the largest needs 13 answers."""
ROUNDS = 3
SCHEMAS = Path(__file__).resolve().parents[1] / "schemas"
MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Cost:
    """Of one extraction: seconds, and bytes that the process grew by at most while fetching and in all."""

    seconds: float
    fetching: float
    whole: float


def measure() -> list[Figure]:
    """Time and memory of each size, and how they grow from one to the next."""
    costs = {name: _cost(shape) for name, shape in SHAPES.items()}
    figures = []
    for (smaller, before), (larger, after) in pairwise(costs.items()):
        step = f"{larger} / {smaller} cells"
        answers = f"{_largest(SHAPES[larger]) / _largest(SHAPES[smaller]):.1f}: the largest answer"
        figures += [
            Figure(f"extraction, time, {step}", f"{after.seconds / before.seconds:.1f}", "≤ 11"),
            Figure(f"extraction, memory while fetching, {step}", f"{after.fetching / before.fetching:.1f}", answers),
            Figure(f"extraction, memory in all, {step}", f"{after.whole / before.whole:.1f}", answers),
        ]
    return [*(_told(name, cost) for name, cost in costs.items()), *figures]


def _told(name: str, cost: Cost) -> Figure:
    memory_told = f"{cost.fetching / MEGABYTE:.0f} MB while fetching, {cost.whole / MEGABYTE:.0f} MB in all"
    return Figure(f"extraction of {name} cells", f"{cost.seconds:.2f} s, {memory_told}")


def _largest(shape: tuple[int, int, int]) -> int:
    """Cells of the largest answer."""
    return max(part.cells for part in plan(Selection(codes(*shape), {}), CELL_LIMIT))


def _cost(shape: tuple[int, int, int]) -> Cost:
    """Medians over the rounds."""
    with statbank(shape) as address:
        alone(run, address, shape)
        runs = [alone(run, address, shape) for _ in range(ROUNDS)]
    return Cost(*(statistics.median(values) for values in zip(*runs, strict=True)))


def run(address: str, shape: tuple[int, int, int]) -> tuple[float, int, int]:
    """Seconds, and growth in memory while fetching and in all, of one extraction into an empty home."""
    contract = contract_of(shape)
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        before = forget_peak()
        started = time.perf_counter()
        delivery = fetch(contract, address, home)
        fetching = memory("VmHWM")
        write(contract, delivery, home)
        seconds = time.perf_counter() - started
    return seconds, fetching - before, memory("VmHWM") - before


def fetch(contract: TableContract, address: str, home: Home) -> Delivery:
    """The product's own steps from the source to the archive."""
    transport = Transport()
    client = StatbankClient(address, transport)
    return tables.fetch(contract, client, transport, Archive(home), UPDATED).delivery


def write(contract: TableContract, delivery: Delivery, home: Home) -> None:
    """The product's own step from the archive to typed Parquet, without validation and history."""
    tables.write_typed(contract, delivery, home.typed / f"{contract.name}.parquet")


def contract_of(shape: tuple[int, int, int]) -> TableContract:
    """The contract of table 12209, changed to ask for all of the generated table."""
    known = load_catalog(SCHEMAS).tables["12209"]
    measures = [
        known.measures[0].model_copy(update={"name": f"m{code}", "code": code}) for code in codes(*shape)[MEASURE]
    ]
    dimensions = [dimension.model_copy(update={"from_period": None}) for dimension in known.dimensions]
    return known.model_copy(update={"id": TABLE, "measures": measures, "dimensions": dimensions})


if __name__ == "__main__":
    show(measure())
