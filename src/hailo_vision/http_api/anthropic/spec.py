"""Anthropic's routes described; docs/api-anthropic.md has the rest."""

from dataclasses import replace

from hailo_vision.chat import FinishReason
from hailo_vision.http_api.anthropic.parse import MAX_STOPS
from hailo_vision.http_api.anthropic.reply import stop_reason
from hailo_vision.http_api.anthropic.tools import MAX_NAME_CHARS
from hailo_vision.http_api.openai.sampling import MAX_STOP_CHARS
from hailo_vision.http_api.openai.spec import FAILURES, INTEGER, MODEL, OBJECT, SAMPLING, SERVICE_TIER, STRING
from hailo_vision.http_api.openai.tools import MAX_TOOLS
from hailo_vision.http_api.openapi.operation import (
    EXAMPLE_MESSAGES,
    EXAMPLE_MODEL,
    JsonSchema,
    Operation,
    an_object,
    nullable,
)

_ERROR = an_object(
    {
        "type": {"const": "error"},
        "error": an_object({"type": STRING, "message": STRING}, required=("type", "message")),
        "request_id": {"type": ["string", "null"]},
    },
    required=("type", "error"),
)
_CONTENT: JsonSchema = {"oneOf": [STRING, {"type": "array", "items": OBJECT}]}
_PROMPT: dict[str, JsonSchema] = {
    "model": MODEL,
    "messages": {
        "type": "array",
        "minItems": 1,
        "items": an_object(
            {"role": {"enum": ["user", "assistant", "system"]}, "content": _CONTENT}, required=("role", "content")
        ),
        "description": "blocks are text, image, tool_use, tool_result, document (of plain text) and thinking",
    },
    "system": {"description": "leads the conversation: a string, or text blocks"},
    "tools": {
        "type": ["array", "null"],
        "maxItems": MAX_TOOLS,
        "items": an_object(
            {
                "name": {"type": "string", "minLength": 1, "maxLength": MAX_NAME_CHARS},
                "description": STRING,
                "input_schema": {"type": "object", "description": "a JSON Schema; calls that do not fit are not made"},
                "type": {"enum": ["custom", None]},
            },
            required=("name", "input_schema"),
        ),
    },
    "tool_choice": nullable("object", "its type is auto, any, tool (with a name) or none"),
    "thinking": nullable("object", "taken; the answer has no thinking in it"),
    "output_config": nullable("object", "its format is a json_schema that the answer fits; effort is ignored"),
    "output_format": nullable("object", "older; the same as the format of output_config"),
    "mcp_servers": {"description": "refused unless empty: offer their tools as tools"},
    "container": {"description": "refused unless empty: no code is run here"},
}


_PLAIN = Operation(tag="Anthropic", summary="", error="AnthropicError", error_schema=_ERROR)

MESSAGES = replace(
    _PLAIN,
    summary="Answer a conversation in Anthropic's Messages API",
    reply=an_object(
        {
            "id": STRING,
            "type": {"const": "message"},
            "role": {"const": "assistant"},
            "model": STRING,
            "content": {"type": "array", "items": OBJECT, "description": "blocks of text and tool_use"},
            "stop_reason": {"enum": sorted({*map(stop_reason, FinishReason), "stop_sequence"})},
            "stop_sequence": {"type": ["string", "null"]},
            "usage": OBJECT,
        },
        required=("id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "usage"),
    ),
    body=an_object(
        {
            **_PROMPT,
            "max_tokens": {"type": "integer", "minimum": 1, "description": "cut to what the server allows"},
            **SAMPLING,
            "stop_sequences": {
                "type": ["array", "null"],
                "maxItems": MAX_STOPS,
                "items": {"type": "string", "maxLength": MAX_STOP_CHARS},
            },
            "stream": nullable("boolean", "the answer comes as server-sent events, as it is written"),
            "metadata": nullable("object", "its user_id is not looked at"),
            "service_tier": SERVICE_TIER,
        },
        required=("model", "messages", "max_tokens"),
    ),
    example={"model": EXAMPLE_MODEL, "max_tokens": 100, "messages": EXAMPLE_MESSAGES},
    streams=True,
    stream_about="Anthropic's events, from message_start to message_stop; error ends a stream that fails",
    failures=FAILURES,
)
COUNT = replace(
    _PLAIN,
    summary="Count the tokens of a prompt, for which the engine reads it",
    reply=an_object({"input_tokens": INTEGER}, required=("input_tokens",)),
    body=an_object(_PROMPT, required=("model", "messages")),
    failures=FAILURES,
)
NO_BATCHES = replace(_PLAIN, summary="Batches are not kept here", is_served=False, failures=(404,))
