"""Dagster only: assets, checks, job, schedules. No logic worth a unit test lives here."""
