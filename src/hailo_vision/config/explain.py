"""What a file's tree breaks of the schema becomes problems in words. Pure."""

from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from hailo_vision.config import words
from hailo_vision.config.schema import Schema
from hailo_vision.config.settings import NAME_A_MODEL, SECTIONS
from hailo_vision.errors import ConfigProblem

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError


def explained(error: "ValidationError") -> Iterator[ConfigProblem]:
    path = ""
    for part in error.absolute_path:
        path = words.join(path, part)
    # The schema is ours: it is never true or false, and it has no other keywords than these.
    rule: Schema = dict(error.schema)  # type: ignore[arg-type]
    value: Any = error.instance
    match error.validator:
        case "anyOf":
            yield from _of_a_choice(error, path, rule)
        case "additionalProperties":
            for key in value:
                if key not in rule["properties"]:
                    yield ConfigProblem(path=words.join(path, key), message=_unknown(path, key, rule))
        case "required":
            for key in rule["required"]:
                if key not in value:
                    expected = words.expected(rule["properties"][key])
                    yield ConfigProblem(path=words.join(path, key), message=f"is missing; expected {expected}")
        case keyword:
            yield ConfigProblem(path=path, message=_wrong(str(keyword), value, rule))


def unusable(text: str) -> str | None:
    """The first character that no path, name or log line can hold: NUL, or half of a surrogate pair."""
    return next((c for c in text if c == "\0" or "\ud800" <= c <= "\udfff"), None)


def _wrong(keyword: str, value: Any, rule: Schema) -> str:
    expected = words.expected(rule)
    match keyword:
        case "type":
            return _wrong_type(value, expected)
        case "enum":
            return _wrong_word(value, f"one of {', '.join(rule['enum'])}", rule["enum"])
        case "minimum" | "exclusiveMinimum":
            return f"{words.show(value)} is too small; expected {expected}"
        case "maximum":
            return f"{words.show(value)} is too large; expected {expected}"
        case "minLength" | "minItems":
            return f"{words.show(value)} is empty; expected {expected}"
        case _:
            raise AssertionError(f"no words for {keyword}")


def _wrong_type(value: Any, expected: str) -> str:
    if isinstance(value, str) and (character := unusable(value)):
        return f"{words.show(value)} holds the character U+{ord(character):04X}; expected {expected} without it"
    return f"{words.show(value)} is {words.kind(value)}; expected {expected}"


def _wrong_word(value: Any, expected: str, known: list[str]) -> str:
    near = words.nearest(value, known) if isinstance(value, str) else None
    question = f'; did you mean "{near}"?' if near else ""
    return f"{words.show(value)} is not {expected}{question}"


def _of_a_choice(error: "ValidationError", path: str, rule: Schema) -> Iterator[ConfigProblem]:
    """The problems of the choice whose type the value has, where there is one; else one that names all choices."""
    choices: dict[Any, list[ValidationError]] = {}
    for inner in error.context or ():
        choices.setdefault(inner.relative_schema_path[0], []).append(inner)
    for problems in choices.values():
        if all(inner.relative_path or inner.validator not in ("type", "enum") for inner in problems):
            for inner in problems:
                yield from explained(inner)
            return
    known = [word for choice in rule["anyOf"] for word in choice.get("enum", ())]
    value: Any = error.instance
    if known and isinstance(value, str):
        yield ConfigProblem(path=path, message=_wrong_word(value, words.expected(rule), known))
    else:
        yield ConfigProblem(path=path, message=_wrong_type(value, words.expected(rule)))


def _unknown(path: str, key: str, rule: Schema) -> str:
    kind = "key" if path else "section"
    names = [name for name in rule["properties"] if name != "$schema"]
    homes = [name for name in SECTIONS if _has(name, key, path)]
    near = words.nearest(key, names)
    if near and not (homes and path.startswith("models[")):
        return f'unknown {kind}; did you mean "{near}"?'
    if homes:
        return f"unknown {kind}; it belongs in the section {' or '.join(homes)}"
    return f"unknown {kind}; the {kind}s here are {', '.join(names)}"


def _has(section: str, key: str, path: str) -> bool:
    """Whether the section has the key, and may have it: a list of models takes the place of some."""
    is_replaced = path.startswith("models[") and f"{section}.{key}" in NAME_A_MODEL
    return not is_replaced and key in (known.name for known in fields(SECTIONS[section]))
