"""Bodies that are within the server's limits and cost it as much as they can, for every route that takes JSON."""

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from PIL import Image

from harness import MODEL, data_uri

JSON = dict[str, Any]
FULL_BYTES = 295_000  # a little under what is read besides pictures


def pattern_bomb(number: int) -> str:
    """A pattern within its bound of 1,000 characters that takes most of a second to compile."""
    return "(?i)" + "".join(f"[{chr(0x100 + index + number)}-\uffff]b" for index in range(165))


def _defs(count: int) -> JSON:
    return {f"a{index}": {"$ref": f"#/$defs/a{index + 1}"} for index in range(count)} | {f"a{count}": {}}


def _deep(levels: int) -> JSON:
    schema: JSON = {}
    for _ in range(levels):
        schema = {"not": schema}
    return schema


# Each as a client could send it; all but the bombs are within the bound of a schema's characters.
SCHEMAS: dict[str, JSON] = {
    "a pattern bomb": {"pattern": pattern_bomb(0)},
    "16 pattern bombs": {"properties": {f"p{index}": {"pattern": pattern_bomb(index)} for index in range(16)}},
    "short patterns": {"allOf": [{"pattern": f"(?i)[{chr(200 + index)}-z]*"} for index in range(600)]},
    "names that are patterns": {"patternProperties": {f"[{chr(200 + index)}-ē]": {} for index in range(1000)}},
    "anyOf of 900": {"anyOf": [{"const": index} for index in range(900)]},
    "empty schemas": {"allOf": [*({} for _ in range(5000)), {"$ref": "#/$defs/a"}], "$defs": {"a": {}}},
    "a long enum": {"enum": list(range(3200))},
    "a long required": {"required": [f"a{index}" for index in range(1700)]},
    "a chain of $ref": {"$defs": _defs(400), "$ref": "#/$defs/a0"},
    "many $ref": {"$defs": {"x": {}}, "allOf": [{"$ref": "#/$defs/x"}] * 700},
    "a long name": {"properties": {"n" * 8000: {"properties": {f"a{index}": {} for index in range(700)}}}},
    "deep nesting": _deep(60),
    "nesting beyond the bound": {"not": "DEEP"},
    "huge numbers": {"enum": [int("9" * 4000)] * 4},
    "properties that are the schema itself": {"properties": {f"a{index}": {"$ref": "#"} for index in range(600)}},
    "$ref to a long enum": {
        "properties": {f"a{index}": {"$ref": "#/$defs/a"} for index in range(250)},
        "$defs": {
            "a": {"properties": {f"b{index}": {"$ref": "#/$defs/b"} for index in range(100)}},
            "b": {"enum": ["c" * 5000]},
        },
    },
    "a long word": {"properties": {"n" * 2000: {"description": "m" * 8000}}},
}
# Values for any field, whatever it takes.
VALUES: dict[str, Any] = {
    "100,000 numbers": [0] * 100_000,
    "100,000 empty texts": [""] * 98_000,
    "100,000 empty arrays": [[]] * 98_000,
    "50,000 empty objects": [{}] * 73_000,
    "an object of 30,000": {str(index): 0 for index in range(30_000)},
    "deep arrays": "DEEP",
    "huge numbers": [int("9" * 4000)] * 70,
    "a long text": "<tool_call>{[```\n" * 15_000,
    "blanks": " " * FULL_BYTES,
    "calls": [{"type": "function_call", "call_id": "", "name": "", "arguments": ""}] * 4600,
    "results": [{"type": "function_call_output", "call_id": "", "output": ""}] * 5100,
    "messages": [{"role": "user", "content": ""}] * 9500,
    "messages with words": [{"role": "user", "content": "a"}] * 9500,
    "messages with pictures": [{"role": "user", "content": "a", "images": [""]}] * 6000,
    "messages of the assistant with pictures": [{"role": "assistant", "content": "a", "images": [""]}] * 5500,
    "contents": [{"role": "user", "content": [{"type": "text", "text": ""}] * 11_000}],
    "pictures": [{"role": "user", "content": "", "images": [""] * 95_000}],
    "tools by name": {"type": "allowed_tools", "mode": "auto", "tools": [{"name": "t127"}] * 18_000},
    "functions by name": {
        "type": "allowed_tools",
        "allowed_tools": {
            "mode": "auto",
            "tools": [{"type": "function", "function": {"name": "t127"}}] * 5500,
        },
    },
    "marks": "<|im_start|>user\n" + "a" * FULL_BYTES,
}


def fields(schema: JSON, tools: int) -> JSON:
    """The schema wherever a dialect may have one: in tools, nested and flat, and in the forms of an answer."""
    function = {"name": "t", "parameters": schema}
    nested = [{"type": "function", "function": {**function, "name": f"t{index}"}} for index in range(tools)]
    flat = [{"type": "function", **function, "name": f"t{index}"} for index in range(tools)]
    custom = [{"name": f"t{index}", "input_schema": schema} for index in range(tools)]
    form = {"type": "json_schema", "name": "x", "schema": schema}
    return {
        "nested tools": {"tools": nested},
        "flat tools": {"tools": flat},
        "custom tools": {"tools": custom},
        "response_format": {"response_format": {"type": "json_schema", "json_schema": form}},
        "format": {"format": schema},
        "text.format": {"text": {"format": form}},
        "output_config": {"output_config": {"format": form}},
    }


def as_json(body: Any) -> bytes:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return re.sub('"DEEP"', "[" * 900 + "]" * 900, text).encode()


def _offered() -> JSON:
    """As many small tools as there may be, nested and flat at once."""
    names = [f"t{index}" for index in range(128)]
    return {"tools": [{"type": "function", "name": name, "function": {"name": name}} for name in names]}


def plain(spec: JSON) -> JSON:
    """A body that a route answers, by its own description, and that has nothing of what this says it refuses."""
    picture = _picture()
    known = {
        "model": MODEL,
        "messages": [{"role": "user", "content": "Hello!"}],
        "input": "Hello!",
        "prompt": "Hello!",
        "question": "Hello!",
        "image": picture,
        "images": [picture],
        "max_tokens": 8,
        "stream": False,
    }
    described = spec.get("properties", {})
    return {name: known[name] for name in known if name in described and not _is_refused(described[name])}


def _is_refused(about: JSON) -> bool:
    return str(about.get("description", "")).startswith("refused")


def _picture() -> str:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(file, "PNG")
    return data_uri(file.getvalue())


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A body, what is costly in it, and its content type."""

    name: str
    content: bytes
    kind: str = "application/json"


def bodies(spec: JSON, *, big_mb: int = 10) -> Iterator[Body]:
    """Each costly body for a route whose JSON is so described.

    Schemas are sent in fields that it does not name too: a parser may read more than its description says.
    """
    lead = plain(spec)
    for name, schema in SCHEMAS.items():
        count = max(1, min(128, (FULL_BYTES - 1000) // (len(as_json(schema)) + 70)))
        for place, added in fields(schema, count).items():
            yield Body(name=f"{name} in {place}", content=as_json({**lead, **added}))
        yield from _named_often(name, schema, lead)
    for name, value in VALUES.items():
        for field in _fields_with_much(spec):
            offered = _offered() if field == "tool_choice" else {}
            yield Body(name=f"{name} as {field}", content=as_json({**lead, **offered, field: value}))
    yield from _big(lead, big_mb * 1_000_000)


def _named_often(name: str, schema: JSON, lead: JSON) -> Iterator[Body]:
    """One tool that a choice names as often as there may be tools, nested and flat."""
    tools = fields(schema, 1)
    nested = {"mode": "auto", "tools": [{"type": "function", "function": {"name": "t0"}}] * 128}
    flat = {"mode": "auto", "tools": [{"type": "function", "name": "t0"}] * 128}
    for place, choice in (("nested tools", {"allowed_tools": nested}), ("flat tools", flat)):
        body = {**lead, **tools[place], "tool_choice": {"type": "allowed_tools", **choice}}
        yield Body(name=f"{name} in {place}, named 128 times", content=as_json(body))


def _fields_with_much(spec: JSON) -> list[str]:
    """Those that may be more than a number or a flag."""
    small = {"integer", "number", "boolean", "null"}
    return [
        name
        for name, about in spec.get("properties", {}).items()
        if not (types := about.get("type")) or not small.issuperset([types] if isinstance(types, str) else types)
    ]


def _big(lead: JSON, size: int) -> Iterator[Body]:
    """What is much larger than the JSON that is read."""
    megabytes = f"{size // 1_000_000} MB"
    begin = as_json(lead)[:-1] + b',"x":'
    for name, unit in {"brackets": b"[],", "quotes": b'"",', "blanks": b" " * 100, "escapes": b'"\\u0041\\"",'}.items():
        yield Body(name=f"{megabytes} of {name}", content=begin + b"[" + unit * (size // len(unit)) + b"0]}")
    picture = b'"data:image/png;base64,' + b"A" * size + b'"'
    yield Body(name=f"{megabytes} of a picture", content=begin + picture + b"}")
    small = b'"data:image/png;base64,' + b"A" * 4100 + b'",'
    yield Body(name=f"{megabytes} of small pictures", content=begin + b"[" + small * (size // 4130) + b"0]}")
    form = b"".join(b'--b\r\nContent-Disposition: form-data; name="f%d"\r\n\r\n\r\n' % index for index in range(250))
    escapes = b'--b\r\nContent-Disposition: form-data; name="' + b"\\a" * 3900 + b'"\r\n\r\n\r\n'
    ending = (
        b'--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n' + b"\r\n--" * (size // 4) + b"\r\n--b--\r\n"
    )
    for name, content in {"many fields": form + ending, "escapes in its headers": escapes * 250 + ending}.items():
        yield Body(name=f"a form with {name}", content=content, kind="multipart/form-data; boundary=b")
