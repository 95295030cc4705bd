"""The bodies of POST /api/chat and /api/generate become a ChatRequest, or an error that names the field. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from hailo_vision.chat import ChatRequest, ImageRef, JsonFormat, Turn
from hailo_vision.errors import RequestError, UnknownModel
from hailo_vision.generate.schemas import check
from hailo_vision.http_api.ollama import messages
from hailo_vision.http_api.ollama.options import options
from hailo_vision.http_api.ollama.stay import Stay, stay
from hailo_vision.http_api.ollama.template import conversation_in
from hailo_vision.http_api.openai.sampling import logprobs
from hailo_vision.http_api.openai.tools import tools
from hailo_vision.http_api.web.fields import JsonObject, a_list, a_string, boolean, invalid, unsupported
from hailo_vision.http_api.web.parsed import Parsed
from hailo_vision.serving.served import ServedModel, ServedModels, Target

_LEVELS = ("low", "medium", "high", "max")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a request asks for beside its answer: `name` is the model as the client wrote it."""

    name: str
    stay: Stay | None


def any_name(body: JsonObject) -> str:
    """The name of a model that may be served or not: `model`, or `name` as it was called before."""
    name = body.get("model") or body.get("name")
    if not isinstance(name, str):
        raise RequestError("model is required", param="model")
    return name


def named(models: ServedModels, body: JsonObject) -> ServedModel:
    """The model that is named. Raises UnknownModel in Ollama's words, by which its clients know it."""
    name = any_name(body)
    model = models.find(name)
    if model is None:
        names = ", ".join(f"'{one.name}'" for one in models)
        message = f"model '{name[:100]}' not found; this server has {names}"
        raise UnknownModel(name[:100], models.default.name, message=message)
    return model


def chat(body: JsonObject, target: Target) -> Parsed[Wish]:
    """The body of POST /api/chat. Without messages there is nothing to answer: it loads the model, or unloads it."""
    wish = Wish(name=any_name(body), stay=stay(body.get("keep_alive")))
    _refuse_misplaced(body, "images", "messages[].images")
    _refuse_misplaced(body, "image", "messages[].images")
    conversation = [] if body.get("messages") is None else a_list(body["messages"], "messages")
    if not conversation:
        return Parsed(requests=(), rest=wish)
    turns = messages.turns(conversation, system_prompt=target.generation.system_prompt)
    return Parsed(requests=(_request(body, turns, target),), rest=wish, keeps_turns=_keeps_turns(body))


def generate(body: JsonObject, target: Target) -> Parsed[Wish]:
    """The body of POST /api/generate. `context` is not read: the numbers of another server mean nothing here."""
    wish = Wish(name=any_name(body), stay=stay(body.get("keep_alive")))
    prompt, system = _text(body, "prompt"), _text(body, "system")
    images = messages.pictures(body.get("images"), "images")
    _refuse_misplaced(body, "image", "images")
    if not prompt and not images:
        return Parsed(requests=(), rest=wish)
    if _text(body, "suffix"):
        raise unsupported("suffix", f'"{wish.name}" does not support insert: leave suffix out.')
    if _text(body, "template"):
        raise unsupported("template", "The template is a part of the model's file here: leave template out.")
    if boolean(body, "raw"):
        turns = _raw(body, prompt, images, system)
    else:
        lead = messages.system(system)
        turns = messages.led([*lead, _user(prompt, images)], system_prompt=target.generation.system_prompt)
    return Parsed(requests=(_request(body, turns, target),), rest=wish, keeps_turns=_keeps_turns(body))


def streams(body: JsonObject) -> bool:
    """Ollama's answers are streams unless they may not be."""
    return body.get("stream") is None or boolean(body, "stream")


def _keeps_turns(body: JsonObject) -> bool:
    """`truncate: false` asks for an error where the prompt is too long."""
    return body.get("truncate") is not None and not boolean(body, "truncate")


def _request(body: JsonObject, turns: Sequence[Turn[ImageRef]], target: Target) -> ChatRequest:
    _refuse_what_cannot_be(body)
    chosen = options(body.get("options"), target)
    return ChatRequest(
        model=target.name,
        turns=tuple(turns),
        sampling=chosen.sampling,
        max_tokens=chosen.max_tokens,
        stop=chosen.stop,
        stream=streams(body),
        tools=tools(body.get("tools")),
        format=_format(body.get("format")),
        logprobs=logprobs(body, target),
        penalties=chosen.penalties,
    )


def _raw(body: JsonObject, prompt: str, seen: list[ImageRef], system: str) -> Sequence[Turn[ImageRef]]:
    if system or body.get("context"):
        raise unsupported("raw", "raw mode does not support template, system, or context")
    return messages.led(_with_pictures(conversation_in(prompt), seen), system_prompt=None)


def _with_pictures(turns: list[Turn[ImageRef]], seen: list[ImageRef]) -> list[Turn[ImageRef]]:
    """Pictures of a raw prompt are the last user's."""
    for index in reversed(range(len(turns))):
        if turns[index].role == "user":
            return [*turns[:index], Turn(role="user", parts=(*seen, *turns[index].parts)), *turns[index + 1 :]]
    if seen:
        raise RequestError("images need a turn of the user in a raw prompt.", param="images")
    return turns


def _user(prompt: str, seen: list[ImageRef]) -> Turn[ImageRef]:
    return Turn(role="user", parts=messages.shown(prompt, seen))


def _format(value: object) -> JsonFormat | None:
    match value:
        case None | "":
            return None
        case "json":
            return JsonFormat(schema=None)
        case dict():
            return JsonFormat(schema=check(value, "format"), param="format")
    raise invalid("format", '"json" or a JSON Schema object', value)


def _text(body: JsonObject, name: str) -> str:
    return "" if body.get(name) is None else a_string(body[name], name)


def _refuse_misplaced(body: JsonObject, name: str, place: str) -> None:
    """Refuse pictures where Ollama does not look: without them the answer would be about nothing."""
    if body.get(name):
        raise unsupported(name, f"{name} is not read at this place: pictures belong in {place}.")


def _refuse_what_cannot_be(body: JsonObject) -> None:
    think = body.get("think")
    if think is True or think in _LEVELS:
        raise unsupported("think", f'"{body.get("model")}" does not support thinking: leave think out.')
    if think not in (None, False):
        raise invalid("think", "true or false", think)
