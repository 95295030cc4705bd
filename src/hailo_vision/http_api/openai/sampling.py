"""The fields of a request by which an answer is made, whose names are the same in every dialect of OpenAI's. Pure."""

import re
from typing import Any

from hailo_vision.chat import Penalties, Sampling
from hailo_vision.config import settings
from hailo_vision.http_api.web.fields import (
    JsonObject,
    a_list,
    a_string,
    an_object,
    boolean,
    integer,
    invalid,
    number,
    unsupported,
)
from hailo_vision.serving.served import Target

MAX_STOPS = 16  # the specification has 4, and other servers more
MAX_STOP_CHARS = 256
MAX_PENALTY = 10.0
MAX_TOP_LOGPROBS = 20
MAX_BIASES = 300  # as OpenAI has it
# llama.cpp's and vLLM's; what they are for there is response_format here.
OTHER_FORMS = (
    "grammar",
    "json_schema",
    "guided_json",
    "guided_regex",
    "guided_choice",
    "guided_grammar",
    "structured_outputs",
)
_TOKEN = re.compile(r"[0-9]{1,9}")


def max_tokens(body: JsonObject, defaults: settings.Generation, *, is_whole: bool = False) -> int:
    """`max_completion_tokens` wins over the older name. More than the limit is cut to it, and ends with `length`."""
    older = token_limit(body, "max_tokens", defaults)
    limit = token_limit(body, "max_completion_tokens", defaults) or older
    return answer_tokens(limit, defaults, is_whole=is_whole)


def token_limit(body: JsonObject, name: str, defaults: settings.Generation) -> int | None:
    """The longest answer that a client asks for; None where it says nothing, -1 and 0 are all that there may be."""
    tokens = integer(body, name, least=-1)
    if tokens is None:
        return None
    return min(tokens, defaults.max_tokens_limit) if tokens > 0 else defaults.max_tokens_limit


def refuse_other_forms(body: JsonObject) -> None:
    """Raise UnsupportedField for other servers' fields that give an answer its form: it would not have it."""
    for name in OTHER_FORMS:
        if body.get(name):
            raise unsupported(name, f"{name} is not served: send the JSON Schema in response_format.")


def answer_tokens(limit: int | None, defaults: settings.Generation, *, is_whole: bool) -> int:
    """How many tokens an answer has at most, in every dialect; the engine stops earlier where its context is full.

    What the client asks for is cut to the limit. Where it asks for nothing, an answer that `is_whole` or nothing, as
    JSON and tool calls are, may be as long as the limit: cut, it would come back empty.
    """
    if limit is not None:
        return min(limit, defaults.max_tokens_limit)
    return defaults.max_tokens_limit if is_whole else min(defaults.max_tokens, defaults.max_tokens_limit)


def sampling(body: JsonObject, defaults: settings.Generation) -> Sampling:
    """How the answer is sampled: the names are the same in every dialect."""
    temperature = number(body, "temperature", least=0, most=2)
    top_p = number(body, "top_p", least=0, most=1)
    top_k = integer(body, "top_k", least=1)
    penalty = number(body, "repetition_penalty", least=1 / MAX_PENALTY, most=MAX_PENALTY)
    seed = integer(body, "seed")
    return Sampling(
        temperature=defaults.temperature if temperature is None else temperature,
        top_p=defaults.top_p if top_p is None else top_p,
        top_k=defaults.top_k if top_k is None else top_k,
        repetition_penalty=defaults.repetition_penalty if penalty is None else penalty,
        seed=defaults.seed if seed is None else seed,
    )


def stop_strings(value: object, *, most: int = MAX_STOPS, param: str = "stop") -> tuple[str, ...]:
    """`stop`: a string, or several; empty ones count as absent."""
    if value is None:
        return ()
    texts = [value] if isinstance(value, str) else a_list(value, param)
    if len(texts) > most:
        raise invalid(param, f"at most {most} strings", len(texts))
    for index, text in enumerate(texts):
        if len(a_string(text, f"{param}[{index}]")) > MAX_STOP_CHARS:
            raise invalid(f"{param}[{index}]", f"at most {MAX_STOP_CHARS} characters long", text)
    return tuple(text for text in texts if text)


def logprobs(body: JsonObject, target: Target) -> int | None:
    """`logprobs` and `top_logprobs`: how many of the likeliest tokens to show with each; None shows none."""
    is_asked, top = boolean(body, "logprobs"), integer(body, "top_logprobs", least=0) or 0
    if is_asked or top:
        check_logprobs("logprobs" if is_asked else "top_logprobs", top, target)
    if top and not is_asked:
        raise invalid("top_logprobs", "left out where logprobs is not true", top)
    return top if is_asked else None


def check_logprobs(param: str, top: int, target: Target) -> None:
    """Raise RequestError where the engine gives no log probabilities, or not those of so many tokens."""
    if not target.capabilities.logprobs:
        raise unsupported(param, f"{_engine(target)} gives no log probabilities: leave {param} out.")
    if top > MAX_TOP_LOGPROBS:
        raise invalid("top_logprobs", f"at most {MAX_TOP_LOGPROBS}", top)


def penalties(body: JsonObject, target: Target) -> Penalties | None:
    """An engine without them ignores two penalties, as many clients send them; a bias it would be a lie to ignore."""
    frequency = number(body, "frequency_penalty", least=-2, most=2)
    presence = number(body, "presence_penalty", least=-2, most=2)
    bias = _bias(body.get("logit_bias"), target)
    if not target.capabilities.penalties or not (frequency or presence or bias):
        return None
    return Penalties(frequency=frequency or 0.0, presence=presence or 0.0, logit_bias=bias)


def _bias(value: object, target: Target) -> tuple[tuple[int, float], ...]:
    """`logit_bias` of zeros changes nothing."""
    biases: dict[str, Any] = {} if value is None else an_object(value, "logit_bias")
    if len(biases) > MAX_BIASES:
        raise invalid("logit_bias", f"at most {MAX_BIASES} tokens", len(biases))
    for token, bias in biases.items():
        if isinstance(bias, bool) or not isinstance(bias, (int, float)) or not -100 <= bias <= 100:
            raise invalid("logit_bias", "an object of numbers from -100 to 100", bias)
        if bias != 0 and not target.capabilities.penalties:
            raise unsupported("logit_bias", f"{_engine(target)} takes no logit bias: leave logit_bias out.")
        if not _TOKEN.fullmatch(token):
            raise invalid("logit_bias", "an object whose keys are numbers of tokens", token)
    return tuple((int(token), float(bias)) for token, bias in biases.items() if bias != 0)


def _engine(target: Target) -> str:
    return f"The engine {target.engine} of this model"
