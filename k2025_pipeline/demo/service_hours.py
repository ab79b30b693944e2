"""The demo's hours of care services during the year, 11643.

Belongs here: hours from users. Does not belong here: the users (`users`) and their table 11645 (`tables`).
Codes are Statistics Norway's for service 15 and the age groups of the sister table 11645; the rest is assumed.
"""

import numpy as np

from k2025_pipeline.demo import geography as geo
from k2025_pipeline.demo.faults import HIDDEN, region_symbols
from k2025_pipeline.demo.geography import Floats, stream
from k2025_pipeline.demo.jsonstat_writer import Dimension, Measure, Table
from k2025_pipeline.demo.suppression import hide_in_table
from k2025_pipeline.demo.tables import AGES_OF_USERS, World, last_year, wide
from k2025_pipeline.demo.users import TABLE_YEARS

WEEKS = 52
HOURS_OF_HEALTH = np.array([7.2, 6.4, 4.6, 4.0, 4.4])
"""Hours of health services at home per user and week, by age band; assumed."""
HOURS_OF_OTHERS = np.array([9.5, 6.0, 2.4, 1.5, 1.4])
"""Hours of all other services per user of home care and week; assumed."""
_YEAR = "01.01-31.12"


def _hours(world: World) -> Floats:
    """Hours in the year by atom: all services, health services at home; shape (atoms, years, 2, bands)."""
    lasting = stream("hours").lognormal(0, 0.12, (len(world.geography.code), 1, 1))
    health = world.users.home_health * HOURS_OF_HEALTH * WEEKS * lasting
    others = world.users.home_care * HOURS_OF_OTHERS * WEEKS * lasting
    return np.stack([health + others, health], axis=2)


def table_11643(world: World) -> Table:
    """Hours of care services by service and age; plain region codes in use 2015–2025. Hidden where users are few."""
    regions = geo.plain_regions(world.geography, len(TABLE_YEARS))
    users = np.stack([world.users.home_care, world.users.home_health], axis=2)
    hours, counts = (_with_all_ages(regions.sum_over(part)) for part in (_hours(world), users))
    values = last_year(hours[..., None])
    whole = region_symbols(regions, world.faults)
    hidden = hide_in_table(counts, regions, whole)
    symbols = wide(whole, values.shape)
    services = {"00": "Omsorgstenester i alt", "15": "Helsetenester i heimen"}
    return Table(
        "11643",
        "11643: Timar til omsorgstenester i løpet av året, etter region, tenestetype, alder, statistikkvariabel og år",
        [
            Dimension("Region", "region", regions.labels, elimination=True),
            Dimension("TenesteType", "tenestetype", services),
            Dimension("Alder", "alder", AGES_OF_USERS),
        ],
        "Region",
        [Measure("Timeforbruk", "Timar i løpet av året (timar)", "timar", 0)],
        TABLE_YEARS,
        _YEAR,
        values,
        np.where(last_year(hidden[..., None]) & (symbols == 0), HIDDEN, symbols).astype(np.uint8),
    )


def _with_all_ages(by_band: Floats) -> Floats:
    """All ages before the bands on the last axis."""
    return np.concatenate([by_band.sum(axis=-1, keepdims=True), by_band], axis=-1)
