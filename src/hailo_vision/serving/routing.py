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
from hailo_vision.generate.reduction import shortened
from hailo_vision.serving.backend import Backend

log = logging.getLogger(__name__)

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """A request that is prepared, and the backend that is to answer it; `drops_turns` is whether its oldest turns may
    be left out where no backend's context holds all.
    """

    backend: Backend
    prepared: Prepared
    drops_turns: bool = False


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

        def admitted_by(backend: Backend, request: ChatRequest, caller: Caller) -> Awaitable[LoadedModel]:
            return backend.pipeline.admit(request, caller)

        return await self._by_one(request, caller, admitted_by, is_logged=False)

    async def prepare(self, request: ChatRequest, caller: Caller) -> Assigned:
        """Have the request taken and its pictures looked at. Raises what Pipeline.prepare raises."""

        async def prepared_by(backend: Backend, request: ChatRequest, caller: Caller) -> Assigned:
            prepared = await backend.pipeline.prepare(request, caller)
            return Assigned(backend=backend, prepared=prepared, drops_turns=drops_turns)

        drops_turns = request.reductions.turns
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
        do: Callable[[Backend, ChatRequest, Caller], Awaitable[Result]],
        *,
        is_logged: bool = True,
    ) -> Result:
        """Waiting for a load, and leaving turns out, are done only where no other backend answers all of it now."""
        preferred, *others = self._open_to(request)
        whole, at_once = (_whole(request), replace(caller, waits_for_load=False)) if others else (request, caller)
        try:
            return await do(preferred, whole, at_once)
        except (NotReady, QueueFull, TooBusy, RequestError) as error:
            failed, reason, first = preferred, error, error
            too_long = preferred if isinstance(error, PromptTooLong) else None
        for backend in others:
            if not _is_for_another(reason) or not _would_take(backend, request):
                continue
            if is_logged:
                _log_fallback(failed, backend, reason)
            try:
                return await do(backend, whole, at_once)
            except (NotReady, QueueFull, TooBusy, RequestError) as error:
                failed, reason = backend, error
                too_long = backend if isinstance(error, PromptTooLong) else too_long
        if others and caller.waits_for_load and isinstance(first, NotReady) and first.reason is Unready.LOADING:
            return await do(preferred, request, caller)
        if others and too_long is not None and request.reductions.turns:
            return await do(too_long, request, caller)
        raise reason

    def _open_to(self, request: ChatRequest) -> list[Backend]:
        """The backends that may be shown what the request holds. Raises PicturesStayHere where there is none."""
        shown = image_refs(request)
        if found := [backend for backend in self.backends if backend.takes_pictures or not shown]:
            return found
        raise PicturesStayHere(self._model)

    async def _events(self, assigned: Assigned, caller: Caller) -> AsyncGenerator[Begun | ChoiceEvent]:
        backend, prepared = assigned.backend, assigned.prepared
        tries = _Tries(self.backends[self.backends.index(backend) + 1 :], drops_turns=assigned.drops_turns)
        while True:
            has_begun = False
            try:
                async with backend.pipeline.answer(prepared, caller) as events:
                    async for event in events:
                        if not has_begun:
                            has_begun = True
                            shown, sent = prepared.turns_shown, prepared.turns_sent
                            yield Begun(engine=backend.name, turns_shown=shown, turns_sent=sent)
                        yield event
                return
            except (NotReady, QueueFull, TooBusy, RequestError) as error:
                following = None if has_begun else tries.after(backend, prepared, error)
                if following is None:
                    raise
                backend, prepared = following


def _whole(request: ChatRequest) -> ChatRequest:
    """The request with none of its turns left out."""
    return replace(request, reductions=replace(request.reductions, turns=False))


class _Tries:
    """What is still to be tried for one answer: the other backends, and then, where it may be, a conversation without
    its oldest turns, at the last backend whose context did not hold all of it.
    """

    def __init__(self, backends: tuple[Backend, ...], *, drops_turns: bool) -> None:
        self._backends = iter(backends)
        self._drops_turns = drops_turns
        self._shorter: tuple[Backend, Prepared] | None = None

    def after(self, backend: Backend, prepared: Prepared, error: HailoVisionError) -> tuple[Backend, Prepared] | None:
        """The next try after a backend has refused; None where there is none."""
        if not _is_for_another(error):
            return None
        if self._drops_turns and isinstance(error, PromptTooLong):
            shorter = shortened(prepared.generation, prepared.model, error)
            self._shorter = None if shorter is None else (backend, replace(prepared, generation=shorter))
        other = _taking(self._backends, prepared)
        if other is not None:
            _log_fallback(backend, other, error)
            model = other.scheduler.engine_model
            assert model is not None
            return other, replace(prepared, model=model)
        following, self._shorter = self._shorter, None
        return following


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
