"""One generation at a time, over a real supervisor and a child process that plays the engine."""

import asyncio
import os
import signal
from collections.abc import Iterable

import pytest

from hailo_vision.chat import Finish
from hailo_vision.config import settings
from hailo_vision.engines.contract import EngineState
from hailo_vision.errors import Expired, NotReady, QueueFull, Unready, WorkerDied
from hailo_vision.scheduler.scheduler import Scheduler
from supervised import asking, ready, supervised, until

ENDLESS = 100_000  # tokens; the child takes minutes for it


def now() -> float:
    return asyncio.get_running_loop().time()


async def run(scheduler: Scheduler, name: str, ended: list[str], max_tokens: int = 3, *, age_s: float = 0) -> list[str]:
    """One client: its job from admission to the end. `age_s` is how long ago its request arrived."""
    pieces: list[str] = []
    async with scheduler.job(asking(max_tokens), client=name, arrived_at=now() - age_s) as events:
        async for event in events:
            if isinstance(event, Finish):
                ended.append(name)
            else:
                pieces.append(event.text)
    return pieces


async def leave(tasks: Iterable["asyncio.Task[list[str]]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_jobs_are_answered_one_at_a_time_in_the_order_of_their_arrival() -> None:
    ended: list[str] = []
    async with ready() as engine:
        scheduler = Scheduler(engine, settings.Queue())
        answers = await asyncio.gather(*(run(scheduler, str(number), ended) for number in range(5)))
    assert ended == ["0", "1", "2", "3", "4"]
    assert answers == [["1 ", "2 ", "3 "]] * 5
    assert (scheduler.running, scheduler.waiting) == (0, 0)


async def test_more_than_the_depth_is_refused_with_an_estimate_and_changes_nothing_for_the_others() -> None:
    ended: list[str] = []
    async with ready() as engine:
        scheduler = Scheduler(engine, settings.Queue(depth=1))
        first = asyncio.create_task(run(scheduler, "first", ended, 300))
        second = asyncio.create_task(run(scheduler, "second", ended))
        await until(lambda: scheduler.waiting == 1)
        with pytest.raises(QueueFull) as caught:
            await scheduler.admit(client="third", arrived_at=now())
        assert caught.value.retry_after_s > 0
        with pytest.raises(QueueFull):
            await run(scheduler, "third", ended)
        await asyncio.gather(first, second)
    assert ended == ["first", "second"]


async def test_a_client_that_leaves_the_queue_loses_its_place_and_disturbs_nobody() -> None:
    ended: list[str] = []
    async with ready() as engine:
        scheduler = Scheduler(engine, settings.Queue())
        tasks = [asyncio.create_task(run(scheduler, str(number), ended, 300 - number)) for number in range(3)]
        await until(lambda: scheduler.waiting == 2)
        await leave([tasks[1]])
        assert scheduler.waiting == 1
        await asyncio.gather(tasks[0], tasks[2])
    assert ended == ["0", "2"]


async def test_a_client_that_leaves_in_mid_answer_makes_room_for_the_next() -> None:
    ended: list[str] = []
    async with ready() as engine:
        scheduler = Scheduler(engine, settings.Queue())
        first = asyncio.create_task(run(scheduler, "first", ended, ENDLESS))
        await until(lambda: engine.state is EngineState.BUSY)
        second = asyncio.create_task(run(scheduler, "second", ended))
        await leave([first])
        await second
        assert engine.restarts == 0
    assert ended == ["second"]


async def test_a_deadline_ends_a_job_that_waits_with_an_error_and_one_that_runs_with_what_it_has() -> None:
    async with ready() as engine:
        scheduler = Scheduler(engine, settings.Queue(deadline_s=0.3))
        pid = engine.worker_pid
        running, waiting = await asyncio.gather(
            run(scheduler, "running", [], ENDLESS),
            run(scheduler, "waiting", [], ENDLESS, age_s=0.1),
            return_exceptions=True,
        )
        assert isinstance(running, list)
        assert running[:2] == ["1 ", "2 "]
        assert isinstance(waiting, Expired)
        assert not waiting.running
        await until(lambda: engine.state is EngineState.READY)
        assert (engine.worker_pid, engine.restarts) == (pid, 0)


@pytest.mark.parametrize("way", ["timeless", "timeless_and_deaf"])
async def test_no_job_outlives_its_deadline_and_the_grace_whatever_the_worker_does(way: str) -> None:
    async with ready(way) as engine:
        scheduler = Scheduler(engine, settings.Queue(deadline_s=0.3), grace_s=0.2)
        with pytest.raises(Expired) as caught:
            await run(scheduler, "endless", [], ENDLESS)
        assert caught.value.running
        await until(lambda: engine.state is EngineState.READY)
        assert engine.restarts == (1 if way == "timeless_and_deaf" else 0)


async def test_a_job_whose_time_is_over_when_its_turn_comes_never_reaches_the_engine() -> None:
    async with ready() as engine:
        scheduler = Scheduler(engine, settings.Queue(deadline_s=5))
        with pytest.raises(Expired) as caught:
            await run(scheduler, "late", [], age_s=6)
        assert not caught.value.running
        assert engine.state is EngineState.READY


async def test_nothing_is_taken_while_the_model_loads() -> None:
    async with supervised("stuck_in_load") as engine:
        await until(lambda: engine.state is EngineState.STARTING)
        scheduler = Scheduler(engine, settings.Queue())
        with pytest.raises(NotReady) as caught:
            await scheduler.admit(client="third", arrived_at=now())
        assert caught.value.reason is Unready.LOADING
        assert caught.value.retry_after_s >= 1


async def test_nothing_is_taken_while_the_device_is_unavailable_and_the_reason_is_told() -> None:
    async with supervised("bad_model") as engine:
        await until(lambda: engine.state is EngineState.FAILED)
        with pytest.raises(NotReady, match="bad model") as caught:
            await Scheduler(engine, settings.Queue()).admit(client="a", arrived_at=now())
        assert caught.value.reason is Unready.DEVICE_UNAVAILABLE


async def test_those_who_wait_when_a_worker_dies_are_answered_by_the_next_one() -> None:
    ended: list[str] = []
    async with ready() as engine:
        scheduler = Scheduler(engine, settings.Queue())
        first = asyncio.create_task(run(scheduler, "first", ended, ENDLESS))
        await until(lambda: engine.state is EngineState.BUSY)
        second = asyncio.create_task(run(scheduler, "second", ended))
        await until(lambda: scheduler.waiting == 1)
        assert engine.worker_pid is not None
        os.kill(engine.worker_pid, signal.SIGKILL)
        with pytest.raises(WorkerDied):
            await first
        await second
        assert engine.restarts == 1
    assert ended == ["second"]


async def test_a_drain_lets_the_running_job_end_and_refuses_all_others() -> None:
    ended: list[str] = []
    async with ready() as engine:
        scheduler = Scheduler(engine, settings.Queue())
        first = asyncio.create_task(run(scheduler, "first", ended, 300))
        second = asyncio.create_task(run(scheduler, "second", ended))
        await until(lambda: scheduler.waiting == 1)
        await scheduler.drain(20)
        await first
        with pytest.raises(NotReady) as caught:
            await second
        assert caught.value.reason is Unready.DRAINING
        with pytest.raises(NotReady):
            await run(scheduler, "third", ended)
    assert ended == ["first"]


async def test_a_drain_gives_up_on_a_job_that_outlives_its_time() -> None:
    async with ready() as engine:
        scheduler = Scheduler(engine, settings.Queue())
        task = asyncio.create_task(run(scheduler, "endless", [], ENDLESS))
        await until(lambda: engine.state is EngineState.BUSY)
        await scheduler.drain(0.05)
        assert scheduler.running == 0
        with pytest.raises(NotReady) as caught:
            await task
        assert caught.value.reason is Unready.DRAINING


async def test_between_an_end_and_the_next_generate_the_loop_turns_a_few_times_at_most() -> None:
    """What speed there is comes from this: microseconds, where the chip makes a token in 120 ms."""
    loop, turns, seen = asyncio.get_running_loop(), 0, dict[EngineState, int]()

    def turn() -> None:
        nonlocal turns
        turns += 1
        loop.call_soon(turn)

    async with ready() as engine:
        scheduler = Scheduler(engine, settings.Queue())
        first = asyncio.create_task(run(scheduler, "first", [], 300))
        second = asyncio.create_task(run(scheduler, "second", []))
        await until(lambda: scheduler.waiting == 1 and engine.state is EngineState.BUSY)
        engine._condition._on_change = lambda: seen.setdefault(engine.state, turns)
        turn()
        await asyncio.gather(first, second)
        assert list(seen)[:2] == [EngineState.READY, EngineState.BUSY]
        assert seen[EngineState.BUSY] - seen[EngineState.READY] <= 3
