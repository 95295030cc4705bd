"""The fields of a request by which an answer is made, whose names are the same in every dialect of OpenAI's. Pure."""

from typing import Any

from hailo_vision.chat import Priority, Sampling
from hailo_vision.config import settings
from hailo_vision.errors import UnknownModel
from hailo_vision.http_api.web.fields import JsonObject, a_list, a_string, integer, invalid, number
from hailo_vision.serving.names import is_served

MAX_STOPS = 4
MAX_STOP_CHARS = 256
MAX_PENALTY = 10.0


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
