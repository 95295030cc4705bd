"""Many pieces of work, of which the next is made ready while one runs. It knows nothing of pictures."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from hailo_vision.tasks import task_group

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

    `ping` is called whenever nothing came for `ping_s`. The first error, as that of a client that has left, and a
    cancellation end all work before they are raised.
    """
    numbers = iter(range(count))
    done: asyncio.Queue[T] = asyncio.Queue(AHEAD)

    async def worker() -> None:
        for number in numbers:
            await done.put(await work(number))

    async with task_group() as tasks:
        for _ in range(min(AHEAD, count)):
            tasks.create_task(worker())
        for _ in range(count):
            await tell(await _next(done, ping, ping_s))


async def _next(done: "asyncio.Queue[T]", ping: Callable[[], Awaitable[None]], ping_s: float) -> T:
    while True:
        try:
            async with asyncio.timeout(ping_s):
                return await done.get()
        except TimeoutError:
            await ping()
