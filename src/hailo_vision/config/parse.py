"""The text of a config file becomes a tree of plain values, with all that is wrong in its form.

In the tree every key is text and every level a dict, a list or a plain value, no more than MAX_DEPTH deep. What the
keys and the values mean is not known here.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from hailo_vision.config import words
from hailo_vision.config.nodes import MAX_DEPTH, Entry, Malformed, Table, whole_number
from hailo_vision.errors import ConfigProblem

Tree = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A file's tree, and what is wrong with its form. With a syntax error the tree is empty."""

    tree: Tree = field(default_factory=dict)
    problems: tuple[ConfigProblem, ...] = ()


def parse_text(text: str, source: str) -> Parsed:
    """The tree of a YAML or JSON text. Never raises: what is wrong stands in `problems`."""
    try:
        return _settle(_reader(text, source)(text))
    except Malformed as malformed:
        return Parsed(problems=(ConfigProblem(path="", message=str(malformed)),))


def _reader(text: str, source: str) -> Callable[[str], Any]:
    suffix = PurePath(source).suffix.lower()
    if suffix == ".json" or (suffix not in {".yaml", ".yml"} and text.lstrip().startswith("{")):
        return _read_json
    # The daemon reads the rendered JSON: the import of PyYAML (20 ms) is for those who need it.
    from hailo_vision.config.parse_yaml import read_yaml

    return read_yaml


def _read_json(text: str) -> Any:
    if not text.strip():
        return None
    try:
        return json.loads(text, object_pairs_hook=_table, parse_int=whole_number)
    except json.JSONDecodeError as error:
        raise Malformed(words.syntax_error("JSON", text, error.pos)) from None
    except RecursionError:
        raise Malformed(words.too_deep(MAX_DEPTH)) from None


def _table(pairs: list[tuple[str, Any]]) -> Table:
    return Table(entries=tuple(Entry(key=key, value=value) for key, value in pairs))


def _settle(value: Any) -> Parsed:
    problems: list[ConfigProblem] = []
    tree = _plain(value, "", 0, problems)
    if tree is None:
        tree = {}
    if not isinstance(tree, dict):
        what = f"the file holds {words.kind(tree)}, {words.show(tree)}; expected sections with keys below them"
        return Parsed(problems=(ConfigProblem(path="", message=what),))
    return Parsed(tree=tree, problems=tuple(problems))


def _plain(value: Any, path: str, depth: int, problems: list[ConfigProblem]) -> Any:
    """The value with its tables as dicts; what stands twice goes to `problems`."""
    if depth > MAX_DEPTH:
        raise Malformed(words.too_deep(MAX_DEPTH))
    match value:
        case list():
            return [_plain(item, f"{path}[{index}]", depth + 1, problems) for index, item in enumerate(value)]
        case Table():
            return _dict(value, path, depth, problems)
        case _:
            return value


def _dict(table: Table, path: str, depth: int, problems: list[ConfigProblem]) -> Tree:
    result: Tree = {}
    lines: dict[str, list[int | None]] = {}
    for entry in table.entries:
        where = words.join(path, entry.key)
        value = _plain(entry.value, where, depth + 1, problems)
        if entry.key not in result:
            result[entry.key] = value
        elif isinstance(value, dict) and isinstance(result[entry.key], dict):
            # A section that stands twice: both halves are kept, so that what is wrong in either is named too.
            result[entry.key] = {**value, **result[entry.key]}
        lines.setdefault(entry.key, []).append(entry.line)
    for key, stands in lines.items():
        if len(stands) > 1:
            problems.append(ConfigProblem(path=words.join(path, key), message=words.duplicate(stands)))
    return result
