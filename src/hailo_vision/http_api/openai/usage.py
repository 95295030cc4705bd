"""What OpenAI's dialects tell of an answer beside its words: usage, times, why it ended, and what made it. Pure."""

from typing import Any

from hailo_vision.chat import Finish, FinishReason, Logprob, ToolCount, Usage


def finish_word(reason: FinishReason, *, has_calls: bool = True) -> str:
    """OpenAI's word for why an answer ended: whatever cut it short is `length`.

    A dialect without calls of tools says that such an answer came to its end.
    """
    match reason:
        case FinishReason.STOP:
            return "stop"
        case FinishReason.TOOL_CALLS:
            return "tool_calls" if has_calls else "stop"
        case FinishReason.LENGTH | FinishReason.DEADLINE:
            return "length"


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


def tools_json(tools: ToolCount | None) -> dict[str, int]:
    """How many of the request's tools the model was shown: two keys of ours in `usage`, for requests with tools."""
    return {} if tools is None else {"tools_shown": tools.shown, "tools_offered": tools.offered}


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


def logprob_json(one: Logprob) -> dict[str, Any]:
    """A token's log probability, with those of the likeliest tokens in its place."""
    return {**_token(one), "top_logprobs": [_token(top) for top in one.top]}


def _token(one: Logprob) -> dict[str, Any]:
    utf8 = None if one.utf8 is None else list(one.utf8)
    return {"token": one.token, "bytes": utf8, "logprob": one.logprob}
