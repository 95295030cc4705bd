"""The error response of a server becomes an error of ours. Pure.

Its own message is never passed on: it may quote a key, an address behind this server, or another customer. It is
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


def error_from_response(status: int, body: bytes, retry_after: str | None, name: str) -> HailoVisionError:
    """The error for a response whose status is not 200. `name` is what people call the server."""
    error = _error_object(body)
    code, kind = str(error.get("code")), str(error.get("type"))
    if "exceed_context_size_error" in (code, kind) or code == "context_length_exceeded" or status == 413:
        return _too_long(error)
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


def _too_long(error: dict[str, Any]) -> HailoVisionError:
    prompt_tokens, context_tokens = error.get("n_prompt_tokens"), error.get("n_ctx")
    if isinstance(prompt_tokens, int) and isinstance(context_tokens, int):
        return ContextLengthExceeded(prompt_tokens=prompt_tokens, context_tokens=context_tokens)
    return PromptTooLong("The prompt does not fit into the model's context. Shorten it, or send fewer pictures.")


def _error_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    error = value.get("error") if isinstance(value, dict) else None
    return error if isinstance(error, dict) else {}


def _seconds(retry_after: str | None) -> float:
    """Only the form in seconds is read; a date says too little between two clocks."""
    try:
        return min(max(float(retry_after or RETRY_S), 1.0), MAX_RETRY_S)
    except ValueError:
        return RETRY_S
