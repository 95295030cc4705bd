"""Whatever JSON comes in by the front door: never a 5xx, never a hang, always JSON."""

import base64
import copy
import http.client
import io
import json
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest
from bodies import FULL, anything, spoilt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from published import holds

from harness import MODEL, Daemon

searching = settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)


def tiny() -> str:
    data = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(data, "PNG")
    return "data:image/png;base64," + base64.b64encode(data.getvalue()).decode()


def small() -> dict[str, Any]:
    """The full request as one that is answered, and soon."""
    body = copy.deepcopy(FULL) | {"model": MODEL, "max_tokens": 60, "max_completion_tokens": 60, "n": 1}
    picture = tiny()
    body["messages"][2]["content"] = [
        {"type": "text", "text": "What is this? Look here."},
        {"type": "image_url", "image_url": {"url": picture, "detail": "auto"}},
    ]
    return body


SMALL = small()


def post(daemon: Daemon, body: Any) -> tuple[int, str, bytes]:
    address = urlsplit(daemon.url)
    with closing(http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)) as connection:
        connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, response.headers["Content-Type"], response.read()


def is_answered_or_refused(daemon: Daemon, body: Any) -> None:
    status, kind, content = post(daemon, body)
    if status == 200 and kind == "text/event-stream":
        # A call of the tool can fail for want of tokens to try again: that is an error event, and no [DONE].
        last = content.decode().strip().split("\n\n")[-1].removeprefix("data: ")
        assert last == "[DONE]" or holds("error", json.loads(last)) is None
        return
    assert kind.startswith("application/json")
    answer = json.loads(content)
    if status == 200:
        holds("chat_completion", answer)
        return
    holds("error", answer)
    # What a model can't do is no fault of the server, and says so by its code.
    assert 400 <= status < 500 or answer["error"]["code"] in ("structured_output_failed", "tool_call_failed"), answer


def test_the_full_request_itself_is_answered(daemon: Daemon) -> None:
    assert post(daemon, {**SMALL, "stream": False})[0] == 200


@pytest.mark.slow
@searching
@given(anything)
def test_any_json_is_answered_or_refused(daemon: Daemon, body: Any) -> None:
    is_answered_or_refused(daemon, body)


@pytest.mark.slow
@searching
@given(data=st.data())
def test_any_mutation_of_a_full_request_is_answered_or_refused(daemon: Daemon, data: st.DataObject) -> None:
    is_answered_or_refused(daemon, spoilt(SMALL, data))


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("value", [None, True, 0, -1, 1e308, "", "a", [], {}, [[]], [{}], {"type": {}}])
def test_any_field_with_a_value_of_another_kind_is_answered_or_refused(daemon: Daemon, name: str, value: Any) -> None:
    is_answered_or_refused(daemon, {**SMALL, name: value})
