"""Which backend answers a request for one model, and which one does when that can't."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from hailo_vision.chat import Begun, Caller, ChatRequest, Frame, LoadedModel, Penalties
from hailo_vision.errors import (
    HailoVisionError,
    NotReady,
    PicturesStayHere,
    PromptTooLong,
    QueueFull,
    RequestError,
    TooBusy,
    Unready,
)
from hailo_vision.generate.capabilities import is_within
from hailo_vision.generate.choices import ChoiceEvent
from hailo_vision.generate.frames import image_refs
from hailo_vision.generate.pipeline import Prepared
from hailo_vision.serving.backend import Backend

log = logging.getLogger(__name__)

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """A request that is prepared, and the backend that is to answer it."""

    backend: Backend
    prepared: Prepared


class Router:
    """Asks the backends of one model in their order: the next one where one is not ready, is full or has too small a
    context, and only one that would do all that the request asks for.
    """

    def __init__(self, model: str, own: tuple[Backend, ...], others: tuple[Backend, ...] = ()) -> None:
        self._model = model
        self.backends = (*own, *others)

    @property
    def unready(self) -> NotReady | None:
        """Why a question about a picture would not be taken now, in the words of the backend that is asked first.

        That backend counts even if its model takes no pictures: then reading is what the server is for.
        """
        preferred, *others = self.backends
        why = preferred.scheduler.unready
        return None if any(backend.sees and backend.scheduler.unready is None for backend in others) else why

    async def admit(self, request: ChatRequest, caller: Caller) -> LoadedModel:
        """Say whether the request would be taken now, and by which model. Raises what Pipeline.admit raises."""

        def admitted_by(backend: Backend, caller: Caller) -> Awaitable[LoadedModel]:
            return backend.pipeline.admit(request, caller)

        return await self._by_one(request, caller, admitted_by, is_logged=False)

    async def prepare(self, request: ChatRequest, caller: Caller) -> Assigned:
        """Have the request taken and its pictures looked at. Raises what Pipeline.prepare raises."""

        async def prepared_by(backend: Backend, caller: Caller) -> Assigned:
            return Assigned(backend=backend, prepared=await backend.pipeline.prepare(request, caller))

        return await self._by_one(request, caller, prepared_by)

    @asynccontextmanager
    async def answer(self, assigned: Assigned, caller: Caller) -> AsyncIterator[AsyncGenerator[Begun | ChoiceEvent]]:
        """Give a Begun with the engine's name, then what Pipeline.answer gives; raises what that raises.

        Until the answer has begun another backend can still take it over.
        """
        async with aclosing(self._events(assigned, caller)) as events:
            yield events

    async def _by_one(
        self,
        request: ChatRequest,
        caller: Caller,
        do: Callable[[Backend, Caller], Awaitable[Result]],
        *,
        is_logged: bool = True,
    ) -> Result:
        """A request that would wait for the preferred backend's load waits only if no other one answers now."""
        preferred, *others = self._open_to(request)
        at_once = replace(caller, waits_for_load=False) if others else caller
        try:
            return await do(preferred, at_once)
        except (NotReady, QueueFull, TooBusy, RequestError) as error:
            failed, reason, first = preferred, error, error
        for backend in others:
            if not _is_for_another(reason) or not _would_take(backend, request):
                continue
            if is_logged:
                _log_fallback(failed, backend, reason)
            try:
                return await do(backend, at_once)
            except (NotReady, QueueFull, TooBusy, RequestError) as error:
                failed, reason = backend, error
        if at_once != caller and isinstance(first, NotReady) and first.reason is Unready.LOADING:
            return await do(preferred, caller)
        raise reason

    def _open_to(self, request: ChatRequest) -> list[Backend]:
        """The backends that may be shown what the request holds. Raises PicturesStayHere where there is none."""
        shown = image_refs(request)
        if found := [backend for backend in self.backends if backend.takes_pictures or not shown]:
            return found
        raise PicturesStayHere(self._model)

    async def _events(self, assigned: Assigned, caller: Caller) -> AsyncGenerator[Begun | ChoiceEvent]:
        backend, prepared = assigned.backend, assigned.prepared
        following = iter(self.backends[self.backends.index(backend) + 1 :])
        while True:
            has_begun = False
            try:
                async with backend.pipeline.answer(prepared, caller) as events:
                    async for event in events:
                        if not has_begun:
                            has_begun = True
                            yield Begun(engine=backend.name)
                        yield event
                return
            except (NotReady, QueueFull, TooBusy, RequestError) as error:
                other = None if has_begun or not _is_for_another(error) else _taking(following, prepared)
                if other is None:
                    raise
                _log_fallback(backend, other, error)
            model = other.scheduler.engine_model
            assert model is not None
            backend, prepared = other, replace(prepared, model=model)


def _would_take(backend: Backend, request: ChatRequest) -> bool:
    """Whether a backend would leave nothing out that the request asks of the one before it."""
    can = backend.engine.capabilities
    return (request.logprobs is None or can.logprobs) and not _has_bias(request.penalties)


def _taking(backends: Iterator[Backend], prepared: Prepared) -> Backend | None:
    """The next backend that can be given what was made ready for another one."""
    return next((backend for backend in backends if _can_take(backend, prepared)), None)


def _can_take(backend: Backend, prepared: Prepared) -> bool:
    """Whether what was made ready for one backend can be given to another one."""
    parts = (part for turn in prepared.generation.turns for part in turn.parts)
    has_frames = any(isinstance(part, Frame) for part in parts)
    scheduler = backend.scheduler
    return (
        (backend.takes_pictures or not has_frames)
        and scheduler.unready is None
        and scheduler.engine_model is not None
        and (scheduler.engine_model.max_images != 0 or not has_frames)
        and is_within(prepared.generation, scheduler.capabilities)
        and not _has_bias(prepared.generation.penalties)
    )


def _log_fallback(failed: Backend, other: Backend, error: HailoVisionError) -> None:
    facts = {"from": failed.name, "to": other.name, "because": type(error).__name__}
    log.info("fallback", extra={"facts": facts})


def _has_bias(penalties: Penalties | None) -> bool:
    """A bias is of tokens by their numbers, which are other tokens of another model's."""
    return penalties is not None and bool(penalties.logit_bias)


def _is_for_another(error: HailoVisionError) -> bool:
    """Whether an engine with more room or time would take the request."""
    return isinstance(error, PromptTooLong) or not isinstance(error, RequestError)
