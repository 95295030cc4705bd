"""Structured output: JSON and tool calls, where the prompt asks for them, as a small model makes them: mostly right.

The JSON holds the plain answer, so that it is true of the picture. A question can ask for the mistakes of small models:
`code fence` and `explain first` put text around the JSON, `by mistake` makes the first try wrong and `always wrong` all
of them.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from hailo_vision.simulator.signatures import function_in
from hailo_vision.simulator.turns import ContextTurn

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
_MAX_DEPTH: Final = 8
_MAX_ITEMS: Final = 20


def structured_answer(turns: Sequence[ContextTurn], words: str) -> str | None:
    """The answer in the form that the prompt demands, made of the plain answer `words`; None if it demands no form."""
    system = "\n".join(turn.text for turn in turns if turn.role == "system")
    questions = [turn.text for turn in turns if turn.role == "user"]
    try:
        return _structured_answer(system, questions, words)
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
        return None  # an invalid schema confuses a model; it does not crash it


def _structured_answer(system: str, questions: Sequence[str], words: str) -> str | None:
    question = next((text for text in reversed(questions) if not _CORRECTION.search(text)), "")
    is_wrong = "always wrong" in question or ("by mistake" in question and not _CORRECTION.search(questions[-1]))
    if results := _RESULT.findall(questions[-1] if questions else ""):
        words = "The answer is " + " and ".join(results) + "."
    elif call := _calls(system, question, is_wrong=is_wrong):
        return call
    schema = _schema(system)
    if schema is None:
        return words if results else None
    return _manner(json.dumps(_wrong(schema, words) if is_wrong else _value(schema, schema, words)), question)


def _schema(system: str) -> dict[str, Any] | None:
    """The JSON Schema in the prompt."""
    if match := _SCHEMA.search(system):
        try:
            schema, _ = json.JSONDecoder().raw_decode(system, match.end())
        except ValueError:
            return None
        return schema if isinstance(schema, dict) else None
    default = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}
    return default if _ANY_OBJECT.search(system) else None


def _manner(document: str, question: str) -> str:
    if "code fence" in question:
        return f"```json\n{document}\n```"
    if "explain first" in question:
        return f"Let me see [1]. Here is what I found: {document} I hope that helps!"
    return document


def _wrong(schema: Mapping[str, Any], words: str) -> Any:
    """A value that does not fit the schema, as it is of another type."""
    return {"wrong": words} if schema.get("type") == "array" else [words]


def _value(schema: Any, root: Mapping[str, Any], words: str, name: str = "", depth: int = 0) -> Any:
    """A value that fits the schema, as far as a small model understands it."""
    if not isinstance(schema, dict) or depth > _MAX_DEPTH:
        return words
    if isinstance(reference := schema.get("$ref"), str):
        return _value(_at(root, reference), root, words, name, depth + 1)
    for keyword in ("anyOf", "oneOf", "allOf"):
        if isinstance(choices := schema.get(keyword), list) and choices:
            return _value(choices[0], root, words, name, depth + 1)
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
            return [item] * min(max(1, schema.get("minItems", 1)), _MAX_ITEMS)
        case "integer" | "number" as number:
            return _number(schema, words, is_whole=number == "integer")
        case "boolean":
            return not words.startswith(("No", "There is no"))
        case "null":
            return None
    return _text(schema, words, name)


def _object(schema: Mapping[str, Any], root: Mapping[str, Any], words: str, depth: int) -> dict[str, Any]:
    properties = schema.get("properties")
    schemas = properties if isinstance(properties, dict) else {}
    required = schema.get("required", list(schemas))
    names = dict.fromkeys([*(name for name in schemas if depth < 2), *required])
    return {name: _value(schemas.get(name, {}), root, words, name, depth + 1) for name in names}


def _at(root: Mapping[str, Any], reference: str) -> Any:
    node: Any = root
    for key in reference.removeprefix("#").strip("/").split("/"):
        node = node.get(key, {}) if key and isinstance(node, dict) else node
    return node


def _number(schema: Mapping[str, Any], words: str, *, is_whole: bool) -> int | float:
    minimum, maximum = schema.get("minimum", 0), schema.get("maximum", 10**6)
    numbers = (float(text) for text in _NUMBER.findall(words))
    value = next((number for number in numbers if minimum <= number <= maximum), float(minimum))
    return int(value) if is_whole or value.is_integer() else value


def _text(schema: Mapping[str, Any], words: str, name: str) -> str:
    """A proper name if the property asks for one, else the plain answer; no longer than allowed."""
    match = _NAME.search(words) if name in ("city", "location", "name", "place", "room", "entity") else None
    return (match[1] if match else words)[: int(schema.get("maxLength", 400))]


def _calls(system: str, question: str, *, is_wrong: bool) -> str | None:
    """Calls of the functions that the question is about, which is any function of whose name it contains a word."""
    offered = _TOOLS.search(system)
    if offered is None:
        return None
    functions = [function for line in offered[1].splitlines() if (function := function_in(line))]
    chosen = [function for function in functions if _is_meant(function, question)]
    if not chosen and _MUST_CALL.search(system):
        chosen = functions[:1]
    if _ONE_CALL.search(system):
        chosen = chosen[:1]
    if not chosen:
        return None
    calls = [
        {"name": function["name"], "arguments": _arguments(function, question, is_wrong=is_wrong)}
        for function in chosen
    ]
    blocks = [f"<tool_call>\n{json.dumps(call)}\n</tool_call>" for call in calls]
    if "code fence" in question:
        return f"```json\n{json.dumps(calls[0])}\n```"
    return "\n".join(["I will look that up.", *blocks] if "explain first" in question else blocks)


def _is_meant(function: Mapping[str, Any], question: str) -> bool:
    words = re.findall(r"[a-z]{3,}", re.sub(r"([A-Z])", r" \1", function["name"]).lower())
    question_words = set(re.findall(r"[a-z]{3,}", question.lower()))
    return any(word in question_words for word in words if word not in _COMMON)


def _arguments(function: Mapping[str, Any], question: str, *, is_wrong: bool) -> Any:
    schema = function.get("parameters")
    if is_wrong:
        return {"nonsense": len(question)} if isinstance(schema, dict) and schema.get("required") else []
    return _value(schema, schema, question) if isinstance(schema, dict) else {}
