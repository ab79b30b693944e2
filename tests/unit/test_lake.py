"""What is kept and how: atomic writes, the raw archive, current vintages, one source per home."""

import hashlib
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from archiving import archived
from k2025_pipeline.lake.archive import Archive, Piece, vintage_id
from k2025_pipeline.lake.home import Home, WrongSource, read_json, write_bytes, write_json
from k2025_pipeline.lake.typed import TypedLake, Vintage
from k2025_pipeline.pxweb.transport import Answer

MARCH, JUNE = "2026-03-16T07:00:00Z", "2026-06-15T06:00:00Z"


def answer(
    content: bytes = b'{ "value" : [1] }\r\n', minute: int = 0, body: bytes | None = None, page: str = "data"
) -> Answer:
    return Answer(
        url=f"http://127.0.0.1/{page}",
        method="POST" if body else "GET",
        request_body=body,
        status=200,
        headers={"content-type": "application/json", "set-cookie": "secret"},
        content=content,
        received_at=datetime(2026, 6, 15, 6, minute, tzinfo=UTC),
    )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def is_read_only(path: Path) -> bool:
    return not path.stat().st_mode & 0o222


class TestWriting:
    @pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace"])
    def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
    ) -> None:
        def fail(*_: object) -> None:
            raise OSError("disk full")

        write_bytes(tmp_path / "file", b"old")
        monkeypatch.setattr(step, fail)
        with pytest.raises(OSError, match="disk full"):
            write_bytes(tmp_path / "file", b"new")
        assert (tmp_path / "file").read_bytes() == b"old"
        assert names(tmp_path) == ["file"]

    def test_an_interruption_leaves_no_temporary_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupt(_: int) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(os, "fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            write_bytes(tmp_path / "deep" / "file", b"new")
        assert names(tmp_path / "deep") == []

    def test_a_read_only_file_can_be_replaced_but_not_written_to(self, tmp_path: Path) -> None:
        write_bytes(tmp_path / "file", b"one", read_only=True)
        assert is_read_only(tmp_path / "file")
        write_bytes(tmp_path / "file", b"two")
        assert (tmp_path / "file").read_bytes() == b"two"
        assert not is_read_only(tmp_path / "file")

    def test_json_is_read_back_and_a_missing_file_is_none(self, tmp_path: Path) -> None:
        write_json(tmp_path / "a.json", {"navn": "Ålesund"})
        assert read_json(tmp_path / "a.json") == {"navn": "Ålesund"}
        assert read_json(tmp_path / "b.json") is None


class TestClaim:
    def test_a_home_keeps_its_source(self, home: Home) -> None:
        home.claim("demo")
        home.claim("demo")
        assert read_json(home.root / "source.json") == {"source": "demo"}

    def test_another_source_is_refused_with_both_names_and_the_way_out(self, home: Home) -> None:
        home.claim("demo")
        with pytest.raises(WrongSource) as raised:
            home.claim("folder:/data/tables")
        message = str(raised.value)
        assert "«demo»" in message
        assert "«folder:/data/tables»" in message
        assert f"K2025_HOME={home.root}-folder" in message
        assert f"remove {home.root} first" in message
        assert read_json(home.root / "source.json") == {"source": "demo"}

    @pytest.mark.parametrize(
        ("identity", "source"),
        [("demo", "demo"), ("live", "live"), ("folder:/data/tables", "/data/tables"), ("http://x:1", "http://x:1")],
    )
    def test_a_home_tells_its_source_as_it_is_given(self, home: Home, identity: str, source: str) -> None:
        assert home.bound_source is None
        home.claim(identity)
        assert home.bound_source == source


class TestArchive:
    def test_bytes_are_kept_exactly_and_read_only_with_their_hash(self, home: Home) -> None:
        content = b'{"value":[1,\n 2 ]}\r\n\xc3\x85'
        delivery = archived(
            Archive(home),
            "ssb_12209",
            JUNE,
            "q1",
            [
                ("metadata", "as_published", answer(page="metadata")),
                ("data", "as_published", answer(content, body=b'{"s":[]}')),
            ],
        )
        folder = home.raw / "ssb_12209" / "20260615T060000Z"
        assert names(folder) == ["001-metadata.json", "002-data.json", "journal.jsonl", "manifest.json"]
        assert delivery.answers[1].read() == (folder / "002-data.json").read_bytes() == content
        assert is_read_only(folder / "001-metadata.json")
        assert is_read_only(folder / "002-data.json")
        manifest = read_json(folder / "manifest.json")
        assert manifest is not None
        request = manifest["requests"][1]
        assert request["sha256"] == hashlib.sha256(content).hexdigest()
        assert (request["bytes"], request["method"], request["body"]) == (len(content), "POST", '{"s":[]}')
        assert request["headers"] == {"content-type": "application/json"}

    def test_what_is_read_back_is_what_was_stored(self, home: Home) -> None:
        stored = archived(Archive(home), "ssb_12209", JUNE, "q1", [("data", "current", answer())])
        assert Archive(home).latest("ssb_12209") == stored
        assert (stored.updated, stored.question, stored.vintage) == (JUNE, "q1", "20260615T060000Z")

    def test_a_folder_without_manifest_is_not_a_delivery(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object) -> None:
            raise OSError("disk full")

        with monkeypatch.context() as patched:
            patched.setattr("k2025_pipeline.lake.archive.write_json", fail)
            with pytest.raises(OSError, match="disk full"):
                archived(Archive(home), "ssb_12209", JUNE, "q1", [("data", "", answer())])
        assert names(home.raw / "ssb_12209") == ["incoming"]
        assert Archive(home).latest("ssb_12209") is None
        again = archived(Archive(home), "ssb_12209", JUNE, "q1", [("data", "", answer(b"[]"))])
        assert (again.vintage, again.answers[0].read()) == ("20260615T060000Z", b"[]")

    def test_the_same_stamp_twice_gives_a_numbered_vintage_and_keeps_the_first(self, home: Home) -> None:
        archive = Archive(home)
        stored = [
            archived(archive, "ssb_12209", JUNE, f"q{n}", [("data", "", answer(b"[%d]" % n, minute=n))])
            for n in (1, 2, 3)
        ]
        assert [delivery.vintage for delivery in stored] == [
            "20260615T060000Z",
            "20260615T060000Z-2",
            "20260615T060000Z-3",
        ]
        assert [delivery.answers[0].read() for delivery in stored] == [b"[1]", b"[2]", b"[3]"]
        assert archive.latest("ssb_12209") == stored[2]

    def test_the_latest_is_the_last_received_and_not_the_newest_stamp(self, home: Home) -> None:
        archive = Archive(home)
        archived(archive, "ssb_12209", JUNE, "q", [("data", "", answer(minute=1))])
        withdrawn = archived(archive, "ssb_12209", MARCH, "q", [("data", "", answer(minute=2))])
        assert archive.latest("ssb_12209") == withdrawn
        assert archive.latest("ssb_12292") is None

    @pytest.mark.parametrize(
        ("updated", "expected"),
        [
            ("2026-06-15T06:00:00Z", "20260615T060000Z"),
            ("2026-01-01T00:00:00.000+0000", "20260101T000000"),
            ("2026-01-01T08:00:00+01:00", "20260101T080000"),
            ("2026-06-15", "20260615"),
            ("../../etc", "undated"),
            ("", "undated"),
        ],
    )
    def test_a_stamp_makes_a_plain_folder_name(self, updated: str, expected: str) -> None:
        assert vintage_id(updated) == expected


class TestJournal:
    def test_an_answer_counts_when_its_line_is_written_and_is_found_after_a_restart(self, home: Home) -> None:
        first = Archive(home).begin("ssb_12209", JUNE)
        first.keep("k1", answer(b"[1]"))
        again = Archive(home).begin("ssb_12209", JUNE)
        found = again.find("k1")
        assert found is not None
        assert (found.content, found.received_at) == (b"[1]", answer().received_at)
        assert again.find("k2") is None

    def test_bytes_without_a_line_and_a_cut_line_do_not_count(self, home: Home) -> None:
        journal = Archive(home).begin("ssb_12209", JUNE)
        journal.keep("k1", answer(b"[1]"))
        (journal.folder / "002-data.json").write_bytes(b"[2")
        with (journal.folder / "journal.jsonl").open("ab") as file:
            file.write(b'{"key": "k2", "fi')
        again = Archive(home).begin("ssb_12209", JUNE)
        assert again.find("k2") is None
        again.keep("k3", answer(b"[3]"))
        kept = Archive(home).begin("ssb_12209", JUNE)
        assert [kept.find(key) is not None for key in ("k1", "k2", "k3")] == [True, False, True]

    def test_damaged_bytes_are_asked_for_again(self, home: Home) -> None:
        journal = Archive(home).begin("ssb_12209", JUNE)
        journal.keep("k1", answer(b"[1]"))
        path = journal.folder / "001-data.json"
        path.chmod(0o644)
        path.write_bytes(b"[9]")
        assert journal.find("k1") is None

    def test_an_answer_asked_again_never_takes_the_name_of_another(self, home: Home) -> None:
        journal = Archive(home).begin("ssb_12209", JUNE)
        for number in (1, 2, 3):
            journal.keep(f"k{number}", answer(b"[%d]" % number))
        damaged = journal.folder / "001-data.json"
        damaged.chmod(0o644)
        damaged.write_bytes(b"")
        journal.keep("k1", answer(b"[1]"))
        journal.keep("k4", answer(b"[4]"))
        again = Archive(home).begin("ssb_12209", JUNE)
        assert [again.find(f"k{n}").content for n in (1, 2, 3, 4)] == [b"[1]", b"[2]", b"[3]", b"[4]"]  # type: ignore[union-attr]

    def test_a_journal_of_another_day_is_not_gone_on_with(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        Archive(home).begin("ssb_12209", JUNE).keep("k1", answer(b"[1]"))
        monkeypatch.setattr("k2025_pipeline.lake.archive.LONGEST_FETCH", timedelta(0))
        assert Archive(home).begin("ssb_12209", JUNE).find("k1") is None

    def test_answers_under_another_stamp_are_set_aside_and_kept(self, home: Home) -> None:
        Archive(home).begin("ssb_12209", MARCH).keep("k1", answer(b"[1]"))
        journal = Archive(home).begin("ssb_12209", JUNE)
        assert journal.find("k1") is None
        (aside,) = [path for path in (home.raw / "ssb_12209").iterdir() if path.name.startswith("unfinished-")]
        assert (aside / "001-data.json").read_bytes() == b"[1]"
        because = read_json(aside / "set_aside.json")
        assert because is not None
        assert JUNE in because["because"]
        assert Archive(home).latest("ssb_12209") is None

    def test_a_kill_between_manifest_and_rename_loses_nothing(
        self, home: Home, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        archive = Archive(home)
        journal = archive.begin("ssb_12209", JUNE)
        journal.keep("k1", answer(b"[1]"))

        def fail(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(Path, "rename", fail)
            archive.seal("ssb_12209", journal, JUNE, "q", [Piece("data", "", "k1")])
        latest = Archive(home).latest("ssb_12209")
        assert latest is not None
        assert latest.answers[0].read() == b"[1]"
        assert names(home.raw / "ssb_12209") == [latest.vintage]


def vintage(name: str, updated: str, verdict: dict[str, object]) -> Vintage:
    return Vintage("ssb_12209", name, updated, updated, "", 0, "", verdict)


def accept(lake: TypedLake, wanted: Vintage, frame: pl.DataFrame) -> Vintage:
    with lake.candidates({"table": wanted.dataset}) as paths:
        frame.write_parquet(paths["table"], mkdir=True)
        return lake.accept(replace(wanted, rows=frame.height), paths["table"])


FRAME = pl.DataFrame({"region_code": ["0301", "EAK"], "value": [1.5, None]})


class TestTypedLake:
    def test_an_accepted_frame_is_current_and_reads_back(self, home: Home) -> None:
        lake = TypedLake(home)
        assert lake.current("ssb_12209") is None
        accepted = accept(lake, vintage("v1", JUNE, {"passed": True}), FRAME)
        assert lake.current("ssb_12209") == accepted
        assert (accepted.rows, accepted.updated, accepted.stale_because) == (2, JUNE, None)
        path = lake.path("ssb_12209", "v1")
        assert pl.read_parquet(path).equals(FRAME)
        assert is_read_only(path)
        assert accepted.content == hashlib.sha256(path.read_bytes()).hexdigest()

    def test_a_new_vintage_leaves_the_old_file(self, home: Home) -> None:
        lake = TypedLake(home)
        accept(lake, vintage("v1", MARCH, {}), FRAME)
        accept(lake, vintage("v2", JUNE, {}), FRAME.head(1))
        current = lake.current("ssb_12209")
        assert current is not None
        assert (current.vintage, current.rows) == ("v2", 1)
        assert pl.read_parquet(lake.path("ssb_12209", "v1")).equals(FRAME)

    def test_a_write_that_fails_leaves_the_last_good_vintage_current(
        self, home: Home, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(_: int) -> None:
            raise OSError("disk full")

        lake = TypedLake(home)
        good = accept(lake, vintage("v1", MARCH, {}), FRAME)
        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="disk full"):
            accept(lake, vintage("v2", JUNE, {}), FRAME)
        assert lake.current("ssb_12209") == good
        assert not lake.path("ssb_12209", "v2").exists()

    def test_a_stale_mark_changes_nothing_else_and_is_taken_away(self, home: Home) -> None:
        lake = TypedLake(home)
        good = accept(lake, vintage("v1", MARCH, {"rules": "r"}), FRAME)
        stale = lake.mark_stale("ssb_12209", "refused: too few rows")
        assert stale is not None
        assert stale == lake.current("ssb_12209")
        assert (stale.stale_because, stale.vintage, stale.accepted_at) == (
            "refused: too few rows",
            "v1",
            good.accepted_at,
        )
        lake.mark_fresh("ssb_12209")
        assert lake.current("ssb_12209") == good

    def test_a_new_vintage_is_not_stale(self, home: Home) -> None:
        lake = TypedLake(home)
        accept(lake, vintage("v1", MARCH, {}), FRAME)
        lake.mark_stale("ssb_12209", "no answer")
        assert accept(lake, vintage("v2", JUNE, {}), FRAME).stale_because is None

    def test_the_reason_of_a_stale_mark_follows_the_last_night(self, home: Home) -> None:
        lake = TypedLake(home)
        accept(lake, vintage("v1", MARCH, {}), FRAME)
        lake.mark_stale("ssb_12209", "no answer")
        lake.mark_stale("ssb_12209", "refused")
        current = lake.current("ssb_12209")
        assert current is not None
        assert current.stale_because == "refused"

    def test_a_table_that_never_was_cannot_be_stale(self, home: Home) -> None:
        assert TypedLake(home).mark_stale("ssb_99999", "no answer") is None
        TypedLake(home).mark_fresh("ssb_99999")
        assert TypedLake(home).current("ssb_99999") is None
