"""GET /: the console for a browser, one line of text for everything else that asks whether somebody is there."""

from collections.abc import Mapping

from aiohttp import web
from aiohttp.typedefs import Handler

from hailo_vision.console.files import PAGE, ConsoleFile, console_files
from hailo_vision.http_api.service.spec import PAGES
from hailo_vision.http_api.web.http_errors import UnknownPath
from hailo_vision.http_api.web.routes import Route, Surface

GREETING = "Ollama is running"  # what Ollama's own clients look for, and what other programs only see is up

# The page needs nothing but itself and this server: no inline script or style, no other host, no frame around it.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Cache-Control": "no-cache",  # kept, but asked about each time: an upgrade must not meet yesterday's script
    "Content-Security-Policy": _POLICY,
    "Permissions-Policy": "camera=(self)",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def surface(*, with_console: bool) -> Surface:
    handlers = pages(with_console=with_console)
    return Surface(
        routes=tuple(
            Route(method="GET", path=path, handler=handlers[path], about=PAGES[path], is_open=True) for path in handlers
        )
    )


def pages(*, with_console: bool) -> dict[str, Handler]:
    """What to GET at which path: `/`, and the files of the page by their names, so there is no path to walk out of.

    They are open to clients without an API key: the page asks for one, and shows nothing that is not public.
    """
    if not with_console:
        return {"/": _greeting}
    files = console_files()
    return {"/": _front(files[PAGE]), "/console/{name}": _serving(files)}


def _front(page: ConsoleFile) -> Handler:
    """The page for clients that read HTML; others ask here only whether the server is up."""

    async def front(request: web.Request) -> web.StreamResponse:
        wants_page = "text/html" in request.headers.get("Accept", "")
        response = _response(request, page) if wants_page else await _greeting(request)
        response.headers["Vary"] = "Accept"
        return response

    return front


def _serving(files: Mapping[str, ConsoleFile]) -> Handler:
    async def serve(request: web.Request) -> web.StreamResponse:
        file = files.get(request.match_info["name"])
        if file is None:
            raise UnknownPath(request.path, "GET /")
        return _response(request, file)

    return serve


def _response(request: web.Request, file: ConsoleFile) -> web.Response:
    if any(etag.value in (file.etag, "*") for etag in request.if_none_match or ()):
        response = web.Response(status=304, headers=_HEADERS)
    else:
        response = web.Response(body=file.content, content_type=file.content_type, charset="utf-8", headers=_HEADERS)
    response.etag = file.etag
    return response


async def _greeting(request: web.Request) -> web.Response:
    return web.Response(text=GREETING, headers={"X-Content-Type-Options": "nosniff"})
