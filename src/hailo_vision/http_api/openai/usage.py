"""What OpenAI's dialects tell of an answer beside its words: usage, times, why it ended, and what made it. Pure."""

from functools import reduce
from typing import Any

from hailo_vision.chat import Finish, FinishReason, LoadedModel, Usage

# What a client is shown where the specification has no word: an answer cut by its deadline is one that was cut.
_SHOWN = {"deadline": "length", "tool_calls": "stop"}


def finish_word(reason: FinishReason) -> str:
    """OpenAI's word for why an answer ended; whatever cut it short, it is `length` to a client."""
    return reason.value if reason in (FinishReason.STOP, FinishReason.TOOL_CALLS) else FinishReason.LENGTH.value


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
