"""What is asked of the source on which night: the ladder from one listing to reading a table again."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from k2025_pipeline.catalog import Catalog, load_catalog
from k2025_pipeline.catalog.tables import TableContract
from k2025_pipeline.demo.injection import parse_fault
from k2025_pipeline.demo.server import LocalStatbank
from k2025_pipeline.ingest.session import FetchOutcome, SourceSession
from k2025_pipeline.lake.archive import Archive
from k2025_pipeline.lake.home import Home, read_lines
from k2025_pipeline.lake.typed import Refusal, TypedLake
from k2025_pipeline.pxweb.transport import Transport
from k2025_pipeline.settings import PROJECT_ROOT
from statbank_folders import write_klass

TABLE = "12293"
NAME = f"ssb_{TABLE}"
TODAY = datetime.now(UTC).replace(microsecond=0)
REGIONS = {"0301": "Oslo - Oslove", "EAK": "Landet"}
YEARS = ["2023", "2024"]


def stamp(days_ago: int) -> str:
    return (TODAY - timedelta(days=days_ago)).strftime("%Y-%m-%dT07:00:00Z")


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(PROJECT_ROOT / "schemas")


@pytest.fixture
def contract(catalog: Catalog) -> TableContract:
    return catalog.tables[TABLE]


def document(contract: TableContract, updated: str) -> dict[str, Any]:
    measures = {m.code or m.name: m for m in contract.measures}
    units = {code: {"base": m.unit, "decimals": m.decimals} for code, m in measures.items()}
    labels = {code: m.labels[0] for code, m in measures.items()}
    dimensions = {
        contract.dimension("region").code: {
            "label": "region",
            "category": {"index": list(REGIONS), "label": dict(REGIONS)},
        },
        "ContentsCode": {"label": "mål", "category": {"index": list(labels), "label": labels, "unit": units}},
        "Tid": {"label": "år", "category": {"index": YEARS, "label": {year: year for year in YEARS}}},
    }
    for dimension in dimensions.values():
        dimension["category"]["index"] = {code: place for place, code in enumerate(dimension["category"]["index"])}
        dimension["extension"] = {"elimination": False}
    cells = len(REGIONS) * len(measures) * len(YEARS)
    return {
        "version": "2.0",
        "class": "dataset",
        "label": f"{TABLE}: a table",
        "source": "test",
        "updated": updated,
        "role": {"time": ["Tid"], "geo": [contract.dimension("region").code], "metric": ["ContentsCode"]},
        "id": list(dimensions),
        "size": [len(REGIONS), len(measures), len(YEARS)],
        "dimension": dimensions,
        "extension": {"px": {"tableid": TABLE}},
        "value": [float(number) for number in range(cells)],
    }


class Nights:
    """A source and a home, and what each night comes to."""

    def __init__(self, root: Path, contract: TableContract, statbank: LocalStatbank, live: bool) -> None:
        self.folder = root / "tables"
        self.home = Home(root / "home")
        self.contract = contract
        self.statbank = statbank
        self.live = live

    def publish(self, updated: str, change: Callable[[dict[str, Any]], object] = lambda _: None) -> None:
        found = document(self.contract, updated)
        change(found)
        (self.folder / "statbank" / f"{TABLE}.json").write_bytes(orjson.dumps(found))
        self.statbank.serve(self.folder)

    def withdraw(self) -> None:
        (self.folder / "statbank" / f"{TABLE}.json").unlink()
        self.statbank.serve(self.folder)

    def session(self, day: float, force: bool = False) -> SourceSession:
        transport = Transport(sleep=lambda _: None, attempts=2)
        started = TODAY + timedelta(days=day)
        return SourceSession(
            self.home, self.statbank.url, transport, {NAME: TABLE}, force=force, live=self.live, started=started
        )

    def night(self, day: float, force: bool = False) -> FetchOutcome:
        """The table on one night; the log holds what was asked."""
        self.statbank.log.clear()
        return self.session(day, force).fetch_table(self.contract)

    @property
    def asked(self) -> list[str]:
        return [request.stage for request in self.statbank.log]


def folder_of(root: Path, contract: TableContract) -> Path:
    folder = root / "tables"
    (folder / "statbank").mkdir(parents=True)
    write_klass(folder)
    (folder / "statbank" / f"{TABLE}.json").write_bytes(orjson.dumps(document(contract, stamp(3))))
    return folder


@pytest.fixture
def local(tmp_path: Path, contract: TableContract) -> Iterator[Nights]:
    with LocalStatbank(folder_of(tmp_path, contract)) as statbank:
        yield Nights(tmp_path, contract, statbank, live=False)


@pytest.fixture
def live(tmp_path: Path, contract: TableContract) -> Iterator[Nights]:
    """A local Statbank treated as SSB, whose stamps follow the clock."""
    with LocalStatbank(folder_of(tmp_path, contract)) as statbank:
        yield Nights(tmp_path, contract, statbank, live=True)


WHOLE = ["listing", "config", "metadata", "data"]


class TestTheListing:
    def test_the_first_night_fetches_what_is_listed(self, local: Nights) -> None:
        outcome = local.night(0)
        assert (outcome.state, local.asked) == ("fetched", WHOLE)

    @pytest.mark.parametrize("nights", ["local", "live"])
    def test_a_night_with_nothing_new_is_one_listing(self, nights: str, request: pytest.FixtureRequest) -> None:
        source: Nights = request.getfixturevalue(nights)
        source.night(0)
        outcome = source.night(1)
        assert (outcome.state, source.asked) == ("unchanged", ["listing"])

    def test_a_new_stamp_is_fetched(self, local: Nights) -> None:
        local.night(0)
        local.publish(stamp(1))
        outcome = local.night(1)
        assert (outcome.state, local.asked) == ("fetched", WHOLE)
        assert outcome.delivery is not None
        assert outcome.delivery.updated == stamp(1)

    def test_a_table_outside_the_listed_days_is_asked_about_by_itself_once(self, live: Nights) -> None:
        live.publish(stamp(200))
        assert live.night(0).state == "fetched"
        assert live.asked == ["listing", "table", "config", "metadata", "data"]
        outcome = live.night(1)
        assert (outcome.state, live.asked) == ("unchanged", ["listing"])
        assert "not among the listed updates" in outcome.message

    def test_after_too_many_missed_nights_each_table_is_asked_about(self, live: Nights) -> None:
        live.publish(stamp(200))
        live.night(0)
        outcome = live.night(6)
        assert (outcome.state, live.asked) == ("unchanged", ["listing"]), "within reach of the listing"
        live.night(40)
        assert live.asked[:2] == ["listing", "table"], "the listing does not reach back to the last confirmation"

    def test_a_listing_that_fails_falls_back_to_each_table(self, local: Nights) -> None:
        local.night(0)
        local.statbank.faults = [parse_fault("503@listing")]
        outcome = local.night(1)
        assert (outcome.state, local.asked) == ("unchanged", ["listing", "listing", "table"])
        assert "asked by itself" in outcome.message

    def test_a_listing_without_tables_falls_back_to_each_table(self, local: Nights) -> None:
        local.night(0)
        local.statbank.faults = [parse_fault("empty-listing@listing")]
        assert local.night(1).state == "unchanged"
        assert local.asked == ["listing", "table"]

    def test_a_withdrawn_table_is_not_offered_any_more_and_its_delivery_stands(self, local: Nights) -> None:
        first = local.night(0)
        local.withdraw()
        outcome = local.night(1)
        assert (outcome.state, local.asked) == ("not_offered", ["listing", "table"])
        assert outcome.delivery == first.delivery

    def test_a_table_that_was_never_offered_is_asked_about_once_a_week(self, local: Nights) -> None:
        local.withdraw()
        assert local.night(0).state == "not_offered"
        assert local.asked == ["listing", "table"]
        assert local.night(1).state == "not_offered"
        assert local.asked == ["listing"]
        assert local.night(8).state == "not_offered"
        assert local.asked == ["listing", "table"]


def rename(found: dict[str, Any]) -> None:
    region = next(iter(found["dimension"].values()))
    region["category"]["label"]["0301"] = "Oslo"


def other_value(found: dict[str, Any]) -> None:
    found["value"][0] = 99.0


class TestWhatTheStampDoesNotTell:
    def test_once_a_week_metadata_are_compared(self, local: Nights) -> None:
        local.night(0)
        outcome = local.night(7)
        assert (outcome.state, local.asked) == ("unchanged", ["listing", "metadata"])
        assert local.night(8).state == "unchanged"
        assert local.asked == ["listing"]

    def test_changed_metadata_under_the_same_stamp_are_fetched_and_told(self, local: Nights) -> None:
        local.night(0)
        local.publish(stamp(3), rename)
        outcome = local.night(7)
        assert outcome.state == "fetched"
        assert outcome.silent_change is not None
        assert "metadata changed under the same stamp" in outcome.silent_change
        assert outcome.delivery is not None
        assert outcome.delivery.vintage.endswith("-2")

    def test_a_change_that_could_not_be_fetched_is_noticed_again_the_next_night(self, local: Nights) -> None:
        local.night(0)
        local.publish(stamp(3), rename)
        local.statbank.faults = [parse_fault("503@data")]
        assert local.night(7).state == "failed"
        local.statbank.faults = []
        assert local.night(8).state == "fetched"

    def test_a_damaged_archive_is_mended_by_force_though_the_source_says_the_same(self, local: Nights) -> None:
        delivery = local.night(0).delivery
        assert delivery is not None
        path = delivery.answers[1].path
        path.chmod(0o644)
        path.write_bytes(b"{}")
        assert not delivery.is_whole
        outcome = local.night(1, force=True)
        assert outcome.state == "fetched"
        assert outcome.delivery is not None
        assert outcome.delivery.is_whole
        assert outcome.delivery != delivery

    def test_after_four_weeks_figures_are_read_again_and_the_same_is_only_noted(self, local: Nights) -> None:
        first = local.night(0)
        outcome = local.night(29)
        assert (outcome.state, outcome.silent_change, outcome.delivery) == ("unchanged", None, first.delivery)
        assert "the same as before" in outcome.message
        assert "data" in local.asked
        (seen,) = read_lines(local.home.raw / NAME / "seen.jsonl")
        assert first.delivery is not None
        assert seen["vintage"] == first.delivery.vintage
        assert sorted(path.name for path in (local.home.raw / NAME).iterdir()) == sorted(
            ["seen.jsonl", first.delivery.vintage]
        )

    def test_changed_figures_under_the_same_stamp_are_a_new_vintage(self, local: Nights) -> None:
        local.night(0)
        local.publish(stamp(3), other_value)
        outcome = local.night(29)
        assert outcome.state == "fetched"
        assert outcome.silent_change is not None
        assert "read again after four weeks" in outcome.silent_change
        assert len(Archive(local.home).deliveries(NAME)) == 2

    def test_a_table_that_stands_refused_is_read_again_every_night(self, local: Nights) -> None:
        """The source may have shown zeros for one night, under a stamp that stays the same."""
        delivery = local.night(0).delivery
        assert delivery is not None
        lake = TypedLake(local.home)
        lake.refuse(Refusal(NAME, delivery.vintage, delivery.updated, "zeros", TODAY.isoformat(), []))
        assert local.night(1).state == "unchanged"
        assert "data" in local.asked, "it was read, and said the same"
        local.publish(stamp(3), other_value)
        outcome = local.night(2)
        assert outcome.state == "fetched"
        assert outcome.silent_change is not None
        lake.settle(NAME)
        local.night(3)
        assert local.asked == ["listing"]

    def test_the_same_figures_in_another_order_are_the_same(self, local: Nights) -> None:
        local.night(0)

        def turned(found: dict[str, Any]) -> None:
            values, cells = found["value"], len(found["value"]) // 2
            region = next(iter(found["dimension"].values()))
            region["category"]["index"] = {"EAK": 0, "0301": 1}
            found["value"] = [*values[cells:], *values[:cells]]

        local.publish(stamp(3), turned)
        outcome = local.night(1, force=True)
        assert outcome.state == "unchanged"
        assert "the same as before" in outcome.message

    def test_force_asks_again_whatever_the_listing_says(self, local: Nights) -> None:
        local.night(0)
        local.publish(stamp(3), other_value)
        assert local.night(1, force=True).state == "fetched"


class TestPartsOfTwoVintages:
    def test_parts_with_different_stamps_are_fetched_again_and_kept_aside(
        self, tmp_path: Path, contract: TableContract
    ) -> None:
        faults = [parse_fault("other-updated@datax1+1")]
        with LocalStatbank(folder_of(tmp_path, contract), cell_limit=8, faults=faults) as statbank:
            nights = Nights(tmp_path, contract, statbank, live=False)
            outcome = nights.night(0)
        assert outcome.state == "fetched"
        folders = sorted(path.name for path in (nights.home.raw / NAME).iterdir())
        assert len(folders) == 2
        assert folders[1].startswith("unfinished-")
        reason = orjson.loads((nights.home.raw / NAME / folders[1] / "set_aside.json").read_bytes())["because"]
        assert "parts of several vintages" in reason

    def test_a_source_that_never_holds_still_is_given_up(self, tmp_path: Path, contract: TableContract) -> None:
        faults = [parse_fault("other-updated@metadata")]
        with LocalStatbank(folder_of(tmp_path, contract), faults=faults) as statbank:
            outcome = Nights(tmp_path, contract, statbank, live=False).night(0)
        assert outcome.state == "failed"
        assert "3 times in a row" in outcome.message


class TestKlass:
    def test_klass_is_asked_when_a_table_is_new_or_a_week_has_passed(self, local: Nights, catalog: Catalog) -> None:
        klass = catalog.classifications["131"]

        def ask(day: float) -> tuple[str, list[str]]:
            local.statbank.log.clear()
            session = local.session(day)
            state = session.fetch_classification(klass).state
            session.fetch_table(local.contract)
            return state, [stage for stage in local.asked if stage.startswith("klass")]

        state, asked = ask(0)
        assert state == "fetched"
        assert asked[0] == "klass"
        assert ask(1) == ("unchanged", [])
        local.publish(stamp(1))
        assert ask(2) == ("unchanged", ["klass"])
        assert ask(3) == ("unchanged", [])
        assert ask(9) == ("unchanged", ["klass"])
