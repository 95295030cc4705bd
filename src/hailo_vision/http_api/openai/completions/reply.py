"""Answers become OpenAI's older JSON: whole, or in chunks of a stream, which have the same shape. Pure."""

from dataclasses import dataclass
from typing import Any

from hailo_vision.chat import FinishReason, Usage
from hailo_vision.http_api.openai.usage import shown_reason, usage_json
from hailo_vision.http_api.web.sse import event


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
