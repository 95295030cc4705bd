"""Whether a value fits a schema, and what is wrong where it does not. Pure, and a program that does the same.

A client's schema can make that take for ever: with a pattern, or with references that double at each step. Schemas that
might are judged by the program, in a process that ends itself.
"""

import json
import resource
import sys
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

MAX_PROBLEMS = 4
MAX_PROBLEM_CHARS = 160
CPU_S = 2
MEMORY_BYTES = 1 << 29


def problems(schema: dict[str, Any], value: Any) -> list[str]:
    """What is wrong with the value, one short line each; nothing is ever fetched for the schema."""
    kind = validator_for(schema, default=Draft202012Validator)
    found: list[str] = []
    for error in kind(schema, registry=Registry()).iter_errors(value):
        found.append(_line(error))
        if len(found) == MAX_PROBLEMS:
            break
    return found


def _line(error: ValidationError) -> str:
    place = "" if error.json_path == "$" else error.json_path.removeprefix("$.") + ": "
    return (place + error.message)[:MAX_PROBLEM_CHARS]


def main() -> None:
    """Read a schema and a value as JSON from stdin, write the problems as JSON, within bounds of time and memory."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    asked = json.load(sys.stdin)
    try:
        found = problems(asked["schema"], asked["value"])
    except (RecursionError, MemoryError, Unresolvable) as error:
        sys.exit(f"the schema can't be applied: {type(error).__name__}")
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
