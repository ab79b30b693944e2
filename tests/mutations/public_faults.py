"""Faults of the public tables, and of the file that holds them.

Belongs here: the declarations, with the SQL that plants each. Does not belong here: the audit and the publication
(``test_public_faults``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from k2025_pipeline.catalog.base import Text
from k2025_pipeline.quality.ladder import WAREHOUSE
from mutations.faults import Fault


@dataclass(frozen=True, kw_only=True)
class PublicFault(Fault):
    """A fault of a public table of the build.

    Attributes:
        sql: plants it.
    """

    sql: str


@dataclass(frozen=True, kw_only=True)
class FileFault(Fault):
    """A fault of the file to be published.

    Attributes:
        sql: changes the build that is copied. spoil: changes the new file before it is looked at.
    """

    sql: str = ""
    spoil: Callable[[Path], object] | None = None


def _accepted(id: str, nb: str, en: str, table: str, rule: str, sql: str, **more: Any) -> PublicFault:
    return PublicFault(
        id=id,
        text=Text(nb=nb, en=en),
        planted_in=f"public.{table}",
        level=more.get("level", "acceptance"),
        check=(f"public/{table}", rule),
        sql=sql,
    )


def _file(id: str, nb: str, en: str, rule: str, **how: Any) -> FileFault:
    return FileFault(
        id=id,
        text=Text(nb=nb, en=en),
        planted_in="warehouse.duckdb",
        level="publication",
        check=(WAREHOUSE, rule),
        **how,
    )


VALUES = "indicator_values"
ANOTHER = (
    "insert into public.indicator_values by name select * replace ({}) from public.indicator_values "
    "where indicator_id = 'KOMP-01' and region_code = '0301' and period = '2024' and structure = 'as_published'"
)
"""One more row like a good one, but for some columns."""

ACCEPTANCE = [
    _accepted(
        "rate_averaged",
        "En andel er gjennomsnittet av to andeler",
        "A share is the mean of two shares",
        VALUES,
        "share_is_of_its_sums",
        ANOTHER.format("'KOMP-02' as indicator_id, 30.0 as numerator, 120.0 as denominator, 35.0 as value"),
    ),
    _accepted(
        "public_share_above_100",
        "En andel på 100,1 prosent",
        "A share of 100.1 per cent",
        VALUES,
        "percent_within_bounds",
        ANOTHER.format("'KOMP-02' as indicator_id, '2022' as period, 100.1 as value"),
    ),
    _accepted(
        "interval_turned",
        "Intervallet står feil vei",
        "The interval stands the wrong way round",
        VALUES,
        "interval_ordered",
        ANOTHER.format(
            "'KOMP-03' as indicator_id, '2022' as period, null as value, 'M' as obs_status, "
            "2.0 as interval_low, 1.0 as interval_high"
        ),
    ),
    _accepted(
        "interval_beside",
        "Tallet ligger utenfor intervallet sitt",
        "The figure lies outside its interval",
        VALUES,
        "interval_contains_value",
        ANOTHER.format("'KOMP-03' as indicator_id, 12.6 as interval_low, 14.0 as interval_high"),
    ),
    _accepted(
        "public_row_twice",
        "En rad med en indikator står to ganger",
        "A row of an indicator stands twice",
        VALUES,
        "one_row_per_figure",
        ANOTHER.format("period as period"),
    ),
    _accepted(
        "public_hidden_shown",
        "Et skjult tall (C) vises",
        "A hidden figure (C) is shown",
        VALUES,
        "confidential_stays_hidden",
        "update public.indicator_values set value = 3 where obs_status = 'C'",
    ),
    _accepted(
        "status_unknown",
        "En status som ikke finnes",
        "A status that does not exist",
        VALUES,
        "status_known",
        "update public.indicator_values set obs_status = 'X' where indicator_id = 'REKR-01'",
    ),
    _accepted(
        "public_leading_zero",
        "En kommunekode har mistet nullen foran",
        "A municipality's code has lost its leading zero",
        "regions",
        "municipality_codes",
        "insert into public.regions select * replace ('301' as region_code, 'Bytt navn' as region_name) "
        "from public.regions where region_code = '0301'",
    ),
    _accepted(
        "municipalities_gone",
        "Tre kommuner mangler i et år",
        "Three municipalities are missing in a year",
        "regions",
        "municipalities_2024",
        "delete from public.regions where region_code in ('3000', '3001', '3002')",
    ),
    _accepted(
        "column_renamed",
        "En offentlig kolonne har fått nytt navn",
        "A public column is renamed",
        "indicators",
        "columns",
        "alter table public.indicators rename column definition_id to definition",
    ),
    _accepted(
        "definition_unfinished",
        "En definisjon er ikke skrevet ferdig",
        "A definition is unfinished",
        "indicators",
        "name_nb_not_missing",
        "update public.indicators set name_nb = 'Andel av (TODO) noe' where indicator_id = 'KOMP-01'",
    ),
    _accepted(
        "source_unnamed",
        "Kilden er ikke SSB",
        "The source is not Statistics Norway",
        "source_tables",
        "attribution_names_ssb",
        "update public.source_tables set attribution_nb = 'Kilde: ukjent'",
    ),
    _accepted(
        "verdict_unearned",
        "«Likt» om tall som er ulike",
        "«The same» of figures that differ",
        "reconciliation",
        "same_has_no_difference",
        "update public.reconciliation set difference = 0.1 where ref_id = 'R011'",
        level="reconciliation",
    ),
]

PUBLICATION = [
    _file(
        "table_emptied",
        "En tabell er tømt",
        "A table was emptied",
        "tables_present",
        sql="delete from public.indicator_values",
    ),
    _file(
        "table_missing",
        "En lovet tabell mangler",
        "A promised table is missing",
        "tables_present",
        sql="drop table public.indicator_values",
    ),
    _file(
        "rows_lost",
        "En tabell har mistet halvparten av radene",
        "A table has lost half of its rows",
        "not_much_smaller",
        sql="delete from public.indicator_values where rowid % 2 = 0",
    ),
    _file(
        "column_undocumented",
        "En kolonne uten beskrivelse",
        "A column without description",
        "columns_documented",
        sql="alter table public.indicator_values add column extra integer",
    ),
    _file(
        "file_cut",
        "Filen er kuttet på midten",
        "The file is cut in the middle",
        "opens_read_only",
        spoil=lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
    ),
    _file(
        "file_scribbled",
        "Filen har fått andre byte først",
        "The file begins with other bytes",
        "opens_read_only",
        spoil=lambda file: file.write_bytes(b"\0" * 4096 + file.read_bytes()[4096:]),
    ),
]

PUBLIC_FAULTS: list[Fault] = [*ACCEPTANCE, *PUBLICATION]
