"""Why steps of a run stopped, in words for people.

Here belongs taking an error out of what Dagster wraps it in. Not here: checks that failed (``quality``).
"""

from pathlib import Path
from typing import Any

from k2025_pipeline import runbook
from k2025_pipeline.lake.disk import told_in


def stopped_steps(result: Any, home: Path) -> dict[str, str]:
    """Why each step stopped that raised an error, by its name.

    Args:
        result: of a run in this process. home: whose disk may have been full, in whichever words a library says it.
    """
    failures = (event for event in result.all_events if event.is_step_failure)
    found = {event.step_key: event.step_failure_data.error for event in failures}
    return {step: why(error, home) for step, error in found.items() if error is not None}


def why(error: Any, home: Path) -> str:
    """One error as a sentence: a full or write-protected disk as such, else what the program itself raised.

    Args:
        error: as Dagster serializes it. home: see :func:`stopped_steps`.
    """
    chain = [error]
    while chain[-1].cause is not None:
        chain.append(chain[-1].cause)
    known = told_in(" ".join(link.message for link in chain), home)
    if known is not None:
        return f"{known} See {runbook.link(known.runbook)}"
    # The outermost is Dagster's own, and says only that a step failed.
    raised = chain[min(1, len(chain) - 1)]
    return str(raised.message).strip().removeprefix(f"{raised.cls_name}: ")
