"""Ollama's routes described; docs/api-ollama.md has the rest."""

from dataclasses import replace

from hailo_vision.http_api.openai.spec import FAILURES, INTEGER, NO_LOGPROBS, OBJECT, PENALTIES, SERVICE_TIER, STRING
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
        "frequency_penalty": PENALTIES["frequency_penalty"],
        "presence_penalty": PENALTIES["presence_penalty"],
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
    "logprobs": nullable("boolean", NO_LOGPROBS),
    "top_logprobs": nullable("integer", NO_LOGPROBS, minimum=0),
    "service_tier": SERVICE_TIER,
}
_ENDED: dict[str, JsonSchema] = {
    "model": STRING,
    "created_at": STRING,
    "done": {"type": "boolean"},
    "done_reason": {"enum": ["stop", "length", "load", "unload"]},
    **dict.fromkeys(
        ("total_duration", "load_duration", "prompt_eval_count", "prompt_eval_duration", "eval_count", "eval_duration"),
        INTEGER,
    ),
}


def _operation(
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
        reply=OBJECT if reply is None else reply,
        body=body,
        example=example,
        streams=streams is not None,
        stream_media=streams or LINES,
        failures=failures,
        stream_about="a JSON object on a line for each part of the answer; the last has `done`, or `error`",
        error=ERROR,
        error_schema=an_object({"error": STRING}, required=("error",)),
    )


_NAMED = an_object({"model": _MODEL}, required=("model",))

CHAT = _operation(
    "Answer a conversation",
    an_object({**_ENDED, "message": OBJECT}, required=("model", "created_at", "message", "done")),
    body=an_object(
        {
            "messages": {"type": ["array", "null"], "items": OBJECT},
            "images": {"description": "refused where it is not empty: pictures belong in a message"},
            "image": {"description": "refused where it is not empty"},
            **_SHARED,
        },
        required=("model",),
    ),
    example={"model": EXAMPLE_MODEL, "messages": EXAMPLE_MESSAGES},
    failures=FAILURES,
    streams=LINES,
)
GENERATE = _operation(
    "Answer a prompt",
    an_object(
        {**_ENDED, "response": STRING, "context": {"type": "array", "items": INTEGER}},
        required=("model", "created_at", "response", "done"),
    ),
    body=an_object(
        {
            "prompt": nullable("string", "what the user says"),
            "system": nullable("string", "leads the conversation"),
            "images": nullable("array", "pictures in base64", items=STRING),
            "image": {"description": "refused where it is not empty: it is images"},
            "raw": nullable("boolean", "the prompt is a conversation in the model's own template"),
            "suffix": nullable("string", "refused where it is not empty"),
            "template": nullable("string", "refused where it is not empty"),
            **_SHARED,
        },
        required=("model",),
    ),
    example={"model": EXAMPLE_MODEL, "prompt": "Hello! What can you see?", "stream": False},
    failures=FAILURES,
    streams=LINES,
)
VERSION = _operation(
    "The version of Ollama's API that is followed", an_object({"version": STRING}, required=("version",))
)
TAGS = _operation("Every model under each of its names", an_object({"models": {"type": "array"}}, required=("models",)))
PS = _operation("The models that are loaded", an_object({"models": {"type": "array"}}, required=("models",)))
SHOW = _operation(
    "What a model is and can do",
    an_object({"capabilities": {"type": "array"}, "model_info": OBJECT, "template": STRING, "details": OBJECT}),
    body=_NAMED,
    failures=(400, 404, 408, 413, 415),
)
PULL = _operation(
    "Have a model's file downloaded, where the operator allows it",
    an_object({"status": STRING}, required=("status",)),
    body=an_object({"model": _MODEL, "stream": _SHARED["stream"]}, required=("model",)),
    failures=(400, 404, 408, 409, 413, 415, 500),
    streams=LINES,
)
REFUSED = replace(_operation("The answer says what to do in its place", failures=(400,)), is_served=False)
BLOB = replace(_operation("Models are not created here", failures=(404,)), is_served=False)
