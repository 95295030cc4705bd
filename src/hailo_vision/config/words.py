"""What a config problem says to the operator: values, paths and what would be right, each in one short line."""

import difflib
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

_MAX_CHARS = 60
_BARE_KEY = re.compile(rf"[\w$-]{{1,{_MAX_CHARS}}}")
_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


def show(value: Any) -> str:
    """The value as JSON on one line, cut to 60 characters, with nothing in it that a terminal would obey."""
    text = json.dumps(value, ensure_ascii=False)
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[: _MAX_CHARS + 1])
    return text if len(text) <= _MAX_CHARS else text[: _MAX_CHARS - 1] + "…"


def kind(value: Any) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return "a yes or no value"
        case int():
            return "a whole number"
        case float():
            return "a decimal number" if abs(value) < float("inf") else "not a finite number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "a section"


def join(path: str, part: str | int) -> str:
    """`server` and `port` are `server.port`, `model.aliases` and 1 are `model.aliases[1]`."""
    if isinstance(part, int):
        return f"{path}[{part}]"
    key = part if _BARE_KEY.fullmatch(part) else show(part)
    return f"{path}.{key}" if path else key


def expected(schema: dict[str, Any]) -> str:
    """What would be right, read off the schema of a key or a section."""
    if "anyOf" in schema:
        return " or ".join(_choices(schema["anyOf"]))
    if "enum" in schema:
        words = schema["enum"]
        return f"one of {', '.join(words)}" if len(words) > 1 else str(words[0])
    if "properties" in schema:
        return f"a section with the keys {', '.join(schema['properties'])}"
    types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    right = {
        "integer": "a whole number" + _range(schema),
        "number": "a number" + _range(schema),
        "string": "text",
        "boolean": "true or false",
        "array": _list_of(schema.get("items", {})),
        "null": "null",
    }
    return " or ".join(right[name] for name in types)


def _choices(choices: Sequence[dict[str, Any]]) -> Iterator[str]:
    for choice in choices:
        is_list_of_the_first = choice.get("items") == choices[0] and "enum" in choices[0]
        yield "a list of these" if is_list_of_the_first else expected(choice)


def _list_of(items: dict[str, Any]) -> str:
    if "properties" in items:
        return f"a list of sections with the keys {', '.join(items['properties'])}"
    return "a list of text"


def _range(schema: dict[str, Any]) -> str:
    low, above, high = schema.get("minimum"), schema.get("exclusiveMinimum"), schema.get("maximum")
    match low, above, high:
        case None, None, None:
            return ""
        case None, None, _:
            return f" up to {high}"
        case None, _, None:
            return f" above {above}"
        case None, _, _:
            return f" above {above} and up to {high}"
        case _, _, None:
            return f" from {low}"
        case _:
            return f" from {low} to {high}"


def nearest(word: str, known: Sequence[str]) -> str | None:
    close = difflib.get_close_matches(word.lower().replace("-", "_"), known, n=1)
    return close[0] if close else None


def duplicate(lines: Sequence[int | None]) -> str:
    """A key stands more than once; `lines` has an item for each, None where the line isn't known."""
    times = "twice" if len(lines) == 2 else f"{len(lines)} times"
    known = [str(line) for line in lines if line is not None]
    where = f", on lines {', '.join(known[:-1])} and {known[-1]}" if known else ""
    return f"stands {times}{where}; keep one"


def too_deep(limit: int) -> str:
    return f"its values are nested more than {limit} levels deep; expected sections with keys below them"


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column, from 1, of a character."""
    ends = [end.end() for end in _LINE_END.finditer(text, 0, offset)]
    return len(ends) + 1, offset - (ends[-1] if ends else 0) + 1


def syntax_error(language: str, text: str, offset: int) -> str:
    """The text can't be read at `offset`: where that is, what stands there, where to look."""
    if not text[offset:].strip():
        return f"at its end, this is not complete {language}; look for a bracket or a quote that is never closed"
    line, column = position(text, offset)
    content = _LINE_END.split(text)[line - 1]
    start = max(0, column - 1 - _MAX_CHARS // 2)
    excerpt = show(content[start : start + _MAX_CHARS - 10].strip())
    if language == "YAML" and "\t" in content[: len(content) - len(content.lstrip())]:
        advice = "a tab indents it, and only spaces may"
    elif language == "YAML":
        advice = "look here and on the line above for a missing colon, quote or space"
    else:
        advice = "look here and on the line above for a missing comma, quote or bracket"
    return f"line {line}, column {column}: this can't be read as {language}: {excerpt}; {advice}"
