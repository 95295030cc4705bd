"""The body of a request: read within its bounds, and as JSON without holding the event loop for long."""

import asyncio
import gc
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web

from hailo_vision.errors import Refused, RequestError
from hailo_vision.http_api.web.fields import JsonObject
from hailo_vision.http_api.web.http_errors import (
    BodyTooLarge,
    BodyTooSlow,
    InvalidJson,
    JsonTooLarge,
    TooManyValues,
    UnsupportedMediaType,
)
from hailo_vision.http_api.web.payloads import cut

BODY_S = 60.0  # 32 MB over a network of 5 Mbit/s; who takes longer holds memory that others need
# Without the pictures. This much in brackets holds the interpreter lock, and so the event loop, for 10 ms; as text
# it is more than 50,000 tokens of English, or all of a conversation that a Raspberry Pi could answer in an hour.
MAX_JSON_BYTES = 300_000
# A parser looks at each value, which takes up to 3 us. Tools and conversations have at least 15 bytes to a value.
MAX_JSON_VALUES = 30_000


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
        raise UnsupportedMediaType(f"This route reads application/json, not {kind[:60]}.") from None


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
        raise UnsupportedMediaType("Send the body without Content-Encoding.")
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


def json_object(body: bytes | bytearray) -> JsonObject:
    """A request body as a JSON object. NaN, Infinity, deep nesting and endless numbers are refused."""
    try:
        value = _loaded(body)
    except (ValueError, RecursionError) as error:
        raise InvalidJson("The request body is not valid JSON.") from error
    if not isinstance(value, dict):
        raise InvalidJson("The request body must be a JSON object.")
    return value


def _loaded(body: bytes | bytearray) -> Any:
    """What the body says, read without holding the interpreter lock for long, however large it is."""
    found = cut(body, MAX_JSON_BYTES)
    if found is None:
        raise JsonTooLarge(MAX_JSON_BYTES)
    payloads = iter(found.payloads)

    def payload(constant: str) -> str:
        text = next(payloads, None)
        if constant != "-Infinity" or text is None:
            raise ValueError("not JSON")
        return text

    with _no_collection():
        value = json.loads(found.json, parse_constant=payload)
    if next(payloads, None) is not None:
        raise ValueError("not JSON")
    # There are no more values than such marks, and those are counted in a moment, the ones in texts with them.
    if sum(map(found.json.count, b",[{")) >= MAX_JSON_VALUES and _has_more_values(value, MAX_JSON_VALUES):
        raise TooManyValues(MAX_JSON_VALUES)
    return value


def _has_more_values(value: Any, most: int) -> bool:
    """Whether there are more values in some JSON than that, without looking at many more."""
    count, waiting = 1, [value]
    while waiting and count <= most:
        among = waiting.pop()
        children = among.values() if isinstance(among, dict) else among
        count += len(children)
        if count <= most:
            waiting += [child for child in children if isinstance(child, (dict, list))]
    return count > most


@contextmanager
def _no_collection() -> Iterator[None]:
    """JSON makes no rings, and to look for them among its lists takes 20 ms where the lists take 4 (Python 3.11)."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
