"""JSON and calls of functions, where the prompt asks for them, as a small model gives them: mostly right.

What stands in the JSON is what would have been said in words, so that it is true of the picture. A question can ask
for the mistakes of small models: `code fence` and `explain first` put things around the JSON, `by mistake` makes the
first try wrong and `always wrong` all of them.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from hailo_vision.simulator.reading import Turn

_SCHEMA: Final = re.compile(r"\bjson[ _]schema:\s*(?=\{)", re.IGNORECASE)
_ANY_OBJECT: Final = re.compile(r"one JSON object")
_TOOLS: Final = re.compile(r"<tools>\n(.*?)\n</tools>", re.DOTALL)
_MUST_CALL: Final = re.compile(r"You must call")
_ONE_CALL: Final = re.compile(r"one call at most", re.IGNORECASE)
_RESULT: Final = re.compile(r"<tool_response>\s*(.*?)\s*</tool_response>", re.DOTALL)
_CORRECTION: Final = re.compile(r"\b(?:does not fit|can't be made|is no valid call)\b")
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")
_NAME: Final = re.compile(r"\b(?:in|for|of|at|called|named) ([A-Z]\w+)")
_COMMON: Final = frozenset(("and", "for", "from", "get", "set", "that", "the", "this", "with", "you"))
_DEEPEST: Final = 8
_LONGEST: Final = 20


def formed(turns: Sequence[Turn], words: str) -> str | None:
    """The answer in the form that the prompt demands; `words` is what would be said. None where words will do."""
    system = "\n".join(turn.text for turn in turns if turn.role == "system")
    asked = [turn.text for turn in turns if turn.role == "user"]
    try:
        return _formed(system, asked, words)
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
        return None  # a schema that is none confuses a model; it does not end it


def _formed(system: str, asked: Sequence[str], words: str) -> str | None:
    wish = next((text for text in reversed(asked) if not _CORRECTION.search(text)), "")
    is_wrong = "always wrong" in wish or ("by mistake" in wish and not _CORRECTION.search(asked[-1]))
    if results := _RESULT.findall(asked[-1] if asked else ""):
        words = "The answer is " + " and ".join(results) + "."
    elif call := _calls(system, wish, is_wrong=is_wrong):
        return call
    schema = _schema(system)
    if schema is None:
        return words if results else None
    return _manner(json.dumps(_wrong(schema, words) if is_wrong else _value(schema, schema, words)), wish)


def _schema(system: str) -> dict[str, Any] | None:
    """The schema that stands in the prompt."""
    if found := _SCHEMA.search(system):
        try:
            schema, _ = json.JSONDecoder().raw_decode(system, found.end())
        except ValueError:
            return None
        return schema if isinstance(schema, dict) else None
    wanted = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}
    return wanted if _ANY_OBJECT.search(system) else None


def _manner(document: str, wish: str) -> str:
    if "code fence" in wish:
        return f"```json\n{document}\n```"
    if "explain first" in wish:
        return f"Let me see [1]. Here is what I found: {document} I hope that helps!"
    return document


def _wrong(schema: Mapping[str, Any], words: str) -> Any:
    """What does not fit the schema: it is of another kind."""
    return {"wrong": words} if schema.get("type") == "array" else [words]


def _value(schema: Any, root: Mapping[str, Any], words: str, name: str = "", depth: int = 0) -> Any:
    """A value that fits the schema, as far as a small model understands it."""
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return words
    if isinstance(reference := schema.get("$ref"), str):
        return _value(_at(root, reference), root, words, name, depth + 1)
    for keyword in ("anyOf", "oneOf", "allOf"):
        if isinstance(among := schema.get(keyword), list) and among:
            return _value(among[0], root, words, name, depth + 1)
    if "const" in schema:
        return schema["const"]
    if isinstance(values := schema.get("enum"), list) and values:
        return next((value for value in values if re.search(rf"\b{re.escape(str(value))}\b", words)), values[0])
    kind = schema.get("type")
    match kind[0] if isinstance(kind, list) and kind else kind:
        case "object":
            return _object(schema, root, words, depth)
        case "array":
            item = _value(schema.get("items", {}), root, words, name, depth + 1)
            return [item] * min(max(1, schema.get("minItems", 1)), _LONGEST)
        case "integer" | "number" as number:
            return _number(schema, words, is_whole=number == "integer")
        case "boolean":
            return not words.startswith(("No", "There is no"))
        case "null":
            return None
    return _text(schema, words, name)


def _object(schema: Mapping[str, Any], root: Mapping[str, Any], words: str, depth: int) -> dict[str, Any]:
    properties = schema.get("properties")
    known = properties if isinstance(properties, dict) else {}
    required = schema.get("required", list(known))
    wanted = dict.fromkeys([*(name for name in known if depth < 2), *required])
    return {name: _value(known.get(name, {}), root, words, name, depth + 1) for name in wanted}


def _at(root: Mapping[str, Any], reference: str) -> Any:
    found: Any = root
    for key in reference.removeprefix("#").strip("/").split("/"):
        found = found.get(key, {}) if key and isinstance(found, dict) else found
    return found


def _number(schema: Mapping[str, Any], words: str, *, is_whole: bool) -> int | float:
    least, most = schema.get("minimum", 0), schema.get("maximum", 10**6)
    said = (float(text) for text in _NUMBER.findall(words))
    value = next((number for number in said if least <= number <= most), float(least))
    return int(value) if is_whole or value.is_integer() else value


def _text(schema: Mapping[str, Any], words: str, name: str) -> str:
    """A name for what asks for one, else the words; no longer than allowed."""
    found = _NAME.search(words) if name in ("city", "location", "name", "place", "room", "entity") else None
    return (found[1] if found else words)[: int(schema.get("maxLength", 400))]


def _calls(system: str, wish: str, *, is_wrong: bool) -> str | None:
    """Calls of the functions that the question is about: those of which it names a word."""
    offered = _TOOLS.search(system)
    if offered is None:
        return None
    functions = [function for line in offered[1].splitlines() if (function := _function(line))]
    chosen = [function for function in functions if _is_meant(function, wish)]
    if not chosen and _MUST_CALL.search(system):
        chosen = functions[:1]
    if _ONE_CALL.search(system):
        chosen = chosen[:1]
    if not chosen:
        return None
    calls = [{"name": each["name"], "arguments": _arguments(each, wish, is_wrong=is_wrong)} for each in chosen]
    blocks = [f"<tool_call>\n{json.dumps(call)}\n</tool_call>" for call in calls]
    if "code fence" in wish:
        return f"```json\n{json.dumps(calls[0])}\n```"
    return "\n".join(["I will look that up.", *blocks] if "explain first" in wish else blocks)


def _function(line: str) -> dict[str, Any] | None:
    try:
        function = json.loads(line)["function"]
    except (ValueError, KeyError, TypeError):
        return None
    return function if isinstance(function, dict) and isinstance(function.get("name"), str) else None


def _is_meant(function: Mapping[str, Any], wish: str) -> bool:
    words = re.findall(r"[a-z]{3,}", re.sub(r"([A-Z])", r" \1", function["name"]).lower())
    asked = set(re.findall(r"[a-z]{3,}", wish.lower()))
    return any(word in asked for word in words if word not in _COMMON)


def _arguments(function: Mapping[str, Any], wish: str, *, is_wrong: bool) -> Any:
    schema = function.get("parameters")
    if is_wrong:
        return {"nonsense": len(wish)} if isinstance(schema, dict) and schema.get("required") else []
    return _value(schema, schema, wish) if isinstance(schema, dict) else {}
