"""Turns at what requests wait for besides the engine: decoders, downloads, validator processes, tools, memory.

One ring of clients (`ring.py`) decides at each of them, as it does at the engine, and a wait ends at the request's
deadline. The lines need no bound of their own: a request waits with a few tickets, and connections are bounded.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from hailo_vision.chat import Priority
from hailo_vision.errors import Expired
from hailo_vision.scheduler.ring import Rings


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiter:
    """The request that waits: its client, and its deadline on the event loop's clock.

    `deadline_s` is the time limit from which the deadline was made.
    """

    client: str
    deadline: float
    deadline_s: float
    priority: Priority = Priority.INTERACTIVE

    @asynccontextmanager
    async def within_deadline(self, *, is_running: bool = True) -> AsyncIterator[None]:
        """A block that is cancelled at the deadline, and raises Expired then."""
        try:
            async with asyncio.timeout_at(self.deadline) as timeout:
                yield
        except TimeoutError:
            if not timeout.expired():
                raise  # another timeout's, inside the block
            raise Expired(deadline_s=self.deadline_s, running=is_running) from None


class Turn:
    """A ticket: it waits for its part of a capacity, or holds that."""

    def __init__(self, waiter: Waiter) -> None:
        self.client = waiter.client
        self.priority = waiter.priority
        self.called: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class Turns:
    """A capacity, in slots or bytes, that clients share in turns. For one event loop."""

    def __init__(self, capacity: int) -> None:
        self._rings: Rings[Turn] = Rings(capacity)

    @property
    def free(self) -> int:
        return self._rings.free

    @property
    def waiting(self) -> int:
        return self._rings.length

    @property
    def is_idle(self) -> bool:
        """True while nobody holds a part or waits for one."""
        return not self._rings.holders and not self._rings.length

    @asynccontextmanager
    async def take(self, waiter: Waiter, size: int = 1) -> AsyncIterator[None]:
        """Hold a part of the capacity while the block runs. Raises Expired where its turn does not come in time."""
        turn = await self.wait(waiter, size)
        try:
            yield
        finally:
            self.leave(turn)

    async def wait(self, waiter: Waiter, size: int = 1) -> Turn:
        """Wait for a turn that ends with `leave`, for work that goes on when the request has gone. Raises Expired."""
        turn = Turn(waiter)
        _call(self._rings.enter(turn, size))
        try:
            if not turn.called.done():
                async with waiter.within_deadline(is_running=False):
                    await turn.called
        except BaseException:  # its place is free for others, also when its turn has come in the same moment
            self.leave(turn)
            raise
        return turn

    def leave(self, turn: Turn) -> None:
        _call(self._rings.leave(turn))


def _call(turns: Iterable[Turn]) -> None:
    for turn in turns:
        if not turn.called.done():
            turn.called.set_result(None)
