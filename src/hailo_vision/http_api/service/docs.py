"""GET /openapi.json and GET /docs: what is served, for programs and for people."""

from aiohttp import web

from hailo_vision.http_api.openapi.document import document as openapi
from hailo_vision.http_api.openapi.page import page as html
from hailo_vision.http_api.openapi.page import policy
from hailo_vision.http_api.web.services import ROUTES, SERVICES


async def document(request: web.Request) -> web.Response:
    return web.json_response(openapi(request.app[ROUTES].all, request.app[SERVICES].version))


async def page(request: web.Request) -> web.Response:
    """Made here and not by a script in the browser: it needs none, and may have none."""
    text = html(openapi(request.app[ROUTES].all, request.app[SERVICES].version))
    headers = {"Content-Security-Policy": policy(), "Referrer-Policy": "no-referrer"}
    return web.Response(text=text, content_type="text/html", headers=headers)
