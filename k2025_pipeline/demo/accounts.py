"""The demo's municipal accounts: spending on health and care by function and by type, 12362 and 12367.

Belongs here: how the money of `resources` is divided among functions and types. Does not belong here: how much there
is in all.

Codes of functions and AGD10, AGD2 and FGK9 are Statistics Norway's. The labels of 257 and 258, the codes and labels of
wages and of other services, and every part that a total is divided into are assumed. Only the group (konsern) is
generated, no accounts of the municipality alone.
"""

from dataclasses import dataclass

import numpy as np

from k2025_pipeline.demo.faults import LEKA, LEKA_PER_DAY, NOT_VALID
from k2025_pipeline.demo.geography import Floats, stream
from k2025_pipeline.demo.jsonstat_writer import Dimension, Measure, Table
from k2025_pipeline.demo.tables import World, kostra_table
from k2025_pipeline.demo.users import TABLE_YEARS

HEALTH_AND_CARE = "FGK9"
FUNCTIONS = {
    HEALTH_AND_CARE: "Helse- og omsorg",
    "234": "Aktiviserings- og servicetjenester overfor eldre og personer med funksjonsnedsettelser mv.",
    "253": "Helse- og omsorgstjenester i institusjon",
    "254": "Helse- og omsorgstjenester til hjemmeboende",
    "257": "Helse- og omsorgstjenester til hjemmeboende, funksjon 257",
    "258": "Helse- og omsorgstjenester til hjemmeboende, funksjon 258",
    "261": "Institusjonslokaler",
}
GROSS, NET, WAGES, OTHER_SERVICES = "AGD10", "AGD2", "AGLONN", "A270"
TYPES = {
    GROSS: "Brutto driftsutgifter på funksjon/tjenesteområde",
    NET: "Netto driftsutgifter på funksjon/tjenesteområde",
    WAGES: "Lønnsutgifter",
    OTHER_SERVICES: "Andre tjenester (som inngår i egenproduksjon)",
}
IN_USE = {"254": (2015, 2023), "257": (2024, 2035), "258": (2024, 2035)}
"""First and last year of functions that are not used in all years. Function 254 was closed on 1 January 2024."""
OTHER_SERVICES_2019 = 1.2e9
"""NOK on agency staff in care, the country. Source: Opptrappingsplan for heltid og god bemanning i
omsorgstjenesten, line 319, which also says that it doubled from 2012."""
YEARLY_GROWTH = 2 ** (1 / 7)
_CARE = 0.84
"""Care in spending on health and care: 154.8 of 185.6 billion in 2022 and 171.9 of 204.5 in 2023."""
_PREMISES = 0.07
_ACTIVITY = 0.12
_FUNCTION_257 = 0.45
_MOST_IN_INSTITUTIONS = 0.75
_NET = np.array([0.85, 0.90, 0.83, 0.87, 0.87, 0.87, 0.93])
_WAGES = np.array([0.66, 0.55, 0.76, 0.74, 0.74, 0.74, 0.16])
_REST_OF_OTHER_SERVICES = 1.12
_THOUSANDS = 1e3


@dataclass(frozen=True)
class Accounts:
    """Amounts in NOK.

    Attributes:
        by_type: shape (regions, years, functions, types); in the order of `FUNCTIONS` and `TYPES`.
    """

    by_type: Floats

    def thousands(self) -> Floats:
        """The amounts in 1000 NOK, as they are published."""
        return self.by_type / _THOUSANDS


def generate(world: World) -> Accounts:
    """Spending on health and care of every KOSTRA region."""
    gross = _gross(world)
    others = _other_services(gross, world.faults.factor)
    amounts = np.stack([gross, gross * _NET, gross * _WAGES, others], axis=3)
    by_type = world.sums(amounts)
    _disturb_leka(by_type, world)
    return Accounts(by_type)


def _gross(world: World) -> Floats:
    """Gross spending by atom; shape (atoms, years, functions)."""
    whole = world.resources.spending
    care = _CARE * whole
    institutions = np.minimum(world.resources.institution_spending, _MOST_IN_INSTITUTIONS * care)
    premises = _PREMISES * institutions
    activity = _ACTIVITY * (care - institutions)
    home = care - institutions - activity
    old, new = (
        np.array([IN_USE[code][0] <= year <= IN_USE[code][1] for year in TABLE_YEARS]) for code in ("254", "257")
    )
    parts = [activity, institutions - premises, home * old, home * new * _FUNCTION_257]
    return np.stack([whole, *parts, home * new * (1 - _FUNCTION_257), premises], axis=2)


def _other_services(gross: Floats, factor: Floats) -> Floats:
    """Other services by atom, of which agency staff is a part; shape (atoms, years, functions)."""
    years = np.array(TABLE_YEARS)
    total = OTHER_SERVICES_2019 * YEARLY_GROWTH ** (years - 2019)
    uneven = stream("other services").lognormal(0, 0.5, (len(gross), 1, 1))
    weight = gross[:, :, 1:] * uneven / factor[:, :, None]
    care = weight * (total / weight.sum(axis=(0, 2)))[:, None] * factor[:, :, None]
    return np.concatenate([care.sum(axis=2, keepdims=True) * _REST_OF_OTHER_SERVICES, care], axis=2)


def _disturb_leka(by_type: Floats, world: World) -> None:
    """Institutions of Leka have negative spending, as its spending per day in 12209."""
    place, days = world.regions.position(LEKA), world.sums(world.resources.days)
    columns = [list(TYPES).index(kind) for kind in (GROSS, NET)]
    for year, per_day in LEKA_PER_DAY.items():
        number = TABLE_YEARS.index(year)
        by_type[place, number, list(FUNCTIONS).index("253"), columns] = per_day * days[place, number]


def table_12362(world: World, accounts: Accounts) -> Table:
    """Spending on health and care as a whole, gross and net."""
    between = [
        Dimension("KOKfunksjon0000", "funksjon", {HEALTH_AND_CARE: FUNCTIONS[HEALTH_AND_CARE]}),
        Dimension("KOKart0000", "art", {kind: TYPES[kind] for kind in (GROSS, NET)}),
    ]
    measures = [Measure("KOSbelop0000", "Beløp (1000 kr)", "1000 kr", 0)]
    title = (
        "12362: Utgifter til tjenesteområdene, kommunekonsern, etter region, funksjon, art, statistikkvariabel og år"
    )
    cells = accounts.thousands()[:, :, :1, :2, None]
    return kostra_table("12362", title, world, between, measures, cells)


def table_12367(world: World, accounts: Accounts) -> Table:
    """Detailed accounts of the care functions; `.` where a function is not in use."""
    between = [
        Dimension("KOKregnskapsomfa0000", "regnskapsomfang", {"A": "Kommunekonsern"}),
        Dimension("KOKfunksjon0000", "funksjon", FUNCTIONS),
        Dimension("KOKart0000", "art", TYPES),
    ]
    measures = [Measure("KOSbelop0000", "Beløp (1000 kr)", "1000 kr", 0)]
    title = (
        "12367: Detaljerte regnskapstall driftsregnskapet, etter region, regnskapsomfang, funksjon, art, "
        "statistikkvariabel og år"
    )
    table = kostra_table("12367", title, world, between, measures, accounts.thousands()[:, :, None, :, :, None])
    for code, (first, last) in IN_USE.items():
        unused = [not first <= year <= last for year in TABLE_YEARS]
        table.symbols[:, :, list(FUNCTIONS).index(code), :, :, unused] = NOT_VALID
    return table
