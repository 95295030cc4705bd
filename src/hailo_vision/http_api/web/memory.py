"""Which client's bodies are in memory, and whose is given up once there is no more of it. Pure: no clock, no I/O."""

from collections import Counter
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class NoMemory(Exception):
    """The memory for bodies is taken, and none of it may be given to this client."""


class BodyMemory(Generic[T]):
    """A bounded number of bytes, shared by clients. A chunked body counts as one with a length: as its bytes come.

    Once the memory is full, a client with less than half of it gets what a client with more than half has: that one's
    newest body is given up, as it has the least work behind it.
    """

    def __init__(self, size_bytes: int) -> None:
        self._size_bytes = size_bytes
        self._fair_share_bytes = size_bytes // 2
        self._held: dict[T, tuple[str, int]] = {}  # the newest body last
        self._clients: Counter[str] = Counter()
        self.held_bytes = 0

    def of_client(self, client: str) -> int:
        return self._clients[client]

    def take(self, body: T, client: str, size_bytes: int) -> list[T]:
        """Count more bytes of a body, or less of them. Raises NoMemory, and counts nothing then.

        The bodies that are returned have been released for it, and are to be given up.
        """
        given_up = self._given_up(client, self.held_bytes + size_bytes - self._size_bytes) if size_bytes > 0 else []
        if size_bytes > 0 and given_up and self._clients[client] + size_bytes > self._fair_share_bytes:
            raise NoMemory
        for other in given_up:
            self.release(other)
        _, before = self._held.get(body, (client, 0))
        self._held[body] = (client, before + size_bytes)
        self._add(client, size_bytes)
        return given_up

    def release(self, body: T) -> None:
        client, size_bytes = self._held.pop(body, ("", 0))
        self._add(client, -size_bytes)

    def _given_up(self, client: str, missing_bytes: int) -> list[T]:
        """Whose bodies make room for that many bytes. Raises NoMemory."""
        if missing_bytes <= 0:
            return []
        largest, most_bytes = max(self._clients.items(), key=lambda item: item[1], default=("", 0))
        if largest == client or most_bytes <= self._fair_share_bytes:
            raise NoMemory
        given_up: list[T] = []
        for body, (owner, size_bytes) in reversed(self._held.items()):
            if owner == largest and missing_bytes > 0:
                given_up.append(body)
                missing_bytes -= size_bytes
        if missing_bytes > 0:
            raise NoMemory
        return given_up

    def _add(self, client: str, size_bytes: int) -> None:
        self.held_bytes += size_bytes
        self._clients[client] += size_bytes
        if not self._clients[client]:
            del self._clients[client]
