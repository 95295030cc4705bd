"""Answers become OpenAI's older JSON: whole, or in chunks of a stream, which have the same shape. Pure."""

from dataclasses import dataclass
from functools import reduce
from typing import Any

from hailo_vision.chat import FinishReason, Usage
from hailo_vision.http_api.reply import event, usage_json

# What a client is shown where the specification has no word: an answer cut by its deadline is one that was cut.
_SHOWN = {"deadline": "length", "tool_calls": "stop"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What all parts of one answer share."""

    id: str
    created: int
    model: str
    fingerprint: str
    shows_usage: bool = False

    def whole(self, choices: list[dict[str, Any]], usage: Usage) -> dict[str, Any]:
        return {**self._head(), "choices": choices, "usage": usage_json(usage)}

    def chunk(self, index: int, text: str, reason: FinishReason | None = None) -> bytes:
        usage = {"usage": None} if self.shows_usage else {}
        return event({**self._head(), "choices": [choice(index, text, reason)], **usage})

    def usage_chunk(self, usage: Usage) -> bytes:
        """The extra chunk before `[DONE]` that `stream_options.include_usage` asks for."""
        return event({**self._head(), "choices": [], "usage": usage_json(usage)})

    def _head(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "text_completion",
            "created": self.created,
            "model": self.model,
            "system_fingerprint": self.fingerprint,
        }


def choice(index: int, text: str, reason: FinishReason | None) -> dict[str, Any]:
    return {"index": index, "text": text, "logprobs": None, "finish_reason": reason and shown_reason(reason)}


def shown_reason(reason: FinishReason) -> str:
    return _SHOWN.get(reason, reason.value)


def total(usages: list[Usage]) -> Usage:
    """What several answers used together."""
    return reduce(_sum, usages, Usage(prompt_tokens=0, completion_tokens=0))


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(
        prompt_tokens=one.prompt_tokens + other.prompt_tokens,
        completion_tokens=one.completion_tokens + other.completion_tokens,
        image_tokens=one.image_tokens + other.image_tokens,
        cached_tokens=one.cached_tokens + other.cached_tokens,
    )
