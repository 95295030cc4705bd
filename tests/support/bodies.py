"""Request bodies for tests that try everything: one with all fields set, any JSON, and the one spoilt by the other."""

from typing import Any

from hypothesis import strategies as st

DATA = "data:image/png;base64,AAAA"

# What a client's library sends when everything is set, each field with a value that is taken.
FULL: dict[str, Any] = {
    "model": "the-model",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": DATA, "detail": "auto"}},
                {"type": "input_image", "image_url": DATA},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "42"},
    ],
    "max_tokens": 50,
    "max_completion_tokens": 60,
    "temperature": 0.7,
    "top_p": 0.9,
    "top_k": 40,
    "repetition_penalty": 1.1,
    "frequency_penalty": 0,
    "presence_penalty": 0.0,
    "seed": -9007199254740991,
    "stop": ["END", "\n\n"],
    "n": 2,
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "look",
                "description": "Look again",
                "parameters": {
                    "type": "object",
                    "properties": {"where": {"type": "string", "pattern": "[a-z]"}, "at": {"$ref": "#/$defs/At"}},
                    "required": ["where"],
                    "$defs": {"At": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}]}},
                },
                "strict": True,
            },
        }
    ],
    "tool_choice": {"type": "function", "function": {"name": "look"}},
    "parallel_tool_calls": False,
    "service_tier": "flex",
    "logprobs": False,
    "top_logprobs": 0,
    "logit_bias": {},
    "response_format": {
        "type": "json_schema",
        "json_schema": {
            "name": "found",
            "schema": {"type": "object", "properties": {"colour": {"enum": ["red", "blue"]}}},
            "strict": True,
        },
    },
    "stream": True,
    "stream_options": {"include_usage": True, "include_obfuscation": False},
    "store": False,
    "metadata": {"a": "b"},
    "user": "someone",
    "a_field_of_next_year": {"deeply": ["nested"]},
}
words = st.text(max_size=8) | st.sampled_from(["system", "user", "tool", "text", "image_url", "the-model", "x" * 300])
numbers = st.integers(-3, 5) | st.integers(-(10**30), 10**30) | st.floats() | st.just(1e308)
anything = st.recursive(
    st.none() | st.booleans() | numbers | words,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(words | st.sampled_from(["role", "content", "type", "url"]), inner, max_size=4)
    ),
    max_leaves=10,
)


def spoilt(value: Any, data: st.DataObject) -> Any:
    """The same JSON, but for one value in it."""
    if isinstance(value, (dict, list)) and value and data.draw(st.integers(0, 4)):
        key = data.draw(st.sampled_from(list(value) if isinstance(value, dict) else range(len(value))))
        changed = value.copy()
        changed[key] = spoilt(value[key], data)
        return changed
    return data.draw(anything)
