"""Who runs, who waits, who is turned away. Pure.

Clients take turns: one job of each, round and round, and within one client first come, first served. A place to run
goes to the client with the fewest jobs that run, and among equals to the one that is first in the ring; a client joins
the ring at its tail, and again when a job of it ends. So whoever comes new waits for one job of each other client at
most, the running ones included. Each class has a ring of its own, and the batch ring turns when the interactive one is
empty.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

from hailo_vision.chat import Priority
from hailo_vision.errors import QueueFull


class Ticketed(Protocol):
    """What the queue needs to know of a ticket; they are told apart by equality and hash."""

    @property
    def client(self) -> str: ...

    @property
    def priority(self) -> Priority: ...


Ticket = TypeVar("Ticket", bound=Ticketed)


class Queue(Generic[Ticket]):
    """`slots` places to run and `depth` places to wait. It never decides anything but when called."""

    def __init__(self, depth: int, slots: int = 1) -> None:
        self.depth = depth  # a smaller one throws nobody out who waits
        self.slots = slots
        self._running: dict[Ticket, None] = {}
        self._busy: Counter[str] = Counter()  # jobs that run, of each client that has one
        self._lines = {priority: _Lines[Ticket](self._busy) for priority in Priority}

    @property
    def running(self) -> tuple[Ticket, ...]:
        """Those who run, in the order in which they began."""
        return tuple(self._running)

    @property
    def is_free(self) -> bool:
        """Whether a newcomer would run at once."""
        return len(self._running) < self.slots

    @property
    def places(self) -> int:
        """How many wait."""
        return sum(lines.places for lines in self._lines.values())

    @property
    def waiting(self) -> tuple[Ticket, ...]:
        """Those who wait, each client's in the order of its coming."""
        return tuple(ticket for lines in self._lines.values() for ticket in lines)

    def ahead(self, client: str, priority: Priority) -> int:
        """How many of those who wait now would run before a newcomer.

        Exact for an interactive one with one place to run; with more of them if jobs end in the order in which they
        began, a few more or less. Before a batch one the interactive work changes the ring: one job more or less of
        each client that has both.
        """
        ahead = self._lines[priority].ahead(client)
        return ahead if priority is Priority.INTERACTIVE else ahead + self._lines[Priority.INTERACTIVE].places

    def giving_way(self, client: str, priority: Priority, *, retry_after_s: float) -> Ticket | None:
        """Who would lose the place to a newcomer; None where a place is free. Raises QueueFull when nobody would.

        A full queue makes room for the one whose client has fewer places than another: the newest ticket of the client
        with most of them goes, if it has two more than the newcomer's client has. So it still has no fewer, and two
        clients never push each other out in turns. Batch work makes room for any interactive work.
        """
        if self.is_free or self.places < self.depth:
            return None
        batch, lines = self._lines[Priority.BATCH], self._lines[priority]
        if priority is Priority.INTERACTIVE and batch.places:
            return batch.newest(batch.heaviest())
        if lines.places and lines.places_of(heaviest := lines.heaviest()) >= lines.places_of(client) + 2:
            return lines.newest(heaviest)
        raise QueueFull(depth=self.depth, retry_after_s=retry_after_s)

    def enter(self, ticket: Ticket, *, retry_after_s: float) -> Ticket | None:
        """Join the queue, or run where a place is free. Gives the one who lost the place for it. Raises QueueFull."""
        loser = self.giving_way(ticket.client, ticket.priority, retry_after_s=retry_after_s)
        if loser is not None:
            self._lines[loser.priority].remove(loser)
        if self.is_free:
            self._run(ticket)
        else:
            self._lines[ticket.priority].add(ticket)
        return loser

    def leave(self, ticket: Ticket) -> Ticket | None:
        """Leave from wherever one stands; gives the one whose turn it has become, if any."""
        if ticket not in self._running:
            self._lines[ticket.priority].remove(ticket)
            return None
        del self._running[ticket]
        self._busy[ticket.client] -= 1
        if not self._busy[ticket.client]:
            del self._busy[ticket.client]
        for lines in self._lines.values():
            lines.step_back(ticket.client)
        following = next((lines.first() for lines in self._lines.values() if lines.places), None)
        if following is not None:
            self._lines[following.priority].remove(following)
            self._run(following)
        return following

    def _run(self, ticket: Ticket) -> None:
        self._running[ticket] = None
        self._busy[ticket.client] += 1


class _Lines(Generic[Ticket]):
    """The waiting tickets of one class: a ring of clients, each with its line. `busy` is how many jobs of each run."""

    def __init__(self, busy: Counter[str]) -> None:
        # Dicts keep the order of their keys, and any key can be taken out at once: so a leaver costs no search.
        self._ring: dict[str, dict[Ticket, None]] = {}
        self._busy = busy
        self.places = 0

    def __iter__(self) -> Iterator[Ticket]:
        for line in self._ring.values():
            yield from line

    def add(self, ticket: Ticket) -> None:
        self._ring.setdefault(ticket.client, {})[ticket] = None
        self.places += 1

    def remove(self, ticket: Ticket) -> None:
        """Take a ticket out, wherever it stands; one that is not here is no matter."""
        line = self._ring.get(ticket.client, {})
        if ticket not in line:
            return
        del line[ticket]
        self.places -= 1
        if not line:
            del self._ring[ticket.client]

    def first(self) -> Ticket:
        """The first one of the client whose turn it is."""
        return next(iter(self._ring[min(self._ring, key=self._busy.__getitem__)]))

    def step_back(self, client: str) -> None:
        """A job of this client has ended: it joins the ring again at its tail."""
        if client in self._ring:
            self._ring[client] = self._ring.pop(client)

    def places_of(self, client: str) -> int:
        return len(self._ring.get(client, ()))

    def heaviest(self) -> str:
        """The client with most places."""
        return max(self._ring, key=self.places_of)

    def newest(self, client: str) -> Ticket:
        return next(reversed(self._ring[client]))

    def ahead(self, client: str) -> int:
        """How many would run before a newcomer of this client: its own, and of the others one in each round.

        A client's jobs are numbered from its first that runs. Lower numbers go first, and of equal ones that of the
        client that has more of them running, as its one before began earlier, or that stands before this one.
        """
        own, running = self.places_of(client), self._busy[client]
        ahead, is_before = own, True
        for other, line in self._ring.items():
            if other == client:
                is_before = False
                continue
            theirs = self._busy[other]
            is_first = theirs > running or (theirs == running and is_before)
            ahead += min(len(line), max(running + own - theirs + is_first, 0))
        return ahead
