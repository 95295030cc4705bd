"""Answers become Ollama's JSON: whole, or in lines of a stream, which have the same shape. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from hailo_vision.chat import Finish, Logprob, ToolCall
from hailo_vision.http_api.openai.usage import finish_word, logprob_json, tools_json
from hailo_vision.http_api.web.faults import Fault
from hailo_vision.http_api.web.json_reply import each, pieces

LINES = "application/x-ndjson"
Nothing = Literal["load", "unload"]


def error(refusal: Fault) -> dict[str, Any]:
    return {"error": refusal.message}


def error_line(refusal: Fault) -> bytes:
    """The last line of a stream that fails."""
    return line(error(refusal))


def line(value: dict[str, Any]) -> bytes:
    return "".join(pieces(value, ensure_ascii=False)).encode(errors="replace") + b"\n"


def timestamp(now: datetime) -> str:
    """RFC 3339 as Go writes it; `now` knows its zone."""
    return now.isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What all parts of an answer share: `model` as the client wrote it; a chat has messages, the other one texts."""

    model: str
    is_chat: bool

    def part(
        self, now: datetime, text: str = "", calls: Sequence[ToolCall] = (), logprobs: Sequence[Logprob] = ()
    ) -> dict[str, Any]:
        """A part on its way."""
        return {**self._head(now), **self._said(text, calls), **_logprobs(logprobs), "done": False}

    def last(
        self,
        now: datetime,
        finish: Finish,
        *,
        total_s: float,
        text: str = "",
        calls: Sequence[ToolCall] = (),
        logprobs: Sequence[Logprob] = (),
    ) -> dict[str, Any]:
        """The end of a stream; with all that was said, the whole answer."""
        reason = finish_word(finish.reason, has_calls=False)
        context: dict[str, Any] = (
            {} if self.is_chat else {"context": []}
        )  # of tokens, whose numbers the device does not tell
        return {
            **self._head(now),
            **self._said(text, calls),
            **_logprobs(logprobs),
            "done": True,
            "done_reason": reason,
            **context,
            **_counted(finish, total_s),
            **tools_json(finish.tools),
        }

    def nothing(self, now: datetime, reason: Nothing) -> dict[str, Any]:
        """The answer to a request that asks for none."""
        return {**self._head(now), **self._said("", ()), "done": True, "done_reason": reason}

    def _head(self, now: datetime) -> dict[str, Any]:
        return {"model": self.model, "created_at": timestamp(now)}

    def _said(self, text: str, calls: Sequence[ToolCall]) -> dict[str, Any]:
        if not self.is_chat:
            return {"response": text}
        called = {"tool_calls": [_call(call) for call in calls]} if calls else {}
        return {"message": {"role": "assistant", "content": text, **called}}


def _logprobs(logprobs: Sequence[Logprob]) -> dict[str, Any]:
    return {"logprobs": each(logprobs, logprob_json)} if logprobs else {}


def _call(call: ToolCall) -> dict[str, Any]:
    """Ollama's arguments are an object, not its text; they were checked against the tool's schema."""
    return {"id": call.id, "function": {"name": call.name, "arguments": json.loads(call.arguments)}}


def _counted(finish: Finish, total_s: float) -> dict[str, int]:
    usage, timings = finish.usage, finish.timings
    return {
        "total_duration": _ns(total_s),
        "load_duration": max(1, _ns(timings.load_s)),  # Go's clients drop a 0, and then miss the key
        "prompt_eval_count": usage.prompt_tokens,
        "prompt_eval_duration": _ns(timings.prefill_s),
        "eval_count": usage.completion_tokens,
        "eval_duration": _ns(timings.decode_s),
    }


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)
