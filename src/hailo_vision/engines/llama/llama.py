"""The engine that keeps a child with llama.cpp's server, and asks it.

The server listens on a Unix socket in a folder of its own, with a key that is made for one child. It queues requests
while an aborted answer is on its way out, so the engine is READY as soon as a generation ends, however it ends.
"""

import asyncio
import logging
import secrets
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from typing import Any

import aiohttp

from hailo_vision.chat import Capabilities, Event, Generation, LoadedModel, ModelFacts
from hailo_vision.config.settings import Llama
from hailo_vision.engines.child import Supervisor
from hailo_vision.engines.condition import Condition
from hailo_vision.engines.contract import EngineState, OnChange, OnRestart
from hailo_vision.engines.llama import about
from hailo_vision.engines.llama.package import PACKAGE, version
from hailo_vision.engines.llama.plan import PROGRAM, Plan, plan
from hailo_vision.engines.llama.process import LLAMA_COMMAND, LlamaProcess
from hailo_vision.engines.llama.slots import Slots
from hailo_vision.engines.llama.vocabulary import special_tokens
from hailo_vision.engines.openai.completion import stream_completion
from hailo_vision.engines.openai.endpoint import Endpoint
from hailo_vision.engines.openai.fields import parse_object
from hailo_vision.engines.openai.reader import read_body
from hailo_vision.errors import DeviceFault, DeviceUnavailable, WorkerDied, WorkerStalled
from hailo_vision.models.facts import gguf_facts
from hailo_vision.models.memory import Claims, shortage
from hailo_vision.models.projector import with_projector
from hailo_vision.special_tokens import SpecialTokens

log = logging.getLogger(__name__)
_CLAIMS = Claims()  # of all engines: the machine has one memory

NAME = "llama.cpp"
HEALTH_S = 0.05  # between two looks: a server that we did not write has no other way to say that it is up
DEATH_S = 2.0  # a broken connection is the child's death, if that shows within this time
MAX_PROPERTIES_BYTES = 4 << 20


class LlamaEngine:
    """An Engine whose model is a GGUF file."""

    def __init__(
        self,
        settings: Llama,
        *,
        load_timeout_s: float,
        command: Sequence[str] = LLAMA_COMMAND,
        prefill_s: float = 300.0,
        token_s: float = 60.0,
        on_change: OnChange = lambda: None,
        on_restart: OnRestart = lambda reason: None,
    ) -> None:
        self._settings = settings
        self._load_timeout_s = load_timeout_s
        self._command = command
        self._silence_s = (prefill_s, token_s)
        self._condition = Condition(on_change, slots=settings.slots)
        self._supervisor = Supervisor(
            self._condition,
            name=NAME,
            quit_s=0.0,
            spawn=self._spawn,
            serve=self._serve,
            ask_to_leave=LlamaProcess.kill,
            on_restart=on_restart,
        )
        self._properties: dict[str, Any] | None = None
        self._server: tuple[aiohttp.ClientSession, Endpoint] | None = None  # of the child that was READY last
        self._stall: WorkerStalled | None = None  # why the child was killed
        self._slots = Slots(settings.slots)  # of that child
        self._busy_s = 0.0

    @property
    def slots(self) -> int:
        return self._settings.slots

    @property
    def state(self) -> EngineState:
        return self._condition.state

    @property
    def model(self) -> LoadedModel | None:
        return self._supervisor.model

    @property
    def capabilities(self) -> Capabilities:
        return about.capabilities(self._properties)

    @property
    def facts(self) -> ModelFacts:
        settings = with_projector(self._settings)
        return gguf_facts(settings.model, settings.mmproj, context_tokens=settings.context)

    @property
    def trouble(self) -> str | None:
        return self._condition.trouble

    @property
    def ready_in_s(self) -> float:
        return self._supervisor.ready_in_s

    @property
    def busy_s(self) -> float:
        return self._busy_s

    @property
    def worker_pid(self) -> int | None:
        return self._supervisor.pid

    @property
    def restarts(self) -> int:
        """How often a child had to be replaced."""
        return self._supervisor.restarts

    async def run(self) -> None:
        """Keep a child alive until cancelled. After an error that only a person can mend, wait for that."""
        await self._supervisor.run()

    async def ready(self) -> None:
        await self._condition.ready()

    async def unload(self) -> None:
        await self._supervisor.unload()

    async def generate(self, generation: Generation) -> AsyncGenerator[Event]:
        await self.ready()
        assert self._server is not None
        child = self._supervisor.child
        session, endpoint = self._server
        slots = self._slots
        slot, options = slots.take(generation.client)
        with self._condition.generating(self._is_up):
            try:
                completion = stream_completion(session, endpoint, generation, self._spend, options)
                async with aclosing(completion) as events:
                    async for event in events:
                        yield event
                self._supervisor.worked()
            except WorkerStalled as error:
                if child is not None:
                    self._stall = error
                    child.kill()  # whatever else it answers: all slots share one loop
                raise
            except DeviceUnavailable as error:
                raise await self._death(child) or error from None
            finally:
                slots.leave(slot)

    # A child's life

    async def _spawn(self) -> LlamaProcess:
        self._stall = None
        async with AsyncExitStack() as resources:
            folder = resources.enter_context(tempfile.TemporaryDirectory(prefix="hailo-vision-"))
            socket = str(Path(folder) / "llama.sock")
            settings = await asyncio.to_thread(with_projector, self._settings)
            child_plan = plan(settings, socket=socket, key=secrets.token_urlsafe(32))
            resources.callback(_CLAIMS.release, self)
            claimed_bytes = _CLAIMS.claim(self, settings)
            if short := await asyncio.to_thread(shortage, settings, claimed_bytes=claimed_bytes):
                raise DeviceUnavailable(DeviceFault.OUT_OF_MEMORY, short)
            return await LlamaProcess.spawn(child_plan, resources, self._command)

    async def _serve(self, child: LlamaProcess) -> None:
        """Wait until it has loaded, then until it ends; what is asked of it meanwhile is asked by `generate`."""
        special = await asyncio.to_thread(lambda: SpecialTokens(special_tokens(child.plan.model)))
        endpoint = self._endpoint(child.plan, special)
        session = await child.resources.enter_async_context(endpoint.session())
        properties = await self._load(child, session)
        self._take_model(properties, child.plan)
        self._server, self._slots = (session, endpoint), Slots(self._settings.slots)
        self._condition.become(EngineState.READY)
        await child.wait()
        if self._stall is not None:
            raise self._stall

    async def _load(self, child: LlamaProcess, session: aiohttp.ClientSession) -> dict[str, Any]:
        """What the server says of itself, once it has loaded its model."""
        try:
            async with asyncio.timeout(self._load_timeout_s):
                await self._until_up(child, session)
                return await _properties(session)
        except TimeoutError:
            raise WorkerStalled("load", self._load_timeout_s) from None
        except aiohttp.ClientError:
            silent = DeviceUnavailable(DeviceFault.FAILED, "llama.cpp did not say what it has loaded.")
            raise await self._death(child) or silent from None

    async def _until_up(self, child: LlamaProcess, session: aiohttp.ClientSession) -> None:
        """Return once it has loaded. Raises WorkerDied when it ends before."""
        while not await _is_up(session):
            try:
                async with asyncio.timeout(HEALTH_S):
                    returncode = await child.wait()
            except TimeoutError:
                continue
            raise WorkerDied(returncode)

    def _take_model(self, properties: dict[str, Any], child_plan: Plan) -> None:
        self._properties = properties
        model = about.loaded(
            properties,
            name=Path(child_plan.model).name,
            build=_build(child_plan),
            context=child_plan.context,
            image_max_tokens=child_plan.image_max_tokens,
            threads=child_plan.threads,
            load_s=asyncio.get_running_loop().time() - self._condition.started_at,
        )
        self._supervisor.loaded(model)

    def _endpoint(self, child_plan: Plan, special: SpecialTokens) -> Endpoint:
        prefill_s, token_s = self._silence_s
        return Endpoint(
            name=NAME,
            base_url="http://llama/v1",
            dialect="llama",
            model=Path(child_plan.model).name,
            socket=child_plan.socket,
            key=child_plan.key,
            prefill_s=prefill_s,
            token_s=token_s,
            special_tokens=special,
        )

    async def _death(self, child: LlamaProcess | None) -> WorkerDied | None:
        """What a broken connection was, if it was that."""
        try:
            async with asyncio.timeout(DEATH_S):
                return None if child is None else WorkerDied(await child.wait())
        except TimeoutError:
            return None

    def _is_up(self) -> bool:
        child = self._supervisor.child
        return child is not None and not child.has_ended

    def _spend(self, seconds: float) -> None:
        self._busy_s += seconds


async def _is_up(session: aiohttp.ClientSession) -> bool:
    try:
        async with session.get("http://llama/health") as response:
            return response.status == 200
    except aiohttp.ClientError:
        return False


async def _properties(session: aiohttp.ClientSession) -> dict[str, Any]:
    """Raises aiohttp.ClientResponseError where it does not say."""
    async with session.get("http://llama/props", raise_for_status=True) as response:
        return parse_object(await read_body(response.content, MAX_PROPERTIES_BYTES)) or {}


def _build(child_plan: Plan) -> str:
    return PROGRAM if child_plan.program is not None else f"{PACKAGE}-{version(child_plan.package_path)}"
