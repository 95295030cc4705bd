"""Each error has its status, type and code, and says when to come back where that is known."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hailo_vision import errors
from hailo_vision.errors import (
    BodyTooLarge,
    BodyTooSlow,
    ConfigError,
    ContextLengthExceeded,
    DeviceFault,
    DeviceUnavailable,
    EngineError,
    Expired,
    GenerationFailed,
    HailoVisionError,
    HeadTooLarge,
    HeadTooSlow,
    MalformedHttp,
    ModelError,
    ModelFault,
    NotReady,
    QueueFull,
    Refused,
    RequestError,
    StartError,
    TooManyConnections,
    UnknownModel,
    Unready,
    UnsupportedMediaType,
    WireError,
    WorkerDied,
    WorkerStalled,
)
from hailo_vision.http_api.faults import bug, fault, http_fault

INVALID, SERVER = "invalid_request_error", "server_error"

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
    (BodyTooLarge(32_000_000), 413, INVALID, None, "request_too_large", {}),
    (BodyTooSlow(60), 408, INVALID, None, "request_timeout", {}),
    (UnsupportedMediaType("No.", code="unsupported_media_type"), 415, INVALID, None, "unsupported_media_type", {}),
    (MalformedHttp("No."), 400, INVALID, None, "malformed_http", {}),
    (HeadTooLarge("100 fields"), 431, INVALID, None, "head_too_large", {}),
    (HeadTooSlow(10), 408, INVALID, None, "request_timeout", {}),
    (TooManyConnections(128), 503, SERVER, None, "too_many_connections", {"Retry-After": "2"}),
    (QueueFull(depth=16, retry_after_s=12.2), 429, "rate_limit_error", None, "queue_full", {"Retry-After": "13"}),
    (
        NotReady(Unready.LOADING, "Loading.", retry_after_s=9.7),
        503,
        SERVER,
        None,
        "model_loading",
        {"Retry-After": "10"},
    ),
    (NotReady(Unready.DRAINING, "Stopping.", retry_after_s=10), 503, SERVER, None, "draining", {"Retry-After": "10"}),
    (
        NotReady(Unready.DEVICE_UNAVAILABLE, "Lost.", retry_after_s=600),
        503,
        SERVER,
        None,
        "device_unavailable",
        {"Retry-After": "60"},
    ),
    (Refused("Not now.", retry_after_s=0), 503, SERVER, None, None, {"Retry-After": "1"}),
    (
        Expired(deadline_s=120, running=True),
        504,
        SERVER,
        None,
        "generation_timeout",
        {"x-should-retry": "false"},
    ),
    (GenerationFailed("Failed."), 500, SERVER, None, "generation_failed", {}),
    *(
        (error, 503, SERVER, None, "device_unavailable", {"Retry-After": "5"})
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
    assert told.body == {"error": {"message": str(error), "type": kind, "param": param, "code": code}}
    assert told.headers == headers


INTERNAL = (
    HailoVisionError("secret"),
    WireError("secret"),
    StartError("secret"),
    ConfigError("/etc/secret.yaml", ()),
    ModelError(ModelFault.REFUSED, "secret"),
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
    told = http_fault(404, "POST", "/v1/chat", None)
    assert (told.status, told.type, told.code) == (404, INVALID, "unknown_url")
    assert "/v1/chat." in told.message
    assert "POST /v1/chat/completions" in told.message


def test_a_wrong_method_is_told_the_right_ones() -> None:
    told = http_fault(405, "GET", "/v1/chat/completions", "POST")
    assert (told.status, told.type, told.code) == (405, INVALID, "method_not_allowed")
    assert told.headers == {"Allow": "POST"}
    assert "GET" in told.message


@pytest.mark.parametrize("status", [400, 408, 417, 431])
def test_any_other_refusal_of_the_http_library_has_openais_shape(status: int) -> None:
    told = http_fault(status, "POST", "/", None)
    assert told.status == status
    assert told.body["error"].keys() == {"message", "type", "param", "code"}


@pytest.mark.parametrize("status", [404, 405])
def test_a_path_without_end_is_not_told_in_full(status: int) -> None:
    assert len(http_fault(status, "POST", "/" + "a" * 10_000, "GET").message) < 400
