"""The blocks of a message that have a source: pictures, and documents as far as they are plain text. Pure."""

from typing import Any

from hailo_vision.chat import ImageRef, Text
from hailo_vision.http_api.web.fields import JsonObject, a_string, an_object, boolean, invalid, unsupported

_KNOWN = ("/9j/", "iVBORw0KGgo", "R0lGOD", "UklGR")  # how the base64 of a JPEG, PNG, GIF and WebP begins


def image(block: JsonObject, param: str) -> ImageRef:
    """A picture in base64 or at an http(s) address. Its `media_type` is not looked at, as the bytes tell."""
    source, place = _source(block, param)
    match source.get("type"):
        case "base64":
            data = a_string(source.get("data"), f"{place}.data")
            return ImageRef(url=_as_url(data), param=f"{place}.data")
        case "url":
            return ImageRef(url=a_string(source.get("url"), f"{place}.url"), param=f"{place}.url")
        case "file":
            raise unsupported(f"{place}.type", "No files are stored here: send the picture itself as base64.")
        case other:
            raise invalid(f"{place}.type", "base64 or url", other)


def document(block: JsonObject, param: str) -> Text:
    """A document of plain text, below its title. Other kinds are refused by name, as is a wish for citations."""
    citations: dict[str, Any] = block.get("citations") or {}
    if boolean(an_object(citations, f"{param}.citations"), "enabled", within=f"{param}.citations."):
        raise unsupported(f"{param}.citations", "This server gives no citations: leave citations out.")
    source, place = _source(block, param)
    if source.get("type") != "text":
        message = "Documents are read as plain text alone: send the text with a source of the type text."
        raise unsupported(f"{place}.type", message)
    said = [_optional(block, name, param) for name in ("title", "context")]
    return Text(text="\n".join([*filter(None, said), a_string(source.get("data"), f"{place}.data")]) + "\n")


def _as_url(data: str) -> str:
    """A data: URI, so that no text in `data` can be an address. The usual pictures, megabytes of text, are known by
    their bare base64 and not copied; some clients send a data: URI themselves.
    """
    return data if data.startswith((*_KNOWN, "data:")) else f"data:;base64,{data}"


def _source(block: JsonObject, param: str) -> tuple[JsonObject, str]:
    place = f"{param}.source"
    return an_object(block.get("source"), place), place


def _optional(block: JsonObject, name: str, param: str) -> str:
    return "" if block.get(name) is None else a_string(block[name], f"{param}.{name}")
