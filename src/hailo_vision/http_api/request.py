"""What is known of a request while it is answered, and its body."""

from typing import Any

from aiohttp import web

from hailo_vision.errors import BodyTooLarge, RequestError, UnsupportedMediaType
from hailo_vision.http_api.fields import JsonObject
from hailo_vision.http_api.parse import json_object

REQUEST_ID = "hailo_vision.request_id"
FACTS = "hailo_vision.facts"  # what the log line of the request will say
STREAM = "hailo_vision.stream"  # the EventStream, once its headers have gone out

Facts = dict[str, Any]


async def json_body(request: web.Request, limit_bytes: int) -> JsonObject:
    """The body as a JSON object. Raises BodyTooLarge, UnsupportedMediaType, or RequestError.

    The content type is not held against a client whose body is JSON: curl's default names a form.
    """
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise UnsupportedMediaType("Send the body without Content-Encoding.", code="unsupported_media_type")
    if (request.content_length or 0) > limit_bytes:
        raise BodyTooLarge(limit_bytes)
    # Not request.read(): that would keep the body, pictures and all, for as long as the request waits and runs.
    body = bytearray()
    async for part in request.content.iter_any():
        body += part
        if len(body) > limit_bytes:
            raise BodyTooLarge(limit_bytes)
    try:
        return json_object(body)
    except RequestError:
        if request.content_type in ("application/json", "application/x-www-form-urlencoded", "text/plain"):
            raise
        raise UnsupportedMediaType(
            f"This route reads application/json, not {request.content_type[:60]}.", code="unsupported_media_type"
        ) from None
