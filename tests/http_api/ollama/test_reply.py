"""Answers in Ollama's JSON."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from hailo_vision.chat import Finish, FinishReason, ModelFacts, Timings, ToolCall, Usage
from hailo_vision.http_api.ollama.card import Card, listed, running, shown
from hailo_vision.http_api.ollama.reply import Reply, error_line, line, timestamp
from hailo_vision.http_api.web.faults import bug
from hailo_vision.models.facts import hef_facts

NOW = datetime(2026, 8, 1, 12, 30, tzinfo=UTC)
CHAT, GENERATE = Reply(model="m:latest", is_chat=True), Reply(model="m", is_chat=False)
CALL = ToolCall(id="call_1", name="look", arguments='{"where": "up"}')


def finish(reason: FinishReason = FinishReason.STOP) -> Finish:
    timings = Timings(image_s=0.1, queue_s=2, load_s=1.5, prefill_s=0.9, decode_s=2.5)
    return Finish(reason=reason, usage=Usage(prompt_tokens=170, completion_tokens=21), timings=timings)


def test_a_load_that_took_no_time_is_not_zero_as_gos_clients_drop_a_zero() -> None:
    warm = Finish(reason=FinishReason.STOP, usage=Usage(prompt_tokens=1, completion_tokens=1), timings=Timings())
    assert CHAT.last(NOW, warm, total_s=1)["load_duration"] == 1


def test_a_part_of_a_chat_is_a_message_and_of_a_text_a_response() -> None:
    assert CHAT.part(NOW, "Hi") == {
        "model": "m:latest",
        "created_at": "2026-08-01T12:30:00Z",
        "message": {"role": "assistant", "content": "Hi"},
        "done": False,
    }
    assert GENERATE.part(NOW, "Hi")["response"] == "Hi"


def test_the_end_tells_where_the_time_went_in_nanoseconds() -> None:
    end = CHAT.last(NOW, finish(), total_s=6.0)
    assert end["done"] is True
    assert end["total_duration"] == 6_000_000_000
    assert end["load_duration"] == 1_500_000_000
    assert end["prompt_eval_duration"] == 900_000_000
    assert end["eval_duration"] == 2_500_000_000
    assert (end["prompt_eval_count"], end["eval_count"]) == (170, 21)
    assert end["total_duration"] >= end["load_duration"] + end["prompt_eval_duration"] + end["eval_duration"]


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        (FinishReason.STOP, "stop"),
        (FinishReason.LENGTH, "length"),
        (FinishReason.DEADLINE, "length"),
        (FinishReason.TOOL_CALLS, "stop"),
    ],
)
def test_reasons_are_ollamas(reason: FinishReason, word: str) -> None:
    assert CHAT.last(NOW, finish(reason), total_s=1)["done_reason"] == word


def test_a_texts_context_is_empty_and_a_chat_has_none() -> None:
    assert GENERATE.last(NOW, finish(), total_s=1)["context"] == []
    assert "context" not in CHAT.last(NOW, finish(), total_s=1)


def test_arguments_of_a_call_are_an_object() -> None:
    message = CHAT.part(NOW, calls=[CALL])["message"]
    assert message["tool_calls"] == [{"id": "call_1", "function": {"name": "look", "arguments": {"where": "up"}}}]
    assert "tool_calls" not in CHAT.part(NOW, "Hi")["message"]


def test_a_line_is_one_line_whatever_is_said() -> None:
    data = line(GENERATE.part(NOW, 'a\nb"ü\ud800'))
    assert data.count(b"\n") == 1
    assert data.endswith(b"\n")
    assert json.loads(data)["response"].startswith('a\nb"ü')


def test_an_error_is_a_string() -> None:
    assert json.loads(error_line(bug())) == {"error": bug().message}


def card(**facts: Any) -> Card:
    known = {
        "family": "qwen2vl",
        "format": "hef",
        "parameters": 2_208_985_600,
        "size_bytes": 5,
        "licence": "Apache-2.0",
    }
    shown_facts = ModelFacts(**{**known, **facts})
    return Card(name="m", facts=shown_facts, sees=True, context_tokens=2048, started_at=NOW.timestamp())


NOTHING = Card(name="m", facts=ModelFacts(), sees=False, context_tokens=None, started_at=NOW.timestamp())


def test_names_are_listed_with_their_tags() -> None:
    models = listed([("m", card()), ("llava:7b", card())])["models"]
    assert [(model["name"], model["model"]) for model in models] == [("m:latest",) * 2, ("llava:7b",) * 2]
    assert all(len(model["digest"]) == 64 for model in models)
    assert models[0]["details"]["parameter_size"] == "2.2B"


@pytest.mark.parametrize("template", [None, "{{ .Prompt }}", "{% for m in messages %}{{ m.content }}{% endfor %}"])
def test_litellm_sees_by_the_word_tools_in_the_template_that_a_model_takes_them(template: str | None) -> None:
    told = shown(card(template=template))["template"]
    assert "tools" in told.lower()
    assert told.startswith(template or "")
    assert told.endswith("#}" if template and "{%" in template else "*/ -}}")


def test_the_template_of_the_chips_model_has_tools_of_its_own() -> None:
    template = hef_facts("Qwen2-VL-2B-Instruct.hef").template or ""
    assert shown(card(template=template))["template"] == template
    assert ".Tools" in template
    assert template.count("{{") == template.count("}}")


def test_clients_find_the_context_by_the_architecture() -> None:
    told = shown(card())
    assert told["model_info"][f"{told['model_info']['general.architecture']}.context_length"] == 2048
    assert {"completion", "vision", "tools"} == set(told["capabilities"])
    assert "num_ctx 2048" in told["parameters"]


def test_what_nobody_knows_of_a_model_is_not_made_up() -> None:
    told = shown(NOTHING)
    assert told["model_info"] == {"general.basename": "m"}
    assert told["capabilities"] == ["completion", "tools"]
    assert "license" not in told
    assert told["parameters"] == ""
    (entry,) = listed([("m", NOTHING)])["models"]
    assert entry["size"] == 0
    assert not any(entry["details"].values())


def test_a_model_that_stays_for_ever_ends_when_nobody_lives_to_see_it() -> None:
    forever, soon = running([("m", card(), None), ("llava:7b", card(), 60)], NOW)["models"]
    assert (forever["name"], soon["name"]) == ("m:latest", "llava:7b")
    assert int(forever["expires_at"][:4]) > 2100
    assert soon["expires_at"] == timestamp(NOW.replace(minute=31))
