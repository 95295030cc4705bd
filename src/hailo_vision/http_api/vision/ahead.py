"""Many pieces of work, of which the next is made ready while one runs. It knows nothing of pictures."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

AHEAD = 2  # one that has the engine and one that is next: more would only fill the queue
PING_S = 15.0  # proxies close what is silent for a minute

T = TypeVar("T")


async def ahead(
    count: int,
    work: Callable[[int], Awaitable[T]],
    tell: Callable[[T], Awaitable[None]],
    ping: Callable[[], Awaitable[None]],
    *,
    ping_s: float = PING_S,
) -> None:
    """Do `work` for 0 to `count` - 1, begun in this order, and `tell` what each gives, as it comes.

    `ping` is called whenever nothing came for `ping_s`. When the client leaves (ConnectionResetError from either) or
    this is cancelled, all work is cancelled before it raises.
    """
    numbers = iter(range(count))
    done: asyncio.Queue[T] = asyncio.Queue(AHEAD)
    gone: ConnectionResetError | None = None

    async def worker() -> None:
        for number in numbers:
            await done.put(await work(number))

    async with asyncio.TaskGroup() as group:
        workers = [group.create_task(worker()) for _ in range(min(AHEAD, count))]
        try:
            for _ in range(count):
                await tell(await _next(done, ping, ping_s))
        except ConnectionResetError as error:  # kept, as the group would wrap it
            gone = error
            for task in workers:
                task.cancel()
    if gone is not None:
        raise gone


async def _next(done: "asyncio.Queue[T]", ping: Callable[[], Awaitable[None]], ping_s: float) -> T:
    while True:
        try:
            async with asyncio.timeout(ping_s):
                return await done.get()
        except TimeoutError:
            await ping()
