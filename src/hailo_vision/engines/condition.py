"""The state of an engine, and waiting for it to be another one."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hailo_vision.engines.contract import EngineState
from hailo_vision.errors import DeviceFault, DeviceUnavailable

_ON_THE_WAY = (EngineState.STARTING, EngineState.WAKING, EngineState.BUSY)


class Condition:
    """`trouble` says why it is FAILED. Who waits is woken by all that is an answer to "can I generate?"."""

    def __init__(self, on_change: Callable[[], None], *, slots: int) -> None:
        self.state = EngineState.STOPPED
        self.trouble: str | None = None
        self.wanted = asyncio.Event()  # somebody waits for an unloaded model
        self._on_change = on_change
        self._slots = slots
        self._generating = 0
        self._settled = asyncio.Event()

    def become(self, state: EngineState) -> None:
        self.state = state
        if state not in _ON_THE_WAY:
            self._settled.set()
        self._on_change()

    @contextmanager
    def generating(self, is_up: Callable[[], bool]) -> Iterator[None]:
        """A block in which a slot is taken. At its end the engine is READY again if it `is_up`, and no other is taken.

        The end may come when the server that answered is gone and another one answers.
        """
        self._generating += 1
        self.become(EngineState.BUSY)
        try:
            yield
        finally:
            self._generating -= 1
            if self.state is EngineState.BUSY:
                if not is_up():
                    self.become(EngineState.STARTING)
                elif not self._generating:
                    self.become(EngineState.READY)
                self._settled.set()

    @property
    def _has_room(self) -> bool:
        return self.state is EngineState.READY or (self.state is EngineState.BUSY and self._generating < self._slots)

    async def ready(self) -> None:
        """Wait until a slot is free. Raises DeviceUnavailable when that can't be now."""
        while not self._has_room:
            match self.state:
                case EngineState.FAILED | EngineState.STOPPING | EngineState.STOPPED:
                    raise DeviceUnavailable(DeviceFault.FAILED, self.trouble or "The engine is stopped.")
                case EngineState.UNLOADED:
                    self.wanted.set()
            await self.news()

    async def settled(self) -> None:
        """Wait while something is loaded or generated."""
        while self.state in _ON_THE_WAY:
            await self.news()

    async def news(self) -> None:
        """Wait until the state is another one that somebody waits for."""
        self._settled.clear()
        await self._settled.wait()
