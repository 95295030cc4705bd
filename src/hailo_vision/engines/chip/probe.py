"""The chip's temperature and firmware, read now and then by a short-lived child that cannot stall the loop."""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

log = logging.getLogger(__name__)

PROBE_COMMAND = (sys.executable, "-P", "-m", "hailo_vision.worker.probe")
DELAY_S = 2.0  # the start of the worker has the processor first
PERIOD_S = 60.0
BUDGET_S = 30.0  # two calls of 10 s at most each, and the start of a Python


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipReading:
    """What the chip said of itself."""

    temperature_c: float
    firmware: str
    architecture: str
    runtime_version: str


class ChipProbe:
    """Keeps the last reading; None when the chip did not answer, which is no reason to worry by itself."""

    def __init__(
        self,
        runtime: str,
        *,
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] = PROBE_COMMAND,
        delay_s: float = DELAY_S,
        period_s: float = PERIOD_S,
        budget_s: float = BUDGET_S,
    ) -> None:
        self._command = (*command, runtime)
        self._environment = {**os.environ, **(environment or {})}
        self._delay_s = delay_s
        self._period_s = period_s
        self._budget_s = budget_s
        self._reading: ChipReading | None = None

    @property
    def reading(self) -> ChipReading | None:
        return self._reading

    async def run(self) -> None:
        """Read, wait, and again, for ever."""
        await asyncio.sleep(self._delay_s)
        while True:
            self._reading = await self.read()
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
        try:
            async with asyncio.timeout(self._budget_s):
                output, _ = await child.communicate()
        except TimeoutError:
            return None
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        return _reading(output)


def _reading(output: bytes) -> ChipReading | None:
    try:
        return ChipReading(**json.loads(output))
    except (ValueError, TypeError):
        return None
