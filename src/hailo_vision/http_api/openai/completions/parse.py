"""The body of POST /v1/completions becomes a ChatRequest for each of its prompts, or an error. Pure.

The model knows conversations alone, so a prompt is what a user says, and the answer is not its continuation.
"""

from dataclasses import dataclass
from typing import Any

from hailo_vision.chat import ChatRequest, Text, Turn
from hailo_vision.config import settings
from hailo_vision.http_api.openai.messages import conversation
from hailo_vision.http_api.openai.sampling import check_model, sampling, stop_strings
from hailo_vision.http_api.web.fields import (
    JsonObject,
    a_string,
    an_object,
    boolean,
    integer,
    invalid,
    number,
    unsupported,
)

DEFAULT_MAX_TOKENS = 16  # the specification's
MOST_PROMPTS = 16
MOST_CHOICES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request for each prompt. `echoes` is what stands before each answer: its prompt, if that was asked for."""

    requests: tuple[ChatRequest, ...]
    echoes: tuple[str, ...]

    @property
    def first(self) -> ChatRequest:
        """The one to ask for what is the same in all."""
        return self.requests[0]


def completions_request(body: JsonObject, model: settings.Model, defaults: settings.Generation) -> Asked:
    """What the client asks, with the operator's defaults where it says nothing."""
    name = check_model(body.get("model"), model)
    _refuse_what_cannot_be(body)
    prompts = _prompts(body.get("prompt"))
    options = {} if body.get("stream_options") is None else an_object(body["stream_options"], "stream_options")
    max_tokens = integer(body, "max_tokens", least=1) or DEFAULT_MAX_TOKENS
    requests = tuple(
        ChatRequest(
            model=name,
            turns=conversation(
                [], [Turn(role="user", parts=(Text(text=prompt),))], system_prompt=defaults.system_prompt
            ),
            sampling=sampling(body, defaults),
            max_tokens=min(max_tokens, defaults.max_tokens_limit),
            stop=stop_strings(body.get("stop")),
            stream=boolean(body, "stream"),
            include_usage=boolean(options, "include_usage", within="stream_options."),
            n=_n(body),
        )
        for prompt in prompts
    )
    echo = boolean(body, "echo")
    return Asked(requests=requests, echoes=tuple(prompt if echo else "" for prompt in prompts))


def _prompts(value: Any) -> list[str]:
    match value:
        case str():
            return [value]
        case [str(), *_] if len(value) > MOST_PROMPTS:
            raise invalid("prompt", f"at most {MOST_PROMPTS} strings", value)
        case [str(), *_]:
            return [a_string(prompt, f"prompt[{index}]") for index, prompt in enumerate(value)]
        case [int() | list(), *_]:
            raise unsupported("prompt", "Prompts of tokens are not served, as their numbers are each model's own.")
    raise invalid("prompt", "a string or an array of strings", value)


def _n(body: JsonObject) -> int:
    n = integer(body, "n", least=1) or 1
    if n > MOST_CHOICES:
        raise unsupported("n", f"This server gives up to {MOST_CHOICES} answers to a prompt.")
    best_of = integer(body, "best_of", least=1)
    if best_of is not None and best_of > n:
        raise unsupported("best_of", "The device gives no probabilities to choose the best by: leave best_of out.")
    if best_of is not None and best_of < n:
        raise invalid("best_of", "at least n", best_of)
    return n


def _refuse_what_cannot_be(body: JsonObject) -> None:
    number(body, "frequency_penalty", least=-2, most=2)
    number(body, "presence_penalty", least=-2, most=2)
    if body.get("logprobs") is not None and body["logprobs"] is not False:
        raise unsupported("logprobs", "The device gives no log probabilities: leave logprobs out.")
    if body.get("logit_bias"):
        raise unsupported("logit_bias", "The device takes no logit bias: leave logit_bias out.")
    if body.get("suffix"):
        raise unsupported("suffix", "The model can't write what stands before a suffix: leave suffix out.")
