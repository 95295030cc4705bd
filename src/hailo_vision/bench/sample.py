"""One question, measured from the client's side."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

from hailo_vision.bench.question import Question
from hailo_vision.chat import Piece, Timings, Usage
from hailo_vision.errors import HailoVisionError


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The end of an answer. `timings` is None where the server does not report them."""

    usage: Usage
    timings: Timings | None


class AskFailed(HailoVisionError):
    """No answer, or not a whole one; `code` is a word to count by. The bench goes on."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


Ask = Callable[[Question], AsyncGenerator[Piece | Ending]]
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What came of one question. Times are the asker's but for those that the server alone can know.

    started_s         since the phase began
    ttft_s            from the question to the first piece with text
    decode_s          from there to the end
    queue_s, image_s, prefill_s    as the server tells; None where it does not
    error             None for a whole answer
    """

    number: int
    started_s: float
    total_s: float
    error: str | None = None
    ttft_s: float | None = None
    decode_s: float | None = None
    queue_s: float | None = None
    image_s: float | None = None
    prefill_s: float | None = None
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    completion_tokens: int | None = None

    @property
    def tokens_per_s(self) -> float | None:
        """Of the tokens after the first."""
        if self.completion_tokens is None or self.completion_tokens < 2 or not self.decode_s:
            return None
        return (self.completion_tokens - 1) / self.decode_s


async def measure(ask: Ask, question: Question, clock: Clock, begun_s: float) -> Sample:
    """Asks, and reads the answer to its end. `begun_s` is when the phase began, on the same clock."""
    asked_s = clock()
    first_s: float | None = None
    ending: Ending | None = None
    try:
        async with aclosing(ask(question)) as events:
            async for event in events:
                if isinstance(event, Ending):
                    ending = event
                elif event.text and first_s is None:
                    first_s = clock()
    except AskFailed as error:
        return Sample(number=question.number, started_s=asked_s - begun_s, total_s=clock() - asked_s, error=error.code)
    ended_s = clock()
    sample = Sample(
        number=question.number,
        started_s=asked_s - begun_s,
        total_s=ended_s - asked_s,
        ttft_s=None if first_s is None else first_s - asked_s,
        decode_s=None if first_s is None else ended_s - first_s,
    )
    return sample if ending is None else _told(sample, ending)


def _told(sample: Sample, ending: Ending) -> Sample:
    """With what the server says of it."""
    usage, timings = ending.usage, ending.timings
    counted = replace(
        sample,
        prompt_tokens=usage.prompt_tokens,
        cached_tokens=usage.cached_tokens,
        completion_tokens=usage.completion_tokens,
    )
    if timings is None:
        return counted
    return replace(counted, queue_s=timings.queue_s, image_s=timings.image_s, prefill_s=timings.prefill_s)
