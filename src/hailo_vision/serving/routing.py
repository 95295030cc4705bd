"""Which backend answers a request for one model, and which one does when that can't."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
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
            keeps_tools = self._has_roomier(backend, request)
            prepared = await backend.pipeline.prepare(request, caller, keeps_tools=keeps_tools)
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

    def _has_roomier(self, backend: Backend, request: ChatRequest) -> bool:
        """Whether a backend that is asked after this one would take the request and has a larger context.

        Then no tool is left out here: the request goes on to that one if the device counts too many tokens.
        """
        open_to = self._open_to(request)
        return any(
            _context_tokens(other) > _context_tokens(backend) and _would_take(other, request)
            for other in open_to[open_to.index(backend) + 1 :]
            if other.scheduler.unready is None
        )

    def _open_to(self, request: ChatRequest) -> list[Backend]:
        """The backends that may be shown what the request holds. Raises PicturesStayHere where there is none."""
        shown = image_refs(request)
        if allowed := [backend for backend in self.backends if backend.takes_pictures or not shown]:
            return allowed
        raise PicturesStayHere(self._model)

    async def _events(self, assigned: Assigned, caller: Caller) -> AsyncGenerator[Begun | ChoiceEvent]:
        attempts = _Attempts(assigned, self.backends[self.backends.index(assigned.backend) + 1 :], caller)
        while True:
            backend, prepared = attempts.current.backend, attempts.current.prepared
            has_begun = False
            try:
                async with backend.pipeline.answer(prepared, caller) as events:
                    async for event in events:
                        if not has_begun:
                            has_begun = True
                            shown, sent = prepared.turns_shown, prepared.turns_sent
                            yield Begun(engine=backend.name, tools=prepared.tools, turns_shown=shown, turns_sent=sent)
                        yield event
                return
            except (NotReady, QueueFull, TooBusy, RequestError) as error:
                if has_begun or not _is_for_another(error) or not await attempts.go_on(error):
                    raise


class _Attempts:
    """The attempts at one answer: by the backend that the request is assigned to, by those after it, then once more,
    with fewer tools, by the first one whose context was too small, and at last, where that may be, without the oldest
    turns.
    """

    def __init__(self, assigned: Assigned, following: Sequence[Backend], caller: Caller) -> None:
        self.current = assigned
        self._caller = caller
        self._following = iter(following)
        self._too_long: list[tuple[Assigned, PromptTooLong]] = []
        self._has_fewer_tools = False

    async def go_on(self, error: HailoVisionError) -> bool:
        """Make the next attempt the current one; False where there is none."""
        if isinstance(error, PromptTooLong):
            self._too_long.append((self.current, error))
        if (other := _taking(self._following, self.current.prepared)) is not None:
            _log_fallback(self.current.backend, other, error)
            model = other.scheduler.engine_model
            assert model is not None
            self.current = replace(self.current, backend=other, prepared=replace(self.current.prepared, model=model))
            return True
        return await self._make_tools_fewer() or self._leave_turns_out()

    async def _make_tools_fewer(self) -> bool:
        if not self._too_long or self._has_fewer_tools:
            return False
        self._has_fewer_tools = True
        assigned, error = self._too_long[0]
        prepared = await assigned.backend.pipeline.with_fewer_tools(assigned.prepared, error, self._caller)
        if prepared is None:
            return False
        log.info("fewer tools", extra={"facts": {"engine": assigned.backend.name, "tools": str(prepared.tools)}})
        self.current = replace(assigned, prepared=prepared)
        return True

    def _leave_turns_out(self) -> bool:
        if not self._too_long or not self.current.drops_turns:
            return False
        assigned, error = self._too_long.pop()
        shorter = shortened(assigned.prepared.generation, assigned.prepared.model, error)
        self._too_long.clear()
        if shorter is not None:
            self.current = replace(assigned, prepared=replace(assigned.prepared, generation=shorter))
        return shorter is not None


def _whole(request: ChatRequest) -> ChatRequest:
    """The request with none of its turns left out."""
    return replace(request, reductions=replace(request.reductions, turns=False))


def _would_take(backend: Backend, request: ChatRequest) -> bool:
    """Whether a backend would leave nothing out that the request asks of the one before it."""
    can = backend.engine.capabilities
    return (request.logprobs is None or can.logprobs) and not _has_bias(request.penalties)


def _taking(backends: Iterator[Backend], prepared: Prepared) -> Backend | None:
    """The next backend that can be given what was made ready for another one."""
    return next((backend for backend in backends if _can_take(backend, prepared)), None)


def _context_tokens(backend: Backend) -> int:
    model = backend.scheduler.engine_model
    return 0 if model is None else model.context_tokens


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
