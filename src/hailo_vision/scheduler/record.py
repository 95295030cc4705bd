"""What became of each request: one record a job, and their sums. Pure."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never

from hailo_vision.chat import FinishReason, Priority, Timings, Usage
from hailo_vision.errors import Expired, HailoVisionError, NotReady, QueueFull, Refused, SlowReader, TooBusy, Unready


class Outcome(StrEnum):
    """How a job ended that had a place in the queue."""

    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    SLOW_READER = "slow_reader"
    TURNED_AWAY = "turned_away"  # for another client's sake, or because the daemon stops


class Refusal(StrEnum):
    """Why a request got no place in the queue."""

    QUEUE_FULL = "queue_full"
    DEADLINE = "deadline"
    LOADING = "loading"
    DRAINING = "draining"
    DEVICE_UNAVAILABLE = "device_unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """One job at its end. `usage` and `reason` are known of those that finished; `timings` has what came to pass.

    `ttft_s` counts from the request's arrival to the first token, and is None where none came.
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
    """Tokens of all answers that came to their end; `cached` are those of `prompt` that needed no prefill."""

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

    All who asked are `admitted` or in `refused`; all who were admitted are in `ended`, or wait or run.
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
    """How a job ended that this error has ended."""
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
