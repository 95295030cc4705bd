"""What a child prints to stderr becomes log lines: our own traces, and what the vendor's library has to say."""

import asyncio
import contextlib
import logging
import os
import re
import time
from collections import deque
from collections.abc import Callable
from typing import Self, cast

log = logging.getLogger("hailo_vision.worker")

MAX_LINE_BYTES = 2_000  # the rest of a longer line is a line of its own
# A child may say so much at once, and so much a second in the long run; the rest is dropped and counted.
MAX_BURST_LINES, LINES_PER_S = 200, 10.0
MAX_BURST_BYTES, BYTES_PER_S = 100_000, 4_000.0
LAST_LINES = 16  # that are kept, as the last one need not be the cause
LAST_WORDS_S = 1.0  # for what a dead child has left in the pipe; a child of its own can hold that open

# spdlog's layout in HailoRT 5.1.1 and 5.2.0: [time] [thread] [HailoRT] [level] [source] [function] text
_VENDOR = re.compile(r"\[HailoRT\] \[(?P<level>\w+)\] (?P<text>.*)")
_LEVELS = {"critical": logging.ERROR, "error": logging.ERROR, "warning": logging.WARNING, "info": logging.INFO}


# A line's level, who said it, and the text without what told these two.
Line = tuple[int, str, str]


def hailort_line(text: str) -> Line:
    """A line of the worker's stderr: the vendor's own level where the line has one."""
    vendor = _VENDOR.search(text)
    if vendor is None:
        return logging.WARNING, "worker", text
    return _LEVELS.get(vendor["level"], logging.DEBUG), "hailort", vendor["text"]


class Rate:
    """Two buckets, of lines and of bytes, which a line takes from and time refills."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lines, self._bytes = float(MAX_BURST_LINES), float(MAX_BURST_BYTES)
        self._filled_at = clock()

    def takes(self, size_bytes: int) -> bool:
        """Whether a line of this size may be told; it is counted then."""
        now = self._clock()
        passed_s, self._filled_at = now - self._filled_at, now
        self._lines = min(MAX_BURST_LINES, self._lines + passed_s * LINES_PER_S)
        self._bytes = min(MAX_BURST_BYTES, self._bytes + passed_s * BYTES_PER_S)
        if self._lines < 1 or self._bytes < size_bytes:
            return False
        self._lines -= 1
        self._bytes -= size_bytes
        return True

    def give_back(self, size_bytes: int) -> None:
        """The line that was counted last is not told after all."""
        self._lines += 1
        self._bytes += size_bytes


class Stderr(asyncio.Protocol):
    """Reads a child's stderr as it comes, so that a full pipe never holds the child up."""

    def __init__(self, read: Callable[[str], Line], clock: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._rate = Rate(clock)
        self._dropped_lines = self._dropped_bytes = 0
        self._said = b""
        self._closed = asyncio.Event()
        self._transport: asyncio.ReadTransport | None = None
        self._early = b""  # what came before the pid was known
        self.pid: int | None = None
        self._last: deque[bytes] = deque(maxlen=LAST_LINES)

    @classmethod
    async def open(cls, read: Callable[[str], Line] = hailort_line) -> tuple[Self, int]:
        """`read` tells what a line is. Gives the reader, and the child's descriptor, which is the caller's to close."""
        ours, theirs = os.pipe()
        try:
            _, reader = await asyncio.get_running_loop().connect_read_pipe(
                lambda: cls(read), os.fdopen(ours, "rb", buffering=0)
            )
        except BaseException:
            os.close(theirs)
            raise
        return reader, theirs

    @property
    def last_line(self) -> str:
        """The last line, without what told its level and origin."""
        return self.last_lines[-1] if self._last else ""

    @property
    def last_lines(self) -> list[str]:
        """The last lines in their order, each without what told its level and origin."""
        return [self._read(line.decode(errors="replace").rstrip())[2] for line in self._last]

    def begin(self, pid: int) -> None:
        """Name the child, which runs now; its first lines can come before its pid is known here."""
        self.pid = pid
        if self._early:
            early, self._early = self._early, b""
            self.data_received(early)
            if self._transport is not None:
                self._transport.resume_reading()

    async def close(self) -> None:
        """Take the last words of a child that has ended."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_S):
                await self._closed.wait()
        self.abandon()

    def abandon(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.ReadTransport, transport)

    def data_received(self, data: bytes) -> None:
        if self.pid is None:
            self._early += data
            if self._transport is not None:
                self._transport.pause_reading()
            return
        *lines, self._said = (self._said + data).split(b"\n")
        for line in lines:
            self._tell_parts(line)
        if len(self._said) > MAX_LINE_BYTES:
            whole = len(self._said) // MAX_LINE_BYTES * MAX_LINE_BYTES
            self._tell_parts(self._said[:whole])
            self._said = self._said[whole:]

    def connection_lost(self, exc: Exception | None) -> None:
        self._tell(self._said)
        self._tell_dropped()
        self._closed.set()

    def _tell_parts(self, line: bytes) -> None:
        for start in range(0, len(line), MAX_LINE_BYTES):
            self._tell(line[start : start + MAX_LINE_BYTES])

    def _tell(self, line: bytes) -> None:
        """One line in the log, with its origin, unless the child has said too much already.

        A line that the log does not show is not counted: llama.cpp has hundreds of them before an error.
        """
        if not line.strip():
            return
        self._last.append(line)  # why a child has failed is told even where it has said too much before
        if not self._rate.takes(len(line)):
            self._dropped_lines += 1
            self._dropped_bytes += len(line)
            return
        level, origin, text = self._read(line.decode(errors="replace").rstrip())
        if not log.isEnabledFor(level):
            self._rate.give_back(len(line))
            return
        self._tell_dropped()
        log.log(level, "%s", text, extra={"facts": {"origin": origin, "pid": self.pid}})

    def _tell_dropped(self) -> None:
        if self._dropped_lines:
            log.warning(
                "%d lines of %d bytes were dropped: the child says too much at a time",
                self._dropped_lines,
                self._dropped_bytes,
                extra={"facts": {"origin": "daemon", "pid": self.pid}},
            )
            self._dropped_lines = self._dropped_bytes = 0
