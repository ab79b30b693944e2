"""Which columns a typed table has, from its contract. Not here: what must hold in them (``contract``).

A national table has the columns of the region as well: every later step finds the country there.
"""

from __future__ import annotations

import polars as pl

from k2025_pipeline.catalog.tables import TableContract


def typed_schema(contract: TableContract) -> dict[str, pl.DataType]:
    """Column types of a table's typed frame, in order."""
    category = pl.Categorical()
    columns: dict[str, pl.DataType] = {
        "structure": category,
        "region_code": category,
        "region_label": category,
    }
    for dimension in contract.category_dimensions:
        columns[dimension.column] = category
        if dimension.categories:
            columns[f"{dimension.column}_label"] = category
            columns[f"{dimension.column}_group"] = category
    columns |= {"measure": category, "measure_code": category, "unit": category, "period": category}
    return columns | {"value": pl.Float64(), "symbol": category}
