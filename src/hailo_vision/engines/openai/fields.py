"""Fields of JSON that a server or a child sent: each is what its name says, in its range, or left out. Pure.

Python's JSON reads NaN, Infinity, 1e999 and numbers of 4,000 digits. None of these leaves this module, so they are in
no usage, no timing, no Retry-After and no JSON of ours.
"""

import json
import math
from typing import Any

MAX_COUNT = 1 << 53  # the largest range of whole numbers that every JSON reader keeps exact


def parse_object(data: bytes | str) -> dict[str, Any] | None:
    """The JSON object in `data`; None where it is something else, or no JSON."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def object_in(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def text_in(value: object) -> str:
    return value if isinstance(value, str) else ""


def count_in(value: object) -> int | None:
    """A whole number from 0 to MAX_COUNT."""
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_COUNT
    return value if is_count and isinstance(value, int) else None


def number_in(value: object, lowest: float, highest: float) -> float | None:
    """A finite number in this range. What compares with NaN is false, so NaN is in no range."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not lowest <= value <= highest:
        return None
    return float(value)


def seconds_in(header: str | None, lowest: float, highest: float) -> float | None:
    """A header in seconds, brought into this range. A date is left out, as two clocks would have to agree on it."""
    try:
        seconds = float(header or "")
    except ValueError:
        return None
    return min(max(seconds, lowest), highest) if math.isfinite(seconds) else None
