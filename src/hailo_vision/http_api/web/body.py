"""The body of a request: read within its bounds, and as JSON without holding the event loop for long."""

import asyncio
import codecs
import gc
import json
import math
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any

from aiohttp import web

from hailo_vision.access.addresses import network_of
from hailo_vision.errors import RequestError
from hailo_vision.http_api.web.exchange import exchange
from hailo_vision.http_api.web.fields import JsonObject
from hailo_vision.http_api.web.http_errors import (
    BodyTooLarge,
    BodyTooSlow,
    InvalidJson,
    TooManyBodies,
    TooManyValues,
    UnsupportedCoding,
    UnsupportedMediaType,
)
from hailo_vision.http_api.web.memory import BodyMemory, NoMemory
from hailo_vision.http_api.web.payloads import cut

BODY_S = 60.0  # 32 MB over a network of 5 Mbit/s; who takes longer holds memory that others need
# The least pace: this much arrives in each PACE_S, or all that is left. The worst Wi-Fi that still carries pictures
# brings ten times as much, and a client that drips holds memory for 15 s and not for a minute.
MIN_PACE_BYTES_PER_S = 4000
PACE_S = 15.0
# Without the pictures. This much in brackets holds the interpreter lock, and so the event loop, for 10 ms; as text
# it is more than 50,000 tokens of English, or all of a conversation that a Raspberry Pi could answer in an hour.
MAX_JSON_BYTES = 300_000
# A larger body is read in a thread, in pieces, so that the loop gets its turns.
MAX_BYTES_ON_LOOP = 64_000
# A parser looks at each value, which takes up to 3 us. Tools and conversations have at least 15 bytes to a value.
MAX_JSON_VALUES = 30_000
# Of objects and arrays inside each other. What is done with a value recurses: within Python's own bound each step would
# have another one, by what has called it.
MAX_JSON_DEPTH = 200
_PIECE_BYTES = 1 << 18


class Bodies:
    """The bodies that are in memory, of all requests whose pictures are not frames yet."""

    def __init__(self, most_bytes: int) -> None:
        self._memory = BodyMemory[asyncio.Timeout](most_bytes)

    @property
    def held_bytes(self) -> int:
        return self._memory.held_bytes

    @asynccontextmanager
    async def share(self, client: str) -> AsyncIterator[Callable[[int], None]]:
        """Gives what takes bytes as they come, and gives all of them back. Less than nothing gives some back earlier.

        Taking raises TooManyBodies when none are left for this client. The block is cancelled, and raises the same,
        when another client wants some of what this one has over half.
        """
        body = asyncio.timeout(None)

        def take(size_bytes: int) -> None:
            if body.when() is not None:
                return  # it was given up already, and is about to be cancelled
            try:
                given_up = self._memory.take(body, client, size_bytes)
            except NoMemory:
                raise TooManyBodies from None
            for other in given_up:
                other.reschedule(asyncio.get_running_loop().time())

        try:
            async with body:
                yield take
        except TimeoutError:
            if body.expired():
                raise TooManyBodies from None
            raise
        finally:
            self._memory.release(body)


def body_memory(request: web.Request) -> AbstractAsyncContextManager[Callable[[int], None]]:
    """The memory for the body of a request, shared by API keys; without keys by addresses."""
    about = exchange(request)
    return request.app[BODIES].share(about.key or network_of(about.address))


BODIES = web.AppKey("bodies", Bodies)


async def json_body(
    request: web.Request,
    limit_bytes: int,
    take: Callable[[int], None],
    *,
    reads: str = "application/json",
    within_s: float = BODY_S,
    pace_s: float = PACE_S,
) -> JsonObject:
    """The body as a JSON object. Raises what `read_body` raises, and RequestError; `reads` is what the route takes.

    The content type is not held against a client whose body is JSON: curl's default names a form.
    """
    body = await read_body(request, limit_bytes, take, within_s=within_s, pace_s=pace_s)
    try:
        return await read_json(body)
    except RequestError as error:
        kind = media_type(request)
        is_json = not isinstance(error, InvalidJson) and bytes(body[:64]).lstrip(b" \t\r\n").startswith(b"{")
        if is_json or kind in ("application/json", "application/x-www-form-urlencoded", "text/plain"):
            raise
        raise UnsupportedMediaType(f"This route reads {reads}, not {kind[:60]}.") from None


def media_type(request: web.Request) -> str:
    """What the body claims to be. aiohttp's own `content_type` fails on parameters such as `; 0*`."""
    header = request.headers.get("Content-Type", "application/octet-stream")
    return header.partition(";")[0].strip().lower()


async def read_body(
    request: web.Request,
    limit_bytes: int,
    take: Callable[[int], None],
    *,
    within_s: float = BODY_S,
    pace_s: float = PACE_S,
) -> bytearray:
    """The body as it was sent, whose bytes are taken as they come.

    Raises BodyTooLarge, BodyTooSlow, UnsupportedMediaType or TooManyBodies.
    """
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise UnsupportedCoding
    if (request.content_length or 0) > limit_bytes:
        raise BodyTooLarge(limit_bytes)
    # Not request.read(): that would keep the body, pictures and all, for as long as the request waits and runs.
    body = bytearray()
    loop = asyncio.get_running_loop()
    end_at = loop.time() + within_s
    due_bytes = pace_bytes = MIN_PACE_BYTES_PER_S * pace_s
    try:
        async with asyncio.timeout(min(within_s, pace_s)) as limit:
            async for part in request.content.iter_any():
                take(len(part))
                body += part
                if len(body) > limit_bytes:
                    raise BodyTooLarge(limit_bytes)
                if len(body) >= due_bytes:
                    due_bytes = len(body) + pace_bytes
                    limit.reschedule(min(end_at, loop.time() + pace_s))
    except TimeoutError:
        if loop.time() < end_at:
            raise BodyTooSlow(pace_s, least_bytes_per_s=MIN_PACE_BYTES_PER_S) from None
        raise BodyTooSlow(within_s) from None
    return body


async def read_json(body: bytes | bytearray) -> JsonObject:
    """The same as `json_object`, which a large body is read by in a thread."""
    if len(body) <= MAX_BYTES_ON_LOOP:
        return json_object(body)
    return await asyncio.to_thread(json_object, body)


def json_object(body: bytes | bytearray) -> JsonObject:
    """A request body as a JSON object. NaN, Infinity, numbers beyond a float's and deep nesting are refused."""
    try:
        value = _loaded(body)
    except UnicodeDecodeError as error:
        raise InvalidJson("The request body is not UTF-8 text, as JSON has to be.") from error
    except (ValueError, RecursionError) as error:
        raise InvalidJson("The request body is not valid JSON.") from error
    if not isinstance(value, dict):
        raise InvalidJson("The request body must be a JSON object.")
    return value


def _loaded(body: bytes | bytearray) -> Any:
    """What the body says, read without holding the interpreter lock for long, however large it is."""
    parts = cut(_in_utf8(body), MAX_JSON_BYTES)
    payloads = iter(parts.payloads)

    def payload(constant: str) -> str:
        text = next(payloads, None)
        if constant != "-Infinity" or text is None:
            raise ValueError("not JSON")
        return text

    with _no_collection():
        value = json.loads(parts.json, parse_constant=payload, parse_float=_finite)
    if next(payloads, None) is not None:
        raise ValueError("not JSON")
    # There are no more values than such marks, and those are counted in a moment, the ones in texts with them.
    if sum(map(parts.json.count, b",[{")) >= MAX_JSON_VALUES and _has_more_values(value, MAX_JSON_VALUES):
        raise TooManyValues(MAX_JSON_VALUES)
    if sum(map(parts.json.count, b"[{")) > MAX_JSON_DEPTH and _is_deeper(value, MAX_JSON_DEPTH):
        raise InvalidJson(
            f"The request body is nested more than {MAX_JSON_DEPTH} deep, and no deeper JSON is read here."
        )
    return value


def _finite(text: str) -> float:
    """A number with a point or an exponent: 1e999 would become an infinity, which no JSON has."""
    number = float(text)
    if math.isinf(number):
        raise InvalidJson(f"The request body has the number {text[:40]}, and none above 1.8e308 is read here.")
    return number


def _in_utf8(body: bytes | bytearray) -> bytes | bytearray:
    """The body in UTF-8; PowerShell and others write UTF-16, which json.loads knows too. Raises UnicodeDecodeError."""
    encoding = json.detect_encoding(bytes(body[:4]))
    if encoding in ("utf-8", "utf-8-sig"):
        return body
    if not any(body[:4]):  # zeros look like UTF-32, and would be written down once more
        raise ValueError("no JSON")
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    recoded = bytearray()
    for at in range(0, len(body), _PIECE_BYTES):
        piece = decoder.decode(body[at : at + _PIECE_BYTES], final=at + _PIECE_BYTES >= len(body))
        recoded += piece.encode("utf-8", "surrogatepass")
    return recoded


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


def _is_deeper(value: Any, most: int) -> bool:
    """Whether more objects and arrays than that are inside each other in some JSON."""
    level = [value]
    for _ in range(most):
        children = (among.values() if isinstance(among, dict) else among for among in level)
        level = [child for among in children for child in among if isinstance(child, (dict, list))]
    return bool(level)


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
