"""Answers become Anthropic's JSON: a message, its usage, and errors in Anthropic's shape. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hailo_vision.chat import Finish, FinishReason, ToolCall, Usage
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


def stop_reason(reason: FinishReason) -> str:
    match reason:
        case FinishReason.STOP:
            return "end_turn"
        case FinishReason.TOOL_CALLS:
            return "tool_use"
        case FinishReason.LENGTH | FinishReason.DEADLINE:
            return "max_tokens"


def stopped(finish: Finish) -> JsonObject:
    """Why an answer ended."""
    return {"stop_reason": stop_reason(finish.reason), "stop_sequence": None}


def text_block(text: str) -> JsonObject:
    return {"type": "text", "text": text, "citations": None}


def call_block(call: ToolCall) -> JsonObject:
    """A call, whose input is an object and not its text; it was checked against the tool's schema."""
    return {"type": "tool_use", "id": call.id, "name": call.name, "input": json.loads(call.arguments)}


def counts(usage: Usage) -> JsonObject:
    """Tokens of the prompt in Anthropic's three sums: `input_tokens` are those that were neither read from the device's
    context nor written to a cache.
    """
    return {
        "input_tokens": usage.prompt_tokens - usage.cached_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": usage.cached_tokens,
        "output_tokens": usage.completion_tokens,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What all parts of one answer share."""

    id: str
    model: str
    tier: Tier

    def begun(self) -> JsonObject:
        """The message before anything was said. The device tells how long the prompt is when it has answered."""
        return self._message([], None, Usage(prompt_tokens=0, completion_tokens=0))

    def whole(self, content: Sequence[JsonObject], finish: Finish) -> JsonObject:
        return self._message(content, finish, finish.usage)

    def _message(self, content: Sequence[JsonObject], finish: Finish | None, usage: Usage) -> dict[str, Any]:
        return {
            "id": f"msg_{self.id}",
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": list(content),
            **({"stop_reason": None, "stop_sequence": None} if finish is None else stopped(finish)),
            "usage": {**counts(usage), "service_tier": self.tier},
        }
