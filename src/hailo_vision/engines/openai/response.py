"""The chunks of a chat completion become pieces, tool calls and a finish. Pure: the clock is the caller's."""

import json
from dataclasses import dataclass
from typing import Any

from hailo_vision.chat import Finish, FinishReason, Logprob, Piece, Timings, ToolCall, Usage
from hailo_vision.errors import GenerationFailed

MAX_CALLS = 128
_REASONS = {
    "stop": FinishReason.STOP,
    "length": FinishReason.LENGTH,
    "tool_calls": FinishReason.TOOL_CALLS,
    "function_call": FinishReason.TOOL_CALLS,
}


@dataclass(slots=True, kw_only=True)
class _Call:
    id: str = ""
    name: str = ""
    arguments: str = ""


class StreamedResponse:
    """Accumulates the chunks of one response. The server's counters are used; where it has none, pieces are counted."""

    def __init__(self, *, sent_at: float, top_logprobs: int = 0) -> None:
        self._top_logprobs = top_logprobs  # llama.cpp gives log probabilities only with at least one
        self._sent_at = sent_at
        self._first_at: float | None = None
        self._last_at = sent_at
        self._pieces = 0
        self._calls: dict[int, _Call] = {}
        self._usage: dict[str, Any] = {}
        self._timings: dict[str, Any] = {}
        self.reason: FinishReason | None = None

    def take(self, data: bytes, now: float) -> Piece | None:
        """Take in one chunk. Raises GenerationFailed if it is no chunk, or says that the server failed."""
        try:
            chunk = json.loads(data)
        except (ValueError, RecursionError):
            raise GenerationFailed("The engine's server sent something that is no answer.") from None
        if not isinstance(chunk, dict) or "error" in chunk:
            raise GenerationFailed("The engine's server failed in the middle of the answer.")
        self._usage = _object(chunk.get("usage")) or self._usage
        self._timings = _object(chunk.get("timings")) or self._timings
        choices = chunk.get("choices")
        choice = _object(choices[0]) if isinstance(choices, list) and choices else {}
        self.reason = _REASONS.get(str(choice.get("finish_reason")), self.reason)
        delta = _object(choice.get("delta"))
        self._take_calls(delta.get("tool_calls"))
        text = delta.get("content")
        if not isinstance(text, str) or not text:
            if delta.get("tool_calls") or delta.get("reasoning_content"):
                self._note_token(now)
            return None
        self._note_token(now)
        return Piece(text=text, logprobs=_logprobs(choice.get("logprobs"), self._top_logprobs))

    @property
    def has_begun(self) -> bool:
        return self._first_at is not None

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        return tuple(ToolCall(id=call.id, name=call.name, arguments=call.arguments) for call in self._calls.values())

    def finish(self, reason: FinishReason) -> Finish:
        return Finish(reason=reason, usage=self.usage, timings=self.timings)

    @property
    def usage(self) -> Usage:
        """The usage of the last chunk, or else its counters."""
        cached = _count(self._timings.get("cache_n"))
        evaluated = _count(self._timings.get("prompt_n"))
        predicted = _count(self._timings.get("predicted_n"))
        details = _object(self._usage.get("prompt_tokens_details"))
        return Usage(
            prompt_tokens=_count(self._usage.get("prompt_tokens"), cached + evaluated),
            completion_tokens=_count(self._usage.get("completion_tokens"), predicted or self._pieces),
            image_tokens=_count(details.get("image_tokens")),
            cached_tokens=_count(details.get("cached_tokens"), cached),
        )

    @property
    def timings(self) -> Timings:
        """Timings by the server's clock where it sends them, else by ours."""
        first_at = self._last_at if self._first_at is None else self._first_at
        return Timings(
            prefill_s=_seconds(self._timings.get("prompt_ms"), first_at - self._sent_at),
            decode_s=_seconds(self._timings.get("predicted_ms"), self._last_at - first_at),
        )

    def end(self, now: float) -> None:
        """The response was cut off; the time since its last token counts too."""
        self._last_at = now

    def _note_token(self, now: float) -> None:
        self._pieces += 1
        self._last_at = now
        if self._first_at is None:
            self._first_at = now

    def _take_calls(self, deltas: Any) -> None:
        for delta in deltas if isinstance(deltas, list) else []:
            part = _object(delta)
            index = _count(part.get("index"))
            if index not in self._calls and len(self._calls) >= MAX_CALLS:
                raise GenerationFailed("The engine's server made more calls of tools than anybody could want.")
            call = self._calls.setdefault(index, _Call())
            function = _object(part.get("function"))
            call.id = _text(part.get("id")) or call.id
            call.name = call.name + _text(function.get("name"))
            call.arguments += _text(function.get("arguments"))


def _logprobs(value: Any, top_logprobs: int) -> tuple[Logprob, ...]:
    content = _object(value).get("content")
    return tuple(_logprob(_object(entry), top_logprobs) for entry in content) if isinstance(content, list) else ()


def _logprob(entry: dict[str, Any], top_logprobs: int = 0) -> Logprob:
    top = entry.get("top_logprobs")
    utf8 = entry.get("bytes")
    return Logprob(
        token=_text(entry.get("token")),
        logprob=float(entry["logprob"]) if isinstance(entry.get("logprob"), (int, float)) else -9999.0,
        utf8=bytes(utf8) if isinstance(utf8, list) and all(_is_byte(one) for one in utf8) else None,
        top=tuple(_logprob(_object(other)) for other in top[:top_logprobs]) if isinstance(top, list) else (),
    )


def _is_byte(value: Any) -> bool:
    return isinstance(value, int) and 0 <= value < 256


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _count(value: Any, default: int = 0) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else default


def _seconds(value: Any, default: float) -> float:
    return max(float(value), 0.0) / 1000 if isinstance(value, (int, float)) else default
