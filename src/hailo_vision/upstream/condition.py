"""The state of an engine, and waiting for it to be another one."""

import asyncio
from collections.abc import Callable

from hailo_vision.errors import DeviceFault, DeviceUnavailable
from hailo_vision.scheduler.engine import EngineState

_ON_THE_WAY = (EngineState.STARTING, EngineState.WAKING, EngineState.BUSY)


class Condition:
    """`trouble` says why it is FAILED. Who waits is woken by every state that is an answer to "can I generate?"."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self.state = EngineState.STOPPED
        self.trouble: str | None = None
        self.wanted = asyncio.Event()  # somebody waits for an unloaded model
        self._on_change = on_change
        self._settled = asyncio.Event()

    def become(self, state: EngineState) -> None:
        self.state = state
        if state not in _ON_THE_WAY:
            self._settled.set()
        self._on_change()

    async def ready(self) -> None:
        """Wait until READY. Raises DeviceUnavailable when that can't be now."""
        while self.state is not EngineState.READY:
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
