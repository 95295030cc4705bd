"""What is served, and what every request goes through: an id, a guard, errors in one shape, a line in the log."""

import asyncio
import logging
import math

from aiohttp import web
from aiohttp.typedefs import Handler

from hailo_vision.errors import HailoVisionError, SlowReader
from hailo_vision.http_api.ollama import handler as ollama
from hailo_vision.http_api.ollama import models as ollama_models
from hailo_vision.http_api.ollama import refused
from hailo_vision.http_api.ollama import spec as ollamas
from hailo_vision.http_api.ollama.pull import pulled
from hailo_vision.http_api.ollama.reply import error as ollama_error
from hailo_vision.http_api.ollama.reply import speaks as speaks_ollama
from hailo_vision.http_api.openai.chat import handler as chat
from hailo_vision.http_api.openai.chat.spec import CHAT
from hailo_vision.http_api.openai.completions import handler as completions
from hailo_vision.http_api.openai.completions.spec import COMPLETIONS
from hailo_vision.http_api.openai.responses import handler as responses
from hailo_vision.http_api.openai.responses.spec import NOT_COUNTED, NOTHING_STORED, RESPONSES
from hailo_vision.http_api.service import benchmark, console, docs, status
from hailo_vision.http_api.service import spec as about
from hailo_vision.http_api.vision import handler as vision
from hailo_vision.http_api.vision.spec import ANALYZE, CAPTION, VQA
from hailo_vision.http_api.web import guard
from hailo_vision.http_api.web.body import BODIES, Bodies
from hailo_vision.http_api.web.faults import Fault, bug, fault, http_fault
from hailo_vision.http_api.web.request import (
    ARRIVED_AT,
    ENGINE,
    FACTS,
    QUOTA,
    REQUEST_ID,
    ROUTE,
    STREAM,
    Facts,
    request_id,
)
from hailo_vision.http_api.web.routes import Route, Routes
from hailo_vision.http_api.web.services import ROUTES, SERVICES, Services
from hailo_vision.http_api.web.stream import EventStream

log = logging.getLogger(__name__)

_BODIES_IN_MEMORY = 4  # of the largest size; of smaller ones more
CLIENT_GONE = 499  # nginx's number for it; it stands in the log alone
_SMALL_BODY_BYTES = 65_536  # nobody read it, but it costs less to take in than a new connection
_SERVER = "hailo-vision"  # aiohttp would name itself and Python, with their versions


def served(*, with_console: bool = True) -> tuple[Route, ...]:
    """A line each; what else comes with it (no /v1, HEAD, a slash at the end) is in routes.py."""
    pages = console.pages(with_console=with_console)
    return (
        *(Route(method="GET", path=path, handler=pages[path], about=about.PAGES[path], is_open=True) for path in pages),
        Route(method="POST", path="/v1/chat/completions", handler=chat.completions, about=CHAT),
        Route(method="POST", path="/v1/completions", handler=completions.create, about=COMPLETIONS),
        *_responses(),
        Route(method="POST", path="/v1/vision/analyze", handler=vision.analyze, about=ANALYZE),
        Route(method="POST", path="/v1/vision/caption", handler=vision.caption, about=CAPTION),
        Route(method="POST", path="/v1/vision/vqa", handler=vision.vqa, about=VQA),
        Route(method="POST", path="/v1/benchmark", handler=benchmark.run, about=about.BENCHMARK),
        *_ollama(),
        Route(method="GET", path="/v1/models", handler=status.models, about=about.MODELS),
        Route(method="GET", path="/v1/models/{id}", handler=status.model, about=about.MODEL),
        Route(
            method="GET",
            path="/health",
            handler=status.health,
            about=about.HEALTH,
            is_open=True,
            also=("/healthz", "/livez", "/health/live"),
        ),
        Route(
            method="GET", path="/health/ready", handler=status.ready, about=about.READY, is_open=True, also=("/readyz",)
        ),
        Route(method="GET", path="/metrics", handler=status.metrics, about=about.METRICS),
        Route(method="GET", path="/openapi.json", handler=docs.document, about=about.OPENAPI, is_open=True),
        Route(method="GET", path="/docs", handler=docs.page, about=about.DOCS, is_open=True),
    )


def _responses() -> tuple[Route, ...]:
    """One that answers, and what would need a store."""
    path, nothing = "/v1/responses", responses.nothing_stored
    return (
        Route(method="POST", path=path, handler=responses.create, about=RESPONSES),
        Route(method="POST", path=f"{path}/input_tokens", handler=responses.not_counted, about=NOT_COUNTED),
        Route(method="GET", path=f"{path}/{{id}}", handler=nothing, about=NOTHING_STORED),
        Route(method="DELETE", path=f"{path}/{{id}}", handler=nothing, about=NOTHING_STORED),
        Route(method="GET", path=f"{path}/{{id}}/input_items", handler=nothing, about=NOTHING_STORED),
        Route(method="POST", path=f"{path}/{{id}}/cancel", handler=nothing, about=NOTHING_STORED),
    )


def _ollama() -> tuple[Route, ...]:
    """What its clients ask for, and what there is no such thing of here."""
    return (
        Route(method="POST", path="/api/chat", handler=ollama.chat, about=ollamas.CHAT),
        Route(method="POST", path="/api/generate", handler=ollama.generate, about=ollamas.GENERATE),
        Route(method="GET", path="/api/version", handler=ollama_models.version, about=ollamas.VERSION, is_polled=True),
        Route(method="GET", path="/api/tags", handler=ollama_models.tags, about=ollamas.TAGS, is_polled=True),
        Route(method="GET", path="/api/ps", handler=ollama_models.ps, about=ollamas.PS, is_polled=True),
        Route(method="POST", path="/api/show", handler=ollama_models.show, about=ollamas.SHOW),
        Route(method="POST", path="/api/pull", handler=pulled, about=ollamas.PULL),
        Route(method="DELETE", path="/api/delete", handler=refused.delete, about=ollamas.REFUSED),
        Route(method="POST", path="/api/copy", handler=refused.copy, about=ollamas.REFUSED),
        Route(method="POST", path="/api/create", handler=refused.create, about=ollamas.REFUSED),
        Route(method="POST", path="/api/push", handler=refused.push, about=ollamas.REFUSED),
        Route(
            method="POST", path="/api/embed", handler=refused.embed, about=ollamas.REFUSED, also=("/api/embeddings",)
        ),
        Route(method="GET", path="/api/blobs/{digest}", handler=refused.blob, about=ollamas.BLOB),
        Route(method="POST", path="/api/blobs/{digest}", handler=refused.blob, about=ollamas.BLOB),
    )


def build(services: Services) -> web.Application:
    """The application, ready for a runner. It needs `handler_cancellation=True` to notice clients that leave."""
    limit_bytes = int(services.settings.server.max_body_mb * 1e6)
    app = web.Application(middlewares=[_every_request], client_max_size=limit_bytes)
    app[SERVICES] = services
    app[ROUTES] = Routes(served(with_console=services.settings.server.console))
    app[benchmark.RUNNING] = asyncio.Lock()
    app[BODIES] = Bodies(_BODIES_IN_MEMORY * limit_bytes)
    app.on_response_prepare.append(_sign)
    app.router.add_route("*", "/{path:.*}", _dispatch, expect_handler=_wait)
    return app


@web.middleware
async def _every_request(request: web.Request, handler: Handler) -> web.StreamResponse:
    request[REQUEST_ID] = request_id(request.headers.get("X-Request-Id"))
    facts: Facts = {}
    request[FACTS] = facts
    arrived_at = request[ARRIVED_AT] = asyncio.get_running_loop().time()
    code = CLIENT_GONE
    try:
        response = await _answer(request, handler)
        code = response.status
        return response
    finally:
        code = facts.get("status", code)
        total_ms = round((asyncio.get_running_loop().time() - arrived_at) * 1000)
        route: Route | None = request.get(ROUTE)
        where = {"endpoint": route.path} if route else {"endpoint": None, "path": request.path}
        request.app[SERVICES].on_request(route.path if route else "none", code)
        known: Facts = {"request_id": request[REQUEST_ID], "client": request.remote, "method": request.method}
        line = {**known, **where, "status": code, "total_ms": total_ms, **facts}
        log.log(logging.DEBUG if _is_probe(request) else logging.INFO, "request", extra={"facts": line})


async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except SlowReader:
        if request.transport is not None:
            request.transport.abort()  # it does not read what it has: an error would wait behind that
        raise asyncio.CancelledError("the client does not read") from None
    except HailoVisionError as error:
        return await _tell(request, fault(error))
    except web.HTTPException as error:
        return await _tell(request, http_fault(error.status))
    except ConnectionResetError:
        raise asyncio.CancelledError("the client has left") from None
    except Exception:
        log.exception("a bug", extra={"facts": {"request_id": request[REQUEST_ID]}})
        return await _tell(request, bug())


async def _dispatch(request: web.Request) -> web.StreamResponse:
    access, routes = request.app[SERVICES].access, request.app[ROUTES]
    guard.check_source(request, access)
    if guard.is_preflight(request):
        return guard.preflight(request, access)
    if request.method == "OPTIONS":
        return web.Response(status=204, headers={"Allow": routes.allowed(request.path)})
    found = routes.find(request.method, request.path)
    request[ROUTE] = found.route
    request.match_info.update(found.parameters)
    guard.admit(request, access, found.route)
    await guard.ask_for_body(request)
    return await found.route.handler(request)


async def _wait(_: web.Request) -> None:
    """A client that asks before it sends its body is answered by `_dispatch`."""


async def _tell(request: web.Request, what: Fault) -> web.StreamResponse:
    """Send an error: as the response, or as an event when a stream has begun, which then ends without [DONE]."""
    request[FACTS].update({"status": what.status, "error": what.code})
    stream: EventStream | None = request.get(STREAM)
    if stream is None:
        body = ollama_error(what) if speaks_ollama(request.path) else what.body
        response = web.json_response(body, status=what.status, headers=what.headers)
        if not request.content.is_eof() and (request.content_length or math.inf) > _SMALL_BODY_BYTES:
            response.force_close()  # aiohttp takes in what is on its way, for 10 s, so that the client gets to read
        return response
    await stream.write(stream.tell(what))
    await stream.close()
    return stream.response


async def _sign(request: web.Request, response: web.StreamResponse) -> None:
    """The headers of every response: here they reach streams and errors too."""
    spent_s = asyncio.get_running_loop().time() - request[ARRIVED_AT]
    response.headers["Server"] = _SERVER
    response.headers["x-request-id"] = request[REQUEST_ID]
    response.headers["openai-processing-ms"] = str(round(spent_s * 1000))
    response.headers["X-Content-Type-Options"] = "nosniff"
    if engine := request.get(ENGINE):
        response.headers["x-hailo-vision-engine"] = engine
    response.headers.update(request.get(QUOTA, {}))
    response.headers.update(request.app[SERVICES].access.cors.headers(request.headers.get("Origin")))


def _is_probe(request: web.Request) -> bool:
    try:
        route = request.app[ROUTES].find(request.method, request.path).route
        return route.is_open or route.is_polled
    except HailoVisionError:
        return False
