"""The result of a check."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """SKIPPED means that the object of the check is missing or can't be read."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`saw` is a fact for a person, `advice` the next step; only OK and SKIPPED may have none."""

    verdict: Verdict
    saw: str
    advice: str | None = None


def ok(saw: str, advice: str | None = None) -> Finding:
    return Finding(verdict=Verdict.OK, saw=saw, advice=advice)


def warning(saw: str, advice: str) -> Finding:
    return Finding(verdict=Verdict.WARNING, saw=saw, advice=advice)


def failed(saw: str, advice: str) -> Finding:
    return Finding(verdict=Verdict.FAILED, saw=saw, advice=advice)


def skipped(saw: str, advice: str | None = None) -> Finding:
    return Finding(verdict=Verdict.SKIPPED, saw=saw, advice=advice)
