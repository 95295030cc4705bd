"""Retries of the vendor's constructors while the chip is taken or booting, with one line in the log for all of them."""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from hailo_vision.worker.statuses import Meanings, status_of, unavailable

T = TypeVar("T")

FIRST_PAUSE_S, MAX_PAUSE_S = 1.0, 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How often a call of the vendor's is repeated: until the deadline, on CLOCK_MONOTONIC, and for these statuses."""

    errors: tuple[type[Exception], ...]
    meanings: Meanings
    transient: frozenset[int]
    deadline: float

    def call(self, make: Callable[[], T], action: str) -> T:
        """Call until it succeeds. Raises DeviceUnavailable after the last failure.

        The library prints four to seven lines for each failure. Those of a failure that only repeats the one before
        are dropped.
        """
        try:
            return make()
        except self.errors as error:
            self._go_on_or_raise(error, action)
            # stderr is the worker's log: the daemon writes each line of it into its own.
            print(f"Waiting for the chip. {unavailable(error, action, self.meanings)}", file=sys.stderr, flush=True)
            status = status_of(error)
        pause_s = FIRST_PAUSE_S
        while True:
            time.sleep(max(0.0, min(pause_s, self.deadline - time.monotonic())))
            pause_s = min(2 * pause_s, MAX_PAUSE_S)
            try:
                return _call_quietly(make, known_status=status)
            except self.errors as error:
                self._go_on_or_raise(error, action)
                status = status_of(error)

    def _go_on_or_raise(self, error: Exception, action: str) -> None:
        if status_of(error) not in self.transient or time.monotonic() >= self.deadline:
            raise unavailable(error, action, self.meanings) from error


def _call_quietly(make: Callable[[], T], *, known_status: int | None) -> T:
    """Call with descriptor 2 held back, since C++ writes there. What was printed is passed on after a success or an
    error with another status.

    What a crash of the process prints meanwhile is lost.
    """
    sys.stderr.flush()
    with os.fdopen(os.memfd_create("stderr"), "w+b") as held:
        real = os.dup(2)
        os.dup2(held.fileno(), 2)
        is_news = True
        try:
            return make()
        except BaseException as error:
            is_news = status_of(error) != known_status
            raise
        finally:
            sys.stderr.flush()
            os.dup2(real, 2)
            os.close(real)
            if is_news:
                held.seek(0)
                sys.stderr.write(held.read().decode(errors="replace"))
                sys.stderr.flush()
