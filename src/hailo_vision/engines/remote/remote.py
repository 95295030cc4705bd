"""The engine that is somebody's server: anything that speaks OpenAI's chat completions over HTTP.

`run` is the only task: it looks whether the server is there, and looks again after a connection has failed. While all
goes well it sends no requests of its own.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing
from hashlib import blake2b
from typing import Any

import aiohttp

from hailo_vision.chat import Capabilities, Event, Generation, LoadedModel, ModelFacts
from hailo_vision.config.settings import Remote
from hailo_vision.engines.backoff import Backoff, restart_reason
from hailo_vision.engines.condition import Condition
from hailo_vision.engines.contract import EngineState, OnChange, OnRestart
from hailo_vision.engines.openai import listing
from hailo_vision.engines.openai.completion import stream_completion
from hailo_vision.engines.openai.endpoint import Endpoint
from hailo_vision.engines.openai.response_error import error_from_response
from hailo_vision.errors import DeviceFault, DeviceUnavailable, HailoVisionError, UpstreamBusy

log = logging.getLogger(__name__)

NAME = "The server behind this one"
LOOK_S = 10.0  # for the answer to GET /models
PATCH_PX = 28  # a token shows about so much of a side: an upper bound is all that is needed
MAX_WAIT_S = 10.0  # before another try; who says longer is not waited for
# Servers with a prefix cache that is shared by all requests of one `cache_salt`, by `owned_by` in their list of models.
SALTED = ("vllm", "sglang")


def endpoint(settings: Remote, key: str | None) -> Endpoint:
    assert settings.base_url is not None
    return Endpoint(
        name=NAME,
        base_url=settings.base_url.rstrip("/"),
        dialect="openai",
        model=settings.model or "",
        key=key,
        headers=dict(header.split(": ", 1) for header in settings.headers),
        connect_s=settings.connect_timeout_s,
        prefill_s=settings.first_token_timeout_s,
        token_s=settings.token_timeout_s,
    )


class RemoteEngine:
    """An Engine that lives elsewhere. It has no child, and nothing here can unload it."""

    def __init__(
        self,
        settings: Remote,
        *,
        key: str | None,
        on_change: OnChange = lambda: None,
        on_restart: OnRestart = lambda reason: None,
    ) -> None:
        self._settings = settings
        self._place = {"facts": {"base_url": settings.base_url, "remote_model": settings.model}}  # for lines of the log
        self._endpoint = endpoint(settings, key)
        self._condition = Condition(on_change, slots=settings.slots)
        self._on_restart = on_restart
        self._backoff = Backoff()
        self._model: LoadedModel | None = None
        self._entry: dict[str, Any] = {}  # what the server's list says of the model
        self._session: aiohttp.ClientSession | None = None
        self._lost = asyncio.Event()
        self._busy_s = 0.0
        self._losses = 0
        self._secret = secrets.token_bytes(32)

    @property
    def slots(self) -> int:
        return self._settings.slots

    @property
    def state(self) -> EngineState:
        return self._condition.state

    @property
    def model(self) -> LoadedModel | None:
        return self._model

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(**dict.fromkeys(self._settings.native, True))

    @property
    def facts(self) -> ModelFacts:
        return listing.facts(self._entry)

    @property
    def trouble(self) -> str | None:
        return self._condition.trouble

    @property
    def ready_in_s(self) -> float:
        return self._condition.ready_in_s(0.0)

    @property
    def busy_s(self) -> float:
        return self._busy_s

    @property
    def worker_pid(self) -> int | None:
        return None

    @property
    def restarts(self) -> int:
        """How often the server was lost."""
        return self._losses

    async def ready(self) -> None:
        await self._condition.ready()

    async def unload(self) -> None:
        """Not ours to do."""

    async def generate(self, generation: Generation) -> AsyncGenerator[Event]:
        await self.ready()
        with self._condition.generating(lambda: True):
            try:
                async with aclosing(self._tries(generation)) as events:
                    async for event in events:
                        yield event
            except DeviceUnavailable as error:
                self._lose(error)
                raise

    async def run(self) -> None:
        """Look whether the server is there, until cancelled."""
        async with self._endpoint.session() as self._session:
            try:
                while True:
                    await self._look()
                    await self._lost.wait()
            finally:
                self._condition.become(EngineState.STOPPED)

    async def _tries(self, generation: Generation) -> AsyncGenerator[Event]:
        """Asked again only where it is sure that the server has done nothing: not reached, or refused as busy."""
        assert self._session is not None
        left, options = self._settings.retries, self._options(generation.client)
        while True:
            try:
                async with aclosing(
                    stream_completion(self._session, self._endpoint, generation, self._spend, options)
                ) as events:
                    async for event in events:
                        yield event
                return
            except (UpstreamBusy, DeviceUnavailable) as error:
                pause_s = _safe_in_s(error)
                if not left or pause_s is None or not _has_time(generation, pause_s):
                    raise
                left -= 1
                await asyncio.sleep(pause_s)

    def _options(self, client: str | None) -> dict[str, str]:
        """A salt for each client, where the server takes one: else the time to the first token would tell one client
        what another has asked.
        """
        if self._entry.get("owned_by") not in SALTED:
            return {}
        name = (client or "").encode(errors="surrogatepass")
        return {"cache_salt": blake2b(name, key=self._secret, digest_size=32).hexdigest()}

    # Whether it is there

    async def _look(self) -> None:
        """Returns once it is."""
        self._lost.clear()
        self._condition.become(EngineState.STARTING)
        while True:
            try:
                async with asyncio.timeout(LOOK_S):
                    self._entry = await self._listed()
                    self._model = self._about(self._entry)
            except (HailoVisionError, aiohttp.ClientError, TimeoutError) as error:
                await self._pause(error)
            else:
                break
        self._backoff.reset()
        self._condition.trouble = None
        self._condition.become(EngineState.READY)

    async def _listed(self) -> dict[str, Any]:
        """What GET /models says of our model; nothing where the server has no such list."""
        assert self._session is not None
        answer = await listing.fetch_models(self._session, self._endpoint.base_url)
        if answer.status in (401, 403, 429) or answer.status >= 500:
            raise error_from_response(answer.status, answer.body, answer.retry_after, NAME)
        entries = listing.entries(answer.body) or ()
        return next((entry for entry in entries if entry.get("id") == self._endpoint.model), {})

    def _about(self, entry: dict[str, Any]) -> LoadedModel:
        side_px, facts = self._settings.image_max_px, listing.facts(entry)
        takes_pictures = facts.modalities is None or "image" in facts.modalities
        return LoadedModel(
            runtime="remote",
            runtime_version=self._endpoint.model,
            device="remote",
            frame_width_px=side_px,
            frame_height_px=side_px,
            context_tokens=facts.context_tokens or self._settings.context,
            image_tokens=(side_px // PATCH_PX) ** 2,
            max_images=None if takes_pictures else 0,
            load_s=0.0,
            is_frame_bound=True,
        )

    def _lose(self, error: DeviceUnavailable) -> None:
        if not self._condition.is_up:
            return  # another answer's loss, and it is looked for already
        self._losses += 1
        self._on_restart(restart_reason(error))
        log.warning("%s Looking for it again.", error, extra=self._place)
        self._condition.trouble = str(error)
        self._condition.lose()
        self._lost.set()

    async def _pause(self, error: BaseException) -> None:
        ours = isinstance(error, HailoVisionError)
        self._condition.trouble = str(error) if ours else f"{NAME} can't be reached."
        delay_s = max(self._backoff.next_s(), 1.0)
        log.warning("%s Looking again in %.1f s.", self._condition.trouble, delay_s, extra=self._place)
        await self._condition.fail_for(delay_s)

    def _spend(self, seconds: float) -> None:
        self._busy_s += seconds


def _safe_in_s(error: HailoVisionError) -> float | None:
    """When to try again after an error; None when that would not be safe, or take too long."""
    match error:
        case UpstreamBusy(retry_after_s=wait_s) if wait_s <= MAX_WAIT_S:
            return wait_s
        case DeviceUnavailable(fault=DeviceFault.NO_DEVICE):
            return 0.5
    return None


def _has_time(generation: Generation, pause_s: float) -> bool:
    return generation.deadline is None or asyncio.get_running_loop().time() + pause_s < generation.deadline
