"""What Ollama has and this server has not, each with what to do in its place."""

from typing import NoReturn

from aiohttp import web

from hailo_vision.http_api.web.fields import unsupported
from hailo_vision.http_api.web.http_errors import NotServed
from hailo_vision.http_api.web.services import SERVICES


async def delete(request: web.Request) -> NoReturn:
    name = request.app[SERVICES].models.default.name
    message = f"Models are not deleted from here. On the server itself: hailo-vision models remove {name}"
    raise unsupported("model", message)


async def copy(_: web.Request) -> NoReturn:
    raise unsupported("destination", "Models are not copied here. For another name, add it to model.aliases.")


async def create(_: web.Request) -> NoReturn:
    message = "Models are compiled for the chip by their vendor, and not created here. Send system and options along."
    raise unsupported("model", message)


async def push(_: web.Request) -> NoReturn:
    raise unsupported("model", "Models are not pushed from here.")


async def blob(_: web.Request) -> NoReturn:
    raise NotServed("No blobs are kept here, as models are not created here.")


async def embed(request: web.Request) -> NoReturn:
    name = request.app[SERVICES].models.default.name
    message = f'"{name}" does not support embeddings: point the client\'s embeddings at another server.'
    raise unsupported("model", message)
