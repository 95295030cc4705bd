"""The JSON document in a model's text: alone, in a Markdown fence, or among other text. Pure."""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

MAX_TRIES = 64
MAX_TRIED_CHARS = 1_000_000  # in all tries together: each may go on to the end of the text before it fails
MAX_DEPTH = 100  # what is done with a document recurses

_FENCE = re.compile(r"```[a-zA-Z]*\s*\n(.*?)(?:```|\Z)", re.DOTALL)
_START = re.compile(r"[{\[]")


class NoDocument(Exception):
    """There is no JSON in the text; the message says why, for the model to mend it."""


def document(text: str) -> Any:
    """The JSON value that a text is, or else the longest object or array in it. Raises NoDocument."""
    text = text.strip()
    try:
        return _parsed(text)
    except ValueError as error:
        reason = str(error)
    except RecursionError:
        raise NoDocument("it is nested too deep") from None
    longest = max(_embedded(text), key=lambda candidate: candidate[0], default=None)
    if longest is None:
        raise NoDocument(f"it is not valid JSON: {reason[:120]}")
    return longest[1]


def dumped(value: Any) -> str:
    """The value as JSON text that every parser reads the same."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _parsed(text: str) -> Any:
    return _checked(json.loads(text, parse_constant=_refuse))


def _checked(value: Any) -> Any:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for each in level for child in _children(each)]
    if level:
        raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
    dumped(value)  # raises for 1e999, which is parsed as an infinity: JSON has none
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


def _embedded(text: str) -> Iterator[tuple[int, Any]]:
    """Objects and arrays in a text, each with its length. One inside another is shorter; a fence has the last."""
    for fence in islice(_FENCE.finditer(text), MAX_TRIES):
        try:
            yield len(text), _parsed(fence[1])
            return
        except (ValueError, RecursionError):
            continue
    decoder = json.JSONDecoder(parse_constant=_refuse)
    end = tries = tried_chars = 0
    for start in _START.finditer(text):
        if start.start() < end:
            continue
        tries += 1
        if tries > MAX_TRIES or tried_chars > MAX_TRIED_CHARS:
            return
        try:
            value, end = decoder.raw_decode(text, start.start())
            _checked(value)
        except (ValueError, RecursionError) as error:
            tried_chars += (error.pos if isinstance(error, json.JSONDecodeError) else len(text)) - start.start()
            continue
        yield end - start.start(), value
