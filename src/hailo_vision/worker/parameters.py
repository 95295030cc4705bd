"""OpenAI's meaning in, the device's meaning out: sampling as keyword arguments of `VLM.generate`. Pure."""

from hailo_vision.chat import Sampling

# A fourth of a percent is the lowest heat that changes anything; below it float32 arithmetic on the device is greedy
# at best, and 0 or an underflow to 0 is an error (contract 2.2).
COLDEST = 0.0025
TOP_K = 50  # where the client names none: the device's own fallback is 1, which is greedy whatever the temperature
MAX_TOP_K = 1000  # above the vocabulary the device reads past its scores (contract 2.2)
CLOCK_SEED = 0xFFFF_FFFF  # the device takes it for "seed from the clock"


def device_parameters(sampling: Sampling, max_tokens: int) -> dict[str, bool | int | float]:
    """Keyword arguments for `generate`. What a HEF may have a default for is always there: it is not the client's."""
    penalty = 1.0 if sampling.repetition_penalty is None else sampling.repetition_penalty
    parameters: dict[str, bool | int | float] = {
        "do_sample": False,
        "max_generated_tokens": max_tokens,
        "frequency_penalty": penalty,  # the vendor's name for a multiplicative one (contract 2.3)
    }
    if sampling.temperature is not None and sampling.temperature >= COLDEST:
        parameters["do_sample"] = True
        parameters["temperature"] = sampling.temperature
        parameters["top_p"] = 1.0 if sampling.top_p is None else sampling.top_p
        parameters["top_k"] = TOP_K if sampling.top_k is None else min(sampling.top_k, MAX_TOP_K)
        if sampling.seed is not None:
            parameters["seed"] = sampling.seed % CLOCK_SEED
    return parameters
