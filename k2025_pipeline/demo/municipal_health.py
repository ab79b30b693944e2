"""The demo's base figures of municipal health, 12191.

Belongs here: occupational therapists in all of municipal health and care, whether there is a healthy-life centre, and
home visits to newborns.
Does not belong here: staff of the care services alone (`resources`).
The label and unit of home visits to newborns are assumed.
"""

import numpy as np

from k2025_pipeline.demo import resources
from k2025_pipeline.demo.faults import NOT_AVAILABLE
from k2025_pipeline.demo.geography import stream
from k2025_pipeline.demo.jsonstat_writer import Measure, Table
from k2025_pipeline.demo.tables import World, kostra_table, ratio

_THERAPISTS = resources.EDUCATION.index("Ergoterapeuter")
_OTHER_THERAPISTS_PER_10_000 = 2.6
_WITH_CENTRE = 0.78
"""Part of today's municipalities with a healthy-life centre; assumed."""
_MEASURES = [
    Measure("KOSergoaarsverk0000", "Ergoterapeuter (kommunehelse + omsorg) (årsverk)", "årsverk", 1),
    Measure("KOSfrisklivssent0000", "Frisklivssentral (ja=1, nei=0)", "ja=1, nei=0", 0),
    Measure("KOShjemmebesokjo0000", "Andel nyfødte med hjemmebesøk av jordmor (prosent)", "prosent", 1),
]
_VISITED, _SPREAD = 0.62, 0.18
"""Part of newborns with a home visit, and how municipalities differ; assumed."""


def table_12191(world: World) -> Table:
    """Municipal health; an area has no yes or no."""
    people, current = world.persons.sum(axis=(2, 3))[:, 1:], np.unique(world.geography.current)
    has_centre = dict(zip(current, stream("centres").random(len(current)) < _WITH_CENTRE, strict=True))
    lasting = stream("therapists").lognormal(0, 0.3, (len(people), 1))
    outside_care = people * _OTHER_THERAPISTS_PER_10_000 / 1e4 * lasting * world.faults.factor
    therapists = world.sums(world.resources.education[:, :, _THERAPISTS] + outside_care)
    centres = np.array([[has_centre[code]] for code in world.geography.current]) * np.ones(people.shape)
    newborns = world.persons[:, 1:, :, 0].sum(axis=2).astype(float)
    part = np.clip(_VISITED + stream("visits").normal(0, _SPREAD, (len(people), 1)), 0, 1)
    visited = ratio(world.sums(newborns * part), world.sums(newborns), 100)
    cells = np.stack([therapists, np.minimum(world.sums(centres), 1), visited], axis=2)
    title = "12191: Kommunehelse - supplerende grunnlagstall og nøkkeltall, etter region, statistikkvariabel og år"
    table = kostra_table("12191", title, world, [], _MEASURES, cells)
    areas = [code.startswith("E") for code in world.regions.codes]
    yes_or_no = table.symbols[areas, 1]
    table.symbols[areas, 1] = np.where(yes_or_no == 0, NOT_AVAILABLE, yes_or_no)
    return table
