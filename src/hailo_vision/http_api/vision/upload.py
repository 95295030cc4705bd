"""The fields of a form become the JSON object that they stand for. Pure."""

import json
from typing import Any

from hailo_vision.errors import RequestError
from hailo_vision.http_api.web.body import MAX_JSON_BYTES
from hailo_vision.http_api.web.fields import JsonObject
from hailo_vision.http_api.web.form import Field

_PICTURES = frozenset({"image", "images", "file", "files"})
_TEXTS = frozenset({"prompt", "stop"})  # those that can come more than once
_FLAGS = {"true": True, "false": False}  # as Python's str() writes them too
_VALUES = frozenset(
    {
        "max_tokens",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "top_k",
        "repetition_penalty",
        "frequency_penalty",
        "presence_penalty",
        "seed",
        "stream",
    }
)
# A file in one of these is text, as in curl's -F prompt=@question.txt.
_TEXT_FILES = _TEXTS | _VALUES | {"question", "model", "detail", "fit", "service_tier", "user"}


def form_object(form: tuple[Field, ...]) -> JsonObject:
    """A form as JSON would say it; a file stands in `images` as its bytes, which JSON itself has no value for.

    An empty field is absent, as web forms send those that nobody has filled in.
    """
    body: JsonObject = {}
    texts_bytes = 0
    for field in form:
        if not field.data and not field.filename:
            continue
        name = field.name.removesuffix("[]")  # as PHP and those who write for it call a field of many values
        if name in _PICTURES:
            body.setdefault("images", []).append(_text(field) if field.filename is None else field.data)
            continue
        if field.filename is not None and name not in _TEXT_FILES:
            message = f"The form has a file in {name}; a picture belongs in image, as in curl's -F image=@photo.jpg."
            raise RequestError(message, param=name)
        texts_bytes += len(field.data)
        if texts_bytes > MAX_JSON_BYTES:
            raise RequestError(f"The form has more than {MAX_JSON_BYTES // 1000} kB besides its pictures.", param=name)
        text = _text(field)
        if name not in body:
            body[name] = _value(text) if name in _VALUES else text
        elif name in _TEXTS:
            body[name] = [*(body[name] if isinstance(body[name], list) else [body[name]]), text]
        else:
            raise RequestError(f"The form has {name} more than once.", param=name)
    return body


def _text(field: Field) -> str:
    try:
        return field.data.decode("utf-8")
    except UnicodeDecodeError:
        hint = " Send a picture as a file: -F image=@photo.jpg" if field.name in _PICTURES else ""
        raise RequestError(f"The form's {field.name} is not UTF-8 text.{hint}", param=field.name) from None


def _value(text: str) -> Any:
    """A number or a flag; what is neither stays text, which is refused where it is read."""
    if text.lower() in _FLAGS:
        return _FLAGS[text.lower()]
    try:
        return json.loads(text, parse_constant=lambda _: text) if len(text) < 100 else text
    except (ValueError, RecursionError):
        return text
