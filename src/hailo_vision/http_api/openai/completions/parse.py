"""The body of POST /v1/completions becomes a ChatRequest for each of its prompts, or an error. Pure.

The model knows conversations alone, so a prompt is what a user says, and the answer is not its continuation.
"""

from typing import Any

from hailo_vision.chat import ChatRequest, ImageRef, Text, Turn
from hailo_vision.http_api.openai.messages import conversation, refuse_pictures_beside
from hailo_vision.http_api.openai.sampling import (
    answer_tokens,
    check_logprobs,
    penalties,
    refuse_other_forms,
    sampling,
    stop_strings,
    token_limit,
)
from hailo_vision.http_api.web.fields import JsonObject, a_string, an_object, boolean, integer, invalid, unsupported
from hailo_vision.http_api.web.parsed import Parsed
from hailo_vision.serving.served import Target

DEFAULT_MAX_TOKENS = 16  # the specification's
MAX_LOGPROBS = 5  # the specification's
MAX_PROMPTS = 16
MAX_CHOICES = 4


def completions(body: JsonObject, target: Target) -> Parsed[tuple[str, ...]]:
    """One request for each prompt, with the operator's defaults where the client says nothing.

    The rest is what stands before each answer: its prompt, if that was asked for.
    """
    _refuse_what_cannot_be(body)
    prompts, echo = _prompts(body.get("prompt")), boolean(body, "echo")
    requests = tuple(_request(body, prompt, target) for prompt in prompts)
    return Parsed(requests=requests, rest=tuple(prompt if echo else "" for prompt in prompts))


def _request(body: JsonObject, prompt: str, target: Target) -> ChatRequest:
    defaults = target.generation
    options = {} if body.get("stream_options") is None else an_object(body["stream_options"], "stream_options")
    max_tokens = token_limit(body, "max_tokens", defaults) or DEFAULT_MAX_TOKENS
    turn: Turn[ImageRef] = Turn(role="user", parts=(Text(text=prompt),))
    return ChatRequest(
        model=target.name,
        turns=conversation([], [turn], system_prompt=defaults.system_prompt),
        sampling=sampling(body, defaults),
        max_tokens=answer_tokens(max_tokens, defaults, is_whole=False),
        stop=stop_strings(body.get("stop")),
        stream=boolean(body, "stream"),
        include_usage=boolean(options, "include_usage", within="stream_options."),
        n=_n(body),
        logprobs=_logprobs(body, target),
        penalties=penalties(body, target),
    )


def _prompts(value: Any) -> list[str]:
    match value:
        case str():
            return [value]
        case [str(), *_] if len(value) > MAX_PROMPTS:
            raise invalid("prompt", f"at most {MAX_PROMPTS} strings", len(value))
        case [str(), *_]:
            return [a_string(prompt, f"prompt[{index}]") for index, prompt in enumerate(value)]
        case [int() | list(), *_]:
            raise unsupported("prompt", "Prompts of tokens are not served, as their numbers are each model's own.")
    raise invalid("prompt", "a string or an array of strings", value)


def _n(body: JsonObject) -> int:
    n = integer(body, "n", least=1) or 1
    if n > MAX_CHOICES:
        raise unsupported("n", f"This server gives up to {MAX_CHOICES} answers to a prompt.")
    best_of = integer(body, "best_of", least=1)
    if best_of is not None and best_of > n:
        raise unsupported("best_of", "The device gives no probabilities to choose the best by: leave best_of out.")
    if best_of is not None and best_of < n:
        raise invalid("best_of", "at least n", best_of)
    return n


def _logprobs(body: JsonObject, target: Target) -> int | None:
    """`logprobs` is the number of the likeliest tokens to show; 0 shows the chosen ones alone, false is none."""
    if body.get("logprobs") is None or body["logprobs"] is False:
        return None
    if body["logprobs"] is True:
        raise invalid("logprobs", f"a whole number from 0 to {MAX_LOGPROBS}", True)
    top = integer(body, "logprobs", least=0) or 0
    check_logprobs("logprobs", 0, target)
    if top > MAX_LOGPROBS:
        raise invalid("logprobs", f"at most {MAX_LOGPROBS}", top)
    return top


def _refuse_what_cannot_be(body: JsonObject) -> None:
    refuse_pictures_beside(body, None)
    refuse_other_forms(body)
    if body.get("suffix"):
        raise unsupported("suffix", "The model can't write what stands before a suffix: leave suffix out.")
