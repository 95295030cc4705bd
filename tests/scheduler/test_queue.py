"""Who runs and who waits: clients in turns, classes one before the other, places in bounds."""

from collections import Counter
from copy import deepcopy
from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hailo_vision.chat import Priority
from hailo_vision.errors import QueueFull
from hailo_vision.scheduler.queue import FairQueue

INTERACTIVE, BATCH = Priority.INTERACTIVE, Priority.BATCH


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    client: str
    number: int
    priority: Priority = INTERACTIVE


def tickets(words: str) -> list[Ticket]:
    """`a1 a2 b3` as interactive tickets; a capital is a batch ticket of the same client."""
    return [
        Ticket(client=word[0].lower(), number=int(word[1:]), priority=BATCH if word[0].isupper() else INTERACTIVE)
        for word in words.split()
    ]


def shown(ticket: Ticket) -> str:
    return (ticket.client.upper() if ticket.priority is BATCH else ticket.client) + str(ticket.number)


def opened(words: str, depth: int = 100, slots: int = 1) -> FairQueue[Ticket]:
    queue: FairQueue[Ticket] = FairQueue(depth, slots)
    for ticket in tickets(words):
        queue.enter(ticket, retry_after_s=1.0)
    return queue


def run_of(queue: FairQueue[Ticket]) -> str:
    """All that are in the queue, in the order in which they run, when they end in the order in which they began."""
    order = [shown(ticket) for ticket in queue.running]
    while queue.running:
        if (following := queue.leave(queue.running[0])) is not None:
            order.append(shown(following))
    return " ".join(order)


class Fairness(RuleBasedStateMachine):
    """Clients come, leave and are turned away at random, beside a book of what each of them has seen."""

    @initialize(depth=st.integers(0, 6), slots=st.integers(1, 4))
    def open(self, depth: int, slots: int) -> None:
        self.depth = depth
        self.slots = slots
        self.queue: FairQueue[Ticket] = FairQueue(depth, slots)
        self.running: list[Ticket] = []  # in the order in which they began
        self.number = 0
        self.line: list[Ticket] = []  # those who wait, in the order of their coming
        self.seen: dict[tuple[str, Priority], Counter[str]] = {}  # jobs of others, since a client stands in line
        self.gone: set[Ticket] = set()

    @rule(client=st.sampled_from("abcd"), priority=st.sampled_from(Priority))
    def come(self, client: str, priority: Priority) -> None:
        self.number += 1
        ticket = Ticket(client=client, number=self.number, priority=priority)
        was_full = len(self.running) == self.slots and len(self.line) >= self.depth
        before = self.line.copy()
        predicted = self.queue.ahead(client, priority)
        try:
            evicted = self.queue.enter(ticket, retry_after_s=3.5)
        except QueueFull:
            assert was_full
            assert not self.may_push_out(ticket, before)
            self.gone.add(ticket)
            return
        if ticket in self.queue.running:
            assert (before, evicted) == ([], None)
            self.running.append(ticket)
            self.note_start(ticket)
            return
        assert len(self.running) == self.slots
        self.line.append(ticket)
        if evicted is None:
            assert not was_full
            if priority is INTERACTIVE and self.slots == 1:
                assert self.runs_before(ticket) == predicted
        else:
            assert was_full
            self.check_evicted(ticket, evicted, before)
            self.line.remove(evicted)
            self.gone.add(evicted)
        self.note_waiting()

    def may_push_out(self, ticket: Ticket, before: list[Ticket]) -> bool:
        if ticket.priority is INTERACTIVE and any(other.priority is BATCH for other in before):
            return True
        places = Counter(other.client for other in before if other.priority is ticket.priority)
        return max(places.values(), default=0) >= places[ticket.client] + 2

    def check_evicted(self, ticket: Ticket, evicted: Ticket, before: list[Ticket]) -> None:
        places = Counter(other.client for other in before if other.priority is evicted.priority)
        assert places[evicted.client] == max(places.values())
        assert evicted == [other for other in before if other.client == evicted.client][-1] or any(
            other.priority is not evicted.priority for other in before
        )
        if evicted.priority is ticket.priority:
            assert places[evicted.client] - 1 >= places[ticket.client] + 1
        else:
            assert (evicted.priority, ticket.priority) == (BATCH, INTERACTIVE)

    def runs_before(self, ticket: Ticket) -> int:
        """How many of those who wait run before this one, by a copy of the queue that is run to its end."""
        return run_of(deepcopy(self.queue)).split().index(shown(ticket)) - len(self.running)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def end_one_that_runs(self, data: st.DataObject) -> None:
        following = self.queue.leave(self.running.pop(data.draw(st.integers(0, len(self.running) - 1))))
        if following is None:
            assert self.line == []
            self.note_waiting()
        else:
            self.check_turn(following)
            self.line.remove(following)
            self.running.append(following)
            self.note_start(following)

    def check_turn(self, following: Ticket) -> None:
        assert following not in self.gone
        same = [t for t in self.line if (t.client, t.priority) == (following.client, following.priority)]
        assert following == same[0]
        if following.priority is BATCH:
            assert not any(ticket.priority is INTERACTIVE for ticket in self.line)
        busy = Counter(ticket.client for ticket in self.running)
        rivals = {ticket.client for ticket in self.line if ticket.priority is following.priority}
        assert busy[following.client] == min(busy[client] for client in rivals)

    def note_start(self, ticket: Ticket) -> None:
        """No client waits for more than one job of each other client, but batch work for interactive work."""
        self.seen.pop((ticket.client, ticket.priority), None)
        for (client, priority), jobs in self.seen.items():
            if client != ticket.client:
                jobs[ticket.client] += priority is ticket.priority or priority is INTERACTIVE
                if priority is INTERACTIVE:
                    assert jobs[ticket.client] <= 1, (client, jobs)
        self.note_waiting()

    def note_waiting(self) -> None:
        """From when on does a client stand in line: since it has work and none that runs."""
        busy = {ticket.client for ticket in self.running}
        waiting = {(ticket.client, ticket.priority) for ticket in self.line}
        for key in [key for key in self.seen if key not in waiting]:
            del self.seen[key]
        for client, priority in waiting:
            if client in busy:
                self.seen.pop((client, priority), None)
            else:
                self.seen.setdefault((client, priority), Counter(busy))

    @precondition(lambda self: self.line)
    @rule(data=st.data())
    def leave_the_line(self, data: st.DataObject) -> None:
        ticket = self.line.pop(data.draw(st.integers(0, len(self.line) - 1)))
        assert self.queue.leave(ticket) is None
        self.gone.add(ticket)
        self.note_waiting()

    @rule()
    def leave_without_having_been_let_in(self) -> None:
        assert self.queue.leave(Ticket(client="a", number=0)) is None

    @invariant()
    def the_queue_has_those_who_wait_and_no_others(self) -> None:
        assert len(self.line) <= self.depth
        assert self.queue.length == len(self.line)
        assert sorted(t.number for t in self.queue.waiting) == [t.number for t in self.line]
        assert self.queue.running == tuple(self.running)
        assert not self.line or len(self.running) == self.slots


TestClientsTakeTurns = Fairness.TestCase
TestClientsTakeTurns.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize(
    ("came", "ran"),
    [
        ("a1 a2 a3 a4", "a1 a2 a3 a4"),
        ("a1 a2 a3 b4", "a1 b4 a2 a3"),
        ("a1 a2 a3 b4 c5 b6", "a1 b4 c5 a2 b6 a3"),
        ("A1 A2 b3 b4 A5 c6", "A1 b3 c6 b4 A2 A5"),
        ("A1 A2 B3 B4", "A1 B3 A2 B4"),
        ("a1 A2 a3 B4", "a1 a3 B4 A2"),
    ],
)
def test_clients_take_turns_and_batch_work_waits_for_interactive_work(came: str, ran: str) -> None:
    assert run_of(opened(came)) == ran


@pytest.mark.parametrize(
    ("came", "ran"),
    [
        ("a1 a2 a3 a4", "a1 a2 a3 a4"),
        ("a1 a2 a3 b4", "a1 a2 b4 a3"),
        ("a1 b2 a3 a4 b5 c6", "a1 b2 c6 a3 b5 a4"),
        ("a1 b2 a3 b4 a5 b6", "a1 b2 a3 b4 a5 b6"),
        ("A1 A2 b3 b4 A5 c6", "A1 A2 b3 c6 b4 A5"),
    ],
)
def test_with_two_places_to_run_a_free_one_goes_to_the_client_with_the_fewest_jobs_that_run(
    came: str, ran: str
) -> None:
    assert run_of(opened(came, slots=2)) == ran


def test_who_comes_new_waits_for_one_job_of_each_other_client_the_running_one_included() -> None:
    queue = opened("a1 a2 b3 b4 c5 c6")
    queue.leave(*tickets("a1"))
    queue.enter(*tickets("d7"), retry_after_s=1.0)
    assert run_of(queue) == "b3 c5 a2 d7 b4 c6"


def test_a_loop_of_fifty_requests_shuts_no_single_question_out() -> None:
    queue = opened(" ".join(f"a{number}" for number in range(1, 12)), depth=10)
    with pytest.raises(QueueFull):
        queue.enter(*tickets("a50"), retry_after_s=1.0)
    evicted = queue.enter(*tickets("b51"), retry_after_s=1.0)
    assert evicted is not None
    assert shown(evicted) == "a11"
    assert run_of(queue).startswith("a1 b51 a2 ")


def test_equal_clients_do_not_push_each_other_out() -> None:
    queue = opened("a1 a2 b3 a4 b5", depth=4)
    for newcomer in tickets("a6 b7"):
        with pytest.raises(QueueFull):
            queue.enter(newcomer, retry_after_s=1.0)
    for newcomer in tickets("c8 d9"):
        assert queue.enter(newcomer, retry_after_s=1.0) is not None
    for newcomer in tickets("a10 b11 c12 d13 e14"):  # four have one place each
        with pytest.raises(QueueFull):
            queue.enter(newcomer, retry_after_s=1.0)


def test_interactive_work_takes_the_newest_place_of_batch_work_and_never_the_other_way_round() -> None:
    queue = opened("a1 A2 B3 B4", depth=3)
    assert queue.enter(*tickets("c5"), retry_after_s=1.0) == tickets("B4")[0]
    queue.enter(*tickets("c6"), retry_after_s=1.0)
    queue.enter(*tickets("c7"), retry_after_s=1.0)
    with pytest.raises(QueueFull):
        queue.enter(*tickets("D8"), retry_after_s=1.0)
    assert run_of(queue) == "a1 c5 c6 c7"


def test_with_no_place_to_wait_one_runs_and_the_next_is_refused() -> None:
    queue = opened("a1", depth=0)
    with pytest.raises(QueueFull) as refused:
        queue.enter(*tickets("b2"), retry_after_s=3.5)
    assert (refused.value.depth, refused.value.retry_after_s) == (0, 3.5)
    queue.leave(*queue.running)
    queue.enter(*tickets("b3"), retry_after_s=1.0)
    assert run_of(queue) == "b3"


def test_a_smaller_queue_throws_nobody_out_who_waits() -> None:
    queue = opened("a1 a2 b3 b4")
    queue.depth = 1
    with pytest.raises(QueueFull):
        queue.enter(*tickets("b5"), retry_after_s=1.0)
    assert run_of(queue) == "a1 b3 a2 b4"


def test_leaving_twice_takes_nobody_elses_turn() -> None:
    queue = opened("a1 b2 c3")
    (first,) = queue.running
    assert queue.leave(first) == tickets("b2")[0]
    assert queue.leave(first) is None
    assert run_of(queue) == "b2 c3"


@pytest.mark.parametrize(
    ("came", "newcomer", "ahead"),
    [
        ("a1", "b", 0),
        ("a1 a2 a3", "b", 0),
        ("a1 b2 c3 c4", "d", 2),
        ("a1 b2 c3 c4", "b", 2),
        ("a1 b2 c3 c4", "c", 3),
        ("a1 a2 b3 b4 b5", "a", 3),
        ("a1 B2 C3", "b", 0),
        ("a1 b2 b3 C4", "D", 3),
    ],
)
def test_how_many_run_before_a_newcomer(came: str, newcomer: str, ahead: int) -> None:
    priority = BATCH if newcomer.isupper() else INTERACTIVE
    assert opened(came).ahead(newcomer.lower(), priority) == ahead
