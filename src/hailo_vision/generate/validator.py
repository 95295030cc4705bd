"""Values are validated against JSON Schemas without holding the event loop up."""

import asyncio
import json
import sys
from typing import Any

from hailo_vision.generate.validation import problems
from hailo_vision.scheduler.turns import Turns, Waiter

MAX_PROCESSES = 2  # at once; each is a core and 30 MB for up to the bounds of validation.py
TIMEOUT_S = 30.0  # they end themselves by the processor's time long before, but a busy machine is slow
# What a plain schema may take on the event loop: 5 ms. A step is a part of the value against a part of the schema.
MAX_STEPS = 2000

# Without these keywords a value meets each part of the schema at most once in each of its places.
_COSTLY = ("pattern", "patternProperties", "$ref", "uniqueItems", "contains", "unevaluatedProperties", "multipleOf")


class NotValidated(Exception):
    """The schema could not be applied within the bounds."""


def validator_processes() -> Turns:
    """The turns at validator processes, which all models share."""
    return Turns(MAX_PROCESSES)


class Validator:
    """Validates values for one request; against schemas whose cost can't be foreseen in processes of their own.

    All requests take turns at `processes`, and the request's deadline ends the wait for one and the process itself.
    """

    def __init__(self, processes: Turns, waiter: Waiter) -> None:
        self._processes = processes
        self._waiter = waiter

    async def problems(self, schema: dict[str, Any], value: Any) -> list[str]:
        """Validate a value. Returns what is wrong with it, in a few short lines. Raises NotValidated or Expired."""
        if not _is_costly(schema) and _parts(schema) * _parts(value) <= MAX_STEPS:
            return problems(schema, value)
        async with self._processes.take(self._waiter), self._waiter.within_deadline():
            return await _problems_by_process(json.dumps({"schema": schema, "value": value}).encode())


async def _problems_by_process(question: bytes) -> list[str]:
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-P", "-m", "hailo_vision.generate.validation")
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL)
    try:
        async with asyncio.timeout(TIMEOUT_S):
            output, _ = await process.communicate(question)
    except TimeoutError:
        raise NotValidated("The schema takes too long to apply.") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise NotValidated("The schema takes too long to apply, or refers to itself without end.")
    answer: list[str] = json.loads(output)
    return answer


def _is_costly(schema: object) -> bool:
    match schema:
        case dict():
            return any(name in schema for name in _COSTLY) or any(map(_is_costly, schema.values()))
        case list():
            return any(map(_is_costly, schema))
    return False


def _parts(value: object) -> int:
    match value:
        case dict():
            return 1 + sum(map(_parts, value.values()))
        case list():
            return 1 + sum(map(_parts, value))
    return 1
