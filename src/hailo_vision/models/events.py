"""The events of a download, for whatever shows its progress: a terminal, or a stream over HTTP."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A server sends the file, from the offset `have_bytes` on."""

    url: str
    have_bytes: int
    size_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """`done_bytes` of the file have been received."""

    done_bytes: int
    size_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hashed:
    """`done_bytes` of a file on the disk have been hashed."""

    done_bytes: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedOver:
    """The part is dropped: the server's file has changed, or the server does not support ranges."""

    lost_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """The connection broke; a retry follows after `wait_s`."""

    why: str
    wait_s: float


Event = Started | Received | Hashed | StartedOver | Waits
Report = Callable[[Event], None]
