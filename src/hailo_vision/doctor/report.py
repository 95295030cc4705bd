"""The findings as lines for a person and as JSON for a program. Pure."""

import re
import textwrap
from collections.abc import Sequence
from typing import Any

from hailo_vision.doctor.checks import CHECKS, Check
from hailo_vision.doctor.finding import Finding, Verdict

_TITLE = max(len(check.title) for check in CHECKS)
_MARKS = {Verdict.OK: "ok", Verdict.WARNING: "WARNING", Verdict.FAILED: "FAILED", Verdict.SKIPPED: "skipped"}
_MARK = max(map(len, _MARKS.values()))
_COLOURS = {Verdict.OK: "32", Verdict.WARNING: "33", Verdict.FAILED: "31", Verdict.SKIPPED: "2"}
_NARROWEST = 60
_COMMAND = re.compile("`[^`]*`")
_NO_BREAK = "\x00"

Done = Sequence[tuple[Check, Finding]]


def as_text(check: Check, finding: Finding, *, columns: int, coloured: bool) -> str:
    """Format one or more lines: the verdict, the title, the fact, and the next step after an arrow."""
    mark = f"{_MARKS[finding.verdict]:<{_MARK}}"
    if coloured:
        mark = f"\x1b[{_COLOURS[finding.verdict]}m{mark}\x1b[0m"
    indent = " " * (_MARK + _TITLE + 4)
    width = max(columns, _NARROWEST) - len(indent)
    lines = _wrapped(finding.saw, width)
    if finding.advice:
        first, *rest = _wrapped(finding.advice, width - 3)
        lines += [f"-> {first}", *(f"   {line}" for line in rest)]
    return f"{mark}  {check.title:<{_TITLE}}  " + f"\n{indent}".join(lines)


def summary(results: Done, runtime: str) -> str:
    npu = next(finding.verdict for check, finding in results if check.id == "npu")
    about = "There is no NPU here. " if npu is Verdict.FAILED else f"The runtime is {runtime}: no NPU is used. "
    if runtime == "hailo" and npu is not Verdict.FAILED:
        about = ""
    count = counts(results)
    failures, warnings = count[Verdict.FAILED], count[Verdict.WARNING]
    if not failures and not warnings:
        return f"{about}Nothing is wrong."
    parts = [f"{number} {word}" for number, word in ((failures, "failed"), (warnings, "to look at")) if number]
    return f"{about}{' and '.join(parts)}. The first one is often the cause of others."


def as_json(results: Done, version: str, runtime: str) -> dict[str, Any]:
    return {
        "schema": 1,
        "version": version,
        "runtime": runtime,
        "verdict": worst(results),
        "counts": counts(results),
        "checks": [
            {
                "id": check.id,
                "title": check.title,
                "verdict": finding.verdict,
                "saw": finding.saw,
                "advice": finding.advice,
            }
            for check, finding in results
        ],
    }


def counts(results: Done) -> dict[Verdict, int]:
    return {verdict: sum(finding.verdict is verdict for _, finding in results) for verdict in Verdict}


def worst(results: Done) -> Verdict:
    """The worst verdict: failed before warning before ok. Skipped checks do not count."""
    verdicts = {finding.verdict for _, finding in results}
    return next((verdict for verdict in (Verdict.FAILED, Verdict.WARNING) if verdict in verdicts), Verdict.OK)


def _wrapped(text: str, width: int) -> list[str]:
    printable = "".join(character if character.isprintable() else " " for character in text)
    # A path or a command stays in one piece: it is there to be copied.
    whole = _COMMAND.sub(lambda command: command[0].replace(" ", _NO_BREAK), printable)
    lines = textwrap.wrap(whole, width, break_long_words=False, break_on_hyphens=False) or [""]
    return [line.replace(_NO_BREAK, " ") for line in lines]
