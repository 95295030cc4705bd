"""What every surface asks of the rooms behind it, whatever its dialect: prepare a request, then answer it.

A surface parses its JSON into a ChatRequest, and turns what is Said here into its own JSON again. That is all that
one dialect differs from another in.
"""

import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from hailo_vision.answers.look import look, pictures
from hailo_vision.chat import Caller, ChatRequest, Finish, Generation, LoadedModel, Piece, ToolCall
from hailo_vision.images.pictures import Pictures
from hailo_vision.scheduler.scheduler import Scheduler


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A request whose pictures are frames. It holds none of the bytes that the client sent."""

    generation: Generation
    model: LoadedModel
    images: int
    image_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A part of one of a request's answers: `choice` counts them from 0.

    For each choice come zero or more Pieces, then its ToolCalls, then exactly one Finish.
    """

    choice: int
    event: Piece | ToolCall | Finish


class Answers:
    """Answers requests by way of the scheduler."""

    def __init__(self, scheduler: Scheduler, pictures: Pictures) -> None:
        self._scheduler = scheduler
        self._pictures = pictures

    async def prepare(self, asked: ChatRequest, caller: Caller) -> Prepared:
        """Say whether the request would be taken now, then look at its pictures, so that the NPU never waits for one.

        Raises NotReady or QueueFull before any work is done, RequestError for a bad picture.
        """
        model = self._scheduler.admit()
        started = time.monotonic()
        generation = await look(self._pictures, asked, model)
        image_s = time.monotonic() - started
        return Prepared(generation=generation, model=model, images=len(pictures(asked)), image_s=image_s)

    @asynccontextmanager
    async def answer(self, prepared: Prepared, caller: Caller) -> AsyncIterator[AsyncGenerator[Said]]:
        """Give what is said, as it is said; leaving the block early cancels what has not been said yet.

        Raises what Scheduler.job raises.
        """
        async with aclosing(self._said(prepared, caller)) as said:
            yield said

    async def _said(self, prepared: Prepared, caller: Caller) -> AsyncGenerator[Said]:
        async with self._scheduler.job(prepared.generation, arrived_at=caller.arrived_at) as events:
            async for event in events:
                yield Said(choice=0, event=event)
