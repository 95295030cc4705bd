"""Another try: how long to wait before it, and the word under which it is counted."""

import random

from hailo_vision.errors import DeviceUnavailable, EngineError, WorkerStalled


class Backoff:
    """Delays between tries: none at first, then doubling up to a minute, with jitter."""

    def __init__(self, *, first_s: float = 1.0, max_s: float = 60.0) -> None:
        self._first_s = first_s
        self._max_s = max_s
        self._tries = 0

    def reset(self) -> None:
        self._tries = 0

    def next_s(self) -> float:
        """Seconds to wait before the next try. 0 the first time: one crash costs nobody a pause."""
        self._tries += 1
        if self._tries == 1:
            return 0.0
        return random.uniform(0.75, 1.0) * min(self._first_s * 2.0 ** min(self._tries - 2, 32), self._max_s)


def restart_reason(error: EngineError) -> str:
    """Why an engine had to begin anew, as the label of a metric: of a bounded set.

    It is a fault of the device, the phase in which a child was stuck, or `died`.
    """
    match error:
        case DeviceUnavailable():
            return error.fault.value
        case WorkerStalled():
            return f"stalled_in_{error.phase}"
        case _:
            return "died"
