"""An admitted request: its turn, its deadline, and the buffer of its events for a reader that may be slow."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from hailo_vision.chat import Event, Finish, Piece, Priority
from hailo_vision.errors import Expired, HailoVisionError, SlowReader
from hailo_vision.scheduler.record import Outcome

MAX_PIECES_BEHIND = 1024  # two minutes of the chip's work, and at most some ten kilobytes of text
PIECES_IN_A_ROW = 64  # after so many the loop is yielded to a reader that is behind


class Events:
    """The buffer of one answer's events: the engine never waits for the reader, and the reader may start late."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Event | HailoVisionError] = asyncio.Queue()
        self._has_ended = False

    @property
    def behind(self) -> int:
        """The number of events that the reader has not taken yet."""
        return self._queue.qsize()

    def put(self, event: Event) -> None:
        """Add an event. Raises SlowReader when the reader is too far behind."""
        if self.behind >= MAX_PIECES_BEHIND and isinstance(event, Piece):
            raise SlowReader(self.behind)
        self._queue.put_nowait(event)

    def fail(self, error: HailoVisionError) -> None:
        """End the answer with an error instead of a Finish; for a slow reader the unread events are dropped."""
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
    """A place in the queue, and its outcome. `max_tokens` is None if the job only waits for the engine."""

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
        self.load_s = 0.0  # the part of its wait in which the model was loaded
        self.finish: Finish | None = None
        self.outcome: Outcome | None = None
        self.events = Events()
        self.turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.deadline = deadline
        self._deadline_s = deadline_s  # the setting at the time of its arrival
        self._stopped_by: HailoVisionError | None = None
        self._timeout: asyncio.Timeout | None = None

    @property
    def expired(self) -> Expired:
        return Expired(deadline_s=self._deadline_s, running=self.started_at is not None)

    def begin(self, now: float) -> None:
        """Take the time to first token; called once."""
        self.ttft_s = now - (self.deadline - self._deadline_s)

    def call(self) -> None:
        """Tell the job that its turn has come."""
        if not self.turn.done():
            self.turn.set_result(None)

    def start(self, now: float, *, grace_s: float) -> None:
        """Note that the engine starts the job now. Raises Expired, or the error that the job was stopped with.

        From here on the engine watches the deadline itself; this side gives up `grace_s` after it.
        """
        if self._stopped_by is not None:
            raise self._stopped_by
        if now >= self.deadline:
            raise self.expired
        assert self._timeout is not None
        self.started_at = now
        self._timeout.reschedule(self.deadline + grace_s)

    def stop(self, error: HailoVisionError) -> None:
        """End the job with this error, whatever it is waiting for."""
        if self._stopped_by is None:
            self._stopped_by = error
            if self._timeout is not None and not self._timeout.expired():
                self._timeout.reschedule(asyncio.get_running_loop().time())

    @asynccontextmanager
    async def within_deadline(self) -> AsyncIterator[None]:
        """A block that raises Expired at the deadline, or the error with which the job is stopped."""
        if self._stopped_by is not None:
            raise self._stopped_by
        try:
            async with asyncio.timeout_at(self.deadline) as timeout:
                self._timeout = timeout
                yield
        except TimeoutError:
            if not timeout.expired():
                raise  # another timeout's, inside the block
            raise self._stopped_by or self.expired from None
        finally:
            self._timeout = None
