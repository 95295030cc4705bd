"""The ring of clients: who is next at anything that requests wait for. Pure.

Clients take turns: one ticket of each, round and round, and within one client first come, first served. The next turn
is that of the client which holds least, and among equals of the one that is first in the ring; a client joins the ring
at its tail, and again when one of its tickets ends. So a new client waits for at most one ticket of each other client,
the ones that hold something included. Each priority has a ring of its own, and the batch ring turns only while the
interactive one is empty.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

from hailo_vision.chat import Priority


class Ticketed(Protocol):
    """The part of a ticket that the ring needs; tickets are told apart by equality and hash."""

    @property
    def client(self) -> str: ...

    @property
    def priority(self) -> Priority: ...


Ticket = TypeVar("Ticket", bound=Ticketed)


class Rings(Generic[Ticket]):
    """A capacity that tickets hold parts of, and the rings of those that wait for theirs.

    The capacity is a number of slots, of which a ticket takes one, or of bytes. A ticket that needs more than is free
    holds up those behind it, so that it is not overtaken for ever.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.free = capacity
        self._held: dict[Ticket, int] = {}
        self._held_by_client: Counter[str] = Counter()  # has only clients that hold something
        self._rings = {priority: Ring[Ticket](self._held_by_client) for priority in Priority}

    @property
    def holders(self) -> tuple[Ticket, ...]:
        """The tickets that hold a part, in the order in which they got it."""
        return tuple(self._held)

    @property
    def length(self) -> int:
        """The number of waiting tickets."""
        return sum(ring.length for ring in self._rings.values())

    def ring(self, priority: Priority) -> "Ring[Ticket]":
        return self._rings[priority]

    def __iter__(self) -> Iterator[Ticket]:
        """The waiting tickets; those of one client are in the order of their arrival."""
        for ring in self._rings.values():
            yield from ring

    def enter(self, ticket: Ticket, size: int = 1) -> list[Ticket]:
        """Add a ticket, which needs all of the capacity at most. Returns the tickets whose turn it is now."""
        self._rings[ticket.priority].add(ticket, min(size, self.capacity))
        return self._called()

    def leave(self, ticket: Ticket) -> list[Ticket]:
        """Take out a ticket that holds a part or waits. Returns the tickets whose turn it has become."""
        if ticket in self._held:
            self._release(ticket)
        else:
            self._rings[ticket.priority].remove(ticket)
        return self._called()

    def _release(self, ticket: Ticket) -> None:
        size = self._held.pop(ticket)
        self.free += size
        self._held_by_client[ticket.client] -= size
        if not self._held_by_client[ticket.client]:
            del self._held_by_client[ticket.client]
        for ring in self._rings.values():
            ring.move_to_tail(ticket.client)

    def _called(self) -> list[Ticket]:
        called: list[Ticket] = []
        while (ring := next((ring for ring in self._rings.values() if ring.length), None)) is not None:
            ticket, size = ring.first()
            if size > self.free:
                break
            ring.remove(ticket)
            self.free -= size
            self._held[ticket] = size
            self._held_by_client[ticket.client] += size
            called.append(ticket)
        return called


class Ring(Generic[Ticket]):
    """The waiting tickets of one priority: a ring of clients, each with its own line of tickets and their sizes."""

    def __init__(self, held_by_client: Counter[str]) -> None:
        # Dicts keep the order of their keys, and any key can be taken out at once: so a leaver costs no search.
        self._lines: dict[str, dict[Ticket, int]] = {}
        self._held_by_client = held_by_client
        self.length = 0

    def __iter__(self) -> Iterator[Ticket]:
        for line in self._lines.values():
            yield from line

    def add(self, ticket: Ticket, size: int) -> None:
        self._lines.setdefault(ticket.client, {})[ticket] = size
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

    def first(self) -> tuple[Ticket, int]:
        """The oldest ticket of the client whose turn it is, and its size."""
        return next(iter(self._lines[min(self._lines, key=self._held_by_client.__getitem__)].items()))

    def move_to_tail(self, client: str) -> None:
        """Let a client, one of whose tickets has ended, join the ring again at its tail."""
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

        It counts tickets of one slot. A client's tickets are numbered from its first running one. Lower numbers go
        first. Of equal numbers that of the client with more running tickets goes first, since its previous one began
        earlier; then that of the client which stands earlier in the ring.
        """
        own, running = self.length_of(client), self._held_by_client[client]
        ahead, is_before = own, True
        for other, line in self._lines.items():
            if other == client:
                is_before = False
                continue
            theirs = self._held_by_client[other]
            is_first = theirs > running or (theirs == running and is_before)
            ahead += min(len(line), max(running + own - theirs + is_first, 0))
        return ahead
