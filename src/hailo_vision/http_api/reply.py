"""Answers become OpenAI's JSON: whole, or in chunks of a stream. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hailo_vision.chat import Finish, FinishReason, LoadedModel, Logprob, ToolCall, Usage

DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One whole answer."""

    text: str
    calls: tuple[ToolCall, ...]
    reason: FinishReason
    logprobs: tuple[Logprob, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What all parts of one answer share: the same id and time on each chunk, as clients check."""

    id: str
    created: int
    model: str
    fingerprint: str
    shows_usage: bool = False

    def whole(self, choices: Sequence[Choice], finish: Finish) -> dict[str, Any]:
        """All choices, and the Finish that their sum is."""
        return {
            **self._head("chat.completion"),
            "choices": [_choice_json(index, choice) for index, choice in enumerate(choices)],
            **_account(finish),
        }

    def first_chunk(self, choice: int = 0) -> bytes:
        """The role, before any text: SDK helpers insist on it, even for an empty answer."""
        return self._chunk(choice, {"role": "assistant", "content": "", "refusal": None}, None)

    def text_chunk(self, text: str, choice: int = 0, logprobs: Sequence[Logprob] = ()) -> bytes:
        return self._chunk(choice, {"content": text}, None, logprobs)

    def call_chunk(self, index: int, call: ToolCall, choice: int = 0) -> bytes:
        """A whole call in one chunk, as it was validated as a whole; `index` counts the calls of a choice."""
        return self._chunk(choice, {"tool_calls": [{"index": index, **call_json(call)}]}, None)

    def last_chunk(self, reason: FinishReason, choice: int = 0) -> bytes:
        return self._chunk(choice, {}, finish_word(reason))

    def usage_chunk(self, finish: Finish) -> bytes:
        """The extra chunk before `[DONE]` that `stream_options.include_usage` asks for."""
        return event({**self._head("chat.completion.chunk"), "choices": [], **_account(finish)})

    def _chunk(self, choice: int, delta: dict[str, Any], reason: str | None, logprobs: Sequence[Logprob] = ()) -> bytes:
        body = {"index": choice, "delta": delta, "logprobs": logprobs_json(logprobs), "finish_reason": reason}
        usage = {"usage": None} if self.shows_usage else {}
        return event({**self._head("chat.completion.chunk"), "choices": [body], **usage})

    def _head(self, kind: str) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": self.fingerprint,
        }


def event(value: dict[str, Any]) -> bytes:
    """One server-sent event."""
    return b"data: " + json.dumps(value, separators=(",", ":")).encode("ascii") + b"\n\n"


def finish_word(reason: FinishReason) -> str:
    """OpenAI's word for why an answer ended; whatever cut it short, it is `length` to a client."""
    return reason.value if reason in (FinishReason.STOP, FinishReason.TOOL_CALLS) else FinishReason.LENGTH.value


def call_json(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _choice_json(index: int, choice: Choice) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": choice.text, "refusal": None, "annotations": []}
    if choice.calls:
        message |= {"content": choice.text or None, "tool_calls": [call_json(call) for call in choice.calls]}
    logprobs, reason = logprobs_json(choice.logprobs), finish_word(choice.reason)
    return {"index": index, "message": message, "logprobs": logprobs, "finish_reason": reason}


def logprobs_json(logprobs: Sequence[Logprob]) -> dict[str, Any] | None:
    if not logprobs:
        return None
    content = [{**_token(one), "top_logprobs": [_token(rival) for rival in one.top]} for one in logprobs]
    return {"content": content, "refusal": None}


def _token(one: Logprob) -> dict[str, Any]:
    given = None if one.utf8 is None else list(one.utf8)
    return {"token": one.token, "bytes": given, "logprob": one.logprob}


def _account(finish: Finish) -> dict[str, Any]:
    return {"usage": usage_json(finish.usage), "performance": performance_json(finish)}


def performance_json(finish: Finish) -> dict[str, Any]:
    """Where the time went: an extra key of ours, whose `inference_time_ms` older clients of this port know."""
    timings, tokens = finish.timings, finish.usage.completion_tokens
    has_rate = tokens > 1 and timings.decode_s > 0
    return {
        "image_ms": round(timings.image_s * 1000),
        "queue_ms": round(timings.queue_s * 1000),
        "prefill_ms": round(timings.prefill_s * 1000),
        "decode_ms": round(timings.decode_s * 1000),
        "inference_time_ms": round((timings.prefill_s + timings.decode_s) * 1000),
        "tokens_per_second": round((tokens - 1) / timings.decode_s, 2) if has_rate else None,
    }


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
        "completion_tokens_details": {
            "text_tokens": usage.completion_tokens,
            "reasoning_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def fingerprint(version: str, model: LoadedModel) -> str:
    """What made an answer; `simulated` in it means that no model did."""
    return f"hailo-vision-{version}-{model.runtime}-{model.runtime_version}"


def model_json(name: str, runtime: str, created: int, loaded: LoadedModel | None) -> dict[str, Any]:
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
