"""What OpenAI has and this server has not: 404 with what to do in its place."""

from aiohttp import web
from aiohttp.typedefs import Handler

from hailo_vision.http_api.openapi.operation import Operation
from hailo_vision.http_api.web.http_errors import NotServed
from hailo_vision.http_api.web.routes import Route, Surface

_UNSERVED = {
    "/v1/embeddings": "The models here do not support embeddings: point the client's embeddings at another server.",
    "/v1/moderations": "The models here do not moderate: point the client's moderation at another server.",
    "/v1/images/generations": "The models here look at pictures and draw none.",
    "/v1/audio/speech": "The models here do not speak: point the client's speech at another server.",
    "/v1/audio/transcriptions": "The models here do not listen: point the client's transcriptions at another server.",
}


def _route(path: str, message: str) -> Route:
    summary = message.partition(":")[0].removesuffix(".")
    about = Operation(tag="Not served", summary=summary, is_served=False, failures=(404,))
    return Route(method="POST", path=path, handler=_refusing(message), about=about)


def _refusing(message: str) -> Handler:
    async def refuse(_: web.Request) -> web.StreamResponse:
        raise NotServed(message)

    return refuse


SURFACE = Surface(routes=tuple(_route(path, message) for path, message in _UNSERVED.items()))
