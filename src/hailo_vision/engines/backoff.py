"""Another try: how long to wait before it, and the word under which it is counted."""

import random

from hailo_vision.errors import DeviceFault, DeviceUnavailable, EngineError, WorkerStalled

PHASES = ("start", "load", "prefill", "token", "refusal", "abort", "quit")  # of a child, in which it can be stuck
RESTART_REASONS = (*(fault.value for fault in DeviceFault), *(f"stalled_in_{phase}" for phase in PHASES), "died")


class Backoff:
    """Delays between tries: none at first, then doubling up to a minute, with jitter.

    After a try that did harm by itself the next one waits `long_s` at least, and twice as long after each further one.
    """

    def __init__(
        self, *, first_s: float = 1.0, max_s: float = 60.0, long_s: float = 30.0, max_long_s: float = 120.0
    ) -> None:
        self._first_s = first_s
        self._max_s = max_s
        self._long_s = long_s
        self._max_long_s = max_long_s
        self._tries = 0
        self._long_tries = 0
        self._is_long = False

    def reset(self) -> None:
        self._tries = self._long_tries = 0
        self._is_long = False

    def wait_long(self) -> None:
        """Have the next delay be a long one."""
        self._long_tries += 1
        self._is_long = True

    def next_s(self) -> float:
        """Seconds to wait before the next try. 0 the first time: one crash costs nobody a pause."""
        self._tries += 1
        least_s, self._is_long = self._least_s(), False
        if self._tries == 1:
            return least_s
        delay_s = min(self._first_s * 2.0 ** min(self._tries - 2, 32), self._max_s)
        return max(least_s, random.uniform(0.75, 1.0) * delay_s)

    def _least_s(self) -> float:
        if not self._is_long:
            return 0.0
        return min(self._long_s * 2.0 ** min(self._long_tries - 1, 32), self._max_long_s)


def restart_reason(error: EngineError) -> str:
    """Why an engine had to begin anew, as the label of a metric: one of RESTART_REASONS."""
    match error:
        case DeviceUnavailable():
            return error.fault.value
        case WorkerStalled():
            return f"stalled_in_{error.phase}"
        case _:
            return "died"
