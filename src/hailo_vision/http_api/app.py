"""The routes, and what every request goes through: an id, an error in OpenAI's shape, a line in the log."""

import asyncio
import logging
import uuid

from aiohttp import web
from aiohttp.typedefs import Handler

from hailo_vision.errors import HailoVisionError
from hailo_vision.http_api import chat, console, status
from hailo_vision.http_api.faults import Fault, bug, fault, http_fault
from hailo_vision.http_api.reply import event
from hailo_vision.http_api.request import BODIES, FACTS, REQUEST_ID, STREAM, Bodies, Facts
from hailo_vision.http_api.services import SERVICES, Services
from hailo_vision.http_api.stream import EventStream

log = logging.getLogger(__name__)

_BODIES_IN_MEMORY = 4  # of the largest size; of smaller ones more
CLIENT_GONE = 499  # nginx's number for it; it stands in the log alone


def build(services: Services) -> web.Application:
    """The application, ready for a runner. It needs `handler_cancellation=True` to notice clients that leave."""
    limit_bytes = int(services.settings.server.max_body_mb * 1e6)
    app = web.Application(middlewares=[_every_request], client_max_size=limit_bytes)
    app[SERVICES] = services
    app[BODIES] = Bodies(_BODIES_IN_MEMORY * limit_bytes)
    app.on_response_prepare.append(_sign)
    app.router.add_get("/health", status.health)
    app.router.add_get("/health/ready", status.ready)
    for base in ("/v1", ""):
        app.router.add_post(f"{base}/chat/completions", chat.completions)
        app.router.add_get(f"{base}/models", status.models)
        app.router.add_get(f"{base}/models/{{id}}", status.model)
    for path, page in console.pages(with_console=services.settings.server.console).items():
        app.router.add_get(path, page)
    return app


@web.middleware
async def _every_request(request: web.Request, handler: Handler) -> web.StreamResponse:
    request[REQUEST_ID] = uuid.uuid4().hex
    facts: Facts = {}
    request[FACTS] = facts
    arrived_at = asyncio.get_running_loop().time()
    code = CLIENT_GONE
    try:
        response = await _answer(request, handler)
        code = facts.get("status", response.status)
        return response
    finally:
        total_ms = round((asyncio.get_running_loop().time() - arrived_at) * 1000)
        known: Facts = {"request_id": request[REQUEST_ID], "client": request.remote, "method": request.method}
        line = {**known, "path": request.path, "status": code, "total_ms": total_ms, **facts}
        log.log(logging.DEBUG if _is_probe(request) else logging.INFO, "request", extra={"facts": line})


async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except HailoVisionError as error:
        return await _tell(request, fault(error))
    except web.HTTPException as error:
        allowed = error.headers.get("Allow")
        return await _tell(request, http_fault(error.status, request.method, request.path, allowed))
    except ConnectionResetError:
        raise asyncio.CancelledError("the client has left") from None
    except Exception:
        log.exception("a bug", extra={"facts": {"request_id": request[REQUEST_ID]}})
        return await _tell(request, bug())


async def _tell(request: web.Request, what: Fault) -> web.StreamResponse:
    """Send an error: as the response, or as an event when a stream has begun, which then ends without [DONE]."""
    request[FACTS].update({"status": what.status, "error": what.code})
    stream: EventStream | None = request.get(STREAM)
    if stream is None:
        return web.json_response(what.body, status=what.status, headers=what.headers)
    await stream.write(event(what.body))
    await stream.close()
    return stream.response


async def _sign(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["x-request-id"] = str(request.get(REQUEST_ID, ""))


def _is_probe(request: web.Request) -> bool:
    return request.path.startswith("/health")
