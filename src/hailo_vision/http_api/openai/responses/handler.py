"""POST /v1/responses: answer whole or as a stream of events. Nothing is stored."""

from aiohttp import web

from hailo_vision.http_api.openai.responses.events import EventEncoder, frames, last_frames
from hailo_vision.http_api.openai.responses.parse import responses
from hailo_vision.http_api.openai.responses.reply import Reply
from hailo_vision.http_api.openai.responses.spec import NOT_COMPACTED, NOT_COUNTED, NOTHING_STORED, RESPONSES
from hailo_vision.http_api.web.http_errors import NotServed
from hailo_vision.http_api.web.json_reply import json_reply
from hailo_vision.http_api.web.routes import Route, Surface
from hailo_vision.http_api.web.stream import late_stream
from hailo_vision.http_api.web.surface import Dialect, Events, prepare

DIALECT = Dialect(parse=responses, conversation="input")


async def create(request: web.Request) -> web.StreamResponse:
    call = await prepare(request, DIALECT)
    encoder = EventEncoder(Reply(id=call.id, created_at=call.created, model=call.model, echo=call.rest))
    async with call.events() as events:
        return await (_stream if call.stream else _whole)(request, encoder, events)


async def _nothing_stored(_: web.Request) -> web.Response:
    message = "Responses are not stored here: a response is in the answer to POST /v1/responses, and nowhere else."
    raise NotServed(message)


async def _not_counted(_: web.Request) -> web.Response:
    message = "Tokens are counted by the device, when it answers: see usage in the answer to POST /v1/responses."
    raise NotServed(message)


async def _not_compacted(_: web.Request) -> web.Response:
    raise NotServed("Conversations are not compacted here: send fewer or shorter items to POST /v1/responses.")


async def _whole(request: web.Request, encoder: EventEncoder, events: Events) -> web.Response:
    async for part in events:
        encoder.encode(part.event)
    return await json_reply(encoder.response)


async def _stream(request: web.Request, encoder: EventEncoder, events: Events) -> web.StreamResponse:
    """An error before the first event is a status; a long wait before it is filled with comments."""
    async with late_stream(request, encode_fault=lambda fault: last_frames(encoder.fail(fault))) as stream:
        pending = encoder.begin()
        async for part in events:
            pending += encoder.encode(part.event)
            if pending:
                await stream.write(await frames(pending))
            pending = []
        return await stream.close()


_PATH = "/v1/responses"
SURFACE = Surface(
    routes=(
        Route(method="POST", path=_PATH, handler=create, about=RESPONSES),
        Route(method="POST", path=f"{_PATH}/input_tokens", handler=_not_counted, about=NOT_COUNTED),
        Route(method="POST", path=f"{_PATH}/compact", handler=_not_compacted, about=NOT_COMPACTED),
        Route(method="GET", path=f"{_PATH}/{{id}}", handler=_nothing_stored, about=NOTHING_STORED),
        Route(method="DELETE", path=f"{_PATH}/{{id}}", handler=_nothing_stored, about=NOTHING_STORED),
        Route(method="GET", path=f"{_PATH}/{{id}}/input_items", handler=_nothing_stored, about=NOTHING_STORED),
        Route(method="POST", path=f"{_PATH}/{{id}}/cancel", handler=_nothing_stored, about=NOTHING_STORED),
    )
)
