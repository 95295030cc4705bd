"""The body of POST /v1/chat/completions becomes a ChatRequest, or an error that names the field. Pure.

Unknown fields are ignored, as clients send what their newest server knows. A field that would change the answer and
can't be honoured is refused: silence would be a lie.
"""

import gc
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hailo_vision.chat import Capabilities, ChatRequest, Penalties, Priority, Sampling
from hailo_vision.config import settings
from hailo_vision.errors import RequestError, UnknownModel
from hailo_vision.http_api.fields import (
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
from hailo_vision.http_api.messages import turns
from hailo_vision.http_api.names import is_served
from hailo_vision.http_api.payloads import cut
from hailo_vision.http_api.tools import response_format, tool_choice, tools

# Without the pictures. This much in brackets holds the interpreter lock, and so the event loop, for 10 ms; as text
# it is more than 50,000 tokens of English, or all of a conversation that a Raspberry Pi could answer in an hour.
MOST_JSON_BYTES = 300_000
MAX_CHOICES = 4
MAX_STOPS = 4
MAX_STOP_CHARS = 256
MAX_PENALTY = 10.0
MAX_TOP_LOGPROBS = 20
MAX_BIASES = 300  # as OpenAI has it
ONLY_WORDS = Capabilities()
_TOKEN = re.compile(r"[0-9]{1,9}")


def json_object(body: bytes | bytearray) -> JsonObject:
    """A request body as a JSON object. NaN, Infinity, deep nesting and endless numbers are refused."""
    try:
        value = _loaded(body)
    except (ValueError, RecursionError) as error:
        raise RequestError("The request body is not valid JSON.", code="invalid_json") from error
    if not isinstance(value, dict):
        raise RequestError("The request body must be a JSON object.", code="invalid_json")
    return value


def _loaded(body: bytes | bytearray) -> Any:
    """What the body says, read without holding the interpreter lock for long, however large it is."""
    found = cut(body, MOST_JSON_BYTES)
    if found is None:
        message = f"The request has more than the {MOST_JSON_BYTES // 1000} kB besides its pictures that are read here."
        raise RequestError(f"{message} Shorten it.", code="context_length_exceeded")
    payloads = iter(found.payloads)

    def payload(constant: str) -> str:
        text = next(payloads, None)
        if constant != "-Infinity" or text is None:
            raise ValueError("not JSON")
        return text

    with _no_collection():
        value = json.loads(found.json, parse_constant=payload)
    if next(payloads, None) is not None:
        raise ValueError("not JSON")
    return value


@contextmanager
def _no_collection() -> Iterator[None]:
    """JSON makes no rings, and to look for them among its lists takes 20 ms where the lists take 4 (Python 3.11)."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def chat_request(
    body: JsonObject, model: settings.Model, defaults: settings.Generation, can: Capabilities = ONLY_WORDS
) -> ChatRequest:
    """What the client asks, with the operator's defaults where it says nothing.

    `can` is what the engine can whose model is asked for; what it can't is refused.
    """
    name = check_model(body.get("model"), model)
    _refuse_what_cannot_be(body)
    choice, offered = tool_choice(body.get("tool_choice"), tools(body.get("tools")))
    stream_options = body.get("stream_options")
    options = {} if stream_options is None else an_object(stream_options, "stream_options")
    return ChatRequest(
        model=name,
        turns=turns(body.get("messages"), system_prompt=defaults.system_prompt),
        sampling=sampling(body, defaults),
        max_tokens=max_tokens(body, defaults),
        stop=stop_strings(body.get("stop")),
        stream=boolean(body, "stream"),
        include_usage=boolean(options, "include_usage", within="stream_options."),
        n=_choices(body),
        tools=offered,
        tool_choice=choice,
        parallel_tool_calls=body.get("parallel_tool_calls") is None or boolean(body, "parallel_tool_calls"),
        format=response_format(body.get("response_format")),
        logprobs=_logprobs(body, can),
        penalties=_penalties(body, can),
    )


def priority(body: JsonObject) -> Priority:
    """`service_tier`: flex is work that can wait for everybody else's; all other tiers are the same here."""
    return Priority.BATCH if body.get("service_tier") == "flex" else Priority.INTERACTIVE


def check_model(value: Any, model: settings.Model) -> str:
    """The model's own name, or the fallback's. Raises RequestError for what is no name of a model that is served."""
    if not isinstance(value, str) or not value:
        raise invalid("model", f"the name of a model, such as {model.name!r}", value)
    if value == model.fallback_name:
        return value
    if not is_served(value, model):
        raise UnknownModel(value[:100], model.name)
    return model.name


def max_tokens(body: JsonObject, defaults: settings.Generation) -> int:
    """`max_completion_tokens` wins over the older name. More than the limit is cut to it, and ends with `length`."""
    older = integer(body, "max_tokens", least=1)
    asked = integer(body, "max_completion_tokens", least=1) or older or defaults.max_tokens
    return min(asked, defaults.max_tokens_limit)


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


def stop_strings(value: object, *, most: int = MAX_STOPS) -> tuple[str, ...]:
    """`stop`: a string, or several; empty ones count as absent."""
    if value is None:
        return ()
    texts = [value] if isinstance(value, str) else a_list(value, "stop")
    if len(texts) > most:
        raise invalid("stop", f"at most {most} strings", texts)
    for index, text in enumerate(texts):
        if len(a_string(text, f"stop[{index}]")) > MAX_STOP_CHARS:
            raise invalid(f"stop[{index}]", f"at most {MAX_STOP_CHARS} characters long", text)
    return tuple(text for text in texts if text)


def _choices(body: JsonObject) -> int:
    choices = integer(body, "n", least=1) or 1
    if choices > MAX_CHOICES:
        raise unsupported("n", f"This server gives at most {MAX_CHOICES} answers to a request: send a smaller n.")
    return choices


def _refuse_what_cannot_be(body: JsonObject) -> None:
    if "audio" in a_list(body.get("modalities") or [], "modalities"):
        raise unsupported("modalities", "This server answers in text: leave audio out.")
    if body.get("function_call") not in (None, "none", "auto"):
        raise unsupported("function_call", "function_call is not served: send tools and tool_choice in its place.")


def _logprobs(body: JsonObject, can: Capabilities) -> int | None:
    """How many rivals of each token to show; None is no log probabilities at all."""
    wanted, top = boolean(body, "logprobs"), integer(body, "top_logprobs", least=0) or 0
    if not can.logprobs and (wanted or top):
        name = "logprobs" if wanted else "top_logprobs"
        raise unsupported(name, f"The device gives no log probabilities: leave {name} out.")
    if top > MAX_TOP_LOGPROBS:
        raise invalid("top_logprobs", f"at most {MAX_TOP_LOGPROBS}", top)
    if top and not wanted:
        raise invalid("top_logprobs", "left out where logprobs is not true", top)
    return top if wanted else None


def _penalties(body: JsonObject, can: Capabilities) -> Penalties | None:
    """An engine without them ignores two penalties, as many clients send them; a bias it would be a lie to ignore."""
    frequency = number(body, "frequency_penalty", least=-2, most=2)
    presence = number(body, "presence_penalty", least=-2, most=2)
    bias = _bias(body.get("logit_bias"), can)
    if not can.penalties or not (frequency or presence or bias):
        return None
    return Penalties(frequency=frequency or 0.0, presence=presence or 0.0, logit_bias=bias)


def _bias(value: object, can: Capabilities) -> tuple[tuple[int, float], ...]:
    """`logit_bias` of zeros changes nothing."""
    found: dict[str, Any] = {} if value is None else an_object(value, "logit_bias")
    if len(found) > MAX_BIASES:
        raise invalid("logit_bias", f"at most {MAX_BIASES} tokens", found)
    for token, bias in found.items():
        if isinstance(bias, bool) or not isinstance(bias, (int, float)) or not -100 <= bias <= 100:
            raise invalid("logit_bias", "an object of numbers from -100 to 100", bias)
        if bias != 0 and not can.penalties:
            raise unsupported("logit_bias", "The device takes no logit bias: leave logit_bias out.")
        if not _TOKEN.fullmatch(token):
            raise invalid("logit_bias", "an object whose keys are numbers of tokens", token)
    return tuple((int(token), float(bias)) for token, bias in found.items() if bias != 0)
