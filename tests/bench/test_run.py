"""The core, with an asker and a clock of its own: no HTTP, no time."""

import asyncio
from collections.abc import AsyncGenerator
from itertools import count

import pytest

from hailo_vision.bench.question import Plan, Question
from hailo_vision.bench.result import Phase, Vitals
from hailo_vision.bench.run import ask_all, run
from hailo_vision.bench.sample import AskFailed, Ending, Sample
from hailo_vision.chat import Piece, Timings, Usage

USAGE = Usage(prompt_tokens=100, completion_tokens=9, cached_tokens=3)
TIMINGS = Timings(image_s=0.01, queue_s=0.5, prefill_s=0.9, decode_s=1.0)


class Server:
    """It answers, and each look at the clock is a second later."""

    def __init__(
        self, *, failing: frozenset[int] = frozenset(), timings: Timings | None = TIMINGS, gathers: int = 1
    ) -> None:
        self._barrier = asyncio.Barrier(gathers)
        self.asked: list[Question] = []
        self.at_once = self.most_at_once = 0
        self.looks = 0
        self._failing = failing
        self._timings = timings
        self._ticks = count()

    def clock(self) -> float:
        return float(next(self._ticks))

    async def look(self) -> Vitals:
        self.looks += 1
        return Vitals(npu_busy_s=1.0 * self.looks, temperature_c=40.0 + self.looks)

    async def ask(self, question: Question) -> AsyncGenerator[Piece | Ending]:
        self.asked.append(question)
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            async with asyncio.timeout(30):
                await self._barrier.wait()
            yield Piece(text="")
            if question.number in self._failing:
                raise AskFailed("queue_full")
            yield Piece(text="It is")
            yield Piece(text=" red.")
            yield Ending(usage=USAGE, timings=self._timings)
        finally:
            self.at_once -= 1


def plan(questions: int = 3, clients: int = 1, draws: bool = False) -> Plan:
    return Plan(questions=questions, clients=clients, max_tokens=64, draws=draws)


async def phases(server: Server, wanted: Plan) -> tuple[list[Phase], list[tuple[str, int]]]:
    heard: list[tuple[str, int]] = []

    def report(phase: str, done: int, _: Sample) -> None:
        heard.append((phase, done))

    return await run(wanted, server.ask, server.look, report, clock=server.clock), heard


async def test_questions_are_asked_one_after_the_other() -> None:
    server = Server()
    (sequential,), heard = await phases(server, plan())
    assert (sequential.name, sequential.questions, sequential.answered, sequential.errors) == ("sequential", 3, 3, {})
    assert server.most_at_once == 1
    assert [question.number for question in server.asked] == [0, 1, 2]
    assert heard == [("sequential", 1), ("sequential", 2), ("sequential", 3)]
    assert sequential.completion_tokens == 27


async def test_several_clients_ask_a_second_time_and_other_questions() -> None:
    (_, concurrent), heard = await phases(server := Server(), plan(questions=8, clients=4))
    assert (concurrent.name, concurrent.clients, concurrent.answered) == ("concurrent", 4, 8)
    assert sorted(question.number for question in server.asked) == list(range(16))
    assert heard[-1] == ("concurrent", 8)


async def test_several_clients_ask_at_the_same_time() -> None:
    """No answer begins before four questions are there."""
    server = Server(gathers=4)
    numbers = iter(range(8))
    samples = await ask_all(plan(clients=4), server.ask, numbers, 4, server.clock, lambda _done, _sample: None)
    assert [sample.error for sample in samples] == [None] * 8
    assert server.most_at_once == 4


async def test_the_times_of_a_sample_are_those_of_its_events() -> None:
    (phase,), _ = await phases(Server(), plan(questions=1))
    (sample,) = phase.samples
    # Ticks: phase begun twice, asked, first text (the empty piece does not count), ended.
    assert (sample.ttft_s, sample.decode_s, sample.total_s) == (1.0, 1.0, 2.0)
    assert (sample.queue_s, sample.image_s, sample.prefill_s) == (0.5, 0.01, 0.9)
    assert (sample.prompt_tokens, sample.cached_tokens, sample.completion_tokens) == (100, 3, 9)
    assert sample.tokens_per_s == 8.0


async def test_a_server_without_timings_leaves_those_of_the_client() -> None:
    (phase,), _ = await phases(Server(timings=None), plan(questions=1))
    assert phase.figures["prefill_s"] is None
    assert phase.figures["ttft_s"] is not None


async def test_failures_are_counted_and_the_bench_goes_on() -> None:
    (phase,), _ = await phases(Server(failing=frozenset({0, 2})), plan(questions=4))
    assert (phase.questions, phase.answered, phase.errors) == (4, 2, {"queue_full": 2})
    assert [sample.error for sample in phase.samples] == ["queue_full", None, "queue_full", None]


async def test_the_share_of_the_npu_is_what_it_worked_of_the_time() -> None:
    (phase,), _ = await phases(Server(), plan(questions=1))
    assert phase.npu_busy_share == pytest.approx(1.0 / phase.wall_s)
    assert (phase.before.temperature_c, phase.after.temperature_c) == (41.0, 42.0)


def test_drawn_pictures_repeat_from_bench_to_bench_but_for_a_mark() -> None:
    first, again = (Plan(questions=1, clients=1, max_tokens=9, nonce=1).question(0) for _ in range(2))
    assert first == again
    assert first.picture is not None
    assert first.picture.startswith("data:image/jpeg;base64,")
    assert Plan(questions=1, clients=1, max_tokens=9, nonce=2).question(0).picture != first.picture


def test_chosen_prompts_and_pictures_are_taken_in_turn() -> None:
    chosen = Plan(questions=4, clients=1, max_tokens=9, prompts=("a", "b"), pictures=("p", "q", "r"))
    asked = [chosen.question(number) for number in range(4)]
    assert [(one.prompt, one.picture) for one in asked] == [("a", "p"), ("b", "q"), ("a", "r"), ("b", "p")]
    assert plan().question(0).picture is None
