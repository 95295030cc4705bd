"""The body of POST /v1/responses becomes a ChatRequest, or an error that names the field. Pure.

Nothing is stored, so what would need a store is refused: each request brings its whole conversation.
"""

from dataclasses import dataclass
from typing import Any

from hailo_vision.chat import ChatRequest, JsonFormat
from hailo_vision.config import settings
from hailo_vision.http_api.openai.responses.items import turns
from hailo_vision.http_api.openai.responses.tools import offer, tools
from hailo_vision.http_api.openai.sampling import check_model, sampling
from hailo_vision.http_api.openai.tools import json_format
from hailo_vision.http_api.web.fields import (
    JsonObject,
    a_list,
    a_string,
    an_object,
    boolean,
    integer,
    invalid,
    unsupported,
)

_MOST_METADATA = 16
_MOST_KEY_CHARS, _MOST_VALUE_CHARS = 64, 512
_STATEFUL = {
    "previous_response_id": "send the whole conversation as input",
    "conversation": "send the whole conversation as input",
    "prompt": "send the prompt's text as instructions or input",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a client asked, and what the response repeats of it, in its JSON."""

    request: ChatRequest
    echo: JsonObject


def responses_request(body: JsonObject, model: settings.Model, defaults: settings.Generation) -> Asked:
    """What the client asks, with the operator's defaults where it says nothing."""
    name = check_model(body.get("model"), model)
    _refuse_what_cannot_be(body)
    instructions = _optional_string(body, "instructions")
    known = tools(body.get("tools"))
    offered = offer(known, body.get("tool_choice"))
    parallel = body.get("parallel_tool_calls") is None or boolean(body, "parallel_tool_calls")
    max_tokens = integer(body, "max_output_tokens", least=1)
    text_format = _format(body.get("text"))
    request = ChatRequest(
        model=name,
        turns=turns(body.get("input"), instructions=instructions, system_prompt=defaults.system_prompt),
        sampling=sampling(body, defaults),
        max_tokens=min(max_tokens or defaults.max_tokens, defaults.max_tokens_limit),
        stream=boolean(body, "stream"),
        tools=offered.tools,
        tool_choice=offered.choice,
        parallel_tool_calls=parallel,
        format=_json_format(text_format),
    )
    echo = {
        "instructions": instructions,
        "max_output_tokens": max_tokens,
        "metadata": _metadata(body.get("metadata")),
        "parallel_tool_calls": parallel,
        "temperature": request.sampling.temperature,
        "text": {"format": text_format},
        "tool_choice": body.get("tool_choice") or "auto",
        "tools": [
            {
                "type": "function",
                "name": tool.name,
                "description": tool.description or None,
                "parameters": tool.parameters,
                "strict": tool.strict,
            }
            for tool in known
        ],
        "top_p": request.sampling.top_p,
    }
    return Asked(request=request, echo=echo)


def _refuse_what_cannot_be(body: JsonObject) -> None:
    for name, instead in _STATEFUL.items():
        if body.get(name) is not None:
            raise unsupported(name, f"Nothing is stored here, so {name} has no meaning: {instead}.")
    if boolean(body, "background"):
        raise unsupported("background", "A response is given at once and never kept: leave background out.")
    logprobs = "message.output_text.logprobs" in a_list(body.get("include") or [], "include")
    if logprobs or integer(body, "top_logprobs", least=0):
        name = "include" if logprobs else "top_logprobs"
        raise unsupported(name, "The device gives no log probabilities: leave them out.")
    boolean(body, "store")


def _format(value: object) -> JsonObject:
    """`text.format` as the response repeats it."""
    text = {} if value is None else an_object(value, "text")
    given: Any = text.get("format")
    if given is None:
        return {"type": "text"}
    match an_object(given, "text.format").get("type"):
        case "text" | "json_object" as kind:
            return {"type": kind}
        case "json_schema":
            return {
                "type": "json_schema",
                "name": a_string(given.get("name"), "text.format.name"),
                "description": a_string(given.get("description") or "", "text.format.description") or None,
                "schema": an_object(given.get("schema"), "text.format.schema"),
                "strict": boolean(given, "strict", within="text.format."),
            }
        case other:
            raise invalid("text.format.type", "text, json_object or json_schema", other)


def _json_format(text_format: JsonObject) -> JsonFormat | None:
    match text_format:
        case {"type": "json_schema"}:
            return json_format(text_format, "text.format")
        case {"type": "json_object"}:
            return JsonFormat(schema=None)
    return None


def _metadata(value: object) -> JsonObject:
    """Up to 16 pairs of strings, which the response repeats."""
    given = {} if value is None else an_object(value, "metadata")
    if len(given) > _MOST_METADATA or any(len(key) > _MOST_KEY_CHARS for key in given):
        raise invalid("metadata", f"at most {_MOST_METADATA} pairs with keys of {_MOST_KEY_CHARS} characters", given)
    for key, text in given.items():
        if len(a_string(text, f"metadata.{key}")) > _MOST_VALUE_CHARS:
            raise invalid(f"metadata.{key}", f"at most {_MOST_VALUE_CHARS} characters long", text)
    return given


def _optional_string(body: JsonObject, name: str) -> str | None:
    value = body.get(name)
    return None if value is None else a_string(value, name)
