"""Which columns a typed table has, from its contract. Not here: what must hold in them (``contract``).

A national table has the columns of the region as well: every later step finds the country there.
"""

from __future__ import annotations

import polars as pl

from k2025_pipeline.catalog.tables import TableContract
from k2025_pipeline.catalog.uploads import UploadContract


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


def upload_schema(contract: UploadContract) -> dict[str, pl.DataType]:
    """Column types of an upload's typed frame, in order."""
    text, day = pl.String(), pl.Date()
    columns: dict[str, pl.DataType] = {"region_code": text, "region_label": text}
    columns |= {column.name: text for column in contract.category_columns}
    columns |= {column.name: day if column.type == "date" else text for column in contract.attributes}
    columns |= {"measure": text, "unit": text, "period": text, "value": pl.Float64(), "symbol": text}
    columns |= {"file_row": pl.Int32(), "note": text, "uploaded_by": text, "dated": day}
    return columns | {"uploaded_at": pl.Datetime("us", "UTC"), "file": text, "source": text}
