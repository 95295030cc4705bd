"""Errors come out of a group of tasks as themselves, whoever raised them."""

import asyncio

import pytest

from hailo_vision.tasks import task_group


async def test_an_error_of_a_task_is_raised_as_itself_with_its_cause() -> None:
    error, cause = ValueError("a bug"), KeyError("why")

    async def fail() -> None:
        raise error from cause

    async def work() -> None:
        async with task_group() as tasks:
            tasks.create_task(fail())
            await asyncio.Event().wait()

    with pytest.raises(ValueError, match="a bug") as caught:
        await work()
    assert caught.value is error
    assert caught.value.__cause__ is cause
    assert asyncio.current_task().cancelling() == 0  # type: ignore[union-attr]


async def test_an_error_of_the_block_is_raised_as_itself_and_the_tasks_are_cancelled() -> None:
    error = ValueError("a bug")
    begun: list[asyncio.Task[object]] = []

    async def work() -> None:
        async with task_group() as tasks:
            begun.append(tasks.create_task(asyncio.Event().wait()))
            await asyncio.sleep(0)
            raise error

    with pytest.raises(ValueError, match="a bug") as caught:
        await work()
    assert caught.value is error
    assert begun[0].cancelled()


async def test_a_block_that_is_cancelled_is_cancelled() -> None:
    async def work() -> None:
        async with task_group() as tasks:
            tasks.create_task(asyncio.Event().wait())
            await asyncio.Event().wait()

    working = asyncio.create_task(work())
    await asyncio.sleep(0)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
