"""One child with a server of llama.cpp in it, its socket, and the words of its log."""

import asyncio
import contextlib
import json
import logging
import os
import re
import sys
from collections.abc import Sequence
from typing import Self

from hailo_vision.engines.llama.child import PLAN_VARIABLE
from hailo_vision.engines.llama.plan import Plan
from hailo_vision.engines.stderr import Line, Stderr

# -P: the working directory is no place to import from.
LLAMA_COMMAND = (sys.executable, "-P", "-m", "hailo_vision.engines.llama.child")

# llama.cpp since 2025: minutes.seconds.milliseconds.microseconds, one letter for the level, text
_OURS = re.compile(r"[\d.]+ (?P<level>[DIWE]) (?P<text>.*)")
_LEVELS = {"E": logging.WARNING, "W": logging.INFO}  # its errors end in ours where they matter; the rest is for debug
_CAUSE = "error loading model: "


def llama_line(text: str) -> Line:
    line = _OURS.fullmatch(text)
    if line is None:
        return logging.INFO, "llama", text
    return _LEVELS.get(line["level"], logging.DEBUG), "llama", line["text"]


class LlamaProcess:
    """A running child, and what is to be given back after it. Its end is always a kill: it owns no device."""

    def __init__(
        self, plan: Plan, process: asyncio.subprocess.Process, stderr: Stderr, resources: contextlib.AsyncExitStack
    ) -> None:
        self.plan = plan
        self.resources = resources
        self._process = process
        self._stderr = stderr

    @classmethod
    async def spawn(
        cls, plan: Plan, resources: contextlib.AsyncExitStack, command: Sequence[str] = LLAMA_COMMAND
    ) -> Self:
        """Once the child runs, `resources` are its own and end with it. Raises OSError when it can't be started."""
        stderr, childs_stderr = await Stderr.open(llama_line)
        with contextlib.ExitStack() as childs, contextlib.ExitStack() as undo:
            childs.callback(os.close, childs_stderr)
            undo.callback(stderr.abandon)
            # The child comes last: nothing is awaited once it runs, so no cancellation can lose it.
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=childs_stderr,
                env={**os.environ, PLAN_VARIABLE: json.dumps({**plan.as_json(), "parent": os.getpid()})},
            )
            undo.pop_all()
        stderr.begin(process.pid)
        return cls(plan, process, stderr, resources.pop_all())

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def last_line(self) -> str:
        """The last line, or the one before it in which llama.cpp says why it can't load the model."""
        causes = [line for line in self._stderr.last_lines if _CAUSE in line]
        return causes[-1] if causes else self._stderr.last_line

    @property
    def has_ended(self) -> bool:
        return self._process.returncode is not None

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def wait(self) -> int:
        """Its exit code, once it has ended."""
        return await self._process.wait()

    async def leave(self, within_s: float = 0.0) -> int:
        """Kill it, whatever time it has left, and clean up. Returns its exit code."""
        self.kill()
        returncode = await self._process.wait()
        await self._stderr.close()
        await self.resources.aclose()
        return returncode
