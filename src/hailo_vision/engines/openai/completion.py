"""One chat completion at a server: requested, streamed, and cancelled by closing the connection."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from types import MappingProxyType

import aiohttp

from hailo_vision.chat import Event, FinishReason, Frame, Generation
from hailo_vision.engines.openai.bounds import Bounds, bounds_of
from hailo_vision.engines.openai.endpoint import Endpoint
from hailo_vision.engines.openai.reader import EventDecoder, read_body
from hailo_vision.engines.openai.request import data_uri, encode, request_body
from hailo_vision.engines.openai.response import StreamedResponse
from hailo_vision.engines.openai.response_error import error_from_response
from hailo_vision.errors import DeviceFault, DeviceUnavailable, GenerationFailed, WorkerStalled

log = logging.getLogger(__name__)

DONE = b"[DONE]"
MAX_ERROR_BYTES = 64 * 1024


class DeadlinePassed(Exception):
    """The generation's deadline has passed, which is no error but the end of the answer."""


async def stream_completion(
    session: aiohttp.ClientSession,
    endpoint: Endpoint,
    generation: Generation,
    on_busy: Callable[[float], None],
    options: Mapping[str, bool | int | str] = MappingProxyType({}),
) -> AsyncGenerator[Event]:
    """Yield pieces as they come, then tool calls, then one Finish.

    `options` are further fields of the body. `on_busy` gets the seconds of prefill and decode, however the response
    ends. Nothing is buffered beyond the connection's own buffers, so a server is read no faster than pieces are taken.

    Raises the errors of error_from_response, DeviceUnavailable for a lost connection, WorkerStalled for a timeout.
    """
    clock = asyncio.get_running_loop().time
    body = await asyncio.to_thread(_encode, endpoint, generation, options)
    bounds = bounds_of(generation)
    streamed = StreamedResponse(
        bounds,
        sent_at=clock(),
        top_logprobs=generation.logprobs or 0,
        shows_cached=endpoint.dialect == "llama",
    )
    try:
        async with (
            _post(session, endpoint, body, generation.deadline) as response,
            aclosing(_chunks(response, endpoint, streamed, bounds, generation.deadline)) as chunks,
        ):
            del body
            async for chunk in chunks:
                piece = streamed.take(chunk, clock())
                if piece is not None:
                    yield piece
                if streamed.is_full:  # it does not keep to max_tokens: closing the connection makes it stop
                    streamed.reason = FinishReason.LENGTH
                    break
        if streamed.reason is None:
            raise GenerationFailed(f"{endpoint.name} ended the answer before its end.")
        for call in streamed.calls:
            yield call
        yield streamed.finish(streamed.reason)
    except DeadlinePassed:
        streamed.end(clock())
        yield streamed.finish(FinishReason.DEADLINE)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):  # nothing was sent
        raise DeviceUnavailable(DeviceFault.NO_DEVICE, f"{endpoint.name} can't be reached.") from None
    except aiohttp.ClientError as error:
        log.debug("connection lost", extra={"facts": {"engine": endpoint.name, "error": repr(error)}})
        raise DeviceUnavailable(DeviceFault.FAILED, f"The connection to {endpoint.name} broke off.") from None
    finally:
        if streamed.reason is None:
            streamed.end(clock())
        on_busy(streamed.timings.prefill_s + streamed.timings.decode_s)


def _encode(endpoint: Endpoint, generation: Generation, options: Mapping[str, bool | int | str]) -> bytes:
    """The request's body. Run in a thread, as megabytes of pixels become text."""

    def image_url(frame: Frame) -> str:
        return data_uri(frame, level=0 if endpoint.socket is not None else 1)

    body = request_body(generation, endpoint.model, endpoint.dialect, image_url, endpoint.special_tokens)
    return encode({**body, **options})


@asynccontextmanager
async def _post(
    session: aiohttp.ClientSession, endpoint: Endpoint, body: bytes, deadline: float | None
) -> AsyncIterator[aiohttp.ClientResponse]:
    """The response, closed and not drained when the block is left: that is what tells a server to stop."""
    headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
    url = f"{endpoint.base_url}/chat/completions"
    async with _timeout(endpoint.prefill_s, deadline, "prefill"):
        response = await session.post(url, data=body, headers=headers, allow_redirects=False)
    try:
        if response.status != 200:
            async with _timeout(endpoint.token_s, deadline, "refusal"):
                error = await read_body(response.content, MAX_ERROR_BYTES)
            facts = {"engine": endpoint.name, "status": response.status, "said": error[:500].decode(errors="replace")}
            log.debug("refused by the engine's server", extra={"facts": facts})
            retry_after, is_own = response.headers.get("Retry-After"), endpoint.dialect == "llama"
            raise error_from_response(response.status, error, retry_after, endpoint.name, is_own=is_own)
        yield response
    finally:
        response.close()


async def _chunks(
    response: aiohttp.ClientResponse,
    endpoint: Endpoint,
    streamed: StreamedResponse,
    bounds: Bounds,
    deadline: float | None,
) -> AsyncGenerator[bytes]:
    """The data of each event up to `[DONE]`. A comment keeps the connection alive, but does not extend the timeout."""
    decoder = EventDecoder()
    clock = asyncio.get_running_loop().time
    last_at = clock()
    left_bytes = bounds.body_bytes
    while True:
        phase, budget_s = ("token", endpoint.token_s) if streamed.has_begun else ("prefill", endpoint.prefill_s)
        async with _timeout(last_at + budget_s - clock(), deadline, phase):
            data = await response.content.readany()
        if not data:
            return
        left_bytes -= len(data)
        if left_bytes < 0:
            raise GenerationFailed(f"{endpoint.name} sent far more than it was asked for.")
        for chunk in decoder.feed(data):
            last_at = clock()
            if chunk == DONE:
                return
            yield chunk


@asynccontextmanager
async def _timeout(budget_s: float, deadline: float | None, phase: str) -> AsyncIterator[None]:
    """A block that raises DeadlinePassed at the deadline, and WorkerStalled when the budget is spent before it."""
    until = asyncio.get_running_loop().time() + budget_s
    is_deadline = deadline is not None and deadline < until
    try:
        async with asyncio.timeout_at(deadline if is_deadline else until) as timeout:
            yield
    except TimeoutError:
        if not timeout.expired():
            raise  # aiohttp's own, for a connection that could not be made: it is a TimeoutError too
        if is_deadline:
            raise DeadlinePassed from None
        raise WorkerStalled(phase, budget_s) from None
