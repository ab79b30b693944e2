"""A contract held against metadata: what is asked, by code or by label, and what is reported as not fitting."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from builders import contract, table_12345
from k2025_pipeline.catalog.tables import TableContract
from k2025_pipeline.demo.server import LocalStatbank
from k2025_pipeline.ingest.check import Report, check_contract
from k2025_pipeline.ingest.question import Question, ask, codelist_of, find_code, fingerprint
from k2025_pipeline.pxweb.client import StatbankClient
from k2025_pipeline.pxweb.jsonstat import Dataset, DimensionInfo, describe
from k2025_pipeline.pxweb.transport import Transport

Change = Callable[[dict[str, Any]], object]


def offered(change: Change | None = None) -> Dataset:
    return describe(orjson.dumps(table_12345(change)))


def question(contract_change: Change | None = None, source_change: Change | None = None) -> Question:
    table = contract(contract_change)
    return ask(table, table.extracts[0], offered(source_change), {})


def relabel(code: str, label: str) -> Change:
    def change(document: dict[str, Any]) -> None:
        document["dimension"]["Utdanning"]["category"]["label"][code] = label

    return change


def recode(dimension: str, old: str, new: str) -> Change:
    """The source writes another code for the same label."""

    def change(document: dict[str, Any]) -> None:
        category = document["dimension"][dimension]["category"]
        for part in category.values():
            part[new] = part.pop(old)

    return change


def add_category(code: str, label: str) -> Change:
    def change(document: dict[str, Any]) -> None:
        category = document["dimension"]["Utdanning"]["category"]
        category["index"][code] = len(category["index"])
        category["label"][code] = label

    return change


def unit(**given: Any) -> Change:
    return lambda document: document["dimension"]["ContentsCode"]["category"].update(unit={"KOSfte0000": given})


def first_category(**members: Any) -> Change:
    return lambda content: content["dimensions"][1]["categories"][0].update(members)


class TestFindCode:
    INFO = DimensionInfo("D", "d", ["01", "07a"], ["Sykepleiere", "Andre  helserelaterte\u00a0yrker"], {}, False, {})

    def test_a_known_code_is_taken_in_any_case_of_letters(self) -> None:
        assert find_code("07A", [], "recorded", self.INFO) == "07a"

    def test_a_known_code_wins_over_a_label(self) -> None:
        assert find_code("07a", ["Sykepleiere"], "documented", self.INFO) == "07a"

    def test_an_assumed_code_is_not_trusted(self) -> None:
        assert find_code("07a", ["Sykepleiere"], "assumed", self.INFO) == "01"
        assert find_code("07a", ["Leger"], "assumed", self.INFO) is None

    def test_a_retired_code_is_looked_up_by_its_label(self) -> None:
        assert find_code("99", ["sykepleiere"], "recorded", self.INFO) == "01"

    @pytest.mark.parametrize("label", ["SYKEPLEIERE", " Sykepleiere ", "sykepleiere\n"])
    def test_spacing_and_case_of_a_label_do_not_matter(self, label: str) -> None:
        assert find_code(None, ["Leger", label], "assumed", self.INFO) == "01"
        assert find_code(None, ["andre helserelaterte yrker"], "assumed", self.INFO) == "07a"

    def test_a_part_of_a_label_is_not_enough(self) -> None:
        assert find_code(None, ["Sykepleier"], "assumed", self.INFO) is None


class TestAsk:
    def test_a_contract_that_fits_asks_in_metadata_order_without_findings(self) -> None:
        found = question()
        assert found.findings == []
        assert found.selection is not None
        assert found.selection.codes == {
            "Region": ["0301", "1508"],
            "Utdanning": ["01", "02"],
            "ContentsCode": ["KOSfte0000"],
            "Tid": ["2015", "2024"],
        }
        assert found.groups == {"education": {"01": "nurse", "02": "other"}}
        assert found.measures["KOSfte0000"].name == "fte"

    def test_the_order_of_the_contract_does_not_matter(self) -> None:
        found = question(lambda c: c["dimensions"].reverse())
        assert found.selection is not None
        assert list(found.selection.codes) == ["Region", "Utdanning", "ContentsCode", "Tid"]

    def test_quarters_count_by_their_year(self) -> None:
        def quarters(document: dict[str, Any]) -> None:
            document["dimension"]["Tid"]["category"] = {"index": ["2014K4", "2015K1", "2024K2"]}

        found = question(source_change=quarters)
        assert found.selection is not None
        assert found.selection.codes["Tid"] == ["2015K1", "2024K2"]

    def test_years_alone_are_asked_of_a_table_that_has_quarters_too(self) -> None:
        def both(document: dict[str, Any]) -> None:
            document["dimension"]["Tid"]["category"] = {"index": ["2014", "2014K4", "2015", "2015K1", "2024"]}

        found = question(lambda c: c["dimensions"][3].update(expression="????"), both)
        assert found.selection is not None
        assert found.selection.codes["Tid"] == ["2015", "2024"]

    def test_without_a_first_period_the_expression_decides(self) -> None:
        found = question(
            lambda c: (c["dimensions"][3].pop("from_period"), c["dimensions"][3].update(expression="top(2)"))
        )
        assert found.selection is not None
        assert found.selection.codes["Tid"] == ["2015", "2024"]

    def test_a_category_that_maps_to_no_group_is_reported_and_still_asked_for(self) -> None:
        found = question(source_change=add_category("03", "Leger"))
        (finding,) = found.findings
        assert finding.field == "dimensions.education.categories"
        assert "03 «Leger», which maps to no group" in finding.problem
        assert "«Leger»" in finding.advice
        assert not finding.blocking
        assert found.selection is not None
        assert found.selection.codes["Utdanning"] == ["01", "02", "03"]

    def test_only_declared_asks_for_nothing_else(self) -> None:
        found = question(lambda c: c["dimensions"][1].update(only_declared=True), add_category("03", "Leger"))
        assert found.findings == []
        assert found.selection is not None
        assert found.selection.codes["Utdanning"] == ["01", "02"]

    def test_a_declared_category_that_is_not_offered_is_reported_with_the_labels_there_are(self) -> None:
        found = question(first_category(code="77", labels=["Ukjent"]))
        problems = {finding.field: finding for finding in found.findings}
        missing = problems["dimensions.education.categories.nurse"]
        assert "does not offer 77" in missing.problem
        assert "«Sykepleiere», «Andre»" in missing.advice
        assert "01 «Sykepleiere», which maps to no group" in problems["dimensions.education.categories"].problem

    def test_an_assumed_category_is_found_by_its_label_whatever_its_code(self) -> None:
        found = question(first_category(evidence="assumed", code="02"), relabel("01", "  SYKEPLEIERE"))
        assert found.groups["education"]["01"] == "nurse"

    def test_a_missing_dimension_blocks(self) -> None:
        found = question(lambda c: c["dimensions"][1].update(code="KOKutdann0000"))
        blocking = [finding for finding in found.findings if finding.blocking]
        assert found.selection is None
        assert [finding.field for finding in blocking] == ["dimensions.education", "dimensions"]
        assert "no dimension KOKutdann0000 (it has Region, Utdanning, ContentsCode, Tid)" in blocking[0].problem

    def test_an_undeclared_dimension_blocks(self) -> None:
        def without_category(content: dict[str, Any]) -> None:
            content["dimensions"].pop(1)

        found = question(without_category)
        assert found.selection is None
        (finding,) = found.findings
        assert finding.blocking
        assert "a dimension Utdanning «Utdanning» that the contract does not know" in finding.problem

    def test_a_retired_measure_is_reported_and_nothing_is_asked_when_none_is_left(self) -> None:
        found = question(
            lambda c: c["measures"][0].update(code="KOSgone0000", labels=["Borte"]),
        )
        (finding,) = found.findings
        assert finding.field == "measures.fte"
        assert "does not offer KOSgone0000" in finding.problem
        assert not finding.blocking
        assert found.selection is None

    def test_a_retired_measure_leaves_the_others(self) -> None:
        def two(content: dict[str, Any]) -> None:
            content["measures"].append(content["measures"][0] | {"name": "gone", "code": "KOSgone", "labels": []})

        found = question(two)
        assert [finding.field for finding in found.findings] == ["measures.gone"]
        assert found.selection is not None
        assert found.selection.codes["ContentsCode"] == ["KOSfte0000"]

    def test_a_renumbered_measure_is_found_by_its_label(self) -> None:
        found = question(source_change=recode("ContentsCode", "KOSfte0000", "KOSfte0001"))
        assert found.findings == []
        assert list(found.measures) == ["KOSfte0001"]

    def test_another_unit_is_reported(self) -> None:
        (finding,) = question(source_change=unit(base="1000 kr", decimals=0)).findings
        assert finding.field == "measures.fte.unit"
        assert finding.problem == "the source says «1000 kr», the contract «årsverk»"

    def test_an_alias_of_the_unit_is_not_another_unit(self) -> None:
        found = question(lambda c: c["measures"][0].update(unit_aliases=["antall"]), unit(base="antall"))
        assert found.findings == []

    def test_more_decimals_are_reported_and_fewer_are_not(self) -> None:
        (finding,) = question(source_change=unit(base="årsverk", decimals=2)).findings
        assert finding.field == "measures.fte.decimals"
        assert question(lambda c: c["measures"][0].update(decimals=2)).findings == []


class TestCodelist:
    @staticmethod
    def chosen(**extract: Any) -> dict[str, str] | None:
        def offer(document: dict[str, Any]) -> None:
            lists = [
                {"id": "agg_KOG05401", "label": "Uttrekk for Alle kommuner"},
                {"id": "agg_KOG05402", "label": "Uttrekk for Kommuner 2024-"},
            ]
            document["dimension"]["Region"]["extension"] = {"codelists": lists}

        table = contract(lambda c: c.update(extracts=[extract]))
        return codelist_of(table, table.extracts[0], offered(offer))

    def test_it_is_chosen_by_id_or_by_label(self) -> None:
        """Labels are stable, ids depend on the table (facts/ssb-api.md 5)."""
        assert self.chosen(codelist="agg_KOG05401") == {"Region": "agg_KOG05401"}
        assert self.chosen(codelist_label="Kommuner 2024-") == {"Region": "agg_KOG05402"}

    def test_none_wanted_is_not_the_same_as_none_offered(self) -> None:
        assert self.chosen() == {}
        assert self.chosen(codelist="agg_kog05401") is None
        assert self.chosen(codelist_label="Bydeler") is None


class TestFingerprint:
    @pytest.mark.parametrize(
        "change",
        [
            lambda c: c["dimensions"][0].update(expression="top(5)"),
            lambda c: c["dimensions"][3].update(from_period="2016"),
            lambda c: c["dimensions"][1].update(only_declared=True),
            lambda c: c["dimensions"][1]["categories"][0].update(labels=["Sykepleier"]),
            lambda c: c["dimensions"][1]["categories"][0].update(evidence="assumed"),
            lambda c: c["measures"][0].update(code="KOSother0000"),
            lambda c: c["measures"][0].update(evidence="assumed"),
            lambda c: c.update(extracts=[{"codelist": "agg_KommSummer"}]),
        ],
    )
    def test_another_question_has_another_fingerprint(self, change: Change) -> None:
        assert fingerprint(contract(change)) != fingerprint(contract())

    @pytest.mark.parametrize(
        "change",
        [
            lambda c: c.update(title={"nb": "x", "en": "x"}, description={"nb": "x", "en": "x"}),
            lambda c: c["dimensions"][0].update(description={"nb": "x", "en": "x"}),
            lambda c: c["dimensions"][1]["categories"][0].update(name={"nb": "x", "en": "x"}),
            lambda c: c["measures"][0].update(label={"nb": "x", "en": "x"}, maximum=5, decimals=3),
            lambda c: c["coverage"].update(max_cells=5),
            lambda c: c["calendar"].update(publishes=["01-01", "05-05"]),
        ],
    )
    def test_other_words_or_rules_do_not_ask_the_table_anew(self, change: Change) -> None:
        assert fingerprint(contract(change)) == fingerprint(contract())


class TestCheck:
    """``k2025 check`` against a local Statbank with one table."""

    @staticmethod
    def report(folder: Path, table: TableContract, source_change: Change | None = None) -> Report:
        (folder / "statbank").mkdir()
        (folder / "statbank" / "12345.json").write_bytes(orjson.dumps(table_12345(source_change)))
        with LocalStatbank(folder) as server:
            return check_contract(table, StatbankClient(server.url, Transport()))

    def test_a_contract_that_fits_has_no_findings(self, tmp_path: Path) -> None:
        report = self.report(tmp_path, contract())
        assert (report.findings, report.confirmed) == ([], [])

    def test_a_renamed_label_is_found_with_what_to_edit(self, tmp_path: Path) -> None:
        table = contract(first_category(code=None))
        findings = self.report(tmp_path, table, relabel("01", "Sykepleiere mv.")).findings
        assert [finding.field for finding in findings] == [
            "dimensions.education.categories",  # assumed, so it comes first
            "dimensions.education.categories.nurse",
        ]
        assert "add the label" in findings[1].advice
        assert "«Sykepleiere mv.»" in findings[1].advice

    def test_a_difference_is_told_once_for_all_extracts(self, tmp_path: Path) -> None:
        table = contract(lambda c: c.update(extracts=[{}, {"structure": "current"}]))
        assert len(self.report(tmp_path, table, unit(base="kr")).findings) == 1

    def test_confirmed_assumptions_say_the_code(self, tmp_path: Path) -> None:
        def assume(content: dict[str, Any]) -> None:
            content["dimensions"][1]["categories"][0].update(evidence="assumed", code=None)
            content["measures"][0].update(evidence="assumed", code=None)

        report = self.report(tmp_path, contract(assume))
        assert report.findings == []
        assert report.confirmed == [
            "education.nurse: assumed, found as 01 «Sykepleiere»",
            "measures.fte: assumed, found as KOSfte0000 «Avtalte årsverk»",
        ]

    def test_an_unknown_table_is_a_blocking_finding(self, tmp_path: Path) -> None:
        (finding,) = self.report(tmp_path, contract(lambda c: c.update(id="99999"))).findings
        assert (finding.field, finding.blocking) == ("id", True)
        assert finding.problem == "the source does not offer the table"

    def test_a_codelist_that_is_not_offered_is_a_finding(self, tmp_path: Path) -> None:
        table = contract(lambda c: c.update(extracts=[{"structure": "current", "codelist": "agg_KommSummer"}]))
        (finding,) = self.report(tmp_path, table).findings
        assert finding.field == "extracts"
        assert "no codelist agg_KommSummer" in finding.problem

    def test_nothing_left_to_ask_for_is_a_finding(self, tmp_path: Path) -> None:
        table = contract(lambda c: c["dimensions"][3].update(from_period="2030"))
        (finding,) = self.report(tmp_path, table).findings
        assert "nothing is offered for the extract as_published" in finding.problem
