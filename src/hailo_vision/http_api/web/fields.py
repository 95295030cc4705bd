"""Fields of a JSON object, read with their type and range or refused by name. Pure.

null means absent everywhere, and a boolean is no number. Problems carry the field's path as `param`.
"""

import math
from typing import Any

from hailo_vision.errors import RequestError
from hailo_vision.http_api.web.http_errors import UnsupportedField

JsonObject = dict[str, Any]


def invalid(param: str, expected: str, value: object) -> RequestError:
    """The error for a field of the wrong type or range."""
    return RequestError(f"{param} must be {expected}, not {_shown(value)}.", param=param)


def unsupported(param: str, message: str) -> RequestError:
    """The error for a field that is right in itself, but can't be honoured here."""
    return UnsupportedField(message, param=param)


def an_object(value: object, param: str) -> JsonObject:
    if not isinstance(value, dict):
        raise invalid(param, "an object", value)
    return value


def a_list(value: object, param: str) -> list[Any]:
    if not isinstance(value, list):
        raise invalid(param, "an array", value)
    return value


def a_string(value: object, param: str) -> str:
    if not isinstance(value, str):
        raise invalid(param, "a string", value)
    return value


def boolean(body: JsonObject, name: str, *, within: str = "") -> bool:
    """A flag, false where it is absent; `within` is the path of an object inside the request, with its dot."""
    value = body.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise invalid(f"{within}{name}", "true or false", value)
    return value


def integer(body: JsonObject, name: str, *, least: int | None = None) -> int | None:
    """A whole number; 3.0 is one, as JSON does not tell it from 3."""
    value = body.get(name)
    if value is None:
        return None
    expected = "a whole number" if least is None else f"a whole number of at least {least}"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or (least is not None and value < least):
        raise invalid(name, expected, body[name])
    return value


def number(body: JsonObject, name: str, *, least: float, most: float) -> float | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise invalid(name, f"a number from {least:g} to {most:g}", value)
    return float(value)


def _shown(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case float() if not math.isfinite(value):
            return "a number that is not finite"
        case int() | float():
            return repr(value) if abs(value) < 1e15 else "a number that large"
        case str():
            return f"the string {value[:40]!r}" if value else "an empty string"
        case list():
            return "an array"
        case _:
            return "an object"
