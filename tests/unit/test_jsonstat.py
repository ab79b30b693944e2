"""JSON-stat to rows: every form that the standard allows, and the refusal of what does not fit.

Forms: facts/ssb-api.md section 3. Figures: recorded tables of Statistics Norway (CC BY 4.0).
Not here: how an answer is fetched or what its symbols mean.
"""

import copy
from collections.abc import Callable
from itertools import product
from math import prod
from typing import Any

import numpy as np
import orjson
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import RECORDINGS, dataset, needs_recordings
from k2025_pipeline.pxweb.errors import InvalidAnswer
from k2025_pipeline.pxweb.jsonstat import decode, decode_document, describe, describe_document, read

TWO_BY_TWO = {"Region": ["0301", "EAK"], "Tid": ["2023", "2024"]}


def frame_of(document: Any) -> pl.DataFrame:
    return decode(orjson.dumps(document))


def values_of(document: Any) -> list[float | None]:
    return frame_of(document)["value"].to_list()


def statuses_of(document: Any) -> list[str | None]:
    return frame_of(document)["status"].to_list()


class TestCells:
    def test_the_last_dimension_varies_fastest(self) -> None:
        assert frame_of(dataset(TWO_BY_TWO, [1, 2, 3, 4])).rows() == [
            ("0301", "2023", 1.0, None),
            ("0301", "2024", 2.0, None),
            ("EAK", "2023", 3.0, None),
            ("EAK", "2024", 4.0, None),
        ]

    def test_a_code_keeps_its_leading_zero_as_text(self) -> None:
        frame = frame_of(dataset(TWO_BY_TWO))
        assert frame.dtypes == [pl.Categorical, pl.Categorical, pl.Float64, pl.Categorical]
        assert frame["Region"][0] == "0301"

    def test_whole_numbers_and_decimals_mix(self) -> None:
        assert values_of(dataset(TWO_BY_TWO, [23, 0.5, -1, 2**53])) == [23.0, 0.5, -1.0, float(2**53)]

    def test_a_sparse_value_object_leaves_the_rest_empty(self) -> None:
        assert values_of(dataset(TWO_BY_TWO, {"3": 4, "1": 2.5})) == [None, 2.5, None, 4.0]

    def test_null_stays_null_with_and_without_a_symbol(self) -> None:
        frame = frame_of(dataset(TWO_BY_TWO, [None, 0, None, 1], status={"0": ".."}))
        assert frame.select("value", "status").rows() == [(None, ".."), (0.0, None), (None, None), (1.0, None)]

    def test_a_value_may_carry_a_symbol(self) -> None:
        frame = frame_of(dataset(TWO_BY_TWO, [7, 1, 1, 1], status={"0": "*"}))
        assert frame.select("value", "status").row(0) == (7.0, "*")

    def test_a_dimension_without_categories_gives_no_rows_but_all_columns(self) -> None:
        frame = frame_of(dataset({"Region": [], "Tid": ["2024"]}, []))
        assert (frame.height, frame.columns) == (0, ["Region", "Tid", "value", "status"])

    def test_a_dataset_of_version_1_is_unwrapped(self) -> None:
        inner = dataset(TWO_BY_TWO, [1, 2, 3, 4])
        inner["dimension"] |= {"id": inner.pop("id"), "size": inner.pop("size"), "role": {"time": ["Tid"]}}
        assert values_of({"dataset": inner}) == [1.0, 2.0, 3.0, 4.0]


class TestStatus:
    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            ({"2": ":", "0": "."}, [".", None, ":", None]),
            ({}, [None] * 4),
            ([None, "..", None, ":"], [None, "..", None, ":"]),
            (".", ["."] * 4),
            (["."], ["."] * 4),
            (None, [None] * 4),
        ],
        ids=["object", "empty object", "array", "one text", "one-element array", "null"],
    )
    def test_every_form_of_status_reaches_its_cells(self, status: Any, expected: list[str | None]) -> None:
        assert statuses_of(dataset(TWO_BY_TWO, status=status)) == expected

    def test_a_missing_status_means_no_symbols(self) -> None:
        assert statuses_of(dataset(TWO_BY_TWO)) == [None] * 4


class TestCategories:
    def test_positions_and_not_the_order_of_writing_decide(self) -> None:
        document = dataset(TWO_BY_TWO, [1, 2, 3, 4])
        document["dimension"]["Region"]["category"]["index"] = {"EAK": 1, "0301": 0}
        assert frame_of(document)["Region"].to_list() == ["0301", "0301", "EAK", "EAK"]

    def test_an_index_may_be_an_array(self) -> None:
        document = dataset(TWO_BY_TWO)
        document["dimension"]["Region"]["category"] = {"index": ["EAK", "0301"]}
        assert frame_of(document)["Region"].to_list() == ["EAK", "EAK", "0301", "0301"]

    def test_a_single_category_needs_no_index(self) -> None:
        document = dataset({"Region": ["0301"]}, [5])
        document["dimension"]["Region"]["category"] = {"label": {"0301": "Oslo"}}
        assert frame_of(document).rows() == [("0301", 5.0, None)]

    def test_a_code_stands_in_for_a_missing_label(self) -> None:
        document = dataset(TWO_BY_TWO)
        document["dimension"]["Region"]["category"]["label"] = {"EAK": "Landet"}
        region = describe(orjson.dumps(document)).dimension("Region")
        assert region is not None
        assert region.labels == ["0301", "Landet"]


class TestDescription:
    def test_a_dimension_is_found_in_any_case_of_letters(self) -> None:
        described = describe(orjson.dumps(dataset(TWO_BY_TWO)))
        found = described.dimension("REGION")
        assert found is not None
        assert found.id == "Region"
        assert described.dimension("Alder") is None

    @pytest.mark.parametrize("spelling", ["codelists", "codeLists"])
    def test_codelists_are_read_in_both_spellings(self, spelling: str) -> None:
        """The property was renamed on 2025-10-02 (facts/ssb-api.md 2.4)."""
        document = dataset(TWO_BY_TWO)
        document["dimension"]["Region"]["extension"] = {
            "elimination": True,
            spelling: [{"id": "agg_KommSummer", "label": "Kommuner"}, {"id": "vs_Landet"}],
        }
        region = describe(orjson.dumps(document)).dimension("Region")
        assert region is not None
        assert region.codelists == {"agg_KommSummer": "Kommuner", "vs_Landet": "vs_Landet"}
        assert region.elimination

    def test_units_and_notes_and_stamp_are_kept(self) -> None:
        document = dataset(TWO_BY_TWO, note=["Imputert."])
        document["dimension"]["Tid"]["category"]["unit"] = {"2024": {"base": "kr", "decimals": 0}}
        described = describe(orjson.dumps(document))
        assert (described.notes, described.updated) == (["Imputert."], "2026-06-15T06:00:00Z")
        assert described.dimensions[1].units == {"2024": {"base": "kr", "decimals": 0}}

    def test_null_means_left_out(self) -> None:
        document = dataset(TWO_BY_TWO, note=None, extension=None, label=None, source=None)
        region, period = document["dimension"].values()
        region |= {"label": None, "extension": None}
        region["category"]["unit"] = None
        period["extension"] = {"elimination": None, "codelists": None}
        period["category"] |= {
            "label": {"2023": None, "2024": "i fjor"},
            "unit": {"2023": None, "2024": {"base": None, "decimals": 1}},
        }
        described = describe(orjson.dumps(document))
        assert (described.notes, described.label, described.source) == ([], "", "")
        assert [(d.label, d.codelists, d.elimination) for d in described.dimensions] == [
            ("Region", {}, False),
            ("Tid", {}, False),
        ]
        assert [d.units for d in described.dimensions] == [{}, {"2024": {"decimals": 1}}]
        assert described.dimensions[1].labels == ["2023", "i fjor"]

    def test_the_stamp_may_be_missing(self) -> None:
        document = dataset(TWO_BY_TWO)
        del document["updated"]
        assert describe(orjson.dumps(document)).updated == ""

    def test_metadata_without_values_can_be_described_but_not_decoded(self) -> None:
        raw = orjson.dumps(dataset(TWO_BY_TWO, []))
        assert describe(raw).dimensions[0].codes == ["0301", "EAK"]
        with pytest.raises(InvalidAnswer, match="0 values for 4 cells"):
            decode(raw)


class TestOneParse:
    @pytest.mark.parametrize("document", [dataset(TWO_BY_TWO), {"dataset": dataset(TWO_BY_TWO)}])
    def test_read_gives_what_describe_and_decode_give(self, document: Any) -> None:
        raw = orjson.dumps(document)
        described, frame = read(raw)
        assert described == describe(raw)
        assert frame.equals(decode(raw))

    def test_a_parsed_document_is_read_and_left_as_it_was(self) -> None:
        document = copy.deepcopy(WRAPPED)
        assert describe_document(document) == describe(orjson.dumps(document))
        assert decode_document(document).equals(frame_of(document))
        assert document == WRAPPED

    @pytest.mark.parametrize("take", [read, decode, describe])
    def test_what_is_no_dataset_is_refused_by_every_reader(self, take: Callable[[bytes], Any]) -> None:
        for raw in (b"", b"[1", b"[]", b'{"dataset": null}'):
            with pytest.raises(InvalidAnswer):
                take(raw)


class TestRefusals:
    @pytest.mark.parametrize(
        ("members", "says"),
        [
            ({"value": [1, "..", 3, 4]}, "value"),
            ({"value": [1, "2", 3, 4]}, "value"),
            ({"value": [1, True, 3, 4]}, "value"),
            ({"value": [1.5, False, 3.5, 4.5]}, "true or false"),
            ({"value": [0.5, 2**53 + 1, 3, 4]}, "kept exactly"),
            ({"value": {"0": "7"}}, "value"),
            ({"value": [1, 2, 3]}, "3 values for 4 cells"),
            ({"value": [1, 2, 3, 4, 5]}, "5 values for 4 cells"),
            ({"value": {"4": 1}}, "beyond the 4"),
            ({"value": 5}, "0 values for 4 cells"),
            ({"status": {"4": "."}}, "beyond the 4"),
            ({"status": {"-1": "."}}, "beyond the 4"),
            ({"status": {"first": "."}}, "not a cell's number"),
            ({"status": {"1": 5}}, "status"),
            ({"status": [".", "."]}, "2 symbols for 4 cells"),
            ({"status": 7}, "status"),
            ({"size": [2, 3]}, "size"),
            ({"size": ["two", 2]}, "size"),
            ({"size": None}, "size"),
            ({"dimension": {}}, "dimension `Region`"),
            ({"dimension": ["Region", "Tid"]}, "`dimension`"),
            ({"value": {"0": 1, "00": 2}}, "`value` has a key"),
            ({"status": {"+1": "."}}, "`status` has a key"),
            ({"id": "RT"}, "`id`"),
            ({"id": ["Region", 2]}, "`id`"),
            ({"id": ["Region", "Region"]}, "stands twice"),
            ({"id": ["Region", "region"]}, "stands twice"),
            ({"id": ["value", "Tid"]}, "called `value`"),
            ({"id": ["Region", "status"]}, "called `status`"),
            ({"updated": 20260615}, "`updated` is not text"),
            ({"updated": None}, "`updated` is not text"),
            ({"label": 5}, "`label`"),
            ({"note": "Imputert."}, "`note`"),
            ({"note": [5]}, "`note`"),
        ],
        ids=lambda value: str(value) if isinstance(value, dict) else "",
    )
    def test_what_does_not_fit_is_refused(self, members: dict[str, Any], says: str) -> None:
        with pytest.raises(InvalidAnswer, match=says):
            frame_of(dataset(TWO_BY_TWO) | members)

    @pytest.mark.parametrize(
        "index",
        [
            {"0301": 0, "EAK": 2},
            {"0301": 1, "EAK": 2},
            {"0301": 0, "EAK": 0},
            {"0301": -1, "EAK": 0},
            {"0301": False, "EAK": True},
            {"0301": "0", "EAK": "1"},
            {"0301": 0.0, "EAK": 1.0},
            {"0301": 0, "EAK": None},
            {"0301": 0, "EAK": [1]},
            ["0301", "0301"],
            ["0301", 5],
            ["0301", ["EAK"]],
            "0301",
            2,
        ],
        ids=str,
    )
    def test_an_index_that_does_not_number_its_codes_is_refused_by_dimension(self, index: Any) -> None:
        document = dataset(TWO_BY_TWO)
        document["dimension"]["Region"]["category"]["index"] = index
        with pytest.raises(InvalidAnswer, match="index of `Region`"):
            describe(orjson.dumps(document))

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            (lambda d: d.update(category=None), "dimension `Region`"),
            (lambda d: d.update(label=["Region"]), "`label` of Region is not text"),
            (lambda d: d.update(extension=[]), "`extension` of Region is not an object"),
            (lambda d: d.update(extension={"elimination": "no"}), "`elimination` of Region is not true or false"),
            (lambda d: d.update(extension={"codelists": {}}), "`codelists` of Region is not an array"),
            (
                lambda d: d.update(extension={"codeLists": [{}]}),
                "`codeLists` of Region holds something without an `id`",
            ),
            (lambda d: d["category"].update(label=["Oslo"]), "`label` of Region is not an object"),
            (lambda d: d["category"].update(label={"0301": 5}), "`label` of Region holds something that is not text"),
            (
                lambda d: d["category"].update(unit={"0301": "kr"}),
                "`unit` of Region holds something that is not an obj",
            ),
            (lambda d: d["category"].update(unit={"0301": {"base": 5}}), "`base` of Region is not text"),
            (lambda d: d["category"].update(unit={"0301": {"decimals": "0"}}), "`decimals` of Region is not a whole"),
        ],
    )
    def test_a_dimension_of_another_form_is_refused(
        self, change: Callable[[dict[str, Any]], object], says: str
    ) -> None:
        document = dataset(TWO_BY_TWO)
        change(document["dimension"]["Region"])
        with pytest.raises(InvalidAnswer, match=says):
            describe(orjson.dumps(document))

    def test_a_deep_value_is_refused_before_it_is_unfolded(self) -> None:
        deep = b"[" * 1000 + b"]" * 1000
        raw = orjson.dumps(dataset({"Region": ["0301", "EAK"]}, [1.5, "deep"])).replace(b'"deep"', deep)
        with pytest.raises(InvalidAnswer, match="value"):
            decode(raw)

    def test_more_cells_than_memory_are_refused_before_they_are_laid_out(self) -> None:
        codes = [str(number) for number in range(1000)]
        document = dataset({"A": codes, "B": codes, "C": codes, "D": ["0"]}, {})
        with pytest.raises(InvalidAnswer, match="1000000000 cells are more"):
            frame_of(document)

    def test_an_empty_dimension_among_long_ones_gives_no_rows(self) -> None:
        codes = [str(number) for number in range(1000)]
        assert frame_of(dataset({"A": codes, "B": codes, "C": codes, "D": codes, "E": []}, {})).height == 0

    def test_a_cut_document_is_refused_with_its_length(self) -> None:
        raw = orjson.dumps(dataset(TWO_BY_TWO))[:-20]
        with pytest.raises(InvalidAnswer, match=f"{len(raw)} bytes that are not complete JSON"):
            decode(raw)

    @pytest.mark.parametrize("document", [[], {}, {"dataset": []}, {"error": "Parameter error"}, None])
    def test_other_json_is_refused(self, document: Any) -> None:
        with pytest.raises(InvalidAnswer, match="no `id`, `size` and `dimension`"):
            frame_of(document)


@st.composite
def cubes(draw: st.DrawFn) -> tuple[list[int], list[float | int | None], dict[int, str]]:
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    number = st.one_of(st.none(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False))
    values = draw(st.lists(number, min_size=prod(sizes), max_size=prod(sizes)))
    statuses = draw(st.dictionaries(st.integers(0, prod(sizes) - 1), st.sampled_from([".", "..", ":", "-"])))
    return sizes, values, statuses


def codes_for(sizes: list[int]) -> dict[str, list[str]]:
    return {f"D{place}": [f"{place}-{number}" for number in range(size)] for place, size in enumerate(sizes)}


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "0", "00", "0301", "EAK", "Region", "value", "status"])
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "size", "0", "1", "00", "0301", "base", "label"]), inner, max_size=3)
    ),
    max_leaves=6,
)
RICH = dataset(TWO_BY_TWO, status={"0": "."}, note=["a note"])
RICH["dimension"]["Region"]["extension"] = {"elimination": True, "codelists": [{"id": "agg", "label": "a list"}]}
RICH["dimension"]["Tid"]["category"]["unit"] = {"2024": {"base": "kr", "decimals": 0}}
WRAPPED = {"dataset": {**RICH, "dimension": {**RICH["dimension"], "id": RICH["id"], "size": RICH["size"]}}}
del WRAPPED["dataset"]["id"], WRAPPED["dataset"]["size"]


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every container of a document with one of its keys."""
    keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else []
    return [(node, key) for key in keys] + [place for key in keys for place in places(node[key])]


@st.composite
def spoilt(draw: st.DrawFn) -> Any:
    """A right document, with one to three members replaced by anything, taken away or renamed."""
    document = copy.deepcopy(draw(st.sampled_from([RICH, WRAPPED])))
    for _ in range(draw(st.integers(1, 3))):
        found = places(document)
        if not found:
            break
        node, key = draw(st.sampled_from(found))
        removed = node.pop(key)
        if isinstance(node, list):
            node[key:key] = draw(st.sampled_from([[], [removed, removed]]) | st.lists(JSON, max_size=2))
        else:
            node |= draw(st.sampled_from([{}, {f"{key}0": removed}]) | st.fixed_dictionaries({key: JSON}))
    return document


class TestProperties:
    @settings(deadline=None, max_examples=500)
    @given(spoilt())
    def test_a_spoilt_document_is_decoded_or_refused_and_nothing_else(self, document: Any) -> None:
        raw = orjson.dumps(document)
        try:
            described = describe(raw)
            frame = decode(raw)
        except InvalidAnswer:
            return
        codes = [dimension.codes for dimension in described.dimensions]
        assert frame.columns == [*(dimension.id for dimension in described.dimensions), "value", "status"]
        assert frame.drop("value", "status").rows() == (list(product(*codes)) if codes else [])

    @settings(deadline=None)
    @given(cubes())
    def test_dense_and_sparse_writings_decode_equally(self, cube: tuple[Any, Any, Any]) -> None:
        sizes, values, statuses = cube
        dense = dataset(codes_for(sizes), values, status=[statuses.get(cell) for cell in range(len(values))])
        sparse = dense | {
            "value": {str(cell): value for cell, value in enumerate(values) if value is not None},
            "status": {str(cell): symbol for cell, symbol in statuses.items()},
        }
        assert frame_of(dense).rows() == frame_of(sparse).rows()

    @settings(deadline=None)
    @given(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    def test_rows_stand_in_numpys_row_major_order(self, sizes: list[int]) -> None:
        cube = np.arange(prod(sizes)).reshape(sizes)
        frame = frame_of(dataset(codes_for(sizes), cube.ravel().tolist()))
        assert frame.drop("value", "status").rows() == list(product(*codes_for(sizes).values()))
        places = [[int(code.split("-")[1]) for code in frame[name]] for name in codes_for(sizes)]
        assert cube[tuple(places)].tolist() == frame["value"].to_list()


def recorded_files() -> list[Any]:
    found = [*RECORDINGS.glob("statbank/*.json"), *RECORDINGS.glob("replies/*-data.json")]
    found += RECORDINGS.glob("replies/*-municipalities.json")
    return [pytest.param(path, id=path.name) for path in sorted(found)] or [
        pytest.param(None, marks=pytest.mark.skip(reason=f"no recorded answers in {RECORDINGS}"))
    ]


class TestRecordings:
    @pytest.mark.parametrize("path", recorded_files())
    def test_a_recorded_file_decodes_whole(self, path: Any) -> None:
        document = orjson.loads(path.read_bytes())
        frame = decode(path.read_bytes())
        assert frame.height == prod(document["size"])
        assert frame.columns == [*document["id"], "value", "status"]
        assert frame["value"].null_count() == document["value"].count(None)
        if document.get("status"):
            without_figure = frame.filter(pl.col("value").is_null() | pl.col("status").is_not_null())
            assert without_figure["value"].null_count() == without_figure.height == len(document["status"])

    @needs_recordings
    def test_the_recorded_accounts_are_the_published_ones(self) -> None:
        """Table 12134: Oslo, Bergen and Trondheim in 2024, as the API answered (facts/ssb-api.md 2.7)."""
        frame = decode((RECORDINGS / "statbank" / "12134.json").read_bytes())
        assert frame.select("KOKkommuneregion0000", "value").rows() == [
            ("0301", 81240.0),
            ("4601", 66605.0),
            ("5001", 62853.0),
        ]

    @needs_recordings
    def test_the_population_file_has_the_cells_that_its_readme_states(self) -> None:
        """908 208 cells: README of the recordings."""
        assert decode((RECORDINGS / "statbank" / "07459@agg_KommSummer.json").read_bytes()).height == 908_208
