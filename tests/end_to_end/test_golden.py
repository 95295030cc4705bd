"""What clients send, as files of tests/golden, gets what they need; see the README there."""

import base64
import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from offered_tools import TOOL_SETS, has_recordings, recorded
from published import holds

from harness import PATIENCE_S, PHOTOS, Daemon

GOLDEN = Path(__file__).parent / "golden"
FILES = sorted(path.name for path in GOLDEN.glob("*.json"))
TYPES = {"string": str, "integer": int, "number": (int, float), "object": dict, "array": list, "boolean": bool}


def filled(value: Any) -> Any:
    """The same JSON with photos and tools in their places."""
    match value:
        case dict():
            return {key: filled(inner) for key, inner in value.items()}
        case list():
            return [filled(inner) for inner in value]
        case str() if tools := re.fullmatch(r"\{\{tools (\S+)\}\}", value):
            return TOOL_SETS[tools[1]]
        case str():
            value = re.sub(r"\{\{photo (\S+)\}\}", lambda found: f"data:image/jpeg;base64,{encoded(found[1])}", value)
            value = re.sub(r"\{\{words (\d+)\}\}", lambda found: "word " * int(found[1]), value)
            return re.sub(r"\{\{base64 (\S+)\}\}", lambda found: encoded(found[1]), value)
    return value


def encoded(name: str) -> str:
    return base64.b64encode((PHOTOS / name).read_bytes()).decode()


def differences(wanted: Any, got: Any, path: str = "$") -> Iterator[str]:
    match wanted:
        case {"$matches": pattern}:
            if not (isinstance(got, str) and re.search(pattern, got)):
                yield f"{path}: {got!r} does not match {pattern!r}"
        case {"$json": inner}:
            yield from differences(inner, json.loads(got), f"{path} as JSON")
        case {"$type": name}:
            if not isinstance(got, TYPES[name]):
                yield f"{path}: {got!r} is no {name}"
        case dict():
            if not isinstance(got, dict):
                yield f"{path}: {got!r} is no object"
                return
            for key, inner in wanted.items():
                if key in got:
                    yield from differences(inner, got[key], f"{path}.{key}")
                else:
                    yield f"{path}.{key} is missing"
        case list():
            if not isinstance(got, list) or len(got) != len(wanted):
                yield f"{path}: {got!r} is no array of {len(wanted)}"
                return
            for index, inner in enumerate(wanted):
                yield from differences(inner, got[index], f"{path}[{index}]")
        case _:
            if wanted != got or type(wanted) is not type(got):
                yield f"{path}: {got!r} is not {wanted!r}"


def send(daemon: Daemon, request: dict[str, Any]) -> tuple[int, dict[str, str], str]:
    body = request.get("body")
    data = None if body is None else json.dumps(filled(body)).encode()
    headers = {"Content-Type": "application/json", **request.get("headers", {})}
    method = request.get("method", "POST")
    asked = urllib.request.Request(daemon.url + request["path"], data, headers, method=method)
    try:
        with urllib.request.urlopen(asked, timeout=PATIENCE_S) as response:
            return response.status, {**response.headers}, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {**error.headers}, error.read().decode()


def events_in(text: str) -> list[Any]:
    data = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    return [one if one == "[DONE]" else json.loads(one) for one in data]


def check_events(wanted: list[Any], events: list[Any], schema: str | None = None) -> None:
    """The wanted events are among those of the stream, in their order."""
    if schema:
        for event in events:
            assert event == "[DONE]" or holds(schema, event) is None
    rest = iter(events)
    for number, one in enumerate(wanted):
        assert any(not list(differences(one, event)) for event in rest), f"event {number}: {one} is not in {events}"


@pytest.mark.parametrize("name", FILES)
def test_a_client_gets_what_it_needs(daemon: Daemon, name: str) -> None:
    for number, step in enumerate(json.loads((GOLDEN / name).read_text())["steps"]):
        status, headers, text = send(daemon, step["request"])
        reply = step["reply"]
        assert status == reply.get("status", 200), f"step {number}: {text}"
        assert not list(differences(reply.get("headers", {}), headers))
        assert not [each for each in reply.get("not", ()) if each in text]
        schema = reply.get("schema")
        if "events" in reply:
            check_events(reply["events"], events_in(text), schema)
            continue
        if "lines" in reply:
            check_events(reply["lines"], [json.loads(line) for line in text.splitlines()])
            continue
        answer = json.loads(text)
        if schema:
            holds(schema, answer)
        wrong = list(differences(reply.get("body", {}), answer))
        assert not wrong, f"step {number}:\n" + "\n".join(wrong)


@has_recordings
@pytest.mark.parametrize(
    ("name", "recording"),
    [
        ("home_assistant_11_tools", "home_assistant_second_agent_11_tools"),
        ("open_webui_28_tools", "open_webui_28_tools"),
    ],
)
def test_what_is_said_in_our_words_is_as_long_as_what_was_recorded(daemon: Daemon, name: str, recording: str) -> None:
    ours = filled(json.loads((GOLDEN / f"{name}.json").read_text())["steps"][0]["request"]["body"])
    theirs = recorded(recording)
    for message in ours["messages"]:
        message.pop("images", None)
    tokens = []
    for body in (ours, theirs):
        status, answer = daemon.post({**body, "stream": False}, "/api/chat")
        assert status == 200, answer
        tokens.append(answer["prompt_eval_count"])
    assert tokens[0] == pytest.approx(tokens[1], rel=0.08)


def test_a_difference_is_seen_wherever_it_is() -> None:
    """The matcher can fail: a golden file that says nothing proves nothing."""
    wanted = {"a": [{"b": {"$matches": "^x"}}, {"$type": "integer"}, 1, {"$json": {"c": 1}}]}
    assert not list(differences(wanted, {"a": [{"b": "xy", "z": 0}, 5, 1, '{"c": 1, "d": 2}'], "more": 1}))
    for got in (
        {},
        {"a": []},
        {"a": [{"b": "y"}, 5, 1, '{"c": 1}']},
        {"a": [{"b": "x"}, "5", 1, '{"c": 1}']},
        {"a": [{"b": "x"}, 5, True, '{"c": 1}']},
        {"a": [{"b": "x"}, 5, 1, '{"c": 2}']},
    ):
        assert list(differences(wanted, got))
