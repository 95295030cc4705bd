"""An event loop whose clock stands still while anything can run, then jumps to the next timer: hours cost nothing."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Selector(selectors.DefaultSelector):  # type: ignore[misc,valid-type]
    """Waits for nothing but moves the clock on by the time that it should have waited."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        assert timeout is not None, "everybody waits, and no timer will wake them"
        self.now += max(timeout, 0)
        return super().select(0)


class Loop(asyncio.SelectorEventLoop):
    """Only for work without sockets, threads and processes."""

    def __init__(self) -> None:
        self._selector_clock = Selector()
        super().__init__(self._selector_clock)
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self._selector_clock.now


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end on the fake clock."""
    with asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(work)
