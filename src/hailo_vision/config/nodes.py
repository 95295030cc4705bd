"""What the parsers of both formats make of a text, before its meaning is looked at."""

from dataclasses import dataclass
from typing import Any

MAX_DEPTH = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A key and its value as they stand in the file; `line` counts from 1 where the format tells it."""

    key: str
    value: Any
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A mapping before its duplicate keys are found."""

    entries: tuple[Entry, ...]


class Malformed(Exception):
    """The text can't be read at all; one sentence says where and why. It never leaves this room's parsers."""


def whole_number(digits: str) -> int | float:
    """The number that the digits write. No setting is this long, and int() refuses some thousand digits."""
    return int(digits) if len(digits) <= 100 else float(digits)
