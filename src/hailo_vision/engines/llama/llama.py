"""The engine that keeps a server of llama.cpp: starts it, asks it, and starts it again when it dies or is stuck.

`run` is the only task. The server listens on a Unix socket in a folder of its own, with a key that is made for one
child. It queues what is asked while an aborted answer is on its way out, so the engine is READY as soon as a
generation ends, however it ends.
"""

import asyncio
import json
import logging
import secrets
import tempfile
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from importlib import metadata
from pathlib import Path
from typing import Any

import aiohttp

from hailo_vision.chat import Capabilities, Event, Generation, LoadedModel, ModelFacts
from hailo_vision.config import settings
from hailo_vision.engines.backoff import Backoff
from hailo_vision.engines.condition import Condition
from hailo_vision.engines.contract import EngineState
from hailo_vision.engines.llama import about
from hailo_vision.engines.llama.plan import PACKAGE, PROGRAM, Plan, plan
from hailo_vision.engines.llama.process import LLAMA_COMMAND, LlamaProcess
from hailo_vision.engines.openai import body
from hailo_vision.engines.openai.conversation import converse
from hailo_vision.engines.openai.endpoint import Endpoint
from hailo_vision.engines.reason import reason
from hailo_vision.errors import DeviceFault, DeviceUnavailable, EngineError, WorkerDied, WorkerStalled
from hailo_vision.models.facts import gguf_facts
from hailo_vision.models.memory import shortage

log = logging.getLogger(__name__)

NAME = "llama.cpp"
UNKNOWN_LOAD_S = 10.0  # a guess until a load was measured
HEALTH_S = 0.05  # between two looks: a server that we did not write has no other way to say that it is up
DEATH_S = 2.0  # a broken connection is the child's death, if that shows within this time
PROPERTIES_BYTES = 4 << 20


class Llama:
    """An Engine whose model is a GGUF file."""

    def __init__(
        self,
        wanted: settings.Llama,
        *,
        load_timeout_s: float,
        command: Sequence[str] = LLAMA_COMMAND,
        prefill_s: float = 300.0,
        token_s: float = 60.0,
        on_change: Callable[[], None] = lambda: None,
        on_restart: Callable[[str], None] = lambda reason: None,
    ) -> None:
        self._wanted = wanted
        self._load_timeout_s = load_timeout_s
        self._command = command
        self._silence_s = (prefill_s, token_s)
        self._condition = Condition(on_change, slots=wanted.slots)
        self._on_restart = on_restart
        self._backoff = Backoff()
        self._model: LoadedModel | None = None
        self._properties: dict[str, Any] | None = None
        self._child: LlamaProcess | None = None
        self._server: tuple[aiohttp.ClientSession, Endpoint] | None = None
        self._stall: WorkerStalled | None = None  # why the child was killed
        self._freed = asyncio.Event()  # the unloaded child has ended
        self._restarts = 0
        self._busy_s = 0.0
        self._started_at = 0.0
        self._retry_at = 0.0

    @property
    def slots(self) -> int:
        return self._wanted.slots

    @property
    def state(self) -> EngineState:
        return self._condition.state

    @property
    def model(self) -> LoadedModel | None:
        return self._model

    @property
    def capabilities(self) -> Capabilities:
        return about.capabilities(self._properties)

    @property
    def facts(self) -> ModelFacts:
        return gguf_facts(self._wanted.model, self._wanted.mmproj, context_tokens=self._wanted.context)

    @property
    def trouble(self) -> str | None:
        return self._condition.trouble

    @property
    def ready_in_s(self) -> float:
        if self.state in (EngineState.READY, EngineState.BUSY):
            return 0.0
        load_s = self._model.load_s if self._model else UNKNOWN_LOAD_S
        if self.state is EngineState.UNLOADED:
            return max(1.0, load_s)
        return max(1.0, max(self._started_at, self._retry_at) + load_s - asyncio.get_running_loop().time())

    @property
    def busy_s(self) -> float:
        return self._busy_s

    @property
    def worker_pid(self) -> int | None:
        return self._child.pid if self._child else None

    @property
    def restarts(self) -> int:
        """How often a child had to be replaced."""
        return self._restarts

    async def ready(self) -> None:
        await self._condition.ready()

    async def unload(self) -> None:
        await self._condition.settled()
        if self.state is EngineState.READY and self._child is not None:
            log.info("unloading the model")
            self._freed.clear()
            self._condition.wanted.clear()
            self._condition.become(EngineState.UNLOADED)
            self._child.kill()
        if self.state is EngineState.UNLOADED:
            await self._freed.wait()

    async def generate(self, generation: Generation) -> AsyncGenerator[Event]:
        await self.ready()
        assert self._server is not None
        child = self._child
        session, endpoint = self._server
        with self._condition.generating(self._is_up):
            try:
                async with aclosing(converse(session, endpoint, generation, self._spend)) as events:
                    async for event in events:
                        yield event
                self._backoff.reset()
            except WorkerStalled as error:
                if child is not None:
                    self._stall = error
                    child.kill()  # whatever else it answers: all slots share one loop
                raise
            except DeviceUnavailable as error:
                raise await self._death(child) or error from None

    async def run(self) -> None:
        """Keep a child alive until cancelled. After an error that only a person can mend, wait for that."""
        try:
            while True:
                error = await self._live()
                if error is None:
                    self._freed.set()
                    await self._condition.wanted.wait()
                    continue
                self._condition.trouble = str(error)
                if isinstance(error, DeviceUnavailable) and error.fault.is_permanent:
                    log.error("%s Not tried again until the service is restarted.", error)
                    self._condition.become(EngineState.FAILED)
                    await asyncio.Event().wait()
                await self._pause(error)
        finally:
            self._condition.become(EngineState.STOPPED)
            self._freed.set()

    # A child's life

    async def _live(self) -> EngineError | None:
        """One child from its start to its end; returns why it ended, None when it was to be unloaded."""
        self._started_at = asyncio.get_running_loop().time()
        self._stall = None
        was_unloaded = self.state is EngineState.UNLOADED
        self._condition.become(EngineState.WAKING if was_unloaded else EngineState.STARTING)
        with tempfile.TemporaryDirectory(prefix="hailo-vision-") as folder:
            try:
                wanted = plan(self._wanted, socket=str(Path(folder) / "llama.sock"), key=secrets.token_urlsafe(32))
                if short := await asyncio.to_thread(shortage, self._wanted):
                    return DeviceUnavailable(DeviceFault.OUT_OF_MEMORY, short)
                child = self._child = await LlamaProcess.spawn(wanted, self._command)
            except DeviceUnavailable as error:
                return error
            except OSError as error:
                return DeviceUnavailable(DeviceFault.FAILED, f"llama.cpp could not be started: {error.strerror}.")
            try:
                return await self._serve(child, wanted)
            except asyncio.CancelledError:
                self._condition.become(EngineState.STOPPING)
                raise
            finally:
                self._child = self._server = None
                if self.state in (EngineState.READY, EngineState.BUSY):
                    self._condition.become(EngineState.STARTING)  # nothing is asked of this child any more
                await child.leave()

    async def _serve(self, child: LlamaProcess, wanted: Plan) -> EngineError | None:
        endpoint = self._endpoint(wanted)
        async with endpoint.session() as session:
            try:
                async with asyncio.timeout(self._load_timeout_s):
                    await self._until_up(child, session)
                    properties = await _properties(session)
            except TimeoutError:
                return WorkerStalled("load", self._load_timeout_s)
            except aiohttp.ClientError:
                return DeviceUnavailable(DeviceFault.FAILED, "llama.cpp did not say what it has loaded.")
            if child.has_ended:
                code = await child.wait()
                message = f"llama.cpp could not load the model (exit code {code}); the log has its words."
                return DeviceUnavailable(DeviceFault.FAILED, message)
            self._take_model(properties, wanted)
            self._server = (session, endpoint)
            self._condition.trouble = None
            self._condition.become(EngineState.READY)
            returncode = await child.wait()
            return None if self.state is EngineState.UNLOADED else self._stall or WorkerDied(returncode)

    async def _until_up(self, child: LlamaProcess, session: aiohttp.ClientSession) -> None:
        """Return once it has loaded, or has ended."""
        while not child.has_ended and not await _is_up(session):
            try:
                async with asyncio.timeout(HEALTH_S):
                    await child.wait()
            except TimeoutError:
                continue

    def _take_model(self, properties: dict[str, Any], wanted: Plan) -> None:
        self._properties = properties
        self._model = about.loaded(
            properties,
            name=Path(wanted.model).name,
            build=_build(wanted),
            image_max_tokens=wanted.image_max_tokens,
            threads=wanted.threads,
            load_s=asyncio.get_running_loop().time() - self._started_at,
        )

    def _endpoint(self, wanted: Plan) -> Endpoint:
        prefill_s, token_s = self._silence_s
        return Endpoint(
            name=NAME,
            base_url="http://llama/v1",
            dialect="llama",
            model=Path(wanted.model).name,
            socket=wanted.socket,
            key=wanted.key,
            prefill_s=prefill_s,
            token_s=token_s,
        )

    async def _death(self, child: LlamaProcess | None) -> WorkerDied | None:
        """What a broken connection was, if it was that."""
        try:
            async with asyncio.timeout(DEATH_S):
                return None if child is None else WorkerDied(await child.wait())
        except TimeoutError:
            return None

    async def _pause(self, error: EngineError) -> None:
        """Wait before the next try, as long as the backoff says."""
        self._restarts += 1
        self._on_restart(reason(error))
        delay_s = self._backoff.next_s()
        log.warning("%s Starting another llama.cpp in %.1f s.", error, delay_s)
        if delay_s:
            self._retry_at = asyncio.get_running_loop().time() + delay_s
            self._condition.become(EngineState.FAILED)
            await asyncio.sleep(delay_s)

    def _is_up(self) -> bool:
        return self._child is not None and not self._child.has_ended

    def _spend(self, seconds: float) -> None:
        self._busy_s += seconds


async def _is_up(session: aiohttp.ClientSession) -> bool:
    try:
        async with session.get("http://llama/health") as response:
            return response.status == 200
    except aiohttp.ClientError:
        return False


async def _properties(session: aiohttp.ClientSession) -> dict[str, Any]:
    try:
        async with session.get("http://llama/props") as response:
            told = json.loads(await body.first(response.content, PROPERTIES_BYTES))
    except ValueError:
        raise aiohttp.ClientPayloadError from None
    return told if isinstance(told, dict) else {}


def _build(wanted: Plan) -> str:
    return PROGRAM if wanted.program is not None else f"{PACKAGE}-{metadata.version(PACKAGE)}"
