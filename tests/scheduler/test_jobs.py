"""A job from its place in the queue to its end, over an engine that does what the test says."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

import pytest

from hailo_vision.chat import Finish, FinishReason, Piece, Priority
from hailo_vision.config import settings
from hailo_vision.engines.contract import EngineState
from hailo_vision.errors import (
    Expired,
    GenerationFailed,
    HailoVisionError,
    ModelPinned,
    NotReady,
    QueueFull,
    SlowReader,
    TooBusy,
    Unready,
)
from hailo_vision.scheduler.estimate import Speed
from hailo_vision.scheduler.job import MAX_PIECES_BEHIND
from hailo_vision.scheduler.record import JobRecord, Outcome, Refusal
from hailo_vision.scheduler.scheduler import Scheduler
from scheduler.puppet import MODEL, Puppet, finish, question
from supervised import until


def now() -> float:
    return asyncio.get_running_loop().time()


@dataclass(slots=True, kw_only=True)
class Asked:
    """A client's request: what it got, and the task that waits for it."""

    got: list[str] = field(default_factory=list)
    finish: Finish | None = None
    task: "asyncio.Task[None]" = field(init=False)

    async def error(self) -> BaseException | None:
        """What it ended with."""
        (result,) = await asyncio.gather(self.task, return_exceptions=True)
        return result


@dataclass(frozen=True, kw_only=True)
class Keep:
    """How long the model stays without work."""

    keep_alive: float | None = None
    is_pinned: bool = False


KEEP = Keep()


class House:
    """A scheduler over a puppet, and clients."""

    def __init__(
        self, engine: Puppet | None = None, keep: Keep = KEEP, speed: Speed | None = None, **queue: object
    ) -> None:
        self.engine = engine or Puppet()
        self.records: list[JobRecord] = []
        self.refusals: list[Refusal] = []
        self.clients: list[Asked] = []
        self.scheduler = Scheduler(
            self.engine,
            settings.Queue(**queue),  # type: ignore[arg-type]
            keep_alive=keep.keep_alive,
            is_pinned=keep.is_pinned,
            grace_s=0.05,
            speed=speed,
            on_job_end=self.records.append,
            on_refused=self.refusals.append,
        )

    def ask(
        self, name: str, *, priority: Priority = Priority.INTERACTIVE, age_s: float = 0, tokens: int = 100
    ) -> Asked:
        """A request of the client whose name its first letter is."""
        asked = Asked()
        asked.task = asyncio.create_task(self._ask(asked, name, priority, age_s, tokens))
        self.clients.append(asked)
        return asked

    async def _ask(self, asked: Asked, name: str, priority: Priority, age_s: float, tokens: int) -> None:
        arrived_at = now() - age_s
        async with self.scheduler.job(
            question(name, tokens), client=name[0], arrived_at=arrived_at, priority=priority
        ) as events:
            async for event in events:
                if isinstance(event, Finish):
                    asked.finish = event
                else:
                    asked.got.append(event.text)

    async def running(self, name: str) -> None:
        await until(lambda: self.engine.is_asked and self.engine.names[-1] == name)

    async def answer(self, name: str, *, job_s: float = 0.0, tokens: int = 3) -> None:
        """Let the engine answer this one, when its turn has come."""
        await self.running(name)
        self.engine.say(name, finish(tokens, job_s=job_s))
        await until(lambda: not self.engine.is_asked or self.engine.names[-1] != name)

    def check_sums(self) -> None:
        totals = self.scheduler.totals
        assert totals.admitted == sum(totals.ended.values()) + self.scheduler.running + self.scheduler.waiting
        assert totals.ended == {outcome: [r.outcome for r in self.records].count(outcome) for outcome in Outcome}
        assert totals.refused == {reason: self.refusals.count(reason) for reason in Refusal}


@asynccontextmanager
async def opened(engine: Puppet | None = None, *, speed: Speed | None = None, **queue: object) -> AsyncIterator[House]:
    """A house that must be empty in the end, with sums that agree."""
    house = House(engine, speed=speed, **queue)  # type: ignore[arg-type]
    idling = asyncio.create_task(house.scheduler.run())
    try:
        yield house
    finally:
        for asked in house.clients:
            asked.task.cancel()
        idling.cancel()
        await asyncio.gather(idling, *(asked.task for asked in house.clients), return_exceptions=True)
    assert (house.scheduler.running, house.scheduler.waiting, house.engine.is_asked) == (0, 0, False)
    house.check_sums()


# Turns


async def test_clients_take_turns_and_batch_work_comes_last() -> None:
    async with opened() as house:
        for name in ("a1", "a2", "a3", "b4", "c5"):
            house.ask(name)
        house.ask("d6", priority=Priority.BATCH)
        house.ask("b7")
        for name in ("a1", "b4", "c5", "a2", "b7", "a3", "d6"):
            await house.answer(name)
    assert [record.client for record in house.records] == list("abcabad")
    assert house.records[-1].priority is Priority.BATCH


async def test_a_loop_of_requests_gives_up_its_newest_place_to_a_single_question() -> None:
    async with opened(depth=3) as house:
        loop = [house.ask(f"a{number}") for number in range(4)]
        await house.running("a0")
        refused = house.ask("a4")
        assert isinstance(await refused.error(), QueueFull)
        single = house.ask("b5")
        assert isinstance(await loop[3].error(), QueueFull)
        await house.answer("a0")
        await house.answer("b5")
        assert await single.error() is None
        assert (house.scheduler.totals.ended[Outcome.TURNED_AWAY], house.refusals) == (1, [Refusal.QUEUE_FULL])
    assert "a3" not in house.engine.names


async def test_with_two_slots_two_run_and_a_free_one_goes_to_whoever_has_none() -> None:
    async with opened(Puppet(slots=2)) as house:
        for name in ("a1", "a2", "a3", "b4"):
            house.ask(name)
        await until(lambda: list(house.engine.open) == ["a1", "a2"])
        assert (house.scheduler.running, house.scheduler.waiting, house.scheduler.free) == (2, 2, 0)
        house.engine.say(finish(), to="a2")
        await until(lambda: list(house.engine.open) == ["a1", "b4"])
        house.engine.say(finish(), to="b4")
        await until(lambda: list(house.engine.open) == ["a1", "a3"])
        house.engine.say(finish(), to="a1")
        house.engine.say(finish(), to="a3")
        await until(lambda: house.scheduler.free == 2)
    assert [record.client for record in house.records] == list("abaa")


async def test_a_drain_waits_for_all_that_run_and_the_model_is_not_unloaded_before() -> None:
    async with opened(Puppet(slots=2)) as house:
        asked = [house.ask("a1"), house.ask("b2")]
        waits = house.ask("c3")
        await until(lambda: list(house.engine.open) == ["a1", "b2"])
        house.scheduler.unload()
        draining = asyncio.create_task(house.scheduler.drain(60))
        assert isinstance(await waits.error(), NotReady)
        house.engine.say(finish(), to="b2")
        assert await asked[1].error() is None
        assert (draining.done(), house.engine.unloads) == (False, 0)
        house.engine.say(finish(), to="a1")
        assert await asked[0].error() is None
        await draining
        await until(lambda: house.engine.unloads == 1)


async def test_the_next_generation_begins_before_anything_else_happens() -> None:
    """Between two jobs the NPU must not idle: no more than two turns of the loop from the end to the next begin."""
    async with opened() as house:
        house.ask("a1")
        house.ask("b2")
        await house.running("a1")
        house.engine.say(finish())
        turns = 0
        while house.engine.names != ["a1", "b2"]:
            await asyncio.sleep(0)
            turns += 1
        assert turns <= 2


# Readers


async def test_the_place_is_left_when_the_engine_has_finished_however_late_the_reader_comes() -> None:
    async with opened() as house:
        async with house.scheduler.job(question("a1"), client="a", arrived_at=now()) as events:
            await house.running("a1")
            house.engine.say("one", "two", finish())
            await until(lambda: not house.engine.is_asked)
            assert house.scheduler.running == 0
            other = house.ask("b2")
            await house.answer("b2")
            assert await other.error() is None
            got = [event async for event in events]
        assert [event.text for event in got if isinstance(event, Piece)] == ["one", "two"]
        assert isinstance(got[-1], Finish)


async def test_a_reader_that_is_too_far_behind_is_dropped_and_the_engine_goes_on_with_the_next(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    async with opened() as house:
        async with house.scheduler.job(question("a1"), client="a", arrived_at=now()) as events:
            await house.running("a1")
            house.engine.say(*["word "] * MAX_PIECES_BEHIND)
            await until(lambda: house.engine.is_asked and not house.engine.open["a1"].qsize())
            house.engine.say("one more")
            await until(lambda: house.engine.aborted == ["a1"])
            other = house.ask("b2")
            await house.answer("b2")
            assert await other.error() is None
            with pytest.raises(SlowReader) as caught:
                await anext(events)
            assert caught.value.pieces_behind == MAX_PIECES_BEHIND
        assert house.scheduler.totals.ended[Outcome.SLOW_READER] == 1
    (line,) = [record for record in caplog.records if "slow reader" in record.message]
    assert line.__dict__["facts"] == {"client": "a", "pieces_behind": MAX_PIECES_BEHIND}


async def test_a_reader_that_keeps_up_gets_an_answer_of_any_length() -> None:
    async with opened() as house:
        asked = house.ask("a1")
        await house.running("a1")
        house.engine.say(*["word "] * (3 * MAX_PIECES_BEHIND), finish())
        assert await asked.error() is None
        assert len(asked.got) == 3 * MAX_PIECES_BEHIND


# Leaving


async def leaves_while_another_runs(house: House) -> Asked:
    house.ask("b0")
    await house.running("b0")
    asked = house.ask("a1")
    await until(lambda: house.scheduler.waiting == 1)
    return asked


async def leaves_before_it_has_begun(house: House) -> Asked:
    return house.ask("a1")


async def leaves_while_the_model_is_loaded_for_it(house: House) -> Asked:
    house.engine.state = EngineState.UNLOADED
    asked = house.ask("a1")
    await until(lambda: house.engine.state is EngineState.WAKING)
    return asked


@pytest.mark.parametrize(
    "stage",
    [
        leaves_before_it_has_begun,
        leaves_while_another_runs,
        leaves_while_the_model_is_loaded_for_it,
    ],
)
async def test_nothing_of_a_request_reaches_the_engine_once_its_client_has_left(
    stage: Callable[[House], Awaitable[Asked]],
) -> None:
    async with opened() as house:
        asked = await stage(house)
        asked.task.cancel()
        assert isinstance(await asked.error(), asyncio.CancelledError)
        house.engine.become(EngineState.READY)
        if house.engine.is_asked:
            await house.answer("b0")
        after = house.ask("c9")
        await house.answer("c9")
        assert await after.error() is None
    assert "a1" not in house.engine.names


@pytest.mark.parametrize("turns", range(6))
async def test_a_client_that_leaves_around_its_turn_is_either_aborted_or_never_asked_for(turns: int) -> None:
    async with opened() as house:
        asked = await leaves_while_another_runs(house)
        house.engine.say(finish())
        for _ in range(turns):
            await asyncio.sleep(0)
        asked.task.cancel()
        await asked.error()
        assert house.engine.names.count("a1") == house.engine.aborted.count("a1") <= 1
        house.ask("c9")
        await house.answer("c9")


async def test_a_client_that_leaves_in_mid_answer_aborts_it() -> None:
    async with opened() as house:
        asked = house.ask("a1")
        await house.running("a1")
        house.engine.say("one")
        await until(lambda: asked.got == ["one"])
        asked.task.cancel()
        await until(lambda: house.engine.aborted == ["a1"])
        assert isinstance(await asked.error(), asyncio.CancelledError)
        assert house.records[-1].outcome is Outcome.CANCELLED


# Errors


async def test_an_error_of_the_engine_comes_as_itself_after_the_pieces_before_it() -> None:
    async with opened() as house:
        asked = house.ask("a1")
        await house.running("a1")
        house.engine.say("one", error := GenerationFailed("it failed"))
        assert await asked.error() is error
        assert asked.got == ["one"]
        assert house.records[-1].outcome is Outcome.FAILED


async def test_a_bug_of_the_engine_comes_as_itself_and_the_next_job_has_its_turn() -> None:
    async with opened() as house:
        asked = house.ask("a1")
        other = house.ask("b2")
        await house.running("a1")
        house.engine.say(bug := ZeroDivisionError("a bug"))
        assert await asked.error() is bug
        await house.answer("b2")
        assert await other.error() is None
        assert [record.outcome for record in house.records] == [Outcome.FAILED, Outcome.FINISHED]


@pytest.mark.parametrize("error", [ValueError("a bug"), ConnectionResetError("gone"), GenerationFailed("nested")])
async def test_an_error_of_the_reader_comes_as_itself_with_its_cause(error: Exception) -> None:
    cause = KeyError("why")
    async with opened() as house:

        async def read() -> None:
            async with house.scheduler.job(question("a1"), client="a", arrived_at=now()):
                await house.running("a1")
                raise error from cause

        with pytest.raises(type(error)) as caught:
            await read()
        assert caught.value is error
        assert caught.value.__cause__ is cause
        assert house.engine.aborted == ["a1"]
        assert house.records[-1].outcome is Outcome.CANCELLED


async def test_a_reader_that_raises_at_once_leaves_the_place_free() -> None:
    async with opened() as house:

        async def read() -> None:
            async with house.scheduler.job(question("a1"), client="a", arrived_at=now()):
                raise ValueError("at once")

        with pytest.raises(ValueError, match="at once"):
            await read()
        house.ask("b2")
        await house.answer("b2")
    assert house.engine.names == ["b2"]


async def test_a_reader_that_has_enough_may_leave_without_the_rest() -> None:
    async with opened() as house:
        async with house.scheduler.job(question("a1"), client="a", arrived_at=now()) as events:
            await house.running("a1")
            house.engine.say("one", "two")
            async for _ in events:
                break
        assert house.engine.aborted == ["a1"]


# Deadlines


async def test_the_engine_is_told_the_deadline_which_counts_from_the_arrival() -> None:
    async with opened(deadline_s=60) as house:
        before = now()
        house.ask("a1", age_s=20)
        await house.answer("a1")
        deadline = house.engine.asked[0].deadline
        assert deadline is not None
        assert before + 40 <= deadline <= now() + 40


async def test_an_answer_that_the_deadline_ended_is_given_with_its_reason_and_usage() -> None:
    async with opened() as house:
        asked = house.ask("a1")
        await house.running("a1")
        house.engine.say("one", finish(1, reason=FinishReason.DEADLINE))
        assert await asked.error() is None
        assert asked.finish is not None
        assert asked.finish.reason is FinishReason.DEADLINE
        assert (house.records[-1].outcome, house.records[-1].reason) == (Outcome.FINISHED, FinishReason.DEADLINE)


async def test_a_deadline_before_the_first_token_is_an_error() -> None:
    async with opened() as house:
        asked = house.ask("a1")
        await house.running("a1")
        house.engine.say("", finish(0, reason=FinishReason.DEADLINE))
        error = await asked.error()
        assert isinstance(error, Expired)
        assert error.running
        assert house.records[-1].outcome is Outcome.EXPIRED


async def test_a_job_that_the_engine_does_not_end_at_its_deadline_is_aborted_after_the_grace() -> None:
    async with opened(deadline_s=0.1) as house:
        asked = house.ask("a1")
        error = await asked.error()
        assert isinstance(error, Expired)
        assert error.running
        assert house.engine.aborted == ["a1"]


async def test_a_job_that_waits_expires_and_the_engine_is_never_asked_for_it() -> None:
    async with opened(deadline_s=0.1) as house:
        house.ask("a1", age_s=-1000)
        await house.running("a1")
        error = await house.ask("b2").error()
        assert isinstance(error, Expired)
        assert not error.running
    assert house.engine.names == ["a1"]


# Admission


async def measured(house: House, job_s: float) -> None:
    """One job that took so long, by the engine's clock."""
    house.ask("m0")
    await house.answer("m0", job_s=job_s, tokens=100)
    await until(lambda: house.scheduler.running == 0)


async def test_a_request_that_would_come_too_late_is_refused_at_once_and_told_when_to_come_back() -> None:
    async with opened(deadline_s=50) as house:
        await measured(house, 20.0)
        house.ask("a1")
        house.ask("b2")
        await until(lambda: house.scheduler.waiting == 1)
        with pytest.raises(TooBusy) as caught:
            await house.scheduler.admit(client="c", arrived_at=now())
        assert caught.value.wait_s == pytest.approx(40, abs=1)
        assert caught.value.retry_after_s == pytest.approx(10, abs=1)  # then 30 s of wait are left, and 20 s to answer
        assert isinstance(await house.ask("c3").error(), TooBusy)
        assert house.refusals == [Refusal.DEADLINE] * 2
        short = house.ask("d4", tokens=2)
        await until(lambda: house.scheduler.waiting == 2)
        assert not short.task.done()
    assert house.engine.names == ["m0", "a1"]


async def test_more_slots_make_the_wait_shorter() -> None:
    async with opened(Puppet(slots=2), deadline_s=50) as house:
        await measured(house, 20.0)
        for name in ("a1", "b2", "c3", "d4"):
            house.ask(name)
        await until(lambda: house.scheduler.waiting == 2)
        with pytest.raises(TooBusy) as caught:
            await house.scheduler.admit(client="e", arrived_at=now())
        assert caught.value.wait_s == pytest.approx(40, abs=1)  # one in each slot, and one more before it


async def test_a_client_of_many_waits_longer_than_one_that_comes_new_and_is_refused_before_it() -> None:
    async with opened(deadline_s=70) as house:
        await measured(house, 20.0)
        for name in ("a1", "a2", "a3"):
            house.ask(name)
        await until(lambda: house.scheduler.waiting == 2)
        with pytest.raises(TooBusy):
            await house.scheduler.admit(client="a", arrived_at=now())
        assert await house.scheduler.admit(client="b", arrived_at=now()) == MODEL


async def test_whose_turn_comes_at_once_is_let_in_whatever_the_estimate_says() -> None:
    async with opened(deadline_s=5) as house:
        await measured(house, 20.0)
        assert await house.scheduler.admit(client="a", arrived_at=now()) == MODEL
        house.ask("a1")
        await house.answer("a1", job_s=1.0)


async def test_a_guess_alone_refuses_nobody() -> None:
    async with opened(depth=9, deadline_s=5) as house:
        for name in ("a1", "b2", "c3", "d4", "e5"):
            house.ask(name)
        await until(lambda: house.scheduler.waiting == 4)
        assert await house.scheduler.admit(client="f", arrived_at=now()) == MODEL
        for name in ("a1", "b2", "c3", "d4", "e5"):
            await house.answer(name)


async def test_what_the_last_run_measured_refuses_as_if_this_one_had_and_the_message_says_so() -> None:
    async with opened(deadline_s=30) as house:
        await measured(house, 20.0)
        speed = house.scheduler.speed
    assert speed is not None
    async with opened(speed=speed, deadline_s=30) as house:
        house.ask("a1")
        await house.running("a1")
        with pytest.raises(TooBusy, match="by what jobs took before the restart"):
            await house.scheduler.admit(client="c", arrived_at=now())
        await house.answer("a1", job_s=20.0)
        house.ask("d4")
        await house.running("d4")
        with pytest.raises(TooBusy) as caught:
            await house.scheduler.admit(client="c", arrived_at=now())
        assert "before the restart" not in str(caught.value), "it was measured anew"


async def test_a_full_queue_says_when_a_place_will_be_free() -> None:
    async with opened(depth=1, deadline_s=1000) as house:
        await measured(house, 20.0)
        house.ask("a1")
        house.ask("b2")
        await until(lambda: house.scheduler.waiting == 1)
        with pytest.raises(QueueFull) as caught:
            await house.scheduler.admit(client="c", arrived_at=now())
        assert caught.value.retry_after_s == pytest.approx(20, abs=1)


async def test_a_changed_depth_and_deadline_count_for_those_who_come_from_then_on() -> None:
    async with opened(depth=5) as house:
        for name in ("a1", "b2", "c3"):
            house.ask(name)
        await until(lambda: house.scheduler.waiting == 2)
        house.scheduler.reconfigure(settings.Queue(depth=1, deadline_s=7), keep_alive=None, is_pinned=False)
        assert (house.scheduler.waiting, house.scheduler.depth) == (2, 1)
        with pytest.raises(QueueFull):
            await house.scheduler.admit(client="d", arrived_at=now())
        for name in ("a1", "b2", "c3"):
            await house.answer(name)
        house.ask("d4")
        await house.answer("d4")
        deadlines = [generation.deadline or 0 for generation in house.engine.asked]
        assert deadlines[3] < deadlines[2]


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (EngineState.STARTING, Unready.LOADING),
        (EngineState.FAILED, Unready.DEVICE_UNAVAILABLE),
        (EngineState.STOPPING, Unready.DEVICE_UNAVAILABLE),
        (EngineState.STOPPED, Unready.DEVICE_UNAVAILABLE),
    ],
)
async def test_an_engine_that_is_not_ready_takes_no_request(state: EngineState, reason: Unready) -> None:
    async with opened(Puppet(state)) as house:
        with pytest.raises(NotReady) as caught:
            await house.scheduler.admit(client="a", arrived_at=now())
        assert caught.value.reason is reason
        assert isinstance(await house.ask("a1").error(), NotReady)
        assert house.refusals == [Refusal(reason.value)] * 2


async def test_while_an_engine_tries_again_the_reason_of_the_last_failure_is_told() -> None:
    engine = Puppet(EngineState.STARTING)
    async with opened(engine) as house:
        assert str(house.scheduler.unready) == "The model is being loaded."
        engine.trouble = "The model file is missing."
        assert str(house.scheduler.unready) == "The model is being loaded again. Before: The model file is missing."


# Loads


async def test_where_requests_may_wait_for_the_load_they_do_and_are_answered_in_turns() -> None:
    async with opened(Puppet(EngineState.STARTING), wait_for_load=True, depth=3) as house:
        asking = [asyncio.create_task(house.scheduler.admit(client=c, arrived_at=now())) for c in "aabb"]
        await until(lambda: house.scheduler.waiting == 3)
        with pytest.raises(QueueFull):
            await house.scheduler.admit(client="a", arrived_at=now())
        house.engine.become(EngineState.READY)
        assert await asyncio.gather(*asking) == [MODEL] * 4
        assert (house.scheduler.running, house.scheduler.totals.admitted, house.records) == (0, 0, [])


@pytest.mark.parametrize(
    ("setting", "asks_to", "waits"),
    [("auto", True, True), ("auto", False, False), (True, False, True), (False, True, False)],
)
async def test_whether_requests_wait_for_the_load_is_up_to_the_operator_and_else_to_the_request(
    setting: bool | Literal["auto"], asks_to: bool, waits: bool
) -> None:
    async with opened(Puppet(EngineState.STARTING), wait_for_load=setting) as house:
        scheduler = house.scheduler
        asking = asyncio.create_task(scheduler.admit(client="a", arrived_at=now(), waits_for_load=asks_to))
        loading = asyncio.create_task(scheduler.load(client="b", arrived_at=now(), waits_for_load=asks_to))
        await until(lambda: scheduler.running == 1 if waits else asking.done() and loading.done())
        assert (scheduler.unready is None) is (setting is True)
        house.engine.become(EngineState.READY)
        outcomes = await asyncio.gather(asking, loading, return_exceptions=True)
        assert [isinstance(outcome, NotReady) for outcome in outcomes] == [not waits] * 2


async def test_who_waits_for_the_load_in_vain_is_told_so() -> None:
    async with opened(Puppet(EngineState.STARTING), wait_for_load=True, deadline_s=0.1) as house:
        with pytest.raises(Expired):
            await house.scheduler.admit(client="a", arrived_at=now())
        waiting = asyncio.create_task(house.scheduler.admit(client="a", arrived_at=now() + 1000))
        await until(lambda: house.scheduler.running == 1)
        await house.scheduler.drain(0)
        with pytest.raises(NotReady) as caught:
            await waiting
        assert caught.value.reason is Unready.DRAINING
        assert [record.outcome for record in house.records] == [Outcome.EXPIRED, Outcome.TURNED_AWAY]


async def test_an_unloaded_model_is_ready_for_requests_and_loaded_for_the_first_one() -> None:
    async with opened(Puppet(EngineState.UNLOADED)) as house:
        assert house.scheduler.unready is None
        assert await house.scheduler.admit(client="a", arrived_at=now()) == MODEL
        assert house.engine.state is EngineState.UNLOADED
        asked = house.ask("a1")
        other = house.ask("b2")
        await until(lambda: house.engine.state is EngineState.WAKING and house.scheduler.waiting == 1)
        assert house.engine.asked == []
        house.engine.become(EngineState.READY)
        await house.answer("a1")
        await house.answer("b2")
        assert [await asked.error(), await other.error()] == [None, None]
        assert house.records[0].timings.queue_s > 0


# Idleness


async def test_an_idle_model_is_unloaded_and_only_then() -> None:
    async with opened(keep=Keep(keep_alive=0.05)) as house:
        await until(lambda: house.engine.unloads == 1)
        house.ask("a1")
        await until(lambda: house.engine.state is EngineState.WAKING)
        house.engine.become(EngineState.READY)
        await house.running("a1")
        house.scheduler.keep_alive(0)
        for _ in range(20):
            await asyncio.sleep(0)
        assert house.engine.unloads == 1
        house.engine.say(finish())
        await until(lambda: house.engine.unloads == 2)


@pytest.mark.parametrize("keep", [KEEP, Keep(keep_alive=0, is_pinned=True)])
async def test_without_a_keep_alive_or_pinned_it_stays(keep: Keep) -> None:
    async with opened(keep=keep) as house:
        house.ask("a1")
        await house.answer("a1")
        for _ in range(50):
            await asyncio.sleep(0)
        assert (house.engine.unloads, house.engine.state) == (0, EngineState.READY)


async def test_it_is_unloaded_on_request_once_nothing_runs_or_waits() -> None:
    async with opened() as house:
        house.ask("a1")
        house.ask("b2")
        await house.running("a1")
        house.scheduler.unload()
        await house.answer("a1")
        await house.running("b2")
        assert house.engine.unloads == 0
        house.engine.say(finish())
        await until(lambda: house.engine.unloads == 1)
        house.engine.become(EngineState.READY)
        house.ask("c3")
        await house.answer("c3")
        for _ in range(50):
            await asyncio.sleep(0)
        assert house.engine.unloads == 1  # once is once


async def test_a_pinned_model_is_not_unloaded_for_anybody() -> None:
    async with opened(keep=Keep(is_pinned=True)) as house:
        with pytest.raises(ModelPinned, match="pinned"):
            house.scheduler.unload()
        house.scheduler.keep_alive(0)
        for _ in range(50):
            await asyncio.sleep(0)
        assert house.engine.unloads == 0
        house.scheduler.reconfigure(settings.Queue(), keep_alive=0, is_pinned=False)
        await until(lambda: house.engine.unloads == 1)


# Stops


async def test_a_drain_refuses_what_waits_and_what_comes_and_lets_the_running_answer_end() -> None:
    async with opened() as house:
        first, second = house.ask("a1"), house.ask("b2")
        await house.running("a1")
        draining = asyncio.create_task(house.scheduler.drain(20))
        for asked in (second, house.ask("c3")):
            error = await asked.error()
            assert isinstance(error, NotReady)
            assert error.reason is Unready.DRAINING
        assert not draining.done()
        house.engine.say("one", finish())
        await draining
        assert await first.error() is None
    assert house.engine.names == ["a1"]


@pytest.mark.parametrize("how", ["timeout", "cancel"])
async def test_a_drain_that_is_over_or_hurried_ends_the_running_answer_with_a_word(how: str) -> None:
    async with opened() as house:
        asked = house.ask("a1")
        await house.running("a1")
        house.engine.say("one")
        await until(lambda: asked.got == ["one"])
        draining = asyncio.create_task(house.scheduler.drain(0.05 if how == "timeout" else 1000))
        await until(lambda: house.scheduler.unready is not None)
        if how == "cancel":
            draining.cancel()
        with suppress(asyncio.CancelledError):
            await draining
        error = await asked.error()
        assert isinstance(error, NotReady)
        assert error.reason is Unready.DRAINING
        assert house.engine.aborted == ["a1"]
        assert house.records[-1].outcome is Outcome.TURNED_AWAY


async def test_a_drain_does_not_wait_for_a_model_that_is_loaded_for_nobody_any_more() -> None:
    async with opened(Puppet(EngineState.UNLOADED)) as house:
        asked = house.ask("a1")
        await until(lambda: house.engine.state is EngineState.WAKING)
        await house.scheduler.drain(1000)
        assert isinstance(await asked.error(), NotReady)


async def test_an_error_is_never_a_group() -> None:
    """Whatever ends a job, and whatever else ends at the same time."""
    async with opened(deadline_s=0.1) as house:
        asked = [house.ask(f"{client}{number}") for client in "abc" for number in range(3)]
        house.engine.become(EngineState.READY)
        await house.running("a0")
        house.engine.say(GenerationFailed("it failed"))
        errors = [await one.error() for one in asked]
    assert all(isinstance(error, HailoVisionError) for error in errors), errors


async def test_a_timeout_of_the_engines_own_is_not_told_as_the_deadline() -> None:
    async with opened(deadline_s=3600) as house:
        asked = house.ask("a1")
        await house.running("a1")
        house.engine.say(TimeoutError())
        assert isinstance(await asked.error(), TimeoutError)
        assert house.records[-1].outcome is Outcome.FAILED


async def test_a_server_that_counts_more_tokens_than_it_was_asked_for_spoils_no_estimate() -> None:
    """With the count of the one and the speed of the next a job would take years, and everybody else be refused."""
    async with opened() as house:
        for name, tokens in (("a1", 2**53), ("a2", 100)):
            house.ask(name)
            await house.answer(name, job_s=10.0, tokens=tokens)
        speed = house.scheduler.speed
        assert speed is not None
        assert speed.tokens == 100


async def test_a_reload_changes_the_time_limit_for_whoever_asks_for_it() -> None:
    async with opened(deadline_s=60) as house:
        assert house.scheduler.deadline_s == 60
        house.scheduler.reconfigure(settings.Queue(deadline_s=7), keep_alive=None, is_pinned=False)
        assert house.scheduler.deadline_s == 7
