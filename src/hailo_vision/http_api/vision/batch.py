"""The pictures of one request, each a job of the batch class with a time limit of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from hailo_vision.chat import Begun, Caller, ChatRequest, Finish, ImageRef, Piece, Priority
from hailo_vision.errors import HailoVisionError, NotReady, Refused, Unready
from hailo_vision.generate.choices import ChoiceEvent
from hailo_vision.http_api.vision.reply import Outcome, Seen, address_of
from hailo_vision.http_api.web.faults import Fault, fault, out_of_memory
from hailo_vision.serving.routing import Assigned, Router


async def heard(events: AsyncIterator[Begun | ChoiceEvent], image_s: float) -> Seen:
    """The whole of one answer."""
    pieces: list[str] = []
    engine = ""
    async for part in events:
        match part:
            case Begun():
                engine = part.engine
            case ChoiceEvent(event=Piece(text=text)):
                pieces.append(text)
            case ChoiceEvent(event=Finish() as finish):
                return Seen(text="".join(pieces), finish=finish, image_s=image_s, engine=engine)
    raise AssertionError("the engine ended without a Finish")


class Batch:
    """What is left of a request while its pictures are looked at: each is let go as soon as it is a frame."""

    def __init__(
        self,
        router: Router,
        caller: Caller,
        requests: tuple[ChatRequest, ...],
        *,
        deadline_s: float,
        take: Callable[[int], None],
    ) -> None:
        self._router = router
        self._caller = replace(caller, priority=Priority.BATCH)
        self._requests: list[ChatRequest | None] = list(requests)
        self._deadline_s = deadline_s
        self._take = take
        self.addresses = tuple(address_of(_ref(request)) for request in requests)

    async def one(self, index: int) -> Outcome:
        """What came of one picture. What goes wrong with it is its outcome, and no other's.

        A queue without room is waited for, as long as the picture's own time limit allows.
        """
        caller = replace(self._caller, arrived_at=asyncio.get_running_loop().time())
        assigned: Assigned | None = None
        while True:
            try:
                assigned = assigned or await self._assigned(index, caller)
                async with self._router.answer(assigned, caller) as events:
                    seen = await heard(events, assigned.prepared.image_s)
                return Outcome(index=index, outcome=seen)
            except Refused as refusal:
                wait_s = self._wait_s(refusal, caller)
                if wait_s is None:
                    return self._failed(index, fault(refusal))
            except HailoVisionError as error:
                return self._failed(index, fault(error, conversation="prompt"))
            except MemoryError:
                return self._failed(index, out_of_memory())
            await asyncio.sleep(wait_s)

    async def _assigned(self, index: int, caller: Caller) -> Assigned:
        request = self._requests[index]
        assert request is not None
        assigned = await self._router.prepare(request, caller)
        self._let_go(index)
        return assigned

    def _failed(self, index: int, what: Fault) -> Outcome:
        self._let_go(index)
        return Outcome(index=index, outcome=what)

    def _let_go(self, index: int) -> None:
        request, self._requests[index] = self._requests[index], None
        if request is not None:
            self._take(-_size_bytes(_ref(request)))

    def _wait_s(self, refusal: Refused, caller: Caller) -> float | None:
        """How long to wait as any client would that was told to come back; None when that is too late or in vain."""
        if isinstance(refusal, NotReady) and refusal.reason is Unready.DRAINING:
            return None
        wait_s = max(refusal.retry_after_s, 0.1)
        now = asyncio.get_running_loop().time()
        return wait_s if now + wait_s < caller.arrived_at + self._deadline_s else None


def _ref(request: ChatRequest) -> ImageRef:
    return next(part for turn in request.turns for part in turn.parts if isinstance(part, ImageRef))


def _size_bytes(ref: ImageRef) -> int:
    return len(ref.url) if ref.file is None else len(ref.file)
