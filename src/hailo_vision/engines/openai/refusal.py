"""What a server answers in place of an answer becomes an error of ours. Pure.

Its own words are never passed on: they may quote a key, an address behind this server, or another customer. They are
logged at debug level by the caller.
"""

import json
from typing import Any

from hailo_vision.errors import (
    ContextLengthExceeded,
    DeviceFault,
    DeviceUnavailable,
    GenerationFailed,
    HailoVisionError,
    PromptTooLong,
    UpstreamBusy,
    UpstreamRejected,
)

RETRY_S = 5.0
MAX_RETRY_S = 600.0


def refusal(status: int, body: bytes, retry_after: str | None, name: str) -> HailoVisionError:
    """The error that an answer with another status than 200 is. `name` is ours for the server."""
    told = _error(body)
    code, kind = str(told.get("code")), str(told.get("type"))
    if "exceed_context_size_error" in (code, kind) or code == "context_length_exceeded" or status == 413:
        return _too_long(told)
    match status:
        case 401 | 403:
            return DeviceUnavailable(DeviceFault.NO_PERMISSION, f"{name} does not take the key of this server.")
        case 404:
            return DeviceUnavailable(DeviceFault.MODEL_MISSING, f"{name} does not have the model that is configured.")
        case 429 | 503:
            return UpstreamBusy(name, retry_after_s=_seconds(retry_after))
        case 400 | 422:
            return UpstreamRejected(name)
        case _:
            return GenerationFailed(f"{name} failed on this request (status {status}).")


def _too_long(told: dict[str, Any]) -> HailoVisionError:
    prompt_tokens, context_tokens = told.get("n_prompt_tokens"), told.get("n_ctx")
    if isinstance(prompt_tokens, int) and isinstance(context_tokens, int):
        return ContextLengthExceeded(prompt_tokens=prompt_tokens, context_tokens=context_tokens)
    return PromptTooLong("The prompt does not fit into the model's context. Shorten it, or send fewer pictures.")


def _error(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    told = value.get("error") if isinstance(value, dict) else None
    return told if isinstance(told, dict) else {}


def _seconds(retry_after: str | None) -> float:
    """Only the form in seconds is read; a date says too little between two clocks."""
    try:
        return min(max(float(retry_after or RETRY_S), 1.0), MAX_RETRY_S)
    except ValueError:
        return RETRY_S
