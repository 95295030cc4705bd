"""POST /v1/chat/completions described: what parse.py and messages.py read, and what reply.py answers."""

from typing import get_args

from hailo_vision.chat import Detail, FinishReason, Fit
from hailo_vision.http_api.openai.chat.parse import MAX_CHOICES
from hailo_vision.http_api.openai.spec import (
    FAILURES,
    LENGTHS,
    MODEL,
    NO_LOGPROBS,
    PENALTIES,
    REFUSED,
    SAMPLING,
    SERVICE_TIER,
    STOP,
    STREAM,
    USAGE,
)
from hailo_vision.http_api.openai.tools import MAX_NAME_CHARS, MAX_TOOLS
from hailo_vision.http_api.openai.usage import finish_word
from hailo_vision.http_api.openapi.operation import (
    EXAMPLE_MESSAGES,
    EXAMPLE_MODEL,
    JsonSchema,
    Operation,
    an_object,
    nullable,
)

_IMAGE: JsonSchema = {
    "description": "a data: URI, an http(s) address, or the base64 of a picture alone",
    "oneOf": [
        {"type": "string"},
        an_object(
            {
                "url": {"type": "string"},
                "detail": {"enum": [*get_args(Detail), None], "description": "high adds parts of the picture"},
                "fit": {"enum": [*get_args(Fit), None], "description": "how it comes into the model's shape; our own"},
            },
            required=("url",),
        ),
    ],
}
_PART: JsonSchema = {
    "oneOf": [
        an_object(
            {"type": {"enum": ["text", "input_text", "output_text"]}, "text": {"type": "string"}},
            required=("type", "text"),
        ),
        an_object({"type": {"const": "refusal"}, "refusal": {"type": "string"}}, required=("type", "refusal")),
        an_object(
            {"type": {"enum": ["image_url", "input_image"]}, "image_url": _IMAGE}, required=("type", "image_url")
        ),
    ]
}
_MESSAGE: JsonSchema = {
    # These alone must have words: an assistant may have called tools, and a result be empty.
    "if": {"properties": {"role": {"enum": ["system", "developer", "user"]}}},
    "then": {"properties": {"content": {"type": ["string", "array"]}}, "required": ["content"]},
    **an_object(
        {
            "role": {"enum": ["system", "developer", "user", "assistant", "tool", "function"]},
            "content": {
                "oneOf": [{"type": "string"}, {"type": "array", "items": _PART}, {"type": "null"}],
                "description": "pictures stand in messages of the role user",
            },
            "tool_call_id": {"type": "string", "description": "of a message of the role tool"},
            "name": {"type": "string"},
        },
        required=("role",),
    ),
}
_OBJECT: JsonSchema = {"type": "object"}
_TOOL: JsonSchema = an_object(
    {
        "type": {"const": "function"},
        "function": an_object(
            {
                "name": {"type": "string", "minLength": 1, "maxLength": MAX_NAME_CHARS},
                "description": {"type": "string"},
                "parameters": {"type": "object", "description": "a JSON Schema; calls that do not fit are not made"},
                "strict": {"type": "boolean"},
            },
            required=("name",),
        ),
    },
    required=("type", "function"),
)

BODY: JsonSchema = an_object(
    {
        "model": MODEL,
        "messages": {"type": "array", "minItems": 1, "items": _MESSAGE},
        **LENGTHS,
        **SAMPLING,
        "stop": STOP,
        **STREAM,
        "n": nullable("integer", "number of answers, made one after the other", minimum=1, maximum=MAX_CHOICES),
        "response_format": {
            **an_object(
                {"type": {"enum": ["text", "json_object", "json_schema"]}, "json_schema": _OBJECT, "schema": _OBJECT}
            ),
            "type": ["object", "null"],
            "description": "JSON is checked before any of it is sent",
        },
        "tools": {"type": ["array", "null"], "maxItems": MAX_TOOLS, "items": _TOOL},
        "tool_choice": {"description": "none, auto, required, or a function by its name"},
        "parallel_tool_calls": nullable("boolean", "whether an answer may have several calls; true without it"),
        "functions": {"type": ["array", "null"], "maxItems": 0, "description": "older: send the same as tools"},
        "function_call": {"description": "older; none and auto change nothing, a name is refused"},
        "service_tier": SERVICE_TIER,
        "modalities": {"type": ["array", "null"], "items": {"type": "string"}, "description": "text; not audio"},
        **PENALTIES,
        **REFUSED,
        "logprobs": nullable("boolean", NO_LOGPROBS),
        "top_logprobs": nullable("integer", NO_LOGPROBS, minimum=0),
    },
    required=("model", "messages"),
)
REPLY: JsonSchema = an_object(
    {
        "id": {"type": "string"},
        "object": {"const": "chat.completion"},
        "created": {"type": "integer", "description": "seconds since 1970"},
        "model": {"type": "string"},
        "system_fingerprint": {"type": "string", "description": "`simulated` in it: no model made this answer"},
        "choices": {
            "type": "array",
            "items": an_object(
                {
                    "index": {"type": "integer"},
                    "message": an_object(
                        {
                            "role": {"const": "assistant"},
                            "content": {"type": ["string", "null"]},
                            "refusal": {"type": "null"},
                            "tool_calls": {"type": "array", "items": _OBJECT},
                        },
                        required=("role", "content", "refusal"),
                    ),
                    "logprobs": {"type": ["object", "null"]},
                    "finish_reason": {"enum": sorted({finish_word(reason) for reason in FinishReason})},
                },
                required=("index", "message", "logprobs", "finish_reason"),
            ),
        },
        "usage": USAGE,
        "performance": {"type": "object", "description": "where the time went, in ms; not OpenAI's"},
    },
    required=("id", "object", "created", "model", "choices", "usage"),
)
CHAT = Operation(
    tag="Chat",
    summary="Answer a conversation with pictures, whole or as it is written",
    body=BODY,
    example={"model": EXAMPLE_MODEL, "messages": EXAMPLE_MESSAGES},
    reply=REPLY,
    streams=True,
    failures=FAILURES,
)
