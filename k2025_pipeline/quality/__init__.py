"""What a night was judged by and how it is told: the ladder of checks, the nights' record, lights, the morning page.

Here belongs what is the same for every check, whichever engine ran it. Not here: the rules themselves
(``validation``, ``dbt``, ``schemas/expectations``) and Dagster (``orchestration``).
"""
