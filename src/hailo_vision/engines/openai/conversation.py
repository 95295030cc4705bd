"""One generation at a server: asked, heard as it comes, and broken off by closing the connection."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp

from hailo_vision.chat import Event, FinishReason, Frame, Generation
from hailo_vision.engines.openai import ask, body
from hailo_vision.engines.openai.endpoint import Endpoint
from hailo_vision.engines.openai.events import EventDecoder
from hailo_vision.engines.openai.hear import Hearing
from hailo_vision.engines.openai.png import data_uri
from hailo_vision.engines.openai.refusal import refusal
from hailo_vision.errors import DeviceFault, DeviceUnavailable, GenerationFailed, WorkerStalled

log = logging.getLogger(__name__)

DONE = b"[DONE]"
MAX_REFUSAL_BYTES = 64 * 1024


class DeadlinePassed(Exception):
    """The generation's own time is up: no error, but the end of the answer."""


async def converse(
    session: aiohttp.ClientSession, endpoint: Endpoint, generation: Generation, spent: Callable[[float], None]
) -> AsyncGenerator[Event]:
    """Pieces as they come, calls of tools, then one Finish; `spent` is told the engine's seconds, however it ends.

    The connection's own buffers are the only ones: a server is not read faster than the pieces are taken. Raises
    what `refusal` gives, DeviceUnavailable for a connection that breaks, WorkerStalled for one that is silent.
    """
    clock = asyncio.get_running_loop().time
    data = await asyncio.to_thread(_body, endpoint, generation)
    hearing = Hearing(asked_at=clock(), rivals=generation.logprobs or 0)
    try:
        async with _asked(session, endpoint, data, generation.deadline) as response:
            del data
            async for chunk in _chunks(response, endpoint, hearing, generation.deadline):
                piece = hearing.take(chunk, clock())
                if piece is not None:
                    yield piece
        if hearing.reason is None:
            raise GenerationFailed(f"{endpoint.name} ended the answer before its end.")
        for call in hearing.calls:
            yield call
        yield hearing.finish(hearing.reason)
    except DeadlinePassed:
        hearing.end(clock())
        yield hearing.finish(FinishReason.DEADLINE)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):  # nothing was sent
        raise DeviceUnavailable(DeviceFault.NO_DEVICE, f"{endpoint.name} can't be reached.") from None
    except aiohttp.ClientError as error:
        log.debug("connection lost", extra={"facts": {"engine": endpoint.name, "error": repr(error)}})
        raise DeviceUnavailable(DeviceFault.FAILED, f"The connection to {endpoint.name} broke off.") from None
    finally:
        if hearing.reason is None:
            hearing.end(clock())
        spent(hearing.timings.prefill_s + hearing.timings.decode_s)


def _body(endpoint: Endpoint, generation: Generation) -> bytes:
    """Megabytes of pixels become text: in a thread."""

    def show(frame: Frame) -> str:
        return data_uri(frame, level=0 if endpoint.socket is not None else 1)

    return ask.encoded(ask.body(generation, endpoint.model, endpoint.dialect, show))


@asynccontextmanager
async def _asked(
    session: aiohttp.ClientSession, endpoint: Endpoint, data: bytes, deadline: float | None
) -> AsyncIterator[aiohttp.ClientResponse]:
    """The response, closed and not drained when the block is left: that is what tells a server to stop."""
    headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
    url = f"{endpoint.base_url}/chat/completions"
    async with _patience(endpoint.prefill_s, deadline, "prefill"):
        response = await session.post(url, data=data, headers=headers, allow_redirects=False)
    try:
        if response.status != 200:
            async with _patience(endpoint.token_s, deadline, "refusal"):
                told = await body.first(response.content, MAX_REFUSAL_BYTES)
            facts = {"engine": endpoint.name, "status": response.status, "said": told[:500].decode(errors="replace")}
            log.debug("refused by the engine's server", extra={"facts": facts})
            raise refusal(response.status, told, response.headers.get("Retry-After"), endpoint.name)
        yield response
    finally:
        response.close()


async def _chunks(
    response: aiohttp.ClientResponse, endpoint: Endpoint, hearing: Hearing, deadline: float | None
) -> AsyncIterator[bytes]:
    """The data of each event up to `[DONE]`. A comment that keeps the connection alive wins no time."""
    decoder = EventDecoder()
    clock = asyncio.get_running_loop().time
    heard_at = clock()
    while True:
        phase, budget_s = ("token", endpoint.token_s) if hearing.has_begun else ("prefill", endpoint.prefill_s)
        async with _patience(heard_at + budget_s - clock(), deadline, phase):
            data = await response.content.readany()
        if not data:
            return
        for chunk in decoder.feed(data):
            heard_at = clock()
            if chunk == DONE:
                return
            yield chunk


@asynccontextmanager
async def _patience(budget_s: float, deadline: float | None, phase: str) -> AsyncIterator[None]:
    """A block that ends with DeadlinePassed at the deadline, with WorkerStalled when the budget is spent before."""
    until = asyncio.get_running_loop().time() + budget_s
    is_deadline = deadline is not None and deadline < until
    try:
        async with asyncio.timeout_at(deadline if is_deadline else until):
            yield
    except TimeoutError:
        if is_deadline:
            raise DeadlinePassed from None
        raise WorkerStalled(phase, budget_s) from None
