"""Answers become OpenAI's JSON: whole, or in chunks of a stream. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from json.encoder import encode_basestring_ascii
from typing import Any

from hailo_vision.chat import Finish, FinishReason, Logprob, ToolCall
from hailo_vision.http_api.openai.usage import finish_word, logprob_json, performance_json, tools_json, usage_json
from hailo_vision.http_api.web.json_reply import each
from hailo_vision.http_api.web.sse import event

# What is the same in each chunk of text is made once. In JSON no value can hold these bytes, as its quotes are escaped.
_CONTENT = b'"delta":{"content":'
_NO_CONTENT = _CONTENT + b'""}'


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
    _around_text: dict[int, tuple[bytes, bytes]] = field(default_factory=dict, init=False, repr=False, compare=False)

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
        if logprobs:
            return self._chunk(choice, {"content": text}, None, logprobs)
        if choice not in self._around_text:
            before, _, after = self._chunk(choice, {"content": ""}, None).partition(_NO_CONTENT)
            self._around_text[choice] = (before + _CONTENT, b"}" + after)
        before, after = self._around_text[choice]
        return before + encode_basestring_ascii(text).encode("ascii") + after

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


def call_json(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _choice_json(index: int, choice: Choice) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": choice.text, "refusal": None, "annotations": []}
    if choice.calls:
        message |= {"content": choice.text or None, "tool_calls": [call_json(call) for call in choice.calls]}
    logprobs, reason = logprobs_json(choice.logprobs), finish_word(choice.reason)
    return {"index": index, "message": message, "logprobs": logprobs, "finish_reason": reason}


def logprobs_json(logprobs: Sequence[Logprob]) -> dict[str, Any] | None:
    return {"content": each(logprobs, logprob_json), "refusal": None} if logprobs else None


def _account(finish: Finish) -> dict[str, Any]:
    return {"usage": {**usage_json(finish.usage), **tools_json(finish.tools)}, "performance": performance_json(finish)}
