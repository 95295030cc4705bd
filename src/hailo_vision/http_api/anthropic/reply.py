"""Answers become Anthropic's JSON: a message, its usage, and errors in Anthropic's shape. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from hailo_vision.chat import Finish, FinishReason, ToolCall, Usage
from hailo_vision.http_api.openai.usage import tools_json
from hailo_vision.http_api.web.faults import Fault
from hailo_vision.http_api.web.fields import JsonObject

Tier = Literal["standard", "batch"]

_ERROR_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}
_TOO_LONG = "context_length_exceeded"


def error(what: Fault) -> JsonObject:
    """An error as Anthropic's clients know it. Claude Code makes a conversation shorter by the words of the first."""
    type_ = _ERROR_TYPES.get(what.status, "api_error" if what.status >= 500 else "invalid_request_error")
    message = f"prompt is too long: {what.message}" if what.code == _TOO_LONG else what.message
    return {"type": "error", "error": {"type": type_, "message": message}, "request_id": what.request_id or None}


def stop_reason(reason: FinishReason, stop_sequence: str | None = None) -> str:
    match reason:
        case FinishReason.STOP:
            return "end_turn" if stop_sequence is None else "stop_sequence"
        case FinishReason.TOOL_CALLS:
            return "tool_use"
        case FinishReason.LENGTH | FinishReason.DEADLINE:
            return "max_tokens"


def text_block(text: str) -> JsonObject:
    """A text without citations: an empty list, as AI SDK refuses the null that the schema allows."""
    return {"type": "text", "text": text, "citations": []}


def call_block(call: ToolCall) -> JsonObject:
    """A call, whose input is an object and not its text; it was checked against the tool's schema."""
    block = {"type": "tool_use", "id": call.id, "name": call.name, "input": json.loads(call.arguments)}
    return {**block, "caller": {"type": "direct"}}


def counts(usage: Usage) -> JsonObject:
    """Tokens of the prompt in Anthropic's three sums: `input_tokens` are those that were neither read from the device's
    context nor written to a cache.
    """
    return {
        "input_tokens": usage.prompt_tokens - usage.cached_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": usage.cached_tokens,
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": None,
        "server_tool_use": None,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFacts:
    """What the reply needs of the request."""

    tier: Tier = "standard"
    stop_sequences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What all parts of one answer share."""

    id: str
    model: str
    request: RequestFacts

    def begun(self) -> JsonObject:
        """The message before anything was said. The device tells how long the prompt is when it has answered."""
        not_yet = {"stop_reason": None, "stop_sequence": None}
        return self._message([], not_yet, counts(Usage(prompt_tokens=0, completion_tokens=0)))

    def whole(self, content: Sequence[JsonObject], finish: Finish) -> JsonObject:
        return self._message(content, self.stopped(finish), {**counts(finish.usage), **tools_json(finish.tools)})

    def stopped(self, finish: Finish) -> JsonObject:
        """Why an answer ended: by one of the client's own sequences, where the engine tells which."""
        own = finish.stop if finish.stop in self.request.stop_sequences else None
        reason = stop_reason(finish.reason, own)
        return {"stop_reason": reason, "stop_sequence": own if reason == "stop_sequence" else None}

    def _message(self, content: Sequence[JsonObject], stopped: JsonObject, usage: JsonObject) -> JsonObject:
        return {
            "id": f"msg_{self.id}",
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": list(content),
            **stopped,
            "stop_details": None,
            "container": None,
            "usage": {**usage, "cache_creation": None, "inference_geo": None, "service_tier": self.request.tier},
        }
