"""Whatever is sent to the surfaces beside chats is answered, or refused in JSON: no failure of ours, and no hang."""

import copy
import http.client
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from harness import MODEL, PATIENCE_S, Daemon

DOT = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
SHORT = {"model": MODEL, "max_tokens": 2, "temperature": 0.5, "top_p": 0.5, "seed": 1}
RESPONSE: dict[str, Any] = {
    "model": MODEL,
    "instructions": "Be brief.",
    "input": [
        {"role": "developer", "content": "Be kind."},
        {
            "type": "message",
            "role": "user",
            "content": [
                {"type": "input_text", "text": "What?"},
                {"type": "input_image", "image_url": DOT, "detail": "low"},
            ],
        },
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"role": "assistant", "content": [{"type": "output_text", "text": "A dot.", "annotations": []}]},
        {"type": "function_call", "call_id": "c1", "name": "light", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": "done"}]},
        {"role": "user", "content": "And?"},
    ],
    "tools": [{"type": "function", "name": "light", "parameters": {"type": "object"}, "strict": False}],
    "tool_choice": "none",
    "parallel_tool_calls": True,
    "max_output_tokens": 2,
    "temperature": 0.5,
    "text": {"format": {"type": "text"}},
    "metadata": {"a": "b"},
    "include": [],
    "store": False,
    "stream": False,
    "previous_response_id": None,
}
VALID: dict[str, dict[str, Any]] = {
    "/v1/responses": RESPONSE,
    "/v1/completions": {**SHORT, "prompt": ["a", "b"], "stop": ["x"], "echo": True, "n": 1, "stream": False},
    "/v1/vision/analyze": {
        **SHORT,
        "images": [DOT, {"url": DOT, "detail": "low", "fit": "pad"}, {"type": "image_url", "image_url": {"url": DOT}}],
        "prompt": ["a", "b", "c"],
        "stream": False,
    },
    "/v1/vision/caption": {**SHORT, "image": DOT, "detail": "low"},
    "/v1/vision/vqa": {**SHORT, "image": {"url": DOT}, "question": "a", "fit": "crop"},
}
WORDS = st.sampled_from(["", "auto", "user", "required", "function", "data:,", "http://127.0.0.1:1/", "\ud800", "\0"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "text", "url", "role", "content", "image_url", "name"]), inner)
    ),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of each value inside a value."""
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from places(one, (*path, key))


def changed(body: Any, path: tuple[Any, ...], change: Callable[[Any, Any], None]) -> Any:
    body = copy.deepcopy(body)
    holder = body
    for key in path[:-1]:
        holder = holder[key]
    change(holder, path[-1])
    return body


@st.composite
def mutations(draw: st.DrawFn, body: dict[str, Any]) -> Any:
    """A valid body with one to three of its values replaced, taken away, or joined by another."""
    for _ in range(draw(st.integers(1, 3))):
        found = list(places(body))
        if not found:
            break
        path = draw(st.sampled_from(found))
        value = draw(VALUES)
        if draw(st.integers(0, 3)) == 0:
            body = changed(body, path, lambda holder, key: holder.pop(key))
        else:
            body = changed(body, path, lambda holder, key, value=value: holder.__setitem__(key, value))
    return body


def exchange(daemon: Daemon, path: str, body: bytes, content_type: str) -> tuple[int, str, bytes]:
    where = urlsplit(daemon.url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=PATIENCE_S)
    try:
        connection.request("POST", path, body, {"Content-Type": content_type})
        response = connection.getresponse()
        return response.status, response.headers.get_content_type(), response.read()
    finally:
        connection.close()


def check(daemon: Daemon, path: str, body: bytes, content_type: str = "application/json") -> None:
    status, kind, answer = exchange(daemon, path, body, content_type)
    unfit = (status == 500 and b"tool_call_failed" in answer) or b"structured_output_failed" in answer
    assert status == 200 or 400 <= status < 500 or unfit, (status, answer)
    if kind == "text/event-stream":
        assert status == 200
        return
    value = json.loads(answer)
    if status != 200:
        assert value["error"].keys() == {"message", "type", "param", "code"}
        assert value["error"]["message"]


@pytest.mark.parametrize("path", VALID)
def test_the_bodies_that_are_mutated_are_valid(daemon: Daemon, path: str) -> None:
    status, answer = daemon.post(VALID[path], path)
    assert status == 200, answer


@pytest.mark.parametrize("path", VALID)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_mutation_of_a_valid_body_is_answered_or_refused(daemon: Daemon, path: str, data: st.DataObject) -> None:
    check(daemon, path, json.dumps(data.draw(mutations(VALID[path]))).encode())


@pytest.mark.parametrize("path", VALID)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=VALUES)
def test_any_json_is_answered_or_refused(daemon: Daemon, path: str, value: Any) -> None:
    check(daemon, path, json.dumps(value).encode())


FORM = (
    b'--B\r\nContent-Disposition: form-data; name="image"\r\n\r\n' + DOT.encode() + b"\r\n"
    b'--B\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\nContent-Type: a/b\r\n\r\n\xff\xd8\r\n'
    b'--B\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nWhat?\r\n'
    b'--B\r\nContent-Disposition: form-data; name="max_tokens"\r\n\r\n2\r\n--B--\r\n'
)


@pytest.mark.parametrize("path", ["/v1/vision/analyze", "/v1/vision/caption", "/v1/vision/vqa"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(noise=st.binary(max_size=20), start=st.integers(0, len(FORM)), length=st.integers(0, 60))
def test_any_damage_to_a_form_is_answered_or_refused(
    daemon: Daemon, path: str, noise: bytes, start: int, length: int
) -> None:
    check(daemon, path, FORM[:start] + noise + FORM[start + length :], "multipart/form-data; boundary=B")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(header=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=90))
@example(header="0*")  # aiohttp's own reading of the header fails on it
def test_any_boundary_is_read_or_refused(daemon: Daemon, header: str) -> None:
    check(daemon, "/v1/vision/caption", FORM, f"multipart/form-data; {header}")


def test_a_content_type_that_is_none_is_no_failure_at_chats_either(daemon: Daemon) -> None:
    status, _, answer = exchange(daemon, "/v1/chat/completions", b"no JSON", "text/html; 0*")
    assert (status, json.loads(answer)["error"]["code"]) == (415, "unsupported_media_type")
