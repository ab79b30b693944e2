"""What is kept: bytes as received, and typed Parquet per table and vintage.

All paths below ``K2025_HOME`` are made here, so that another kind of storage is a change in one place.
"""
