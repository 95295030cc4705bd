"""Admission: a line of bounded length, whose first one runs."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hailo_vision.errors import QueueFull
from hailo_vision.scheduler.queue import Queue


class Line(RuleBasedStateMachine):
    """The queue beside the plainest model of one: a list, whose first element runs and whose others wait."""

    @initialize(depth=st.integers(0, 4))
    def open(self, depth: int) -> None:
        self.depth = depth
        self.queue: Queue[str] = Queue(depth)
        self.line: list[str] = []
        self.tickets = 0

    @property
    def is_full(self) -> bool:
        return len(self.line) == 1 + self.depth

    @precondition(lambda self: not self.is_full)
    @rule()
    def enter(self) -> None:
        self.queue.check(retry_after_s=1.0)
        self.tickets += 1
        ticket = f"ticket {self.tickets}"
        assert self.queue.enter(ticket, retry_after_s=1.0) is (not self.line)
        self.line.append(ticket)

    @precondition(lambda self: self.is_full)
    @rule(retry_after_s=st.floats(1, 100))
    def be_refused(self, retry_after_s: float) -> None:
        for attempt in (lambda: self.queue.check(retry_after_s=retry_after_s), lambda: self.enter_late(retry_after_s)):
            with pytest.raises(QueueFull) as refused:
                attempt()
            assert (refused.value.depth, refused.value.retry_after_s) == (self.depth, retry_after_s)

    def enter_late(self, retry_after_s: float) -> None:
        self.queue.enter("too late", retry_after_s=retry_after_s)

    @precondition(lambda self: self.line)
    @rule(data=st.data())
    def leave_from_anywhere(self, data: st.DataObject) -> None:
        place = data.draw(st.integers(0, len(self.line) - 1))
        following = self.queue.leave(self.line.pop(place))
        assert following == (self.line[0] if place == 0 and self.line else None)

    @rule()
    def leave_without_having_been_let_in(self) -> None:
        assert self.queue.leave("a stranger") is None

    @invariant()
    def the_queue_is_the_line(self) -> None:
        assert self.queue.running == (self.line[0] if self.line else None)
        assert self.queue.waiting == tuple(self.line[1:])


TestTheQueueIsALineWhoseFirstOneRuns = Line.TestCase
TestTheQueueIsALineWhoseFirstOneRuns.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)


def test_those_who_wait_run_in_the_order_in_which_they_came() -> None:
    queue: Queue[str] = Queue(3)
    assert [queue.enter(name, retry_after_s=1.0) for name in "abcd"] == [True, False, False, False]
    assert [queue.leave(name) for name in "abcd"] == ["b", "c", "d", None]


def test_with_no_place_to_wait_one_runs_and_the_next_is_refused() -> None:
    queue: Queue[str] = Queue(0)
    assert queue.enter("a", retry_after_s=1.0)
    with pytest.raises(QueueFull):
        queue.enter("b", retry_after_s=1.0)
    queue.leave("a")
    assert queue.enter("b", retry_after_s=1.0)


def test_one_who_leaves_while_waiting_gives_up_the_place() -> None:
    queue: Queue[str] = Queue(1)
    for name in "ab":
        queue.enter(name, retry_after_s=1.0)
    assert queue.leave("b") is None
    queue.enter("c", retry_after_s=1.0)
    assert queue.leave("a") == "c"


def test_leaving_twice_takes_nobody_elses_turn() -> None:
    queue: Queue[str] = Queue(2)
    for name in "abc":
        queue.enter(name, retry_after_s=1.0)
    assert queue.leave("a") == "b"
    assert queue.leave("a") is None
    assert (queue.running, queue.waiting) == ("b", ("c",))
