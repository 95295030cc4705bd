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
        return await self._by_one(request, lambda backend: backend.pipeline.admit(request, caller), is_logged=False)

    async def prepare(self, request: ChatRequest, caller: Caller) -> Assigned:
        """Have the request taken and its pictures looked at. Raises what Pipeline.prepare raises."""

        async def prepared_by(backend: Backend) -> Assigned:
            keeps_tools = self._has_roomier(backend, request)
            prepared = await backend.pipeline.prepare(request, caller, keeps_tools=keeps_tools)
            return Assigned(backend=backend, prepared=prepared)

        return await self._by_one(request, prepared_by)

    @asynccontextmanager
    async def answer(self, assigned: Assigned, caller: Caller) -> AsyncIterator[AsyncGenerator[Begun | ChoiceEvent]]:
        """Give a Begun with the engine's name, then what Pipeline.answer gives; raises what that raises.

        Until the answer has begun another backend can still take it over.
        """
        async with aclosing(self._events(assigned, caller)) as events:
            yield events

    async def _by_one(
        self, request: ChatRequest, do: Callable[[Backend], Awaitable[Result]], *, is_logged: bool = True
    ) -> Result:
        preferred, *others = self._open_to(request)
        try:
            return await do(preferred)
        except (NotReady, QueueFull, TooBusy, RequestError) as error:
            failed, reason = preferred, error
        for backend in others:
            if not _is_for_another(reason) or not _would_take(backend, request):
                continue
            if is_logged:
                _log_fallback(failed, backend, reason)
            try:
                return await do(backend)
            except (NotReady, QueueFull, TooBusy, RequestError) as error:
                failed, reason = backend, error
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
        if found := [backend for backend in self.backends if backend.takes_pictures or not shown]:
            return found
        raise PicturesStayHere(self._model)

    async def _events(self, assigned: Assigned, caller: Caller) -> AsyncGenerator[Begun | ChoiceEvent]:
        attempts = _Attempts(assigned, self.backends[self.backends.index(assigned.backend) + 1 :])
        while True:
            backend, prepared = attempts.current.backend, attempts.current.prepared
            has_begun = False
            try:
                async with backend.pipeline.answer(prepared, caller) as events:
                    async for event in events:
                        if not has_begun:
                            has_begun = True
                            yield Begun(engine=backend.name, tools=prepared.tools)
                        yield event
                return
            except (NotReady, QueueFull, TooBusy, RequestError) as error:
                if has_begun or not _is_for_another(error) or not await attempts.go_on(error):
                    raise


class _Attempts:
    """The attempts at one answer: by the backend that the request is assigned to, by those after it, and at last once
    more, with fewer tools, by the first one whose context was too small.
    """

    def __init__(self, assigned: Assigned, following: Sequence[Backend]) -> None:
        self.current = assigned
        self._following = iter(following)
        self._too_long: tuple[Assigned, PromptTooLong] | None = None
        self._has_fewer_tools = False

    async def go_on(self, error: HailoVisionError) -> bool:
        """Make the next attempt the current one; False where there is none."""
        if isinstance(error, PromptTooLong) and self._too_long is None:
            self._too_long = self.current, error
        if (other := _taking(self._following, self.current.prepared)) is not None:
            _log_fallback(self.current.backend, other, error)
            model = other.scheduler.engine_model
            assert model is not None
            self.current = Assigned(backend=other, prepared=replace(self.current.prepared, model=model))
            return True
        return await self._make_tools_fewer()

    async def _make_tools_fewer(self) -> bool:
        if self._too_long is None or self._has_fewer_tools:
            return False
        self._has_fewer_tools = True
        (assigned, error), backend = self._too_long, self._too_long[0].backend
        prepared = await backend.pipeline.with_fewer_tools(assigned.prepared, error)
        if prepared is None:
            return False
        log.info("fewer tools", extra={"facts": {"engine": backend.name, "tools": str(prepared.tools)}})
        self.current = Assigned(backend=backend, prepared=prepared)
        return True


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
