"""What is served, and what every request goes through: an id, a guard, errors in one shape, a line in the log."""

import asyncio
import logging
import math
from collections.abc import Sequence
from dataclasses import replace

from aiohttp import web
from aiohttp.typedefs import Handler

from hailo_vision.errors import HailoVisionError, SlowReader
from hailo_vision.http_api.anthropic import handler as anthropic
from hailo_vision.http_api.ollama import handler as ollama
from hailo_vision.http_api.openai.chat import handler as chat
from hailo_vision.http_api.openai.completions import handler as completions
from hailo_vision.http_api.openai.responses import handler as responses
from hailo_vision.http_api.service import benchmark, console, docs, unserved
from hailo_vision.http_api.service import handler as service
from hailo_vision.http_api.vision import handler as vision
from hailo_vision.http_api.web import guard
from hailo_vision.http_api.web.body import BODIES, Bodies
from hailo_vision.http_api.web.exchange import Exchange, Facts, begin, exchange
from hailo_vision.http_api.web.faults import Fault, bug, fault, http_fault, out_of_memory
from hailo_vision.http_api.web.routes import Routes, Surface
from hailo_vision.http_api.web.running import RUNNING_REQUESTS, RunningRequests
from hailo_vision.http_api.web.services import ROUTES, SERVICES, Services
from hailo_vision.scheduler.scheduler import stopping

log = logging.getLogger(__name__)

_BODIES_IN_MEMORY = 4  # of the largest size; of smaller ones more
CLIENT_GONE = 499  # nginx's number for it; it stands in the log alone
_SMALL_BODY_BYTES = 65_536  # nobody read it, but it costs less to take in than a new connection
MAX_PARAM_CHARS = 80  # in the log: a path can hold names that a client chose
_SERVER = "hailo-vision"  # aiohttp would name itself and Python, with their versions


def surfaces(*, with_console: bool = True) -> tuple[Surface, ...]:
    """A line each; what else comes with a route (no /v1, HEAD, a slash at the end) is in web/routes.py."""
    return (
        console.surface(with_console=with_console),
        chat.SURFACE,
        completions.SURFACE,
        responses.SURFACE,
        unserved.SURFACE,
        vision.SURFACE,
        ollama.SURFACE,
        anthropic.SURFACE,
        service.SURFACE,
    )


def build(services: Services, table: Sequence[Surface] | None = None) -> web.Application:
    """The application, ready for a runner. It needs `handler_cancellation=True` to notice clients that leave."""
    app = web.Application(middlewares=[_every_request], client_max_size=services.limit_bytes)
    app[SERVICES] = services
    app[ROUTES] = Routes(surfaces(with_console=services.has_console) if table is None else table)
    app[benchmark.RUNNING] = asyncio.Lock()
    app[docs.DOCUMENTATION] = docs.Documentation()
    app[BODIES] = Bodies(_BODIES_IN_MEMORY * services.limit_bytes)
    app[RUNNING_REQUESTS] = RunningRequests()
    app.on_response_prepare.append(_sign)
    app.router.add_route("*", "/{path:.*}", _dispatch, expect_handler=_wait)
    return app


@web.middleware
async def _every_request(request: web.Request, handler: Handler) -> web.StreamResponse:
    about = begin(request, asyncio.get_running_loop().time())
    with request.app[RUNNING_REQUESTS].one_more(about):
        return await _logged(request, handler, about)


async def _logged(request: web.Request, handler: Handler, about: Exchange) -> web.StreamResponse:
    code = CLIENT_GONE
    try:
        response = await _answer(request, handler)
        code = response.status
        return response
    finally:
        code = about.facts.get("status", code)
        total_ms = round((asyncio.get_running_loop().time() - about.arrived_at) * 1000)
        where = {"endpoint": about.route.path} if about.route else {"endpoint": None, "path": request.path}
        request.app[SERVICES].on_request(about.route.path if about.route else "none", code)
        head: Facts = {"request_id": about.id, "client": request.remote, "method": request.method}
        engine = {} if about.engine is None else {"engine": about.engine}
        line = {**head, **where, "status": code, "total_ms": total_ms, **about.facts, **engine}
        log.log(logging.DEBUG if _is_probe(request) else logging.INFO, "request", extra={"facts": line})


async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await _answer_or_error(request, handler)
    except ConnectionResetError:  # also while an error was told
        raise asyncio.CancelledError("the client has left") from None
    except asyncio.CancelledError:
        task, about = asyncio.current_task(), exchange(request)
        if not about.is_refused or about.fail is not None or task is None:
            raise
        task.uncancel()
        return await _tell(request, fault(stopping()))


async def _answer_or_error(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except SlowReader:
        if request.transport is not None:
            request.transport.abort()  # it does not read what it has: an error would wait behind that
        raise asyncio.CancelledError("the client does not read") from None
    except HailoVisionError as error:
        return await _tell(request, fault(error, conversation=exchange(request).conversation))
    except web.HTTPException as error:
        return await _tell(request, http_fault(error.status))
    except ConnectionResetError:
        raise
    except MemoryError:
        log.warning("not enough memory for a request", extra={"facts": {"request_id": exchange(request).id}})
        return await _tell(request, out_of_memory())
    except Exception:
        log.exception("a bug", extra={"facts": {"request_id": exchange(request).id}})
        return await _tell(request, bug())


async def _dispatch(request: web.Request) -> web.StreamResponse:
    access, routes = request.app[SERVICES].access, request.app[ROUTES]
    guard.check_source(request, access)
    if guard.is_preflight(request):
        return guard.preflight(request, access)
    if request.method == "OPTIONS":
        return web.Response(status=204, headers={"Allow": routes.allowed(request.path)})
    match = routes.find(request.method, request.path)
    exchange(request).route = match.route
    request.match_info.update(match.parameters)
    guard.admit(request, access, match.route)
    await guard.ask_for_body(request)
    return await match.route.handler(request)


async def _wait(_: web.Request) -> None:
    """A client that asks before it sends its body is answered by `_dispatch`."""


async def _tell(request: web.Request, refusal: Fault) -> web.StreamResponse:
    """Send an error: as the response, or as an event when a stream has begun, which then ends without [DONE]."""
    about = exchange(request)
    refusal = replace(refusal, request_id=about.id)
    about.facts.update({"status": refusal.status, "error": refusal.code})
    if refusal.param is not None:
        about.facts["param"] = refusal.param[:MAX_PARAM_CHARS]
    if refusal.detail is not None:
        about.facts["reason"] = refusal.detail
    if about.fail is not None:
        return await about.fail(refusal)
    body = request.app[ROUTES].error(request.path, refusal)
    response = web.json_response(body, status=refusal.status, headers=refusal.headers)
    if not request.content.is_eof() and (request.content_length or math.inf) > _SMALL_BODY_BYTES:
        response.force_close()  # aiohttp takes in what is on its way, for 10 s, so that the client gets to read
    return response


async def _sign(request: web.Request, response: web.StreamResponse) -> None:
    """The headers of every response: here they reach streams and errors too."""
    about = exchange(request)
    spent_s = asyncio.get_running_loop().time() - about.arrived_at
    response.headers["Server"] = _SERVER
    response.headers["x-request-id"] = about.id
    response.headers["request-id"] = about.id  # the same in Anthropic's words
    response.headers["openai-processing-ms"] = str(round(spent_s * 1000))
    response.headers["X-Content-Type-Options"] = "nosniff"
    if about.engine is not None:
        response.headers["x-hailo-vision-engine"] = about.engine
    response.headers.update({f"x-hailo-vision-{what}": shown for what, shown in about.shown.items()})
    if about.tools is not None:
        response.headers["x-hailo-vision-tools"] = str(about.tools)
    response.headers.update(about.quota)
    headers = request.app[SERVICES].access.cors.headers(request.headers.get("Origin"))
    varies = [own for own in (response.headers.get("Vary"), headers.get("Vary")) if own]
    response.headers.update({**headers, **({"Vary": ", ".join(varies)} if varies else {})})


def _is_probe(request: web.Request) -> bool:
    try:
        route = request.app[ROUTES].find(request.method, request.path).route
        return route.is_open or route.is_polled
    except HailoVisionError:
        return False
