"""What a request has to pass before its handler sees it, and what its response tells of that."""

import asyncio
import math
from collections.abc import Mapping

from aiohttp import web

from hailo_vision.access.access import Access
from hailo_vision.access.hosts import is_same_origin
from hailo_vision.access.limits import Level, Limit
from hailo_vision.http_api.web.exchange import exchange
from hailo_vision.http_api.web.http_errors import (
    BodyTooLarge,
    ExceedsRateLimit,
    Forbidden,
    InvalidKey,
    Permission,
    RateLimited,
)
from hailo_vision.http_api.web.routes import Route
from hailo_vision.http_api.web.services import SERVICES

_PREFLIGHT = "Access-Control-Request-Method"


def check_source(request: web.Request, access: Access) -> None:
    """Raises Forbidden when it may be a web page that asks, and one that the operator did not allow.

    A page can send a POST to any address without asking first; that its browser hides the answer comes too late.
    """
    host, origin = request.headers.get("Host"), request.headers.get("Origin")
    if access.hosts is not None and not access.hosts.allows(host):
        message = f"This server does not know the name {(host or '')[:100]!r} for itself. If it is one, add it to "
        raise Forbidden(Permission.HOST, f"{message}server.allowed_hosts.")
    if origin is not None and not is_same_origin(origin, host) and not access.cors.allows(origin):
        message = f"Web pages from {origin[:100]!r} may not use this server. If they should, add that to "
        raise Forbidden(Permission.ORIGIN, f"{message}server.cors_origins.")


def is_preflight(request: web.Request) -> bool:
    return request.method == "OPTIONS" and "Origin" in request.headers and _PREFLIGHT in request.headers


def preflight(request: web.Request, access: Access) -> web.Response:
    """A browser asks before it lets a page ask: it has no key to show yet."""
    return web.Response(status=204, headers=access.cors.preflight(request.headers))


def admit(request: web.Request, access: Access, route: Route) -> None:
    """Whose request it is, and whether that one may ask again already. Raises InvalidKey or RateLimited."""
    if route.is_open:
        return
    if access.keys is not None:
        sent = [key for key in _sent_keys(request.headers) if key]
        owners = [owner for key in sent if (owner := access.keys.owner(key)) is not None]
        if not owners:
            raise InvalidKey(was_sent=bool(sent))
        about = exchange(request)
        about.key = about.facts["key"] = owners[0]
    if access.requests is not None and route.method == "POST":
        _take(request, access.requests, 1, "requests")


def charge_images(request: web.Request, images: int) -> None:
    """Count a request's pictures, before any work is done for them: all of them or none.

    Raises RateLimited, or ExceedsRateLimit where it is no use to wait.
    """
    limit = request.app[SERVICES].access.images
    if limit is None or images == 0:
        return
    if images > limit.per_minute:
        raise ExceedsRateLimit(images=images, per_minute=limit.per_minute)
    _take(request, limit, images, "images")


async def ask_for_body(request: web.Request) -> None:
    """Tell a client that waits for it to send its body; not before all that can be refused without it has been."""
    limit_bytes = request.app[SERVICES].limit_bytes
    if (request.content_length or 0) > limit_bytes:
        raise BodyTooLarge(limit_bytes)
    if request.version >= (1, 1) and request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # to aiohttp it would be the start of the response


def _sent_keys(headers: Mapping[str, str]) -> tuple[str, ...]:
    """Some clients send both headers, and nonsense in one of them."""
    scheme, _, token = headers.get("Authorization", "").strip().partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else ""
    return bearer, headers.get("X-Api-Key", "").strip()


def _take(request: web.Request, limit: Limit, amount: int, what: str) -> None:
    about = exchange(request)
    level = limit.take(about.client, amount, asyncio.get_running_loop().time())
    about.quota.update(_told(level, what))
    if level.retry_after_s:
        raise RateLimited(per_minute=limit.per_minute, what=what, retry_after_s=level.retry_after_s)


def _told(level: Level, what: str) -> dict[str, str]:
    """In OpenAI's headers."""
    return {
        f"x-ratelimit-limit-{what}": str(level.per_minute),
        f"x-ratelimit-remaining-{what}": str(level.remaining),
        f"x-ratelimit-reset-{what}": f"{math.ceil(level.full_in_s)}s",
    }
