"""Usage and timings of several runs of the engine, as one Finish. Pure."""

from collections.abc import Sequence
from functools import reduce

from hailo_vision.chat import Finish, FinishReason, Timings, Usage


def total(finishes: Sequence[Finish], reason: FinishReason | None = None) -> Finish:
    """The runs for one prompt: it counts once, as it was first sent; completion tokens and times are summed.

    So the turns that a retry adds to the prompt are not counted, and the answers that were rejected are.
    """
    first, last = finishes[0], finishes[-1]
    usages, timings = [finish.usage for finish in finishes], [finish.timings for finish in finishes]
    return Finish(
        reason=last.reason if reason is None else reason,
        usage=Usage(
            prompt_tokens=first.usage.prompt_tokens,
            completion_tokens=sum(usage.completion_tokens for usage in usages),
            image_tokens=first.usage.image_tokens,
            cached_tokens=first.usage.cached_tokens,
        ),
        timings=Timings(
            image_s=sum(timing.image_s for timing in timings),
            queue_s=sum(timing.queue_s for timing in timings),
            load_s=sum(timing.load_s for timing in timings),
            prefill_s=sum(timing.prefill_s for timing in timings),
            decode_s=sum(timing.decode_s for timing in timings),
        ),
        stop=last.stop,
        tools=last.tools,
    )


def summed(finishes: Sequence[Finish]) -> Finish:
    """The answers to several prompts: each prompt was sent, so each counts."""
    return reduce(_added, finishes)


def _added(first: Finish, other: Finish) -> Finish:
    return Finish(
        reason=other.reason,
        usage=Usage(
            prompt_tokens=first.usage.prompt_tokens + other.usage.prompt_tokens,
            completion_tokens=first.usage.completion_tokens + other.usage.completion_tokens,
            image_tokens=first.usage.image_tokens + other.usage.image_tokens,
            cached_tokens=first.usage.cached_tokens + other.usage.cached_tokens,
        ),
        timings=Timings(
            image_s=first.timings.image_s + other.timings.image_s,
            queue_s=first.timings.queue_s + other.timings.queue_s,
            load_s=first.timings.load_s + other.timings.load_s,
            prefill_s=first.timings.prefill_s + other.timings.prefill_s,
            decode_s=first.timings.decode_s + other.timings.decode_s,
        ),
        tools=other.tools,
    )
