"""Who runs, who waits, who is turned away. Pure.

Clients take turns: one job of each, round and round, and within one client first come, first served. A client stands
in the ring while it has work that waits and none that runs; when its job ends it joins again at the tail. So whoever
comes new waits for one job of each other client at most, the running one included. Each class has a ring of its own,
and the batch ring turns when the interactive one is empty.
"""

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
    """One place to run and `depth` places to wait. It never decides anything but when called."""

    def __init__(self, depth: int) -> None:
        self.depth = depth  # a smaller one throws nobody out who waits
        self._running: Ticket | None = None
        self._lines = {priority: _Lines[Ticket]() for priority in Priority}

    @property
    def running(self) -> Ticket | None:
        return self._running

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

        Exact for an interactive one. Before a batch one the interactive work changes the ring: one job more or less of
        each client that has both.
        """
        lines = self._lines[priority]
        ahead = lines.ahead(client, is_running=self._running is not None and self._running.client == client)
        return ahead if priority is Priority.INTERACTIVE else ahead + self._lines[Priority.INTERACTIVE].places

    def giving_way(self, client: str, priority: Priority, *, retry_after_s: float) -> Ticket | None:
        """Who would lose the place to a newcomer; None where a place is free. Raises QueueFull when nobody would.

        A full queue makes room for the one whose client has fewer places than another: the newest ticket of the client
        with most of them goes, if it has two more than the newcomer's client has. So it still has no fewer, and two
        clients never push each other out in turns. Batch work makes room for any interactive work.
        """
        if self._running is None or self.places < self.depth:
            return None
        batch, lines = self._lines[Priority.BATCH], self._lines[priority]
        if priority is Priority.INTERACTIVE and batch.places:
            return batch.newest(batch.heaviest())
        if lines.places and lines.places_of(heaviest := lines.heaviest()) >= lines.places_of(client) + 2:
            return lines.newest(heaviest)
        raise QueueFull(depth=self.depth, retry_after_s=retry_after_s)

    def enter(self, ticket: Ticket, *, retry_after_s: float) -> Ticket | None:
        """Join the queue, or run where nobody does. Gives the one who lost the place for it. Raises QueueFull."""
        loser = self.giving_way(ticket.client, ticket.priority, retry_after_s=retry_after_s)
        if loser is not None:
            self._lines[loser.priority].remove(loser)
        if self._running is None:
            self._run(ticket)
        else:
            self._lines[ticket.priority].add(ticket)
        return loser

    def leave(self, ticket: Ticket) -> Ticket | None:
        """Leave from wherever one stands; gives the one whose turn it has become, if any."""
        if self._running != ticket:
            self._lines[ticket.priority].remove(ticket)
            return None
        self._running = None
        for lines in self._lines.values():
            lines.rejoin()
        following = next((lines.first() for lines in self._lines.values() if lines.places), None)
        if following is not None:
            self._lines[following.priority].remove(following)
            self._run(following)
        return following

    def _run(self, ticket: Ticket) -> None:
        self._running = ticket
        for lines in self._lines.values():
            lines.step_aside(ticket.client)


class _Lines(Generic[Ticket]):
    """The waiting tickets of one class: a ring of clients, each with its line, and the running client's line aside."""

    def __init__(self) -> None:
        # Dicts keep the order of their keys, and any key can be taken out at once: so a leaver costs no search.
        self._ring: dict[str, dict[Ticket, None]] = {}
        self._aside: dict[Ticket, None] = {}
        self._client_aside: str | None = None
        self.places = 0

    def __iter__(self) -> Iterator[Ticket]:
        for line in self._ring.values():
            yield from line
        yield from self._aside

    def add(self, ticket: Ticket) -> None:
        line = self._aside if ticket.client == self._client_aside else self._ring.setdefault(ticket.client, {})
        line[ticket] = None
        self.places += 1

    def remove(self, ticket: Ticket) -> None:
        """Take a ticket out, wherever it stands; one that is not here is no matter."""
        line = self._line(ticket.client)
        if ticket not in line:
            return
        del line[ticket]
        self.places -= 1
        if not line:
            self._ring.pop(ticket.client, None)

    def first(self) -> Ticket:
        """The first one of the client whose turn it is."""
        return next(iter(next(iter(self._ring.values()))))

    def step_aside(self, client: str) -> None:
        """This client's job runs now: its line waits outside of the ring."""
        self._client_aside = client
        self._aside = self._ring.pop(client, {})

    def rejoin(self) -> None:
        """The job has ended: who stood aside joins the ring at its tail."""
        if self._aside and self._client_aside is not None:
            self._ring[self._client_aside] = self._aside
        self._aside, self._client_aside = {}, None

    def places_of(self, client: str) -> int:
        return len(self._line(client))

    def heaviest(self) -> str:
        """The client with most places."""
        clients = [*self._ring, *([self._client_aside] if self._aside and self._client_aside is not None else [])]
        return max(clients, key=self.places_of)

    def newest(self, client: str) -> Ticket:
        return next(reversed(self._line(client)))

    def ahead(self, client: str, *, is_running: bool) -> int:
        """How many would run before a newcomer of this client: its own, and of the others one in each round."""
        own = self.places_of(client)
        rounds = own + 1  # the newcomer runs in the last; who stands behind its client has one less
        ahead = own
        for other, line in self._ring.items():
            if other == client:
                rounds -= 1
            else:
                ahead += min(len(line), rounds)
        return ahead if is_running else ahead + min(len(self._aside), own)

    def _line(self, client: str) -> dict[Ticket, None]:
        return self._aside if client == self._client_aside else self._ring.get(client, {})
