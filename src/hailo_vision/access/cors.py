"""CORS: which web pages may use the server, and the headers that say so to their browsers. Pure."""

import re
from collections.abc import Iterable, Mapping

EXPOSED_HEADERS = ", ".join(
    (
        *("x-request-id", "request-id", "retry-after", "x-should-retry", "openai-processing-ms"),
        *(f"x-hailo-vision-{name}" for name in ("engine", "images", "turns", "tools")),
        *(f"x-ratelimit-{name}-{what}" for what in ("requests", "images") for name in ("limit", "remaining", "reset")),
    )
)
METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
PREFLIGHT_MAX_AGE_S = 600
MAX_HEADER_CHARS = 4096

_HEADER_NAMES = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+(?:[ \t]*,[ \t]*[A-Za-z0-9!#$%&'*+.^_`|~-]+)*")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


class Cors:
    """An allow-list of origins. An empty one switches CORS off. `moz-extension://*` is all of that scheme."""

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset(_normalized(origin) for origin in origins)

    def allows(self, origin: str) -> bool:
        name = _normalized(origin)
        scheme, separator, _ = name.partition("://")
        return not self._origins.isdisjoint(("*", name, f"{scheme}{separator}*"))

    def headers(self, origin: str | None) -> dict[str, str]:
        """The headers of every response, errors too: a browser hides a response without them from its page."""
        if not self._origins:
            return {}
        if "*" in self._origins:
            return {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": EXPOSED_HEADERS}
        if origin is None or not self.allows(origin):
            return {"Vary": "Origin"}
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": EXPOSED_HEADERS,
            "Vary": "Origin",
        }

    def preflight(self, request_headers: Mapping[str, str]) -> dict[str, str]:
        """What a preflight's response adds to `headers`. Any header is allowed, as those of the SDKs change often."""
        response_headers = {"Access-Control-Allow-Methods": METHODS, "Access-Control-Max-Age": str(PREFLIGHT_MAX_AGE_S)}
        names = request_headers.get("Access-Control-Request-Headers", "")
        if len(names) <= MAX_HEADER_CHARS and _HEADER_NAMES.fullmatch(names):
            response_headers["Access-Control-Allow-Headers"] = names
        if request_headers.get("Access-Control-Request-Private-Network") == "true":
            response_headers["Access-Control-Allow-Private-Network"] = "true"
        return response_headers


def _normalized(origin: str) -> str:
    scheme, _, _ = (lower := origin.lower()).partition("://")
    return lower.removesuffix(_DEFAULT_PORTS.get(scheme, "\0"))
