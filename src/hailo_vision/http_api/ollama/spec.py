"""Ollama's routes described; docs/api-ollama.md has the rest."""

from dataclasses import replace

from hailo_vision.http_api.openapi.operation import (
    EXAMPLE_MESSAGES,
    EXAMPLE_MODEL,
    JsonSchema,
    Operation,
    an_object,
    nullable,
)

ERROR = "OllamaError"  # among the schemas of the document
LINES = "application/x-ndjson"

_FAILURES = (400, 404, 408, 413, 415, 429, 500, 503, 504)
_STRING: JsonSchema = {"type": "string"}
_INTEGER: JsonSchema = {"type": "integer"}
_OBJECT: JsonSchema = {"type": "object"}
_MODEL: JsonSchema = {
    "type": "string",
    "minLength": 1,
    "description": "the model's name or alias, with :latest or without",
}
_OPTIONS: JsonSchema = {
    "type": ["object", "null"],
    "properties": {
        "num_predict": nullable("integer", "longest answer; below 1 as long as the server allows", minimum=-2),
        "temperature": nullable("number", "0 is greedy", minimum=0, maximum=2),
        "top_p": nullable("number", "share of the likeliest tokens", minimum=0, maximum=1),
        "top_k": nullable("integer", "number of the likeliest tokens"),
        "repeat_penalty": nullable("number", "multiplies; 1 is off", minimum=0.1, maximum=10),
        "seed": nullable("integer", "makes sampled answers repeatable; -1 is none"),
        "stop": {"description": "a string, or up to sixteen"},
    },
}
_SHARED: dict[str, JsonSchema] = {
    "model": _MODEL,
    "stream": nullable("boolean", "true where it is absent"),
    "format": {"description": '"json", or a JSON Schema that the answer fits'},
    "options": _OPTIONS,
    "keep_alive": {"description": "seconds, or a duration such as 5m; with nothing to answer 0 unloads the model"},
    "think": {"description": "true is refused"},
    "tools": nullable("array", "functions that the model may call"),
    "truncate": nullable(
        "boolean", "false refuses a conversation over the context instead of leaving its oldest turns out"
    ),
    "logprobs": nullable("boolean", "refused where the engine gives none"),
    "top_logprobs": nullable("integer", "refused where the engine gives none", minimum=0),
}
_ENDED: dict[str, JsonSchema] = {
    "model": _STRING,
    "created_at": _STRING,
    "done": {"type": "boolean"},
    "done_reason": {"enum": ["stop", "length", "load", "unload"]},
    **dict.fromkeys(
        ("total_duration", "load_duration", "prompt_eval_count", "prompt_eval_duration", "eval_count", "eval_duration"),
        _INTEGER,
    ),
}


def _told(
    summary: str,
    reply: JsonSchema | None = None,
    *,
    body: JsonSchema | None = None,
    example: JsonSchema | None = None,
    failures: tuple[int, ...] = (),
    streams: str | None = None,
) -> Operation:
    return Operation(
        tag="Ollama",
        summary=summary,
        reply=_OBJECT if reply is None else reply,
        body=body,
        example=example,
        streams=streams is not None,
        stream_media=streams or LINES,
        failures=failures,
        stream_about="a JSON object on a line for each part of the answer; the last has `done`, or `error`",
        error=ERROR,
        error_schema=an_object({"error": _STRING}, required=("error",)),
    )


_NAMED = an_object({"model": _MODEL}, required=("model",))

CHAT = _told(
    "Answer a conversation",
    an_object({**_ENDED, "message": _OBJECT}, required=("model", "created_at", "message", "done")),
    body=an_object(
        {
            "messages": {"type": ["array", "null"], "items": _OBJECT},
            "images": {"description": "refused where it is not empty: pictures belong in a message"},
            "image": {"description": "refused where it is not empty"},
            **_SHARED,
        },
        required=("model",),
    ),
    example={"model": EXAMPLE_MODEL, "messages": EXAMPLE_MESSAGES},
    failures=_FAILURES,
    streams=LINES,
)
GENERATE = _told(
    "Answer a prompt",
    an_object(
        {**_ENDED, "response": _STRING, "context": {"type": "array", "items": _INTEGER}},
        required=("model", "created_at", "response", "done"),
    ),
    body=an_object(
        {
            "prompt": nullable("string", "what the user says"),
            "system": nullable("string", "leads the conversation"),
            "images": nullable("array", "pictures in base64", items=_STRING),
            "image": {"description": "refused where it is not empty: it is images"},
            "raw": nullable("boolean", "the prompt is a conversation in the model's own template"),
            "suffix": nullable("string", "refused where it is not empty"),
            "template": nullable("string", "refused where it is not empty"),
            **_SHARED,
        },
        required=("model",),
    ),
    example={"model": EXAMPLE_MODEL, "prompt": "Hello! What can you see?", "stream": False},
    failures=_FAILURES,
    streams=LINES,
)
VERSION = _told("The version of Ollama's API that is followed", an_object({"version": _STRING}, required=("version",)))
TAGS = _told("The model under each of its names", an_object({"models": {"type": "array"}}, required=("models",)))
PS = _told("The model while it is on the chip", an_object({"models": {"type": "array"}}, required=("models",)))
SHOW = _told(
    "What the model can do",
    an_object({"capabilities": {"type": "array"}, "model_info": _OBJECT, "template": _STRING, "details": _OBJECT}),
    body=_NAMED,
    failures=(400, 404, 408, 413, 415),
)
PULL = _told(
    "Have the model's file downloaded, where the operator allows it",
    an_object({"status": _STRING}, required=("status",)),
    body=an_object({"model": _MODEL, "stream": _SHARED["stream"]}, required=("model",)),
    failures=(400, 404, 408, 409, 413, 415, 500),
    streams=LINES,
)
REFUSED = replace(_told("The answer says what to do in its place", failures=(400,)), is_served=False)
BLOB = replace(_told("Models are not created here", failures=(404,)), is_served=False)
