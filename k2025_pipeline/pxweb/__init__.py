"""PxWebApi v2 as Statistics Norway runs it: client, request planning, JSON-stat to Polars.

Nothing here knows which tables the product wants, nor where anything is stored.
"""
