"""POST /v1/chat/completions described: what parse.py and messages.py read, and what reply.py answers."""

from typing import get_args

from hailo_vision.chat import Detail, FinishReason, Fit
from hailo_vision.http_api.openapi.operation import JsonSchema, Operation, an_object, nullable
from hailo_vision.http_api.parse import MAX_CHOICES, MAX_PENALTY, MAX_STOP_CHARS, MAX_STOPS
from hailo_vision.http_api.reply import finish_word
from hailo_vision.http_api.tools import MAX_NAME_CHARS, MAX_TOOLS

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
_MESSAGE: JsonSchema = an_object(
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
)
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
_NO_LOGPROBS = "refused when asked for: the device gives none"
_PENALTY = "checked, then ignored; repetition_penalty is what the device has"
_NO_LOGPROBS = "refused where the engine gives none: the chip does not, llama.cpp does"
_PENALTY = "where the engine has it; the chip has not, and ignores it: repetition_penalty is what it has"

BODY: JsonSchema = an_object(
    {
        "model": {"type": "string", "minLength": 1, "description": "a name that GET /v1/models lists"},
        "messages": {"type": "array", "minItems": 1, "items": _MESSAGE},
        "max_completion_tokens": nullable("integer", "longest answer; cut to what the server allows", minimum=1),
        "max_tokens": nullable("integer", "the same, older; max_completion_tokens wins", minimum=1),
        "temperature": nullable("number", "0 is greedy, and so is the model without it", minimum=0, maximum=2),
        "top_p": nullable("number", "share of the likeliest tokens to choose from", minimum=0, maximum=1),
        "top_k": nullable("integer", "number of the likeliest tokens to choose from; not OpenAI's", minimum=1),
        "repetition_penalty": nullable(
            "number", "1 is off; not OpenAI's", minimum=round(1 / MAX_PENALTY, 3), maximum=MAX_PENALTY
        ),
        "seed": nullable("integer", "makes a sampled answer repeatable"),
        "stop": {
            "description": f"up to {MAX_STOPS} strings that end the answer and are not in it",
            "oneOf": [
                {"type": "string", "maxLength": MAX_STOP_CHARS},
                {"type": "array", "maxItems": MAX_STOPS, "items": {"type": "string", "maxLength": MAX_STOP_CHARS}},
                {"type": "null"},
            ],
        },
        "stream": nullable("boolean", "the answer comes as server-sent events, as it is written"),
        "stream_options": {
            **an_object({"include_usage": nullable("boolean", "one more event, with the usage, at the end")}),
            "type": ["object", "null"],
        },
        "n": nullable("integer", "number of answers, made one after the other", minimum=1, maximum=MAX_CHOICES),
        "response_format": {
            **an_object({"type": {"enum": ["text", "json_object", "json_schema"]}, "json_schema": _OBJECT}),
            "type": ["object", "null"],
            "description": "JSON is checked before any of it is sent",
        },
        "tools": {"type": ["array", "null"], "maxItems": MAX_TOOLS, "items": _TOOL},
        "tool_choice": {"description": "none, auto, required, or a function by its name"},
        "parallel_tool_calls": nullable("boolean", "whether an answer may have several calls; true without it"),
        "function_call": {"description": "older; none and auto change nothing, a name is refused"},
        "service_tier": nullable("string", "flex: after everybody else's work; all other words change nothing"),
        "modalities": {"type": ["array", "null"], "items": {"type": "string"}, "description": "text; not audio"},
        "frequency_penalty": nullable("number", _PENALTY, minimum=-2, maximum=2),
        "presence_penalty": nullable("number", _PENALTY, minimum=-2, maximum=2),
        "logprobs": nullable("boolean", _NO_LOGPROBS),
        "top_logprobs": nullable("integer", _NO_LOGPROBS, minimum=0),
        "logit_bias": nullable("object", "refused unless empty: the device takes none"),
    },
    required=("model", "messages"),
)
USAGE: JsonSchema = an_object(
    {
        "prompt_tokens": {"type": "integer"},
        "completion_tokens": {"type": "integer"},
        "total_tokens": {"type": "integer"},
        "prompt_tokens_details": an_object(
            {
                "cached_tokens": {"type": "integer", "description": "needed no prefill: the chip still held them"},
                "image_tokens": {"type": "integer"},
                "text_tokens": {"type": "integer"},
            }
        ),
    },
    required=("prompt_tokens", "completion_tokens", "total_tokens"),
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
                    "logprobs": {"type": "null"},
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
    reply=REPLY,
    streams=True,
    failures=(400, 404, 408, 413, 415, 429, 500, 503, 504),
)
