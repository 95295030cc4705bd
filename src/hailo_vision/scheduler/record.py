"""The record of each job's outcome, and the totals over all records. Pure."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never

from hailo_vision.chat import FinishReason, Priority, Timings, Usage
from hailo_vision.errors import Expired, HailoVisionError, NotReady, QueueFull, Refused, SlowReader, TooBusy, Unready


class Outcome(StrEnum):
    """How a job that had a place in the queue ended."""

    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    SLOW_READER = "slow_reader"
    TURNED_AWAY = "turned_away"  # evicted for another client's job, or the daemon stops


class Refusal(StrEnum):
    """Why a request was refused a place in the queue."""

    QUEUE_FULL = "queue_full"
    DEADLINE = "deadline"
    LOADING = "loading"
    DRAINING = "draining"
    DEVICE_UNAVAILABLE = "device_unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """One job at its end. `usage` and `reason` are set if it finished; `timings` has the phases that it reached.

    `ttft_s` is the time to first token, from the request's arrival; it is None if no token came.
    """

    client: str
    priority: Priority
    outcome: Outcome
    timings: Timings
    ttft_s: float | None
    usage: Usage | None
    reason: FinishReason | None


@dataclass(slots=True, kw_only=True)
class Tokens:
    """Token counts of all finished answers; `cached` are those of `prompt` that needed no prefill."""

    prompt: int = 0
    cached: int = 0
    completion: int = 0

    def add(self, usage: Usage) -> None:
        self.prompt += usage.prompt_tokens
        self.cached += usage.cached_tokens
        self.completion += usage.completion_tokens


@dataclass(slots=True, kw_only=True)
class Totals:
    """The sums since the start.

    Each request is counted in `admitted` or in `refused`; each admitted one is counted in `ended`, or waits or runs.
    """

    admitted: int = 0
    ended: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    refused: dict[Refusal, int] = field(default_factory=lambda: dict.fromkeys(Refusal, 0))
    waited_s: float = 0.0
    tokens: Tokens = field(default_factory=Tokens)

    def add(self, record: JobRecord) -> None:
        self.ended[record.outcome] += 1
        self.waited_s += record.timings.queue_s
        if record.usage is not None:
            self.tokens.add(record.usage)


def outcome_of(error: HailoVisionError) -> Outcome:
    """The outcome of a job that this error has ended."""
    match error:
        case Expired():
            return Outcome.EXPIRED
        case SlowReader():
            return Outcome.SLOW_READER
        case Refused():
            return Outcome.TURNED_AWAY
        case _:
            return Outcome.FAILED


def refusal_of(error: QueueFull | TooBusy | NotReady) -> Refusal:
    match error:
        case QueueFull():
            return Refusal.QUEUE_FULL
        case TooBusy():
            return Refusal.DEADLINE
        case NotReady(reason=Unready.LOADING):
            return Refusal.LOADING
        case NotReady(reason=Unready.DRAINING):
            return Refusal.DRAINING
        case NotReady():
            return Refusal.DEVICE_UNAVAILABLE
        case _:
            assert_never(error)
