"""Municipalities over time: the smallest areas that never change, and how published regions are made of them.

Belongs here: codes, names, reforms, groups.
Does not belong here: figures other than the population that areas are weighted by.
Source of the data files: Statistics Norway, CC BY 4.0 (see `data/README.md`).

An *atom* is one path of municipality codes through the reforms of 2017–2024. Every published figure is a sum
of atoms, so nothing jumps at a reform by itself. Arrays over atoms have shape (atoms, years 2015–2026, ...).
"""

import csv
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Texts = npt.NDArray[np.str_]

DATA = Path(__file__).parent / "data"
FIRST_YEAR = 2015
YEARS = tuple(range(FIRST_YEAR, 2027))
"""Years with a known municipal structure on 1 January."""
NOT_A_MUNICIPALITY = "9999"
_SEED = 2025
_VALIDITY = re.compile(r" +\((\d{4})?-(\d{4})\)$")
_HARAM, _NEW_HARAM, _ALESUND = "1534", "1580", "1508"
_SPLIT_PEOPLE = {
    ("1850", "1806"): 975,
    ("1850", "1875"): 975,
    ("1613", "5055"): 350,
    ("1613", "5056"): 350,
    ("1613", "5059"): 300,
}
"""People of (code of 2015, current code) of a split: Tysfjord 0.5/0.5, Snillfjord 0.35/0.35/0.30."""


def stream(name: str) -> np.random.Generator:
    """A random generator of its own for each purpose, the same in every run."""
    return np.random.default_rng([_SEED, zlib.crc32(name.encode())])


def read_rows(name: str) -> list[dict[str, str]]:
    """The rows of one of the data files."""
    with (DATA / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def plain_name(label: str) -> str:
    """A region label without its validity: `Haram (-2019)` → `Haram`."""
    return _VALIDITY.sub("", label)


def _predecessors(changes: Iterable[dict[str, str]]) -> dict[str, list[str]]:
    """New code → old codes, for the changes of one date.

    A hamlet ceded to a neighbour that goes on looks like a split (0720 Stokke → 0704 Tønsberg): left out.
    """
    changes = list(changes)
    times = Counter(change["old_code"] for change in changes)
    continuing = {change["new_code"] for change in changes if change["old_code"] == change["new_code"]}
    before: dict[str, list[str]] = defaultdict(list)
    for change in changes:
        old, new = change["old_code"], change["new_code"]
        if old == new or times[old] == 1 or new not in continuing:
            before[new].append(old)
    return before


def _paths() -> list[list[str]]:
    """One list of codes, one code a year, for each atom."""
    current = sorted(row["code"] for row in read_rows("groups.csv"))
    changes = read_rows("changes.csv")
    backwards = [[code] for code in current]
    for year in reversed(YEARS[1:]):
        before = _predecessors(change for change in changes if change["date"] == f"{year}-01-01")
        backwards = [[*path, old] for path in backwards for old in before.get(path[-1], [path[-1]])]
    return [path[::-1] for path in backwards if _really_split(path[-1], path[0])]


def _really_split(first: str, last: str) -> bool:
    """Whether the path exists: of the five that became Ålesund in 2020, only Haram left it again in 2024."""
    if last == _NEW_HARAM:
        return first == _HARAM
    return not (last == _ALESUND and first == _HARAM)


@dataclass(frozen=True)
class Geography:
    """The atoms.

    Attributes:
        code: municipality code of each atom in each year; shape (atoms, years).
        people: population by five age bands on 1 January; shape (atoms, years, 5). Level and growth are the
            real municipalities', divided among their atoms as they were in 2015.
    """

    code: Texts
    people: Floats

    @property
    def current(self) -> Texts:
        """The current municipality of each atom."""
        return self.code[:, -1]

    @cached_property
    def heaviest(self) -> dict[str, str]:
        """Code of any year → the current municipality that most of its people live in."""
        weight = self.people[:, 0].sum(axis=1)
        best: dict[str, tuple[float, str]] = {}
        for codes, now, share in zip(self.code, self.current, weight, strict=True):
            for code in codes:
                best[str(code)] = max(best.get(str(code), (0.0, "")), (float(share), str(now)))
        return {code: now for code, (_, now) in best.items()}

    def grouping(self, column: str) -> dict[str, str]:
        """Code of any year → its `kostra_group` or `centrality`, constant over time."""
        group = {row["code"]: row[column] for row in read_rows("groups.csv")}
        return {code: group[now] for code, now in self.heaviest.items()}


def band_populations() -> dict[str, Floats]:
    """Current municipality → persons in 2015 and 2026 by five age bands; shape (2, 5)."""
    rows = read_rows("population_bands.csv")
    return {row["code"]: np.array(list(row.values())[1:], dtype=float).reshape(2, 5) for row in rows}


def load() -> Geography:
    """Build the atoms from the data files."""
    code = np.array(_paths())
    shares = _shares(code)
    bands = {row["code"]: list(map(float, list(row.values())[1:])) for row in read_rows("population_bands.csv")}
    ends = np.array([bands[now] for now in code[:, -1]]).reshape(len(code), 2, 5)
    progress = np.linspace(0, 1, len(YEARS))[None, :, None]
    level = ends[:, :1] ** (1 - progress) * np.maximum(ends[:, 1:], 1) ** progress
    return Geography(code, level * shares[:, None, None])


def _shares(code: Texts) -> Floats:
    """Each atom's share of its current municipality; a merged one is divided as it was in 2015."""
    persons = {row["code"]: float(row["persons_2015"]) for row in read_rows("merged_municipalities.csv")}
    totals = {row["code"]: sum(map(float, list(row.values())[1:6])) for row in read_rows("population_bands.csv")}
    shares = np.zeros(len(code))
    for now in np.unique(code[:, -1]):
        atoms = np.flatnonzero(code[:, -1] == now)
        fixed = np.array([_SPLIT_PEOPLE.get((code[atom, 0], now), 0) / totals[now] for atom in atoms])
        weight = np.ones(1) if len(atoms) == 1 else np.array([persons.get(code[atom, 0], 0) for atom in atoms])
        shares[atoms] = fixed + (1 - fixed.sum()) * weight / weight.sum()
    return shares


@dataclass(frozen=True)
class Regions:
    """A published region dimension: what each code is the sum of, year by year.

    Attributes:
        codes: region codes in table order.
        labels: label by code.
        members: for every kind of region (municipality, county, …) the position of each atom's region in each
            year, -1 where the atom is in none; shape (kinds, atoms, years).
    """

    codes: list[str]
    labels: dict[str, str]
    members: Ints

    def sum_over(self, atoms: npt.NDArray[np.generic]) -> Floats:
        """Sum an array over atoms to regions: (atoms, years, ...) → (regions, years, ...)."""
        years = atoms.shape[1]
        total = np.zeros((len(self.codes), *atoms.shape[1:]))
        for year in range(years):
            flat = atoms[:, year].reshape(len(atoms), -1).astype(float)
            sums = self._incidence(year) @ flat
            total[:, year] = sums.reshape(len(self.codes), *atoms.shape[2:])
        return total

    def exists(self, years: int) -> npt.NDArray[np.bool_]:
        """Whether the code is in use; shape (regions, years)."""
        return np.stack([self._incidence(year).any(axis=1) for year in range(years)], axis=1)

    def _incidence(self, year: int) -> Floats:
        """1 where an atom belongs to a region that year; shape (regions, atoms)."""
        incidence = np.zeros((len(self.codes) + 1, self.members.shape[1]))
        for positions in self.members[:, :, year]:
            incidence[positions, np.arange(len(positions))] = 1
        return incidence[:-1]

    def position(self, code: str) -> int:
        """The code's position."""
        return self.codes.index(code)


def _regions(codes: Sequence[str], labels: Sequence[str], kinds: Sequence[Texts]) -> Regions:
    place = {code: number for number, code in enumerate(codes)}
    members = np.array([[[place.get(str(code), -1) for code in row] for row in kind] for kind in kinds])
    return Regions(list(codes), dict(zip(codes, labels, strict=True)), members)


def kostra_regions(geography: Geography) -> Regions:
    """`KOKkommuneregion0000`: municipalities, counties (EKA), groups (EKG), country with and without Oslo."""
    rows = read_rows("kostra_regions.csv")
    code = geography.code
    county = np.char.add("EKA", code.astype("U2"))
    groups = geography.grouping("kostra_group")
    group = np.vectorize(groups.__getitem__, otypes=["U5"])(code)
    country = np.full(code.shape, "EAK", dtype="U5")
    without_oslo = np.where(county == "EKA03", "", "EAKUO")
    kinds = [code, county, group, country, without_oslo]
    return _regions([row["code"] for row in rows], [row["label"] for row in rows], kinds)


def plain_regions(geography: Geography, years: int | None = None) -> Regions:
    """`Region`: country (0), counties, municipalities.

    Args:
        geography: the atoms.
        years: keep only codes in use in the first so many years; None keeps all 994 codes of table 07459.
    """
    rows = read_rows("population_regions.csv")
    code = geography.code
    county = code.astype("U2")
    if years is not None:
        used = {"0", *code[:, :years].ravel().tolist(), *county[:, :years].ravel().tolist()}
        rows = [row for row in rows if row["code"] in used]
    kinds = [code, county, np.full(code.shape, "0")]
    return _regions([row["code"] for row in rows], [row["label"] for row in rows], kinds)


def summed_regions(geography: Geography) -> Regions:
    """`agg_KommSummer`: today's municipalities (`K-` and code), with those that were merged into them."""
    names = {row["code"]: row["name"] for row in read_rows("municipalities.csv") if not row["valid_to"]}
    current = np.unique(geography.current)
    kind = np.char.add("K-", np.repeat(geography.current[:, None], len(YEARS), axis=1))
    return _regions([f"K-{code}" for code in current], [names[code] for code in current], [kind])


def without_history(geography: Geography) -> npt.NDArray[np.bool_]:
    """Where a split makes the summed series impossible; shape (current municipalities, years).

    A municipality has no history before the last year in which one of its codes was shared with another.
    """
    current = np.unique(geography.current)
    shared = np.zeros((len(current), len(YEARS)), dtype=bool)
    for year in range(len(YEARS)):
        owners: dict[str, set[str]] = defaultdict(set)
        for code, now in zip(geography.code[:, year].tolist(), geography.current.tolist(), strict=True):
            owners[code].add(now)
        split = {now for several in owners.values() if len(several) > 1 for now in several}
        shared[:, year] = [now in split for now in current]
    backwards: npt.NDArray[np.bool_] = np.logical_or.accumulate(shared[:, ::-1], axis=1)[:, ::-1]
    return backwards
