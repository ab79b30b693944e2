"""Faults of what the source answers: each in an answer of its own, in a night of its own.

Belongs here: the declarations, each with how it is planted. Does not belong here: the nights (``test_source_faults``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from faults.small_statbank import NEXT_NIGHT
from k2025_pipeline.catalog.base import Text
from k2025_pipeline.catalog.quality import LevelId
from mutations.faults import Fault
from mutations.good_source import GROUPS, HIDDEN, KLASS, MODIFIED_AGAIN, OLDER, STAMP, WITHOUT_REPORT, Source

CARE, USERS, PEOPLE, EDUCATION = "12209", "11645", "07459", "14534"
SHARE, FTE, KR = "share_80_home_services", "fte_per_10000", "expenditure_per_inhabitant"
Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class SourceFault(Fault):
    """A fault of an answer.

    Attributes:
        plant: changes the source, which is good and newly stamped. wire: name of a fault of the local Statbank, which
        strikes the figures of the table instead. edit: what a new one of these does to the answer.
        table: whose figures or codes are wrong. started: of the night.
    """

    plant: Callable[[Source], object] = lambda source: None
    wire: str = ""
    edit: Callable[[Json], Json] | None = None
    table: str = CARE
    started: datetime = NEXT_NIGHT


def _admission(id: str, nb: str, en: str, check: str = "answered", **more: Any) -> SourceFault:
    table = more.get("table", CARE)
    return SourceFault(
        id=id,
        text=Text(nb=nb, en=en),
        planted_in=table,
        level="admission",
        check=(f"raw/ssb_{table}", check),
        **more,
    )


def _typed(
    id: str,
    nb: str,
    en: str,
    rule: str,
    plant: Callable[[Source], object],
    table: str = CARE,
    level: LevelId = "contract",
    dataset: str = "",
) -> SourceFault:
    return SourceFault(
        id=id,
        text=Text(nb=nb, en=en),
        planted_in=f"Klass {table}" if dataset else table,
        level=level,
        check=(f"typed/{dataset or f'ssb_{table}'}", level),
        rule=rule,
        plant=plant,
        table=table,
        # Klass is asked only once a week where no table is new.
        started=NEXT_NIGHT + timedelta(days=8) if dataset else NEXT_NIGHT,
    )


def _text_in_number(document: Json) -> Json:
    place = next(n for n, value in enumerate(document["value"]) if value is not None)
    document["value"][place] = str(document["value"][place]).replace(".", ",")
    return document


def _region_twice(document: Json) -> Json:
    """The first region a second time, in the place of the second one."""
    category = document["dimension"][document["role"]["geo"][0]]["category"]
    known = sorted(category["index"], key=category["index"].__getitem__)
    category["index"] = [known[0], known[0], *known[2:]]
    return document


def _one_cell_too_few(document: Json) -> Json:
    document["value"].pop()
    return document


def _same_stamp(source: Source) -> None:
    source.tables[CARE].updated = STAMP
    source.tables[CARE].change(lambda cell: cell + 1, measure=FTE)


def _swap_cells(source: Source, one: str, other: str) -> None:
    table = source.tables[CARE]
    here, there = table.at(measure=one), table.at(measure=other)
    for cells in (table.cells, table.symbols):
        cells[here], cells[there] = cells[there].copy(), cells[here].copy()


def _swap_labels(source: Source, column: str, one: str, other: str) -> None:
    table = source.tables[CARE]
    names, first, second = table.names[column], table.code(column, one), table.code(column, other)
    names[first], names[second] = names[second], names[first]


def _with_year(source: Source, year: str) -> Any:
    """The table with a good new year: figures are a twentieth larger than in 2025."""
    table = source.tables[CARE]
    table.add("period", "2025", year, year)
    table.change(lambda cell: round(cell * 1.05, 0 if cell >= 10 else 1), period=year)
    return table


def _klass(source: Source, number: str) -> Json:
    content = source.klass[number]
    content["classification"]["lastModified"] = MODIFIED_AGAIN
    return content


ADMISSION = [
    _admission("html", "En HTML-side i stedet for JSON", "An HTML page instead of JSON", wire="html"),
    _admission("truncated", "JSON kuttet på midten", "JSON cut in the middle", wire="cut-json"),
    _admission("deep", "10 000 lister i hverandre", "10,000 lists in each other", wire="deep"),
    _admission("other_table", "Svar om en annen tabell", "An answer about another table", wire="other-table"),
    _admission("empty", "Et tomt svar", "An empty answer", wire="empty-object"),
    _admission(
        "text_in_number", "Tekst der et tall skal stå", "Text where a number should be", wire="t", edit=_text_in_number
    ),
    _admission("duplicated_key", "En region to ganger", "A region given twice", wire="t", edit=_region_twice),
    _admission("short", "En celle for lite i svaret", "An answer one cell short", wire="t", edit=_one_cell_too_few),
    _admission(
        "stale_vintage",
        "Utgaven er eldre enn den vi har",
        "The vintage is older than ours",
        plant=lambda s: setattr(s.tables[CARE], "updated", OLDER),
    ),
    _admission(
        "silent_change",
        "Andre tall under samme stempel",
        "Other figures under the same stamp",
        check="stamp_tells_changes",
        plant=_same_stamp,
        started=NEXT_NIGHT + timedelta(days=29),
    ),
    _admission(
        "swapped_measure_labels",
        "To måltall har byttet navn",
        "Two measures have swapped labels",
        plant=lambda s: _swap_labels(s, "measure", SHARE, "share_80_institution"),
    ),
    _admission(
        "respelt_measure",
        "Et måltall er skrevet på en ny måte",
        "The label of a measure is spelt in a new way",
        check="as_declared",
        plant=lambda s: (
            s.tables[CARE]
            .names["measure"]
            .update({s.tables[CARE].code("measure", FTE): "Årsverk per 10 000 innbyggarar"})
        ),
    ),
]

CONTRACT = [
    _typed(
        "times_1000",
        "Kroner ganget med 1 000",
        "Kroner times 1,000",
        "magnitude",
        lambda s: s.tables[CARE].change(lambda cell: cell * 1000, measure=KR),
    ),
    _typed(
        "thousands",
        "1 000 kr i stedet for kr i ett år",
        "Thousands instead of kroner in one year",
        "magnitude",
        lambda s: s.tables[CARE].change(lambda cell: round(cell / 1000), measure=KR, period="2024"),
    ),
    _typed(
        "share_for_per_cent",
        "Andel (0–1) i stedet for prosent",
        "A share (0 to 1) instead of per cent",
        "magnitude",
        lambda s: s.tables[CARE].change(lambda cell: round(cell / 100, 1), measure=SHARE),
    ),
    _typed(
        "sign",
        "Fortegnet snudd",
        "The sign turned",
        "magnitude",
        lambda s: s.tables[CARE].change(lambda cell: -cell, measure=KR),
    ),
    _typed(
        "unit_label",
        "Enheten heter noe annet",
        "The unit is called something else",
        "unit_as_declared",
        lambda s: s.tables[CARE].units[s.tables[CARE].code("measure", KR)].update(base="1000 kr"),
    ),
    _typed(
        "dropped_region",
        "En kommune er borte",
        "A municipality is gone",
        "nothing_vanished",
        lambda s: s.tables[CARE].drop("region_code", "1108"),
    ),
    _typed(
        "dropped_year",
        "Et år er borte",
        "A year is gone",
        "nothing_vanished",
        lambda s: s.tables[CARE].drop("period", "2022"),
    ),
    _typed(
        "dropped_sex",
        "Det ene kjønnet er borte",
        "One sex is gone",
        "nothing_vanished",
        lambda s: s.tables[PEOPLE].drop("sex", "female"),
        PEOPLE,
    ),
    _typed(
        "dropped_category",
        "En utdanningsgruppe er borte",
        "A group of education is gone",
        "nothing_vanished",
        lambda s: s.tables[EDUCATION].drop("education", "nurse"),
        EDUCATION,
    ),
    _typed(
        "dropped_measure",
        "Et måltall er borte",
        "A measure is gone",
        "nothing_vanished",
        lambda s: s.tables[CARE].drop("measure", FTE),
    ),
    _typed(
        "shifted_years",
        "Alle år er flyttet ett år fram",
        "Every year is moved one year on",
        "nothing_vanished",
        lambda s: s.tables[CARE].recode("period", {str(y): str(y + 1) for y in range(2021, 2026)}),
    ),
    _typed(
        "swapped_columns",
        "Kroner og prosent har byttet plass",
        "Kroner and per cent have swapped places",
        "value_in_range",
        lambda s: _swap_cells(s, KR, SHARE),
    ),
    _typed(
        "swapped_measures",
        "Årsverk per innbygger og per bruker har byttet plass",
        "FTEs per inhabitant and per user have swapped places",
        "magnitude",
        lambda s: _swap_cells(s, FTE, "fte_per_user"),
    ),
    _typed(
        "swapped_region_labels",
        "To kommuner har byttet navn",
        "Two municipalities have swapped labels",
        "labels_not_swapped",
        lambda s: _swap_labels(s, "region_code", "1106", "1108"),
    ),
    _typed(
        "hidden_shown",
        "Et skjult tall står ved siden av «:»",
        "A hidden figure stands beside «:»",
        "value_has_no_missing_symbol",
        lambda s: s.tables[USERS].put(3.0, ":", region_code=HIDDEN[0], period=HIDDEN[1], age_group="0-49"),
        USERS,
    ),
    _typed(
        "symbol_removed",
        "Symbolet for et manglende tall er borte",
        "The symbol of a missing figure is gone",
        "missing_has_symbol",
        lambda s: s.tables[CARE].put(None, None, region_code=WITHOUT_REPORT[0], period=WITHOUT_REPORT[1]),
    ),
    _typed(
        "unknown_symbol",
        "Et symbol ingen kjenner",
        "A symbol that nobody knows",
        "symbol_known",
        lambda s: s.tables[CARE].put(None, "?", region_code=WITHOUT_REPORT[0], period=WITHOUT_REPORT[1]),
    ),
    _typed(
        "negative_count",
        "Et negativt antall brukere",
        "A negative number of users",
        "value_in_range",
        lambda s: s.tables[USERS].change(lambda cell: -cell, region_code="1106", period="2024", age_group="90+"),
        USERS,
    ),
    _typed(
        "decimals",
        "Flere desimaler enn oppgitt",
        "More decimals than declared",
        "decimals_as_declared",
        lambda s: s.tables[CARE].change(lambda cell: cell + 0.037, region_code="1106", period="2024", measure=SHARE),
    ),
    _typed(
        "share_above_100",
        "En andel over 100 prosent",
        "A share above 100 per cent",
        "value_in_range",
        lambda s: s.tables[CARE].put(104.2, None, region_code="1106", period="2024", measure=SHARE),
    ),
    _typed(
        "values_to_symbols",
        "Tallene i fem kommuner er blitt «..»",
        "Figures of five municipalities became «..»",
        "missing_share",
        lambda s: s.tables[CARE].put(None, "..", region_code=["0301", "1101", "1103", "1106", "1108"], measure=FTE),
    ),
    _typed(
        "values_to_zeros",
        "Tallene i to kommuner er blitt 0",
        "Figures of two municipalities became 0",
        "zeros",
        lambda s: s.tables[CARE].put(0.0, None, region_code=["1103", "1106"], measure=FTE),
    ),
    _typed(
        "missing_to_zeros",
        "En kommune uten rapport står med 0 overalt",
        "A municipality without report stands with 0 everywhere",
        "zeros_for_missing",
        lambda s: s.tables[CARE].put(0.0, None, region_code=WITHOUT_REPORT[0], period=WITHOUT_REPORT[1]),
    ),
    _typed(
        "leading_zero",
        "Kommunekoden har mistet nullen foran",
        "A municipality's code has lost its leading zero",
        "region_code_valid",
        lambda s: s.tables[CARE].recode("region_code", {"0301": "301"}),
    ),
    _typed(
        "unknown_category",
        "En ny utdanningsgruppe som ingen har plassert",
        "A new group of education that nobody has placed",
        "education_maps_to_group",
        lambda s: s.tables[EDUCATION].add("education", "nurse", "77", "Doktorgrader"),
        EDUCATION,
    ),
    _typed(
        "total_among_ages",
        "En sum blant aldrene, så alle telles to ganger",
        "A total among the ages, so that everybody counts twice",
        "age_code_valid",
        lambda s: s.tables[PEOPLE].add("age", "050", "Ialt", "Alle aldre"),
        PEOPLE,
    ),
    _typed(
        "total_like_an_age",
        "En sum blant aldrene, med en kode som ligner en alder",
        "A total among the ages, with a code that looks like an age",
        "age_code_valid",
        lambda s: s.tables[PEOPLE].add("age", "050", "999", "Alle aldre"),
        PEOPLE,
    ),
    _typed(
        "period_form",
        "Et kvartal i en årstabell",
        "A quarter in a table of years",
        "period_valid",
        lambda s: s.tables[CARE].recode("period", {"2025": "2025K1"}),
    ),
    _typed(
        "future_year",
        "Et år som ikke er begynt",
        "A year that has not begun",
        "period_begun",
        lambda s: _with_year(s, "2031"),
    ),
    _typed(
        "copied_year",
        "Et nytt år er en kopi av fjoråret",
        "A new year is a copy of the last one",
        "new_period_unchanged",
        lambda s: s.tables[CARE].add("period", "2025", "2026", "2026"),
    ),
    _typed(
        "country_missing",
        "Ett landstall er blitt «..»",
        "One figure of the country became «..»",
        "country_figures",
        lambda s: s.tables[CARE].put(None, "..", region_code="EAK", period="2024", measure=SHARE),
    ),
    _typed(
        "country_tripled",
        "Ett landstall er tre ganger så stort",
        "One figure of the country is three times as large",
        "country_figures",
        lambda s: s.tables[CARE].change(lambda cell: cell * 3, region_code="EAK", period="2024", measure=FTE),
    ),
    _typed(
        "klass_code_withdrawn",
        "Klass har trukket en kommunekode",
        "Klass has withdrawn a municipality's code",
        "nothing_vanished",
        lambda s: _klass(s, KLASS)["codes"].pop(4),
        KLASS,
        dataset="klass_131_codes",
    ),
    _typed(
        "klass_change_withdrawn",
        "Klass har trukket en kodeendring",
        "Klass has withdrawn a change of code",
        "nothing_vanished",
        lambda s: _klass(s, KLASS)["changes"].pop(),
        KLASS,
        dataset="klass_131_changes",
    ),
    _typed(
        "klass_code_form",
        "En kode i Klass har mistet nullen foran",
        "A code of Klass has lost its leading zero",
        "code_valid",
        lambda s: _klass(s, KLASS)["codes"][0].update(code="301"),
        KLASS,
        dataset="klass_131_codes",
    ),
    _typed(
        "klass_code_twice",
        "Klass gir en kode to ganger",
        "Klass gives a code twice",
        "key_unique",
        lambda s: _klass(s, GROUPS)["codes"].append(dict(s.klass[GROUPS]["codes"][0])),
        GROUPS,
        dataset="klass_112_codes",
    ),
]

DRIFT = [
    _typed(
        "renamed_region",
        "En kommune har fått nytt navn",
        "A municipality has a new label",
        "renames",
        lambda s: s.tables[CARE].names["region_code"].update({"1106": "Haugesund by"}),
        level="drift",
    ),
    _typed(
        "jump",
        "Én kommunes tall er fem ganger så stort",
        "One municipality's figure is five times as large",
        "jumps",
        lambda s: s.tables[CARE].change(lambda cell: cell * 5, region_code="1106", period="2024", measure=KR),
        level="drift",
    ),
    _typed(
        "jump_in_new_year",
        "Én kommunes tall for et nytt år er fem ganger fjorårets",
        "One municipality's figure for a new year is five times last year's",
        "jumps_in_new_period",
        lambda s: _with_year(s, "2026").change(lambda cell: cell * 5, region_code="1106", period="2026", measure=KR),
        level="drift",
    ),
    _typed(
        "country_missing_in_new_year",
        "Et nytt år uten landstall",
        "A new year without the country's figure",
        "country_missing_in_new_period",
        lambda s: _with_year(s, "2026").put(None, "..", region_code="EAK", period="2026", measure=SHARE),
        level="drift",
    ),
]

SOURCE_FAULTS = [*ADMISSION, *CONTRACT, *DRIFT]
