"""The longest time for which one request holds the event loop, for each route that takes JSON and each costly body.

.venv/bin/python benchmarks/stretch.py [--all] [--replies]

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
from typing import Any

from report import machine

from costly import Body, bodies
from hailo_vision.chat import Finish, FinishReason, Logprob, Timings, Usage
from hailo_vision.http_api.openai.chat.reply import Choice, Reply
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
    stretches, plain = Stretches(), events.Handle._run

    def timed(handle: events.Handle) -> None:
        began = time.thread_time()
        try:
            plain(handle)
        finally:
            stretches.add(time.thread_time() - began)

    events.Handle._run = timed  # type: ignore[method-assign,assignment]
    try:
        yield stretches
    finally:
        events.Handle._run = plain  # type: ignore[method-assign]


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


async def measure_replies() -> None:
    """Whole answers of a chat with log probabilities, as they become JSON; no engine is asked for them."""
    from hailo_vision.http_api.web.json_reply import json_reply

    print("\n| tokens with 20 top_logprobs | MB | longest stretch ms | all ms |\n|---|---|---|---|")
    with watched() as stretches:
        for tokens in (512, 2048, 32_768):
            value = reply_with_logprobs(tokens)
            gc.collect()
            gc.freeze()
            await asyncio.sleep(0)
            stretches.take_ms()
            began = time.thread_time()
            response = await asyncio.create_task(json_reply(value))
            all_ms = (time.thread_time() - began) * 1000
            await asyncio.sleep(0)
            assert isinstance(response.body, bytes)
            print(f"| {tokens} | {len(response.body) / 1e6:.1f} | {stretches.take_ms():.1f} | {all_ms:.0f} |")


def reply_with_logprobs(tokens: int) -> dict[str, Any]:
    top = tuple(Logprob(token=f" word{index}", logprob=-index / 3, utf8=b" word%d" % index) for index in range(20))
    logprobs = tuple(Logprob(token=" word", logprob=-0.25, utf8=b" word", top=top) for _ in range(tokens))
    choice = Choice(text=" word" * tokens, calls=(), reason=FinishReason.LENGTH, logprobs=logprobs)
    usage = Usage(prompt_tokens=20, completion_tokens=tokens)
    finish = Finish(reason=FinishReason.LENGTH, usage=usage, timings=Timings())
    return Reply(id="chatcmpl-1", created=0, model="a-model", fingerprint="-").whole([choice], finish)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="each body, not the three worst of each route")
    parser.add_argument("--replies", action="store_true", help="only replies with log probabilities")
    shows_all = parser.parse_args().all
    print(f"Aim: no stretch over {AIM_MS} ms; {machine()}\n")
    asyncio.run(measure_replies())
    if not parser.parse_args().replies:
        asyncio.run(measure(shows_all=shows_all))


if __name__ == "__main__":
    main()
