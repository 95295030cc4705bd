"""The pipeline of a request, the same for every surface: prepare it, then answer it.

A surface parses its JSON into a ChatRequest, and turns the ChoiceEvents of the answer into its own JSON again. Dialects
differ in nothing else.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from hailo_vision.chat import (
    Caller,
    ChatRequest,
    Finish,
    Generation,
    ImageRef,
    LoadedModel,
    Sampling,
    ToolCount,
    Turn,
)
from hailo_vision.errors import ContextLengthExceeded, PromptTooLong
from hailo_vision.generate.capabilities import delegate, with_delegation, with_other_tools
from hailo_vision.generate.choices import ChoiceEvent, choices
from hailo_vision.generate.frames import check_length, image_refs, most_pictures, with_frames
from hailo_vision.generate.prompting import prompted_turns
from hailo_vision.generate.reduction import said_turns, with_fewer_pictures, within_length
from hailo_vision.generate.requirements import Requirements, requirements_of, with_readable_patterns
from hailo_vision.generate.retry import retry_until_accepted
from hailo_vision.generate.tool_budget import ToolBudget, tool_budget
from hailo_vision.generate.validator import Validator, ValidatorProcesses
from hailo_vision.images.pictures import Pictures
from hailo_vision.scheduler.job import Events
from hailo_vision.scheduler.scheduler import Scheduler
from hailo_vision.scheduler.turns import Turns, Waiter

Work = TypeVar("Work")

MANY_TURNS = 500  # a look at so many takes a few milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A request whose pictures are frames. It holds none of the bytes that the client sent.

    `choices` is how many answers it asks for; `requirements` are what they must be beyond text, None where any text
    will do; `budget` is what they were fitted to, None where there are no tools. `image_sizes` are those of the
    pictures' files, such as 1920x1080; the rest of `images_sent` is left out. `load_s` is how long it waited for the
    model's first load.
    """

    generation: Generation
    model: LoadedModel
    image_sizes: tuple[str, ...]
    image_s: float
    choices: int = 1
    requirements: Requirements | None = None
    budget: ToolBudget | None = None
    images_sent: int = 0
    turns_sent: int = 0
    load_s: float = 0.0

    @property
    def turns_shown(self) -> int:
        """How many turns the model is shown, but for the system's; of `turns_sent` all others are left out."""
        return said_turns(self.generation.turns)

    @property
    def tools(self) -> ToolCount | None:
        """How many of its tools the model is shown."""
        return None if self.requirements is None else self.requirements.count


class Pipeline:
    """Answers requests by way of the scheduler.

    `pictures`, `validator_processes` and `tool_turns`, for work on tools, are shared by all models, and clients take
    turns at each of them.
    """

    def __init__(
        self, scheduler: Scheduler, pictures: Pictures, validator_processes: ValidatorProcesses, tool_turns: Turns
    ) -> None:
        self._scheduler = scheduler
        self._pictures = pictures
        self._validator_processes = validator_processes
        self._tool_turns = tool_turns

    async def admit(self, request: ChatRequest, caller: Caller) -> LoadedModel:
        """Say whether the request would be taken now, and by which model. Raises what Scheduler.admit raises."""
        return await self._scheduler.admit(
            client=caller.client,
            arrived_at=caller.arrived_at,
            priority=caller.priority,
            waits_for_load=caller.waits_for_load,
        )

    async def prepare(self, request: ChatRequest, caller: Caller, *, keeps_tools: bool = False) -> Prepared:
        """Say whether the request would be taken now, then decode its pictures, so that the NPU never waits for one.

        The prompt has as many tools as there seems to be room for; all of them with `keeps_tools`.

        Raises NotReady, QueueFull or TooBusy before any work is done, RequestError for a bad picture, and Expired where
        the tools are not chosen or the pictures not decoded by the deadline.
        """
        model, load_s = await self._after_load(request, caller)
        await _give_way(request)
        images_sent = len(image_refs(request))
        if request.reductions.pictures:
            request = with_fewer_pictures(request, most_pictures(self._pictures, model))
        request = await with_readable_patterns(request, self._validator(caller))
        requirements, capabilities = requirements_of(request), self._scheduler.capabilities
        budget = None
        if requirements is not None and requirements.tools:
            said = replace(request, turns=prompted_turns(request.turns, None))
            check_length(within_length(said, model) if request.reductions.turns else said, model)
            budget, requirements = await self._fitted(request, requirements, model, caller, keeps_tools=keeps_tools)
        delegation = delegate(requirements, capabilities)
        turns = request.turns if delegation.keeps_calls else await self._prompted(request, delegation.prompted, caller)
        prompted = replace(request, turns=turns)
        await _give_way(request)
        if request.reductions.turns:
            prompted = within_length(prompted, model)
        check_length(prompted, model)
        started, waiter = time.monotonic(), self._waiter(caller)
        async with waiter.within_deadline():
            generation, image_sizes = await with_frames(self._pictures, prompted, model, waiter)
        return Prepared(
            generation=with_delegation(generation, request, delegation, capabilities),
            model=model,
            image_sizes=image_sizes,
            image_s=time.monotonic() - started,
            choices=request.n,
            requirements=requirements,
            budget=budget,
            images_sent=images_sent,
            turns_sent=said_turns(turns),
            load_s=load_s,
        )

    async def _fitted(
        self, request: ChatRequest, requirements: Requirements, model: LoadedModel, caller: Caller, *, keeps_tools: bool
    ) -> tuple[ToolBudget, Requirements]:
        """The room for tools, and the requirements with those that fit."""
        is_native = bool(delegate(requirements, self._scheduler.capabilities).tools)

        def fitted() -> tuple[ToolBudget, Requirements]:
            budget = tool_budget(request, requirements, model, is_native=is_native)
            return budget, budget.fitted(requirements, keeps_all=keeps_tools)

        return await self._for_tools(fitted, caller)

    async def _prompted(
        self, request: ChatRequest, requirements: Requirements | None, caller: Caller
    ) -> tuple[Turn[ImageRef], ...]:
        """The turns as text, the tools among it; where an engine has a large context, that may be all of them."""
        if requirements is None or not requirements.tools:
            return prompted_turns(request.turns, requirements)
        return await self._for_tools(partial(prompted_turns, request.turns, requirements), caller)

    async def _for_tools(self, work: Callable[[], Work], caller: Caller) -> Work:
        """Work for tools in a thread, as hundreds of kilobytes of them would hold the event loop. Raises Expired.

        Its turn ends with the thread's work, even if the request has gone.
        """
        waiter = self._waiter(caller)
        turn = await self._tool_turns.wait(waiter)
        future = asyncio.get_running_loop().run_in_executor(None, work)
        future.add_done_callback(lambda _: self._tool_turns.leave(turn))
        async with waiter.within_deadline():
            return await asyncio.shield(future)

    async def _after_load(self, request: ChatRequest, caller: Caller) -> tuple[LoadedModel, float]:
        """The same as `admit`, with the seconds that it waited for the model's first load."""
        is_loaded, began = self._scheduler.engine_model is not None, time.monotonic()
        model = await self.admit(request, caller)
        return model, 0.0 if is_loaded else time.monotonic() - began

    async def with_fewer_tools(self, prepared: Prepared, error: PromptTooLong, caller: Caller) -> Prepared | None:
        """The same after the engine has refused its prompt, with fewer or shorter tools; None where that can't be.

        Raises Expired.
        """
        requirements, budget = prepared.requirements, prepared.budget
        if requirements is None or budget is None:
            return None
        prompt_tokens = None
        budget = replace(budget, context_tokens=prepared.model.context_tokens)
        if isinstance(error, ContextLengthExceeded):
            prompt_tokens = error.prompt_tokens
            budget = replace(budget, context_tokens=error.context_tokens)
        fewer = await self._for_tools(partial(budget.refitted, requirements, prompt_tokens), caller)
        if fewer is None:
            return None
        return replace(prepared, generation=with_other_tools(prepared.generation, fewer), requirements=fewer)

    @asynccontextmanager
    async def answer(self, prepared: Prepared, caller: Caller) -> AsyncIterator[AsyncGenerator[ChoiceEvent]]:
        """Give the events of the answers as they come; leaving the block early cancels what has not come yet.

        Raises what Scheduler.job raises, and AnswerUnfit.
        """
        async with aclosing(self._events(prepared, caller)) as events:
            yield events

    async def _events(self, prepared: Prepared, caller: Caller) -> AsyncGenerator[ChoiceEvent]:
        """Each choice has a place of its own in the queue."""
        image_s, load_s = prepared.image_s, prepared.load_s
        events = choices(
            prepared.choices, lambda choice: self._choice(prepared, choice, caller), lambda: self._scheduler.free
        )
        async with aclosing(events):
            async for event in events:
                if isinstance(event.event, Finish):
                    timings = event.event.timings
                    waited = {"queue_s": timings.queue_s + load_s, "load_s": timings.load_s + load_s}
                    timings = replace(timings, image_s=image_s, **waited)
                    finish = replace(event.event, timings=timings, tools=prepared.tools)
                    event, image_s, load_s = replace(event, event=finish), 0.0, 0.0
                yield event

    async def _choice(self, prepared: Prepared, choice: int, caller: Caller) -> AsyncGenerator[ChoiceEvent]:
        def run(generation: Generation) -> AbstractAsyncContextManager[Events]:
            return self._scheduler.job(
                generation,
                client=caller.client,
                arrived_at=caller.arrived_at,
                priority=caller.priority,
                waits_for_load=caller.waits_for_load,
            )

        generation = replace(prepared.generation, sampling=_sampling(prepared.generation.sampling, choice))
        if prepared.requirements is None:
            async with run(generation) as events:
                async for event in events:
                    yield ChoiceEvent(choice=choice, event=event, has_next=events.behind > 0)
        else:
            accepted = retry_until_accepted(generation, prepared.requirements, self._validator(caller), run)
            async with aclosing(accepted):
                async for event in accepted:
                    yield ChoiceEvent(choice=choice, event=event)

    def _validator(self, caller: Caller) -> Validator:
        return Validator(self._validator_processes, self._waiter(caller))

    def _waiter(self, caller: Caller) -> Waiter:
        return self._scheduler.waiter(client=caller.client, arrived_at=caller.arrived_at, priority=caller.priority)


def _sampling(sampling: Sampling, choice: int) -> Sampling:
    """A seed makes all of an answer repeatable, but its choices need not be the same."""
    return sampling if sampling.seed is None else replace(sampling, seed=sampling.seed + choice)


async def _give_way(request: ChatRequest) -> None:
    """Let others have the event loop between two looks at each of thousands of turns: several engines may be asked."""
    if len(request.turns) > MANY_TURNS:
        await asyncio.sleep(0)
