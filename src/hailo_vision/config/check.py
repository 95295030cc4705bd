"""A file's tree is held against the schema and the rules."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from hailo_vision.config import forms, rules, words
from hailo_vision.config.explain import explained, unusable
from hailo_vision.config.parse import Parsed
from hailo_vision.config.schema import schema
from hailo_vision.config.tree import settings_from
from hailo_vision.errors import ConfigProblem

if TYPE_CHECKING:
    from jsonschema.protocols import Validator


def check(parsed: Parsed) -> tuple[ConfigProblem, ...]:
    """All that is wrong with a file, in its form and in its meaning, in the order of the file."""
    # Two keys that are missing in one place are one error each, and each tells of both.
    problems = list(
        dict.fromkeys(problem for error in _validator().iter_errors(parsed.tree) for problem in explained(error))
    )
    suspect = frozenset(problem.path.partition("[")[0] for problem in problems)
    settings = settings_from(parsed.tree, without=suspect)
    broken = (*forms.both(parsed.tree, settings), *rules.broken(settings, suspect))
    places = {path: place for place, path in enumerate(_paths(parsed.tree, ""))}

    def place(problem: ConfigProblem) -> int:
        # A default that clashes with the file stands nowhere in it, and is named where its section is.
        return places.get(problem.path, places.get(problem.path.partition(".")[0], -1))

    return tuple(sorted((*parsed.problems, *problems, *broken), key=place))


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
            "string": lambda _, value: isinstance(value, str) and not unusable(value),
        }
    )
    validator: Validator = extend(Draft202012Validator, type_checker=checker)(schema())  # type: ignore[no-untyped-call]
    return validator


def _is_finite_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
