"""Faults that no single table shows: all in one build, each at a place of its own.

Belongs here: the declarations, each with how it is planted and where it is seen. Does not belong here: the build
(``test_build_faults``). Also those that are expected to slip, since only a build can show that nothing sees them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from k2025_pipeline.catalog.base import Text
from k2025_pipeline.catalog.quality import LevelId
from mutations.faults import Fault
from mutations.good_source import SPLIT, SPLIT_INTO, WITHOUT_REPORT, Source

CARE, USERS, PEOPLE = "12209", "11645", "07459"
COUNTS, OCCUPANCY, OCCUPATION, EDUCATION = "12292", "12293", "14533", "14534"
KR, HOURS, LONG_TERM = "expenditure_per_inhabitant", "physician_hours_per_resident", "share_80_long_term"
Place = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class BuildFault(Fault):
    """A fault that is seen when tables are held against each other.

    Attributes:
        plant: changes the source. sql: changes the models that are built, instead.
        place: what the rows that break because of it have in common.
    """

    plant: Callable[[Source], object] = lambda source: None
    sql: tuple[str, ...] = ()
    place: Place


def _caught(
    id: str,
    nb: str,
    en: str,
    table: str,
    check: tuple[str, str],
    place: Place,
    level: LevelId = "relations",
    **how: Any,
) -> BuildFault:
    name = f"{check[1]}_{check[0].rpartition('/')[2]}"
    return BuildFault(
        id=id, text=Text(nb=nb, en=en), planted_in=table, level=level, check=(check[0], name), place=place, **how
    )


def _slips(id: str, text: tuple[str, str], table: str, place: Place, why: tuple[str, str], plant: Any) -> BuildFault:
    return BuildFault(
        id=id,
        text=Text(nb=text[0], en=text[1]),
        planted_in=table,
        slips=Text(nb=why[0], en=why[1]),
        plant=plant,
        place=place,
    )


def _plus(source: Source, table: str, more: float, **where: Any) -> None:
    source.tables[table].change(lambda cell: cell + more, **where)


def _county_of_users(source: Source) -> None:
    """Two figures, so that categories still make their total."""
    _plus(source, USERS, 20, region_code="11", period="2024", age_group=["total", "50-66"], service_type="home_health")


def _users(source: Source) -> None:
    source.tables[COUNTS].put(9000.0, None, region_code="5006", period="2023", measure="users_home_services_80")


def _occupations(source: Source) -> None:
    _plus(source, OCCUPATION, 40, region_code="1506", period="2022", occupation=["total", "nurse"])


def _retired(source: Source) -> None:
    source.tables[CARE].put(41_000.0, None, region_code=SPLIT, period="2025", measure=KR)


def _unknown(source: Source) -> None:
    table = source.tables[CARE]
    table.add("region_code", SPLIT, "1599", "Ukjent")
    table.put(None, ".", region_code="1599")
    table.put(41_000.0, None, region_code="1599", period="2024", measure=KR)


def _one_hidden(source: Source) -> None:
    where = {"service_type": "long_term", "age_group": "0-49"}
    source.tables[USERS].put(None, ":", region_code="1108", period="2023", **where)


def _years_late(source: Source) -> None:
    """Every figure of a measure a year late, where the municipality is the same; the first year keeps its own."""
    table = source.tables[CARE]
    codes = [code for code in table.names["region_code"] if code not in (SPLIT, *SPLIT_INTO, "1599")]
    for year in ("2025", "2024", "2023", "2022"):
        here, before = (
            table.at(measure="fte_per_10000", region_code=codes, period=p) for p in (year, str(int(year) - 1))
        )
        table.cells[here] = table.cells[before].copy()
        table.symbols[here] = table.symbols[before].copy()


def _swap_towns(source: Source) -> None:
    table = source.tables[OCCUPANCY]
    here, there = (table.at(region_code=code, period="2023", measure=HOURS) for code in ("1106", "1108"))
    table.cells[here], table.cells[there] = table.cells[there].copy(), table.cells[here].copy()


def _one_zero(source: Source) -> None:
    town, year = WITHOUT_REPORT
    source.tables[OCCUPANCY].put(0.0, None, region_code=town, period=year, measure=HOURS)


def _other_symbol(source: Source) -> None:
    source.tables[CARE].put(None, "..", region_code="1505", period="2022", measure="share_67_79_day_activity")


SUMS, SEEN = "marts/held_sums", "core/observations"
IN_SUMS: Place = {"table_id": EDUCATION}

RELATIONS = [
    _caught(
        "total_off_by_one",
        "En sum er én for stor",
        "A total is one too large",
        EDUCATION,
        (SUMS, "parts_make_totals"),
        {"table_id": EDUCATION, "region_code": "1106", "period": "2023"},
        plant=lambda s: _plus(s, EDUCATION, 1, region_code="1106", period="2023", education="total", measure="fte"),
    ),
    _caught(
        "country_total",
        "Landets sum er tre for stor",
        "The country's total is three too large",
        EDUCATION,
        (SUMS, "parts_near_totals"),
        {"table_id": EDUCATION, "region_code": "EAK", "period": "2022"},
        plant=lambda s: _plus(s, EDUCATION, 3, region_code="EAK", period="2022", education="total", measure="fte"),
    ),
    _caught(
        "county_off_by_one",
        "Et fylke har én innbygger mer enn kommunene",
        "A county has one inhabitant more than its municipalities",
        PEOPLE,
        (SUMS, "municipalities_make_areas"),
        {"table_id": PEOPLE, "region_code": "EKA15"},
        plant=lambda s: _plus(s, PEOPLE, 1, region_code="15", period="2023", sex="male", age="050"),
    ),
    _caught(
        "county_of_users",
        "Et fylke har 20 brukere mer enn kommunene",
        "A county has 20 users more than its municipalities",
        USERS,
        (SUMS, "municipalities_near_areas"),
        {"table_id": USERS, "region_code": "EKA11", "period": "2024"},
        plant=_county_of_users,
    ),
    _caught(
        "education_against_occupation",
        "Årsverk etter yrke og etter utdanning er ulike",
        "FTEs by occupation and by education differ",
        OCCUPATION,
        ("core/observations_published", "same_in_both_tables"),
        {"table_id": OCCUPATION, "region_code": "1506", "period": "2022"},
        plant=_occupations,
    ),
    _caught(
        "users_above_population",
        "Flere brukere over 80 år enn innbyggere",
        "More users aged 80 and over than inhabitants",
        COUNTS,
        (SEEN, "users_within_population"),
        {"table_id": COUNTS, "region_code": "5006", "period": "2023"},
        plant=_users,
    ),
    _caught(
        "part_above_whole",
        "Flere årsverk med utdanning enn årsverk i alt",
        "More FTEs with education than FTEs in all",
        COUNTS,
        ("marts/indicator_results", "part_within_whole"),
        {"region_code": "1101", "period": "2024"},
        plant=lambda s: _plus(s, COUNTS, 400, region_code="1101", period="2024", measure="user_oriented_fte_higher"),
    ),
    _caught(
        "retired_code",
        "En nedlagt kommune har tall igjen",
        "A municipality that is no more has figures again",
        CARE,
        (SEEN, "region_valid_in_year"),
        {"table_id": CARE, "region_code": SPLIT, "period": "2025"},
        plant=_retired,
    ),
    _caught(
        "unknown_code",
        "En kommunekode som Klass ikke kjenner",
        "A municipality's code that Klass does not know",
        CARE,
        (SEEN, "region_valid_in_year"),
        {"table_id": CARE, "region_code": "1599"},
        plant=_unknown,
    ),
    _caught(
        "one_hidden",
        "Bare ett tall er skjult, så det kan regnes ut",
        "A single figure is hidden, so that it can be worked out",
        USERS,
        ("marts/recoverable_cells", "source_gives_nothing_away"),
        {"table_id": USERS, "period": "2023"},
        plant=_one_hidden,
    ),
    _caught(
        "status_missing",
        "Et manglende tall uten status",
        "A missing figure without status",
        "core.observations",
        (SEEN, "value_and_status_agree"),
        {"table_id": CARE, "region_code": "1103", "period": "2021"},
        sql=(
            "update core.observations set value = null, obs_status = null where table_id = '12209' and structure = "
            f"'as_published' and region_code = '1103' and period = '2021' and measure = '{KR}'",
        ),
    ),
    _caught(
        "value_marked_missing",
        "Et tall merket som manglende (M)",
        "A figure marked as missing (M)",
        "core.observations",
        (SEEN, "value_and_status_agree"),
        {"table_id": CARE, "region_code": "1103", "period": "2022"},
        sql=(
            "update core.observations set obs_status = 'M' where table_id = '12209' and structure = 'as_published' "
            f"and region_code = '1103' and period = '2022' and measure = '{KR}'",
        ),
    ),
    _caught(
        "figure_twice",
        "Et tall står to ganger",
        "A figure stands twice",
        "core.observations",
        (SEEN, "unique_together"),
        {"table_id": CARE, "region_code": "1103", "period": "2023"},
        sql=(
            "insert into core.observations select * from core.observations where table_id = '12209' and structure = "
            f"'as_published' and region_code = '1103' and period = '2023' and measure = '{KR}'",
        ),
    ),
    _caught(
        "indicator_twice",
        "En rad med en indikator står to ganger",
        "A row of an indicator stands twice",
        "marts.indicator_results",
        ("marts/indicator_results", "unique_together"),
        {"indicator_id": "KOMP-03", "region_code": "1505", "period": "2023"},
        sql=(
            "insert into marts.indicator_results select * from marts.indicator_results where indicator_id = 'KOMP-03' "
            "and structure = 'as_published' and region_code = '1505' and period = '2023'",
        ),
    ),
    _caught(
        "no_successor",
        "En kommune er ikke blitt til noen av dagens",
        "A municipality has become none of today's",
        "core.region_links",
        ("core/region_links", "has_no_gaps"),
        {"region_code": SPLIT, "year": "2022"},
        sql=(f"update core.region_links set current_unit = null where region_code = '{SPLIT}' and year = '2022'",),
    ),
    _caught(
        "hidden_given_away",
        "Et tall vi lager, røper et skjult",
        "A figure that is made here gives a hidden one away",
        "marts.recoverable_cells",
        ("marts/recoverable_cells", "gives_nothing_away"),
        {"table_id": USERS, "region_code": "5006", "period": "2022"},
        sql=(
            "insert into marts.recoverable_cells by name select '11645' as table_id, '5006' as region_code, "
            "'2022' as period, 'us' as given_by",
        ),
    ),
]

RECONCILIATION = [
    _caught(
        "printed_figure",
        "Landets andel er to prosentpoeng over den trykte",
        "The country's share is two points above the printed one",
        CARE,
        ("public/reconciliation", "agrees_with_documents"),
        {"ref_id": "R101-2023"},
        level="reconciliation",
        plant=lambda s: _plus(s, CARE, 2, region_code="EAK", period="2023", measure="share_fte_health_educated"),
    ),
    _caught(
        "a_year_late",
        "Alle tall for et måltall står ett år for sent",
        "All figures of a measure stand a year late",
        CARE,
        ("public/reconciliation", "agrees_with_documents"),
        {"ref_id": ["R301-2022", "R301-2023", "R301-2024", "R301-2025"]},
        level="reconciliation",
        plant=_years_late,
    ),
    _caught(
        "summed_otherwise",
        "Folketallet er ett annet enn i SSBs summerte serie",
        "The population is one away from the series that Statistics Norway sums",
        "staging.stg_ssb_07459",
        (SEEN, "agrees_with_summed_series"),
        {"region_code": "1108", "period": "2024"},
        level="reconciliation",
        sql=(
            "create table staging.summed as from staging.stg_ssb_07459 union all select * replace ("
            "'current' as structure, case when age = '050' and sex = '1' then value + 1 else value end as value) "
            "from staging.stg_ssb_07459 where region_code = '1108' and period = '2024' and structure = 'as_published'",
            "drop view staging.stg_ssb_07459",
            "alter table staging.summed rename to stg_ssb_07459",
        ),
    ),
]

SLIPPING = [
    _slips(
        "one_per_cent",
        ("Ett tall i én kommune er 1 prosent for høyt", "One municipality's figure is 1 per cent too high"),
        CARE,
        {"region_code": "1103", "period": "2024", "measure": KR},
        (
            "En så liten endring er som en vanlig rettelse. Den står i endringslisten med gammel og ny verdi. Bare "
            "kommunens eget regnskap, eller en indikator av samme sak fra en annen tabell, ville avsløre den.",
            "So small a change is as an ordinary correction. It stands in the list of changes with the old and the "
            "new figure. Only the municipality's own accounts, or the same matter in another table, would tell.",
        ),
        lambda s: s.tables[CARE].change(lambda c: round(c * 1.01), region_code="1103", period="2024", measure=KR),
    ),
    _slips(
        "swapped_towns",
        ("To like kommuner har byttet ett tall", "Two similar municipalities have swapped one figure"),
        OCCUPANCY,
        {"region_code": ["1106", "1108"], "period": "2023", "measure": HOURS},
        (
            "Summer og middelverdier er de samme, og begge tallene er rimelige. En regel om at to revisjoner ikke er "
            "hverandres speilbilde, ville se det, men tilfeldige treff ville være mange.",
            "Sums and medians are the same, and both figures are likely. A rule that no two revisions mirror each "
            "other would see it, but many such pairs come by chance.",
        ),
        _swap_towns,
    ),
    _slips(
        "ten_per_cent",
        ("Alle tall for et måltall er 10 prosent for høye", "All figures of a measure are 10 per cent too high"),
        OCCUPANCY,
        {"measure": LONG_TERM},
        (
            "Grensen for størrelse er en faktor 2, siden SSB har rettet hele serier med flere prosent (21. mars 2025). "
            "Revisjonens størrelse vises på morgensiden. Et trykt tall for landet ville vise den i avstemmingen.",
            "The limit of magnitude is a factor of 2, since Statistics Norway has corrected whole series by several "
            "per cent (21 March 2025). The size of the revision is shown on the morning page. A printed figure of the "
            "country would tell in the reconciliation.",
        ),
        lambda s: s.tables[OCCUPANCY].change(lambda cell: round(cell * 1.1, 1), measure=LONG_TERM),
    ),
    _slips(
        "one_zero_for_missing",
        ("Ett manglende tall er blitt 0", "One missing figure became 0"),
        OCCUPANCY,
        {"region_code": WITHOUT_REPORT[0], "period": WITHOUT_REPORT[1], "measure": HOURS},
        (
            "En kommune som rapporterer sent, kan ha 0 av noe. Først når alt er 0, avvises utgaven. Måltall der 0 "
            "ikke finnes, kan få `zero_means_missing` i kontrakten; da blir det M.",
            "A municipality that reports late may have 0 of something. Only where everything is 0 the vintage is "
            "refused. A measure of which there is no 0 can be declared `zero_means_missing`; it then becomes M.",
        ),
        _one_zero,
    ),
    _slips(
        "within_rounding",
        ("En sum er to for stor, innenfor avrundingen", "A total is two too large, within the rounding"),
        USERS,
        {"table_id": USERS, "region_code": "1103", "period": "2023"},
        (
            "SSB avrunder hvert tall for seg, så delene kan avvike så mye fra summen uten at noe er galt.",
            "Statistics Norway rounds each figure by itself, so that parts may differ as much from their total with "
            "nothing wrong.",
        ),
        lambda s: _plus(s, USERS, 2, region_code="1103", period="2023", age_group="total", service_type="total"),
    ),
    _slips(
        "figure_lost",
        ("Ett tall er blitt «..»", "One figure became «..»"),
        CARE,
        {"region_code": "1505", "period": "2022", "measure": "share_67_79_day_activity"},
        (
            "Enkelte tall trekkes tilbake. Andelen uten tall måles hver natt, og grensen er 10 prosent av et måltall i "
            "et år. Tallet står i endringslisten som borte, og ingenting settes i stedet.",
            "Single figures are withdrawn. The share without figure is measured every night, and its limit is 10 per "
            "cent of a measure in a year. It stands in the list of changes as gone, and nothing takes its place.",
        ),
        _other_symbol,
    ),
]

BUILD_FAULTS = [*RELATIONS, *RECONCILIATION, *SLIPPING]
