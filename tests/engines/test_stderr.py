"""What a child prints to stderr is in the log, line by line, with its origin."""

import asyncio
import logging
import os
import sys

import pytest

from hailo_vision.engines.chip.process import WorkerProcess
from hailo_vision.engines.stderr import MAX_LINE_BYTES, Stderr

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


async def test_a_flood_without_line_ends_holds_nobody_up_and_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    said = await said_by("import os; os.write(2, b'x' * 1_000_000)", caplog)
    assert sum(len(text) for _, _, text in said) == 1_000_000
    assert max(len(text) for _, _, text in said) == MAX_LINE_BYTES


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
