"""What dbt says of its last call: which models were built, which tests held, and the rows that break one.

Here belongs reading dbt's own record. Not here: running dbt (``dbt_project``, ``orchestration``).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from k2025_pipeline.dbt_project import DbtFailed
from k2025_pipeline.lake.home import Home, read_json
from k2025_pipeline.quality.ladder import dbt_asset
from k2025_pipeline.quality.outcome import Check, Finding, Key

SAMPLE = 20
RESULTS = "run_results.json"
Record = dict[str, Any]


@dataclass(frozen=True)
class DbtResults:
    """One call of dbt.

    Attributes:
        nodes: of the manifest, by unique id. results: of the call, one per model, seed or test that dbt looked at.
        build_file: the database, where the rows that break a test are looked up.
    """

    nodes: dict[str, Record]
    results: list[Record]
    build_file: Path

    @staticmethod
    def forget(home: Home) -> None:
        """Remove the results of an earlier call, so that a call that ends without any is not taken for that one."""
        (home.build / "dbt" / RESULTS).unlink(missing_ok=True)

    @classmethod
    def read(cls, home: Home) -> DbtResults:
        """Read what the last call left in the build folder.

        Raises:
            DbtFailed: when it left nothing, so that it ended before it had looked at anything.
        """
        target = home.build / "dbt"
        manifest, found = read_json(target / "manifest.json"), read_json(target / RESULTS)
        if manifest is None or found is None:
            raise DbtFailed(f"dbt ended without results. Its own words are in {home.build / 'logs' / 'dbt.log'}.")
        return cls(manifest["nodes"], found["results"], home.build_file)

    @property
    def not_built(self) -> list[str]:
        """Models that failed or were left out because something before them failed."""
        return sorted(
            dbt_asset(self._node(result))
            for result in self.results
            if self._node(result)["resource_type"] != "test" and result["status"] != "success"
        )

    def findings(self, checks: dict[Key, Check]) -> dict[Key, Finding]:
        """What each test that ran came to, by asset and name of the check.

        Args:
            checks: the ladder, for the rule in words.
        """
        tests = [result for result in self.results if self._node(result)["resource_type"] == "test"]
        ran = {self._key(result): result for result in tests if result["status"] != "skipped"}
        return {key: self._finding(result, checks[key]) for key, result in ran.items()}

    def why_it_failed(self) -> str:
        """One sentence for the person who sees the red run, with what to do."""
        broken = [result for result in self.results if result["status"] in ("fail", "error", "runtime error")]
        named = ", ".join("/".join(self._key(result)) for result in broken[:3] if self._is_test(result))
        crashed = [dbt_asset(self._node(r)) for r in broken if not self._is_test(r)]
        told = [f"{len(broken)} of its tests do not hold: {named}"] if named else []
        told += [f"not built: {', '.join(crashed)} ({str(broken[0]['message']).strip()[:300]})"] if crashed else []
        what = "; ".join(told) or "dbt ended before its tests; see build/logs/dbt.log"
        return (
            f"The build is not published, and the file of the last good night stands. {what}. "
            f"Not built: {len(self.not_built)} models; the others were. What to do: "
            f"docs/runbook/{'relations' if named else 'build-failed'}.md"
        )

    def _finding(self, result: Record, check: Check) -> Finding:
        failures = int(result["failures"] or 0)
        if result["status"] == "pass":
            return Finding(True, message="holds")
        if result["status"] not in ("fail", "warn"):
            return Finding(
                False, 1, message=f"{check.asset} {check.name}: could not be run: {str(result['message'])[:300]}"
            )
        sample = self._sample(str(result["compiled_code"]))
        return Finding(
            passed=False,
            failed=failures,
            sample=sample,
            message=f"{check.asset}: {failures} rader bryter «{check.rule.nb}» / {failures} rows break it",
            advice="Se radene, finn hva de har felles, og følg runbook-siden / see the rows, and follow the runbook.",
        )

    def _sample(self, sql: str) -> list[Record]:
        with duckdb.connect(str(self.build_file), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            return connection.sql(f"select * from ({sql}) limit {SAMPLE}").pl().to_dicts()

    def _node(self, result: Record) -> Record:
        return self.nodes[result["unique_id"]]

    def _is_test(self, result: Record) -> bool:
        return bool(self._node(result)["resource_type"] == "test")

    def _key(self, result: Record) -> Key:
        test = self._node(result)
        return dbt_asset(self.nodes[test["attached_node"]]), str(test["name"])
