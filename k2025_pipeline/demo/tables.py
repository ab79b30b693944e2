"""The demo tables of population and services: for each its codes, labels and figures.

Belongs here: one function a table, from the generated municipalities to cells.
Does not belong here: how the figures of an atom come about (`population`, `users`, `resources`), the tables of the
labour market (`labour`, `sickness_absence`) and the file format (`jsonstat_writer`).

Codes and labels are Statistics Norway's where public material shows them; those of 14534 and the avtaleform
of 11996 beyond the total are assumed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from k2025_pipeline.demo import faults as faults_module
from k2025_pipeline.demo import geography as geo
from k2025_pipeline.demo import population, resources, users
from k2025_pipeline.demo.faults import HIDDEN, NOT_VALID, Faults, Symbols, hide_small, region_symbols
from k2025_pipeline.demo.geography import Floats, Geography, Ints, Regions
from k2025_pipeline.demo.jsonstat_writer import Dimension, Measure, Table
from k2025_pipeline.demo.resources import Resources
from k2025_pipeline.demo.suppression import Mask, hide_carefully, hide_in_table
from k2025_pipeline.demo.users import TABLE_YEARS, Users

KOSTRA_REGION = "KOKkommuneregion0000"
KOMM_SUMMER = "agg_KommSummer"
END_OF_YEAR = "31.12"
_YEARS = len(TABLE_YEARS)
PER_10_000 = 1e4


_HIDDEN_COLUMN = {
    "home_total": 0,
    "home_0_66": 1,
    "home_80": 3,
    "residents": 4,
    "residents_80": 7,
    "short_stay": 12,
    "long_stay": 13,
}
"""Columns of `World.hidden_users`: three service groups by four ages, then two lengths of stay."""
_FAMILIES = [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [4, 12, 13]]
"""Columns that sum: each total with its parts."""


@dataclass(frozen=True)
class World:
    """Everything generated for one edition.

    Attributes:
        geography: the atoms.
        persons: population; shape (atoms, 12 years, sexes, ages).
        users: users of services.
        resources: staff, places, money.
        faults: what is missing.
    """

    geography: Geography
    persons: Ints
    users: Users
    resources: Resources
    faults: Faults

    @cached_property
    def regions(self) -> Regions:
        """The KOSTRA regions."""
        return geo.kostra_regions(self.geography)

    @cached_property
    def symbols(self) -> Symbols:
        """Symbol of whole KOSTRA region-years; shape (regions, years)."""
        return region_symbols(self.regions, self.faults)

    @cached_property
    def bands(self) -> Floats:
        """Persons at the end of each year; shape (regions, years, bands)."""
        return self.regions.sum_over(bands_at_end_of_year(self.persons))

    @cached_property
    def people(self) -> Floats:
        """Persons at the end of each year; shape (regions, years)."""
        return np.asarray(self.bands.sum(axis=2))

    @cached_property
    def education(self) -> Floats:
        """FTE in care by education group; shape (regions, years, 12)."""
        return self.sums(self.resources.education)

    @cached_property
    def service_groups(self) -> Floats:
        """Users of home care, institutions, activity by all ages, 0–66, 67–79, 80+; shape (regions, years, 4, 3)."""
        found = self.users
        groups = [found.home_care, found.long_stay + found.short_stay, found.activity]
        return np.stack([_total_and_three(self.sums(group)) for group in groups], axis=3)

    @cached_property
    def hidden_users(self) -> Mask:
        """Hidden counts, the same in all KOSTRA tables: `service_groups` and stays by length; see `_HIDDEN_COLUMN`."""
        by_age = np.moveaxis(self.service_groups, 3, 2).reshape(*self.people.shape, -1)
        stays = [self.sums(part.sum(axis=2)) for part in (self.users.short_stay, self.users.long_stay)]
        counts = np.concatenate([by_age, np.stack(stays, axis=2)], axis=2)
        return hide_carefully(counts, self.regions, self.symbols, _FAMILIES)

    def sums(self, atoms: Floats | Ints) -> Floats:
        """Sum over atoms to KOSTRA regions."""
        return self.regions.sum_over(atoms)


def bands_at_end_of_year(persons: Ints) -> Floats:
    """Persons on 31 December (1 January of the next year) by five age bands; shape (atoms, 11 years, 5)."""
    return population.by_band(persons.sum(axis=2)[:, 1:].astype(float))


def build(edition: str, with_programmes: bool = True) -> World:
    """Generate one edition (`revised` or `unrevised`), with or without what its invented programme changes."""
    geography = geo.load()
    persons = population.generate(geography)
    bands = bands_at_end_of_year(persons)
    found = users.generate(geography, bands)
    drawn = faults_module.draw(geography, edition)
    staff = resources.generate(geography, bands.sum(axis=2), found, drawn.factor, with_programmes)
    return World(geography, persons, found.disturbed(drawn.factor), staff, drawn)


def ratio(numerator: Floats, denominator: Floats, scale: float = 1.0) -> Floats:
    """Numerator / denominator × scale; NaN where the denominator is 0."""
    safe = np.where(denominator > 0, denominator, np.nan)
    return np.asarray(scale * numerator / safe)


def last_year(cells: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """(regions, years, rest...) → (regions, rest..., years)."""
    return np.moveaxis(cells, 1, -1)


def wide(symbols: Symbols, shape: Sequence[int]) -> Symbols:
    """Symbols of (regions, years) spread over the dimensions between them."""
    between = [1] * (len(shape) - 2)
    return np.broadcast_to(symbols.reshape(len(symbols), *between, -1), shape).copy()


def _region_dimension(regions: Regions) -> Dimension:
    return Dimension(KOSTRA_REGION, "region", regions.labels)


def kostra_table(
    number: str,
    title: str,
    world: World,
    between: Sequence[Dimension],
    measures: Sequence[Measure],
    cells: Floats,
    refperiod: str = END_OF_YEAR,
) -> Table:
    """A KOSTRA table from cells of shape (regions, years, between..., measures); the years begin in 2015."""
    values = last_year(cells)
    dimensions = [_region_dimension(world.regions), *between]
    years = TABLE_YEARS[: cells.shape[1]]
    symbols = wide(world.symbols[:, : len(years)], values.shape)
    return Table(number, title, dimensions, KOSTRA_REGION, measures, years, refperiod, values, symbols)


def _hide(table: Table, hidden: Mask, measures: Sequence[int]) -> None:
    """Hide cells of some measures where the count (regions, years, measures) behind them is hidden."""
    part = table.symbols[:, measures]
    table.symbols[:, measures] = np.where(last_year(hidden) & (part == 0), HIDDEN, part)


def _hidden(world: World, *names: str) -> Mask:
    """Hidden counts by name; shape (regions, years, names)."""
    return world.hidden_users[..., [_HIDDEN_COLUMN[name] for name in names]]


_MEASURES_12209 = [
    Measure(
        "KOSandelmhelseut0000",
        "Andel brukerrettede årsverk i omsorgstjenesten m/ helsefaglig utdanning (prosent)",
        "prosent",
        1,
    ),
    Measure("KOSaarsverkhelso0000", "Årsverk helse og omsorg per 10 000 innbyggere (årsverk)", "årsverk", 1),
    Measure("KOSaarsvbrukerom0000", "Årsverk per bruker av omsorgstjenesten (årsverk)", "årsverk", 1),
    Measure(
        "KOShjtj80aarover0001",
        "Andel innbyggere 80 år og over som bruker hjemmetjenester (prosent)",
        "prosent",
        1,
    ),
    Measure(
        "KOSsykhjand80aar0000",
        "Andel innbyggere 80 år og over som er beboere på sykehjem (prosent)",
        "prosent",
        1,
    ),
    Measure(
        "KOSandeldagakt670000",
        "Andel innbyggere 67-79 år med dagaktivitetstilbud (prosent)",
        "prosent",
        2,
    ),
    Measure("KOSbduFKG9innbyg0000", "Utgifter til helse og omsorg per innbygger (kr)", "kr", 0),
    Measure("KOSBDU253261oppd0000", "Utgifter per oppholdsdøgn i institusjon (kr)", "kr", 0),
]


def table_12209(world: World) -> Table:
    """Key figures for health and care."""
    staff, found, bands = world.resources, world.users, world.bands
    care = world.education.sum(axis=2)
    user_oriented = care - world.education[..., resources.SERVICE]
    over_80 = bands[..., 3:].sum(axis=2)
    home_80 = world.sums(found.home_care[..., 3:].sum(axis=2))
    residents_80 = world.sums((found.long_stay + found.short_stay)[..., 3:].sum(axis=2))
    columns = [
        ratio(np.add(*resources.educated(world.education)), user_oriented, 100),
        ratio(care + world.sums(staff.other_fte), world.people, PER_10_000),
        ratio(care, world.sums(found.services.sum(axis=2))),
        ratio(home_80, over_80, 100),
        ratio(residents_80, over_80, 100),
        ratio(world.sums(found.day_activity.sum(axis=2)), bands[..., 2], 100),
        ratio(world.sums(staff.spending), world.people),
        ratio(world.sums(staff.institution_spending), world.sums(staff.days)),
    ]
    for year, kroner in faults_module.LEKA_PER_DAY.items():
        columns[7][world.regions.position(faults_module.LEKA), TABLE_YEARS.index(year)] = kroner
    title = "12209: Utvalgte nøkkeltall for helse og omsorg, etter region, statistikkvariabel og år"
    table = kostra_table("12209", title, world, [], _MEASURES_12209, np.stack(columns, axis=2))
    _hide(table, _hidden(world, "home_80", "residents_80"), [3, 4])
    return table


_MEASURES_12292 = {
    "KOSaarsverkbruke0000": ("Brukerrettede årsverk i omsorgstjenesten (antall)", "årsverk"),
    "KOSbeboersykehje0000": ("Institusjon - sykehjemsbeboere (antall)", "antall"),
    "KOSinstoppholdsd0000": ("Institusjon - oppholdsdøgn totalt (antall)", "antall"),
    "KOSkjerne80aarov0000": ("Hjemmetjenester - brukere 80 år og over (antall)", "antall"),
    "KOSkjernetotalt0000": ("Hjemmetjenester - brukere i alt (antall)", "antall"),
    "KOSkorttid0000": ("Institusjon - beboere på tidsbegrenset opphold (antall)", "antall"),
    "KOSlangtid0000": ("Institusjon - beboere på langtidsopphold (antall)", "antall"),
    "KOSkjerne066aar0000": ("Hjemmetjenester - brukere 0-66 år (antall)", "antall"),
    "KOSaarsverkuniho0000": (
        "Årsverk i brukerrettede tjenester m/ helseutdanning fra høyskole/universitet (antall)",
        "årsverk",
    ),
    "KOSaarsverkvidere000": (
        "Årsverk i brukerrettede tjenester m/ helseutdanning fra videregående skole (antall)",
        "årsverk",
    ),
}
_COUNTS_OF_PERSONS_12292 = [1, 3, 4, 5, 6, 7]


def table_12292(world: World) -> Table:
    """Supplementary base figures for care services."""
    found, education = world.users, world.education
    long_stay, short_stay = (world.sums(part.sum(axis=2)) for part in (found.long_stay, found.short_stay))
    home = world.sums(found.home_care)
    columns = [
        education.sum(axis=2) - education[..., resources.SERVICE],
        long_stay + short_stay,
        world.sums(world.resources.days),
        home[..., 3:].sum(axis=2),
        home.sum(axis=2),
        short_stay,
        long_stay,
        home[..., :2].sum(axis=2),
        *resources.educated(education),
    ]
    cells = np.stack(columns, axis=2)
    measures = [Measure(code, label, unit, 0) for code, (label, unit) in _MEASURES_12292.items()]
    title = "12292: Omsorgstjenester - supplerende grunnlagstall, etter region, statistikkvariabel og år"
    table = kostra_table("12292", title, world, [], measures, cells)
    names = ["residents", "home_80", "home_total", "short_stay", "long_stay", "home_0_66"]
    _hide(table, _hidden(world, *names), _COUNTS_OF_PERSONS_12292)
    return table


_MEASURES_12293 = [
    Measure(
        "KOSbeleggomsorgs0000",
        "Andel beboere i institusjon av antall plasser (belegg) (prosent)",
        "prosent",
        1,
    ),
    Measure("KOSlegetimperbeb0000", "Legetimer per uke per beboer i sykehjem (timer)", "timer", 2),
    Measure(
        "KOSlangtid80aaro0001",
        "Institusjon - andel innbyggere 80 år og eldre med langtidsopphold i sykehjem (prosent)",
        "prosent",
        1,
    ),
]


def table_12293(world: World) -> Table:
    """Supplementary key figures for care services."""
    found, staff = world.users, world.resources
    residents = world.sums((found.long_stay + found.short_stay).sum(axis=2))
    long_80 = world.sums(found.long_stay[..., 3:].sum(axis=2))
    occupancy = ratio(residents, world.sums(staff.places[..., 1]), 100)
    zero_from = TABLE_YEARS.index(faults_module.OSLO_ZERO_FROM)
    occupancy[world.regions.position(faults_module.OSLO), zero_from:] = 0
    hours = ratio(world.sums(staff.physicians[:, :, -1].sum(axis=2)) * resources.HOURS_PER_FTE, residents)
    share = ratio(long_80, world.bands[..., 3:].sum(axis=2), 100)
    title = "12293: Omsorgstjenester - supplerende nøkkeltall, etter region, statistikkvariabel og år"
    table = kostra_table("12293", title, world, [], _MEASURES_12293, np.stack([occupancy, hours, share], axis=2))
    hidden = np.stack([*2 * [_hidden(world, "residents")[..., 0]], hide_small(long_80, world.regions)], axis=2)
    _hide(table, hidden, [0, 1, 2])
    return table


_OCCUPATIONS = {
    "TOT": "I alt",
    "01": "Sykepleiere",
    "02": "Spesialsykepleiere",
    "03": "Helsefagarbeidere mv.",
    "04": "Hjemmehjelper og andre pleiemedarbeidere",
    "05": "Vernepleiere",
    "06": "Barnevernspedagoger, miljøterapeuter, sosionomer mv.",
    "07a": "Ledere av helse-, omsorgs- og sosialtjenester",
    "07b": "Andre ledere",
    "07c": "Kjøkkenyrker",
    "07d": "Renholdere og vaktmestre mv.",
    "07e": "Saksbehandlere og kontormedarbeidere mv.",
    "08": "Ergoterapeuter",
    "09": "Andre helserelaterte yrker",
    "99": "Uspesifisert",
}
FTE_CODE = "KOSARBAARSVERKST0000"


def table_14533(world: World) -> Table:
    """FTE in care services by occupation."""
    parts = world.sums(world.resources.occupation)
    cells = np.concatenate([parts.sum(axis=2, keepdims=True), parts], axis=2)[..., None]
    title = "14533: Årsverk i omsorgstjenestene, etter region, yrke, statistikkvariabel og år"
    measures = [Measure(FTE_CODE, "Avtalte årsverk (årsverk)", "årsverk", 0)]
    return kostra_table("14533", title, world, [Dimension("KOKyrker0000", "yrke", _OCCUPATIONS)], measures, cells)


def table_14534(world: World) -> Table:
    """FTE in care services by type of position and education."""
    service = np.arange(len(resources.EDUCATION)) == resources.SERVICE
    positions = np.stack([world.education, world.education * ~service, world.education * service], axis=2)
    fte = np.concatenate([positions.sum(axis=3, keepdims=True), positions], axis=3)
    per_inhabitant = ratio(fte, world.people[:, :, None, None], PER_10_000)
    labels = ["Omsorgstjenestene i alt", *resources.EDUCATION]
    educations = dict(zip(["TOT", *(f"{number:02d}" for number in range(1, 13))], labels, strict=True))
    between = [
        Dimension(
            "KOKstillingkode0000",
            "stillingstype",
            {"TOT": "I alt", "1": "Brukerrettede stillinger", "2": "Service og administrasjon"},
        ),
        Dimension("KOKutdanningoms0000", "utdanning", educations),
    ]
    measures = [
        Measure(FTE_CODE, "Avtalte årsverk (årsverk)", "årsverk", 1),
        Measure("KOSARBAARSVINNB0000", "Avtalte årsverk per 10 000 innbyggere (årsverk)", "årsverk", 1),
    ]
    title = "14534: Årsverk i omsorgstjenestene, etter region, stillingstype, utdanning, statistikkvariabel og år"
    return kostra_table("14534", title, world, between, measures, np.stack([fte, per_inhabitant], axis=4))


def _total_and_three(by_band: Floats) -> Floats:
    """Five bands (last axis) → all ages, 0–66, 67–79, 80+."""
    young, middle, old = by_band[..., :2].sum(axis=-1), by_band[..., 2], by_band[..., 3:].sum(axis=-1)
    return np.stack([young + middle + old, young, middle, old], axis=-1)


def table_12003(world: World) -> Table:
    """Users of care services by age and group of services; the age dimension comes before the region."""
    counts = world.service_groups
    per_1000 = ratio(counts, _total_and_three(world.bands)[..., None], 1000)
    values = np.moveaxis(last_year(np.stack([counts, per_1000], axis=4)), 1, 0)
    symbols = np.moveaxis(wide(world.symbols, np.moveaxis(values, 0, 1).shape), 1, 0)
    by_age = np.moveaxis(world.hidden_users[..., :12].reshape(*world.people.shape, 3, 4), 2, 3)
    hidden = np.moveaxis(last_year(by_age), 1, 0)[:, :, :, None]
    dimensions = [
        Dimension(
            "KOKalder0000",
            "alder",
            {
                "F000-120": "I alt",
                "F000-066": "0 - 66 år",
                "F067-079": "67-79 år",
                "F080-120": "80 år og over",
            },
            elimination=True,
        ),
        _region_dimension(world.regions),
        Dimension(
            "KOKTenesteGrp0000",
            "tjenestegrupper",
            {"A": "Heimeteneste", "B": "Institusjonstenester", "C": "Aktiviserings- og servicetenester"},
        ),
    ]
    measures = [
        Measure("KOSomsorgantbruk0000", "Brukere (antall)", "antall", 0),
        Measure("KOSPr1000innbyge0000", "Omsorgstjenester - brukere per 1000 innbyggere (antall)", "antall", 1),
    ]
    return Table(
        "12003",
        "12003: Omsorgstjenester - brukere, etter alder, region, tjenestegrupper, statistikkvariabel og år",
        dimensions,
        KOSTRA_REGION,
        measures,
        TABLE_YEARS,
        END_OF_YEAR,
        values,
        np.where(hidden & (symbols == 0), HIDDEN, symbols),
    )


def table_11875(world: World) -> Table:
    """Places in institutions; municipalities without institutions are absent."""
    labels = {
        "KOSinstdemenspla0000": "Institusjon - demensplasser (antall)",
        "KOSinstdispplass0000": "Institusjon - alle disponible plasser (antall)",
        "KOSinstrehabplas0000": "Institusjon - rehabiliteringsplasser (antall)",
        "KOSinsttidsbegrp0000": "Institusjon - tidsbegrensede plasser (antall)",
        "KOSsykehjdisppla0000": "Sykehjem - disponible plasser (antall)",
    }
    measures = [Measure(code, label, "antall", 0) for code, label in labels.items()]
    listed = faults_module.places_regions(world.geography, world.regions)
    values = last_year(world.sums(world.resources.places))[listed]
    codes = {world.regions.codes[place]: world.regions.labels[world.regions.codes[place]] for place in listed}
    return Table(
        "11875",
        "11875: Institusjonsplasser, etter region, statistikkvariabel og år",
        [Dimension(KOSTRA_REGION, "region", codes)],
        KOSTRA_REGION,
        measures,
        TABLE_YEARS,
        END_OF_YEAR,
        values,
        wide(world.symbols[listed], values.shape),
    )


_FUNCTIONS = {
    "FGK10": "Kommunehelsetjenester knyttet til fysioterapi- og legeårsverk",
    "120": "Administrasjon",
    "232": "Helsestasjons- og skolehelsetjeneste",
    "233": "Annet forebyggende helsearbeid",
    "241": "Diagnose, behandling, habilitering og rehabilitering",
    "253": "Helse- og omsorgstjenester i institusjon",
    "256": "Øyeblikkelig hjelp døgntilbud",
}


def table_11996(world: World) -> Table:
    """Agreed physician FTE by form of agreement and function."""
    parts = world.sums(world.resources.physicians)
    forms = np.concatenate([parts.sum(axis=3, keepdims=True), parts], axis=3)
    order = [*range(len(resources.PHYSICIAN_FUNCTIONS) - 1), -1, len(resources.PHYSICIAN_FUNCTIONS) - 1]
    functions = np.concatenate([forms.sum(axis=2, keepdims=True), forms[:, :, order]], axis=2)
    between = [
        Dimension("KOKavtaleform0000", "avtaleform", {"sum": "I alt", "1": "Fastlønn", "2": "Avtalehjemmel"}),
        Dimension("KOKfunksjon0000", "funksjon", _FUNCTIONS),
    ]
    measures = [Measure("KOSlegeaarsverk0000", "Avtalte legeårsverk (årsverk)", "årsverk", 1)]
    title = "11996: Avtalte legeårsverk, etter region, avtaleform, funksjon, statistikkvariabel og år"
    table = kostra_table("11996", title, world, between, measures, functions.swapaxes(2, 3)[..., None])
    first_year = TABLE_YEARS.index(resources.FIRST_YEAR_OF_256)
    before_256 = table.symbols[:, :, list(_FUNCTIONS).index("256"), :, :first_year]
    before_256[before_256 == 0] = NOT_VALID
    return table


AGES_OF_USERS = {
    "Ialt": "Alle aldrar",
    "00-49": "0-49 år",
    "50-66": "50-66 år",
    "67-79": "67-79 år",
    "80-89": "80-89 år",
    "90+": "90 år og eldre",
}


def table_11645(world: World) -> Table:
    """Users of care services by service and age; plain region codes in use 2015–2025."""
    regions = geo.plain_regions(world.geography, _YEARS)
    found = world.users
    by_band = [regions.sum_over(part) for part in (found.services, found.home_health, found.long_stay)]
    counts = np.stack([np.concatenate([p.sum(axis=2, keepdims=True), p], axis=2) for p in by_band], axis=2)
    values = last_year(counts[..., None])
    whole = region_symbols(regions, world.faults)
    hidden = hide_in_table(counts, regions, whole)
    symbols = wide(whole, values.shape)
    dimensions = [
        Dimension("Region", "region", regions.labels, elimination=True),
        Dimension(
            "TenesteType",
            "tenestetype",
            {
                "00": "Omsorgstenester i alt",
                "15": "Helsetenester i heimen",
                "21": "Langtidsopphald i institusjon",
            },
        ),
        Dimension(
            "Alder",
            "alder",
            AGES_OF_USERS,
        ),
    ]
    return Table(
        "11645",
        "11645: Brukarar av omsorgstenester, etter region, tenestetype, alder, statistikkvariabel og år",
        dimensions,
        "Region",
        [Measure("Brukere1", "Brukarar (personar)", "personer", 0)],
        TABLE_YEARS,
        END_OF_YEAR,
        values,
        np.where(last_year(hidden[..., None]) & (symbols == 0), HIDDEN, symbols).astype(np.uint8),
    )


def _population_table(regions: Regions, persons: Ints, without: Symbols, extension: Mapping[str, object]) -> Table:
    values = np.moveaxis(regions.sum_over(persons), 1, -1)[:, :, :, None]
    ages = [f"{age:03d}" for age in range(population.AGES - 1)]
    labels = {age: f"{int(age)} år" for age in ages} | {"105+": "105 år eller eldre"}
    dimensions = [
        Dimension("Region", "region", regions.labels, elimination=True),
        Dimension("Kjonn", "kjønn", {"2": "Kvinner", "1": "Menn"}, elimination=True),
        Dimension("Alder", "alder", labels, elimination=True),
    ]
    return Table(
        "07459",
        "07459: Befolkning, etter region, kjønn, alder, statistikkvariabel og år",
        dimensions,
        "Region",
        [Measure("Personer1", "Personer", "personer", 0)],
        geo.YEARS,
        "01.01",
        values,
        wide(without, values.shape),
        extension,
    )


def table_07459(geography: Geography, persons: Ints) -> Table:
    """Population by plain region codes, all 994 of them."""
    regions = geo.plain_regions(geography)
    without = np.where(regions.exists(len(geo.YEARS)), 0, NOT_VALID).astype(np.uint8)
    return _population_table(regions, persons, without, {})


def table_07459_summed(geography: Geography, persons: Ints) -> Table:
    """Population of today's municipalities with those that were merged into them."""
    regions = geo.summed_regions(geography)
    broken = geo.without_history(geography)
    parts = {
        code: sorted(set(geography.code[geography.current == code[2:]][:, ~broken[place]].ravel().tolist()))
        for place, code in enumerate(regions.codes)
    }
    codelist = {"label": "Kommuner, sammenslåtte tidsserier", "valueMap": parts}
    return _population_table(regions, persons, np.where(broken, NOT_VALID, 0).astype(np.uint8), {"codelist": codelist})
