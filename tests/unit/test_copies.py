"""Which dated copies are kept, and what the manifest says of the program's revision."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from k2025_pipeline.catalog.quality import Retention
from k2025_pipeline.warehouse.copies import kept
from k2025_pipeline.warehouse.manifest import Published, revision

RULES = Retention(nights=14, months=24)
EVERY_NIGHT = [date(2023, 1, 1) + timedelta(days=n) for n in range(1200)]


def test_the_latest_nights_and_then_the_first_of_each_month() -> None:
    stays = sorted(kept(EVERY_NIGHT, RULES))
    assert stays[-14:] == EVERY_NIGHT[-14:]
    monthly = stays[:-14]
    assert len(monthly) == 24
    assert {day.day for day in monthly} == {1}
    assert monthly[-1] == date(2026, 3, 1)
    assert monthly[0] == date(2024, 4, 1)


def test_nights_without_news_do_not_count() -> None:
    sparse = [date(2024, 3, 15), date(2024, 6, 17), date(2024, 6, 20), date(2025, 3, 17), date(2025, 6, 16)]
    assert kept(sparse, Retention(nights=1, months=2)) == {date(2024, 6, 17), date(2025, 3, 17), date(2025, 6, 16)}
    assert kept(sparse, Retention(nights=2, months=0)) == {date(2025, 3, 17), date(2025, 6, 16)}
    assert kept(sparse, RULES) == set(sparse)
    assert kept([], RULES) == set()


def test_what_is_removed_night_by_night_is_what_would_be_removed_at_once() -> None:
    """Otherwise a copy would be gone before it becomes the first of its month."""
    standing: set[date] = set()
    for number, day in enumerate(EVERY_NIGHT):
        standing = kept({*standing, day}, RULES)
        if number % 50 == 0:
            assert standing == kept(EVERY_NIGHT[: number + 1], RULES)
    assert standing == kept(EVERY_NIGHT, RULES)


@pytest.mark.parametrize(
    ("moment", "day"), [("2026-06-14T21:59:59+00:00", "2026-06-14"), ("2026-06-14T22:00:00+00:00", "2026-06-15")]
)
def test_a_copy_has_the_date_in_oslo(moment: str, day: str) -> None:
    assert Published("f", moment, "s", "demo", {}).day.isoformat() == day


class TestRevision:
    COMMIT = "0123456789abcdef0123456789abcdef01234567"

    def test_of_a_branch_a_packed_one_and_a_bare_commit(self, tmp_path: Path) -> None:
        git = tmp_path / ".git"
        (git / "refs" / "heads").mkdir(parents=True)
        (git / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
        assert revision(tmp_path) is None, "no commit yet"
        (git / "packed-refs").write_text(f"# pack-refs\n{self.COMMIT} refs/heads/main\n", encoding="utf-8")
        assert revision(tmp_path) == self.COMMIT
        (git / "refs" / "heads" / "main").write_text("f" * 40 + "\n", encoding="utf-8")
        assert revision(tmp_path) == "f" * 40
        (git / "HEAD").write_text(self.COMMIT, encoding="utf-8")
        assert revision(tmp_path) == self.COMMIT

    def test_of_a_second_working_tree(self, tmp_path: Path) -> None:
        git, tree = tmp_path / "main" / ".git", tmp_path / "tree"
        (git / "worktrees" / "tree").mkdir(parents=True)
        (git / "refs").mkdir()
        tree.mkdir()
        (tree / ".git").write_text(f"gitdir: {git / 'worktrees' / 'tree'}\n", encoding="utf-8")
        (git / "worktrees" / "tree" / "HEAD").write_text("ref: refs/x\n", encoding="utf-8")
        (git / "worktrees" / "tree" / "commondir").write_text("../..\n", encoding="utf-8")
        (git / "refs" / "x").write_text(self.COMMIT, encoding="utf-8")
        assert revision(tree) == self.COMMIT

    def test_outside_git_and_of_a_file_that_is_no_commit(self, tmp_path: Path) -> None:
        assert revision(tmp_path) is None
        (tmp_path / "secret").write_text("a password", encoding="utf-8")
        (tmp_path / ".git").mkdir()
        (tmp_path / ".git" / "HEAD").write_text("ref: ../secret\n", encoding="utf-8")
        assert revision(tmp_path) is None
