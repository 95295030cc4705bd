"""What is known of a request while it is answered, and its body."""

import asyncio
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from aiohttp import web

from hailo_vision.chat import Caller
from hailo_vision.errors import BodyTooLarge, BodyTooSlow, Refused, RequestError, UnsupportedMediaType
from hailo_vision.http_api.fields import JsonObject
from hailo_vision.http_api.parse import json_object

REQUEST_ID = "hailo_vision.request_id"
FACTS = "hailo_vision.facts"  # what the log line of the request will say
BODY_S = 60.0  # 32 MB over a network of 5 Mbit/s; who takes longer holds memory that others need
STREAM = "hailo_vision.stream"  # the EventStream, once its headers have gone out
CLIENT = "hailo_vision.client"  # the name of the API key
QUOTA = "hailo_vision.quota"  # the headers that tell what is left to the client
ROUTE = "hailo_vision.route"  # the Route that was found, if any
ARRIVED_AT = "hailo_vision.arrived_at"
ENGINE = "hailo_vision.engine"  # the name of the engine that answers

Facts = dict[str, Any]

_SANE_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")


def request_id(sent: str | None) -> str:
    """The client's own when it fits in a header and on a log line, else a new one."""
    return sent if sent is not None and _SANE_ID.fullmatch(sent) else uuid.uuid4().hex


def client(request: web.Request) -> str:
    """Who asks: the name of an API key, else the address.

    What X-Forwarded-For says is not looked at: anybody can send one. An IPv6 address counts whole, not as its network:
    at home all machines are in one network, and each is somebody.
    """
    return str(request.get(CLIENT) or (request.remote or "").removeprefix("::ffff:"))


def caller(request: web.Request) -> Caller:
    """Who asks, from now on: turns at the engine are shared between callers."""
    return Caller(
        client=client(request),
        arrived_at=asyncio.get_running_loop().time(),
        answered_by=partial(request.__setitem__, ENGINE),
    )


class Bodies:
    """How many bytes of bodies are in memory, of all requests whose pictures are not frames yet."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self.held_bytes = 0

    @contextmanager
    def share(self) -> Iterator[Callable[[int], None]]:
        """Gives what takes bytes as they come, and gives all of them back. Taking raises Refused when none are left.

        Less than nothing is taken to give some back before the end.
        """
        taken = 0

        def take(size_bytes: int) -> None:
            nonlocal taken
            if self.held_bytes + size_bytes > self._most_bytes:
                message = "The server holds as many pictures of waiting requests as its memory allows. Try again soon."
                raise Refused(message, retry_after_s=2)
            self.held_bytes += size_bytes
            taken += size_bytes

        try:
            yield take
        finally:
            self.held_bytes -= taken


BODIES = web.AppKey("bodies", Bodies)


async def json_body(
    request: web.Request, limit_bytes: int, take: Callable[[int], None], *, within_s: float = BODY_S
) -> JsonObject:
    """The body as a JSON object. Raises what `read_body` raises, and RequestError.

    The content type is not held against a client whose body is JSON: curl's default names a form.
    """
    body = await read_body(request, limit_bytes, take, within_s=within_s)
    try:
        return json_object(body)
    except RequestError:
        kind = media_type(request)
        if kind in ("application/json", "application/x-www-form-urlencoded", "text/plain"):
            raise
        raise UnsupportedMediaType(
            f"This route reads application/json, not {kind[:60]}.", code="unsupported_media_type"
        ) from None


def media_type(request: web.Request) -> str:
    """What the body claims to be. aiohttp's own `content_type` fails on parameters such as `; 0*`."""
    header = request.headers.get("Content-Type", "application/octet-stream")
    return header.partition(";")[0].strip().lower()


async def read_body(
    request: web.Request, limit_bytes: int, take: Callable[[int], None], *, within_s: float = BODY_S
) -> bytearray:
    """The body as it was sent, whose bytes are taken as they come.

    Raises BodyTooLarge, BodyTooSlow, UnsupportedMediaType or Refused.
    """
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise UnsupportedMediaType("Send the body without Content-Encoding.", code="unsupported_media_type")
    if (request.content_length or 0) > limit_bytes:
        raise BodyTooLarge(limit_bytes)
    # Not request.read(): that would keep the body, pictures and all, for as long as the request waits and runs.
    body = bytearray()
    try:
        async with asyncio.timeout(within_s):
            async for part in request.content.iter_any():
                take(len(part))
                body += part
                if len(body) > limit_bytes:
                    raise BodyTooLarge(limit_bytes)
    except TimeoutError:
        raise BodyTooSlow(within_s) from None
    return body
