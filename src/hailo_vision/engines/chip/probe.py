"""The chip's temperature and firmware, read by a short-lived child that cannot stall the loop, once somebody asks."""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from hailo_vision.engines.stderr import LAST_WORDS_S
from hailo_vision.errors import WireError
from hailo_vision.wire_types import Limits, build

log = logging.getLogger(__name__)

PROBE_COMMAND = (sys.executable, "-P", "-m", "hailo_vision.worker.probe")
PERIOD_S = 60.0  # between two readings at least: each is a process with the vendor's library, and a session on the chip
MAX_AGE_S = 300.0  # a reading that is older is no news of the chip
BUDGET_S = 30.0  # two calls of 10 s at most each, and the start of a Python
MAX_OUTPUT_BYTES = 1 << 16  # a reading has two hundred
# Degrees below zero are what a chip outdoors has.
_READING_LIMITS: Final = Limits(min_number=-100, max_number=300, max_chars=200)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipReading:
    """What the chip said of itself."""

    temperature_c: float
    firmware: str
    architecture: str
    runtime_version: str


class ChipProbe:
    """Keeps the last reading; None when the chip did not answer, which is no reason to worry by itself.

    Nothing is read while nobody asks. Who asks gets the last reading, and has the next one made.
    """

    def __init__(
        self,
        runtime: str,
        *,
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] = PROBE_COMMAND,
        period_s: float = PERIOD_S,
        budget_s: float = BUDGET_S,
    ) -> None:
        self._command = (*command, runtime)
        self._environment = {**os.environ, **(environment or {})}
        self._period_s = period_s
        self._budget_s = budget_s
        self._reading: ChipReading | None = None
        self._read_at = 0.0
        self._asked = asyncio.Event()

    @property
    def reading(self) -> ChipReading | None:
        """The last reading, unless it is too old; to be called in the event loop."""
        self._asked.set()
        if asyncio.get_running_loop().time() - self._read_at > MAX_AGE_S:
            return None
        return self._reading

    async def run(self) -> None:
        """Read once somebody has asked, wait, and again, for ever."""
        while True:
            await self._asked.wait()
            self._reading = await self.read()
            self._read_at = asyncio.get_running_loop().time()
            self._asked.clear()
            await asyncio.sleep(self._period_s)

    async def read(self) -> ChipReading | None:
        """One reading by one child, which is killed when it takes too long."""
        try:
            child = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=self._environment,
            )
        except OSError as error:
            log.debug("no probe of the chip", extra={"facts": {"error": error.strerror}})
            return None
        assert child.stdout is not None
        try:
            async with asyncio.timeout(self._budget_s):
                output = await _output(child.stdout)
                if output is not None:
                    await child.wait()
        except TimeoutError:
            return None
        finally:
            if child.returncode is None:
                child.kill()
                with suppress(TimeoutError):  # a child of its own can hold the pipe open, and asyncio waits for that
                    async with asyncio.timeout(LAST_WORDS_S):
                        await child.communicate()
        return None if output is None else _reading(output)


async def _output(stdout: asyncio.StreamReader) -> bytes | None:
    """All that the child prints; None once that is more than MAX_OUTPUT_BYTES, as it is no reading then."""
    output = bytearray()
    while data := await stdout.read(MAX_OUTPUT_BYTES):
        output += data
        if len(output) > MAX_OUTPUT_BYTES:
            return None
    return bytes(output)


def _reading(output: bytes) -> ChipReading | None:
    """The reading with each field checked: NaN would get into the JSON of /health, a word into the metrics."""
    try:
        return build(ChipReading, json.loads(output), _READING_LIMITS)
    except (ValueError, RecursionError, WireError):
        return None
