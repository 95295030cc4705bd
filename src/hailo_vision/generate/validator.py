"""Values are validated against JSON Schemas, and their patterns compiled, without holding the event loop up."""

import asyncio
import errno
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from hailo_vision.errors import OutOfMemory
from hailo_vision.generate.patterns import MAX_CPU_S as MAX_COMPILE_S
from hailo_vision.generate.validation import problems
from hailo_vision.scheduler.turns import Turns, Waiter

MAX_PROCESSES = 2  # at once; each is a core and 30 MB for up to the bounds of its program
TIMEOUT_S = 30.0  # they end themselves by the processor's time long before, but a busy machine is slow
RETRY_S = 10.0  # where the machine has no memory for another process
MAX_KNOWN_PATTERNS = 512  # remembered as compiled; each has 1,000 characters at most
# What a plain schema may take on the event loop: 5 ms. A step is a part of the value against a part of the schema.
MAX_STEPS = 2000
_STEP_CHARS = 250  # a text is quoted in what is said of it: this much of one costs as much as a step

# Without these keywords a value meets each part of the schema at most once in each of its places.
_COSTLY = frozenset(
    (
        "pattern",
        "patternProperties",
        "$ref",
        "uniqueItems",
        "contains",
        "unevaluatedItems",
        "unevaluatedProperties",
        "multipleOf",
    )
)


class NotValidated(Exception):
    """The schema could not be applied within the bounds; the message says why, as a part of a sentence."""


class ValidatorProcesses:
    """The processes at which the requests of all models take turns, and how they have read patterns already."""

    def __init__(self) -> None:
        self.turns = Turns(MAX_PROCESSES)
        self._known: dict[str, str | None] = {}

    def known(self, patterns: Sequence[str]) -> dict[str, str | None]:
        return {pattern: self._known[pattern] for pattern in patterns if pattern in self._known}

    def remember(self, readings: Mapping[str, str | None]) -> None:
        self._known.update(readings)
        while len(self._known) > MAX_KNOWN_PATTERNS:
            del self._known[next(iter(self._known))]


class Validator:
    """Validates values for one request; what has a cost that can't be foreseen runs in processes of their own.

    All requests take turns at `processes`, and the request's deadline ends the wait for one and the process itself.
    """

    def __init__(self, processes: ValidatorProcesses, waiter: Waiter) -> None:
        self._processes = processes
        self._waiter = waiter

    async def problems(self, schema: dict[str, Any], value: Any) -> list[str]:
        """Validate a value. Returns what is wrong with it, in a few short lines.

        Raises NotValidated, OutOfMemory or Expired.
        """
        if _is_plain(schema, value):
            await asyncio.sleep(0)  # an answer can have many calls, each with a value of its own
            return problems(schema, value)
        output = await self._by_program("validation", {"schema": schema, "value": value})
        if output is None:
            raise NotValidated("the schema takes too long to apply, or refers to itself without end")
        answer: list[str] = json.loads(output)
        return answer

    async def readings(self, patterns: Sequence[str]) -> dict[str, str | None]:
        """Compile patterns. Returns each as Python reads it, None where it can't.

        Raises NotValidated, OutOfMemory or Expired.
        """
        known = self._processes.known(patterns)
        new = [pattern for pattern in patterns if pattern not in known]
        if not new:
            return known
        output = await self._by_program("patterns", new)
        if output is None:
            raise NotValidated(f"its patterns take more than {MAX_COMPILE_S} s to compile; write them shorter")
        found = dict(zip(new, json.loads(output), strict=True))
        self._processes.remember(found)
        return {**known, **found}

    async def _by_program(self, name: str, question: object) -> bytes | None:
        """What one of this room's programs answers; None where it gave up."""
        async with self._processes.turns.take(self._waiter), self._waiter.within_deadline():
            return await _by_process(f"hailo_vision.generate.{name}", json.dumps(question).encode())


async def _by_process(module: str, question: bytes) -> bytes | None:
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-P", "-m", module)
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL
        )
    except OSError as error:
        if error.errno not in (errno.ENOMEM, errno.EAGAIN):
            raise
        raise OutOfMemory(retry_after_s=RETRY_S) from error
    try:
        async with asyncio.timeout(TIMEOUT_S):
            output, _ = await process.communicate(question)
    except TimeoutError:
        raise NotValidated("the schema takes too long to apply") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return output if process.returncode == 0 else None


def _is_plain(schema: dict[str, Any], value: Any) -> bool:
    """Whether the cost of applying the schema can be foreseen, and is small."""
    return not _is_costly(schema) and _steps(schema) * _steps(value) <= MAX_STEPS


def _is_costly(schema: object) -> bool:
    match schema:
        case dict():
            return not _COSTLY.isdisjoint(schema) or any(map(_is_costly, schema.values()))
        case list():
            return any(map(_is_costly, schema))
    return False


def _steps(value: object) -> int:
    match value:
        case dict():
            return 1 + sum(map(_steps, value.values())) + sum(map(len, value)) // _STEP_CHARS
        case list():
            return 1 + sum(map(_steps, value))
        case str():
            return 1 + len(value) // _STEP_CHARS
    return 1
