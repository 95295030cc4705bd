"""What every surface asks of the rooms behind it, whatever its dialect: prepare a request, then answer it.

A surface parses its JSON into a ChatRequest, and turns what is Said here into its own JSON again. That is all that
one dialect differs from another in.
"""

import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass, replace

from hailo_vision.chat import Caller, ChatRequest, Finish, Generation, LoadedModel, Sampling
from hailo_vision.generate.capabilities import chosen, with_means
from hailo_vision.generate.choices import Said, choices
from hailo_vision.generate.frames import check_length, look
from hailo_vision.generate.prompting import in_words
from hailo_vision.generate.requirements import Demands, demands
from hailo_vision.generate.retry import attempts
from hailo_vision.generate.validator import Judge
from hailo_vision.images.pictures import Pictures
from hailo_vision.scheduler.job import Events
from hailo_vision.scheduler.scheduler import Scheduler


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A request whose pictures are frames. It holds none of the bytes that the client sent.

    `choices` is how many answers it wants; `wanted` what they must be beyond words, None where words will do.
    `image_sizes` are those of the pictures' files, such as 1920x1080.
    """

    generation: Generation
    model: LoadedModel
    image_sizes: tuple[str, ...]
    image_s: float
    choices: int = 1
    wanted: Demands | None = None


class Pipeline:
    """Answers requests by way of the scheduler."""

    def __init__(self, scheduler: Scheduler, pictures: Pictures) -> None:
        self._scheduler = scheduler
        self._pictures = pictures
        self._judge = Judge()

    async def admit(self, asked: ChatRequest, caller: Caller) -> LoadedModel:
        """Say whether the request would be taken now, and by which model. Raises what Scheduler.admit raises."""
        return await self._scheduler.admit(client=caller.client, arrived_at=caller.arrived_at, priority=caller.priority)

    async def prepare(self, asked: ChatRequest, caller: Caller) -> Prepared:
        """Say whether the request would be taken now, then look at its pictures, so that the NPU never waits for one.

        Raises NotReady, QueueFull or TooBusy before any work is done, RequestError for a bad picture.
        """
        model = await self.admit(asked, caller)
        wanted, can = demands(asked), self._scheduler.capabilities
        native = chosen(asked, wanted, can)
        spoken = asked if native.keeps_calls else replace(asked, turns=in_words(asked.turns, native.told))
        check_length(spoken, model)
        started = time.monotonic()
        seen, image_sizes = await look(self._pictures, spoken, model)
        generation = with_means(seen, asked, native, can)
        image_s = time.monotonic() - started
        return Prepared(
            generation=generation,
            model=model,
            image_sizes=image_sizes,
            image_s=image_s,
            choices=asked.n,
            wanted=wanted,
        )

    @asynccontextmanager
    async def answer(self, prepared: Prepared, caller: Caller) -> AsyncIterator[AsyncGenerator[Said]]:
        """Give what is said, as it is said; leaving the block early cancels what has not been said yet.

        Raises what Scheduler.job raises, and AnswerUnfit.
        """
        async with aclosing(self._said(prepared, caller)) as said:
            yield said

    async def _said(self, prepared: Prepared, caller: Caller) -> AsyncGenerator[Said]:
        """Each choice has a place of its own in the queue."""
        image_s = prepared.image_s
        said = choices(
            prepared.choices, lambda choice: self._choice(prepared, choice, caller), lambda: self._scheduler.free
        )
        async with aclosing(said):
            async for part in said:
                if isinstance(part.event, Finish):
                    timings = replace(part.event.timings, image_s=image_s)
                    part, image_s = replace(part, event=replace(part.event, timings=timings)), 0.0
                yield part

    async def _choice(self, prepared: Prepared, choice: int, caller: Caller) -> AsyncGenerator[Said]:
        def run(generation: Generation) -> AbstractAsyncContextManager[Events]:
            return self._scheduler.job(
                generation, client=caller.client, arrived_at=caller.arrived_at, priority=caller.priority
            )

        generation = replace(prepared.generation, sampling=_sampling(prepared.generation.sampling, choice))
        if prepared.wanted is None:
            async with run(generation) as events:
                async for event in events:
                    yield Said(choice=choice, event=event, has_next=events.behind > 0)
        else:
            async with aclosing(attempts(generation, prepared.wanted, self._judge, run)) as said:
                async for event in said:
                    yield Said(choice=choice, event=event)


def _sampling(sampling: Sampling, choice: int) -> Sampling:
    """A seed makes all of an answer repeatable, but its choices need not be the same."""
    return sampling if sampling.seed is None else replace(sampling, seed=sampling.seed + choice)
