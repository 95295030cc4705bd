"""Whether a value fits a JSON Schema, and what is wrong where it does not. Pure, and a program that does the same.

A client's schema can make validation take for ever: with a pattern, or with references that double at each step. Such
schemas are left to the program, in a process that ends itself. It imports no more than it needs, as it is started for
each validation: asyncio, which `validator` needs, would add a fifth to its start and a third to its memory.
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
MAX_CPU_S = 2
MAX_MEMORY_BYTES = 1 << 29

_OLDER_DRAFTS = {
    "http://json-schema.org/draft-06/schema": Draft6Validator,
    "http://json-schema.org/draft-07/schema": Draft7Validator,
    "https://json-schema.org/draft/2019-09/schema": Draft201909Validator,
}


def draft(schema: dict[str, Any]) -> type[Validator]:
    """The draft that a schema follows: the one that it names, if that is known, else the newest."""
    return _OLDER_DRAFTS.get(str(schema.get("$schema")).rstrip("#"), Draft202012Validator)


def problems(schema: dict[str, Any], value: Any) -> list[str]:
    """What is wrong with the value, one short line each; nothing is ever fetched for the schema."""
    lines: list[str] = []
    for error in draft(schema)(schema, registry=Registry()).iter_errors(value):
        lines.append(_line(error))
        if len(lines) == MAX_PROBLEMS:
            break
    return lines


def _line(error: ValidationError) -> str:
    location = "" if error.json_path == "$" else error.json_path.removeprefix("$.") + ": "
    return (location + error.message)[:MAX_PROBLEM_CHARS]


def main() -> None:
    """Read a schema and a value as JSON from stdin, write the problems as JSON, within bounds of time and memory."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    # The imports have taken their part already, and more of it on a small machine.
    max_cpu_s = math.ceil(used.ru_utime + used.ru_stime) + MAX_CPU_S
    resource.setrlimit(resource.RLIMIT_CPU, (max_cpu_s, max_cpu_s))
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    question = json.load(sys.stdin)
    try:
        answer = problems(question["schema"], question["value"])
    except (RecursionError, MemoryError, Unresolvable) as error:
        sys.exit(f"the schema can't be applied: {type(error).__name__}")
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
