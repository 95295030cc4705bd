"""The waiting queue: which job runs, which waits and which is refused or evicted. Pure.

Clients take turns: one job of each, round and round, and within one client first come, first served. A slot goes to
the client with the fewest running jobs, and among equals to the one that is first in the ring; a client joins the ring
at its tail, and again when one of its jobs ends. So a new client waits for at most one job of each other client, the
running ones included. Each priority has a ring of its own, and the batch ring turns only while the interactive one is
empty.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

from hailo_vision.chat import Priority
from hailo_vision.errors import QueueFull


class Ticketed(Protocol):
    """The part of a ticket that the queue needs; tickets are told apart by equality and hash."""

    @property
    def client(self) -> str: ...

    @property
    def priority(self) -> Priority: ...


Ticket = TypeVar("Ticket", bound=Ticketed)


class FairQueue(Generic[Ticket]):
    """`slots` places to run and `depth` places to wait. It decides only inside a call, never by itself."""

    def __init__(self, depth: int, slots: int = 1) -> None:
        self.depth = depth  # lowering it evicts no ticket that waits already
        self.slots = slots
        self._running: dict[Ticket, None] = {}
        self._running_by_client: Counter[str] = Counter()  # holds only clients that have a running job
        self._rings = {priority: _Ring[Ticket](self._running_by_client) for priority in Priority}

    @property
    def running(self) -> tuple[Ticket, ...]:
        """The running tickets, in the order in which they began."""
        return tuple(self._running)

    @property
    def is_free(self) -> bool:
        """Whether a new ticket would run at once."""
        return len(self._running) < self.slots

    @property
    def length(self) -> int:
        """The number of waiting tickets."""
        return sum(ring.length for ring in self._rings.values())

    @property
    def waiting(self) -> tuple[Ticket, ...]:
        """The waiting tickets; those of one client are in the order of their arrival."""
        return tuple(ticket for ring in self._rings.values() for ticket in ring)

    def ahead(self, client: str, priority: Priority) -> int:
        """The number of waiting tickets that would run before a new one of this client.

        It is exact for an interactive ticket and one slot. With several slots it is exact if jobs end in the order in
        which they began, and off by a few otherwise. For a batch ticket the interactive work that runs first changes
        the ring, so it can be off by one job for each client that has both.
        """
        ahead = self._rings[priority].ahead(client)
        return ahead if priority is Priority.INTERACTIVE else ahead + self._rings[Priority.INTERACTIVE].length

    def eviction_for(self, client: str, priority: Priority, *, retry_after_s: float) -> Ticket | None:
        """The ticket that a new one would evict; None where a place is free. Raises QueueFull if it may evict none.

        In a full queue the client with most places loses its newest ticket to a client that has at least two fewer.
        It still has no fewer than the other afterwards, so two clients never evict each other in turns. Any
        interactive ticket may evict a batch ticket.
        """
        if self.is_free or self.length < self.depth:
            return None
        batch, ring = self._rings[Priority.BATCH], self._rings[priority]
        if priority is Priority.INTERACTIVE and batch.length:
            return batch.newest(batch.heaviest())
        if ring.length and ring.length_of(heaviest := ring.heaviest()) >= ring.length_of(client) + 2:
            return ring.newest(heaviest)
        raise QueueFull(depth=self.depth, retry_after_s=retry_after_s)

    def enter(self, ticket: Ticket, *, retry_after_s: float) -> Ticket | None:
        """Add a ticket, which runs at once where a slot is free. Returns the evicted ticket. Raises QueueFull."""
        evicted = self.eviction_for(ticket.client, ticket.priority, retry_after_s=retry_after_s)
        if evicted is not None:
            self._rings[evicted.priority].remove(evicted)
        if self.is_free:
            self._run(ticket)
        else:
            self._rings[ticket.priority].add(ticket)
        return evicted

    def leave(self, ticket: Ticket) -> Ticket | None:
        """Take out a ticket that runs or waits. Returns the ticket whose turn it has become, if any."""
        if ticket not in self._running:
            self._rings[ticket.priority].remove(ticket)
            return None
        del self._running[ticket]
        self._running_by_client[ticket.client] -= 1
        if not self._running_by_client[ticket.client]:
            del self._running_by_client[ticket.client]
        for ring in self._rings.values():
            ring.move_to_tail(ticket.client)
        following = next((ring.first() for ring in self._rings.values() if ring.length), None)
        if following is not None:
            self._rings[following.priority].remove(following)
            self._run(following)
        return following

    def _run(self, ticket: Ticket) -> None:
        self._running[ticket] = None
        self._running_by_client[ticket.client] += 1


class _Ring(Generic[Ticket]):
    """The waiting tickets of one priority: a ring of clients, each with its own line of tickets."""

    def __init__(self, running_by_client: Counter[str]) -> None:
        # Dicts keep the order of their keys, and any key can be taken out at once: so a leaver costs no search.
        self._lines: dict[str, dict[Ticket, None]] = {}
        self._running_by_client = running_by_client
        self.length = 0

    def __iter__(self) -> Iterator[Ticket]:
        for line in self._lines.values():
            yield from line

    def add(self, ticket: Ticket) -> None:
        self._lines.setdefault(ticket.client, {})[ticket] = None
        self.length += 1

    def remove(self, ticket: Ticket) -> None:
        """Take a ticket out, wherever it stands; a ticket that is not in the ring is ignored."""
        line = self._lines.get(ticket.client, {})
        if ticket not in line:
            return
        del line[ticket]
        self.length -= 1
        if not line:
            del self._lines[ticket.client]

    def first(self) -> Ticket:
        """The oldest ticket of the client whose turn it is."""
        return next(iter(self._lines[min(self._lines, key=self._running_by_client.__getitem__)]))

    def move_to_tail(self, client: str) -> None:
        """Let a client, one of whose jobs has ended, join the ring again at its tail."""
        if client in self._lines:
            self._lines[client] = self._lines.pop(client)

    def length_of(self, client: str) -> int:
        return len(self._lines.get(client, ()))

    def heaviest(self) -> str:
        """The client with most waiting tickets."""
        return max(self._lines, key=self.length_of)

    def newest(self, client: str) -> Ticket:
        return next(reversed(self._lines[client]))

    def ahead(self, client: str) -> int:
        """The number of tickets that would run before a new one of this client: its own, and others' in each round.

        A client's jobs are numbered from its first running one. Lower numbers go first. Of equal numbers that of the
        client with more running jobs goes first, since its previous job began earlier; then that of the client which
        stands earlier in the ring.
        """
        own, running = self.length_of(client), self._running_by_client[client]
        ahead, is_before = own, True
        for other, line in self._lines.items():
            if other == client:
                is_before = False
                continue
            theirs = self._running_by_client[other]
            is_first = theirs > running or (theirs == running and is_before)
            ahead += min(len(line), max(running + own - theirs + is_first, 0))
        return ahead
