"""The command line: ``k2025 …``.

Here belong commands, options and exit statuses, a module for each kind. Heavy libraries are imported by the command
that needs them, so that ``--help`` and ``query`` answer at once.
"""

from k2025_pipeline.cli import alerting, asking, refresh, serving, standing, uploads
from k2025_pipeline.cli.base import Explained, main
from k2025_pipeline.cli.refresh import run_job

__all__ = ["Explained", "alerting", "asking", "main", "refresh", "run_job", "serving", "standing", "uploads"]
