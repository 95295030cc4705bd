"""How long to wait before another try."""

import random


class Backoff:
    """Delays between tries: none at first, then doubling up to a minute, with jitter."""

    def __init__(self, *, first_s: float = 1.0, longest_s: float = 60.0) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._tries = 0

    def reset(self) -> None:
        self._tries = 0

    def next_s(self) -> float:
        """Seconds to wait before the next try. 0 the first time: one crash costs nobody a pause."""
        self._tries += 1
        if self._tries == 1:
            return 0.0
        return random.uniform(0.75, 1.0) * min(self._first_s * 2.0 ** min(self._tries - 2, 32), self._longest_s)
