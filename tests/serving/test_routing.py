"""Which backend answers a conversation that is too long for some, and a request that comes while one loads."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from loaded_models import QWEN2_VL

from hailo_vision.chat import (
    Begun,
    Caller,
    Capabilities,
    ChatRequest,
    Frame,
    Generation,
    ImageRef,
    Piece,
    Reductions,
    Sampling,
    Text,
    Turn,
)
from hailo_vision.errors import ContextLengthExceeded, NotReady, PromptTooLong, Unready
from hailo_vision.generate.choices import ChoiceEvent
from hailo_vision.generate.pipeline import Prepared
from hailo_vision.serving.backend import Backend
from hailo_vision.serving.routing import Router

MODEL = replace(QWEN2_VL, context_tokens=100, image_tokens=1)
CALLER = Caller(client="c", arrived_at=0.0)
LOADING = NotReady(Unready.LOADING, "The model is being loaded.", retry_after_s=1)


class Pipe:
    """A pipeline with a context of so many turns, of 40 tokens each; `while_loading` it refuses who does not wait."""

    def __init__(self, turns: int, *, while_loading: bool = False) -> None:
        self._turns = turns
        self._is_loading = while_loading

    async def prepare(self, request: ChatRequest, caller: Caller, *, keeps_tools: bool) -> Prepared:
        if self._is_loading and not caller.waits_for_load:
            raise LOADING
        turns: tuple[Turn[Frame], ...] = tuple(
            Turn(role=turn.role, parts=(Text(text="w" * 40),)) for turn in request.turns
        )
        generation = Generation(turns=turns, sampling=request.sampling, max_tokens=1)
        return Prepared(generation=generation, model=MODEL, image_sizes=(), image_s=0.0, turns_sent=len(turns))

    async def with_fewer_tools(self, prepared: Prepared, error: PromptTooLong, caller: Caller) -> None:
        """No tools are offered."""

    @asynccontextmanager
    async def answer(self, prepared: Prepared, caller: Caller) -> AsyncIterator[AsyncGenerator[ChoiceEvent]]:
        async def events() -> AsyncGenerator[ChoiceEvent]:
            if len(prepared.generation.turns) > self._turns:
                tokens = 40 * len(prepared.generation.turns)
                raise ContextLengthExceeded(prompt_tokens=tokens, context_tokens=40 * self._turns + 1)
            yield ChoiceEvent(choice=0, event=Piece(text="Hi"))

        yield events()


def backend(name: str, pipe: Pipe) -> Backend:
    can = Capabilities()
    scheduler = SimpleNamespace(unready=None, engine_model=MODEL, capabilities=can)
    engine = SimpleNamespace(capabilities=can)
    return Backend(name=name, engine=cast(Any, engine), scheduler=cast(Any, scheduler), pipeline=cast(Any, pipe))


def asking(questions: int, *, drops_turns: bool = True) -> ChatRequest:
    turns: tuple[Turn[ImageRef], ...] = (Turn(role="user", parts=(Text(text="x"),)),) * questions
    reductions = Reductions(turns=drops_turns)
    return ChatRequest(model="m", turns=turns, sampling=Sampling(), max_tokens=1, reductions=reductions)


async def begun(router: Router, request: ChatRequest, caller: Caller = CALLER) -> Begun:
    assigned = await router.prepare(request, caller)
    async with router.answer(assigned, caller) as events:
        first = await anext(events)
        async for _ in events:
            pass
    assert isinstance(first, Begun)
    return first


@pytest.mark.parametrize(
    ("small", "large", "answers"),
    [
        (3, 9, Begun(engine="small", turns_shown=3, turns_sent=3)),
        (2, 9, Begun(engine="large", turns_shown=3, turns_sent=3)),  # turns go only where no context holds them all
        (1, 2, Begun(engine="large", turns_shown=2, turns_sent=3)),
    ],
)
async def test_the_oldest_turns_are_left_out_where_no_backend_holds_all(small: int, large: int, answers: Begun) -> None:
    router = Router("m", (backend("small", Pipe(small)), backend("large", Pipe(large))))
    assert await begun(router, asking(3)) == answers


async def test_nothing_is_left_out_of_a_request_that_does_not_allow_it() -> None:
    router = Router("m", (backend("small", Pipe(2)),))
    with pytest.raises(PromptTooLong):
        await begun(router, asking(3, drops_turns=False))


async def test_a_last_question_that_does_not_fit_is_refused() -> None:
    with pytest.raises(PromptTooLong):
        await begun(Router("m", (backend("small", Pipe(0)),)), asking(3))


@pytest.mark.parametrize("waits", [True, False])
async def test_a_request_waits_for_a_load_only_where_no_other_backend_answers_now(waits: bool) -> None:
    caller = Caller(client="c", arrived_at=0.0, waits_for_load=waits)
    loading, ready = backend("loading", Pipe(9, while_loading=True)), backend("ready", Pipe(9))
    assert (await begun(Router("m", (loading, ready)), asking(1), caller)).engine == "ready"
    for others in ((), (backend("too", Pipe(9, while_loading=True)),)):
        router = Router("m", (loading, *others))
        if waits:
            assert (await begun(router, asking(1), caller)).engine == "loading"
        else:
            with pytest.raises(NotReady):
                await begun(router, asking(1), caller)
