"""Ollama's `options` become the sampling of an answer, its length and where it ends. Pure.

`num_ctx` and all that is not named here is ignored: the context's size is compiled into the model's file.
"""

from dataclasses import dataclass

from hailo_vision.chat import Penalties, Sampling
from hailo_vision.config import settings
from hailo_vision.errors import RequestError
from hailo_vision.http_api.openai.sampling import MAX_PENALTY, answer_tokens, penalties, stop_strings
from hailo_vision.http_api.web.fields import JsonObject, an_object, integer, number
from hailo_vision.serving.served import Target

MAX_STOPS = 16
_PENALTIES = ("frequency_penalty", "presence_penalty")
_EVERY_TOKEN = 1_000_000  # Ollama's top_k of 0 sets no bound; what is above the device's is cut to that


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What they say, with the operator's defaults where they say nothing."""

    sampling: Sampling
    max_tokens: int
    stop: tuple[str, ...]
    penalties: Penalties | None = None


def options(value: object, target: Target) -> Options:
    """Raises RequestError, which names the option."""
    defaults = target.generation
    options = {} if value is None else an_object(value, "options")
    try:
        return Options(
            sampling=_sampling(options, defaults),
            max_tokens=_max_tokens(options, defaults),
            stop=stop_strings(options.get("stop"), most=MAX_STOPS),
            penalties=penalties({name: options.get(name) for name in _PENALTIES}, target),
        )
    except RequestError as error:
        raise RequestError(f"options.{error}", param=f"options.{error.param}") from None


def _sampling(options: JsonObject, defaults: settings.Generation) -> Sampling:
    temperature = number(options, "temperature", least=0, most=2)
    top_p = number(options, "top_p", least=0, most=1)
    top_k = integer(options, "top_k")
    penalty = number(options, "repeat_penalty", least=1 / MAX_PENALTY, most=MAX_PENALTY)
    seed = integer(options, "seed")
    return Sampling(
        temperature=defaults.temperature if temperature is None else temperature,
        top_p=defaults.top_p if top_p is None else top_p,
        top_k=defaults.top_k if top_k is None else top_k if top_k > 0 else _EVERY_TOKEN,
        repetition_penalty=defaults.repetition_penalty if penalty is None else penalty,
        seed=defaults.seed if seed in (None, -1) else seed,  # -1 is Ollama's word for none
    )


def _max_tokens(options: JsonObject, defaults: settings.Generation) -> int:
    """`num_predict`: absent, 0, -1 and -2 it sets no bound, as Ollama has none, so the server's own is theirs."""
    tokens = integer(options, "num_predict", least=-2) or -1
    return answer_tokens(tokens if tokens > 0 else None, defaults, is_whole=True)
