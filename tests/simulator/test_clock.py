"""Blocking as the vendor's bindings block: in C, with the interpreter lock held (contract 2.10)."""

import signal
from collections.abc import Callable
from subprocess import CompletedProcess
from types import FrameType

from hailo_vision.simulator.clock import block_until, now
from simulator.platforms import longest_pause, ticking


def test_it_blocks_until_the_deadline_and_not_beyond_a_past_one() -> None:
    deadline = now() + 0.05
    block_until(deadline)
    assert now() >= deadline
    block_until(deadline - 1)


def test_no_other_thread_runs_while_it_blocks() -> None:
    # Contract 2.10, trap 1: no gil_scoped_release anywhere in the GenAI bindings.
    with ticking() as ticks:
        block_until(now() + 0.3)
    # The lock may change hands on the way into and out of the call, but not during it: half of it is for the way.
    assert longest_pause(ticks) > 0.15


def test_a_signal_neither_ends_it_early_nor_runs_its_handler_before_the_end() -> None:
    # Trap 26: SIGTERM handlers run only between calls of C.
    handled: list[float] = []

    def handle(number: int, frame: FrameType | None) -> None:
        handled.append(now())

    before = signal.signal(signal.SIGALRM, handle)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        deadline = now() + 0.1
        block_until(deadline)
        assert now() >= deadline
    finally:
        signal.signal(signal.SIGALRM, before)
    assert len(handled) == 1
    assert handled[0] >= deadline


def test_a_signal_without_a_handler_still_ends_the_process(script: Callable[..., CompletedProcess[str]]) -> None:
    result = script(
        "import signal\n"
        "from hailo_vision.simulator.clock import block_forever\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.05)\n"
        "block_forever()"
    )
    assert result.returncode == -signal.SIGALRM
