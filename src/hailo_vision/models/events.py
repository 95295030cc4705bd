"""What happens on the way of a file, for whoever shows it: a terminal now, other doors later."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A server gives the file, from `have_bytes` on."""

    url: str
    have_bytes: int
    size_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """So much of the file has come."""

    done_bytes: int
    size_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hashed:
    """So much of a file that is on the disk was read."""

    done_bytes: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedOver:
    """What had come is of no use: the server's file is another one now, or it gives no parts."""

    lost_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """The connection broke; it is tried again."""

    why: str
    wait_s: float


Event = Started | Received | Hashed | StartedOver | Waits
Report = Callable[[Event], None]
