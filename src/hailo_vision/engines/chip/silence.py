"""How long the worker has been silent, against the budget of the phase that it is in."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Silence:
    """The watch over a worker's silence. `phase` is the one that it is in, or that it was in when it stalled."""

    def __init__(self) -> None:
        self.phase = ("start", 0.0)
        self._timeout: asyncio.Timeout | None = None
        self._until: float | None = None  # the worker may be silent; None is for ever
        self._timer: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def watched(self, phase: str, budget_s: float) -> AsyncIterator[None]:
        """A block that ends in TimeoutError once a phase outlives its budget; the first one begins with the block."""
        self.phase = (phase, budget_s)
        async with asyncio.timeout(budget_s) as self._timeout:
            try:
                yield
            finally:
                self._stop_timer()
                self._timeout = None

    def allow(self, phase: str, budget_s: float) -> None:
        """The worker may now be silent for this long."""
        self.phase = (phase, budget_s)
        if self._timeout is None or self._timeout.expired():
            return
        loop = asyncio.get_running_loop()
        self._until = loop.time() + budget_s
        if self._timer is None:
            self._timeout.reschedule(None)
        if self._timer is None or self._timer.when() > self._until:
            self._stop_timer()
            self._timer = loop.call_at(self._until, self._look)

    def rest(self) -> None:
        """The worker has nothing to do, and may be silent for ever."""
        if self._timeout is not None:
            self._timeout.reschedule(None)
        self.phase = ("rest", math.inf)
        self._until = None

    def _look(self) -> None:
        """The earliest end of a budget has come. Each token moved it, which costs no timer until now."""
        self._timer = None
        if self._until is None or self._timeout is None:
            return
        loop = asyncio.get_running_loop()
        if self._until > loop.time():
            self._timer = loop.call_at(self._until, self._look)
        else:
            self._timeout.reschedule(loop.time())

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
