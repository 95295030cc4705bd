"""The body of POST /v1/chat/completions becomes a ChatRequest, or an error that names the field. Pure.

Unknown fields are ignored, as clients send what their newest server knows. A field that would change the answer and
can't be honoured is refused: silence would be a lie.
"""

import re
from typing import Any

from hailo_vision.chat import Capabilities, ChatRequest, Penalties
from hailo_vision.config import settings
from hailo_vision.http_api.openai.messages import turns
from hailo_vision.http_api.openai.sampling import check_model, max_tokens, sampling, stop_strings
from hailo_vision.http_api.openai.tools import response_format, tool_choice, tools
from hailo_vision.http_api.web.fields import (
    JsonObject,
    a_list,
    an_object,
    boolean,
    integer,
    invalid,
    number,
    unsupported,
)

MAX_CHOICES = 4
MAX_TOP_LOGPROBS = 20
MAX_BIASES = 300  # as OpenAI has it
ONLY_WORDS = Capabilities()
_TOKEN = re.compile(r"[0-9]{1,9}")


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
