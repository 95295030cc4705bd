"""Memory that is shared out."""

import asyncio
import random

import pytest

from hailo_vision.images.room import Room


async def hold(room: Room, size: int, order: list[int], leave: asyncio.Event) -> None:
    async with room.take(size):
        order.append(size)
        await leave.wait()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_who_comes_first_is_served_first_though_less_would_fit() -> None:
    room, leave, order = Room(10), asyncio.Event(), list[int]()
    async with room.take(6):
        tasks = [asyncio.ensure_future(hold(room, size, order, leave)) for size in (8, 2)]
        await settle()
        assert order == []
    leave.set()
    await asyncio.gather(*tasks)
    assert order == [8, 2]
    assert room.free_bytes == 10


async def test_who_wants_more_than_there_is_gets_all_of_it() -> None:
    room = Room(10)
    async with room.take(1000):
        assert room.free_bytes == 0
    assert room.free_bytes == 10


async def test_an_error_gives_back_what_was_taken() -> None:
    room = Room(10)
    with pytest.raises(ZeroDivisionError):
        async with room.take(4):
            raise ZeroDivisionError
    assert room.free_bytes == 10


async def test_who_leaves_while_waiting_does_not_hold_up_the_others() -> None:
    room, leave, order = Room(10), asyncio.Event(), list[int]()
    async with room.take(6):
        first, second = (asyncio.ensure_future(hold(room, size, order, leave)) for size in (8, 3))
        await settle()
        first.cancel()
        await settle()
        assert order == [3]
    leave.set()
    await second
    assert room.free_bytes == 10


async def test_whoever_comes_and_goes_nothing_is_lost() -> None:
    chance = random.Random(4)
    room = Room(100)

    async def visitor() -> None:
        async with room.take(chance.randint(0, 120)):
            assert room.free_bytes >= 0
            for _ in range(chance.randint(0, 3)):
                await asyncio.sleep(0)

    tasks = [asyncio.ensure_future(visitor()) for _ in range(300)]
    while not all(task.done() for task in tasks):
        chance.choice(tasks).cancel()
        await asyncio.sleep(0)
    await asyncio.gather(*tasks, return_exceptions=True)
    assert room.free_bytes == 100
    assert any(not task.cancelled() for task in tasks)
