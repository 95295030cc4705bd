"""The error response of a server becomes an error of ours. Pure.

The message of somebody's server is never passed on: it may quote a key, an address behind it, or another customer. It
is logged at debug level by the caller. That of our own child, llama.cpp, says what is wrong with the request.
"""

from typing import Any

from hailo_vision.engines.openai.fields import count_in, object_in, parse_object, seconds_in, text_in
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
MAX_REASON_CHARS = 300


def error_from_response(
    status: int, body: bytes, retry_after: str | None, name: str, *, is_own: bool = False
) -> HailoVisionError:
    """The error for a response whose status is not 200. `name` is what people call the server; `is_own` says that it is
    a child of ours.
    """
    error = object_in((parse_object(body) or {}).get("error"))
    code, kind = text_in(error.get("code")), text_in(error.get("type"))
    if "exceed_context_size_error" in (code, kind) or code == "context_length_exceeded" or status == 413:
        return _too_long(error)
    match status:
        case 401 | 403:
            return DeviceUnavailable(DeviceFault.NO_PERMISSION, f"{name} does not take the key of this server.")
        case 404:
            return DeviceUnavailable(DeviceFault.MODEL_MISSING, f"{name} does not have the model that is configured.")
        case 429 | 503:
            return UpstreamBusy(name, retry_after_s=seconds_in(retry_after, 1.0, MAX_RETRY_S) or RETRY_S)
        case 400 | 422:
            return UpstreamRejected(name, reason=_reason(error) if is_own else "")
        case _:
            return GenerationFailed(f"{name} failed on this request (status {status}).")


def _too_long(error: dict[str, Any]) -> HailoVisionError:
    prompt_tokens, context_tokens = count_in(error.get("n_prompt_tokens")), count_in(error.get("n_ctx"))
    if prompt_tokens is not None and context_tokens is not None:
        return ContextLengthExceeded(prompt_tokens=prompt_tokens, context_tokens=context_tokens)
    return PromptTooLong("The prompt does not fit into the model's context. Shorten it, or send fewer pictures.")


def _reason(error: dict[str, Any]) -> str:
    """What llama.cpp says of a request that it does not take, on one line."""
    message = error.get("message")
    return " ".join(message.split())[:MAX_REASON_CHARS] if isinstance(message, str) else ""
