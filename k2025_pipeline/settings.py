"""The ``K2025_*`` environment, read into one object.

Here belongs everything that may differ between two machines. Not here: what a table or an
indicator is (``schemas/``), and where inside the home a file lies (``lake.home``).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

PROJECT_ROOT = Path(__file__).resolve().parents[1]
DEFAULT_SOURCE = "demo"
DEFAULT_REPORTS_URL = "http://127.0.0.1:3001"
DEFAULT_UI = "http://127.0.0.1:3000"


@dataclass(frozen=True)
class Settings:
    """What the environment decides.

    Attributes:
        home: folder that holds everything written (``K2025_HOME``).
        source: ``demo``, ``demo:unrevised``, ``live``, a URL or a folder (``K2025_SOURCE``).
        contact: address sent in the ``User-Agent`` so that SSB can reach the operator (``K2025_CONTACT``).
        publication_hours: what to do while SSB reloads and publishes (``K2025_PUBLICATION_HOURS``): ``end`` and
        ask at the next refresh, or ``wait``.
        reports_url: where the pages below ``reports/`` are served (``K2025_REPORTS_URL``); `k2025 ui` serves them.
        ui_url: where people open Dagster, for links in messages (``K2025_UI_URL``).
        project_root: folder with ``schemas/`` and ``dbt/``.
    """

    home: Path
    source: str = DEFAULT_SOURCE
    contact: str = ""
    publication_hours: Literal["end", "wait"] = "end"
    reports_url: str = DEFAULT_REPORTS_URL
    ui_url: str = DEFAULT_UI
    project_root: Path = field(default=PROJECT_ROOT)

    def runbook(self, page: str) -> str:
        """Address of a page of the runbook."""
        return f"{self.reports_url}/runbook/{page}.html"

    @property
    def schemas(self) -> Path:
        """Folder of the declarations."""
        return self.project_root / "schemas"

    @property
    def dbt_project(self) -> Path:
        """Folder of the dbt project."""
        return self.project_root / "dbt"

    @classmethod
    def from_env(cls) -> Settings:
        """Read the environment; a relative ``K2025_HOME`` counts from the project's root."""
        home = Path(os.environ.get("K2025_HOME") or "var")
        return cls(
            home=home if home.is_absolute() else PROJECT_ROOT / home,
            source=os.environ.get("K2025_SOURCE") or DEFAULT_SOURCE,
            contact=os.environ.get("K2025_CONTACT", ""),
            reports_url=(os.environ.get("K2025_REPORTS_URL") or DEFAULT_REPORTS_URL).rstrip("/"),
            publication_hours="wait" if os.environ.get("K2025_PUBLICATION_HOURS") == "wait" else "end",
            ui_url=(os.environ.get("K2025_UI_URL") or DEFAULT_UI).rstrip("/"),
        )


def disable_telemetry() -> None:
    """Switch off what Dagster, dbt and Great Expectations would report home: a public-sector default."""
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "yes"
    os.environ["DO_NOT_TRACK"] = "1"
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
