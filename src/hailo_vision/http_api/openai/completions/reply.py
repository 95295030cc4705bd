"""Answers become OpenAI's older JSON: whole, or in chunks of a stream, which have the same shape. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from hailo_vision.chat import FinishReason, Logprob, Usage
from hailo_vision.http_api.openai.usage import finish_word, usage_json
from hailo_vision.http_api.web.json_reply import each
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

    def chunk(
        self,
        index: int,
        text: str,
        reason: FinishReason | None = None,
        logprobs: Sequence[Logprob] = (),
        *,
        offset: int = 0,
    ) -> bytes:
        usage = {"usage": None} if self.shows_usage else {}
        return event({**self._head(), "choices": [choice(index, text, reason, logprobs, offset=offset)], **usage})

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


def choice(
    index: int, text: str, reason: FinishReason | None, logprobs: Sequence[Logprob] = (), *, offset: int = 0
) -> dict[str, Any]:
    """`offset` is where in the whole text of the choice the first of the tokens with `logprobs` begins."""
    return {
        "index": index,
        "text": text,
        "logprobs": logprobs_json(logprobs, offset),
        "finish_reason": reason and finish_word(reason, has_calls=False),
    }


def logprobs_json(logprobs: Sequence[Logprob], offset: int) -> dict[str, Any] | None:
    """Log probabilities in the form of the older API: lists of the same length, and offsets in characters."""
    if not logprobs:
        return None
    tokens = [one.token for one in logprobs]
    return {
        "tokens": tokens,
        "token_logprobs": [one.logprob for one in logprobs],
        "top_logprobs": each(logprobs, _top),
        "text_offset": [offset + at for at in accumulate(map(len, tokens[:-1]), initial=0)],
    }


def _top(one: Logprob) -> dict[str, float]:
    return {top.token: top.logprob for top in one.top}
