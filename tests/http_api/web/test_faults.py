"""Each error has its status, type and code, and says when to come back where that is known."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hailo_vision import errors
from hailo_vision.errors import (
    AnswerUnfit,
    BodyTooLarge,
    BodyTooSlow,
    ConfigError,
    ContextLengthExceeded,
    DeviceFault,
    DeviceUnavailable,
    EngineError,
    Expired,
    Forbidden,
    GenerationFailed,
    HailoVisionError,
    HeadTooLarge,
    HeadTooSlow,
    InvalidKey,
    MalformedHttp,
    ModelError,
    ModelFault,
    ModelPinned,
    NotReady,
    NotServed,
    QueueFull,
    RateLimited,
    Refused,
    RequestError,
    SlowReader,
    StartError,
    TooBusy,
    TooManyConnections,
    UnknownModel,
    UnknownPath,
    Unready,
    UnsupportedMediaType,
    UnusableFile,
    UpstreamBusy,
    WireError,
    WorkerDied,
    WorkerStalled,
    WrongMethod,
)
from hailo_vision.http_api.web.faults import bug, fault, http_fault

INVALID, SERVER = "invalid_request_error", "server_error"


def retry_after(seconds: int) -> dict[str, str]:
    return {"Retry-After": str(seconds), "x-should-retry": "true"}


# error, status, type, param, code, headers
TABLE: list[tuple[HailoVisionError, int, str, str | None, str | None, dict[str, str]]] = [
    (RequestError("No.", param="n", code="unsupported_parameter"), 400, INVALID, "n", "unsupported_parameter", {}),
    (RequestError("No."), 400, INVALID, None, None, {}),
    (
        ContextLengthExceeded(prompt_tokens=3000, context_tokens=2048),
        400,
        INVALID,
        "messages",
        "context_length_exceeded",
        {},
    ),
    (UnknownModel("gpt-5", "the-model"), 404, INVALID, "model", "model_not_found", {}),
    (NotServed("Nothing is stored.", code="not_found"), 404, INVALID, None, "not_found", {}),
    (UnknownPath("/v1/chat", "POST /a"), 404, INVALID, None, "unknown_url", {}),
    (WrongMethod("GET", "/a", "POST"), 405, INVALID, None, "method_not_allowed", {"Allow": "POST"}),
    (InvalidKey(was_sent=True), 401, INVALID, None, "invalid_api_key", {"WWW-Authenticate": "Bearer"}),
    (InvalidKey(was_sent=False), 401, INVALID, None, "invalid_api_key", {"WWW-Authenticate": "Bearer"}),
    (Forbidden("No.", code="host_not_allowed"), 403, INVALID, None, "host_not_allowed", {}),
    (BodyTooLarge(32_000_000), 413, INVALID, None, "request_too_large", {}),
    (BodyTooSlow(60), 408, INVALID, None, "request_timeout", {}),
    (UnsupportedMediaType("No.", code="unsupported_media_type"), 415, INVALID, None, "unsupported_media_type", {}),
    (ModelPinned(), 400, INVALID, None, "model_pinned", {}),
    (ModelError(ModelFault.UNKNOWN_MODEL, "There is none."), 404, SERVER, None, "unknown_model", {}),
    (ModelError(ModelFault.BUSY, "Wait."), 409, SERVER, None, "busy", {}),
    (ModelError(ModelFault.DISK_FULL, "Full."), 500, SERVER, None, "disk_full", {"x-should-retry": "false"}),
    (
        TooBusy(wait_s=130, deadline_s=120, retry_after_s=20.5),
        429,
        "rate_limit_error",
        None,
        "deadline_unmeetable",
        retry_after(21),
    ),
    (SlowReader(1024), 408, INVALID, None, "slow_reader", {}),
    (UpstreamBusy("The server", retry_after_s=3), 503, SERVER, None, "upstream_busy", retry_after(3)),
    (QueueFull(depth=16, retry_after_s=12.2), 429, "rate_limit_error", None, "queue_full", retry_after(13)),
    (
        RateLimited(per_minute=10, what="images", retry_after_s=6),
        429,
        "rate_limit_error",
        None,
        "rate_limit_exceeded",
        retry_after(6),
    ),
    (MalformedHttp("No."), 400, INVALID, None, "malformed_http", {}),
    (HeadTooLarge("100 fields"), 431, INVALID, None, "head_too_large", {}),
    (HeadTooSlow(10), 408, INVALID, None, "request_timeout", {}),
    (TooManyConnections(128), 503, SERVER, None, "too_many_connections", retry_after(2)),
    (
        NotReady(Unready.LOADING, "Loading.", retry_after_s=9.7),
        503,
        SERVER,
        None,
        "model_loading",
        retry_after(10),
    ),
    (NotReady(Unready.DRAINING, "Stopping.", retry_after_s=10), 503, SERVER, None, "draining", retry_after(10)),
    (
        NotReady(Unready.DEVICE_UNAVAILABLE, "Lost.", retry_after_s=600),
        503,
        SERVER,
        None,
        "device_unavailable",
        retry_after(60),
    ),
    (Refused("Not now.", retry_after_s=0), 503, SERVER, None, None, retry_after(1)),
    (
        Expired(deadline_s=120, running=True),
        504,
        SERVER,
        None,
        "generation_timeout",
        {"x-should-retry": "false"},
    ),
    (
        AnswerUnfit("No.", code="structured_output_failed"),
        500,
        SERVER,
        None,
        "structured_output_failed",
        {"x-should-retry": "false"},
    ),
    (GenerationFailed("Failed."), 500, SERVER, None, "generation_failed", {}),
    *(
        (error, 503, SERVER, None, "device_unavailable", retry_after(5))
        for error in (
            EngineError("Failed."),
            DeviceUnavailable(DeviceFault.DEVICE_LOST, "Lost.", status=96),
            WorkerDied(-9),
            WorkerStalled("prefill", 30),
        )
    ),
]


@pytest.mark.parametrize(
    ("error", "status", "kind", "param", "code", "headers"), TABLE, ids=lambda value: type(value).__name__
)
def test_an_error_is_told_as_the_table_says(
    error: HailoVisionError, status: int, kind: str, param: str | None, code: str | None, headers: dict[str, str]
) -> None:
    told = fault(error)
    assert told.status == status
    assert told.body == {"error": {"message": str(error), "type": kind, "param": param, "code": code, **told.facts}}
    assert bool(told.facts) is isinstance(error, ContextLengthExceeded)
    assert told.headers == headers


def test_a_prompt_over_the_context_is_told_with_both_numbers() -> None:
    told = fault(ContextLengthExceeded(prompt_tokens=3000, context_tokens=2048)).body["error"]
    assert (told["n_prompt_tokens"], told["n_ctx"]) == (3000, 2048)


INTERNAL = (
    HailoVisionError("secret"),
    WireError("secret"),
    StartError("secret"),
    ConfigError("/etc/secret.yaml", ()),
    UnusableFile("/etc/secret.keys", ()),
)


@pytest.mark.parametrize("error", INTERNAL, ids=lambda error: type(error).__name__)
def test_an_error_that_is_no_clients_business_is_a_500_that_tells_nothing(error: HailoVisionError) -> None:
    told = fault(error)
    assert told == bug()
    assert told.status == 500
    assert "secret" not in json.dumps(told.body)


def test_no_kind_of_error_is_forgotten_here() -> None:
    told = {type(error) for error, *_ in TABLE} | {type(error) for error in INTERNAL}
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, HailoVisionError)}
    assert told == kinds


@settings(max_examples=200, deadline=None)
@given(st.floats(allow_nan=False))
def test_retry_after_is_a_whole_number_of_seconds_that_clients_honour(retry_after_s: float) -> None:
    told = fault(QueueFull(depth=1, retry_after_s=retry_after_s)).headers["Retry-After"]
    assert 1 <= int(told) <= 60
    assert int(told) >= min(retry_after_s, 60)


def test_an_unknown_path_is_told_the_right_one() -> None:
    told = fault(UnknownPath("/v1/chat", "POST /v1/chat/completions")).message
    assert "/v1/chat." in told
    assert "POST /v1/chat/completions" in told


def test_a_wrong_method_is_told_the_right_ones() -> None:
    told = fault(WrongMethod("GET", "/v1/chat/completions", "POST, OPTIONS")).message
    assert "GET" in told
    assert "POST, OPTIONS" in told


@pytest.mark.parametrize("status", [400, 408, 417, 431])
def test_a_refusal_of_the_http_library_has_openais_shape(status: int) -> None:
    told = http_fault(status)
    assert told.status == status
    assert told.body["error"].keys() == {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    "error", [UnknownPath("/" + "a" * 10_000, "GET /"), WrongMethod("G" * 10_000, "/" + "a" * 10_000, "GET")]
)
def test_a_path_without_end_is_not_told_in_full(error: HailoVisionError) -> None:
    assert len(fault(error).message) < 400


def test_a_bug_is_not_worth_another_try() -> None:
    assert bug().headers == {"x-should-retry": "false"}
