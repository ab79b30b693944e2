"""What holds for every definition record, beside what the model of a record refuses (`test_catalog.py`).

Belongs here: rules of content that a reader relies on: two languages, no reference called official, a way to every
figure that is not computed, and which measure each indicator answers. Each rule is also shown to find a broken record.
"""

import re
from collections.abc import Callable, Iterator

import pytest
from pydantic import BaseModel

from k2025_pipeline.catalog.base import Text
from k2025_pipeline.catalog.calculations import Calculation
from k2025_pipeline.catalog.indicators import IndicatorDefinition
from k2025_pipeline.catalog.loader import read_file
from k2025_pipeline.catalog.programme import ReferenceFile
from k2025_pipeline.settings import PROJECT_ROOT

SCHEMAS = PROJECT_ROOT / "schemas"
RECORDS = {path.stem: read_file(path, IndicatorDefinition) for path in sorted((SCHEMAS / "indicators").glob("*.yml"))}
REFERENCES = read_file(SCHEMAS / "reference_values.yml", ReferenceFile)
SAME_IN_BOTH = {"Menn i helse", "Jobbvinner", "Tørn"}
"""Names that are not translated."""
OFFICIAL = re.compile(
    r"offisiel\w*\s+(mål|måltall|referanse|krav|grense)|nasjonalt mål\b"
    r"|official\s+(target|goal|reference)|national target",
    re.I,
)
NO_INTERVAL = re.compile(r"har ikke usikkerhetsintervall|has no uncertainty interval|ikke noe intervall", re.I)
APPROXIMATION = {"nb": "tilnærming", "en": "approximation"}

# Which indicators serve which measure: the proposal of the catalogue, measures as the Directorate of Health's table of
# 12 December 2023 lists them. Measure 17 asks for indicators as such and is served by all of them.
SERVED_BY = {
    1: ["KOMP-01", "KOMP-02", "KOMP-03", "KOMP-04", "KOMP-05", "KOMP-06", "REKR-05"],
    2: ["REKR-04", "REKR-05", "LED-03", "LED-04"],
    3: ["KOMP-02", "REKR-05"],
    4: ["KOMP-02", "REKR-05"],
    5: ["REKR-05", "REKR-06"],
    6: ["REKR-03", "REKR-07"],
    7: ["KOMP-04", "KOMP-05", "KOMP-06", "REKR-05"],
    8: ["REKR-06"],  # for all staff: REKR-04 is about immigrants, whom measure 9 is for
    9: ["REKR-06", "REKR-04"],
    10: ["REKR-04", "REKR-05"],
    11: ["REKR-04", "REKR-05"],
    12: ["KOMP-01", "KOMP-04"],
    13: ["LED-01", "LED-02", "STAB-05"],
    14: ["LED-03"],
    15: ["HELT-01", "HELT-02", "HELT-03", "HELT-04", "STAB-03", "STAB-04", "STAB-06", "TJEN-01"],
    16: [
        *("KOMP-02", "KVAL-01", "KVAL-02", "KVAL-03"),
        *("STAB-01", "STAB-02", "STAB-03", "STAB-04", "STAB-05", "STAB-06"),
    ],
}


def texts(content: object, place: str = "") -> Iterator[tuple[str, Text]]:
    """Every text in two languages of a record, with its place."""
    if isinstance(content, Text):
        yield place, content
    elif isinstance(content, BaseModel):
        for field in type(content).model_fields:
            yield from texts(getattr(content, field), f"{place}.{field}")
    elif isinstance(content, list):
        for number, item in enumerate(content):
            yield from texts(item, f"{place}[{number}]")


def untranslated(record: IndicatorDefinition) -> list[str]:
    """Places where a language is empty, or where both say the same."""
    return [
        place
        for place, text in texts(record)
        if not text.nb.strip() or not text.en.strip() or (text.nb == text.en and text.nb not in SAME_IN_BOTH)
    ]


def called_official(record: IndicatorDefinition) -> list[str]:
    """Places that call a target official; and a reference that does not say that it is only declared."""
    found = [place for place, text in texts(record) if OFFICIAL.search(f"{text.nb}\n{text.en}")]
    origin = record.target.origin
    if record.target.kind == "declared_reference" and not (
        "oppgitt" in origin.nb.lower() and "declared" in origin.en.lower() and "ikke noe tall" in origin.nb
    ):
        found.append(".target.origin")
    return found


def definitions(record: IndicatorDefinition) -> Iterator[tuple[str, str, Calculation, str | None]]:
    """Id, availability, calculation and reason of the record's definitions."""
    reason = record.availability_reason
    yield record.id, record.availability, record.calculation, reason.nb if reason else None
    for variant in record.variants:
        own = variant.availability_reason or reason
        availability = variant.availability or record.availability
        yield f"{record.id}.{variant.suffix}", availability, variant.calculation, own.nb if own else None


def without_a_way(record: IndicatorDefinition, references: ReferenceFile = REFERENCES) -> list[str]:
    """Definitions that are not computed, and for which nothing printed and no upload is named, or no reason.

    Where nobody has printed a figure either, the reason must say so.
    """
    named = {value.indicator_id for value in references.values}
    found = []
    for indicator, availability, calculation, reason in definitions(record):
        tables = {term.table for side in calculation.deciding.values() for term in side.terms}
        tables |= {source.table for source in record.sources if source.table is not None}
        prefix = {"upload": "upload_", "reference_only": "document_"}.get(availability)
        series = prefix is not None and any(table.startswith(prefix) for table in tables)
        family = any(str(name).split(".")[0] == record.id for name in named)
        admitted = reason is not None and "Ingen tall er derfor med" in str(reason)
        if availability != "computed" and not ((series or family or admitted) and reason):
            found.append(indicator)
    return found


def intervals_denied(record: IndicatorDefinition) -> list[str]:
    """Caveats that deny the interval that the record has, or do not say that one of FTEs is an approximation."""
    if record.interval == "none":
        return []
    found = [place for place, text in texts(record) if NO_INTERVAL.search(f"{text.nb}\n{text.en}")]
    if record.interval == "wilson_fte" and not (
        APPROXIMATION["nb"] in record.caveats.nb and APPROXIMATION["en"] in record.caveats.en
    ):
        found.append(".caveats")
    return found


def unnamed_sources(record: IndicatorDefinition) -> list[str]:
    """Tables, uploads and documents that figures come from and the list of sources leaves out."""
    used = {t.table for _, _, c, _ in definitions(record) for side in c.sides.values() for t in side.terms}
    return sorted(used - {source.table for source in record.sources})


RULES: dict[str, Callable[[IndicatorDefinition], list[str]]] = {
    "both languages differ": untranslated,
    "no target is official": called_official,
    "what is not computed has a way": without_a_way,
    "intervals are told": intervals_denied,
    "sources are named": unnamed_sources,
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("record", RECORDS)
def test_the_record_keeps_the_rule(record: str, rule: str) -> None:
    assert RULES[rule](RECORDS[record]) == []


SAME = Text(nb="Det samme", en="Det samme")
BROKEN = {
    "both languages differ": ("KOMP-02", {"purpose": SAME}, [".purpose"]),
    "no target is official": (
        "KOMP-01",
        {"caveats": Text(nb="Planens offisielle mål er 80 prosent.", en="The plan wants 80 per cent.")},
        [".caveats"],
    ),
    "what is not computed has a way": ("KVAL-01", {"availability": "upload"}, ["KVAL-01"]),
    "intervals are told": (
        "KOMP-05",
        {"caveats": Text(nb="Indikatoren har ikke usikkerhetsintervall.", en="Nothing.")},
        [".caveats", ".caveats"],
    ),
    "sources are named": ("KOMP-03", {"sources": []}, ["14534"]),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_record_that_breaks_the_rule_is_found(rule: str) -> None:
    record, changes, places = BROKEN[rule]
    assert RULES[rule](RECORDS[record].model_copy(update=changes)) == places


def test_a_reference_that_is_not_called_declared_is_found() -> None:
    target = RECORDS["KOMP-01"].target.model_copy(update={"origin": Text(nb="Målet er satt.", en="The target is set.")})
    assert called_official(RECORDS["KOMP-01"].model_copy(update={"target": target})) == [".target.origin"]


def test_the_plan_has_no_target_that_a_record_could_hold_as_its_own() -> None:
    """The plan's only aim is «tilstrekkelig årsverk med relevant utdanning» (line 349): references are our own."""
    assert {record.status for record in RECORDS.values()} <= {"proposed", "experimental", "retired"}


@pytest.mark.parametrize("measure", SERVED_BY)
def test_a_measure_is_served_by_the_indicators_that_the_catalogue_lists(measure: int) -> None:
    serving = {record.id for record in RECORDS.values() if measure in record.measures}
    assert set(SERVED_BY[measure]) - serving == set()


def test_every_indicator_serves_measure_17() -> None:
    assert [record.id for record in RECORDS.values() if 17 not in record.measures] == []
