"""The routes beside chats described; docs/api-responses.md and docs/api-vision.md have the rest."""

from typing import get_args

from hailo_vision.chat import Detail, Fit
from hailo_vision.http_api.completions.parse import DEFAULT_MAX_TOKENS, MOST_CHOICES, MOST_PROMPTS
from hailo_vision.http_api.openapi.chat import BODY, USAGE
from hailo_vision.http_api.openapi.operation import JsonSchema, Operation, an_object, nullable
from hailo_vision.http_api.vision.parse import CAPTION_PROMPT, MOST_IMAGES

_FAILURES = (400, 404, 408, 413, 415, 429, 500, 503, 504)
_CHAT: dict[str, JsonSchema] = BODY["properties"]
_SAMPLING = {name: _CHAT[name] for name in ("temperature", "top_p", "top_k", "repetition_penalty", "seed", "stream")}
_STRING: JsonSchema = {"type": "string"}
_INTEGER: JsonSchema = {"type": "integer"}
_OBJECT: JsonSchema = {"type": "object"}

RESPONSES = Operation(
    tag="Responses",
    summary="Answer a conversation in the Responses API; nothing is stored",
    body=an_object(
        {
            "model": _CHAT["model"],
            "input": {"oneOf": [_STRING, {"type": "array", "minItems": 1, "items": _OBJECT}]},
            "instructions": nullable("string", "leads the conversation"),
            "max_output_tokens": nullable("integer", "longest answer; cut to what the server allows", minimum=1),
            **_SAMPLING,
            "text": nullable("object", "its format is text, json_object or json_schema"),
            "tools": nullable("array", "functions, flat in their objects"),
            "tool_choice": {"description": "none, auto, required, a function by its name, or allowed_tools"},
            "parallel_tool_calls": nullable("boolean", "whether an answer may have several calls"),
            "metadata": nullable("object", "up to 16 pairs of strings, which are repeated"),
            "store": nullable("boolean", "taken, and nothing is stored"),
        },
        required=("model", "input"),
    ),
    reply=an_object(
        {
            "id": _STRING,
            "object": {"const": "response"},
            "status": {"enum": ["completed", "incomplete", "failed"]},
            "output": {"type": "array", "items": _OBJECT},
            "usage": _OBJECT,
        },
        required=("id", "object", "status", "output", "usage"),
    ),
    streams=True,
    failures=_FAILURES,
)
NOTHING_STORED = Operation(tag="Responses", summary="404, as nothing is stored", failures=(404,))
NOT_COUNTED = Operation(tag="Responses", summary="404, as the device counts when it answers", failures=(404,))
COMPLETIONS = Operation(
    tag="Completions",
    summary="Answer prompts, for clients from before chats",
    body=an_object(
        {
            "model": _CHAT["model"],
            "prompt": {
                "oneOf": [_STRING, {"type": "array", "minItems": 1, "maxItems": MOST_PROMPTS, "items": _STRING}]
            },
            "max_tokens": nullable("integer", f"default {DEFAULT_MAX_TOKENS}", minimum=1),
            "n": nullable("integer", "answers to each prompt", minimum=1, maximum=MOST_CHOICES),
            "echo": nullable("boolean", "puts the prompt before each answer"),
            "stop": _CHAT["stop"],
            "stream_options": _CHAT["stream_options"],
            **_SAMPLING,
        },
        required=("model", "prompt"),
    ),
    reply=an_object(
        {"id": _STRING, "object": {"const": "text_completion"}, "choices": {"type": "array"}, "usage": USAGE},
        required=("id", "object", "choices", "usage"),
    ),
    streams=True,
    failures=_FAILURES,
)

_IMAGE: JsonSchema = {
    "description": "a data: URI, an http(s) address, or base64; in a form (multipart/form-data) a file",
    "oneOf": [_STRING, an_object({"url": _STRING}, required=("url",))],
}
_OPTIONS: dict[str, JsonSchema] = {
    "model": nullable("string", "may be left out"),
    "detail": {"enum": [*get_args(Detail), None]},
    "fit": {"enum": [*get_args(Fit), None]},
    **{name: _CHAT[name] for name in ("max_tokens", "max_completion_tokens", "stop")},
    **_SAMPLING,
}
_SEEN: dict[str, JsonSchema] = {
    "finish_reason": {"enum": ["stop", "length", None]},
    "usage": {"oneOf": [USAGE, {"type": "null"}]},
    "timings": {"type": ["object", "null"]},
    "performance": {"type": ["object", "null"]},
}
_RESULT = an_object(
    {
        "index": _INTEGER,
        "image_url": {"type": ["string", "null"]},
        "analysis": {"type": ["string", "null"]},
        "error": {"type": ["object", "null"]},
        **_SEEN,
    },
    required=("index", "analysis", "error"),
)
ANALYZE = Operation(
    tag="Vision",
    summary="Look at many pictures, each with a result of its own",
    body=an_object(
        {
            "images": {"type": "array", "minItems": 1, "maxItems": MOST_IMAGES, "items": _IMAGE},
            "prompt": {"oneOf": [_STRING, {"type": "array", "items": _STRING}]},
            **_OPTIONS,
        },
        required=("images", "prompt"),
    ),
    reply=an_object(
        {
            "results": {"type": "array", "items": _RESULT},
            "images": _INTEGER,
            "failed": _INTEGER,
            "usage": USAGE,
            "total_inference_time_ms": _INTEGER,
        },
        required=("results", "total_inference_time_ms"),
    ),
    streams=True,
    failures=_FAILURES,
)
CAPTION = Operation(
    tag="Vision",
    summary="Describe a picture",
    body=an_object(
        {"image": _IMAGE, "prompt": nullable("string", f"default {CAPTION_PROMPT}"), **_OPTIONS}, required=("image",)
    ),
    reply=an_object({"caption": _STRING, **_SEEN}, required=("caption",)),
    failures=_FAILURES,
)
VQA = Operation(
    tag="Vision",
    summary="Answer a question about a picture",
    body=an_object({"image": _IMAGE, "question": _STRING, **_OPTIONS}, required=("image", "question")),
    reply=an_object({"question": _STRING, "answer": _STRING, **_SEEN}, required=("question", "answer")),
    failures=_FAILURES,
)
