"""POST /v1/messages: answer whole or as a stream of events; and count the tokens of a prompt."""

from typing import NoReturn

from aiohttp import web

from hailo_vision.http_api.anthropic import spec
from hailo_vision.http_api.anthropic.count import prompt_tokens
from hailo_vision.http_api.anthropic.events import PING, EventEncoder, failed, frames
from hailo_vision.http_api.anthropic.parse import counted, messages
from hailo_vision.http_api.anthropic.reply import Reply, error
from hailo_vision.http_api.web.http_errors import NotServed
from hailo_vision.http_api.web.routes import Route, Surface
from hailo_vision.http_api.web.stream import late_stream
from hailo_vision.http_api.web.surface import Dialect, Events, prepare

_MESSAGES = Dialect(parse=messages, conversation="messages")
_COUNT = Dialect(parse=counted, conversation="messages")


async def create(request: web.Request) -> web.StreamResponse:
    call = await prepare(request, _MESSAGES)
    encoder = EventEncoder(Reply(id=call.id, model=call.model, request=call.rest))
    async with call.events() as events:
        return await (_stream if call.stream else _whole)(request, encoder, events)


async def count(request: web.Request) -> web.Response:
    return web.json_response({"input_tokens": await prompt_tokens(request, _COUNT)})


async def _no_batches(_: web.Request) -> NoReturn:
    message = (
        "Batches are not kept here: send each message to POST /v1/messages, with service_tier flex if it can wait."
    )
    raise NotServed(message)


async def _whole(_: web.Request, encoder: EventEncoder, events: Events) -> web.Response:
    async for part in events:
        encoder.encode(part.event)
    return web.json_response(encoder.message)


async def _stream(request: web.Request, encoder: EventEncoder, events: Events) -> web.StreamResponse:
    """An error before the first event is a status; a long wait before it is filled with pings."""
    async with late_stream(request, encode_fault=failed, ping=PING) as stream:
        pending = encoder.begin()
        async for part in events:
            pending += encoder.encode(part.event)
            if pending:
                await stream.write(frames(pending), has_next=part.has_next)
            pending = []
        return await stream.close()


_PATH = "/v1/messages"
SURFACE = Surface(
    root="/messages/",
    error=error,
    routes=(
        Route(method="POST", path=_PATH, handler=create, about=spec.MESSAGES),
        Route(method="POST", path=f"{_PATH}/count_tokens", handler=count, about=spec.COUNT),
        Route(method="POST", path=f"{_PATH}/batches", handler=_no_batches, about=spec.NO_BATCHES),
    ),
)
