"""The engine `llama`, whose children die or are stuck: each is counted, with its reason."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from hailo_vision.config import settings
from hailo_vision.engines.contract import EngineState
from hailo_vision.engines.llama.llama import LlamaEngine
from hailo_vision.errors import WorkerStalled
from local_models import has_llama, make_tiny
from supervised import asking, until

pytestmark = has_llama


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> settings.Llama:
    files = make_tiny(tmp_path_factory.mktemp("tiny"))
    return settings.Llama(model=files["model"], mmproj=None, threads=1, prompt_cache_mib=0)


@asynccontextmanager
async def kept(wanted: settings.Llama, **more: Any) -> AsyncIterator[tuple[LlamaEngine, list[str]]]:
    """An engine that runs, and the reasons of its restarts."""
    reasons: list[str] = []
    engine = LlamaEngine(wanted, on_restart=reasons.append, **{"load_timeout_s": 60.0, **more})
    task = asyncio.create_task(engine.run())
    try:
        yield engine, reasons
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert engine.restarts == len(reasons)


async def test_a_child_that_is_killed_is_counted_as_died(tiny: settings.Llama) -> None:
    async with kept(tiny) as (engine, reasons):
        await until(lambda: engine.state is EngineState.READY)
        assert engine.worker_pid is not None
        os.kill(engine.worker_pid, signal.SIGKILL)
        await until(lambda: bool(reasons) and engine.state is EngineState.READY)
        assert reasons == ["died"]


async def test_a_child_that_is_silent_for_too_long_is_counted_as_stalled_and_not_as_died(tiny: settings.Llama) -> None:
    async with kept(tiny, prefill_s=0.0) as (engine, reasons):
        await until(lambda: engine.state is EngineState.READY)
        with pytest.raises(WorkerStalled):
            async with aclosing(engine.generate(asking())) as events:
                await anext(events)
        await until(lambda: bool(reasons) and engine.state is EngineState.READY)
        assert reasons == ["stalled_in_prefill"]
        assert engine.worker_pid is not None
        os.kill(engine.worker_pid, signal.SIGKILL)
        await until(lambda: len(reasons) == 2)
        assert reasons[1] == "died"  # the stall was another child's


async def test_a_child_that_never_loads_and_one_that_ends_while_it_loads_have_their_reasons(
    tiny: settings.Llama,
) -> None:
    for program, reason, load_s in (("import time; time.sleep(60)", "stalled_in_load", 0.2), ("exit(7)", "failed", 60)):
        async with kept(tiny, command=(sys.executable, "-c", program), load_timeout_s=load_s) as (engine, reasons):
            await until(lambda: engine.state is EngineState.FAILED)
            assert set(reasons) == {reason}


LIBGOMP = "ImportError: libgomp.so.1: cannot open shared object file: No such file or directory"


@pytest.mark.parametrize(
    ("last_line", "trouble"),
    [
        (LIBGOMP, "sudo apt install libgomp1"),
        (
            "llama-server: while loading shared libraries: libgomp.so.1: cannot open shared object file",
            "libgomp1",
        ),
        ("ImportError: libodd.so.7: cannot open shared object file", "Install the package that has libodd.so.7"),
        ("0.00.1 E error loading model: tensor 'x' in /srv/models/a.gguf", "It said last: error loading model"),
        (
            "0.00.1 E load: error loading model: unknown architecture\n0.00.2 E srv init: exiting\nsee above",
            "unknown arch",
        ),
    ],
)
async def test_what_a_child_that_can_not_start_said_last_is_the_reason(
    tiny: settings.Llama, last_line: str, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    program = f"import sys; print('a trace', file=sys.stderr); sys.exit({last_line!r})"
    async with kept(tiny, command=(sys.executable, "-c", program)) as (engine, _):
        await until(lambda: engine.state is EngineState.FAILED)
        assert engine.trouble is not None
        assert trouble in engine.trouble
        assert "/srv" not in engine.trouble  # clients read it
        assert engine.trouble in caplog.text


async def test_an_unloaded_child_and_a_model_that_is_not_there_are_no_restarts(
    tiny: settings.Llama, tmp_path: Path
) -> None:
    async with kept(tiny) as (engine, reasons):
        await until(lambda: engine.state is EngineState.READY)
        await engine.unload()
        await engine.ready()
        assert reasons == []
    async with kept(settings.Llama(model=str(tmp_path / "none.gguf"), mmproj=None)) as (engine, reasons):
        await until(lambda: engine.state is EngineState.FAILED)
        assert reasons == []
