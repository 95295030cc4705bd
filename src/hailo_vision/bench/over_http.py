"""Requests to a running server, over the HTTP API that every client uses."""

import platform
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from hailo_vision import __version__
from hailo_vision.bench.question import Question
from hailo_vision.bench.result import Vitals
from hailo_vision.bench.sample import AskFailed, Ending
from hailo_vision.chat import Piece, Timings, Usage
from hailo_vision.client import Server, ServerError, texts

_TICKS_PER_S = 100.0  # USER_HZ, which is 100 on every Linux that we run on
_MAX_NUMBER = 1e15  # more is no count, no size and no duration
_IDLE = (3, 4)  # /proc/stat: idle and iowait


class Bench:
    """The two requests that a bench makes of a server: `ask` a question, `look` at /health."""

    def __init__(self, server: Server, model: str, max_tokens: int) -> None:
        self._server = server
        self._model = model
        self._max_tokens = max_tokens
        self._is_local = urlsplit(server.url).hostname in ("127.0.0.1", "::1", "localhost")

    async def ask(self, question: Question) -> AsyncGenerator[Piece | Ending]:
        """Raises AskFailed."""
        try:
            async for event in self._server.chat(self._request(question)):
                for text in texts(event):
                    yield Piece(text=text)
                if usage := _part(event, "usage"):
                    yield ending(usage, _part(event, "performance"))
        except ServerError as error:
            raise AskFailed(error.code) from error

    async def look(self) -> Vitals:
        """Raises ServerError: a server that has gone has nothing more to measure."""
        return vitals(await self._server.health(), cpu_seconds() if self._is_local else None)

    def _request(self, question: Question) -> dict[str, Any]:
        content: list[dict[str, Any]] = []
        if question.picture is not None:
            content.append({"type": "image_url", "image_url": {"url": question.picture}})
        content.append({"type": "text", "text": question.prompt})
        return {
            "model": self._model,
            "messages": [{"role": "user", "content": content}],
            "max_tokens": self._max_tokens,
            "stream_options": {"include_usage": True},
        }


def ending(usage: Mapping[str, Any], performance: Mapping[str, Any] | None) -> Ending:
    """The end of a stream. A server without our `performance` gives no timings. What is no number counts as 0."""
    details = _part(usage, "prompt_tokens_details")
    return Ending(
        usage=Usage(
            prompt_tokens=int(number(usage.get("prompt_tokens")) or 0),
            completion_tokens=int(number(usage.get("completion_tokens")) or 0),
            cached_tokens=int(number(details.get("cached_tokens")) or 0),
        ),
        timings=_timings(performance) if performance else None,
    )


def _timings(performance: Mapping[str, Any]) -> Timings:
    image_s, queue_s, prefill_s, decode_s = (
        (number(performance.get(f"{phase}_ms")) or 0) / 1e3 for phase in ("image", "queue", "prefill", "decode")
    )
    return Timings(image_s=image_s, queue_s=queue_s, prefill_s=prefill_s, decode_s=decode_s)


def vitals(health: Mapping[str, Any], cpu: tuple[float, float] | None) -> Vitals:
    memory, chip, jobs, queue = (_part(health, key) for key in ("memory", "chip", "jobs", "queue"))
    busy_s, total_s = cpu or (None, None)
    engine_s = number(jobs.get("busy_seconds"))
    return Vitals(
        daemon_bytes=_whole(memory.get("daemon_bytes")),
        worker_bytes=_whole(memory.get("worker_bytes")),
        worker_restarts=_whole(health.get("worker_restarts")),
        temperature_c=number(chip.get("temperature_c")),
        npu_busy_s=None if engine_s is None else engine_s / (number(queue.get("slots")) or 1),
        cpu_busy_s=busy_s,
        cpu_s=total_s,
    )


def versions(health: Mapping[str, Any]) -> dict[str, str | None]:
    """The versions of everything on either side that could affect the figures."""
    chip = _part(health, "chip")
    facts = {
        "server": health.get("version"),
        "runtime": health.get("runtime"),
        "runtime_version": health.get("runtime_version"),
        "device": health.get("device"),
        "architecture": chip.get("architecture"),
        "firmware": chip.get("firmware"),
        "bench": __version__,
        "aiohttp": aiohttp.__version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "machine": _board(),
    }
    return {name: None if value is None else str(value) for name, value in facts.items()}


def number(value: Any) -> float | None:
    """A finite number as JSON has it; None for all else, as the server may be any. Python's JSON reads NaN too."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) <= _MAX_NUMBER:
        return None
    return value


def _whole(value: Any) -> int | None:
    return None if (amount := number(value)) is None else int(amount)


def _part(tree: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = tree.get(key)
    return value if isinstance(value, dict) else {}


def _board() -> str:
    """The machine on which the bench runs."""
    try:
        return Path("/proc/device-tree/model").read_text(errors="replace").strip("\0\n")
    except OSError:
        return platform.machine()


def cpu_seconds() -> tuple[float, float] | None:
    """Seconds that all cores have worked, and seconds of all cores, since the machine started."""
    try:
        ticks = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    except (OSError, ValueError, IndexError):
        return None
    total = sum(ticks)
    return (total - sum(ticks[column] for column in _IDLE)) / _TICKS_PER_S, total / _TICKS_PER_S
