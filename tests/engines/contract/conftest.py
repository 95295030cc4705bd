"""Every engine there is, each in the state in which a daemon would have it."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import pytest
import pytest_asyncio

from hailo_vision.config import settings
from hailo_vision.engines.chip.budgets import Budgets
from hailo_vision.engines.chip.chip import ChipEngine
from hailo_vision.engines.contract import DrivenEngine, EngineState
from hailo_vision.engines.llama.llama import LlamaEngine
from hailo_vision.engines.remote.remote import RemoteEngine
from hailo_vision.wire import Load
from harness import MODEL, Daemon
from local_models import SMOLLM2, has_llama, has_smollm2, llama_settings, smollm2
from supervised import until

QUICK = {"load_s": 0, "prefill_s": 0, "tokens_per_s": 0}
KINDS = [
    "simulated",
    pytest.param("llama", marks=[has_llama, has_smollm2]),
    pytest.param("llama of two slots", marks=[has_llama, has_smollm2]),
    "remote over simulated",
    pytest.param("remote over llama", marks=[has_llama, has_smollm2]),
]


@pytest.fixture(scope="module")
def llama_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon over llama.cpp with two slots, for engines that ask it over HTTP."""
    if not SMOLLM2.exists():
        pytest.skip("no SmolLM2 here: scripts/models gets it")
    limits = {"max_tokens_limit": 2000}
    config = {"device": {"runtime": "llama"}, "llama": smollm2(slots=2), "generation": limits}
    running = Daemon(tmp_path_factory.mktemp("llama"), config).wait_until_ready()
    yield running
    assert running.stop() == 0, running.log


def supervised(folder: str) -> ChipEngine:
    load = Load(runtime="hailo_vision.simulator", hef="/none.hef", device="none", group_id=folder, patience_s=5)
    environment = {"HAILO_VISION_SIMULATOR": json.dumps(QUICK), "XDG_RUNTIME_DIR": folder, "TMPDIR": folder}
    return ChipEngine(load, Budgets(), environment=environment)


def remote(daemon: Daemon, slots: int = 1) -> RemoteEngine:
    return RemoteEngine(settings.Remote(base_url=f"{daemon.url}/v1", model=MODEL, retries=0, slots=slots), key=None)


@pytest_asyncio.fixture(params=KINDS, scope="module", loop_scope="module")
async def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DrivenEngine]:
    """One of each kind for the module: what a test leaves behind is the next one's trouble, as it is in a daemon."""
    match request.param:
        case "simulated":
            made: DrivenEngine = supervised(str(tmp_path_factory.mktemp("chip")))
        case "llama":
            made = LlamaEngine(llama_settings(), load_timeout_s=60)
        case "llama of two slots":
            made = LlamaEngine(llama_settings(slots=2), load_timeout_s=60)
        case "remote over simulated":
            made = remote(request.getfixturevalue("daemon"))
        case _:
            made = remote(request.getfixturevalue("llama_daemon"), slots=2)
    async with running(made):
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def engine(kept: DrivenEngine) -> AsyncIterator[DrivenEngine]:
    """READY, and READY again after the test without a new child."""
    assert kept.state is EngineState.READY
    restarts = kept.restarts
    yield kept
    await until(lambda: kept.state is EngineState.READY)
    assert kept.restarts == restarts


@asynccontextmanager
async def running(engine: DrivenEngine) -> AsyncIterator[None]:
    task = asyncio.create_task(engine.run())
    try:
        await until(lambda: engine.state is EngineState.READY)
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert engine.state is EngineState.STOPPED
        assert engine.worker_pid is None
