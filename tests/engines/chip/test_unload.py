"""The model leaves the chip when nobody needs it, and comes back; and a stop is short in every state."""

import asyncio
import os
from contextlib import aclosing

import pytest

from hailo_vision.chat import Finish, Piece
from hailo_vision.engines.chip.budgets import Budgets
from hailo_vision.engines.chip.chip import ChipEngine
from hailo_vision.engines.contract import EngineState
from hailo_vision.errors import DeviceUnavailable
from supervised import answer, asking, ready, supervised, until

PATIENT = Budgets(hello_s=3600, load_s=3600, prefill_s=3600, token_s=3600, abort_s=3600, quit_s=0.5)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_an_unloaded_engine_has_no_process_and_says_what_it_had_loaded() -> None:
    async with ready() as engine:
        pid, model = engine.worker_pid, engine.model
        assert pid is not None
        await engine.unload()
        assert (engine.state, engine.worker_pid, engine.model) == (EngineState.UNLOADED, None, model)
        assert not is_alive(pid)
        assert engine.ready_in_s > 0
        assert (engine.restarts, engine.trouble) == (0, None)
        await engine.unload()  # what is gone is gone


async def test_whoever_asks_an_unloaded_engine_has_it_loaded_again() -> None:
    seen: list[EngineState] = []
    async with ready() as engine:
        engine._condition._on_change = lambda: seen.append(engine.state)
        for _ in range(2):
            await engine.unload()
            assert isinstance((await answer(engine))[-1], Finish)
        assert engine.restarts == 0
    names = ["unloaded", "waking", "ready", "busy", "ready"]
    assert [state.value for state in seen] == [*names, *names, "stopping", "stopped"]


async def test_an_unload_waits_for_a_generation_that_is_on_its_way_out() -> None:
    async with ready() as engine:
        async with aclosing(engine.generate(asking(100_000))) as events:
            assert await anext(events) == Piece(text="1 ")
        assert engine.state is EngineState.BUSY
        await engine.unload()
        assert engine.state is EngineState.UNLOADED


async def test_an_unload_that_is_given_up_in_time_changes_nothing() -> None:
    async with ready() as engine, aclosing(engine.generate(asking(100_000))) as events:
        await anext(events)
        unloading = asyncio.create_task(engine.unload())
        await asyncio.sleep(0)
        unloading.cancel()
        await asyncio.gather(unloading, return_exceptions=True)
        assert isinstance(await anext(events), Piece)
        assert engine.state is EngineState.BUSY


@pytest.mark.slow
async def test_a_worker_that_does_not_leave_when_it_is_unloaded_is_killed() -> None:
    async with ready("deaf_to_quit") as engine:
        pid = engine.worker_pid
        assert pid is not None
        await engine.unload()
        assert not is_alive(pid)
        assert engine.state is EngineState.UNLOADED
        assert isinstance((await answer(engine))[-1], Finish)


async def test_a_worker_that_dies_while_it_loads_again_is_tried_once_more() -> None:
    async with ready() as engine:
        await engine.unload()
        waiting = asyncio.create_task(answer(engine))
        await until(lambda: engine.worker_pid is not None)
        assert engine.worker_pid is not None
        os.kill(engine.worker_pid, 9)
        assert isinstance((await waiting)[-1], Finish)
        assert engine.restarts == 1


async def test_an_engine_that_failed_has_nothing_to_unload() -> None:
    async with supervised("bad_model") as engine:
        await until(lambda: engine.state is EngineState.FAILED)
        await engine.unload()
        assert (engine.state, engine.trouble) == (EngineState.FAILED, "bad model")
        with pytest.raises(DeviceUnavailable, match="bad model"):
            await engine.ready()


async def test_the_time_of_all_generations_is_summed_up_the_aborted_ones_too() -> None:
    async with ready() as engine:
        await answer(engine)
        assert engine.busy_s == 3.0
        async with aclosing(engine.generate(asking(100_000))) as events:
            await anext(events)
        await until(lambda: engine.state is EngineState.READY)
        assert engine.busy_s == 6.0


# A stop. Its way out of each state waits for no budget of the device's: those here are an hour long.


async def generating(engine: ChipEngine) -> "asyncio.Task[object]":
    await until(lambda: engine.state is EngineState.READY)
    task: asyncio.Task[object] = asyncio.create_task(answer(engine, 100_000))
    await until(lambda: engine.state is EngineState.BUSY)
    return task


STOPS = {
    "starting": ("silent", EngineState.STARTING),
    "loading": ("stuck_in_load", EngineState.STARTING),
    "idle": ("obedient", EngineState.READY),
    "stuck in prefill": ("stuck_in_prefill", EngineState.BUSY),
    "generating": ("obedient", EngineState.BUSY),
    "aborting": ("deaf", EngineState.BUSY),
    "failed for good": ("bad_model", EngineState.FAILED),
    "before another try": ("dies_at_once", EngineState.FAILED),
    "unloaded": ("obedient", EngineState.UNLOADED),
    "unloading": ("deaf_to_quit", EngineState.UNLOADED),
}


@pytest.mark.parametrize("case", STOPS)
async def test_a_stop_is_short_in_every_state_and_leaves_no_worker(case: str) -> None:
    way, state = STOPS[case]
    tasks: list[asyncio.Task[object]] = []
    async with asyncio.timeout(20):
        async with supervised(way, PATIENT) as engine:
            if state is EngineState.BUSY:
                tasks.append(await generating(engine))
            if case == "aborting":
                tasks.pop().cancel()
            if state is EngineState.UNLOADED:
                await until(lambda: engine.state is EngineState.READY)
                tasks.append(asyncio.create_task(engine.unload()))
            if case == "unloaded":
                await tasks[0]
            await until(lambda: engine.state is state)
            pid = engine.worker_pid
        await asyncio.gather(*tasks, return_exceptions=True)
    assert engine.state is EngineState.STOPPED
    assert pid is None or not is_alive(pid)


async def test_a_stop_while_the_model_is_loaded_again_is_short_too() -> None:
    async with asyncio.timeout(20):
        async with supervised("obedient", PATIENT) as engine:
            await until(lambda: engine.state is EngineState.READY)
            await engine.unload()
            engine._command = (*engine._command[:-1], "stuck_in_load")
            waiting = asyncio.create_task(answer(engine))
            await until(lambda: engine.state is EngineState.WAKING and engine._silence.phase[0] == "load")
            pid = engine.worker_pid
        with pytest.raises(DeviceUnavailable):
            await waiting
    assert pid is not None
    assert not is_alive(pid)
