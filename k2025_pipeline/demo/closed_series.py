"""The demo's closed series 11924: FTE in care by education until 2023, with nurses told apart.

Belongs here: how the groups of 11924 follow from those of 14534. Does not belong here: the groups of 14534 themselves
(`resources`).

Only the total, two groups of nurses, service and administration are known by label, and KF01–KF04 as the codes of the
four groups of nurses. Which of these codes is which, the other codes, the other labels and how a group of 14534 is
divided are assumed.
"""

import numpy as np

from k2025_pipeline.demo import resources
from k2025_pipeline.demo.geography import Floats, stream
from k2025_pipeline.demo.jsonstat_writer import Dimension, Measure, Table
from k2025_pipeline.demo.tables import FTE_CODE, PER_10_000, World, kostra_table, ratio
from k2025_pipeline.demo.users import TABLE_YEARS

LAST_YEAR = 2023
REFERENCE_DAY = "16.11"
GROUPS = {
    "KF01": ("Psykiatrisk sykepleier", "Sykepleiere", 0.055),
    "KF02": ("Geriatrisk sykepleier", "Sykepleiere", 0.06),
    "KF03": ("Sykepleier med annen videreutdanning", "Sykepleiere", 0.105),
    "KF04": ("Sykepleier uten videreutdanning", "Sykepleiere", 0.78),
    "KF05": ("Vernepleier", "Vernepleiere", 1.0),
    "KF06": ("Helsefagarbeider", "Helsefagarbeidere", 1.0),
    "KF07": ("Aktivitør", "Aktivitører", 1.0),
    "KF08": ("Barne- og ungdomsarbeider", "Barne- og ungdomsarbeidere", 1.0),
    "KF09": ("Ergoterapeut", "Ergoterapeuter", 1.0),
    "KF10": ("Barnevernspedagog", "Barnevernspedagoger", 1.0),
    "KF11": ("Miljøterapeut", "Miljøterapeuter", 1.0),
    "KF12": ("Sosionom", "Sosionomer", 1.0),
    "KF13": ("Fysioterapeut", "Pleieassistenter med annen helseutdanning", 0.09),
    "KF14": ("Barnepleier", "Pleieassistenter med annen helseutdanning", 0.07),
    "KF15": ("Annen helseutdanning fra høyskole eller universitet", "Pleieassistenter med annen helseutdanning", 0.14),
    "KF16": ("Pleieassistent med annen helseutdanning", "Pleieassistenter med annen helseutdanning", 0.70),
    "KF17": (
        "Pleieassistent uten helse- og sosialfaglig utdanning",
        "Pleieassistenter uten helse- og sosialfaglig utdanning",
        1.0,
    ),
    "KF18": ("Servicefunksjon", "Service og administrativt personell", 0.72),
    "KF19": ("Administrativt personell", "Service og administrativt personell", 0.28),
}
"""Code, label, the group of 14534 that it is part of, and the part; the parts of a group sum to 1."""
BEFORE_2018 = {2015: 0.985, 2016: 0.99, 2017: 0.996}
"""How the two tables differ: not by much, and not from 2018. The size is assumed."""


def _parts(world: World) -> Floats:
    """FTE by the 19 groups; shape (atoms, 9 years, 19). Sums to the education of 14534 times `BEFORE_2018`."""
    years = [year for year in TABLE_YEARS if year <= LAST_YEAR]
    whole = world.resources.education[:, : len(years)]
    owner = np.array([resources.EDUCATION.index(group) for _, group, _ in GROUPS.values()])
    lasting = stream("closed series").lognormal(0, 0.15, (len(whole), 1, len(GROUPS)))
    weight = np.array([part for _, _, part in GROUPS.values()]) * lasting
    together = np.stack([weight[:, :, owner == group].sum(axis=2) for group in owner], axis=2)
    factor = np.array([BEFORE_2018.get(year, 1.0) for year in years])
    return np.asarray(whole[:, :, owner] * weight / together * factor[:, None])


def table_11924(world: World) -> Table:
    """FTE in care services by education, 2015–2023."""
    groups = world.sums(_parts(world))
    fte = np.concatenate([groups.sum(axis=2, keepdims=True), groups], axis=2)
    per_inhabitant = ratio(fte, world.people[:, : fte.shape[1], None], PER_10_000)
    labels = {"KF00": "Omsorgstjenestene i alt"} | {code: label for code, (label, _, _) in GROUPS.items()}
    measures = [
        Measure(FTE_CODE, "Avtalte årsverk (årsverk)", "årsverk", 1),
        Measure("KOSARBAARSVINNB0000", "Avtalte årsverk per 10 000 innbyggere (årsverk)", "årsverk", 1),
    ]
    title = "11924: Omsorgstjenestene - avtalte årsverk, etter region, utdanning, statistikkvariabel og år"
    between = [Dimension("KOKkyrk200000", "utdanning", labels, elimination=True)]
    cells = np.stack([fte, per_inhabitant], axis=3)
    return kostra_table("11924", title, world, between, measures, cells, REFERENCE_DAY)
