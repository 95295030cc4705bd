"""Rate limits: one token bucket for each client, which refills evenly. Pure; the caller gives the time."""

import math
from collections import OrderedDict
from dataclasses import dataclass

MINUTE_S = 60.0
MAX_CLIENTS = 10_000
_ROUNDING_S = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A client's bucket after a request. `retry_after_s` is 0 unless the request was refused."""

    per_minute: int
    remaining: int
    full_in_s: float
    retry_after_s: float


class Limit:
    """A rate limit of `per_minute` for each client, whose bucket is full at first.

    Memory is bounded: the client whose last request is longest ago is dropped, as its bucket is most likely full.
    """

    def __init__(self, per_minute: int, *, max_clients: int = MAX_CLIENTS) -> None:
        self.per_minute = per_minute
        self._max_clients = max_clients
        self._full_at_s: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at_s)

    def take(self, client: str, amount: int, now_s: float) -> Level:
        """Take all of the amount or nothing. An amount above `per_minute` is always refused."""
        full_in_s = max(self._full_at_s.get(client, now_s) - now_s, 0.0)
        new_full_in_s = full_in_s + amount * MINUTE_S / self.per_minute
        excess_s = new_full_in_s - MINUTE_S
        if excess_s > _ROUNDING_S:
            return self._level(full_in_s, retry_after_s=excess_s)
        self._full_at_s[client] = now_s + new_full_in_s
        self._full_at_s.move_to_end(client)
        if len(self._full_at_s) > self._max_clients:
            self._full_at_s.popitem(last=False)
        return self._level(new_full_in_s, retry_after_s=0.0)

    def _level(self, full_in_s: float, *, retry_after_s: float) -> Level:
        left = (MINUTE_S - full_in_s + _ROUNDING_S) * self.per_minute / MINUTE_S
        remaining = max(0, math.floor(left))
        return Level(per_minute=self.per_minute, remaining=remaining, full_in_s=full_in_s, retry_after_s=retry_after_s)
