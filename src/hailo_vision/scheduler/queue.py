"""The waiting queue: which job runs, which waits and which is refused or evicted. Pure.

The ring of clients (`ring.py`) says whose turn it is; the queue adds a bound and what happens at it.
"""

from typing import Generic

from hailo_vision.chat import Priority
from hailo_vision.errors import QueueFull
from hailo_vision.scheduler.ring import Rings, Ticket


class FairQueue(Generic[Ticket]):
    """`slots` places to run and `depth` places to wait. It decides only inside a call, never by itself."""

    def __init__(self, depth: int, slots: int = 1) -> None:
        self.depth = depth  # lowering it evicts no ticket that waits already
        self._rings: Rings[Ticket] = Rings(slots)

    @property
    def slots(self) -> int:
        return self._rings.capacity

    @property
    def running(self) -> tuple[Ticket, ...]:
        """The running tickets, in the order in which they began."""
        return self._rings.holders

    @property
    def is_free(self) -> bool:
        """Whether a new ticket would run at once."""
        return self._rings.free > 0

    @property
    def length(self) -> int:
        """The number of waiting tickets."""
        return self._rings.length

    @property
    def waiting(self) -> tuple[Ticket, ...]:
        """The waiting tickets; those of one client are in the order of their arrival."""
        return tuple(self._rings)

    def ahead(self, client: str, priority: Priority) -> int:
        """The number of waiting tickets that would run before a new one of this client.

        It is exact for an interactive ticket and one slot. With several slots it is exact if jobs end in the order in
        which they began, and off by a few otherwise. For a batch ticket the interactive work that runs first changes
        the ring, so it can be off by one job for each client that has both.
        """
        ahead = self._rings.ring(priority).ahead(client)
        return ahead if priority is Priority.INTERACTIVE else ahead + self._rings.ring(Priority.INTERACTIVE).length

    def eviction_for(self, client: str, priority: Priority, *, retry_after_s: float) -> Ticket | None:
        """The ticket that a new one would evict; None where a place is free. Raises QueueFull if it may evict none.

        In a full queue the client with most places loses its newest ticket to a client that has at least two fewer.
        It still has no fewer than the other afterwards, so two clients never evict each other in turns. Any
        interactive ticket may evict a batch ticket.
        """
        if self.is_free or self.length < self.depth:
            return None
        batch, ring = self._rings.ring(Priority.BATCH), self._rings.ring(priority)
        if priority is Priority.INTERACTIVE and batch.length:
            return batch.newest(batch.heaviest())
        if ring.length and ring.length_of(heaviest := ring.heaviest()) >= ring.length_of(client) + 2:
            return ring.newest(heaviest)
        raise QueueFull(depth=self.depth, retry_after_s=retry_after_s)

    def enter(self, ticket: Ticket, *, retry_after_s: float) -> Ticket | None:
        """Add a ticket, which runs at once where a slot is free. Returns the evicted ticket. Raises QueueFull."""
        evicted = self.eviction_for(ticket.client, ticket.priority, retry_after_s=retry_after_s)
        if evicted is not None:
            self._rings.leave(evicted)
        self._rings.enter(ticket)
        return evicted

    def leave(self, ticket: Ticket) -> Ticket | None:
        """Take out a ticket that runs or waits. Returns the ticket whose turn it has become, if any."""
        return next(iter(self._rings.leave(ticket)), None)
