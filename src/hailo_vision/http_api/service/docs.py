"""GET /openapi.json and GET /docs: what is served, for programs and for people."""

import json
from dataclasses import dataclass

from aiohttp import web

from hailo_vision.http_api.openapi.document import document as openapi
from hailo_vision.http_api.openapi.page import page as html
from hailo_vision.http_api.openapi.page import policy
from hailo_vision.http_api.web.services import ROUTES, SERVICES
from hailo_vision.http_api.web.validated import Validated, respond


@dataclass(slots=True)
class Documentation:
    """Both forms of the documentation, once somebody has asked for them: the table of routes does not change."""

    document: Validated | None = None
    page: Validated | None = None


DOCUMENTATION = web.AppKey("documentation", Documentation)


async def document(request: web.Request) -> web.Response:
    documentation = request.app[DOCUMENTATION]
    if documentation.document is None:
        text = json.dumps(openapi(request.app[ROUTES].all, request.app[SERVICES].version))
        documentation.document = Validated.of(text, "application/json")
    return respond(request, documentation.document, {})


async def page(request: web.Request) -> web.Response:
    """Made here and not by a script in the browser: it needs none, and may have none."""
    documentation = request.app[DOCUMENTATION]
    if documentation.page is None:
        text = html(openapi(request.app[ROUTES].all, request.app[SERVICES].version))
        documentation.page = Validated.of(text, "text/html")
    return respond(request, documentation.page, {"Content-Security-Policy": policy(), "Referrer-Policy": "no-referrer"})
