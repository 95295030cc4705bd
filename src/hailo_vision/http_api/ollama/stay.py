"""`keep_alive`: how long a client wants the model to stay on the chip after its request. Pure."""

import math
import re
from dataclasses import dataclass

from hailo_vision.errors import RequestError
from hailo_vision.http_api.web.fields import invalid

_UNITS_S = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"([0-9]{1,15}(?:\.[0-9]{0,15})?|\.[0-9]{1,15})(ns|us|µs|μs|ms|s|m|h)")
_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{0,15})?|\.[0-9]{1,15}")
_MAX_CHARS = 100
_MAX_S = 31_536_000.0  # a year; more is for ever
_WANTED = 'seconds, or a duration such as "5m", "1h30m", "-1s" or 0'


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """So many seconds without work; None is for ever, 0 is no longer than the answer takes."""

    seconds: float | None


def stay(value: object) -> Stay | None:
    """Numbers are seconds, texts are Go's durations, what is negative is for ever. None where there is no wish."""
    match value:
        case None:
            return None
        case bool():
            raise invalid("keep_alive", _WANTED, value)
        case int() | float() if abs(value) < math.inf:  # math.isfinite fails on an int of 400 digits
            return _of(float(min(max(value, -1), _MAX_S)))
        case str() if (seconds := _duration(value)) is not None:
            return _of(seconds)
    raise invalid("keep_alive", _WANTED, value)


def granted(wish: Stay | None, keep_alive: float | None) -> Stay | None:
    """What the scheduler is told; None is nothing, as the operator keeps the model loaded for ever.

    Many clients send five minutes with each request without being asked to: that must not make a house that pays for
    a warm model wait for a load. Where the operator has set a time, it is what holds when a client says nothing.
    """
    if keep_alive is None:
        return None
    return wish or Stay(seconds=keep_alive)


def _of(seconds: float) -> Stay:
    return Stay(seconds=None if seconds < 0 or seconds >= _MAX_S else seconds)


def _duration(text: str) -> float | None:
    """As Go's time.ParseDuration reads it; a number without a unit is taken for seconds."""
    if len(text) > _MAX_CHARS:
        raise RequestError("keep_alive is too long for a duration.", param="keep_alive")
    sign, digits = (-1.0, text[1:]) if text.startswith("-") else (1.0, text.removeprefix("+"))
    if _NUMBER.fullmatch(digits):
        return sign * float(digits)
    total_s = 0.0
    position = 0
    while match := _PART.match(digits, position):
        total_s += float(match[1]) * _UNITS_S[match[2]]
        position = match.end()
    return sign * total_s if digits and position == len(digits) else None
