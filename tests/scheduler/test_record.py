"""Each request is counted once, by what became of it."""

import pytest

from hailo_vision.chat import FinishReason, Priority, Timings, Usage
from hailo_vision.errors import (
    DeviceFault,
    DeviceUnavailable,
    Expired,
    GenerationFailed,
    HailoVisionError,
    NotReady,
    QueueFull,
    SlowReader,
    TooBusy,
    Unready,
    WorkerDied,
)
from hailo_vision.scheduler.record import JobRecord, Outcome, Refusal, Totals, outcome_of, refusal_of

FULL = QueueFull(depth=1, retry_after_s=1)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Expired(deadline_s=1, running=True), Outcome.EXPIRED),
        (SlowReader(1024), Outcome.SLOW_READER),
        (FULL, Outcome.TURNED_AWAY),
        (NotReady(Unready.DRAINING, "Stopping.", retry_after_s=1), Outcome.TURNED_AWAY),
        (WorkerDied(-9), Outcome.FAILED),
        (GenerationFailed("Failed."), Outcome.FAILED),
        (DeviceUnavailable(DeviceFault.DEVICE_LOST, "Lost."), Outcome.FAILED),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_error_that_ended_a_job_says_what_became_of_it(error: HailoVisionError, outcome: Outcome) -> None:
    assert outcome_of(error) is outcome


@pytest.mark.parametrize(
    ("error", "refusal"),
    [
        (FULL, Refusal.QUEUE_FULL),
        (TooBusy(wait_s=9, deadline_s=5, retry_after_s=4), Refusal.DEADLINE),
        *((NotReady(reason, "No.", retry_after_s=1), Refusal(reason.value)) for reason in Unready),
    ],
)
def test_a_refusal_has_its_reason(error: QueueFull | TooBusy | NotReady, refusal: Refusal) -> None:
    assert refusal_of(error) is refusal


def test_totals_are_the_sums_of_the_records() -> None:
    totals = Totals()
    usage = Usage(prompt_tokens=10, completion_tokens=3, cached_tokens=4)
    for outcome in (Outcome.FINISHED, Outcome.FINISHED, Outcome.CANCELLED):
        is_whole = outcome is Outcome.FINISHED
        totals.add(
            JobRecord(
                client="a",
                priority=Priority.BATCH,
                outcome=outcome,
                timings=Timings(queue_s=1.5),
                ttft_s=None,
                usage=usage if is_whole else None,
                reason=FinishReason.STOP if is_whole else None,
            )
        )
    assert {outcome: count for outcome, count in totals.ended.items() if count} == {
        Outcome.FINISHED: 2,
        Outcome.CANCELLED: 1,
    }
    assert totals.waited_s == 4.5
    assert (totals.tokens.prompt, totals.tokens.cached, totals.tokens.completion) == (20, 8, 6)
