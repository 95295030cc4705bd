"""What a request needs before the engine's turn is shared in turns, ends at the deadline, and leaves the loop free."""

import asyncio
import threading
from typing import Any, cast

import pytest
from fake_clock import run
from loaded_models import QWEN2_VL

from hailo_vision.chat import Caller, Capabilities, ChatRequest, LoadedModel, Priority, Sampling, Text, Tool, Turn
from hailo_vision.errors import Expired
from hailo_vision.generate import pipeline as module
from hailo_vision.generate.pipeline import Pipeline
from hailo_vision.generate.validator import ValidatorProcesses
from hailo_vision.scheduler.turns import Turns, Waiter

MODEL = QWEN2_VL
REQUEST = ChatRequest(
    model="m",
    turns=(Turn(role="user", parts=(Text(text="Turn on the light."),)),),
    sampling=Sampling(),
    max_tokens=100,
    tools=(Tool(name="light", description="", parameters={"type": "object"}),),
)


class Scheduler:
    engine_model = MODEL
    capabilities = Capabilities()

    async def admit(self, **_: Any) -> LoadedModel:
        return MODEL

    def waiter(self, *, client: str, arrived_at: float, priority: Priority) -> Waiter:
        return Waiter(client=client, deadline=arrived_at + 10, deadline_s=10, priority=priority)


def test_a_turn_at_the_choice_of_tools_is_waited_for_until_the_deadline() -> None:
    async def story() -> None:
        turns = Turns(1)
        pipeline = Pipeline(cast(Any, Scheduler()), cast(Any, None), ValidatorProcesses(), turns)
        async with turns.take(Waiter(client="greedy", deadline=100, deadline_s=100)):
            with pytest.raises(Expired):
                await pipeline.prepare(REQUEST, Caller(client="other", arrived_at=0.0))
        assert turns.is_idle

    run(story())


class Pictures:
    max_per_request = 4

    async def prepare(self, *_: Any, **__: Any) -> tuple[()]:
        return ()


async def test_tools_are_not_written_into_the_prompt_on_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []
    write = module.prompted_turns

    def recording(turns: Any, requirements: Any) -> Any:
        if requirements is not None:
            threads.append(threading.get_ident())
        return write(turns, requirements)

    monkeypatch.setattr(module, "prompted_turns", recording)
    now = asyncio.get_running_loop().time()
    pipeline = Pipeline(cast(Any, Scheduler()), cast(Any, Pictures()), ValidatorProcesses(), Turns(1))
    prepared = await pipeline.prepare(REQUEST, Caller(client="a", arrived_at=now))
    assert prepared.tools is not None
    assert prepared.tools.shown == 1
    assert threads
    assert threading.get_ident() not in threads
