"""The longest time for which one request holds the event loop, for each route that takes JSON and each costly body.

.venv/bin/python benchmarks/stretch.py [--all]

What is measured is CPU time of the loop's thread between two of its turns: other work on the machine's cores is not
counted. The daemon runs in this process, its client in a thread.
"""

import argparse
import asyncio
import gc
import time
from asyncio import events
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from report import machine

from costly import Body, bodies
from inside import Inside, inside

AIM_MS = 100


class Stretches:
    """The longest run of a single callback of the loop, in milliseconds of CPU, since it was last asked."""

    def __init__(self) -> None:
        self._longest_s = 0.0

    def add(self, seconds: float) -> None:
        self._longest_s = max(self._longest_s, seconds)

    def take_ms(self) -> float:
        longest_s, self._longest_s = self._longest_s, 0.0
        return longest_s * 1000


@contextmanager
def watched() -> Iterator[Stretches]:
    """All callbacks of asyncio's loops are timed: a task's step is one of them."""
    stretches, plain = Stretches(), events.Handle._run  # type: ignore[attr-defined]

    def timed(handle: events.Handle) -> None:
        began = time.thread_time()
        try:
            plain(handle)
        finally:
            stretches.add(time.thread_time() - began)

    events.Handle._run = timed  # type: ignore[attr-defined]
    try:
        yield stretches
    finally:
        events.Handle._run = plain  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one body cost."""

    body: str
    size_kb: float
    status: int
    longest_ms: float


async def measure(*, shows_all: bool) -> None:
    from hailo_vision.http_api.app import surfaces

    routes = [route for surface in surfaces() for route in surface.routes if route.about.body is not None]
    config = {
        "queue": {"deadline_s": 20},
        "logging": {"level": "error"},
        "server": {"port": 0, "allow_benchmark": True},
    }
    gc.collect()
    gc.freeze()  # the libraries of the tests are no part of the daemon's heap, which the collector goes through
    with watched() as stretches:
        async with inside(config) as daemon:
            print("| route | body | kB | status | longest stretch ms |\n|---|---|---|---|---|")
            for route in routes:
                rows = [await one(daemon, stretches, route.path, body) for body in bodies(route.about.body or {})]
                rows.sort(key=lambda row: -row.longest_ms)
                for row in rows if shows_all else rows[:3]:
                    print(
                        f"| {route.path} | {row.body} | {row.size_kb:.0f} | {row.status} | {row.longest_ms:.1f} |",
                        flush=True,
                    )


async def one(daemon: Inside, stretches: Stretches, path: str, body: Body) -> Row:
    stretches.take_ms()
    status, _ = await daemon.send(path, body.content, kind=body.kind)
    return Row(body=body.name, size_kb=len(body.content) / 1000, status=status, longest_ms=stretches.take_ms())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="each body, not the three worst of each route")
    shows_all = parser.parse_args().all
    print(f"Aim: no stretch over {AIM_MS} ms; {machine()}\n")
    asyncio.run(measure(shows_all=shows_all))


if __name__ == "__main__":
    main()
