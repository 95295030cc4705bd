"""How long a job takes and what is left of it, from the jobs before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailo_vision.scheduler.estimate import FIRST_GUESS_S, Estimate

seconds = st.floats(0, 1000)
jobs = st.lists(st.tuples(seconds, seconds, st.integers(0, 500)), min_size=1, max_size=20)


def measured(*jobs: tuple[float, float, int]) -> Estimate:
    estimate = Estimate()
    for prefill_s, decode_s, tokens in jobs:
        estimate.measure(prefill_s=prefill_s, decode_s=decode_s, tokens=tokens)
    return estimate


def test_until_a_job_was_measured_it_is_a_guess_and_says_so() -> None:
    assert Estimate().is_guess
    assert Estimate().job_s() == Estimate().job_s(5) == FIRST_GUESS_S
    assert not measured((1.0, 24.0, 200)).is_guess


def test_a_job_is_its_prefill_and_its_tokens() -> None:
    estimate = measured((1.0, 19.9, 200))
    assert estimate.job_s() == pytest.approx(20.9)
    assert estimate.job_s(max_tokens=21) == pytest.approx(1.0 + 20 * 0.1)
    assert estimate.job_s(max_tokens=1) == pytest.approx(1.0)
    assert estimate.job_s(max_tokens=5000) == estimate.job_s()


def test_an_answer_of_one_token_says_nothing_of_the_speed() -> None:
    assert measured((1.0, 19.9, 200), (1.0, 0.0, 1)).job_s(max_tokens=11) == pytest.approx(2.0)
    assert measured((1.0, 0.0, 1)).job_s() == pytest.approx(1.0)


def test_what_is_left_of_a_job_is_never_less_than_nothing() -> None:
    estimate = measured((1.0, 19.9, 200))
    assert estimate.rest_s(ran_s=0.9, max_tokens=None) == pytest.approx(20.0)
    assert estimate.rest_s(ran_s=100, max_tokens=None) == 0.0


def test_it_follows_a_change_within_a_few_jobs() -> None:
    estimate = measured((1.0, 19.9, 200))
    for _ in range(10):
        estimate.measure(prefill_s=2.0, decode_s=39.8, tokens=200)
    assert estimate.job_s() == pytest.approx(41.8, rel=0.05)


@given(jobs, st.integers(0, 600))
def test_an_estimate_lies_within_what_was_measured(jobs: list[tuple[float, float, int]], max_tokens: int) -> None:
    estimate = measured(*jobs)
    slowest_s = max((decode_s / (tokens - 1) for _, decode_s, tokens in jobs if tokens > 1), default=0.0)
    most = max(tokens for *_, tokens in jobs)
    longest_s = max(prefill_s for prefill_s, *_ in jobs) + most * slowest_s
    shortest_s = min(prefill_s for prefill_s, *_ in jobs)
    assert shortest_s - 1e-6 <= estimate.job_s(max_tokens) <= estimate.job_s() + 1e-6 <= longest_s + 2e-6
