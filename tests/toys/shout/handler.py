"""A surface of one route, POST /shout {"model", "words"}, that answers in capitals: all that a surface has to be."""

from aiohttp import web

from hailo_vision.chat import ChatRequest, Piece, Sampling, Text, Turn
from hailo_vision.http_api.openapi.operation import Operation
from hailo_vision.http_api.web.fields import JsonObject, a_string
from hailo_vision.http_api.web.parsed import Parsed
from hailo_vision.http_api.web.routes import Route, Surface
from hailo_vision.http_api.web.surface import Dialect, prepare
from hailo_vision.serving.served import Target


def parse(body: JsonObject, target: Target) -> Parsed[None]:
    turn = Turn(role="user", parts=(Text(text=a_string(body.get("words"), "words")),))
    request = ChatRequest(model=target.name, turns=(turn,), sampling=Sampling(), max_tokens=9)
    return Parsed(requests=(request,), rest=None)


DIALECT = Dialect(parse=parse, conversation="words")


async def shout(request: web.Request) -> web.Response:
    call = await prepare(request, DIALECT)
    async with call.events() as events:
        said = [part.event.text async for part in events if isinstance(part.event, Piece)]
    return web.json_response({"said": "".join(said).upper(), "tokens": call.total.usage.completion_tokens})


SURFACE = Surface(
    routes=(Route(method="POST", path="/shout", handler=shout, about=Operation(tag="Toys", summary="Shout")),)
)
