"""A new engine is one folder and one line in a table, and so is a new surface; all else comes with the line."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web

from hailo_vision.access.access import load_access
from hailo_vision.config import settings
from hailo_vision.config.served import EngineSettings, ModelSettings
from hailo_vision.daemon import fleet
from hailo_vision.engines.contract import Engine
from hailo_vision.engines.table import ENGINES
from hailo_vision.http_api import app
from hailo_vision.http_api.web.services import Downloads, Services
from hailo_vision.images.pictures import Pictures
from hailo_vision.scheduler.scheduler import Scheduler
from toys.echo import engine as echo
from toys.shout import handler as shout

# Keys of a request that are no strings are newer than the aiohttp of Debian 13.
pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")

TOY_ENGINES = {**ENGINES, "echo": echo.build}
TOY_SURFACES = (*app.surfaces(), shout.SURFACE)


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """The rooms of a daemon over the toy engine, with the toy surface, on a free port."""
    own = EngineSettings(runtime=cast(Any, "echo"), hef="/none.hef", load_timeout_s=1)
    chosen = fleet.EngineChoice(models=(ModelSettings(name="parrot", kind="text", engines=(own,)),), reason="a test")

    def schedule(engine: Engine, model: ModelSettings, runtime: str) -> Scheduler:
        return Scheduler(engine, settings.Queue())

    pictures = Pictures(settings.Images())
    built = fleet.build(chosen, schedule, pictures, lambda *_: None, lambda _: None, TOY_ENGINES)
    services = Services(
        version="1.2.3",
        started_at=0,
        access=load_access(settings.Server()),
        models=built.models,
        limit_bytes=1_000_000,
        allows_benchmark=False,
        has_console=False,
        downloads=Downloads(are_allowed=False, folder=folder, release=lambda: "5.1.1"),
        health=cast(Any, None),
        on_request=lambda *_: None,
        metrics=cast(Any, None),
    )
    runner = web.AppRunner(app.build(services, TOY_SURFACES), access_log=None, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        async with aiohttp.ClientSession(f"http://{host}:{port}") as client:
            yield client
    finally:
        await runner.cleanup()
        await pictures.aclose()


async def test_the_toy_surface_is_answered_by_the_toy_engine(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with house(tmp_path) as client:
        async with client.post("/v1/shout/", json={"model": "parrot", "words": "hello"}) as response:
            assert await response.json() == {"said": "HELLO", "tokens": 1}
            assert response.headers["x-hailo-vision-engine"] == "echo"
        (record,) = [record for record in caplog.records if record.getMessage() == "request"]
        facts = record.__dict__["facts"]
        assert (facts["engine"], facts["model"], facts["completion_tokens"]) == ("echo", "parrot", 1)


async def test_every_other_surface_is_answered_by_the_toy_engine_too(tmp_path: Path) -> None:
    said = {"model": "parrot", "messages": [{"role": "user", "content": "hello"}]}
    async with house(tmp_path) as client:
        async with client.post("/v1/chat/completions", json=said) as response:
            assert (await response.json())["choices"][0]["message"]["content"] == "hello"
        async with client.post("/api/chat", json={**said, "stream": False}) as response:
            assert (await response.json())["message"]["content"] == "hello"
        async with client.get("/v1/models") as response:
            (entry,) = (await response.json())["data"]
    assert (entry["runtime"], entry["input_modalities"]) == ("echo", ["text"])


async def test_errors_help_and_description_come_with_the_line(tmp_path: Path) -> None:
    async with house(tmp_path) as client:
        async with client.post("/shout", json={"model": "parrot", "words": 5}) as response:
            assert (await response.json())["error"]["param"] == "words"
        async with client.post("/shout", json={"model": "macaw", "words": "hi"}) as response:
            assert response.status == 404
        async with client.get("/openapi.json") as response:
            assert "/shout" in (await response.json())["paths"]
