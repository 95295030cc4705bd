"""The pipeline of a request, the same for every surface: prepare it, then answer it.

A surface parses its JSON into a ChatRequest, and turns the ChoiceEvents of the answer into its own JSON again. Dialects
differ in nothing else.
"""

import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass, replace

from hailo_vision.chat import Caller, ChatRequest, Finish, Generation, LoadedModel, Sampling
from hailo_vision.generate.capabilities import delegate, with_delegation
from hailo_vision.generate.choices import ChoiceEvent, choices
from hailo_vision.generate.frames import check_length, image_refs, most_pictures, with_frames
from hailo_vision.generate.prompting import prompted_turns
from hailo_vision.generate.reduction import said_turns, with_fewer_pictures, within_length
from hailo_vision.generate.requirements import Requirements, check_patterns, requirements_of
from hailo_vision.generate.retry import retry_until_accepted
from hailo_vision.generate.validator import Validator, ValidatorProcesses
from hailo_vision.images.pictures import Pictures
from hailo_vision.scheduler.job import Events
from hailo_vision.scheduler.scheduler import Scheduler
from hailo_vision.scheduler.turns import Waiter


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A request whose pictures are frames. It holds none of the bytes that the client sent.

    `choices` is how many answers it asks for; `requirements` are what they must be beyond text, None where any text
    will do. `image_sizes` are those of the pictures' files, such as 1920x1080; the rest of `images_sent` is left out.
    `load_s` is how long it waited for the model's first load.
    """

    generation: Generation
    model: LoadedModel
    image_sizes: tuple[str, ...]
    image_s: float
    choices: int = 1
    requirements: Requirements | None = None
    images_sent: int = 0
    turns_sent: int = 0
    load_s: float = 0.0

    @property
    def turns_shown(self) -> int:
        """How many turns the model is shown, but for the system's; of `turns_sent` all others are left out."""
        return said_turns(self.generation.turns)


class Pipeline:
    """Answers requests by way of the scheduler.

    `pictures` and `validator_processes` are shared by all models, and at both of them clients take turns.
    """

    def __init__(self, scheduler: Scheduler, pictures: Pictures, validator_processes: ValidatorProcesses) -> None:
        self._scheduler = scheduler
        self._pictures = pictures
        self._validator_processes = validator_processes

    async def admit(self, request: ChatRequest, caller: Caller) -> LoadedModel:
        """Say whether the request would be taken now, and by which model. Raises what Scheduler.admit raises."""
        return await self._scheduler.admit(
            client=caller.client,
            arrived_at=caller.arrived_at,
            priority=caller.priority,
            waits_for_load=caller.waits_for_load,
        )

    async def prepare(self, request: ChatRequest, caller: Caller) -> Prepared:
        """Say whether the request would be taken now, then decode its pictures, so that the NPU never waits for one.

        Raises NotReady, QueueFull or TooBusy before any work is done, RequestError for a bad picture, and Expired where
        the pictures are not decoded by the deadline.
        """
        model, load_s = await self._after_load(request, caller)
        images_sent = len(image_refs(request))
        if request.reductions.pictures:
            request = with_fewer_pictures(request, most_pictures(self._pictures, model))
        await check_patterns(request, self._validator(caller))
        requirements, capabilities = requirements_of(request), self._scheduler.capabilities
        delegation = delegate(requirements, capabilities)
        turns = request.turns if delegation.keeps_calls else prompted_turns(request.turns, delegation.prompted)
        prompted = replace(request, turns=turns)
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
            images_sent=images_sent,
            turns_sent=said_turns(turns),
            load_s=load_s,
        )

    async def _after_load(self, request: ChatRequest, caller: Caller) -> tuple[LoadedModel, float]:
        """The same as `admit`, with the seconds that it waited for the model's first load."""
        is_loaded, began = self._scheduler.engine_model is not None, time.monotonic()
        model = await self.admit(request, caller)
        return model, 0.0 if is_loaded else time.monotonic() - began

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
                    event, image_s, load_s = replace(event, event=replace(event.event, timings=timings)), 0.0, 0.0
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
