"""A generation on the device's own clock, in made-up seconds (contract 2.7)."""

from itertools import count

import pytest

from hailo_vision.simulator.context import Context
from hailo_vision.simulator.pace import ChunkFault, Pace
from hailo_vision.simulator.run import MAX_BACKLOG_CHUNKS, Run


def run_of(pace: Pace, fault: ChunkFault | None = None) -> Run:
    """A run that says the letters of the alphabet for ever."""
    run = Run(
        prefill=lambda: (97 + number % 26 for number in count()),
        lose=lambda: run.lose(),
        context=Context(),
        max_tokens=1_000_000,
        stops=(),
        recovery=(),
        pace=pace,
        fault=fault,
    )
    run.attach(1)
    return run


def text_of(run: Run) -> str:
    return "".join(text for text, _ in run.chunks)


@pytest.mark.parametrize(("at", "made"), [(9.9, ""), (10.0, "a"), (10.4, "a"), (12.0, "abcde")])
def test_the_kth_chunk_is_ready_at_its_own_time_whoever_reads(at: float, made: str) -> None:
    run = run_of(Pace(first_at=10.0, interval_s=0.5))
    run.catch_up(at)
    assert text_of(run) == made


def test_reading_late_does_not_move_the_schedule() -> None:
    run = run_of(Pace(first_at=0.0, interval_s=1.0))
    for at in (3.7, 5.2, 99.9):
        run.catch_up(at)
        while run.has_chunk(1):
            run.take(1)
        assert len(run.chunks) == int(at) + 1


def test_the_device_waits_while_1024_chunks_are_unread_and_goes_on_when_one_is_read() -> None:
    run = run_of(Pace(first_at=-1e6, interval_s=1.0))
    run.catch_up(0.0)
    assert len(run.chunks) == run.unread == MAX_BACKLOG_CHUNKS
    run.take(1)
    next_due = run.pace.due(len(run.chunks))
    assert next_due > 0
    run.catch_up(next_due)
    assert len(run.chunks) == MAX_BACKLOG_CHUNKS + 1


def test_a_stalled_chunk_delays_all_after_it() -> None:
    pace = Pace(first_at=0.0, interval_s=1.0)
    pace.stall(2, 10.0, at=0.0)
    assert [pace.due(index) for index in range(4)] == [0.0, 1.0, 12.0, 13.0]


def test_a_loss_wakes_a_reader_only_if_its_queue_is_empty() -> None:
    # Contract 2.7: 6 at once if the queue was empty, else the rest and then timeouts.
    waiting = run_of(Pace(first_at=0.0, interval_s=1.0), ChunkFault(kind="lost", index=2))
    waiting.catch_up(1.0)
    waiting.take(1)
    waiting.take(1)
    waiting.catch_up(9.0)
    assert (waiting.is_over, waiting.was_queue_empty) == (True, True)
    late = run_of(Pace(first_at=0.0, interval_s=1.0), ChunkFault(kind="lost", index=2))
    late.catch_up(9.0)
    assert (late.is_over, late.was_queue_empty, text_of(late)) == (True, False, "ab")


def test_two_queues_of_one_run_get_parts_of_it() -> None:
    # Trap 12.
    run = run_of(Pace(first_at=0.0, interval_s=1.0))
    run.attach(2)
    run.catch_up(7.0)
    taken = dict.fromkeys((1, 2), "")
    for queue in taken:
        while run.has_chunk(queue):
            taken[queue] += run.take(queue)[0]
    assert taken == {1: "abef", 2: "cdgh"}
