"""The table of routes becomes an OpenAPI 3.1 document. Pure."""

from collections.abc import Iterable
from typing import Any

from hailo_vision.http_api.openapi.operation import JsonSchema, Operation, an_object
from hailo_vision.http_api.web.routes import Route, parameters

_INTRODUCTION = (
    "OpenAI's protocol for the models on this machine. Every path works with and without /v1 and with a slash at its "
    "end, and every GET route answers HEAD. Every response has an `x-request-id`: the request's own, if it sent one. "
    "Unknown fields of a body are ignored, and null means absent."
)
_ERROR: JsonSchema = an_object(
    {
        "error": an_object(
            {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"], "description": "path of the field that is wrong"},
                "code": {"type": ["string", "null"], "description": "a stable word for programs"},
            },
            required=("message", "type", "param", "code"),
        )
    },
    required=("error",),
)
_FAILURES = {
    400: "The request is wrong; `param` names the field",
    401: "No API key of this server's, where it asks for one",
    403: "The request may come from a web page that was not allowed",
    404: "No such model",
    409: "It is being done already",
    408: "The body took too long",
    413: "The body is larger than server.max_body_mb",
    415: "The body is of another kind",
    429: "The queue is full, or the client's limit reached; see Retry-After",
    500: "The generation failed",
    503: "Not ready; see Retry-After",
    504: "The time limit of the request passed",
}
_NOT_SERVED = "Always; the message says what to do in its place"
_ALWAYS = (403,)


def document(routes: Iterable[Route], version: str) -> dict[str, Any]:
    """Everything that is served, in the order of the table."""
    paths: dict[str, dict[str, Any]] = {}
    errors: dict[str, JsonSchema] = {}
    for route in routes:
        if route.about.error_schema is not None:
            errors[route.about.error] = route.about.error_schema
        for path in (route.path, *route.also):
            paths.setdefault(path, {})[route.method.lower()] = _operation(route, path)
    return {
        "openapi": "3.1.0",
        "info": {"title": "hailo-vision", "version": version, "description": _INTRODUCTION},
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"apiKey": []}, {}],
        "paths": paths,
        "components": {
            "schemas": {"Error": _ERROR, **errors},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
            },
        },
    }


def _operation(route: Route, path: str) -> dict[str, Any]:
    about = route.about
    description: dict[str, Any] = {
        "tags": [about.tag],
        "summary": about.summary,
        "operationId": f"{route.method.lower()}_{path.strip('/')}".translate(str.maketrans("/.-", "___", "{}")),
        "responses": _responses(route),
    }
    if names := parameters(path):
        kind = {"in": "path", "required": True, "schema": {"type": "string"}}
        description["parameters"] = [{"name": name, **kind} for name in names]
    if about.body is not None:
        description["requestBody"] = {"required": True, "content": {about.body_media: _body(about)}}
    if not about.is_served:
        description["x-not-served"] = True
    if route.is_open:
        description["security"] = []
    return description


def _body(about: Operation) -> dict[str, Any]:
    return {"schema": about.body} if about.example is None else {"schema": about.body, "example": about.example}


def failures(route: Route) -> list[int]:
    """The statuses that a route's failures can have, in their order."""
    return sorted({*_ALWAYS, *(() if route.is_open else (401,)), *route.about.failures})


def _responses(route: Route) -> dict[str, Any]:
    error = {"application/json": {"schema": {"$ref": f"#/components/schemas/{route.about.error}"}}}
    words = _FAILURES if route.about.is_served else {**_FAILURES, **dict.fromkeys(route.about.failures, _NOT_SERVED)}
    failed = {str(status): {"description": words[status], "content": error} for status in failures(route)}
    if not route.about.is_served:
        return failed
    return {"200": {"description": "Done", "content": _content(route.about)}, **failed}


def _content(about: Operation) -> dict[str, Any]:
    content: dict[str, Any] = {about.media: {"schema": about.reply}}
    if about.other_media is not None:
        content[about.other_media] = {"schema": about.reply}
    if about.streams:
        content[about.stream_media] = {"schema": {"type": "string", "description": about.stream_about}}
    return content
