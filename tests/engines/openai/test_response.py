"""The chunks of a server become pieces and a finish, whatever numbers stand in them."""

import json
import math
from dataclasses import asdict

import pytest

from hailo_vision.chat import FinishReason, Generation, Sampling
from hailo_vision.engines.openai.bounds import bounds_of
from hailo_vision.engines.openai.fields import count_in, number_in, seconds_in
from hailo_vision.engines.openai.response import StreamedResponse
from hailo_vision.engines.openai.response_error import MAX_RETRY_S, RETRY_S, error_from_response
from hailo_vision.errors import GenerationFailed, HailoVisionError, PromptTooLong, UpstreamBusy

BOUNDS = bounds_of(Generation(turns=(), sampling=Sampling(), max_tokens=8, logprobs=2))
ODD = ["NaN", "Infinity", "-Infinity", "1e999", "-1", "1" + "0" * 400, "1" + "0" * 4000, "true", '"7"', "[7]", "null"]


def streamed() -> StreamedResponse:
    return StreamedResponse(BOUNDS, sent_at=0.0, top_logprobs=2, shows_cached=True)


@pytest.mark.parametrize("odd", ODD)
def test_a_number_that_is_none_is_left_out_of_usage_and_timings(odd: str) -> None:
    response = streamed()
    response.take(b'{"choices":[{"delta":{"content":"a"}}]}', 1.0)
    counters = f'"prompt_tokens":{odd},"completion_tokens":{odd},"prompt_tokens_details":{{"cached_tokens":{odd}}}'
    timings = f'"prompt_ms":{odd},"predicted_ms":{odd},"cache_n":{odd},"prompt_n":{odd},"predicted_n":{odd}'
    response.take(f'{{"usage":{{{counters}}},"timings":{{{timings}}}}}'.encode(), 1.0)
    finish = response.finish(FinishReason.STOP)
    assert asdict(finish.usage) == {
        "prompt_tokens": 0,
        "completion_tokens": 1,
        "image_tokens": 0,
        "cached_tokens": 0,
    }
    assert (finish.timings.prefill_s, finish.timings.decode_s) == (1.0, 0.0)


@pytest.mark.parametrize("odd", ODD)
def test_a_log_probability_is_a_number_that_json_has(odd: str) -> None:
    entry = f'{{"token":"a","logprob":{odd},"bytes":[1,true,{odd}],"top_logprobs":[{{"token":"b","logprob":{odd}}}]}}'
    piece = streamed().take(
        f'{{"choices":[{{"delta":{{"content":"a"}},"logprobs":{{"content":[{entry}]}}}}]}}'.encode(), 1.0
    )
    assert piece is not None
    (logprob,) = piece.logprobs
    for number in (logprob.logprob, logprob.top[0].logprob):
        assert -9999.0 <= number <= 0.0
        json.dumps(number, allow_nan=False)


@pytest.mark.parametrize("odd", ODD)
def test_a_context_that_is_no_number_is_not_shown(odd: str) -> None:
    body = f'{{"error":{{"code":"context_length_exceeded","n_prompt_tokens":{odd},"n_ctx":{odd}}}}}'
    error = error_from_response(400, body.encode(), None, "It")
    assert type(error) is PromptTooLong or error_has_small_numbers(error)


def error_has_small_numbers(error: HailoVisionError) -> bool:
    return all(len(str(value)) < 20 for value in vars(error).values() if isinstance(value, int))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, RETRY_S),
        ("nan", RETRY_S),
        ("inf", RETRY_S),
        ("-inf", RETRY_S),
        ("1" * 4000, RETRY_S),
        ("9e99", MAX_RETRY_S),
        ("-3", 1.0),
        ("60", 60.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", RETRY_S),
    ],
)
def test_retry_after_is_seconds_in_a_range(header: str | None, seconds: float) -> None:
    error = error_from_response(429, b"", header, "It")
    assert isinstance(error, UpstreamBusy)
    assert error.retry_after_s == seconds


@pytest.mark.parametrize("odd", [math.nan, math.inf, -1, True, "7", 1 << 60, 10**400, None, [], 1.5])
def test_a_count_is_a_whole_number_in_range(odd: object) -> None:
    assert count_in(odd) is None


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf, True, "7", 10**400, None])
def test_a_number_is_finite_and_in_range(odd: object) -> None:
    assert number_in(odd, 0.0, 1e9) is None
    assert (number_in(3, 0.0, 4.0), seconds_in("x", 0.0, 4.0)) == (3.0, None)


def test_text_beyond_what_was_requested_is_cut_and_said() -> None:
    response = streamed()
    chunk = json.dumps({"choices": [{"delta": {"content": "A" * BOUNDS.chars}}]}).encode()
    piece = response.take(chunk, 1.0)
    assert piece is not None
    assert len(piece.text) == BOUNDS.chars
    assert not response.is_full
    assert response.take(chunk, 1.0) is None
    assert response.is_full


def test_deep_json_and_lists_are_no_answer() -> None:
    for data in (b"[" * 500_000, b"[1]", b"null", b"9" * 5000):
        with pytest.raises(GenerationFailed):
            streamed().take(data, 1.0)


@pytest.mark.parametrize(("told", "stop"), [('"END"', "END"), ("null", None), ("151645", None), ('""', None)])
def test_the_stop_string_that_a_server_names_is_told(told: str, stop: str | None) -> None:
    """vLLM has the string in `stop_reason`, or the number of a token."""
    response = streamed()
    response.take(f'{{"choices":[{{"finish_reason":"stop","stop_reason":{told}}}]}}'.encode(), 1.0)
    assert response.finish(FinishReason.STOP).stop == stop


def test_more_log_probabilities_than_tokens_were_requested_are_left_out() -> None:
    """Each of them is many times as large here as in the server's JSON."""
    response = streamed()
    entries = [{"token": "a", "logprob": -1.0}] * 10_000
    chunk = json.dumps({"choices": [{"delta": {"content": "a"}, "logprobs": {"content": entries}}]}).encode()
    pieces = [response.take(chunk, 1.0) for _ in range(3)]
    assert sum(len(piece.logprobs) for piece in pieces if piece is not None) == BOUNDS.logprobs


def test_log_probabilities_that_nobody_requested_are_left_out() -> None:
    bounds = bounds_of(Generation(turns=(), sampling=Sampling(), max_tokens=8))
    response = StreamedResponse(bounds, sent_at=0.0)
    entry = {"token": "a", "logprob": -1.0}
    chunk = {"choices": [{"delta": {"content": "a"}, "logprobs": {"content": [entry]}}]}
    piece = response.take(json.dumps(chunk).encode(), 1.0)
    assert piece is not None
    assert piece.logprobs == ()


@pytest.mark.parametrize(
    ("prompt_ms", "predicted_ms", "seconds"),
    [(500, 2500, (0.5, 2.5)), (86_400_000, 86_400_000, (4.0, 0.0)), (1000, 86_400_000, (1.0, 3.0))],
)
def test_no_server_has_worked_longer_than_it_was_waited_for(
    prompt_ms: int, predicted_ms: int, seconds: tuple[float, float]
) -> None:
    response = streamed()
    response.take(b'{"choices":[{"delta":{"content":"a"}}]}', 1.0)
    timings = {"prompt_ms": prompt_ms, "predicted_ms": predicted_ms}
    response.take(json.dumps({"choices": [], "timings": timings}).encode(), 4.0)
    timed = response.finish(FinishReason.STOP).timings
    assert (timed.prefill_s, timed.decode_s) == seconds
