"""The requests that run, so that those which wait for something when the server stops get an answer, too."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web

from hailo_vision.http_api.web.exchange import Exchange


class RunningRequests:
    """The requests that have no response yet, each with the task that makes it."""

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[Any], Exchange] = {}

    @contextmanager
    def one_more(self, about: Exchange) -> Iterator[None]:
        task = asyncio.current_task()
        assert task is not None
        self._tasks[task] = about
        try:
            yield
        finally:
            del self._tasks[task]

    def refuse(self) -> None:
        """End those of which nothing was sent yet: they get the 503 of a server that stops, whatever they wait for."""
        for task, about in self._tasks.items():
            if about.fail is None:
                about.is_refused = True
                task.cancel("the server is stopping")


RUNNING_REQUESTS = web.AppKey("running_requests", RunningRequests)
