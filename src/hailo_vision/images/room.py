"""Memory is given out in bytes: who wants more than is left waits for those before him. For one event loop."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Room:
    """`max_bytes` to be shared, in the order of asking, so that nobody who wants much is overtaken for ever."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._free_bytes = max_bytes
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def free_bytes(self) -> int:
        return self._free_bytes

    @asynccontextmanager
    async def take(self, size_bytes: int) -> AsyncIterator[None]:
        """Holds so many bytes while the block runs; one who wants more than there is gets all of it."""
        size_bytes = min(size_bytes, self._max_bytes)
        await self._taken(size_bytes)
        try:
            yield
        finally:
            self._free_bytes += size_bytes
            self._hand_out()

    async def _taken(self, size_bytes: int) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((size_bytes, turn))
        self._hand_out()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it was given and is not used
                self._free_bytes += size_bytes
            self._hand_out()
            raise

    def _hand_out(self) -> None:
        while self._waiting:
            size_bytes, turn = self._waiting[0]
            if not turn.cancelled():
                if size_bytes > self._free_bytes:
                    return
                self._free_bytes -= size_bytes
                turn.set_result(None)
            self._waiting.popleft()
