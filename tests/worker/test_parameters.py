"""OpenAI's sampling in the device's words: whatever a client may ask, the device must take it."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hailo_vision.chat import Sampling
from hailo_vision.worker.parameters import device_parameters

UINT32 = 2**32
CLOCK_SEED = 0xFFFFFFFF  # the device's "seed from the clock"

# What http_api/parse.py and the config let through.
samplings = st.builds(
    Sampling,
    temperature=st.none() | st.floats(0, 2),
    top_p=st.none() | st.floats(0, 1),
    top_k=st.none() | st.integers(1, 10**30),
    repetition_penalty=st.none() | st.floats(0.1, 10),
    seed=st.none() | st.integers(-(10**30), 10**30) | st.sampled_from([CLOCK_SEED, -1, 2**63]),
)


@settings(max_examples=500, deadline=None)
@given(samplings, st.integers(1, 8192))
def test_the_device_takes_whatever_a_client_may_ask(sampling: Sampling, max_tokens: int) -> None:
    """The rules are the contract's, 2.2: floats are float32 there, whole numbers are uint32."""
    parameters: dict[str, Any] = device_parameters(sampling, max_tokens)
    assert parameters.keys() <= {
        "do_sample",
        "max_generated_tokens",
        "temperature",
        "top_p",
        "top_k",
        "frequency_penalty",
        "seed",
    }
    assert parameters["max_generated_tokens"] == max_tokens
    assert isinstance(parameters["do_sample"], bool)
    assert np.float32(parameters.get("temperature", 1)) > 0
    assert 0 <= np.float32(parameters.get("top_p", 1)) <= 1
    assert np.float32(parameters.get("frequency_penalty", 1)) > 0
    assert 1 <= parameters.get("top_k", 1) <= 150_000  # above the vocabulary the device reads out of bounds
    assert 0 <= parameters.get("seed", 0) < CLOCK_SEED
    assert all(isinstance(parameters.get(name, 0), int) for name in ("top_k", "seed", "max_generated_tokens"))


@pytest.mark.parametrize("temperature", [None, 0, 0.0, 1e-9, 0.001])
def test_without_heat_the_answer_is_the_likeliest(temperature: float | None) -> None:
    sampling = Sampling(temperature=temperature, top_p=0.5, top_k=40, seed=1)
    assert device_parameters(sampling, 20) == {
        "do_sample": False,
        "max_generated_tokens": 20,
        "frequency_penalty": 1.0,
    }


def test_heat_alone_samples_from_more_than_one_token() -> None:
    """The device's own fallbacks are top_k 1 and top_p 0.1, with which any temperature is greedy (contract 2.3)."""
    parameters = device_parameters(Sampling(temperature=0.8), 20)
    assert parameters["do_sample"] is True
    assert parameters["temperature"] == 0.8
    assert parameters["top_k"] > 1
    assert parameters["top_p"] == 1.0


def test_what_the_client_names_is_what_the_device_gets() -> None:
    sampling = Sampling(temperature=1.5, top_p=0.0, top_k=7, repetition_penalty=1.2, seed=42)
    assert device_parameters(sampling, 20) == {
        "do_sample": True,
        "max_generated_tokens": 20,
        "temperature": 1.5,
        "top_p": 0.0,
        "top_k": 7,
        "frequency_penalty": 1.2,
        "seed": 42,
    }


def test_the_repetition_penalty_counts_in_a_greedy_answer_too() -> None:
    assert device_parameters(Sampling(repetition_penalty=1.3), 20)["frequency_penalty"] == 1.3


def test_without_a_penalty_the_devices_own_is_switched_off_and_not_left_to_the_model_file() -> None:
    """1.0 is neutral (contract 2.3); a client that asks for none must not get the HEF's."""
    assert device_parameters(Sampling(), 20)["frequency_penalty"] == 1.0


@pytest.mark.parametrize("seed", [-1, -9007199254740991, CLOCK_SEED, UINT32, 2**63])
def test_any_whole_number_is_a_seed_and_the_same_one_each_time(seed: int) -> None:
    first, second = (device_parameters(Sampling(temperature=1, seed=seed), 20)["seed"] for _ in range(2))
    assert first == second != CLOCK_SEED
    assert first != device_parameters(Sampling(temperature=1, seed=seed + 1), 20)["seed"]


def test_without_a_seed_none_is_sent() -> None:
    assert "seed" not in device_parameters(Sampling(temperature=1), 20)
