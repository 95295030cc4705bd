"""What a child prints to stderr is in the log, line by line, with its origin."""

import asyncio
import logging
import os
import re
import sys

import pytest

from hailo_vision.engines.chip.process import WorkerProcess
from hailo_vision.engines.stderr import (
    BYTES_PER_S,
    LINES_PER_S,
    MAX_BURST_BYTES,
    MAX_BURST_LINES,
    MAX_LINE_BYTES,
    Rate,
    Stderr,
)

VENDOR = "[2026-01-08 10:11:12.345] [4711] [HailoRT] [{}] [vdevice.cpp:12] [open] CHECK failed"


async def said_by(program: str, caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, str]]:
    """Level, origin and text of each line, after the child has ended."""
    with caplog.at_level(logging.DEBUG, "hailo_vision.worker"):
        child = await WorkerProcess.spawn((sys.executable, "-c", program), {})
        assert await child.leave(20) == 0
    assert {record.facts["pid"] for record in caplog.records} <= {child.pid}  # type: ignore[attr-defined]
    return [(r.levelname, r.facts["origin"], r.getMessage()) for r in caplog.records]  # type: ignore[attr-defined]


async def test_each_line_is_a_log_line_of_the_worker(caplog: pytest.LogCaptureFixture) -> None:
    said = await said_by("import sys; sys.stderr.write('one\\n\\ntwo\\nthree')", caplog)
    assert said == [("WARNING", "worker", text) for text in ("one", "two", "three")]


async def test_a_line_of_the_vendors_library_keeps_its_level(caplog: pytest.LogCaptureFixture) -> None:
    lines = "\n".join(VENDOR.format(level) for level in ("critical", "error", "warning", "info", "debug"))
    said = await said_by(f"import sys; sys.stderr.write({lines!r})", caplog)
    text = "[vdevice.cpp:12] [open] CHECK failed"
    assert said == [(level, "hailort", text) for level in ("ERROR", "ERROR", "WARNING", "INFO", "DEBUG")]


@pytest.mark.parametrize("line", ["b'x' * 1000", "b'x\\n' * 500", "b'x' * 999 + b'\\n'"])
async def test_a_flood_holds_nobody_up_and_is_cut_and_what_was_dropped_is_counted(
    caplog: pytest.LogCaptureFixture, line: str
) -> None:
    said = await said_by(f"import os; [os.write(2, {line}) for _ in range(1_000)]", caplog)
    told = [text for _, origin, text in said if origin == "worker"]
    assert max(len(text) for text in told) <= MAX_LINE_BYTES
    assert len(told) < 2 * MAX_BURST_LINES
    assert sum(map(len, told)) < 2 * MAX_BURST_BYTES
    dropped = [
        re.match(r"(\d+) lines of (\d+) bytes were dropped", text) for _, origin, text in said if origin == "daemon"
    ]
    sent_bytes = {"b'x' * 1000": 1_000_000, "b'x\\n' * 500": 500_000}.get(line, 999_000)
    assert sum(int(found[2]) for found in dropped if found) == sent_bytes - sum(map(len, told))


def test_a_rate_allows_a_burst_and_then_so_many_lines_and_bytes_a_second() -> None:
    now = 0.0
    rate = Rate(lambda: now)
    assert sum(rate.takes(1) for _ in range(10 * MAX_BURST_LINES)) == MAX_BURST_LINES
    now = 3.0
    assert sum(rate.takes(1) for _ in range(1_000)) == 3 * LINES_PER_S
    now = 1_000.0
    assert sum(rate.takes(MAX_LINE_BYTES) for _ in range(1_000)) == MAX_BURST_BYTES // MAX_LINE_BYTES
    now = 1_001.0
    assert sum(rate.takes(int(BYTES_PER_S)) for _ in range(3)) == 1


async def test_what_is_no_text_is_shown_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    assert await said_by("import os; os.write(2, b'\\xff bad')", caplog) == [("WARNING", "worker", "\ufffd bad")]


async def test_a_grandchild_that_holds_the_pipe_open_does_not_hold_up_the_stop() -> None:
    reader, theirs = await Stderr.open()
    held = os.dup(theirs)
    os.close(theirs)
    async with asyncio.timeout(20):
        await reader.close()
    await asyncio.sleep(0)  # the loop closes the descriptor in its next turn
    with pytest.raises(BrokenPipeError):
        os.write(held, b"late\n")
    os.close(held)


async def test_a_child_that_cant_be_started_leaves_no_descriptor_open() -> None:
    before = set(os.listdir("/proc/self/fd"))
    with pytest.raises(FileNotFoundError):
        await WorkerProcess.spawn(("/nonexistent",), {})
    async with asyncio.timeout(20):
        while not set(os.listdir("/proc/self/fd")) <= before:
            await asyncio.sleep(0.01)


async def test_what_a_worker_prints_to_stdout_is_in_the_log_too(caplog: pytest.LogCaptureFixture) -> None:
    said = await said_by("print('a library said this')", caplog)
    assert said == [("WARNING", "worker", "a library said this")]


async def test_a_complete_line_that_is_too_long_is_cut_too(caplog: pytest.LogCaptureFixture) -> None:
    said = await said_by(f"import os; os.write(2, b'x' * {MAX_LINE_BYTES + 5} + b'\\n')", caplog)
    assert [len(text) for _, _, text in said] == [MAX_LINE_BYTES, 5]


async def test_the_last_line_is_known_even_if_the_rate_has_dropped_it() -> None:
    program = f"import os; os.write(2, b'x\\n' * {2 * MAX_BURST_LINES} + b'libgomp.so.1: cannot open\\n')"
    child = await WorkerProcess.spawn((sys.executable, "-c", program), {})
    await child.leave(20)
    assert child.last_line == "libgomp.so.1: cannot open"


async def test_lines_below_the_logs_level_leave_room_for_an_error(caplog: pytest.LogCaptureFixture) -> None:
    """llama.cpp prints hundreds of them while it loads."""
    debug = VENDOR.format("debug") + "\n"
    program = f"import os; os.write(2, {debug!r}.encode() * {2 * MAX_BURST_LINES} + b'the error\\n')"
    with caplog.at_level(logging.INFO, "hailo_vision.worker"):
        child = await WorkerProcess.spawn((sys.executable, "-c", program), {})
        await child.leave(20)
    assert [record.getMessage() for record in caplog.records] == ["the error"]
