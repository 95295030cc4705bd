"""A file's tree is held against the schema and the rules; a good one becomes Settings."""

import math
from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING, Any, get_type_hints

from hailo_vision.config import rules, words
from hailo_vision.config.parse import Parsed, Tree
from hailo_vision.config.schema import Schema, schema
from hailo_vision.config.settings import Settings
from hailo_vision.errors import ConfigProblem

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator


def check(parsed: Parsed) -> tuple[ConfigProblem, ...]:
    """All that is wrong with a file, in its form and in its meaning, in the order of the file."""
    found = [problem for error in _validator().iter_errors(parsed.tree) for problem in _explained(error)]
    suspect = frozenset(problem.path.partition("[")[0] for problem in found)
    broken = rules.broken(settings_from(parsed.tree, without=suspect), suspect)
    places = {path: place for place, path in enumerate(_paths(parsed.tree, ""))}

    def place(problem: ConfigProblem) -> int:
        # A default that clashes with the file stands nowhere in it, and is named where its section is.
        return places.get(problem.path, places.get(problem.path.partition(".")[0], -1))

    return tuple(sorted((*parsed.problems, *found, *broken), key=place))


def settings_from(tree: Tree, without: frozenset[str] = frozenset()) -> Settings:
    """The settings of a tree that was checked, defaults for what it doesn't name or what is in `without`."""
    return Settings(**{name: _section(section, name, tree, without) for name, section in _sections().items()})


def _sections() -> dict[str, Any]:
    return get_type_hints(Settings)


def _section(section: type[Any], name: str, tree: Tree, without: frozenset[str]) -> Any:
    given, hints = tree.get(name), get_type_hints(section)
    if not isinstance(given, dict):
        return section()
    names = (key.name for key in fields(section) if key.name in given and f"{name}.{key.name}" not in without)
    return section(**{key: _value(given[key], hints[key]) for key in names})


def _value(value: Any, hint: Any) -> Any:
    match value:
        case list():
            return tuple(value)
        case int() if hint in (float, float | None):
            return float(value)
        case _:
            return value


def _paths(tree: Any, path: str) -> Iterator[str]:
    parts = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for part, value in parts:
        here = words.join(path, part)
        yield here
        yield from _paths(value, here)


def _validator() -> "Validator":
    # The import costs 25 to 50 ms and is only for those who have a file to check.
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    # Stricter than the draft, to which 1.0 is an integer, and which has no word on NaN or a NUL.
    checker = Draft202012Validator.TYPE_CHECKER.redefine_many(
        {
            "integer": lambda _, value: isinstance(value, int) and not isinstance(value, bool),
            "number": lambda _, value: _is_finite_number(value),
            "string": lambda _, value: isinstance(value, str) and not _unusable(value),
        }
    )
    validator: Validator = extend(Draft202012Validator, type_checker=checker)(schema())  # type: ignore[no-untyped-call]
    return validator


def _is_finite_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _unusable(text: str) -> str | None:
    """The first character that no path, name or log line can hold: NUL, or half of a surrogate pair."""
    return next((c for c in text if c == "\0" or "\ud800" <= c <= "\udfff"), None)


def _explained(error: "ValidationError") -> Iterator[ConfigProblem]:
    path = ""
    for part in error.absolute_path:
        path = words.join(path, part)
    # The schema is ours: it is never true or false, and it has no other keywords than these.
    rule: Schema = dict(error.schema)  # type: ignore[arg-type]
    value: Any = error.instance
    expected = words.expected(rule)
    match error.validator:
        case "type":
            yield ConfigProblem(path=path, message=_wrong_type(value, expected))
        case "enum":
            yield ConfigProblem(path=path, message=_wrong_word(value, rule["enum"]))
        case "minimum" | "exclusiveMinimum":
            yield ConfigProblem(path=path, message=f"{words.show(value)} is too small; expected {expected}")
        case "maximum":
            yield ConfigProblem(path=path, message=f"{words.show(value)} is too large; expected {expected}")
        case "minLength":
            yield ConfigProblem(path=path, message=f"{words.show(value)} is empty; expected {expected}")
        case "additionalProperties":
            for key in value:
                if key not in rule["properties"]:
                    yield ConfigProblem(path=words.join(path, key), message=_unknown(path, key, rule))
        case keyword:
            raise AssertionError(f"no words for {keyword}")


def _wrong_type(value: Any, expected: str) -> str:
    if isinstance(value, str) and (character := _unusable(value)):
        return f"{words.show(value)} holds the character U+{ord(character):04X}; expected {expected} without it"
    return f"{words.show(value)} is {words.kind(value)}; expected {expected}"


def _wrong_word(value: Any, known: list[str]) -> str:
    near = words.nearest(value, known) if isinstance(value, str) else None
    question = f'; did you mean "{near}"?' if near else ""
    return f"{words.show(value)} is not one of {', '.join(known)}{question}"


def _unknown(path: str, key: str, rule: Schema) -> str:
    what = "key" if path else "section"
    known = [name for name in rule["properties"] if name != "$schema"]
    if near := words.nearest(key, known):
        return f'unknown {what}; did you mean "{near}"?'
    homes = [name for name, section in _sections().items() if key in (field.name for field in fields(section))]
    if homes:
        return f"unknown {what}; it belongs in the section {' or '.join(homes)}"
    return f"unknown {what}; the {what}s here are {', '.join(known)}"
