"""What a verdict does to the lake: accepted, refused, stale, mended; through the archive and ``accept_table``.

Here belongs the way of hand-made deliveries from raw to typed. Not here: the rules themselves
(``test_table_rules``), HTTP, or what Dagster shows.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from archiving import archived
from k2025_pipeline.catalog import Catalog
from k2025_pipeline.catalog.classifications import ClassificationContract
from k2025_pipeline.catalog.tables import Coverage, TableContract
from k2025_pipeline.ingest.acceptance import ContractEdited, Tonight, accept_classification, accept_table
from k2025_pipeline.ingest.overruling import CannotOverrule, overrule
from k2025_pipeline.lake.archive import Archive, Delivery
from k2025_pipeline.lake.home import Home
from k2025_pipeline.lake.typed import TypedLake
from k2025_pipeline.pxweb.transport import Answer

MARCH, JUNE = "2025-03-15T07:00:00Z", "2025-06-15T06:00:00Z"
REGIONS = {"0301": "Oslo", "EAK": "Landet"}
YEARS = ["2023", "2024"]
GOOD = [90.1, 91.2, 0.55, 0.56, 12.0, 11.5, 92.3, 93.4, 0.61, 0.62, 11.9, 11.8]
"""Region by measure by year, the year fastest."""

Cells = list[float | None]


class Source:
    """Makes deliveries of a table as the fetch would archive them, each an hour after the one before."""

    def __init__(self, home: Home, contract: TableContract) -> None:
        self._archive = Archive(home)
        self._contract = contract
        self._clock = datetime(2025, 3, 15, 7, tzinfo=UTC)

    def deliver(self, updated: str, values: Cells = GOOD, status: dict[str, str] | None = None) -> Delivery:
        return self.deliver_bytes(updated, self.document(updated, values, status))

    def deliver_bytes(self, updated: str, data: bytes) -> Delivery:
        self._clock += timedelta(hours=1)
        answers = [
            ("metadata", "as_published", self._answer(self.document(updated, [], None))),
            ("data", "as_published", self._answer(data)),
        ]
        return archived(self._archive, self._contract.name, updated, "asked", answers)

    def document(self, updated: str, values: Cells, status: dict[str, str] | None) -> bytes:
        measures = {m.code or m.name: m for m in self._contract.measures}
        units = {code: {"base": m.unit, "decimals": m.decimals} for code, m in measures.items()}
        dimensions: dict[str, Any] = {
            self._contract.dimension("region").code: {"category": {"index": list(REGIONS), "label": REGIONS}},
            "ContentsCode": {
                "category": {
                    "index": list(measures),
                    "label": {code: m.labels[0] for code, m in measures.items()},
                    "unit": units,
                }
            },
            "Tid": {"category": {"index": YEARS, "label": {year: year for year in YEARS}}},
        }
        return orjson.dumps(
            {
                "class": "dataset",
                "version": "2.0",
                "updated": updated,
                "id": list(dimensions),
                "size": [len(REGIONS), len(measures), len(YEARS)],
                "dimension": dimensions,
                "value": values,
                "status": status or {},
            }
        )

    def _answer(self, content: bytes) -> Answer:
        return Answer("https://statbank.invalid/", "GET", None, 200, {}, content, self._clock)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def contract(catalog: Catalog) -> TableContract:
    """The real contract, but for the size: these deliveries are a few cells of a whole table."""
    return catalog.tables["12293"].model_copy(update={"coverage": Coverage(min_cells=1, max_cells=100)})


@pytest.fixture
def source(home: Home, contract: TableContract) -> Source:
    return Source(home, contract)


def written(home: Home, contract: TableContract) -> list[str]:
    return sorted(path.name for path in (home.typed / contract.name).glob("*.parquet"))


def changed(place: int, value: float | None) -> Cells:
    return [*GOOD[:place], value, *GOOD[place + 1 :]]


def with_maximum(contract: TableContract, measure: str, maximum: float) -> TableContract:
    """The contract as it is after an edit of one bound."""
    measures = [m.model_copy(update={"maximum": maximum}) if m.name == measure else m for m in contract.measures]
    return contract.model_copy(update={"measures": measures})


def test_a_good_delivery_is_accepted_and_written(home: Home, contract: TableContract, source: Source) -> None:
    delivery = source.deliver(MARCH)
    outcome = accept_table(home, contract)
    assert (outcome.state, outcome.stale_because) == ("accepted", None)
    assert MARCH in outcome.message
    assert all(verdict.passed for verdict in outcome.verdicts)
    frame = pl.read_parquet(TypedLake(home).path(contract.name, delivery.vintage))
    assert frame["value"].to_list() == GOOD
    assert frame["measure"].to_list()[::2] == [m.name for m in contract.measures] * 2
    assert frame["period"].to_list() == YEARS * 6
    current = TypedLake(home).current(contract.name)
    assert current is not None
    assert (current.vintage, current.updated, current.rows) == (delivery.vintage, MARCH, len(GOOD))


def test_the_same_delivery_is_not_judged_twice(home: Home, contract: TableContract, source: Source) -> None:
    source.deliver(MARCH)
    first = accept_table(home, contract)
    stamp = TypedLake(home).current(contract.name)
    second = accept_table(home, contract)
    assert second.state == "unchanged"
    assert second.verdicts == first.verdicts, "the verdict is read back as it was written"
    assert TypedLake(home).current(contract.name) == stamp


def test_a_bad_vintage_is_refused_and_the_last_good_one_stands_stale(
    home: Home, contract: TableContract, source: Source
) -> None:
    good = source.deliver(MARCH)
    accept_table(home, contract)
    before = written(home, contract)
    bad = source.deliver(JUNE, changed(0, 251.0))
    outcome = accept_table(home, contract)
    assert outcome.state == "refused"
    assert [r.rule for r in outcome.verdicts[0].broken] == ["value_in_range"]
    assert outcome.verdicts[0].broken[0].sample[0]["value"] == 251.0
    summary = outcome.verdicts[0].summary()
    assert "value_in_range is broken by 1 rows" in summary
    assert outcome.stale_because == summary
    current = TypedLake(home).current(contract.name)
    assert current is not None
    assert (current.vintage, current.stale_because) == (good.vintage, summary)
    assert written(home, contract) == before == [f"{good.vintage}.parquet"]
    assert [answer.path.exists() for answer in bad.answers] == [True, True], "what was received is kept"
    assert Archive(home).latest(contract.name) == bad


def test_a_refused_vintage_stays_refused_every_night_until_something_changes(
    home: Home, contract: TableContract, source: Source
) -> None:
    source.deliver(MARCH)
    accept_table(home, contract)
    source.deliver(JUNE, changed(0, 251.0))
    nights = [accept_table(home, contract) for _ in range(3)]
    assert [night.state for night in nights] == ["refused"] * 3
    assert all(night.stale_because for night in nights)


def test_a_bad_first_delivery_leaves_nothing_behind(home: Home, contract: TableContract, source: Source) -> None:
    source.deliver(MARCH, changed(0, -1.0))
    outcome = accept_table(home, contract)
    assert (outcome.state, outcome.vintages) == ("refused", {})
    assert written(home, contract) == []
    assert TypedLake(home).current(contract.name) is None


def test_a_mended_contract_accepts_what_was_refused_without_a_new_delivery(
    home: Home, contract: TableContract, source: Source
) -> None:
    source.deliver(MARCH)
    accept_table(home, contract)
    refused = source.deliver(JUNE, changed(0, 251.0))
    assert accept_table(home, contract).state == "refused"
    mended = with_maximum(contract, "occupancy", 300)
    outcome = accept_table(home, mended)
    assert (outcome.state, outcome.stale_because) == ("accepted", None)
    assert outcome.vintages[contract.name].vintage == refused.vintage
    assert len(list(home.raw.glob("*/*/manifest.json"))) == 2, "nothing was delivered in between"


def test_a_tightened_contract_judges_the_standing_vintage_again(
    home: Home, contract: TableContract, source: Source
) -> None:
    source.deliver(MARCH)
    accept_table(home, contract)
    outcome = accept_table(home, with_maximum(contract, "occupancy", 91))
    assert outcome.state == "refused"
    assert outcome.verdicts[0].broken[0].failed == 3
    assert outcome.stale_because is not None


def test_a_good_vintage_after_a_refused_one_is_current_and_fresh(
    home: Home, contract: TableContract, source: Source
) -> None:
    source.deliver(MARCH)
    accept_table(home, contract)
    source.deliver(JUNE, changed(0, 251.0))
    accept_table(home, contract)
    again = source.deliver("2025-06-16T06:00:00Z")
    outcome = accept_table(home, contract)
    assert (outcome.state, outcome.stale_because) == ("accepted", None)
    assert outcome.vintages[contract.name].vintage == again.vintage


@pytest.mark.parametrize("fault", ["cut", "too few values", "not JSON-stat"])
def test_an_answer_that_cannot_be_read_is_refused_with_its_reason(
    home: Home, contract: TableContract, source: Source, fault: str
) -> None:
    good = source.deliver(MARCH)
    accept_table(home, contract)
    whole = source.document(JUNE, GOOD, None)
    content, reason = {
        "cut": (whole[: len(whole) // 2], "not complete JSON"),
        "too few values": (source.document(JUNE, GOOD[:-1], None), "11 values for 12 cells"),
        "not JSON-stat": (b"{}", "no `id`, `size` and `dimension`"),
    }[fault]
    source.deliver_bytes(JUNE, content)
    outcome = accept_table(home, contract)
    assert outcome.state == "refused"
    assert reason in outcome.message
    assert outcome.stale_because == outcome.message
    assert outcome.verdicts == []
    assert written(home, contract) == [f"{good.vintage}.parquet"]


def test_a_failed_fetch_marks_the_vintage_stale_and_the_next_good_night_takes_the_mark_away(
    home: Home, contract: TableContract, source: Source
) -> None:
    source.deliver(MARCH)
    accept_table(home, contract)
    night = accept_table(home, contract, Tonight(problem="the source does not answer"))
    assert (night.state, night.message) == ("unchanged", "the source does not answer")
    assert night.stale_because == "the source does not answer"
    assert night.verdicts[0].passed, "the standing vintage is still a good one"
    next_night = accept_table(home, contract)
    assert (next_night.state, next_night.stale_because) == ("unchanged", None)


def test_a_table_that_was_never_delivered_is_absent_and_says_why(home: Home, contract: TableContract) -> None:
    assert accept_table(home, contract).state == "absent"
    assert (
        accept_table(home, contract, Tonight(problem="the source does not answer")).message
        == "the source does not answer"
    )


def test_zeros_that_mean_missing_are_accepted_as_delivered_and_named(
    home: Home, contract: TableContract, source: Source
) -> None:
    delivery = source.deliver(MARCH, [0.0, 0.0, *GOOD[2:]])
    outcome = accept_table(home, contract)
    assert (outcome.state, outcome.stale_because) == ("accepted", None)
    (fault,) = outcome.verdicts[0].broken
    assert (fault.rule, fault.failed, fault.blocking) == ("zero_means_missing", 2, False)
    assert [(cell["region_code"], cell["measure"], cell["period"]) for cell in fault.sample] == [
        ("0301", "occupancy", "2023"),
        ("0301", "occupancy", "2024"),
    ]
    typed = pl.read_parquet(TypedLake(home).path(contract.name, delivery.vintage))
    assert typed["value"].to_list()[:2] == [0.0, 0.0], "typed holds what was said; core judges it"


def test_hidden_and_missing_cells_are_accepted_with_their_symbols(
    home: Home, contract: TableContract, source: Source
) -> None:
    delivery = source.deliver(MARCH, [None, None, *GOOD[2:]], {"0": ":", "1": ".."})
    assert accept_table(home, contract).state == "accepted"
    typed = pl.read_parquet(TypedLake(home).path(contract.name, delivery.vintage))
    assert typed["symbol"].to_list()[:3] == [":", "..", None]
    assert typed["value"].null_count() == 2


def test_a_cell_without_value_and_without_symbol_is_refused(
    home: Home, contract: TableContract, source: Source
) -> None:
    source.deliver(MARCH, changed(4, None))
    outcome = accept_table(home, contract)
    assert outcome.state == "refused"
    assert [r.rule for r in outcome.verdicts[0].broken] == ["missing_has_symbol"]


# Classifications: several datasets of one delivery stand or fall together.


@pytest.fixture
def municipalities(catalog: Catalog) -> ClassificationContract:
    return catalog.classifications["131"]


def _klass(home: Home, code: str, received: int) -> Delivery:
    valid = {"validFromInRequestedRange": "2024-01-01", "validToInRequestedRange": None}
    codes = {"codes": [{"code": code, "name": "Oslo", **valid}]}
    change = {"oldCode": "0101", "oldName": "A", "newCode": "3001", "newName": "B", "changeOccurred": "2020-01-01"}
    moment = datetime(2025, 1, received, tzinfo=UTC)
    answers = [
        (role, "", Answer("https://klass.invalid/", "GET", None, 200, {}, orjson.dumps(body), moment))
        for role, body in (("codes", codes), ("changes", {"codeChanges": [change]}))
    ]
    return archived(Archive(home), "klass_131", f"2025-01-0{received}T00:00:00Z", "asked", answers)


def test_a_classification_is_accepted_with_all_its_parts(home: Home, municipalities: ClassificationContract) -> None:
    _klass(home, "0301", 1)
    outcome = accept_classification(home, municipalities)
    assert outcome.state == "accepted"
    assert {name: v.rows for name, v in outcome.vintages.items()} == {"klass_131_codes": 1, "klass_131_changes": 1}


def test_one_bad_part_refuses_the_whole_classification(home: Home, municipalities: ClassificationContract) -> None:
    good = _klass(home, "0301", 1)
    accept_classification(home, municipalities)
    _klass(home, "301", 2)
    outcome = accept_classification(home, municipalities)
    assert outcome.state == "refused"
    assert {v.table: [r.rule for r in v.broken] for v in outcome.verdicts} == {
        "klass_131_codes": ["code_valid", "nothing_vanished"],
        "klass_131_changes": [],
    }
    assert {v.vintage for v in outcome.vintages.values()} == {good.vintage}
    assert all(v.stale_because for v in outcome.vintages.values())


def test_a_table_that_was_not_asked_for_keeps_its_stale_mark(
    home: Home, contract: TableContract, source: Source
) -> None:
    source.deliver(MARCH)
    accept_table(home, contract)
    accept_table(home, contract, Tonight(problem="the source does not answer"))
    outcome = accept_table(home, contract, Tonight(asked=False))
    assert outcome.stale_because == "the source does not answer"


def test_an_answer_that_is_smaller_than_declared_is_refused_but_from_a_partial_source(
    home: Home, contract: TableContract, source: Source
) -> None:
    whole = contract.model_copy(update={"coverage": Coverage(min_cells=50, max_cells=100)})
    source.deliver(MARCH)
    assert "coverage" in accept_table(home, whole).message
    assert accept_table(home, whole, Tonight(partial=True)).state == "accepted"


# A person decides: rules about size and drift can be overruled, with a reason that stays.


def times_1000(values: Cells) -> Cells:
    return [None if value is None else value * 1000 for value in values]


@pytest.fixture
def wide(contract: TableContract) -> TableContract:
    """The contract without bounds, so that drift alone judges."""
    measures = [m.model_copy(update={"maximum": None}) for m in contract.measures]
    return contract.model_copy(update={"measures": measures})


def test_a_refused_vintage_is_recorded_with_its_reason_and_can_be_accepted(
    home: Home, wide: TableContract, source: Source
) -> None:
    good = source.deliver(MARCH)
    accept_table(home, wide)
    bad = source.deliver(JUNE, times_1000(GOOD))
    assert accept_table(home, wide).state == "refused"
    lake = TypedLake(home)
    (refusal,) = lake.refusals(wide.name)
    assert (refusal.vintage, refusal.updated) == (bad.vintage, JUNE)
    assert "magnitude" in refusal.because

    rules = overrule(home, wide, bad.vintage, "SSB confirms that the unit is now per thousand", "kari")
    assert "magnitude" in rules
    outcome = accept_table(home, wide)
    assert outcome.state == "accepted"
    current = outcome.vintages[wide.name]
    assert current.vintage == bad.vintage
    assert current.overruled is not None
    assert (current.overruled["by"], current.overruled["rules"]) == ("kari", rules)
    assert current.overruled["reason"].startswith("SSB confirms")
    assert lake.standing_refusals(wide.name) == []
    assert [v.vintage for v in lake.vintages(wide.name)] == [good.vintage, bad.vintage]
    assert accept_table(home, wide).state == "unchanged", "the decision holds the next night too"


def test_a_decision_is_about_the_rules_that_were_broken_and_no_others(
    home: Home, wide: TableContract, source: Source
) -> None:
    source.deliver(MARCH)
    accept_table(home, wide)
    bad = source.deliver(JUNE, times_1000(GOOD))
    accept_table(home, wide)
    overrule(home, wide, bad.vintage, "confirmed", "kari")
    tightened = with_maximum(wide, "occupancy", 100)
    outcome = accept_table(home, tightened)
    assert outcome.state == "refused"
    assert "value_in_range" in outcome.message or "more rules are broken" in outcome.message


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("never refused", "does not stand refused"),
        ("a newer one has come", "a newer delivery"),
        ("a cell without meaning", "cannot be accepted by a person"),
        ("cannot be read", "cannot be accepted by a person"),
    ],
)
def test_what_cannot_be_overruled_says_why(
    home: Home, contract: TableContract, source: Source, case: str, words: str
) -> None:
    good = source.deliver(MARCH)
    accept_table(home, contract)
    vintage = good.vintage
    if case == "a newer one has come":
        vintage = source.deliver(JUNE, changed(0, 251.0)).vintage
        accept_table(home, contract)
        source.deliver("2025-06-16T06:00:00Z")
    elif case == "a cell without meaning":
        vintage = source.deliver(JUNE, changed(4, None)).vintage
        accept_table(home, contract)
    elif case == "cannot be read":
        vintage = source.deliver_bytes(JUNE, b"{}").vintage
        accept_table(home, contract)
    with pytest.raises(CannotOverrule, match=words):
        overrule(home, contract, vintage, "because", "kari")
    assert TypedLake(home).overruled(contract.name, vintage) is None


# History: what a vintage changed, and every vintage as it was.


def history_of(home: Home, contract: TableContract) -> pl.DataFrame:
    path = TypedLake(home).history(contract.name)
    assert path is not None
    return pl.read_parquet(path)


def test_a_new_vintage_tells_what_it_changed_and_the_old_one_can_be_had_back(
    home: Home, contract: TableContract, source: Source
) -> None:
    source.deliver(MARCH)
    accept_table(home, contract)
    source.deliver(JUNE, changed(0, 90.3))
    current = accept_table(home, contract).vintages[contract.name]
    ((kind, cells, before, after),) = [
        (row["kind"], row["cells"], row["value_before"], row["value_after"]) for row in current.changes
    ]
    assert (kind, cells, before, after) == ("revised", 1, 90.1, 90.3)
    history = history_of(home, contract)
    assert history.height == len(GOOD) + 1
    ended = history.filter(pl.col("valid_to").is_not_null())
    assert ended["value"].to_list() == [90.1]
    assert [moment.isoformat() for moment in ended["valid_to"]] == ["2025-06-15T06:00:00+00:00"]


def test_figures_that_changed_without_a_new_stamp_hold_from_when_they_were_fetched(
    home: Home, contract: TableContract, source: Source
) -> None:
    source.deliver(MARCH)
    accept_table(home, contract)
    again = source.deliver(MARCH, changed(0, 90.3))
    current = accept_table(home, contract).vintages[contract.name]
    assert current.updated == MARCH
    assert current.valid_from == again.received_at


def test_a_changed_contract_makes_the_history_anew_from_the_archive(
    home: Home, contract: TableContract, source: Source
) -> None:
    source.deliver(MARCH)
    accept_table(home, contract)
    source.deliver(JUNE, changed(0, 90.3))
    first = accept_table(home, contract).vintages[contract.name]
    renamed = contract.model_copy(
        update={"measures": [m.model_copy(update={"name": f"{m.name}_x"}) for m in contract.measures]}
    )
    outcome = accept_table(home, renamed, Tonight(partial=True))
    assert outcome.state == "accepted", outcome.message
    history = history_of(home, contract)
    assert history.height == len(GOOD) + 1
    assert history["measure"].cast(pl.String).str.ends_with("_x").all()
    assert outcome.vintages[contract.name].changes == first.changes, "what the vintage changed is told as it was"


def renamed_measures(contract: TableContract) -> TableContract:
    measures = [m.model_copy(update={"name": f"{m.name}_x"}) for m in contract.measures]
    return contract.model_copy(update={"measures": measures})


def test_what_stands_is_typed_anew_when_the_contract_is_edited_while_a_refusal_stands(
    home: Home, contract: TableContract, source: Source
) -> None:
    """Else the names of yesterday's contract would be looked for in vain, and figures would silently be missing."""
    good = source.deliver(MARCH)
    accept_table(home, contract)
    source.deliver(JUNE, changed(4, None))
    assert accept_table(home, contract).state == "refused"
    outcome = accept_table(home, renamed_measures(contract))
    assert outcome.state == "refused"
    standing = TypedLake(home).current(contract.name)
    assert standing is not None
    assert (standing.vintage, standing.stale_because is not None) == (good.vintage, True)
    frame = pl.read_parquet(TypedLake(home).path(contract.name, standing.vintage))
    assert frame["measure"].cast(pl.String).str.ends_with("_x").all()


def test_an_edit_that_nothing_fits_any_more_stops_the_night(
    home: Home, contract: TableContract, source: Source
) -> None:
    source.deliver(MARCH)
    accept_table(home, contract)
    strict = with_maximum(renamed_measures(contract), "occupancy_x", 1)
    with pytest.raises(ContractEdited, match="Nothing is published until it does"):
        accept_table(home, strict)


def test_who_accepted_a_vintage_outlives_an_edit_of_the_contract(
    home: Home, wide: TableContract, source: Source
) -> None:
    source.deliver(MARCH)
    accept_table(home, wide)
    bad = source.deliver(JUNE, times_1000(GOOD))
    accept_table(home, wide)
    overrule(home, wide, bad.vintage, "confirmed", "ola")
    before = accept_table(home, wide).vintages[wide.name]
    edited = wide.model_copy(update={"theme": "other"})
    after = accept_table(home, edited).vintages[wide.name]
    assert after.overruled is not None
    assert (after.overruled["by"], after.accepted_at) == ("ola", before.accepted_at)


def test_an_archived_answer_that_was_tampered_with_is_not_typed(
    home: Home, contract: TableContract, source: Source
) -> None:
    delivery = source.deliver(MARCH)
    path = delivery.answers[1].path
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b"90.1", b"60.1"))
    outcome = accept_table(home, contract)
    assert outcome.state == "refused"
    assert "is not what was received" in outcome.message
