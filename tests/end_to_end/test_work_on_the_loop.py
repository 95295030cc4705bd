"""No body within the limits has much done for it on the event loop, whatever route it comes by.

Work is counted and not timed: the calls that are made between two turns of the loop, the bytes that are read as JSON at
once, and the patterns that are compiled. benchmarks/stretch.py has the milliseconds.
"""

import json
import re
import sys
import threading
from asyncio import events
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import pytest

from costly import SCHEMAS, bodies, fields, plain
from hailo_vision.http_api.app import surfaces
from hailo_vision.http_api.web.body import MAX_JSON_BYTES
from hailo_vision.http_api.web.routes import Route
from inside import Inside, inside

# Elsewhere the daemon runs in a process of its own: aiohttp's advice, and what sdnotify leaves open without systemd.
pytestmark = [
    pytest.mark.filterwarnings("ignore:It is recommended to use web"),
    pytest.mark.filterwarnings("ignore:unclosed <socket.socket fd=.*, family=1, type=2"),
]

ROUTES = [route for surface in surfaces() for route in surface.routes if route.about.body is not None]
PATTERNS = frozenset(
    pattern
    for schema in SCHEMAS.values()
    for part in (schema, *schema.get("allOf", ()), *schema.get("properties", {}).values())
    for pattern in (part.get("pattern"), *part.get("patternProperties", ()))
    if pattern is not None
)
MAX_CALLS = 700_000  # measured without the counting: 475,000 of them are 50 ms
# What a request may come to that is no fault of the server: by its code, or in Ollama's dialect by its words.
DONE = ("structured_output_failed", "tool_call_failed", "generation_timeout", "The model did not")


@dataclass(kw_only=True)
class Work:
    """What was done on the loop's thread since the last reset."""

    most_calls: int = 0
    most_json_bytes: int = 0
    compiled: list[object] = field(default_factory=list)

    def reset(self) -> None:
        self.most_calls = self.most_json_bytes = 0
        self.compiled.clear()


@contextmanager
def counted(patch: pytest.MonkeyPatch) -> Iterator[Work]:
    work, here = Work(), threading.get_ident()
    run, loads, compile_pattern = events.Handle._run, json.loads, re._compile  # type: ignore[attr-defined]

    def counting_run(handle: events.Handle) -> None:
        calls = 0

        def called(_frame: FrameType, event: str, _argument: object) -> None:
            nonlocal calls
            calls += event in ("call", "c_call")

        before = sys.getprofile()
        sys.setprofile(called)
        try:
            run(handle)
        finally:
            sys.setprofile(before)
            work.most_calls = max(work.most_calls, calls)

    def counting_loads(text: Any, **options: Any) -> Any:
        if threading.get_ident() == here:
            work.most_json_bytes = max(work.most_json_bytes, len(text))
        return loads(text, **options)

    def counting_compile(pattern: Any, flags: Any) -> Any:
        if threading.get_ident() == here:
            work.compiled.append(pattern)
        return compile_pattern(pattern, flags)

    with patch.context() as patched:
        patched.setattr(events.Handle, "_run", counting_run)
        patched.setattr(json, "loads", counting_loads)
        patched.setattr(re, "_compile", counting_compile)
        yield work


def check(work: Work, what: str) -> None:
    assert work.most_calls <= MAX_CALLS, what
    assert work.most_json_bytes <= MAX_JSON_BYTES, what
    assert not PATTERNS.intersection(work.compiled), what


async def send(daemon: Inside, route: Route, content: bytes, kind: str, what: str) -> int:
    status, answer = await daemon.send(route.path, content, kind=kind)
    assert status < 500 or any(code.encode() in answer for code in DONE), (what, status, answer[:300])
    return status


async def test_what_the_costly_bodies_are_made_of_is_answered_by_every_route() -> None:
    """Else all of them would be refused before anything costly in them is looked at."""
    async with inside({"server": {"port": 0, "allow_benchmark": True}, "logging": {"level": "error"}}) as daemon:
        for route in ROUTES:
            body = json.dumps(plain(route.about.body or {})).encode()
            assert await send(daemon, route, body, "application/json", route.path) == 200, route.path


@pytest.mark.slow
@pytest.mark.parametrize("route", ROUTES, ids=[route.path for route in ROUTES])
async def test_no_costly_body_has_much_done_on_the_loop(route: Route, monkeypatch: pytest.MonkeyPatch) -> None:
    with counted(monkeypatch) as work:
        async with inside({"queue": {"deadline_s": 20}, "logging": {"level": "error"}}) as daemon:
            for body in bodies(route.about.body or {}, big_mb=2):
                work.reset()
                await send(daemon, route, body.content, body.kind, body.name)
                check(work, body.name)


@pytest.mark.parametrize("route", ROUTES, ids=[route.path for route in ROUTES])
async def test_no_pattern_is_compiled_on_the_loop(route: Route, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that people write are taken, wherever the route takes schemas."""
    schema = {"type": "object", "properties": {"name": {"type": "string", "pattern": "^[a-z]+(?:-[a-z]+)*$"}}}
    with counted(monkeypatch) as work:
        async with inside({"logging": {"level": "error"}}) as daemon:
            for place, added in fields(schema, 1).items():
                work.reset()
                body = json.dumps({**plain(route.about.body or {}), **added}).encode()
                await send(daemon, route, body, "application/json", place)
                assert "^[a-z]+(?:-[a-z]+)*$" not in work.compiled
                check(work, place)
