"""How much one client may ask for in a minute: a bucket each, that refills evenly. Pure; the time is given."""

import math
from collections import OrderedDict
from dataclasses import dataclass

MINUTE_S = 60.0
MOST_CLIENTS = 10_000
_ROUNDING_S = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What is left to a client after it asked. When it got nothing, `retry_after_s` is when it would, else 0."""

    per_minute: int
    remaining: int
    full_in_s: float
    retry_after_s: float


class Limit:
    """Buckets of `per_minute`, full at first. Memory is bounded: the client that has been away longest is forgotten.

    That one has most likely a full bucket, so nothing is lost with it.
    """

    def __init__(self, per_minute: int, *, most_clients: int = MOST_CLIENTS) -> None:
        self.per_minute = per_minute
        self._most_clients = most_clients
        self._full_at_s: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at_s)

    def take(self, client: str, amount: int, now_s: float) -> Level:
        """Take all of the amount or nothing. More than `per_minute` at once is never to be had."""
        full_in_s = max(self._full_at_s.get(client, now_s) - now_s, 0.0)
        wanted_s = full_in_s + amount * MINUTE_S / self.per_minute
        too_much_s = wanted_s - MINUTE_S
        if too_much_s > _ROUNDING_S:
            return self._level(full_in_s, retry_after_s=too_much_s)
        self._full_at_s[client] = now_s + wanted_s
        self._full_at_s.move_to_end(client)
        if len(self._full_at_s) > self._most_clients:
            self._full_at_s.popitem(last=False)
        return self._level(wanted_s, retry_after_s=0.0)

    def _level(self, full_in_s: float, *, retry_after_s: float) -> Level:
        left = (MINUTE_S - full_in_s + _ROUNDING_S) * self.per_minute / MINUTE_S
        remaining = max(0, math.floor(left))
        return Level(per_minute=self.per_minute, remaining=remaining, full_in_s=full_in_s, retry_after_s=retry_after_s)
