"""Writes YAML that read_yaml reads as the same: mappings with mappings, or lists of them, of plain values. Pure."""

import json
import re
from collections.abc import Iterator
from typing import Any

# Text that no reader takes for a number, a list or anything else but the words below.
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]*")
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def written(tree: dict[str, Any]) -> str:
    """The tree in block style, with a newline at its end."""
    return "".join(f"{line}\n" for line in _lines(tree))


def _lines(tree: dict[str, Any]) -> Iterator[str]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield f"{key}:"
            yield from (f"  {line}" for line in _lines(value))
        elif isinstance(value, list):
            yield f"{key}:"
            for item in value:
                first, *others = _lines(item)
                yield f"  - {first}"
                yield from (f"    {line}" for line in others)
        else:
            yield f"{key}: {_value(value)}"


def _value(value: Any) -> str:
    match value:
        case tuple():
            return f"[{', '.join(map(_value, value))}]"
        case str():
            return value if _PLAIN.fullmatch(value) and value.lower() not in _WORDS else _quoted(value)
        case _:
            return json.dumps(value)


def _quoted(text: str) -> str:
    """As JSON has it, but for what YAML writes in another way: a character that can't be printed, by its number."""
    return "".join(c if c.isprintable() else _escaped(c) for c in json.dumps(text, ensure_ascii=False))


def _escaped(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
