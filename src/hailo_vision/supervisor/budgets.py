"""How long the device may be silent in each phase, and how long to wait before another try."""

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """Seconds of silence after which the worker is taken for stuck and killed.

    HailoRT gives up on one inference after 15 s; a full prompt is some twenty of them in a row. The vendor's calls
    hold the worker's interpreter lock, so silence is all that can be measured: a ping would condemn the healthy.
    """

    hello_s: float = 20.0
    load_s: float = 120.0
    prefill_s: float = 60.0
    token_s: float = 20.0
    abort_s: float = 20.0
    quit_s: float = 5.0


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
