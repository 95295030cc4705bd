"""YAML, as much of it as a config file needs: sections, keys, lists and plain values.

PyYAML finds the nodes; what a plain value is, is decided here, because YAML 1.1 has surprises (`11:35` is 695, `012` is
10, `2024-01-01` a date). `yes`, `no`, `on` and `off` stay what its users expect. Anchors, aliases, merge keys and tags
are refused: a small file has no use for them, and aliases can grow without bound.
"""

import re
from typing import Any

import yaml

from hailo_vision.config import words
from hailo_vision.config.nodes import MAX_DEPTH, Entry, Malformed, Table, whole_number

_PLAIN, _QUOTED, _COLLECTION = "plain", "quoted", "collection"

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null"), None),
    **dict.fromkeys(("true", "yes", "on"), True),
    **dict.fromkeys(("false", "no", "off"), False),
}
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)")
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+")
_NOT_FINITE = re.compile(r"([-+]?)\.(inf|nan)", re.IGNORECASE)


class _Loader(yaml.SafeLoader):
    """Tags nodes with how they were written; refuses what is not bounded. Its constructors are never used."""

    _depth = 0

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        if kind is not yaml.ScalarNode:
            return _COLLECTION
        return _PLAIN if implicit[0] else _QUOTED

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(event, "anchor", None) is not None:
            line = event.start_mark.line + 1
            raise Malformed(f'line {line}: anchors ("&") and aliases ("*") are not taken here; write the value out')
        if self._depth > MAX_DEPTH:
            raise Malformed(words.too_deep(MAX_DEPTH))
        self._depth += 1
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node


def read_yaml(text: str) -> Any:
    """The text's tables, lists and values; None for an empty file. Raises Malformed."""
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.reader.ReaderError as error:
        line, column = words.position(text, error.position)
        character = f"U+{ord(text[error.position]):04X}"
        raise Malformed(f"line {line}, column {column}: the character {character} can't stand in YAML") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Malformed(words.syntax_error("YAML", text, mark.index if mark else 0)) from None
    return None if node is None else _value(node)


def _value(node: yaml.Node) -> Any:
    if node.tag not in {_PLAIN, _QUOTED, _COLLECTION}:
        line = node.start_mark.line + 1
        tag = words.show(node.tag.replace("tag:yaml.org,2002:", "!!"))
        raise Malformed(f"line {line}: tags are not taken here; leave {tag} out")
    match node:
        case yaml.MappingNode():
            return Table(entries=tuple(_entry(key, value) for key, value in node.value))
        case yaml.SequenceNode():
            return [_value(item) for item in node.value]
        case _:
            return node.value if node.tag == _QUOTED else _plain(node.value)


def _entry(key: yaml.Node, value: yaml.Node) -> Entry:
    # A key is its text, whatever it would be as a value: `on` is "on" and not true.
    line = key.start_mark.line + 1
    if not isinstance(key, yaml.ScalarNode):
        raise Malformed(f"line {line}: a key is a word, not a list and not a section")
    return Entry(key=key.value, value=_value(value), line=line)


def _plain(text: str) -> Any:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _WHOLE.fullmatch(text):
        return whole_number(text.replace("_", ""))
    # A leading zero is octal for one reader and decimal for the next: it stays text, and is refused where a number
    # is wanted.
    if _FLOAT.fullmatch(text) and not _LEADING_ZERO.fullmatch(text):
        return float(text.replace("_", ""))
    if special := _NOT_FINITE.fullmatch(text):
        return float(special[1] + special[2])
    return text
