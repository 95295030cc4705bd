"""Who runs, who waits, who is turned away: first come, first served, in a queue of bounded length. Pure."""

from collections import deque
from typing import Generic, TypeVar

from hailo_vision.errors import QueueFull

Ticket = TypeVar("Ticket")


class Queue(Generic[Ticket]):
    """One place to run and `depth` places to wait. It never decides anything but when called."""

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self._running: Ticket | None = None
        self._waiting: deque[Ticket] = deque()

    @property
    def running(self) -> Ticket | None:
        return self._running

    @property
    def waiting(self) -> tuple[Ticket, ...]:
        """Those who wait, the next one first."""
        return tuple(self._waiting)

    def check(self, *, retry_after_s: float) -> None:
        """Raise what `enter` would raise now: QueueFull, with the given estimate of when to come back."""
        if self._running is not None and len(self._waiting) >= self.depth:
            raise QueueFull(depth=self.depth, retry_after_s=retry_after_s)

    def enter(self, ticket: Ticket, *, retry_after_s: float) -> bool:
        """Join the queue; True when it is this one's turn at once. Raises QueueFull."""
        self.check(retry_after_s=retry_after_s)
        if self._running is None:
            self._running = ticket
            return True
        self._waiting.append(ticket)
        return False

    def leave(self, ticket: Ticket) -> Ticket | None:
        """Leave from wherever one stands; gives the one whose turn it has become, if any."""
        if self._running != ticket:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
            return None
        self._running = self._waiting.popleft() if self._waiting else None
        return self._running
