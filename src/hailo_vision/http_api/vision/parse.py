"""The bodies of POST /v1/vision/... become a ChatRequest for each picture, or an error that names the field. Pure."""

from typing import Any, get_args

from hailo_vision.chat import ChatRequest, Detail, Fit, ImageRef, Text, Turn
from hailo_vision.errors import RequestError
from hailo_vision.http_api.openai.messages import conversation, image
from hailo_vision.http_api.openai.sampling import max_tokens, penalties, sampling, stop_strings
from hailo_vision.http_api.web.fields import JsonObject, boolean, invalid, unsupported
from hailo_vision.http_api.web.parsed import Parsed
from hailo_vision.serving.served import Target

MAX_IMAGES = 64
CAPTION_PROMPT = "Describe this image."


def analyze(body: JsonObject, target: Target) -> Parsed[bool]:
    """One request for each picture, in their order: `images` and a `prompt` for all, or a list with one each.

    The rest is whether the results come as a stream.
    """
    refs = _images(body)
    prompts = _prompts(body.get("prompt"), len(refs))
    requests = tuple(_request(body, ref, prompt, target) for ref, prompt in zip(refs, prompts, strict=True))
    return Parsed(requests=requests, rest=boolean(body, "stream"))


def caption(body: JsonObject, target: Target) -> Parsed[str]:
    """One picture; the prompt has a default, and is the rest."""
    prompt = body.get("prompt")
    text = CAPTION_PROMPT if prompt is None else _words(prompt, "prompt")
    return Parsed(requests=(_request(body, _one_image(body), text, target),), rest=text)


def vqa(body: JsonObject, target: Target) -> Parsed[str]:
    """One picture and a `question`, which is the rest."""
    question = _words(body.get("question"), "question")
    return Parsed(requests=(_request(body, _one_image(body), question, target),), rest=question)


def _request(body: JsonObject, ref: ImageRef, prompt: str, target: Target) -> ChatRequest:
    defaults = target.generation
    turn: Turn[ImageRef] = Turn(role="user", parts=(ref, Text(text=prompt)))
    return ChatRequest(
        model=target.name,
        turns=conversation([], [turn], system_prompt=defaults.system_prompt),
        sampling=sampling(body, defaults),
        max_tokens=max_tokens(body, defaults),
        stop=stop_strings(body.get("stop")),
        penalties=penalties(body, target),
    )


def _prompts(value: object, count: int) -> list[str]:
    if not isinstance(value, list):
        return [_words(value, "prompt")] * count
    if len(value) != count:
        message = f"prompt has {len(value)} strings for {count} images: send one string for all, or one for each."
        raise RequestError(message, param="prompt")
    return [_words(prompt, f"prompt[{index}]") for index, prompt in enumerate(value)]


def _words(value: object, param: str) -> str:
    if not isinstance(value, str) or not value:
        raise invalid(param, "what to ask about the image, as a string", value)
    return value


def _one_image(body: JsonObject) -> ImageRef:
    if boolean(body, "stream"):
        message = "This short form answers whole: for a stream, ask /v1/chat/completions or /v1/vision/analyze."
        raise unsupported("stream", message)
    refs = _images(body)
    if len(refs) > 1:
        message = f"This route looks at one image, not {len(refs)}: ask /v1/vision/analyze about several."
        raise RequestError(message, param="images")
    return refs[0]


def _images(body: JsonObject) -> list[ImageRef]:
    """`images`, or `image` where there is one. `detail` and `fit` beside them hold for those without their own."""
    base = {
        "detail": _word(body, "detail", get_args(Detail)) or "auto",
        "fit": _word(body, "fit", get_args(Fit)),
    }
    value = body.get("images")
    if value is None:
        return [_image(body.get("image"), "image" if "image" in body else "images", base)]
    if not isinstance(value, list):
        return [_image(value, "images", base)]
    if not 1 <= len(value) <= MAX_IMAGES:
        raise RequestError(f"images must have 1 to {MAX_IMAGES} images, not {len(value)}.", param="images")
    return [_image(item, f"images[{index}]", base) for index, item in enumerate(value)]


def _image(value: Any, param: str, base: JsonObject) -> ImageRef:
    match value:
        case str():
            return ImageRef(url=value, param=param, **base)
        case bytes():
            return ImageRef(url="", file=value, param=param, **base)
        case {"image_url": dict(options)}:  # a content part, as chats have them
            return image({"image_url": {**base, **options}}, f"{param}.image_url")
        case {"image_url": _}:
            return image({**base, **value}, f"{param}.image_url")
        case dict():
            return image({"image_url": {**base, **value}}, param)
    raise invalid(param, "an image: a data: URI, an http(s) address, or an object with its url", value)


def _word(body: JsonObject, name: str, known: tuple[Any, ...]) -> Any:
    value = body.get(name)
    if value is not None and value not in known:
        raise invalid(name, f"one of {', '.join(known)}", value)
    return value
