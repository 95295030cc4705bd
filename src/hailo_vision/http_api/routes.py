"""Which path means which handler. Pure.

Clients write their base URL with and without /v1, with a slash at its end, or have /v1 added to one that has it. All of
that is the same path here, so that nothing is ever redirected: a redirect can turn a POST into a GET.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aiohttp.typedefs import Handler

from hailo_vision.errors import UnknownPath, WrongMethod
from hailo_vision.http_api.openapi.operation import Operation

_MOST_CHARS = 200  # of a path that is compared with all others
_ALIKE = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One line of what is served.

    path      as documentation prints it; a last part in braces takes the rest of the path, slashes too
    is_open   whether it is answered without an API key
    also      other paths for the same
    """

    method: str
    path: str
    handler: Handler
    about: Operation
    is_open: bool = False
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A route, and what stands in the place of its braces."""

    route: Route
    parameters: Mapping[str, str]


class Routes:
    """The table. GET brings HEAD with it."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.all = tuple(routes)
        self._at: dict[str, dict[str, Route]] = {}
        self._below: dict[str, dict[str, Route]] = {}
        for route in self.all:
            for path in (route.path, *route.also):
                table, plain = self._at, canonical(path)
                if parameter(path) is not None:
                    table, plain = self._below, plain.rpartition("/")[0]
                methods = table.setdefault(plain, {})
                assert route.method not in methods, f"{route.method} {path} stands twice"
                methods[route.method] = route

    def find(self, method: str, path: str) -> Found:
        """Raises UnknownPath or WrongMethod."""
        plain = canonical(path)
        methods, rest = self._methods(plain)
        if not methods:
            raise UnknownPath(path, self._near(plain))
        route = methods.get("GET" if method == "HEAD" else method)
        if route is None:
            raise WrongMethod(method, path, _allowed(methods))
        name = parameter(route.path)
        return Found(route=route, parameters={} if name is None else {name: rest})

    def allowed(self, path: str) -> str:
        """The methods of a path, as the Allow header has them. Raises UnknownPath."""
        methods, _ = self._methods(canonical(path))
        if not methods:
            raise UnknownPath(path, self._near(canonical(path)))
        return _allowed(methods)

    def _methods(self, plain: str) -> tuple[dict[str, Route], str]:
        """What is served at a path; else what is served below one of its parents."""
        if methods := self._at.get(plain):
            return methods, ""
        cut = plain.rfind("/")
        while cut > 0:
            if methods := self._below.get(plain[:cut]):
                return methods, plain[cut + 1 :]
            cut = plain.rfind("/", 0, cut)
        return {}, ""

    def _near(self, plain: str) -> str:
        """What may have been meant, else what most come for."""
        for key in difflib.get_close_matches(plain[:_MOST_CHARS], self._at, 1, _ALIKE):
            route = next(iter(self._at[key].values()))
            return f"{route.method} {route.path}"
        return "POST /v1/chat/completions"


def canonical(path: str) -> str:
    """A path without doubled and trailing slashes, and without any /v1 it begins with."""
    parts = [part for part in path.split("/") if part]
    while parts and parts[0] == "v1":
        del parts[0]
    return "/" + "/".join(parts)


def parameter(path: str) -> str | None:
    """The name in the braces at the end of a route's path."""
    last = path.rpartition("/")[2]
    return last[1:-1] if last.startswith("{") and last.endswith("}") else None


def _allowed(methods: Mapping[str, Route]) -> str:
    names = [*methods, *(["HEAD"] if "GET" in methods else []), "OPTIONS"]
    return ", ".join(names)
