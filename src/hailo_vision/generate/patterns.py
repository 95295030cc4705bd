"""How Python's regular expressions read some patterns of JSON Schemas, which are JavaScript's: a program, as to compile
one can take a second.

A class of characters that ignores case takes the longest: each of its 65,000 characters is looked up, and 165 of them
fit into a pattern of 1,000 characters. The program ends itself when it has used up its CPU time.
"""

import json
import math
import re
import resource
import sys

MAX_CPU_S = 1  # for all patterns of a request; those that people write take milliseconds
MAX_MEMORY_BYTES = 1 << 28

# An escape, a class of characters, or the beginning of a named group: what must not be taken apart, and what differs.
_PARTS = re.compile(
    r"\\k<(?P<back>[A-Za-z_]\w*)>|\\[pP]\{(?P<category>[A-Za-z_=]{1,40})\}|\\."
    r"|\[(?:\\.|[^\]\\])*\]|\(\?<(?P<name>[A-Za-z_]\w*)>",
    re.DOTALL,
)
# Categories of characters that Python has a word for; all others are left, and make the pattern unreadable.
_LETTER, _DIGIT = "[^\\W\\d_]", "\\d"
_CATEGORIES = {"L": _LETTER, "Letter": _LETTER, "Alphabetic": _LETTER, "N": _DIGIT, "Nd": _DIGIT, "Number": _DIGIT}


def reading(pattern: str) -> str | None:
    """The pattern as Python has it; None where it can't be read."""
    for candidate in (pattern, _translated(pattern)):
        try:
            re.compile(candidate)
        except (re.error, RecursionError, OverflowError):
            continue
        return candidate
    return None


def _translated(pattern: str) -> str:
    """JavaScript's named groups and categories of characters in Python's words."""
    refers_back = "\\k<" in pattern

    def part(match: re.Match[str]) -> str:
        if match["back"]:
            return f"(?P={match['back']})"
        if match["name"]:
            return f"(?P<{match['name']}>" if refers_back else "("
        if match["category"] and match[0].startswith("\\p"):
            return _CATEGORIES.get(match["category"], match[0])
        return match[0]

    return _PARTS.sub(part, pattern)


def main() -> None:
    """Read patterns as a JSON array from stdin, write their readings, null for those that have none."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    max_cpu_s = math.ceil(used.ru_utime + used.ru_stime) + MAX_CPU_S
    resource.setrlimit(resource.RLIMIT_CPU, (max_cpu_s, max_cpu_s))
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    json.dump([reading(pattern) for pattern in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
