"""An admitted request: its turn, its time, and its events on their way to a reader who may be slow."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from hailo_vision.chat import Event, Finish, Piece, Priority
from hailo_vision.errors import Expired, HailoVisionError, SlowReader
from hailo_vision.scheduler.record import Outcome

MOST_PIECES_BEHIND = 1024  # two minutes of the chip's work, and at most some ten kilobytes of text
PIECES_IN_A_ROW = 64  # after these a reader that is behind is given the loop


class Events:
    """The events of one answer: the engine never waits for the reader, and the reader may come late to all of them."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Event | HailoVisionError] = asyncio.Queue()
        self._has_ended = False

    @property
    def behind(self) -> int:
        """Events that the reader has not taken yet."""
        return self._queue.qsize()

    def put(self, event: Event) -> None:
        """Raises SlowReader when the reader is too far behind."""
        if self.behind >= MOST_PIECES_BEHIND and isinstance(event, Piece):
            raise SlowReader(self.behind)
        self._queue.put_nowait(event)

    def fail(self, error: HailoVisionError) -> None:
        """The end of an answer that has no Finish. A slow reader is told at once, all others after what came before."""
        while isinstance(error, SlowReader) and self.behind:
            self._queue.get_nowait()
        self._queue.put_nowait(error)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        if self._has_ended:
            raise StopAsyncIteration
        event = self._queue.get_nowait() if self._queue.qsize() else await self._queue.get()
        if isinstance(event, HailoVisionError):
            self._has_ended = True
            raise event
        self._has_ended = isinstance(event, Finish)
        return event


class Job:
    """A place in the queue, and what became of it. `max_tokens` is None for one that asks nothing of the engine."""

    def __init__(
        self,
        *,
        max_tokens: int | None,
        client: str,
        priority: Priority,
        submitted_at: float,
        deadline: float,
        deadline_s: float,
    ) -> None:
        self.max_tokens = max_tokens
        self.client = client
        self.priority = priority
        self.submitted_at = submitted_at
        self.started_at: float | None = None  # on the engine
        self.ttft_s: float | None = None
        self.load_s = 0.0  # of its wait
        self.finish: Finish | None = None
        self.outcome: Outcome | None = None
        self.events = Events()
        self.turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.deadline = deadline
        self._deadline_s = deadline_s  # what the setting was when it came
        self._verdict: HailoVisionError | None = None
        self._patience: asyncio.Timeout | None = None

    @property
    def expired(self) -> Expired:
        return Expired(deadline_s=self._deadline_s, running=self.started_at is not None)

    def begin(self, now: float) -> None:
        """The first token has come."""
        self.ttft_s = now - (self.deadline - self._deadline_s)

    def call(self) -> None:
        """Its turn has come."""
        if not self.turn.done():
            self.turn.set_result(None)

    def start(self, now: float, *, grace_s: float) -> None:
        """The engine is asked now. Raises Expired, or what the job was condemned to, when it must not be any more.

        From here on the engine watches the deadline; `grace_s` after it this side has waited long enough.
        """
        if self._verdict is not None:
            raise self._verdict
        if now >= self.deadline:
            raise self.expired
        assert self._patience is not None
        self.started_at = now
        self._patience.reschedule(self.deadline + grace_s)

    def condemn(self, error: HailoVisionError) -> None:
        """End the job with this error, whatever it is waiting for."""
        if self._verdict is None:
            self._verdict = error
            if self._patience is not None and not self._patience.expired():
                self._patience.reschedule(asyncio.get_running_loop().time())

    @asynccontextmanager
    async def patience(self) -> AsyncIterator[None]:
        """A block that ends with Expired when time is up, and with its error when the job is condemned."""
        if self._verdict is not None:
            raise self._verdict
        try:
            async with asyncio.timeout_at(self.deadline) as self._patience:
                yield
        except TimeoutError:
            raise self._verdict or self.expired from None
        finally:
            self._patience = None
