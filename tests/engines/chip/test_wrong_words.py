"""A worker that says wrong things: every message and every field of it, in wrong types and ranges and at wrong times.

It stands for a vendor's library that corrupts the worker's memory. The engine must take it for a dead worker: never
end, never hang, never hand a wrong value on.
"""

import asyncio
import json
import struct
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from loaded_models import QWEN2_VL

from hailo_vision.chat import FinishReason, Usage
from hailo_vision.engines.backoff import Backoff
from hailo_vision.engines.chip.budgets import Budgets
from hailo_vision.engines.chip.chip import ChipEngine
from hailo_vision.engines.contract import EngineState
from hailo_vision.errors import (
    ContextLengthExceeded,
    DeviceFault,
    DeviceUnavailable,
    EngineError,
    GenerationFailed,
    WireError,
)
from hailo_vision.wire import Decoder, Failed, Finished, Hello, Loaded, Message, Token, Up, encode
from supervised import LOAD, asking, until

MODEL = replace(QWEN2_VL, max_images=5)
USAGE = Usage(prompt_tokens=1, completion_tokens=1)
TOO_LONG = ContextLengthExceeded(prompt_tokens=1, context_tokens=1)
HELLO, LOADED, TOKEN = Hello(pid=1), Loaded(model=MODEL), Token(job=1, text="x")
FINISHED = Finished(job=1, reason=FinishReason.STOP, usage=USAGE, prefill_s=0.1, decode_s=0.1, stop="end")
FAILED = Failed(job=1, error=GenerationFailed("m"), fatal=False)
LOST = Failed(job=1, error=DeviceUnavailable(DeviceFault.DEVICE_LOST, "m", status=62), fatal=True)
RIGHT: list[Up] = [HELLO, LOADED, TOKEN, FINISHED, FAILED, Failed(job=1, error=TOO_LONG, fatal=False), LOST]
WRONG: list[Any] = [None, True, -1, -0.5, 1.5, 2**53 + 1, 10**400, float("nan"), float("inf")]
WRONG += ["", "x" * 70_000, [], [1], {}, {"a": 1}]
WORDS = ("type", "kind", "fault", "reason")  # fields of a bounded set


def header_of(message: Message) -> dict[str, Any]:
    stream = encode(message)
    head_bytes, _ = struct.unpack(">II", stream[:8])
    found: dict[str, Any] = json.loads(stream[8 : 8 + head_bytes])
    return found


def framed(header: object, body: bytes = b"") -> bytes:
    head = json.dumps(header).encode()
    return struct.pack(">II", len(head), len(body)) + head + body


def fields(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key), inner
            yield from fields(inner, (*path, key))


def fits(was: object, value: object, name: str) -> bool:
    """Whether the field may have this value as well."""
    if value is None:
        return name in ("job", "status", "reason", "max_images", "stop")
    if isinstance(was, bool):
        return isinstance(value, bool)
    if isinstance(was, float):
        return value == 1.5
    return isinstance(was, str) and value == "" and name not in WORDS


def cases() -> Iterator[Any]:
    for number, message in enumerate(RIGHT):
        header = header_of(message)
        for path, was in fields(header):
            for value in WRONG:
                if not fits(was, value, path[-1]):
                    yield pytest.param(header, path, value, id=f"{number}-{'.'.join(path)}-{str(value)[:12]}")


@pytest.mark.parametrize(("header", "path", "value"), list(cases()))
def test_no_field_of_a_message_takes_another_type_or_range(
    header: dict[str, Any], path: tuple[str, ...], value: object
) -> None:
    changed = place = deepcopy(header)
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(WireError):
        list(Decoder().feed(framed(changed)))


@pytest.mark.parametrize("message", RIGHT, ids=lambda message: type(message).__name__)
def test_no_message_has_a_field_more_or_less_or_a_body(message: Up) -> None:
    header = header_of(message)
    assert list(Decoder().feed(framed(header)))
    lacking = [{key: value for key, value in header.items() if key != name} for name in header]
    for stream in (framed({**header, "more": 1}), framed(header, b"body"), *map(framed, lacking)):
        with pytest.raises(WireError):
            list(Decoder().feed(stream))


class Spoken:
    """A worker in this process: it says what the test has it say."""

    pid = 1

    def __init__(self) -> None:
        self.said: asyncio.Queue[bytes] = asyncio.Queue()
        self.is_killed = False

    def send(self, message: Message) -> None:
        pass

    async def receive(self) -> Any:
        decoder = Decoder()
        while data := await self.said.get():
            for message in decoder.feed(data):
                yield message

    def kill(self) -> None:
        self.is_killed = True

    async def leave(self, within_s: float) -> int:
        return -9


class Speaking(ChipEngine):
    """An engine whose workers are of this process."""

    workers: list[Spoken]

    async def _spawn(self) -> Any:
        self.workers.append(Spoken())
        return self.workers[-1]


STRAY: dict[str, tuple[str, list[Up]]] = {
    "an answer instead of a hello": ("start", [FINISHED]),
    "loaded before it was asked": ("start", [LOADED]),
    "a failed load before it was asked": ("start", [Failed(job=None, error=GenerationFailed("m"), fatal=True)]),
    "a second hello": ("load", [HELLO]),
    "an answer before the load": ("load", [TOKEN]),
    "a load that failed and goes on": ("load", [Failed(job=None, error=GenerationFailed("m"), fatal=False)]),
    "a load that failed for the client": ("load", [Failed(job=None, error=TOO_LONG, fatal=True)]),
    "loaded again": ("ready", [LOADED]),
    "hello again": ("ready", [HELLO]),
    "a token for nobody": ("ready", [TOKEN]),
    "an end for nobody": ("ready", [FINISHED]),
    "a failure for nobody": ("ready", [FAILED]),
    "a failed load long after": ("ready", [Failed(job=None, error=GenerationFailed("m"), fatal=True)]),
    "another job's token": ("busy", [Token(job=7, text="stolen")]),
    "another job's end": ("busy", [Finished(job=7, reason=None, usage=USAGE, prefill_s=0.0, decode_s=0.0)]),
    "another job's failure": ("busy", [Failed(job=7, error=GenerationFailed("m"), fatal=False)]),
    "loaded in an answer": ("busy", [LOADED]),
    "the end twice": ("busy", [FINISHED, FINISHED]),
    "a flood of tokens": ("busy", [TOKEN] * 200),
    "more tokens than were asked for": ("busy", [replace(FINISHED, usage=replace(USAGE, completion_tokens=99_999))]),
    "more cached than there were": ("busy", [replace(FINISHED, usage=replace(USAGE, cached_tokens=50))]),
    "a client's mistake that is fatal": ("busy", [Failed(job=1, error=TOO_LONG, fatal=True)]),
}


async def bring_to(engine: Speaking, when: str) -> asyncio.Task[list[Any]] | None:
    """Bring the first worker to this phase; gives the caller of an answer."""
    await until(lambda: bool(engine.workers))
    said = engine.workers[0].said
    if when != "start":
        said.put_nowait(encode(HELLO))
    if when in ("ready", "busy"):
        said.put_nowait(encode(LOADED))
        await until(lambda: engine.state is EngineState.READY)
    if when != "busy":
        return None
    caller = asyncio.create_task(collect(engine))
    await until(lambda: engine.state is EngineState.BUSY)
    return caller


@pytest.mark.parametrize("name", STRAY)
async def test_a_message_that_nobody_waits_for_ends_the_worker_and_nothing_else(name: str) -> None:
    when, words = STRAY[name]
    budgets = Budgets(hello_s=20, load_s=20, prefill_s=20, token_s=20, quit_s=1)
    engine = Speaking(LOAD, budgets, backoff=Backoff(long_s=0.1))
    engine.workers = []
    run = asyncio.create_task(engine.run())
    caller = await bring_to(engine, when)
    engine.workers[0].said.put_nowait(b"".join(map(encode, words)))
    await until(lambda: engine.workers[0].is_killed and len(engine.workers) > 1)
    assert not run.done()
    if caller is not None:
        with suppress(EngineError):  # the end may have come before the wrong word
            assert len(await caller) <= asking().max_tokens + 2
    engine.workers[1].said.put_nowait(encode(HELLO) + encode(LOADED))
    await until(lambda: engine.state is EngineState.READY)
    run.cancel()
    with suppress(asyncio.CancelledError):
        await run


async def collect(engine: ChipEngine) -> list[Any]:
    return [event async for event in engine.generate(asking())]
