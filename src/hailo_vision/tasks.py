"""Tasks that belong to a block, whose errors come out of it as themselves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def task_group() -> AsyncIterator[asyncio.TaskGroup]:
    """An asyncio.TaskGroup that raises its first error, with its cause, and not a group of them.

    So who calls a function need not know that it has tasks.
    """
    failure: BaseException | None = None
    try:
        async with asyncio.TaskGroup() as tasks:
            yield tasks
    except BaseExceptionGroup as group:
        failure = group.exceptions[0]
    if failure is not None:
        try:
            raise failure
        finally:
            del failure  # or it would hold this frame, and be held by it
