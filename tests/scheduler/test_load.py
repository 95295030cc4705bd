"""A model that somebody wants on the chip, and how long it stays there."""

import asyncio

import pytest

from hailo_vision.engines.contract import EngineState
from hailo_vision.errors import Expired, NotReady
from scheduler.puppet import Puppet
from scheduler.test_jobs import KEEP, House, Keep, now, opened
from supervised import until


async def load(house: House, *, arrived_at: float | None = None) -> None:
    await house.scheduler.load(client="a", arrived_at=now() if arrived_at is None else arrived_at)


async def test_a_load_wakes_the_model_and_returns_when_it_is_there() -> None:
    async with opened(Puppet(EngineState.UNLOADED)) as house:
        loading = asyncio.create_task(load(house))
        await until(lambda: house.engine.state is EngineState.WAKING)
        assert not loading.done()
        house.engine.become(EngineState.READY)
        await loading
        assert (house.engine.asked, house.records, house.scheduler.totals.admitted) == ([], [], 0)


async def test_a_load_of_what_is_loaded_waits_for_nobody() -> None:
    async with opened() as house:
        asked = house.ask("b1")
        await house.running("b1")
        await load(house)
        await house.answer("b1")
        assert await asked.error() is None


async def test_a_load_has_a_deadline_and_is_refused_where_no_request_would_be_taken() -> None:
    async with opened(Puppet(EngineState.UNLOADED), deadline_s=0.05) as house:
        with pytest.raises(Expired):
            await load(house)
    async with opened(Puppet(EngineState.FAILED)) as house:
        with pytest.raises(NotReady):
            await load(house)


async def test_a_load_makes_the_time_of_idleness_begin_anew() -> None:
    async with opened(keep=Keep(keep_alive=1000)) as house:
        before = house.scheduler.unloads_in_s
        await asyncio.sleep(0.02)
        await load(house)
        after = house.scheduler.unloads_in_s
        assert before is not None
        assert after is not None
        assert after > 1000 - 0.02


@pytest.mark.parametrize("keep", [KEEP, Keep(keep_alive=5, is_pinned=True)])
async def test_what_stays_has_no_end(keep: Keep) -> None:
    async with opened(keep=keep) as house:
        assert house.scheduler.unloads_in_s is None


async def test_while_there_is_work_the_whole_time_is_left() -> None:
    async with opened(keep=Keep(keep_alive=1000)) as house:
        house.ask("a1")
        await house.running("a1")
        assert house.scheduler.unloads_in_s == 1000
        await house.answer("a1")


async def test_the_time_of_a_load_is_a_part_of_the_wait_and_told_of_the_job_that_waited_for_it() -> None:
    async with opened(Puppet(EngineState.UNLOADED)) as house:
        house.ask("a1")
        house.ask("b2")
        await until(lambda: house.engine.state is EngineState.WAKING)
        await asyncio.sleep(0.02)
        house.engine.become(EngineState.READY)
        await house.answer("a1")
        await house.answer("b2")
        first, second = (record.timings for record in house.records)
        assert 0 < first.load_s <= first.queue_s
        assert second.load_s == 0
