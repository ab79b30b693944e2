"""Small good frames made from a contract alone: what a table would look like if the source kept its word.

Here belongs making frames and breaking cells of them. Not here: what is expected of a broken one (the tests).
"""

from __future__ import annotations

from itertools import product
from typing import Any

import polars as pl

from k2025_pipeline.catalog.tables import WHOLE_COUNTRY, Dimension, Extract, Measure, TableContract
from k2025_pipeline.validation.columns import typed_schema

Row = dict[str, Any]

REGIONS = {
    "kostra": ["0301", "4601", "EAK", "EAKUO", "EKA03", "EKG08"],
    "statbank": ["0301", "4601", "03", "0"],
}
PERIODS = {"kostra": ["2023", "2024"], "annual": ["2023", "2024"], "quarterly": ["2023K4", "2024K1"]}
AGES = ["000", "067", "105+"]
BEYOND_DECLARED = "X99"


def good_rows(contract: TableContract, regions: list[str] | None = None, periods: list[str] | None = None) -> list[Row]:
    """A row per extract, region, category, measure and period, all of them as the contract says."""
    periods = periods or PERIODS[contract.calendar.kind]
    rows = []
    for extract in contract.extracts:
        categories = [_categories(dimension) for dimension in contract.category_dimensions]
        codes = regions or _regions(contract, extract)
        for region, *chosen, measure, period in product(codes, *categories, contract.measures, periods):
            row: Row = {"structure": extract.structure, "region_code": region, "region_label": f"Region {region}"}
            for category in chosen:
                row |= category
            row |= {
                "measure": measure.name,
                "measure_code": measure.code or f"code of {measure.name}",
                "unit": measure.unit,
                "period": period,
                "value": good_value(measure),
                "symbol": None,
            }
            rows.append(row)
    return rows


def good_blocks(contract: TableContract, number: int) -> list[list[Row]]:
    """Good rows many times over without a cell in common: in regions or, of a national table, years of their own."""
    if contract.national:
        quarter = "K1" if contract.calendar.kind == "quarterly" else ""
        years = [f"{1900 + place}{quarter}" for place in range(2 * number)]
        return [good_rows(contract, periods=years[2 * place : 2 * place + 2]) for place in range(number)]
    blocks = [good_rows(contract, regions=[f"{1000 + place}"]) for place in range(number)]
    return [[row | {"region_code": _in_structure(row)} for row in block] for block in blocks]


def _in_structure(row: Row) -> str:
    return f"K-{row['region_code']}" if row["structure"] == "current" else row["region_code"]


def frame_of(contract: TableContract, rows: list[Row]) -> pl.DataFrame:
    """The rows with the column types that parsing gives."""
    schema = typed_schema(contract)
    plain = {name: pl.Float64 if name == "value" else pl.String for name in schema}
    return pl.DataFrame(rows, schema=plain).select(pl.col(name).cast(dtype) for name, dtype in schema.items())


def good_value(measure: Measure) -> float:
    """A value inside the bounds, with no more decimals than declared, and not zero."""
    low = 0.0 if measure.minimum is None else measure.minimum
    high = low + 100 if measure.maximum is None else measure.maximum
    return float(int((low + high) / 2))


def _regions(contract: TableContract, extract: Extract) -> list[str]:
    if contract.national:
        return [WHOLE_COUNTRY[0]]
    if extract.structure == "current":
        return ["K-0301", "K-4601"]
    return REGIONS[contract.dimension("region").coding or ""]


def _categories(dimension: Dimension) -> list[Row]:
    """The columns of each category: code, label and group where the contract declares groups."""
    column = dimension.column
    if not dimension.categories:
        return [{column: age} for age in AGES]
    return [
        {
            column: category.code or f"code of {category.group}",
            f"{column}_label": category.labels[0],
            f"{column}_group": category.group,
        }
        for category in dimension.categories
    ]
