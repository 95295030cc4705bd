"""Whatever way a client writes a path, it means one thing."""

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from hailo_vision.http_api.openapi.operation import Operation
from hailo_vision.http_api.web.faults import bug
from hailo_vision.http_api.web.http_errors import UnknownPath, WrongMethod
from hailo_vision.http_api.web.routes import Route, Routes, Surface, canonical


async def handler(_: web.Request) -> web.Response:
    return web.Response()


def route(method: str, path: str, *also: str) -> Route:
    return Route(method=method, path=path, handler=handler, about=Operation(tag="Tag", summary="It"), also=also)


CHAT, MODELS, MODEL, HEALTH, STORED, CANCEL = ROUTES = (
    route("POST", "/v1/chat/completions"),
    route("GET", "/v1/models"),
    route("GET", "/v1/models/{id}"),
    route("GET", "/health", "/healthz"),
    route("DELETE", "/v1/responses/{id}"),
    route("POST", "/v1/responses/{id}/cancel"),
)
TABLE = Routes((Surface(routes=ROUTES),))


@pytest.mark.parametrize(
    "path",
    [
        "/v1/chat/completions",
        "/chat/completions",
        "/v1/v1/chat/completions",
        "/v1/v1/v1/chat/completions/",
        "/v1/chat/completions/",
        "//v1//chat///completions//",
        "//chat/completions",
        "/v1//v1/chat/completions",
    ],
)
def test_every_spelling_of_a_path_finds_its_route(path: str) -> None:
    assert TABLE.find("POST", path).route is CHAT


@pytest.mark.parametrize(
    "path", ["/v1/chat", "/v2/chat/completions", "/chat/v1/completions", "/", "/v1", "", "*", "/v1/Chat/completions"]
)
def test_what_is_spelt_otherwise_finds_nothing(path: str) -> None:
    with pytest.raises(UnknownPath):
        TABLE.find("POST", path)


@pytest.mark.parametrize(("path", "name"), [("gpt-4o", "gpt-4o"), ("org/name/", "org/name"), ("{}", "{}")])
def test_braces_take_the_rest_of_the_path(path: str, name: str) -> None:
    found = TABLE.find("GET", f"/v1/models/{path}")
    assert found.route is MODEL
    assert found.parameters == {"id": name}


def test_braces_in_the_middle_take_one_part_and_come_first() -> None:
    found = TABLE.find("POST", "/responses/resp_1/cancel/")
    assert (found.route, found.parameters) == (CANCEL, {"id": "resp_1"})
    found = TABLE.find("DELETE", "/responses/resp_1")
    assert (found.route, found.parameters) == (STORED, {"id": "resp_1"})
    found = TABLE.find("DELETE", "/responses/resp_1/a/cancel")
    assert (found.route, found.parameters) == (STORED, {"id": "resp_1/a/cancel"})
    with pytest.raises(UnknownPath):
        TABLE.find("DELETE", "/responses")


def test_head_comes_with_get_and_another_path_with_its_route() -> None:
    assert TABLE.find("HEAD", "/v1/models").route is MODELS
    assert TABLE.find("HEAD", "/healthz").route is HEALTH
    with pytest.raises(WrongMethod):
        TABLE.find("HEAD", "/v1/chat/completions")


def test_a_wrong_method_names_the_right_ones() -> None:
    with pytest.raises(WrongMethod) as caught:
        TABLE.find("DELETE", "/v1/models/gpt-4o")
    assert caught.value.allowed == TABLE.allowed("/models/x") == "GET, HEAD, OPTIONS"
    assert TABLE.allowed("/v1/chat/completions") == "POST, OPTIONS"


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("/v1/chat/completion", "POST /v1/chat/completions"),
        ("/v1/model", "GET /v1/models"),
        ("/healt", "GET /health"),
        ("/nothing/like/it", "POST /v1/chat/completions"),
    ],
)
def test_an_unknown_path_is_told_the_likely_one(path: str, near: str) -> None:
    with pytest.raises(UnknownPath, match=near):
        TABLE.find("GET", path)


def test_two_routes_for_one_thing_are_a_mistake_of_ours() -> None:
    with pytest.raises(AssertionError, match="stands twice"):
        Routes([Surface(routes=(CHAT, route("POST", "/chat/completions")))])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(["/", "v1", "models", "..", "a b", "é", "{}", ""])).map("/".join))
def test_a_plain_path_is_as_plain_as_it_gets(path: str) -> None:
    plain = canonical(path)
    assert canonical(plain) == canonical(f"/v1/{path}/") == plain
    assert plain.startswith("/")
    assert "//" not in plain


@pytest.mark.parametrize(
    ("path", "is_own"),
    [
        ("/api/chat", True),
        ("//api//x/", True),
        ("/v1/api/tags", True),
        ("/api", True),
        ("/apis", False),
        ("/v1/x", False),
    ],
)
def test_errors_are_told_in_the_dialect_of_the_path(path: str, is_own: bool) -> None:
    table = Routes(
        (Surface(routes=ROUTES), Surface(routes=(), root="/api/", error=lambda fault: {"own": fault.status}))
    )
    assert (table.error(path, bug()) == {"own": 500}) is is_own
