"""Errors become HTTP: the one place where a status and OpenAI's codes exist. Pure."""

import math
import re
from dataclasses import dataclass, field
from typing import Any

from hailo_vision import errors
from hailo_vision.errors import HailoVisionError
from hailo_vision.http_api.web import http_errors

INVALID = "invalid_request_error"
SERVER = "server_error"
RATE_LIMIT = "rate_limit_error"
DEVICE_RETRY_S = 5.0
MEMORY_RETRY_S = 10.0
MAX_RETRY_S = 60.0

# The status, the type and the code of each error; a class that is not here has those of its nearest ancestor.
_KINDS: dict[type[HailoVisionError], tuple[int, str, str | None]] = {
    errors.RequestError: (400, INVALID, None),
    errors.PromptTooLong: (400, INVALID, "context_length_exceeded"),
    http_errors.UnsupportedField: (400, INVALID, "unsupported_parameter"),
    errors.InvalidSchema: (400, INVALID, "invalid_json_schema"),
    errors.UnknownModel: (404, INVALID, "model_not_found"),
    errors.PicturesStayHere: (400, INVALID, "pictures_stay_here"),
    errors.UpstreamRejected: (400, INVALID, "not_taken_by_engine"),
    errors.ModelPinned: (400, INVALID, "model_pinned"),
    http_errors.ExceedsRateLimit: (400, INVALID, "rate_limit_exceeded"),
    http_errors.InvalidKey: (401, INVALID, "invalid_api_key"),
    http_errors.Forbidden: (403, INVALID, None),
    http_errors.NotServed: (404, INVALID, "not_found"),
    http_errors.UnknownPath: (404, INVALID, "unknown_url"),
    http_errors.WrongMethod: (405, INVALID, "method_not_allowed"),
    http_errors.BodyTooLarge: (413, INVALID, "request_too_large"),
    http_errors.BodyTooSlow: (408, INVALID, "request_timeout"),
    http_errors.UnsupportedMediaType: (415, INVALID, "unsupported_media_type"),
    http_errors.InvalidJson: (400, INVALID, "invalid_json"),
    http_errors.JsonTooLarge: (400, INVALID, "context_length_exceeded"),
    http_errors.TooManyValues: (400, INVALID, "context_length_exceeded"),
    http_errors.InvalidForm: (400, INVALID, "invalid_form"),
    http_errors.MalformedHttp: (400, INVALID, "malformed_http"),
    http_errors.UnknownMethod: (405, INVALID, "method_not_allowed"),
    http_errors.HeadTooLarge: (431, INVALID, "head_too_large"),
    http_errors.HeadTooSlow: (408, INVALID, "request_timeout"),
    errors.Refused: (503, SERVER, None),
    errors.QueueFull: (429, RATE_LIMIT, "queue_full"),
    errors.TooBusy: (429, RATE_LIMIT, "deadline_unmeetable"),
    http_errors.RateLimited: (429, RATE_LIMIT, "rate_limit_exceeded"),
    http_errors.TooManyConnections: (503, SERVER, "too_many_connections"),
    errors.OutOfMemory: (503, SERVER, "out_of_memory"),
    http_errors.TooManyBodies: (503, SERVER, "too_many_bodies"),
    errors.UpstreamBusy: (503, SERVER, "upstream_busy"),
    errors.Expired: (504, SERVER, "generation_timeout"),
    errors.SlowReader: (408, INVALID, "slow_reader"),  # for the log: the connection is closed without an answer
    errors.EngineError: (503, SERVER, "device_unavailable"),
    errors.GenerationFailed: (500, SERVER, "generation_failed"),
    errors.ModelError: (500, SERVER, None),
}
IMAGE_CODES = {
    errors.ImageFault.EMPTY: "empty_image_file",
    errors.ImageFault.BAD_ADDRESS: "invalid_image_url",
    errors.ImageFault.BAD_BASE64: "invalid_base64_image",
    errors.ImageFault.NOT_FETCHED: "failed_to_download_image",
    errors.ImageFault.NO_IMAGE: "invalid_image",
    errors.ImageFault.UNSUPPORTED_FORMAT: "unsupported_image_media_type",
    errors.ImageFault.UNREADABLE: "image_parse_error",
    errors.ImageFault.FILE_TOO_LARGE: "image_file_too_large",
    errors.ImageFault.TOO_LARGE: "image_too_large",
    errors.ImageFault.TOO_SMALL: "image_too_small",
}
_FORBIDDEN_CODES = {
    http_errors.Permission.HOST: "host_not_allowed",
    http_errors.Permission.ORIGIN: "origin_not_allowed",
    http_errors.Permission.PULL: "pull_not_allowed",
    http_errors.Permission.BENCHMARK: "benchmark_not_allowed",
}
_UNREADY_CODES = {
    errors.Unready.LOADING: "model_loading",
    errors.Unready.DRAINING: "draining",
    errors.Unready.DEVICE_UNAVAILABLE: "device_unavailable",
}
_UNFIT_CODES = {errors.Expected.JSON: "structured_output_failed", errors.Expected.TOOL_CALL: "tool_call_failed"}
_MODEL_STATUSES = {errors.ModelFault.UNKNOWN_MODEL: 404, errors.ModelFault.BUSY: 409}
# What these say comes from the client: its own paths, addresses and JSON pointers are told as they are.
_SPEAKS_OF_THE_REQUEST = (errors.RequestError, errors.AnswerUnfit)
_PATH = re.compile(r"(?<![\w/:.~-])/(?!(?:dev|v1|api|health|docs|metrics)\b)[^\s'\"`,;:()\[\]]+")
# From the first quotation mark to the last one: what stands between may have some of its own.
_QUOTED = re.compile(r"""(?<!\w)['"].*['"](?!\w)""", re.DOTALL)
MAX_REASON_CHARS = 160
_NO_RETRY = {"x-should-retry": "false"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An error as a client sees it; `request_id` is for dialects that tell it in the body too.

    `detail` is for the log: the message with its paths, where it has some, or what is wrong with a request, without
    the client's own words.
    """

    status: int
    type: str
    message: str
    param: str | None = None
    code: str | None = None
    detail: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    facts: dict[str, int] = field(default_factory=dict)
    request_id: str = ""

    @property
    def body(self) -> dict[str, Any]:
        error = {"message": self.message, "type": self.type, "param": self.param, "code": self.code}
        return {"error": {**error, **self.facts}}


def fault(error: HailoVisionError, *, conversation: str | None = None) -> Fault:
    """What a client is told of an error. `conversation` is the field in which its dialect has the conversation."""
    kind = next((kind for kind in type(error).__mro__ if kind in _KINDS), None)
    if kind is None:
        return bug()
    status, type_, code = _KINDS[kind]
    message = str(error) if isinstance(error, _SPEAKS_OF_THE_REQUEST) else without_paths(str(error))
    return Fault(
        status=_MODEL_STATUSES.get(error.fault, status) if isinstance(error, errors.ModelError) else status,
        type=type_,
        message=message,
        detail=_reason(error) if isinstance(error, _SPEAKS_OF_THE_REQUEST) else _changed(str(error), message),
        param=_param(error, conversation),
        code=_code(error) or code,
        headers=_headers(error),
        facts=_facts(error),
    )


def out_of_memory() -> Fault:
    """What a client is told of a MemoryError, which is no bug: the machine is too full, or the request too large."""
    return fault(errors.OutOfMemory(retry_after_s=MEMORY_RETRY_S))


def without_paths(message: str) -> str:
    """A message about the server with the names of its files in place of their paths, which are no client's business.

    Device nodes stay, as do paths of the API.
    """

    def name(match: re.Match[str]) -> str:
        path = match[0].rstrip("./?!")
        return path.rpartition("/")[2] + match[0][len(path) :].lstrip("/")

    return _PATH.sub(name, message)


def _changed(original: str, message: str) -> str | None:
    return None if message == original else original


def _reason(error: HailoVisionError) -> str:
    """The message for the log: no longer than a line, and without a client's words except names of models and hosts."""
    is_told_whole = isinstance(error, (errors.UnknownModel, http_errors.Forbidden))
    message = str(error) if is_told_whole else _QUOTED.sub("'...'", str(error))
    return message if len(message) <= MAX_REASON_CHARS else message[:MAX_REASON_CHARS] + "..."


def bug() -> Fault:
    """What a client is told of an error that should not exist; the log has the rest."""
    message = "The server failed on this request. Its log says why."
    return Fault(status=500, type=SERVER, message=message, headers=_NO_RETRY)


def http_fault(status: int) -> Fault:
    """aiohttp's own refusals, in our words."""
    return Fault(status=status, type=INVALID, message=f"The request was refused with status {status}.")


def _param(error: HailoVisionError, conversation: str | None) -> str | None:
    match error:
        case errors.ConversationError():
            return conversation
        case errors.UnknownModel() | errors.PicturesStayHere():
            return "model"
        case errors.RequestError():
            return error.param
    return None


def _code(error: HailoVisionError) -> str | None:
    """The code of an error whose class has several meanings."""
    match error:
        case errors.UnusableImage():
            return IMAGE_CODES[error.fault]
        case http_errors.Forbidden():
            return _FORBIDDEN_CODES[error.lacking]
        case errors.NotReady():
            return _UNREADY_CODES[error.reason]
        case errors.AnswerUnfit():
            return _UNFIT_CODES[error.expected]
        case errors.ModelError():
            return error.fault
    return None


def _headers(error: HailoVisionError) -> dict[str, str]:
    match error:
        case http_errors.InvalidKey():
            return {"WWW-Authenticate": "Bearer"}
        case http_errors.UnsupportedCoding():
            return {"Accept-Encoding": "identity"}
        case http_errors.WrongMethod() | http_errors.UnknownMethod():
            return {"Allow": error.allowed}
        case errors.Refused():
            return _retry_after(error.retry_after_s)
        case errors.Expired():
            # Trying again would wait as long again: the SDKs retry a 504 unless told not to.
            return _NO_RETRY
        case errors.AnswerUnfit():
            # The same question would most likely get the same answer, for three times the NPU's time.
            return _NO_RETRY
        case errors.GenerationFailed():
            return {}
        case errors.EngineError():
            return _retry_after(DEVICE_RETRY_S)
        case errors.ModelError():
            return {} if error.fault in _MODEL_STATUSES else _NO_RETRY
    return {}


def _facts(error: HailoVisionError) -> dict[str, int]:
    """What stands beside the code, under the names that llama.cpp gave them."""
    match error:
        case errors.ContextLengthExceeded():
            return {"n_prompt_tokens": error.prompt_tokens, "n_ctx": error.context_tokens}
    return {}


def _retry_after(seconds: float) -> dict[str, str]:
    """Whole seconds, at least 1 as the specification says, at most a minute: above two the SDKs give up.

    They try again on 429 and on all from 500 up; the header is for those that know less of statuses.
    """
    return {"Retry-After": str(math.ceil(min(max(seconds, 1.0), MAX_RETRY_S))), "x-should-retry": "true"}
