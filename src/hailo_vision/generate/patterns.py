"""Whether Python's regular expressions know some patterns: a program, as to compile one can take a second.

A class of characters that ignores case takes the longest: each of its 65,000 characters is looked up, and 165 of them
fit into a pattern of 1,000 characters. The program ends itself when it has used up its CPU time.
"""

import json
import math
import re
import resource
import sys
from collections.abc import Sequence

MAX_CPU_S = 1  # for all patterns of a request; those that people write take milliseconds
MAX_MEMORY_BYTES = 1 << 28


def first_unknown(patterns: Sequence[str]) -> str | None:
    """The first of the patterns that can't be compiled."""
    for pattern in patterns:
        try:
            re.compile(pattern)
        except (re.error, RecursionError, OverflowError):
            return pattern
    return None


def main() -> None:
    """Read patterns as a JSON array from stdin, write the first one that is not known, or null."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    max_cpu_s = math.ceil(used.ru_utime + used.ru_stime) + MAX_CPU_S
    resource.setrlimit(resource.RLIMIT_CPU, (max_cpu_s, max_cpu_s))
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    json.dump(first_unknown(json.load(sys.stdin)), sys.stdout)


if __name__ == "__main__":
    main()
