"""The tools of Home Assistant and Open WebUI on a context of 2,048 tokens: they get an answer."""

import json
from typing import Any

import pytest
from offered_tools import TOOL_SETS, has_recordings, recorded

from harness import MODEL, Daemon

TOOLS_SHOWN = "x-hailo-vision-tools"
WEBUI = TOOL_SETS["open_webui"]


def chat(question: str, *, system: str = "Be kind.", **fields: Any) -> dict[str, Any]:
    messages = [{"role": "system", "content": system}, {"role": "user", "content": question}]
    return {"model": MODEL, "messages": messages, "tools": WEBUI, **fields}


@pytest.mark.parametrize("tools", ["home_assistant", "open_webui"])
def test_all_tools_of_an_application_fit(daemon: Daemon, tools: str) -> None:
    body = chat("Hello!", tools=TOOL_SETS[tools])
    status, headers, answer = daemon.request("POST", "/v1/chat/completions", body)
    count = len(TOOL_SETS[tools])
    assert status == 200, answer
    assert headers[TOOLS_SHOWN] == f"{count}/{count}"
    assert (answer["usage"]["tools_shown"], answer["usage"]["tools_offered"]) == (count, count)


def test_where_they_do_not_fit_the_likeliest_are_shown_and_header_log_and_usage_say_so(daemon: Daemon) -> None:
    body = chat("Search my notes for the wifi password.", system="word " * 900)
    status, headers, answer = daemon.request("POST", "/v1/chat/completions", body)
    assert status == 200, answer
    shown, offered = map(int, headers[TOOLS_SHOWN].split("/"))
    assert 1 < shown < offered == 28
    assert (answer["usage"]["tools_shown"], answer["usage"]["tools_offered"]) == (shown, offered)
    calls = {call["function"]["name"] for call in answer["choices"][0]["message"]["tool_calls"]}
    assert "search_notes" in calls
    daemon.wait_for(lambda: f"tools={shown}/{offered}" in daemon.log)


def test_a_stream_says_it_in_its_header_and_in_its_usage(daemon: Daemon) -> None:
    body = chat("Hello!", system="word " * 900, stream=True, stream_options={"include_usage": True})
    response = daemon.client.chat.completions.with_raw_response.create(**body)
    shown, offered = map(int, response.headers[TOOLS_SHOWN].split("/"))
    *_, last = response.parse()
    assert last.usage is not None
    assert last.usage.model_extra == {"tools_shown": shown, "tools_offered": offered}


def test_ollama_s_clients_and_those_of_responses_hear_it_too(daemon: Daemon) -> None:
    body = chat("Hello!", system="word " * 900, stream=False)
    _, headers, answer = daemon.request("POST", "/api/chat", body)
    assert headers[TOOLS_SHOWN] == f"{answer['tools_shown']}/{answer['tools_offered']}"
    asked = {
        "model": MODEL,
        "instructions": "word " * 900,
        "input": "Hello!",
        "tools": [{"type": "function", **tool["function"]} for tool in WEBUI],
    }
    _, headers, answer = daemon.request("POST", "/v1/responses", asked)
    usage = answer["usage"]
    assert headers[TOOLS_SHOWN] == f"{usage['tools_shown']}/{usage['tools_offered']}"


def test_anthropic_s_clients_hear_it_in_their_usage(daemon: Daemon) -> None:
    functions = [tool["function"] for tool in WEBUI]
    asked = {
        "model": MODEL,
        "max_tokens": 50,
        "system": "word " * 900,
        "messages": [{"role": "user", "content": "Hello!"}],
        "tools": [{"name": each["name"], "input_schema": each["parameters"]} for each in functions],
    }
    status, headers, answer = daemon.request("POST", "/v1/messages", asked)
    assert status == 200, answer
    usage = answer["usage"]
    assert headers[TOOLS_SHOWN] == f"{usage['tools_shown']}/{usage['tools_offered']}"


def test_an_estimate_that_was_too_low_is_put_right_by_the_device_s_count(daemon: Daemon) -> None:
    system = "Включи свет в гостиной. " * 50  # has more tokens with the simulator than are estimated
    status, headers, answer = daemon.request("POST", "/v1/chat/completions", chat("Hello!", system=system))
    assert status == 200, answer
    shown, offered = map(int, headers[TOOLS_SHOWN].split("/"))
    assert 1 <= shown < offered
    assert f"fewer tools engine=simulated tools={shown}/{offered}" in daemon.log


def test_a_tool_that_is_named_is_shown_whatever_it_costs(daemon: Daemon) -> None:
    named = {"type": "function", "function": {"name": "create_skill"}}
    body = chat("Hello!", system="word " * 1500, tool_choice=named)
    status, headers, _ = daemon.request("POST", "/v1/chat/completions", body)
    assert (status, headers[TOOLS_SHOWN]) == (200, "1/1")


def test_what_is_too_long_without_any_tool_is_refused_as_before(daemon: Daemon) -> None:
    status, answer = daemon.post(chat("Hello!", system="word " * 2500))
    assert (status, answer["error"]["code"]) == (400, "context_length_exceeded")


def test_without_tools_nothing_is_said_of_them(daemon: Daemon) -> None:
    status, headers, answer = daemon.request("POST", "/v1/chat/completions", chat("Hello!", tools=None))
    assert status == 200
    assert TOOLS_SHOWN not in headers
    assert "tools_shown" not in answer["usage"]


@has_recordings
@pytest.mark.parametrize(
    ("name", "path", "count"),
    [
        ("home_assistant_assist_11_tools", "/api/chat", 11),
        ("home_assistant_assist_tool_result", "/api/chat", 11),
        ("home_assistant_second_agent_11_tools", "/api/chat", 11),
        ("open_webui_28_tools", "/v1/chat/completions", 28),
    ],
)
def test_recorded_requests_get_an_answer_with_all_their_tools(daemon: Daemon, name: str, path: str, count: int) -> None:
    body = {**recorded(name), "stream": False}
    status, headers, answer = daemon.request("POST", path, body)
    assert status == 200, json.dumps(answer)
    assert headers[TOOLS_SHOWN] == f"{count}/{count}"
