"""JSON in what a model says: alone, in a Markdown fence, or with words around it. Pure."""

import json
import re
from collections.abc import Iterator
from typing import Any

MAX_TRIES = 64
MAX_DEPTH = 100  # what is done with a document recurses

_FENCE = re.compile(r"```[a-zA-Z]*\s*\n(.*?)(?:```|\Z)", re.DOTALL)
_START = re.compile(r"[{\[]")


class NoDocument(Exception):
    """There is no JSON in the text; the message says why, for the model to mend it."""


def document(text: str) -> Any:
    """The JSON value that a text is, or else the longest object or array in it. Raises NoDocument."""
    text = text.strip()
    try:
        return _loaded(text)
    except ValueError as error:
        reason = str(error)
    except RecursionError:
        raise NoDocument("it is nested too deep") from None
    found = max(_found(text), key=lambda found: found[0], default=None)
    if found is None:
        raise NoDocument(f"it is not valid JSON: {reason[:120]}")
    return found[1]


def dumped(value: Any) -> str:
    """The value as JSON text that every parser reads the same."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _loaded(text: str) -> Any:
    return _checked(json.loads(text, parse_constant=_refuse))


def _checked(value: Any) -> Any:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for each in level for child in _children(each)]
    if level:
        raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
    dumped(value)  # 1e999 is read as an infinity, which JSON has no word for
    return value


def _children(value: Any) -> list[Any]:
    match value:
        case dict():
            return list(value.values())
        case list():
            return value
    return []


def _refuse(constant: str) -> Any:
    raise ValueError(f"JSON has no {constant}")


def _found(text: str) -> Iterator[tuple[int, Any]]:
    """Objects and arrays in a text, each with its length. One inside another is shorter."""
    for fence in _FENCE.finditer(text):
        try:
            yield len(text), _loaded(fence[1])
        except (ValueError, RecursionError):
            continue
    decoder = json.JSONDecoder(parse_constant=_refuse)
    end = tries = 0
    for start in _START.finditer(text):
        if start.start() < end:
            continue
        tries += 1
        if tries > MAX_TRIES:
            return
        try:
            value, end = decoder.raw_decode(text, start.start())
            _checked(value)
        except (ValueError, RecursionError):
            continue
        yield end - start.start(), value
