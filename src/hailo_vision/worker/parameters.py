"""Sampling parameters: OpenAI's meaning becomes the device's, as keyword arguments of `VLM.generate`. Pure."""

from hailo_vision.chat import Sampling

# Below this temperature float32 arithmetic on the device is greedy at best, and 0 or an underflow to 0 is an error
# (contract 2.2).
MIN_TEMPERATURE = 0.0025
DEFAULT_TOP_K = 50  # the device's own default is 1, which is greedy whatever the temperature
MAX_TOP_K = 1000  # above the vocabulary the device reads past its scores (contract 2.2)
CLOCK_SEED = 0xFFFF_FFFF  # to the device it means "take the seed from the clock"


def device_parameters(sampling: Sampling, max_tokens: int) -> dict[str, bool | int | float]:
    """Keyword arguments for `generate`. A parameter for which a HEF may have a default is always set, as that default
    is not the client's.
    """
    penalty = 1.0 if sampling.repetition_penalty is None else sampling.repetition_penalty
    parameters: dict[str, bool | int | float] = {
        "do_sample": False,
        "max_generated_tokens": max_tokens,
        "frequency_penalty": penalty,  # the vendor's name for a repetition penalty (contract 2.3)
    }
    if sampling.temperature is not None and sampling.temperature >= MIN_TEMPERATURE:
        parameters["do_sample"] = True
        parameters["temperature"] = sampling.temperature
        parameters["top_p"] = 1.0 if sampling.top_p is None else sampling.top_p
        parameters["top_k"] = DEFAULT_TOP_K if sampling.top_k is None else min(sampling.top_k, MAX_TOP_K)
        if sampling.seed is not None:
            parameters["seed"] = sampling.seed % CLOCK_SEED
    return parameters
