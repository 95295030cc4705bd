"""Errors become HTTP: the one place where a status exists. Pure."""

import math
from dataclasses import dataclass, field
from typing import Any

from hailo_vision.errors import (
    AnswerUnfit,
    BodyTooLarge,
    BodyTooSlow,
    ContextLengthExceeded,
    EngineError,
    Expired,
    Forbidden,
    GenerationFailed,
    HailoVisionError,
    HeadTooLarge,
    HeadTooSlow,
    InvalidKey,
    ModelError,
    ModelFault,
    NotReady,
    NotServed,
    QueueFull,
    RateLimited,
    Refused,
    RequestError,
    SlowReader,
    TooBusy,
    TooManyConnections,
    UnknownModel,
    UnknownPath,
    Unready,
    UnsupportedMediaType,
    UpstreamBusy,
    WrongMethod,
)

INVALID = "invalid_request_error"
SERVER = "server_error"
RATE_LIMIT = "rate_limit_error"
DEVICE_RETRY_S = 5.0
MAX_RETRY_S = 60.0

_UNREADY_CODES = {
    Unready.LOADING: "model_loading",
    Unready.DRAINING: "draining",
    Unready.DEVICE_UNAVAILABLE: "device_unavailable",
}
_MODEL_STATUSES = {ModelFault.UNKNOWN_MODEL: 404, ModelFault.BUSY: 409}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An error as a client sees it."""

    status: int
    type: str
    message: str
    param: str | None = None
    code: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    facts: dict[str, int] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, Any]:
        error = {"message": self.message, "type": self.type, "param": self.param, "code": self.code}
        return {"error": {**error, **self.facts}}


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
        case SlowReader():  # the log's: who reads so slowly is hung up on
            return Fault(status=408, type=INVALID, message=str(error), code="slow_reader")
        case AnswerUnfit():
            # The same question would most likely get the same answer, for three times the NPU's time.
            headers = {"x-should-retry": "false"}
            return Fault(status=500, type=SERVER, message=str(error), code=error.code, headers=headers)
        case GenerationFailed():
            return Fault(status=500, type=SERVER, message=str(error), code="generation_failed")
        case EngineError():
            headers = _retry_after(DEVICE_RETRY_S)
            return Fault(status=503, type=SERVER, message=str(error), code="device_unavailable", headers=headers)
        case ModelError():
            status = _MODEL_STATUSES.get(error.fault, 500)
            headers = {} if status < 500 else {"x-should-retry": "false"}
            return Fault(status=status, type=SERVER, message=str(error), code=error.fault, headers=headers)
        case _:
            return bug()


def bug() -> Fault:
    """What a client is told of an error that should not exist; the log has the rest."""
    message = "The server failed on this request. Its log says why."
    return Fault(status=500, type=SERVER, message=message, headers={"x-should-retry": "false"})


def http_fault(status: int) -> Fault:
    """aiohttp's own refusals, in our words."""
    return Fault(status=status, type=INVALID, message=f"The request was refused with status {status}.")


def _request_fault(error: RequestError) -> Fault:
    headers: dict[str, str] = {}
    match error:
        case InvalidKey():
            status, headers = 401, {"WWW-Authenticate": "Bearer"}
        case Forbidden():
            status = 403
        case UnknownModel() | NotServed() | UnknownPath():
            status = 404
        case WrongMethod():
            status, headers = 405, {"Allow": error.allowed}
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
    facts: dict[str, int] = {}
    if isinstance(error, ContextLengthExceeded):  # under the names that llama.cpp gave them
        facts = {"n_prompt_tokens": error.prompt_tokens, "n_ctx": error.context_tokens}
    return Fault(
        status=status,
        type=INVALID,
        message=str(error),
        param=error.param,
        code=error.code,
        facts=facts,
        headers=headers,
    )


def _refusal(error: Refused) -> Fault:
    headers = _retry_after(error.retry_after_s)
    match error:
        case QueueFull():
            return Fault(status=429, type=RATE_LIMIT, message=str(error), code="queue_full", headers=headers)
        case TooBusy():
            code = "deadline_unmeetable"
            return Fault(status=429, type=RATE_LIMIT, message=str(error), code=code, headers=headers)
        case RateLimited():
            code = "rate_limit_exceeded"
            return Fault(status=429, type=RATE_LIMIT, message=str(error), code=code, headers=headers)
        case NotReady():
            code = _UNREADY_CODES[error.reason]
            return Fault(status=503, type=SERVER, message=str(error), code=code, headers=headers)
        case TooManyConnections():
            code = "too_many_connections"
            return Fault(status=503, type=SERVER, message=str(error), code=code, headers=headers)
        case UpstreamBusy():
            return Fault(status=503, type=SERVER, message=str(error), code="upstream_busy", headers=headers)
        case _:
            return Fault(status=503, type=SERVER, message=str(error), headers=headers)


def _retry_after(seconds: float) -> dict[str, str]:
    """Whole seconds, at least 1 as the specification says, at most a minute: above two the SDKs give up.

    They try again on 429 and on all from 500 up; the header is for those that know less of statuses.
    """
    return {"Retry-After": str(math.ceil(min(max(seconds, 1.0), MAX_RETRY_S))), "x-should-retry": "true"}
