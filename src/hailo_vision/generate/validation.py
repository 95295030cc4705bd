"""Whether a value fits a schema, and what is wrong where it does not. Pure, and a program that does the same.

A client's schema can make that take for ever: with a pattern, or with references that double at each step. Schemas that
might are judged by the program, in a process that ends itself.
"""

import json
import math
import resource
import sys
from typing import Any

from jsonschema import Draft6Validator, Draft7Validator, Draft201909Validator, Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from referencing import Registry
from referencing.exceptions import Unresolvable

MAX_PROBLEMS = 4
MAX_PROBLEM_CHARS = 160
CPU_S = 2
MEMORY_BYTES = 1 << 29

_OLDER = {
    "http://json-schema.org/draft-06/schema": Draft6Validator,
    "http://json-schema.org/draft-07/schema": Draft7Validator,
    "https://json-schema.org/draft/2019-09/schema": Draft201909Validator,
}


def draft(schema: dict[str, Any]) -> type[Validator]:
    """The rules that a schema follows: those it names, if they are known, else the newest."""
    return _OLDER.get(str(schema.get("$schema")).rstrip("#"), Draft202012Validator)


def problems(schema: dict[str, Any], value: Any) -> list[str]:
    """What is wrong with the value, one short line each; nothing is ever fetched for the schema."""
    found: list[str] = []
    for error in draft(schema)(schema, registry=Registry()).iter_errors(value):
        found.append(_line(error))
        if len(found) == MAX_PROBLEMS:
            break
    return found


def _line(error: ValidationError) -> str:
    place = "" if error.json_path == "$" else error.json_path.removeprefix("$.") + ": "
    return (place + error.message)[:MAX_PROBLEM_CHARS]


def main() -> None:
    """Read a schema and a value as JSON from stdin, write the problems as JSON, within bounds of time and memory."""
    used_s = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = (
        math.ceil(used_s.ru_utime + used_s.ru_stime) + CPU_S
    )  # imports took their part, more of it on a small machine
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    asked = json.load(sys.stdin)
    try:
        found = problems(asked["schema"], asked["value"])
    except (RecursionError, MemoryError, Unresolvable) as error:
        sys.exit(f"the schema can't be applied: {type(error).__name__}")
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
