"""Answers become OpenAI's JSON: whole, or in chunks of a stream. Pure."""

import json
from dataclasses import dataclass
from typing import Any

from hailo_vision.chat import FinishReason, LoadedModel, Usage
from hailo_vision.config import settings

DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What all parts of one answer share: the same id and time on each chunk, as clients check."""

    id: str
    created: int
    model: str
    fingerprint: str
    shows_usage: bool = False

    def whole(self, text: str, reason: FinishReason, usage: Usage) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None, "annotations": []}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason(reason)}
        return {**self._head("chat.completion"), "choices": [choice], "usage": usage_json(usage)}

    def first_chunk(self) -> bytes:
        """The role, before any text: SDK helpers insist on it, even for an empty answer."""
        return self._chunk({"role": "assistant", "content": "", "refusal": None}, None)

    def text_chunk(self, text: str) -> bytes:
        return self._chunk({"content": text}, None)

    def last_chunk(self, reason: FinishReason) -> bytes:
        return self._chunk({}, reason)

    def usage_chunk(self, usage: Usage) -> bytes:
        """The extra chunk before `[DONE]` that `stream_options.include_usage` asks for."""
        return event({**self._head("chat.completion.chunk"), "choices": [], "usage": usage_json(usage)})

    def _chunk(self, delta: dict[str, Any], reason: FinishReason | None) -> bytes:
        shown = None if reason is None else finish_reason(reason)
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": shown}
        usage = {"usage": None} if self.shows_usage else {}
        return event({**self._head("chat.completion.chunk"), "choices": [choice], **usage})

    def _head(self, kind: str) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": self.fingerprint,
        }


def finish_reason(reason: FinishReason) -> str:
    """In OpenAI's words: an answer that the deadline ended is as incomplete as one that max_tokens did."""
    return FinishReason.LENGTH if reason is FinishReason.DEADLINE else reason


def event(value: dict[str, Any]) -> bytes:
    """One server-sent event."""
    return b"data: " + json.dumps(value, separators=(",", ":")).encode("ascii") + b"\n\n"


def usage_json(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_tokens,
            "image_tokens": usage.image_tokens,
            "text_tokens": usage.prompt_tokens - usage.image_tokens,
        },
    }


def fingerprint(version: str, model: LoadedModel) -> str:
    """What made an answer; `simulated` in it means that no model did."""
    return f"hailo-vision-{version}-{model.runtime}-{model.runtime_version}"


def model_json(name: str, runtime: settings.Runtime, created: int, loaded: LoadedModel | None) -> dict[str, Any]:
    """One entry of /v1/models. It is listed while it loads; what only the device knows comes with the load."""
    entry = {
        "id": name,
        "object": "model",
        "created": created,
        "owned_by": "hailo-vision" if runtime == "hailo" else f"hailo-vision ({runtime})",
        "runtime": runtime,
        "input_modalities": ["text", "image"],
    }
    return entry if loaded is None else {**entry, "max_model_len": loaded.context_tokens}
