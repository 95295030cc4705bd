"""Which path means which handler. Pure.

Clients write their base URL with and without /v1, with a slash at its end, or have /v1 added to one that has it. All of
that is the same path here, so that nothing is ever redirected: a redirect can turn a POST into a GET.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp.typedefs import Handler

from hailo_vision.http_api.openapi.operation import Operation
from hailo_vision.http_api.web.faults import Fault
from hailo_vision.http_api.web.http_errors import UnknownPath, WrongMethod

_BRACES = re.compile(r"\{(\w+)\}")
_MAX_CHARS = 200  # of a path that is compared with all others
_ALIKE = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One line of what is served.

    path      as documentation prints it; a part in braces takes any, the last one the rest of the path, slashes too
    is_open   whether it is answered without an API key
    is_polled whether clients ask it all day long, so that the log tells of it at DEBUG
    also      other paths for the same
    """

    method: str
    path: str
    handler: Handler
    about: Operation
    is_open: bool = False
    is_polled: bool = False
    also: tuple[str, ...] = ()


def error_body(fault: Fault) -> dict[str, Any]:
    """An error as most dialects tell it: in OpenAI's shape."""
    return fault.body


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """One way in: its routes, and how it tells of errors.

    The paths under `root`, if it has one, speak its dialect, those that are not served too.
    """

    routes: tuple[Route, ...]
    root: str | None = None
    error: Callable[[Fault], dict[str, Any]] = error_body

    def speaks(self, path: str) -> bool:
        return self.root is not None and f"{canonical(path)}/".startswith(self.root)


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteMatch:
    """A route, and what stands in the place of its braces."""

    route: Route
    parameters: Mapping[str, str]


class Routes:
    """The table of all surfaces. GET brings HEAD with it."""

    def __init__(self, surfaces: Iterable[Surface]) -> None:
        self._surfaces = tuple(surfaces)
        self.all = tuple(route for surface in self._surfaces for route in surface.routes)
        self._at: dict[str, dict[str, Route]] = {}
        for route in self.all:
            for path in (route.path, *route.also):
                methods = self._at.setdefault(canonical(path), {})
                assert route.method not in methods, f"{route.method} {path} stands twice"
                methods[route.method] = route
        templates = sorted((path for path in self._at if "{" in path), key=lambda path: -path.count("/"))
        self._patterns = tuple((_pattern(path), self._at[path]) for path in templates)

    def find(self, method: str, path: str) -> RouteMatch:
        """Raises UnknownPath or WrongMethod."""
        methods, parameters = self._methods(path)
        route = methods.get("GET" if method == "HEAD" else method)
        if route is None:
            raise WrongMethod(method, path, _allowed(methods))
        return RouteMatch(route=route, parameters=parameters)

    def error(self, path: str, fault: Fault) -> dict[str, Any]:
        """An error in the dialect that is spoken at a path."""
        surface = next((one for one in self._surfaces if one.speaks(path)), None)
        return error_body(fault) if surface is None else surface.error(fault)

    def allowed(self, path: str) -> str:
        """The methods of a path, as the Allow header has them. Raises UnknownPath."""
        return _allowed(self._methods(path)[0])

    def _methods(self, path: str) -> tuple[dict[str, Route], dict[str, str]]:
        plain = canonical(path)
        if "{" not in plain and (methods := self._at.get(plain)):
            return methods, {}
        for pattern, methods in self._patterns:
            if match := pattern.fullmatch(plain):
                return methods, match.groupdict()
        raise UnknownPath(path, self._near(plain))

    def _near(self, plain: str) -> str:
        """What may have been meant, else what most come for."""
        for key in difflib.get_close_matches(plain[:_MAX_CHARS], self._at, 1, _ALIKE):
            route = next(iter(self._at[key].values()))
            return f"{route.method} {route.path}"
        return "POST /v1/chat/completions"


def canonical(path: str) -> str:
    """A path without doubled and trailing slashes, and without any /v1 it begins with."""
    parts = [part for part in path.split("/") if part]
    while parts and parts[0] == "v1":
        del parts[0]
    return "/" + "/".join(parts)


def parameters(path: str) -> list[str]:
    """The names in the braces of a route's path."""
    return _BRACES.findall(path)


def _pattern(path: str) -> re.Pattern[str]:
    parts = [f"(?P<{part[1:-1]}>[^/]+)" if part.startswith("{") else re.escape(part) for part in path.split("/")]
    if path.endswith("}"):
        parts[-1] = parts[-1].replace("[^/]+", ".+")
    return re.compile("/".join(parts), re.DOTALL)


def _allowed(methods: Mapping[str, Route]) -> str:
    names = [*methods, *(["HEAD"] if "GET" in methods else []), "OPTIONS"]
    return ", ".join(names)
