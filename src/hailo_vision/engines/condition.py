"""The state of an engine, and waiting for it to be another one."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hailo_vision.engines.contract import EngineState, OnChange
from hailo_vision.errors import DeviceFault, DeviceUnavailable

_ON_THE_WAY = (EngineState.STARTING, EngineState.WAKING, EngineState.BUSY)


class Condition:
    """`trouble` says why it is FAILED. Every state that answers "can I generate?" wakes those that wait for it.

    `wake` is set when a caller waits for an unloaded model. `started_at` is when the last start began, on the loop's
    clock.
    """

    def __init__(self, on_change: OnChange, *, slots: int) -> None:
        self.state = EngineState.STOPPED
        self.trouble: str | None = None
        self.wake = asyncio.Event()
        self.started_at = 0.0
        self._retry_at = 0.0
        self._on_change = on_change
        self._slots = slots
        self._generating = 0
        self._settled = asyncio.Event()

    @property
    def is_up(self) -> bool:
        return self.state in (EngineState.READY, EngineState.BUSY)

    def become(self, state: EngineState) -> None:
        self.state = state
        if state in (EngineState.STARTING, EngineState.WAKING):
            self.started_at = _now()
        if state not in _ON_THE_WAY:
            self._settled.set()
        self._on_change()

    def lose(self) -> None:
        """What answered is gone, and nothing more is asked of it: READY or BUSY becomes STARTING."""
        if self.is_up:
            self.become(EngineState.STARTING)

    async def fail_for(self, delay_s: float) -> None:
        """FAILED, until the next try after this delay."""
        self._retry_at = _now() + delay_s
        self.become(EngineState.FAILED)
        await asyncio.sleep(delay_s)

    def ready_in_s(self, load_s: float) -> float:
        """An estimate of the seconds until READY, for a model that takes `load_s` from a start on."""
        if self.is_up:
            return 0.0
        if self.state is EngineState.UNLOADED:
            return max(1.0, load_s)
        return max(1.0, max(self.started_at, self._retry_at) + load_s - _now())

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
        """An engine that is BUSY outside of `generating` has none: its device is not free yet."""
        return self.state is EngineState.READY or (
            self.state is EngineState.BUSY and 0 < self._generating < self._slots
        )

    async def ready(self) -> None:
        """Wait until a slot is free. Raises DeviceUnavailable when that can't be now."""
        while not self._has_room:
            match self.state:
                case EngineState.FAILED | EngineState.STOPPING | EngineState.STOPPED:
                    raise DeviceUnavailable(DeviceFault.FAILED, self.trouble or "The engine is stopped.")
                case EngineState.UNLOADED:
                    self.wake.set()
            await self.news()

    async def settled(self) -> None:
        """Wait while something is loaded or generated."""
        while self.state in _ON_THE_WAY:
            await self.news()

    async def news(self) -> None:
        """Wait until the state is another one that somebody waits for."""
        self._settled.clear()
        await self._settled.wait()


def _now() -> float:
    return asyncio.get_running_loop().time()
