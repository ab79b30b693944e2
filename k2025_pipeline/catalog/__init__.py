"""Reads ``schemas/`` into typed objects; the only reader of those files.

Here belongs what a declaration may say and whether it is right. Not here: what is done with it.
"""

from k2025_pipeline.catalog.loader import Catalog, CatalogError, load_catalog

__all__ = ["Catalog", "CatalogError", "load_catalog"]
