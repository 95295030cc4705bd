"""Errors become HTTP: the one place where a status exists. Pure."""

import math
from dataclasses import dataclass, field
from typing import Any

from hailo_vision.errors import (
    BodyTooLarge,
    BodyTooSlow,
    EngineError,
    Expired,
    GenerationFailed,
    HailoVisionError,
    HeadTooLarge,
    HeadTooSlow,
    NotReady,
    QueueFull,
    Refused,
    RequestError,
    TooManyConnections,
    UnknownModel,
    Unready,
    UnsupportedMediaType,
)

INVALID = "invalid_request_error"
SERVER = "server_error"
DEVICE_RETRY_S = 5.0
MAX_RETRY_S = 60.0

_UNREADY_CODES = {
    Unready.LOADING: "model_loading",
    Unready.DRAINING: "draining",
    Unready.DEVICE_UNAVAILABLE: "device_unavailable",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An error as a client sees it."""

    status: int
    type: str
    message: str
    param: str | None = None
    code: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, Any]:
        error = {"message": self.message, "type": self.type, "param": self.param, "code": self.code}
        return {"error": error}


def fault(error: HailoVisionError) -> Fault:
    """What a client is told of an error."""
    match error:
        case RequestError():
            return _request_fault(error)
        case Refused():
            return _refusal(error)
        case Expired():
            # Trying again would wait as long again: the SDKs retry a 504 unless told not to.
            headers = {"x-should-retry": "false"}
            return Fault(status=504, type=SERVER, message=str(error), code="generation_timeout", headers=headers)
        case GenerationFailed():
            return Fault(status=500, type=SERVER, message=str(error), code="generation_failed")
        case EngineError():
            headers = _retry_after(DEVICE_RETRY_S)
            return Fault(status=503, type=SERVER, message=str(error), code="device_unavailable", headers=headers)
        case _:
            return bug()


def bug() -> Fault:
    """What a client is told of an error that should not exist; the log has the rest."""
    return Fault(status=500, type=SERVER, message="The server failed on this request. Its log says why.")


def http_fault(status: int, method: str, path: str, allowed: str | None) -> Fault:
    """aiohttp's own errors, in our words."""
    match status:
        case 404:
            message = f"There is nothing at {path[:200]}. Chats go to POST /v1/chat/completions."
            return Fault(status=404, type=INVALID, message=message, code="unknown_url")
        case 405:
            message = f"{method} is not allowed at {path[:200]}; allowed is {allowed}."
            headers = {"Allow": allowed or ""}
            return Fault(status=405, type=INVALID, message=message, code="method_not_allowed", headers=headers)
        case _:
            return Fault(status=status, type=INVALID, message=f"The request was refused with status {status}.")


def _request_fault(error: RequestError) -> Fault:
    match error:
        case UnknownModel():
            status = 404
        case BodyTooLarge():
            status = 413
        case BodyTooSlow() | HeadTooSlow():
            status = 408
        case HeadTooLarge():
            status = 431
        case UnsupportedMediaType():
            status = 415
        case _:
            status = 400
    return Fault(status=status, type=INVALID, message=str(error), param=error.param, code=error.code)


def _refusal(error: Refused) -> Fault:
    headers = _retry_after(error.retry_after_s)
    match error:
        case QueueFull():
            return Fault(status=429, type="rate_limit_error", message=str(error), code="queue_full", headers=headers)
        case NotReady():
            code = _UNREADY_CODES[error.reason]
            return Fault(status=503, type=SERVER, message=str(error), code=code, headers=headers)
        case TooManyConnections():
            code = "too_many_connections"
            return Fault(status=503, type=SERVER, message=str(error), code=code, headers=headers)
        case _:
            return Fault(status=503, type=SERVER, message=str(error), headers=headers)


def _retry_after(seconds: float) -> dict[str, str]:
    """Whole seconds, at least 1 as the specification says, at most a minute: above two the SDKs give up."""
    return {"Retry-After": str(math.ceil(min(max(seconds, 1.0), MAX_RETRY_S)))}
