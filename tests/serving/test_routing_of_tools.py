"""Which backend gets a request whose tools do not fit, and what is left out for whom. On fakes."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast

import pytest

from generate.test_ranking import MODEL
from hailo_vision.chat import (
    Begun,
    Caller,
    Capabilities,
    ChatRequest,
    Finish,
    FinishReason,
    Generation,
    LoadedModel,
    Sampling,
    Timings,
    Tool,
    Usage,
)
from hailo_vision.errors import ContextLengthExceeded, NotReady, Unready
from hailo_vision.generate.choices import ChoiceEvent
from hailo_vision.generate.pipeline import Prepared
from hailo_vision.generate.requirements import Requirements
from hailo_vision.serving.backend import Backend
from hailo_vision.serving.routing import Router

TOOLS = tuple(Tool(name=name, description="", parameters={}) for name in "abc")
REQUEST = ChatRequest(model="m", turns=(), sampling=Sampling(), max_tokens=9, tools=TOOLS)
CALLER = Caller(client="c", arrived_at=0)
FINISH = Finish(reason=FinishReason.STOP, usage=Usage(prompt_tokens=1, completion_tokens=1), timings=Timings())


class FakeScheduler:
    capabilities = Capabilities()

    def __init__(self, model: LoadedModel | None, unready: NotReady | None) -> None:
        self.engine_model = model
        self.unready = unready


class FakePipeline:
    """Takes prompts of at most `max_tools` tools, and leaves one out where it may."""

    def __init__(self, max_tools: int) -> None:
        self.max_tools = max_tools
        self.runs: list[int] = []

    async def prepare(self, request: ChatRequest, caller: Caller, *, keeps_tools: bool = False) -> Prepared:
        shown = request.tools if keeps_tools else request.tools[:2]
        return Prepared(
            generation=Generation(turns=(), sampling=request.sampling, max_tokens=request.max_tokens),
            model=MODEL,
            image_sizes=(),
            image_s=0,
            requirements=Requirements(tools=request.tools, shown=shown),
        )

    async def with_fewer_tools(self, prepared: Prepared, error: object, caller: Caller) -> Prepared | None:
        requirements = prepared.requirements
        assert requirements is not None
        fewer = requirements.offered[:1]
        if len(fewer) == len(requirements.offered):
            return None
        return replace(prepared, requirements=replace(requirements, shown=fewer))

    @asynccontextmanager
    async def answer(self, prepared: Prepared, caller: Caller) -> AsyncIterator[AsyncGenerator[ChoiceEvent]]:
        yield self._events(prepared)

    async def _events(self, prepared: Prepared) -> AsyncGenerator[ChoiceEvent]:
        assert prepared.tools is not None
        self.runs.append(prepared.tools.shown)
        if prepared.tools.shown > self.max_tools:
            raise ContextLengthExceeded(prompt_tokens=3000, context_tokens=2048)
        yield ChoiceEvent(choice=0, event=FINISH)


class FakeEngine:
    capabilities = Capabilities()


def backend(name: str, *, max_tools: int, context_tokens: int = 2048, is_ready: bool = True) -> Backend:
    model = replace(MODEL, context_tokens=context_tokens)
    unready = None if is_ready else NotReady(Unready.LOADING, "It loads.", retry_after_s=1)
    fakes: Any = {"engine": FakeEngine(), "scheduler": FakeScheduler(model, unready)}
    return Backend(name=name, pipeline=cast(Any, FakePipeline(max_tools)), **fakes)


def answered(*backends: Backend) -> Begun:
    async def run() -> Begun:
        router = Router("m", backends[:1], backends[1:])
        assigned = await router.prepare(REQUEST, CALLER)
        async with router.answer(assigned, CALLER) as events:
            found = [event async for event in events]
        assert isinstance(found[0], Begun)
        return found[0]

    return asyncio.run(run())


def told(begun: Begun) -> tuple[str, str]:
    return begun.engine, str(begun.tools)


def runs(one: Backend) -> list[int]:
    return cast(FakePipeline, one.pipeline).runs


def test_alone_a_backend_is_shown_as_many_tools_as_seem_to_fit() -> None:
    assert told(answered(backend("chip", max_tools=2))) == ("chip", "2/3")


def test_an_estimate_that_was_too_low_costs_one_more_try() -> None:
    chip = backend("chip", max_tools=1)
    assert told(answered(chip)) == ("chip", "1/3")
    assert runs(chip) == [2, 1]


def test_after_the_second_refusal_the_client_hears_of_it() -> None:
    chip = backend("chip", max_tools=0)
    with pytest.raises(ContextLengthExceeded):
        answered(chip)
    assert runs(chip) == [2, 1]


def test_a_backend_with_more_context_goes_before_leaving_tools_out() -> None:
    chip, large = backend("chip", max_tools=2), backend("large", max_tools=3, context_tokens=8192)
    assert told(answered(chip, large)) == ("large", "3/3")
    assert (runs(chip), runs(large)) == ([3], [3])


def test_one_with_more_context_that_is_not_ready_or_with_no_more_context_does_not_count() -> None:
    for other in (backend("b", max_tools=3, context_tokens=8192, is_ready=False), backend("b", max_tools=3)):
        assert told(answered(backend("chip", max_tools=2), other)) == ("chip", "2/3")


def test_where_all_refuse_the_first_one_is_asked_again_with_fewer_tools() -> None:
    chip, large = backend("chip", max_tools=1), backend("large", max_tools=2, context_tokens=8192)
    assert told(answered(chip, large)) == ("chip", "1/3")
    assert (runs(chip), runs(large)) == ([3, 1], [3])
