"""Work that is done two at a time, told as it comes, and cancelled together."""

import asyncio

import pytest

from hailo_vision.http_api.vision.ahead import AHEAD, ahead


async def nothing() -> None:
    pass


async def test_all_is_done_and_told_and_never_more_than_two_at_once() -> None:
    begun: list[int] = []
    told: list[int] = []
    running = most = 0

    async def work(number: int) -> int:
        nonlocal running, most
        begun.append(number)
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return number

    async def tell(number: int) -> None:
        told.append(number)

    await ahead(20, work, tell, nothing)
    assert begun == list(range(20))
    assert sorted(told) == begun
    assert most == AHEAD


async def test_the_next_one_begins_while_one_runs() -> None:
    second = asyncio.Event()

    async def work(number: int) -> int:
        if number == 0:
            async with asyncio.timeout(20):
                await second.wait()
        second.set()
        return number

    told: list[int] = []

    async def tell(number: int) -> None:
        told.append(number)

    await ahead(2, work, tell, nothing)
    assert set(told) == {0, 1}


@pytest.mark.parametrize("where", ["tell", "ping"])
async def test_when_the_client_leaves_all_work_is_cancelled_first(where: str) -> None:
    cancelled: list[int] = []

    async def work(number: int) -> int:
        if number == 0 and where == "tell":
            return number
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(number)
            raise
        return number

    async def leave(_: int = 0) -> None:
        await asyncio.sleep(0)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await ahead(5, work, leave, leave, ping_s=0.01)
    assert sorted(cancelled) == ([1, 2] if where == "tell" else [0, 1])


async def test_a_silence_is_filled_until_something_comes() -> None:
    pings = 0
    enough = asyncio.Event()

    async def work(number: int) -> int:
        async with asyncio.timeout(20):
            await enough.wait()
        return number

    async def ping() -> None:
        nonlocal pings
        pings += 1
        if pings == 3:
            enough.set()

    async def tell(_: int) -> None:
        pass

    await ahead(1, work, tell, ping, ping_s=0.01)
    assert pings >= 3


@pytest.mark.parametrize("error", [ZeroDivisionError, MemoryError])
async def test_an_error_of_the_work_is_raised_as_itself_and_is_no_hang(error: type[Exception]) -> None:
    async def work(number: int) -> int:
        raise error

    async def tell(_: int) -> None:
        pass

    with pytest.raises(error):
        await ahead(5, work, tell, nothing)
