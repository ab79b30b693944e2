"""Alerts: who is told what when a night went wrong, one message per night and cause.

Here belong causes (``causes``), their words (``wording``, ``message``), the environment (``configuration``), channels
(``channels``), the memory of what was told (``memory``), and all of them together (``telling``). Not here: the checks
(``quality``) and Dagster's sensors (``orchestration.alerts``).
"""
