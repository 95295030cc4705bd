"""JSON values become what the annotations of a message say, or are a WireError: types, ranges and lengths. Pure.

A vendor's library that corrupts the worker's memory can say anything. What it says ends in counters, in JSON for
clients and in sizes of buffers, so each field is checked before it is a value.
"""

import math
import types
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Final, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from hailo_vision.errors import WireError

T = TypeVar("T")

MAX_NUMBER: Final = 2**53  # beyond it a JSON reader that knows doubles only is wrong about a whole number
MAX_TEXT_CHARS: Final = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of each number and of each text."""

    min_number: float
    max_number: float
    max_chars: int


# What a worker says counts something: nothing of it is negative. What it is asked was checked at the door already, and
# a seed is any whole number that a client likes.
FROM_WORKER: Final = Limits(min_number=0, max_number=MAX_NUMBER, max_chars=MAX_TEXT_CHARS)
TO_WORKER: Final = Limits(min_number=-math.inf, max_number=math.inf, max_chars=1 << 23)


def build(kind: type[T], facts: object, limits: Limits = FROM_WORKER) -> T:
    """A dataclass from a JSON object that has its fields and no others; both ends are of one release."""
    own = _annotations_of(kind)  # type: ignore[arg-type]
    if not isinstance(facts, dict) or not facts.keys() <= own.keys():
        raise WireError(f"no {kind.__name__}")
    if missing := [name for name in own if name not in facts]:
        raise WireError(f"a {kind.__name__} without {missing[0]}")
    return kind(**{name: typed(own[name], facts[name], name, limits) for name in facts})


def exactly(facts: Any, *names: str) -> dict[str, Any]:
    """A JSON object of exactly these fields."""
    if not isinstance(facts, dict) or facts.keys() != set(names):
        raise WireError("an object with other fields")
    return facts


def typed(annotation: Any, value: object, name: str, limits: Limits = FROM_WORKER) -> Any:
    """The value as its annotation has it. Numbers are finite and in range; True is no number."""
    if annotation is bool:
        fits = isinstance(value, bool)
    elif annotation is int or annotation is float:
        return _number(annotation, value, name, limits)
    elif annotation is str:
        fits = isinstance(value, str) and len(value) <= limits.max_chars
    elif annotation is type(None):
        fits = value is None
    elif is_dataclass(annotation):
        return build(annotation, value, limits)  # type: ignore[arg-type]
    elif isinstance(annotation, type) and issubclass(annotation, Enum):
        return _member(annotation, value, name)
    else:
        return _compound(annotation, value, name, limits)
    if not fits:
        raise _wrong(name, value)
    return value


def _compound(annotation: Any, value: object, name: str, limits: Limits) -> Any:
    """Unions with None, Literals, and tuples of one type, which JSON has as lists."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        if not isinstance(value, str) or value not in arguments:
            raise _wrong(name, value)
        return value
    if origin in (Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        (inner,) = (argument for argument in arguments if argument is not type(None))
        return typed(inner, value, name, limits)
    if origin is tuple and isinstance(value, list):
        return tuple(typed(arguments[0], item, name, limits) for item in value)
    raise _wrong(name, value)


def _number(annotation: type, value: object, name: str, limits: Limits) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(name, value)
    if annotation is int and isinstance(value, float):
        raise _wrong(name, value)
    if isinstance(value, float) and not math.isfinite(value):
        raise _wrong(name, value)
    if not limits.min_number <= value <= limits.max_number:
        raise _wrong(name, value)
    try:
        return value if annotation is int else float(value)
    except OverflowError:
        raise _wrong(name, value) from None


def _member(annotation: type[Enum], value: object, name: str) -> Enum:
    try:
        return annotation(value)
    except ValueError:
        raise _wrong(name, value) from None


def _wrong(name: str, value: object) -> WireError:
    shown = repr(value) if isinstance(value, int | float) and abs(value) < 1e20 else type(value).__name__
    return WireError(f"{shown} as {name}")


@cache
def _annotations_of(kind: Hashable) -> Mapping[str, Any]:
    assert isinstance(kind, type)
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}
