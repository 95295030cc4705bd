"""The idle timeout of a model (keep_alive): an unused model is unloaded, which frees the chip for other programs."""

import asyncio
from contextlib import suppress

from hailo_vision.engines.contract import Engine
from hailo_vision.errors import ModelPinned


class KeepAlive:
    """Counts the time without work and unloads the model at its end. The next job wakes the engine by itself."""

    def __init__(self, engine: Engine, *, seconds: float | None, is_pinned: bool) -> None:
        self._engine = engine
        self._seconds = seconds
        self._is_pinned = is_pinned
        self._idle_since: float | None = asyncio.get_running_loop().time()  # None while there is work
        self._is_unload_requested = False
        self._changed = asyncio.Event()
        self._unloading: asyncio.Timeout | None = None

    def configure(self, seconds: float | None, *, is_pinned: bool) -> None:
        self._seconds, self._is_pinned = seconds, is_pinned
        self._is_unload_requested = self._is_unload_requested and not is_pinned
        self._changed.set()

    def set_timeout(self, seconds: float | None) -> None:
        """Unload after so many idle seconds from now on, as a client asked; a pinned model stays all the same."""
        self.configure(seconds, is_pinned=self._is_pinned)

    def request_unload(self) -> None:
        """Unload once, as soon as there is no work. Raises ModelPinned."""
        if self._is_pinned:
            raise ModelPinned
        self._is_unload_requested = True
        self._changed.set()

    @property
    def left_s(self) -> float | None:
        """Seconds until the model is unloaded if no work comes; None means never."""
        due_at = self._due_at
        if due_at is not None:
            return max(0.0, due_at - asyncio.get_running_loop().time())
        return None if self._is_pinned else self._seconds

    def touch(self) -> None:
        """Start to count anew, as after a job, if the model is idle."""
        if self._idle_since is not None:
            self.work_ended()

    def work_began(self) -> None:
        self._idle_since = None
        self._changed.set()
        if self._unloading is not None and not self._unloading.expired():
            self._unloading.reschedule(asyncio.get_running_loop().time())

    def work_ended(self) -> None:
        self._idle_since = asyncio.get_running_loop().time()
        self._changed.set()

    async def run(self) -> None:
        """Unload the model each time its idle timeout has passed; runs until it is cancelled."""
        while True:
            self._changed.clear()
            try:
                async with asyncio.timeout_at(self._due_at):
                    await self._changed.wait()
            except TimeoutError:
                await self._unload()
                await self._changed.wait()

    @property
    def _due_at(self) -> float | None:
        if self._idle_since is None or self._is_pinned:
            return None
        if self._is_unload_requested:
            return self._idle_since
        return None if self._seconds is None else self._idle_since + self._seconds

    async def _unload(self) -> None:
        """Wait until the chip is free, or until a job comes that needs the model."""
        self._is_unload_requested = False
        with suppress(TimeoutError):
            async with asyncio.timeout(None) as self._unloading:
                await self._engine.unload()
        self._unloading = None
