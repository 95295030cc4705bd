"""The routes of /v1/vision described; docs/api-vision.md has the rest."""

from typing import get_args

from hailo_vision.chat import Detail, Fit
from hailo_vision.http_api.openai.spec import (
    FAILURES,
    INTEGER,
    LENGTHS,
    PENALTIES,
    SAMPLING,
    SERVICE_TIER,
    STOP,
    STREAM,
    STRING,
    USAGE,
)
from hailo_vision.http_api.openapi.operation import JsonSchema, Operation, an_object, nullable
from hailo_vision.http_api.vision.parse import CAPTION_PROMPT, MAX_IMAGES

_EXAMPLE_IMAGE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)  # one pixel
_WORDS: JsonSchema = {"type": "string", "minLength": 1}
_IMAGE: JsonSchema = {
    "description": "a data: URI, an http(s) address, or base64; in a form (multipart/form-data) a file",
    "oneOf": [_WORDS, an_object({"url": _WORDS}, required=("url",))],
}
_OPTIONS: dict[str, JsonSchema] = {
    "model": nullable("string", "may be left out"),
    "detail": {"enum": [*get_args(Detail), None]},
    "fit": {"enum": [*get_args(Fit), None]},
    **LENGTHS,
    "stop": STOP,
    **SAMPLING,
    **PENALTIES,
    "service_tier": SERVICE_TIER,
    "stream": STREAM["stream"],
}
_SEEN: dict[str, JsonSchema] = {
    "finish_reason": {"enum": ["stop", "length", None]},
    "usage": {"oneOf": [USAGE, {"type": "null"}]},
    "timings": {"type": ["object", "null"]},
    "performance": {"type": ["object", "null"]},
}
_RESULT = an_object(
    {
        "index": INTEGER,
        "image_url": {"type": ["string", "null"]},
        "analysis": {"type": ["string", "null"]},
        "error": {"type": ["object", "null"]},
        "engine": {"type": ["string", "null"]},
        **_SEEN,
    },
    required=("index", "analysis", "error"),
)
ANALYZE = Operation(
    tag="Vision",
    summary="Look at many pictures, each with a result of its own",
    body=an_object(
        {
            "images": {"type": "array", "minItems": 1, "maxItems": MAX_IMAGES, "items": _IMAGE},
            "prompt": {"oneOf": [_WORDS, {"type": "array", "minItems": 1, "items": _WORDS}]},
            **_OPTIONS,
        },
        required=("images", "prompt"),
    ),
    reply=an_object(
        {
            "results": {"type": "array", "items": _RESULT},
            "images": INTEGER,
            "failed": INTEGER,
            "usage": USAGE,
            "total_inference_time_ms": INTEGER,
        },
        required=("results", "total_inference_time_ms"),
    ),
    streams=True,
    failures=FAILURES,
)
CAPTION = Operation(
    tag="Vision",
    summary="Describe a picture",
    body=an_object(
        {"image": _IMAGE, "prompt": nullable("string", f"default {CAPTION_PROMPT}"), **_OPTIONS}, required=("image",)
    ),
    reply=an_object({"caption": STRING, **_SEEN}, required=("caption",)),
    failures=FAILURES,
)
VQA = Operation(
    tag="Vision",
    summary="Answer a question about a picture",
    body=an_object({"image": _IMAGE, "question": _WORDS, **_OPTIONS}, required=("image", "question")),
    example={"image": _EXAMPLE_IMAGE, "question": "Is it dark?"},
    reply=an_object({"question": STRING, "answer": STRING, **_SEEN}, required=("question", "answer")),
    failures=FAILURES,
)
