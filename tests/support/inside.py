"""The daemon inside the process of a test or a benchmark, where the work of its event loop can be counted.

Its clients ask from threads, so that what is counted on the loop's own thread is the daemon's work alone.
"""

import asyncio
import http.client
import json
import logging
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from harness import PATIENCE_S


@dataclass(frozen=True, kw_only=True)
class Inside:
    """A running daemon, by its address."""

    url: str

    async def send(self, path: str, body: bytes, method: str = "POST", kind: str = "application/json") -> Any:
        """Status and content of an answer."""
        return await asyncio.to_thread(self._send, path, body, method, kind)

    def _send(self, path: str, body: bytes, method: str, kind: str) -> tuple[int, bytes]:
        address = urlsplit(self.url)
        with closing(http.client.HTTPConnection(address.hostname or "", address.port, timeout=300)) as connection:
            connection.request(method, path, body, {"Content-Type": kind})
            response = connection.getresponse()
            return response.status, response.read()


class _Address(logging.Handler):
    """Waits for the line in which the daemon says where it listens."""

    def __init__(self) -> None:
        super().__init__()
        self.url: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage() == "listening" and not self.url.done():
            self.url.set_result(record.facts["url"])  # type: ignore[attr-defined]


@contextmanager
def _listening() -> Iterator["asyncio.Future[str]"]:
    log, handler = logging.getLogger("hailo_vision.daemon.listen"), _Address()
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield handler.url
    finally:
        log.removeHandler(handler)
        log.setLevel(level)


@asynccontextmanager
async def inside(config: Mapping[str, Any] | None = None) -> AsyncIterator[Inside]:
    """The daemon on the simulator, ready. Leaving the block stops it."""
    from hailo_vision.config.load import load
    from hailo_vision.daemon.run import run

    sections = {"device": {"runtime": "simulated"}, "server": {"port": 0}, **(config or {})}
    sections["simulator"] = {"load_s": 0, "prefill_s": 0, "tokens_per_s": 0, **sections.get("simulator", {})}
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch, _listening() as found:
        patch.setenv("XDG_RUNTIME_DIR", folder)  # a chip of its own
        patch.setenv("XDG_DATA_HOME", folder)
        path = Path(folder, "hailo-vision.json")
        path.write_text(json.dumps(sections))
        settings = load(path)
        running = asyncio.create_task(run(settings, lambda: settings))
        try:
            daemon = Inside(url=await asyncio.wait_for(found, PATIENCE_S))
            async with asyncio.timeout(PATIENCE_S):
                while (await daemon.send("/health/ready", b"", "GET"))[0] != 200:
                    await asyncio.sleep(0.05)
            yield daemon
            signal.raise_signal(signal.SIGTERM)  # the daemon has a handler for it by now, and stops in its own order
            await asyncio.wait_for(asyncio.shield(running), PATIENCE_S)
        finally:
            running.cancel()
            await asyncio.wait([running])
