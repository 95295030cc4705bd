"""Which client has how many connections, and which connection is closed for a newcomer once all are taken.

Pure: there is no clock and no I/O. How long a connection has been idle is its place in an ordered dict.
"""

from collections import Counter
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class NoPlace(Exception):
    """All connections are taken, and none may be closed for this client."""


class Places(Generic[T]):
    """A bounded number of connections, shared by clients (which are names of addresses).

    A connection is idle while it waits for its client: for a TLS handshake, a whole head, the next request, or for the
    client to read. Once all places are taken, a newcomer gets the place of

    - the longest idle connection of its own client, where that one has half of the places or more;
    - else, where another client has more than half, that client's longest idle connection, or without an idle one its
      newest busy connection, as that has the least work behind it;
    - else the longest idle connection of all.

    So a client that has less than half of the places always gets in where another has more than half.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._fair_share = max(1, size // 2)
        self._idle: dict[T, str] = {}  # the longest idle first
        self._busy: dict[T, str] = {}  # the newest request last
        self._counts: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._idle) + len(self._busy)

    def __contains__(self, connection: T) -> bool:
        return connection in self._idle or connection in self._busy

    def __iter__(self) -> Iterator[T]:
        yield from tuple(self._idle)
        yield from tuple(self._busy)

    def add(self, connection: T, client: str) -> T | None:
        """Give a newcomer a place, idle at first. Raises NoPlace.

        The connection that is returned has lost its place to the newcomer, and is to be closed.
        """
        evicted = None
        if len(self) >= self.size:
            evicted = self._evictable(client)
            if evicted is None:
                raise NoPlace
            self.remove(evicted)
        self._idle[connection] = client
        self._counts[client] += 1
        return evicted

    def set_idle(self, connection: T) -> None:
        """Note that the connection waits for its client from now on."""
        client = self._busy.pop(connection, None)
        if client is not None:
            self._idle[connection] = client

    def set_busy(self, connection: T) -> None:
        """Note that the connection's client waits for an answer, or sends a body."""
        client = self._idle.pop(connection, None)
        if client is not None:
            self._busy[connection] = client

    def remove(self, connection: T) -> None:
        client = self._idle.pop(connection, None) or self._busy.pop(connection, None)
        if client is not None:
            self._counts[client] -= 1
            if not self._counts[client]:
                del self._counts[client]

    def count(self, client: str) -> int:
        return self._counts[client]

    @property
    def largest(self) -> tuple[str, int]:
        """The client with the most connections, and their number."""
        return max(self._counts.items(), key=lambda item: item[1], default=("", 0))

    def _evictable(self, client: str) -> T | None:
        if self._counts[client] >= self._fair_share:
            return self._longest_idle(client)
        largest, count = self.largest
        if count > self._fair_share:
            return self._longest_idle(largest) or self._newest_busy(largest)
        return next(iter(self._idle), None)

    def _longest_idle(self, client: str) -> T | None:
        return next((connection for connection, owner in self._idle.items() if owner == client), None)

    def _newest_busy(self, client: str) -> T | None:
        return next((connection for connection, owner in reversed(self._busy.items()) if owner == client), None)
