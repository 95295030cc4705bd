"""A real supervisor over children that are programs of tests/children, for tests that need an engine in their loop."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path

from hailo_vision.chat import Event, Generation, Sampling, Text, Turn
from hailo_vision.engines.chip.budgets import Budgets
from hailo_vision.engines.chip.chip import ChipEngine
from hailo_vision.engines.contract import EngineState
from hailo_vision.errors import DeviceUnavailable
from hailo_vision.wire import Load

LOAD = Load(runtime="none", hef="/none", device="none", group_id="none", patience_s=0)
CHILD = Path(__file__).parent / "children" / "child.py"
SHORT = Budgets(hello_s=10, load_s=0.3, prefill_s=0.3, token_s=0.3, abort_s=0.3, quit_s=2)


def command(way: str) -> tuple[str, ...]:
    return sys.executable, str(CHILD), way


@asynccontextmanager
async def supervised(way: str, budgets: Budgets = SHORT) -> AsyncIterator[ChipEngine]:
    supervisor = ChipEngine(LOAD, budgets, command=command(way))
    task = asyncio.create_task(supervisor.run())
    try:
        yield supervisor
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, DeviceUnavailable):
            await task
        assert supervisor.worker_pid is None


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


def asking(max_tokens: int = 3) -> Generation:
    turn = Turn(role="user", parts=(Text(text="count"),))
    return Generation(turns=(turn,), sampling=Sampling(), max_tokens=max_tokens)


async def answer(supervisor: ChipEngine, max_tokens: int = 3) -> list[Event]:
    async with aclosing(supervisor.generate(asking(max_tokens))) as events:
        return [event async for event in events]


@asynccontextmanager
async def ready(way: str = "obedient") -> AsyncIterator[ChipEngine]:
    async with supervised(way) as supervisor:
        await until(lambda: supervisor.state is EngineState.READY)
        yield supervisor
