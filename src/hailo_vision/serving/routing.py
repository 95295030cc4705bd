"""Two engines behind one door: who answers a request, and who does when that one can't. Names no engine itself."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from hailo_vision.chat import Caller, ChatRequest, Frame, LoadedModel, Penalties
from hailo_vision.engines.contract import Engine
from hailo_vision.errors import ContextLengthExceeded, HailoVisionError, NotReady, QueueFull, RequestError, TooBusy
from hailo_vision.generate.capabilities import is_within
from hailo_vision.generate.choices import Said
from hailo_vision.generate.frames import pictures
from hailo_vision.generate.pipeline import Prepared
from hailo_vision.scheduler.scheduler import Scheduler

log = logging.getLogger(__name__)

Result = TypeVar("Result")


class Answering(Protocol):
    """What every surface asks: see answers.py."""

    async def admit(self, asked: ChatRequest, caller: Caller) -> LoadedModel: ...

    async def prepare(self, asked: ChatRequest, caller: Caller) -> Prepared: ...

    def answer(self, prepared: Prepared, caller: Caller) -> AbstractAsyncContextManager[AsyncGenerator[Said]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An engine and its answers. `takes_pictures` is whether it may be shown what is in a request."""

    name: str
    engine: Engine
    answers: Answering
    scheduler: Scheduler
    takes_pictures: bool = True

    @property
    def sees(self) -> bool:
        """Whether a picture may be shown to it and it has eyes; what is not loaded yet is taken to have them."""
        model = self.scheduler.engine_model
        return self.takes_pictures and (model is None or model.max_images != 0)


def unready(first: Place, *others: Place) -> NotReady | None:
    """Why a question about a picture would not be taken now, in the first engine's words; None when one would be.

    A first engine without eyes counts all the same: then reading is what the server is for.
    """
    why = first.scheduler.unready
    return None if any(place.sees and place.scheduler.unready is None for place in others) else why


class Routed:
    """Asks the first engine, and the second one where the first is not ready, is full or has too small a context.

    A request for `model` goes to the second one alone.
    """

    def __init__(self, first: Place, second: Place, *, model: str | None) -> None:
        self._first = first
        self._second = second
        self._model = model

    async def admit(self, asked: ChatRequest, caller: Caller) -> LoadedModel:
        return await self._by_either(asked, lambda answers: answers.admit(asked, caller), is_told=False)

    async def prepare(self, asked: ChatRequest, caller: Caller) -> Prepared:
        return await self._by_either(asked, lambda answers: answers.prepare(asked, caller))

    async def _by_either(
        self, asked: ChatRequest, do: Callable[[Answering], Awaitable[Result]], *, is_told: bool = True
    ) -> Result:
        if self._model is not None and asked.model == self._model:
            if pictures(asked) and not self._second.takes_pictures:
                message = f"The model {asked.model!r} is not on this machine, and no pictures are sent away from it."
                raise RequestError(message, param="model", code="pictures_stay_here")
            return await do(self._second.answers)
        try:
            return await do(self._first.answers)
        except (NotReady, QueueFull, TooBusy, RequestError) as error:
            if not _is_for_another(error) or not self._would_take(asked):
                raise
            if is_told:
                self._tell(error)
            return await do(self._second.answers)

    @asynccontextmanager
    async def answer(self, prepared: Prepared, caller: Caller) -> AsyncIterator[AsyncGenerator[Said]]:
        async with aclosing(self._said(prepared, caller)) as said:
            yield said

    async def _said(self, prepared: Prepared, caller: Caller) -> AsyncGenerator[Said]:
        place = self._second if prepared.engine == self._second.name else self._first
        has_begun = False
        try:
            async with place.answers.answer(prepared, caller) as said:
                async for part in said:
                    has_begun = True
                    yield part
            return
        except (NotReady, QueueFull, TooBusy, RequestError) as error:
            if has_begun or place is self._second or not _is_for_another(error) or not self._can_take(prepared):
                raise
            self._tell(error)
        model = self._second.scheduler.engine_model
        assert model is not None
        async with self._second.answers.answer(
            replace(prepared, model=model, engine=self._second.name), caller
        ) as said:
            async for part in said:
                yield part

    def _would_take(self, asked: ChatRequest) -> bool:
        """Whether the second engine may be shown the request, and would leave nothing out that it asks of the first."""
        return (
            (self._second.takes_pictures or not pictures(asked))
            and (asked.logprobs is None or self._second.engine.capabilities.logprobs)
            and not _has_bias(asked.penalties)
        )

    def _can_take(self, prepared: Prepared) -> bool:
        """Whether what was made ready for the first engine can be given to the second one."""
        parts = (part for turn in prepared.generation.turns for part in turn.parts)
        is_seen = any(isinstance(part, Frame) for part in parts)
        scheduler = self._second.scheduler
        return (
            (self._second.takes_pictures or not is_seen)
            and scheduler.unready is None
            and scheduler.engine_model is not None
            and (scheduler.engine_model.max_images != 0 or not is_seen)
            and is_within(prepared.generation, scheduler.capabilities)
            and not _has_bias(prepared.generation.penalties)
        )

    def _tell(self, error: HailoVisionError) -> None:
        facts = {"from": self._first.name, "to": self._second.name, "because": type(error).__name__}
        log.info("fallback", extra={"facts": facts})


def _has_bias(penalties: Penalties | None) -> bool:
    """A bias is of tokens by their numbers, which are other tokens of another model's."""
    return penalties is not None and bool(penalties.logit_bias)


def _is_for_another(error: HailoVisionError) -> bool:
    """Whether an engine with more room or time would take the request."""
    if not isinstance(error, RequestError):
        return True
    return isinstance(error, ContextLengthExceeded) or error.code == "context_length_exceeded"
