"""What a child prints to stderr becomes log lines: our own traces, and what the vendor's library has to say."""

import asyncio
import contextlib
import logging
import os
import re
from typing import Self, cast

log = logging.getLogger("hailo_vision.worker")

MAX_LINE_BYTES = 2_000  # the rest of a longer line is a line of its own
LAST_WORDS_S = 1.0  # for what a dead child has left in the pipe; a child of its own can hold that open

# spdlog's layout in HailoRT 5.1.1 and 5.2.0: [time] [thread] [HailoRT] [level] [source] [function] text
_VENDOR = re.compile(r"\[HailoRT\] \[(?P<level>\w+)\] (?P<text>.*)")
_LEVELS = {"critical": logging.ERROR, "error": logging.ERROR, "warning": logging.WARNING, "info": logging.INFO}


class Stderr(asyncio.Protocol):
    """Reads a child's stderr as it comes, so that a full pipe never holds the child up."""

    def __init__(self) -> None:
        self._said = b""
        self._closed = asyncio.Event()
        self._transport: asyncio.ReadTransport | None = None
        self.pid: int | None = None

    @classmethod
    async def open(cls) -> tuple[Self, int]:
        """Gives the reader and the descriptor for the child's end, which is the caller's to close."""
        ours, theirs = os.pipe()
        try:
            _, reader = await asyncio.get_running_loop().connect_read_pipe(cls, os.fdopen(ours, "rb", buffering=0))
        except BaseException:
            os.close(theirs)
            raise
        return reader, theirs

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
        *lines, self._said = (self._said + data).split(b"\n")
        for line in lines:
            self._tell(line)
        while len(self._said) > MAX_LINE_BYTES:
            self._tell(self._said[:MAX_LINE_BYTES])
            self._said = self._said[MAX_LINE_BYTES:]

    def connection_lost(self, exc: Exception | None) -> None:
        self._tell(self._said)
        self._closed.set()

    def _tell(self, line: bytes) -> None:
        """One line in the log, with its origin; the vendor's own level where the line has one."""
        text = line.decode(errors="replace").rstrip()
        if not text:
            return
        vendor = _VENDOR.search(text)
        level = _LEVELS.get(vendor["level"], logging.DEBUG) if vendor else logging.WARNING
        origin = "hailort" if vendor else "worker"
        log.log(level, "%s", vendor["text"] if vendor else text, extra={"facts": {"origin": origin, "pid": self.pid}})
