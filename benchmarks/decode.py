"""Decoding against pyjstat, pxwebpy and the bare JSON parse, on one generated document of 0.8 million cells.

Run with ``python benchmarks/decode.py``. Every contender has its turn in every round, in one process; the memory
of each is measured in a process of its own. Only the ratios are worth quoting.
"""

import json
import tempfile
import warnings
from pathlib import Path

import orjson
import polars as pl
import pyjstat.pyjstat
from common import Figure, Times, alone, forget_peak, memory, show
from documents import codes, counts, document
from pxweb._internal.functions import unpack_table_data

from k2025_pipeline.pxweb.jsonstat import decode, decode_document

SHAPE = (891, 49, 18)
"""Regions, measures and years: 785 862 cells."""
ROUNDS, QUICK_ROUNDS = 5, 25
WARM_UP = (2, 2, 2)


def measure() -> list[Figure]:
    """Time and memory of each contender."""
    raw = orjson.dumps(document(codes(*SHAPE)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answer.json"
        path.write_bytes(raw)
        bytes_per_cell = alone(peak_of_decode, path) - alone(peak_of_parse, path), alone(growth_of_decode, path)
    cells = SHAPE[0] * SHAPE[1] * SHAPE[2]
    return [*_against_clients(raw), *_against_parsers(raw), *_memory(*(number / cells for number in bytes_per_cell))]


def _against_clients(raw: bytes) -> list[Figure]:
    text, parsed = raw.decode(), orjson.loads(raw)
    times = Times(
        {
            "decode": lambda: decode(raw),
            "decode parsed": lambda: decode_document(parsed),
            "pyjstat": lambda: pyjstat.pyjstat.Dataset.read(text).write("dataframe"),
            "pxwebpy parsed": lambda: unpack_table_data(parsed, show="code"),
            "pxwebpy rows": lambda: unpack_table_data(json.loads(raw), show="code"),
            "pxwebpy frame": lambda: pl.DataFrame(unpack_table_data(json.loads(raw), show="code")),
        },
        ROUNDS,
    )
    return [
        Figure("pyjstat / decode: text to frame", times.ratio("pyjstat", "decode"), "≥ 20"),
        Figure("pxwebpy / decode: parsed document to rows", times.ratio("pxwebpy parsed", "decode parsed"), "≥ 10"),
        Figure("pxwebpy / decode: bytes to rows", times.ratio("pxwebpy rows", "decode")),
        Figure("pxwebpy / decode: bytes to frame", times.ratio("pxwebpy frame", "decode")),
        Figure("decode, best time in ms", f"{1000 * times.best('decode'):.0f}"),
    ]


def _against_parsers(raw: bytes) -> list[Figure]:
    whole = orjson.dumps(counts(codes(*SHAPE)))
    times = Times(
        {
            "orjson": lambda: orjson.loads(raw),
            "decode": lambda: decode(raw),
            "json": lambda: json.loads(raw),
            "orjson, counts": lambda: orjson.loads(whole),
            "decode, counts": lambda: decode(whole),
        },
        QUICK_ROUNDS,
    )
    return [
        Figure("decode / orjson.loads", times.ratio("decode", "orjson"), "≤ 2.5"),
        Figure("decode / json.loads", times.ratio("decode", "json")),
        Figure("decode / orjson.loads, small whole numbers only", times.ratio("decode, counts", "orjson, counts")),
    ]


def _memory(over_parse: float, growth: float) -> list[Figure]:
    return [
        Figure("bytes per cell: peak of decode over peak of orjson.loads", f"{over_parse:.1f}", "≤ 40"),
        Figure("bytes per cell: growth while a parsed document is decoded", f"{growth:.1f}", "≤ 40"),
    ]


def peak_of_parse(path: Path) -> int:
    """Peak memory of a process that only parses."""
    raw = _warm(path)
    orjson.loads(raw)
    return memory("VmHWM")


def peak_of_decode(path: Path) -> int:
    """Peak memory of a process that decodes."""
    raw = _warm(path)
    decode(raw)
    return memory("VmHWM")


def growth_of_decode(path: Path) -> int:
    """How much a process grows at most while it decodes a document that stays in memory."""
    parsed = orjson.loads(_warm(path))
    before = forget_peak()
    decode_document(parsed)
    return memory("VmHWM") - before


def _warm(path: Path) -> bytes:
    """The document's bytes, after the libraries have set up what they use on first sight."""
    decode(orjson.dumps(document(codes(*WARM_UP))))
    return path.read_bytes()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    show(measure())
