"""The chunks of a chat completion become pieces, tool calls and a finish. Pure: the clock is the caller's."""

from dataclasses import dataclass
from typing import Any, TypeVar

from hailo_vision.chat import Finish, FinishReason, Logprob, Piece, Timings, ToolCall, Usage
from hailo_vision.engines.openai.bounds import Bounds
from hailo_vision.engines.openai.fields import count_in, number_in, object_in, parse_object, text_in
from hailo_vision.errors import GenerationFailed

Number = TypeVar("Number", int, float)

MAX_CALLS = 128
MAX_NAME_CHARS = 256  # of a function, and of a call's id
MAX_MS = 86_400_000.0  # no generation takes a day
MIN_LOGPROB = -9999.0  # OpenAI's number for a token that is not among the likely ones
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
    """Accumulates the chunks of one response. The server's counters are used; where it has none, pieces are counted.

    `shows_cached` is false for a server whose prompt cache is shared: a client would learn by `cached_tokens` what
    others have asked.
    """

    def __init__(self, bounds: Bounds, *, sent_at: float, top_logprobs: int = 0, shows_cached: bool = False) -> None:
        self._bounds = bounds
        self._top_logprobs = top_logprobs  # llama.cpp gives log probabilities only with at least one
        self._shows_cached = shows_cached
        self._sent_at = sent_at
        self._first_at: float | None = None
        self._last_at = sent_at  # the last token
        self._heard_at = sent_at  # the last chunk
        self._pieces = 0
        self._chars = 0
        self._empty_events = 0
        self._logprobs_left = bounds.logprobs
        self._calls: dict[int, _Call] = {}
        self._usage: dict[str, Any] = {}
        self._timings: dict[str, Any] = {}
        self.reason: FinishReason | None = None
        self._stop = ""  # the stop string that ended the answer; vLLM names it
        self.is_full = False  # the server has sent all the text that was requested, and must be stopped

    def take(self, data: bytes, now: float) -> Piece | None:
        """Take in one chunk. Raises GenerationFailed if it is no chunk, says that the server failed, or floods us."""
        self._heard_at = now
        chunk = parse_object(data)
        if chunk is None:
            raise GenerationFailed("The engine's server sent something that is no answer.")
        if "error" in chunk:
            raise GenerationFailed("The engine's server failed in the middle of the answer.")
        self._usage = object_in(chunk.get("usage")) or self._usage
        self._timings = object_in(chunk.get("timings")) or self._timings
        choices = chunk.get("choices")
        choice = object_in(choices[0]) if isinstance(choices, list) and choices else {}
        self.reason = _REASONS.get(text_in(choice.get("finish_reason")), self.reason)
        self._stop = text_in(choice.get("stop_reason")) or self._stop
        return self._take_delta(object_in(choice.get("delta")), choice.get("logprobs"), now)

    @property
    def has_begun(self) -> bool:
        return self._first_at is not None

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        return tuple(ToolCall(id=call.id, name=call.name, arguments=call.arguments) for call in self._calls.values())

    def finish(self, reason: FinishReason) -> Finish:
        return Finish(reason=reason, usage=self.usage, timings=self.timings, stop=self._stop or None)

    @property
    def usage(self) -> Usage:
        """The usage of the last chunk, or else its counters."""
        cached = count_in(self._timings.get("cache_n")) or 0
        evaluated = count_in(self._timings.get("prompt_n")) or 0
        predicted = count_in(self._timings.get("predicted_n")) or 0
        details = object_in(self._usage.get("prompt_tokens_details"))
        prompt_tokens = _first(count_in(self._usage.get("prompt_tokens")), cached + evaluated)
        cached_tokens = _first(count_in(details.get("cached_tokens")), cached) if self._shows_cached else 0
        return Usage(
            prompt_tokens=prompt_tokens,
            completion_tokens=_first(count_in(self._usage.get("completion_tokens")), predicted or self._pieces),
            image_tokens=min(count_in(details.get("image_tokens")) or 0, prompt_tokens),
            cached_tokens=min(cached_tokens, prompt_tokens),
        )

    @property
    def timings(self) -> Timings:
        """Timings by the server's clock where it sends them, else by ours, and never longer than the wait by ours.

        The time of later jobs is estimated from them: a server could have everybody else refused with one number.
        """
        first_at = self._last_at if self._first_at is None else self._first_at
        waited_s = max(self._heard_at, self._last_at) - self._sent_at
        prefill_s = min(_seconds(self._timings.get("prompt_ms"), first_at - self._sent_at), waited_s)
        decode_s = _seconds(self._timings.get("predicted_ms"), self._last_at - first_at)
        return Timings(prefill_s=prefill_s, decode_s=min(decode_s, waited_s - prefill_s))

    def end(self, now: float) -> None:
        """The response was cut off; the time since its last token counts too."""
        self._last_at = now

    def _take_delta(self, delta: dict[str, Any], logprobs: Any, now: float) -> Piece | None:
        chars = self._chars
        self._take_calls(delta.get("tool_calls"))
        self._chars += len(text_in(delta.get("reasoning_content")))
        text = text_in(delta.get("content"))[: self._left + 1]
        self._chars += len(text)
        if self._chars == chars:
            self._empty_events += 1
            if self._empty_events > self._bounds.empty_events:
                raise GenerationFailed("The engine's server sent events without an answer in them.")
            return None
        self._note_token(now)
        if self._left < 0:
            self.is_full, text = True, text[: self._left]
        return Piece(text=text, logprobs=self._take_logprobs(logprobs)) if text else None

    def _take_logprobs(self, value: Any) -> tuple[Logprob, ...]:
        content = object_in(value).get("content")
        entries = content[: self._logprobs_left] if isinstance(content, list) else []
        self._logprobs_left -= len(entries)
        return tuple(_logprob(object_in(entry), self._top_logprobs) for entry in entries)

    @property
    def _left(self) -> int:
        """Characters that may still come; below 0 where too many have come."""
        return self._bounds.chars - self._chars

    def _note_token(self, now: float) -> None:
        self._pieces += 1
        self._last_at = now
        if self._first_at is None:
            self._first_at = now

    def _take_calls(self, deltas: Any) -> None:
        for delta in deltas if isinstance(deltas, list) else []:
            part = object_in(delta)
            index = count_in(part.get("index")) or 0
            if index not in self._calls and len(self._calls) >= MAX_CALLS:
                raise GenerationFailed("The engine's server sent more tool calls than a model can make.")
            self._take_call(self._calls.setdefault(index, _Call()), part)

    def _take_call(self, call: _Call, part: dict[str, Any]) -> None:
        """A call that is cut off must not be made, so one that is too long is an error and not a `length`."""
        function = object_in(part.get("function"))
        name, arguments = text_in(function.get("name")), text_in(function.get("arguments"))
        call.id = text_in(part.get("id")) or call.id
        self._chars += len(name) + len(arguments)
        if self._left < 0 or len(call.name) + len(name) > MAX_NAME_CHARS or len(call.id) > MAX_NAME_CHARS:
            raise GenerationFailed("The engine's server sent a longer tool call than it was asked for.")
        call.name += name
        call.arguments += arguments


def _logprob(entry: dict[str, Any], top_logprobs: int = 0) -> Logprob:
    top = entry.get("top_logprobs")
    utf8 = entry.get("bytes")
    return Logprob(
        token=text_in(entry.get("token")),
        logprob=min(_first(number_in(entry.get("logprob"), MIN_LOGPROB, 1.0), MIN_LOGPROB), 0.0),  # 1e-7 is a rounding
        utf8=bytes(utf8) if isinstance(utf8, list) and all(map(_is_byte, utf8)) else None,
        top=tuple(_logprob(object_in(other)) for other in top[:top_logprobs]) if isinstance(top, list) else (),
    )


def _is_byte(value: Any) -> bool:
    return isinstance(value, int) and 0 <= value < 256


def _first(value: Number | None, default: Number) -> Number:
    return default if value is None else value


def _seconds(ms: Any, default_s: float) -> float:
    number = number_in(ms, 0.0, MAX_MS)
    return default_s if number is None else number / 1000
