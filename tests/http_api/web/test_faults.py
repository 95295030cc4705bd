"""Each error has its status, type and code, and says when to come back where that is known."""

import json
from enum import StrEnum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hailo_vision import errors
from hailo_vision.errors import (
    AnswerUnfit,
    ConfigError,
    ContextLengthExceeded,
    ConversationError,
    DeviceFault,
    DeviceUnavailable,
    EngineError,
    Expected,
    Expired,
    GenerationFailed,
    HailoVisionError,
    ImageFault,
    InvalidSchema,
    ModelError,
    ModelFault,
    ModelPinned,
    NoDevice,
    NotReady,
    OutOfMemory,
    PicturesStayHere,
    PromptTooLong,
    QueueFull,
    Refused,
    RequestError,
    SlowReader,
    StartError,
    TooBusy,
    UnknownModel,
    Unready,
    UnusableFile,
    UnusableImage,
    UpstreamBusy,
    UpstreamRejected,
    WireError,
    WorkerDied,
    WorkerStalled,
)
from hailo_vision.http_api.web import http_errors
from hailo_vision.http_api.web.faults import bug, fault, http_fault, without_paths
from hailo_vision.http_api.web.http_errors import (
    BodyTooLarge,
    BodyTooSlow,
    ExceedsRateLimit,
    Forbidden,
    HeadTooLarge,
    HeadTooSlow,
    InvalidForm,
    InvalidJson,
    InvalidKey,
    JsonTooLarge,
    MalformedHttp,
    NotServed,
    Permission,
    RateLimited,
    TooManyBodies,
    TooManyConnections,
    TooManyValues,
    UnknownMethod,
    UnknownPath,
    UnsupportedCoding,
    UnsupportedField,
    UnsupportedMediaType,
    WrongMethod,
)

INVALID, SERVER = "invalid_request_error", "server_error"


def retry_after(seconds: int) -> dict[str, str]:
    return {"Retry-After": str(seconds), "x-should-retry": "true"}


# error, status, type, param, code, headers
TABLE: list[tuple[HailoVisionError, int, str, str | None, str | None, dict[str, str]]] = [
    (RequestError("No.", param="n"), 400, INVALID, "n", None, {}),
    (RequestError("No."), 400, INVALID, None, None, {}),
    (UnsupportedField("No.", param="n"), 400, INVALID, "n", "unsupported_parameter", {}),
    (InvalidSchema("it is wrong", param="format"), 400, INVALID, "format", "invalid_json_schema", {}),
    (ConversationError("Too many pictures."), 400, INVALID, "messages", None, {}),
    (PromptTooLong("Shorten it."), 400, INVALID, "messages", "context_length_exceeded", {}),
    (
        ContextLengthExceeded(prompt_tokens=3000, context_tokens=2048),
        400,
        INVALID,
        "messages",
        "context_length_exceeded",
        {},
    ),
    (UnknownModel("gpt-5", "the-model"), 404, INVALID, "model", "model_not_found", {}),
    (PicturesStayHere("nas"), 400, INVALID, "model", "pictures_stay_here", {}),
    (UpstreamRejected("The server"), 400, INVALID, None, "not_taken_by_engine", {}),
    (ExceedsRateLimit(images=5, per_minute=4), 400, INVALID, None, "rate_limit_exceeded", {}),
    (NotServed("Nothing is stored."), 404, INVALID, None, "not_found", {}),
    (UnknownPath("/v1/chat", "POST /a"), 404, INVALID, None, "unknown_url", {}),
    (WrongMethod("GET", "/a", "POST"), 405, INVALID, None, "method_not_allowed", {"Allow": "POST"}),
    (InvalidKey(was_sent=True), 401, INVALID, None, "invalid_api_key", {"WWW-Authenticate": "Bearer"}),
    (InvalidKey(was_sent=False), 401, INVALID, None, "invalid_api_key", {"WWW-Authenticate": "Bearer"}),
    (Forbidden(Permission.HOST, "No."), 403, INVALID, None, "host_not_allowed", {}),
    (Forbidden(Permission.ORIGIN, "No."), 403, INVALID, None, "origin_not_allowed", {}),
    (Forbidden(Permission.PULL, "No."), 403, INVALID, None, "pull_not_allowed", {}),
    (Forbidden(Permission.BENCHMARK, "No."), 403, INVALID, None, "benchmark_not_allowed", {}),
    (BodyTooLarge(32_000_000), 413, INVALID, None, "request_too_large", {}),
    (BodyTooSlow(60), 408, INVALID, None, "request_timeout", {}),
    (UnsupportedMediaType("No."), 415, INVALID, None, "unsupported_media_type", {}),
    (InvalidJson("No."), 400, INVALID, None, "invalid_json", {}),
    (JsonTooLarge(300_000), 400, INVALID, None, "context_length_exceeded", {}),
    (TooManyValues(30_000), 400, INVALID, None, "context_length_exceeded", {}),
    (InvalidForm("it has no end"), 400, INVALID, None, "invalid_form", {}),
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
    (UnknownMethod("FOO", "GET, POST"), 405, INVALID, None, "method_not_allowed", {"Allow": "GET, POST"}),
    (UnsupportedCoding(), 415, INVALID, None, "unsupported_media_type", {"Accept-Encoding": "identity"}),
    (MalformedHttp("No."), 400, INVALID, None, "malformed_http", {}),
    (HeadTooLarge("100 fields"), 431, INVALID, None, "head_too_large", {}),
    (HeadTooSlow(10), 408, INVALID, None, "request_timeout", {}),
    (TooManyConnections(128), 503, SERVER, None, "too_many_connections", retry_after(2)),
    (TooManyBodies(), 503, SERVER, None, "too_many_bodies", retry_after(2)),
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
    (OutOfMemory(retry_after_s=10), 503, SERVER, None, "out_of_memory", retry_after(10)),
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
        AnswerUnfit(Expected.JSON, attempts=3, problem="it is not"),
        500,
        SERVER,
        None,
        "structured_output_failed",
        {"x-should-retry": "false"},
    ),
    (
        AnswerUnfit(Expected.TOOL_CALL, attempts=1, problem="it is not"),
        500,
        SERVER,
        None,
        "tool_call_failed",
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
    *(
        (UnusableImage(fault, "Image 1 of 2 is bad.", param="images[0]"), 400, INVALID, "images[0]", code, {})
        for fault, code in {
            ImageFault.EMPTY: "empty_image_file",
            ImageFault.BAD_ADDRESS: "invalid_image_url",
            ImageFault.BAD_BASE64: "invalid_base64_image",
            ImageFault.NOT_FETCHED: "failed_to_download_image",
            ImageFault.NO_IMAGE: "invalid_image",
            ImageFault.UNSUPPORTED_FORMAT: "unsupported_image_media_type",
            ImageFault.UNREADABLE: "image_parse_error",
            ImageFault.FILE_TOO_LARGE: "image_file_too_large",
            ImageFault.TOO_LARGE: "image_too_large",
            ImageFault.TOO_SMALL: "image_too_small",
        }.items()
    ),
]


@pytest.mark.parametrize(
    ("error", "status", "kind", "param", "code", "headers"), TABLE, ids=lambda value: type(value).__name__
)
def test_an_error_is_told_as_the_table_says(
    error: HailoVisionError, status: int, kind: str, param: str | None, code: str | None, headers: dict[str, str]
) -> None:
    told = fault(error, conversation="messages")
    assert told.status == status
    assert told.body == {"error": {"message": str(error), "type": kind, "param": param, "code": code, **told.facts}}
    assert bool(told.facts) is isinstance(error, ContextLengthExceeded)
    assert told.headers == headers


def test_a_prompt_over_the_context_is_told_with_both_numbers() -> None:
    told = fault(ContextLengthExceeded(prompt_tokens=3000, context_tokens=2048)).body["error"]
    assert (told["n_prompt_tokens"], told["n_ctx"]) == (3000, 2048)


@pytest.mark.parametrize("conversation", ["messages", "prompt", "input", "question", None])
def test_what_is_wrong_with_all_of_a_conversation_names_the_dialects_field(conversation: str | None) -> None:
    too_long = ContextLengthExceeded(prompt_tokens=3000, context_tokens=2048)
    assert fault(too_long, conversation=conversation).param == conversation
    assert fault(RequestError("No.", param="n"), conversation=conversation).param == "n"


@pytest.mark.parametrize("kinds", [ImageFault, Permission, Unready, Expected])
def test_no_meaning_of_a_class_with_several_is_forgotten_here(kinds: type[StrEnum]) -> None:
    assert {fact for error, *_ in TABLE for fact in vars(error).values() if isinstance(fact, kinds)} == set(kinds)


INTERNAL = (
    HailoVisionError("secret"),
    WireError("secret"),
    StartError("secret"),
    NoDevice("secret"),
    ConfigError("/etc/secret.yaml", ()),
    UnusableFile("/etc/secret.keys", ()),
)


PATHS = (
    "Reading /var/lib/hailo-vision/m.hef: '/etc/hailo-vision/keys' (or /home/pi/m.gguf) is not in /tmp. "
    'See /usr/bin/x: `/srv/models/` and "/opt/.cache/a b".'
)
SHOWN = "Reading m.hef: 'keys' (or m.gguf) is not in tmp. See x: `models` and \"a b\"."


@pytest.mark.parametrize("error", [error for error, *_ in TABLE], ids=lambda error: type(error).__name__)
def test_no_error_of_the_server_tells_a_client_a_path_and_the_log_has_it(error: HailoVisionError) -> None:
    changed = type(error).__new__(type(error))
    changed.__dict__.update(vars(error))
    changed.args = (PATHS,)
    told = fault(changed)
    if isinstance(error, (RequestError, AnswerUnfit)):
        assert told.message == PATHS, "it speaks of what the client sent"
    else:
        assert (told.message, told.detail) == (SHOWN, PATHS)
        assert not any(root in json.dumps(told.body) for root in ("/var", "/etc", "/home", "/tmp", "/usr", "/root"))


def test_device_nodes_addresses_and_paths_of_the_api_are_told() -> None:
    text = "There is no /dev/hailo0, https://example.com/a/b is gone, 3 tokens/s; see GET /health or /v1/models."
    assert without_paths(text) == text


@pytest.mark.parametrize("error", INTERNAL, ids=lambda error: type(error).__name__)
def test_an_error_that_is_no_clients_business_is_a_500_that_tells_nothing(error: HailoVisionError) -> None:
    told = fault(error)
    assert told == bug()
    assert told.status == 500
    assert "secret" not in json.dumps(told.body)


def test_no_kind_of_error_is_forgotten_here() -> None:
    told = {type(error) for error, *_ in TABLE} | {type(error) for error in INTERNAL}
    known = [*vars(errors).values(), *vars(http_errors).values()]
    kinds = {kind for kind in known if isinstance(kind, type) and issubclass(kind, HailoVisionError)}
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


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            RequestError("n must be a whole number, not the string 'my secret'.", param="n"),
            "n must be a whole number, not the string '...'.",
        ),
        (
            RequestError("""a must be 1, not "it's 'mine'" or 'x'. It can't.""", param="a"),
            "a must be 1, not '...'. It can't.",
        ),
        (RequestError("The format is wrong: don't.", param="a"), "The format is wrong: don't."),
        (RequestError("x" * 500, param="a"), "x" * 160 + "..."),
        (UnknownModel("gpt-4", "qwen"), str(UnknownModel("gpt-4", "qwen"))),
    ],
)
def test_the_log_gets_the_reason_of_a_wrong_request_without_the_clients_own_words(
    error: RequestError, reason: str
) -> None:
    assert fault(error).detail == reason
