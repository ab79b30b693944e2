"""The moving window per host: what is learnt, that processes share it, and that it costs nothing when it is wide.

Limits: facts/ssb-api.md 0.3, 2.2 and 2.3. Time stands still but for the limiter's own pauses.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from builders import Clock
from k2025_pipeline.pxweb.errors import LimitsUnavailable
from k2025_pipeline.pxweb.limiter import RateLimiter, shared_folder

HOST = "statbank.example"


def limiter_of(clock: Clock, folder: Path | None = None) -> RateLimiter:
    return RateLimiter(folder, clock.sleep, clock.time)


def calls_before_a_pause(limiter: RateLimiter, clock: Clock, tries: int = 100) -> int:
    for number in range(tries):
        limiter.wait(HOST)
        if clock.slept:
            return number
    return tries


def learnt(clock: Clock, *announced: dict[str, str]) -> RateLimiter:
    limiter = limiter_of(clock)
    for headers in announced:
        limiter.learn(HOST, headers)
    return limiter


class TestLimit:
    def test_three_quarters_of_the_announced_limit_are_used(self) -> None:
        """SSB announces ``40;w=60s``."""
        clock = Clock()
        assert calls_before_a_pause(learnt(clock, {"x-ratelimit-policy": "40;w=60s"}), clock) == 30
        assert sum(clock.slept) == pytest.approx(60, abs=0.01)

    def test_the_documented_limit_counts_until_one_is_announced(self) -> None:
        """30 calls a minute."""
        clock = Clock()
        assert calls_before_a_pause(limiter_of(clock), clock) == 30

    @pytest.mark.parametrize(
        "policy",
        ["0;w=60s", "40;w=0s", "", "unlimited", "-5;w=60s", "40", "9" * 5000 + ";w=60s", "1;w=999999999s", "١;w=٢s"],
    )
    def test_what_is_no_limit_is_not_unlimited(self, policy: str) -> None:
        clock = Clock()
        assert calls_before_a_pause(learnt(clock, {"x-ratelimit-policy": policy}), clock) == 30
        assert sum(clock.slept) < 61

    def test_a_zero_does_not_take_away_what_was_announced_before(self) -> None:
        clock = Clock()
        limiter = learnt(clock, {"x-ratelimit-policy": "8;w=10s"}, {"x-ratelimit-policy": "0;w=0s"})
        assert calls_before_a_pause(limiter, clock) == 6
        assert sum(clock.slept) == pytest.approx(10, abs=0.01)

    def test_a_limit_of_one_still_lets_one_call_through(self) -> None:
        clock = Clock()
        assert calls_before_a_pause(learnt(clock, {"x-ratelimit-policy": "1;w=60s"}), clock) == 1

    def test_a_limit_without_policy_counts_for_a_minute_and_the_smaller_one_holds(self) -> None:
        clock = Clock()
        assert calls_before_a_pause(learnt(clock, {"x-ratelimit-limit": "8"}), clock) == 6
        clock = Clock()
        headers = {"x-ratelimit-policy": "40;w=60s", "x-ratelimit-limit": "8"}
        assert calls_before_a_pause(learnt(clock, headers), clock) == 6

    def test_a_new_limit_holds_for_calls_already_made(self) -> None:
        clock = Clock()
        limiter = limiter_of(clock)
        for _ in range(10):
            limiter.wait(HOST)
        limiter.learn(HOST, {"x-ratelimit-policy": "8;w=60s"})
        limiter.wait(HOST)
        assert sum(clock.slept) == pytest.approx(60, abs=0.01)

    def test_the_window_moves(self) -> None:
        clock = Clock()
        limiter = learnt(clock, {"x-ratelimit-policy": "4;w=60s"})
        for _ in range(3):
            limiter.wait(HOST)
            clock.now += 15
        limiter.wait(HOST)
        assert sum(clock.slept) == pytest.approx(15, abs=0.01)

    def test_hosts_are_limited_apart(self) -> None:
        clock = Clock()
        limiter = limiter_of(clock)
        for host in ("a", "b"):
            limiter.learn(host, {"x-ratelimit-policy": "4;w=60s"})
        for host in ("a", "b") * 3:
            limiter.wait(host)
        assert clock.slept == []

    @pytest.mark.parametrize(("calls", "seconds"), [(0, 0), (0, 60), (30, 0), (None, None), ("30", "60"), (True, 60)])
    def test_a_configuration_that_tells_nothing_is_ignored(self, calls: object, seconds: object) -> None:
        """`/config` says 0/0, which does not mean unlimited."""
        clock = Clock()
        limiter = limiter_of(clock)
        limiter.adopt(HOST, calls, seconds)
        assert calls_before_a_pause(limiter, clock) == 30

    def test_a_configuration_that_tells_something_is_adopted(self) -> None:
        clock = Clock()
        limiter = limiter_of(clock)
        limiter.adopt(HOST, 12, 60)
        assert calls_before_a_pause(limiter, clock) == 9


class TestRemaining:
    @pytest.mark.parametrize("remaining", ["1", "0"])
    def test_the_last_calls_are_left_to_others_until_the_window_is_over(self, remaining: str) -> None:
        clock = Clock()
        limiter = limiter_of(clock)
        limiter.wait(HOST)
        limiter.learn(HOST, {"x-ratelimit-policy": "40;w=20s", "x-ratelimit-remaining": remaining})
        limiter.wait(HOST)
        assert clock.slept == [20.0]
        limiter.wait(HOST)
        assert clock.slept == [20.0]

    @pytest.mark.parametrize("remaining", ["2", "39", "", "-1", "many"])
    def test_enough_calls_left_are_no_reason_to_wait(self, remaining: str) -> None:
        clock = Clock()
        limiter = learnt(clock, {"x-ratelimit-policy": "40;w=60s", "x-ratelimit-remaining": remaining})
        limiter.wait(HOST)
        assert clock.slept == []

    def test_time_that_passed_by_itself_counts(self) -> None:
        clock = Clock()
        limiter = learnt(clock, {"x-ratelimit-policy": "40;w=60s", "x-ratelimit-remaining": "0"})
        clock.now += 45
        limiter.wait(HOST)
        assert clock.slept == [15.0]

    def test_without_policy_the_documented_window_is_waited_for(self) -> None:
        clock = Clock()
        limiter = learnt(clock, {"x-ratelimit-remaining": "0", "x-ratelimit-policy": "1;w=999999s"})
        limiter.wait(HOST)
        assert clock.slept == [60.0]


PROCESS = """
import sys, time
from pathlib import Path
from k2025_pipeline.pxweb.limiter import RateLimiter
slept = []
def sleep(seconds):
    slept.append(seconds)
    print(calls)
    sys.exit()
limiter = RateLimiter(Path(sys.argv[1]), sleep)
limiter.adopt("statbank.example", 16, 600)
for calls in range(int(sys.argv[2])):
    limiter.wait("statbank.example")
print(calls + 1)
"""


def process(folder: Path, calls: int) -> subprocess.Popen[str]:
    """A process of its own that calls until it would have to sleep; prints how often it could."""
    command = [sys.executable, "-c", PROCESS, str(folder), str(calls)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


class TestShared:
    def test_processes_share_one_limit(self, tmp_path: Path) -> None:
        """Three quarters of 16 are 12: what two processes at once may call together, and a third one nothing."""
        running = [process(tmp_path, 20), process(tmp_path, 20)]
        assert sum(int(one.communicate(timeout=60)[0]) for one in running) == 12
        assert int(process(tmp_path, 20).communicate(timeout=60)[0]) == 0

    def test_what_another_limiter_called_counts(self, tmp_path: Path) -> None:
        clock = Clock()
        first, second = limiter_of(clock, tmp_path), limiter_of(clock, tmp_path)
        for _ in range(20):
            first.wait(HOST)
        assert calls_before_a_pause(second, clock) == 10
        assert sum(clock.slept) == pytest.approx(60, abs=0.01)

    def test_threads_share_one_limit(self, tmp_path: Path) -> None:
        clock = Clock()
        limiter = limiter_of(clock, tmp_path)
        threads = [threading.Thread(target=lambda: [limiter.wait(HOST) for _ in range(8)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(clock.slept) == pytest.approx(60, abs=0.01)

    @pytest.mark.parametrize("host", ["127.0.0.1:8025", "localhost:1", "[::1]:80", "127.9.9.9", "localhost"])
    def test_a_local_statbank_is_limited_in_memory_only(self, host: str, tmp_path: Path) -> None:
        limiter = limiter_of(Clock(), tmp_path)
        limiter.wait(host)
        assert list(tmp_path.iterdir()) == []

    def test_each_host_has_a_file_inside_the_folder(self, tmp_path: Path) -> None:
        folder = tmp_path / "limits"
        limiter = limiter_of(Clock(), folder)
        hosts = ["data.ssb.no", "data.ssb.no:8443", "../../etc/passwd", "a/b", "a_b", ".", "x" * 5000]
        for host in hosts:
            limiter.wait(host)
        files = list(folder.glob("*.sqlite")) + list(folder.glob(".*.sqlite"))
        assert len(files) == len(hosts)
        assert list(tmp_path.iterdir()) == [folder]
        assert any(file.name.startswith("data.ssb.no-") for file in files)

    def test_a_clock_that_was_set_back_does_not_block(self, tmp_path: Path) -> None:
        clock = Clock()
        for _ in range(30):
            limiter_of(clock, tmp_path).wait(HOST)
        clock.now -= 7200
        limiter_of(clock, tmp_path).wait(HOST)
        assert clock.slept == []

    def test_old_calls_are_forgotten(self, tmp_path: Path) -> None:
        clock = Clock()
        limiter = limiter_of(clock, tmp_path)
        for _ in range(100):
            limiter.wait(HOST)
            clock.now += 600
        assert limiter._buckets[HOST].count() < 10


class TestFolder:
    def test_a_folder_that_cannot_be_made_is_told_with_what_to_do(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(LimitsUnavailable, match=r"file/limits: .*Make the folder writable or remove it"):
            RateLimiter(tmp_path / "file" / "limits")

    @pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
    def test_a_folder_that_cannot_be_written_is_told(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o500)
        with pytest.raises(LimitsUnavailable, match="no permission to write"):
            RateLimiter(tmp_path)

    def test_a_damaged_file_is_told(self, tmp_path: Path) -> None:
        limiter_of(Clock(), tmp_path).wait(HOST)
        for file in tmp_path.glob("*.sqlite*"):
            file.write_bytes(b"no database, but long enough to be taken for one" * 100)
        with pytest.raises(LimitsUnavailable, match=r"not a database.*remove it"):
            limiter_of(Clock(), tmp_path).wait(HOST)

    def test_the_shared_folder_is_for_this_user_only(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        folder = shared_folder()
        assert folder == shared_folder() == tmp_path / f"k2025-limits-{os.getuid()}"
        assert folder.stat().st_mode & 0o777 == 0o700

    def test_a_link_to_somewhere_else_is_not_taken(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / f"k2025-limits-{os.getuid()}").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(LimitsUnavailable, match="somebody else"):
            shared_folder()


def test_a_wide_limit_costs_less_than_a_millisecond_per_call() -> None:
    """A local Statbank announces 6 000 calls a minute, so that many nights run at full speed."""
    clock = Clock()
    limiter = learnt(clock, {"x-ratelimit-policy": "6000;w=60s"})
    started = time.perf_counter()
    for _ in range(20_000):
        limiter.wait(HOST)
    assert (time.perf_counter() - started) / 20_000 < 0.001
    assert len(limiter._buckets[HOST].items) <= 4501  # type: ignore[union-attr]
