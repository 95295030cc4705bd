"""Which web pages may use the server, and what their browsers are told. Pure."""

import re
from collections.abc import Iterable, Mapping

EXPOSED = "x-request-id, retry-after, openai-processing-ms"
METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
REMEMBERED_S = 600
MOST_HEADER_CHARS = 4096

_HEADER_NAMES = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+(?:[ \t]*,[ \t]*[A-Za-z0-9!#$%&'*+.^_`|~-]+)*")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


class Cors:
    """An allow-list of origins; empty is off."""

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset(_plain(origin) for origin in origins)

    def allows(self, origin: str) -> bool:
        return "*" in self._origins or _plain(origin) in self._origins

    def headers(self, origin: str | None) -> dict[str, str]:
        """What every response carries, whatever it is: a browser keeps an error without them from its page."""
        if not self._origins:
            return {}
        if "*" in self._origins:
            return {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": EXPOSED}
        if origin is None or not self.allows(origin):
            return {"Vary": "Origin"}
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": EXPOSED,
            "Vary": "Origin",
        }

    def preflight(self, asked: Mapping[str, str]) -> dict[str, str]:
        """What a preflight is told besides `headers`. All headers are let in: those of the SDKs change often."""
        told = {"Access-Control-Allow-Methods": METHODS, "Access-Control-Max-Age": str(REMEMBERED_S)}
        names = asked.get("Access-Control-Request-Headers", "")
        if len(names) <= MOST_HEADER_CHARS and _HEADER_NAMES.fullmatch(names):
            told["Access-Control-Allow-Headers"] = names
        if asked.get("Access-Control-Request-Private-Network") == "true":
            told["Access-Control-Allow-Private-Network"] = "true"
        return told


def _plain(origin: str) -> str:
    scheme, _, _ = (lower := origin.lower()).partition("://")
    return lower.removesuffix(_DEFAULT_PORTS.get(scheme, "\0"))
