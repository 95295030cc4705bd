"""What the server says of itself, described."""

from hailo_vision.http_api.openapi.operation import JsonSchema, Operation, an_object, nullable

_MODEL: JsonSchema = an_object(
    {
        "id": {"type": "string"},
        "object": {"const": "model"},
        "created": {"type": "integer", "description": "when the server started, in seconds since 1970"},
        "owned_by": {"type": "string"},
        "aliases": {"type": "array", "items": {"type": "string"}, "description": "its other names"},
        "runtime": {
            "type": "string",
            "description": "the engine that is asked first: hailo, llama, remote or simulated",
        },
        "input_modalities": {"type": "array", "items": {"type": "string"}},
        "max_model_len": {"type": "integer", "description": "tokens of context; known once the model is loaded"},
        "max_images": {
            "type": "integer",
            "description": "pictures in a request, where the model has a bound",
        },
    },
    required=("id", "object", "created", "owned_by"),
)
_READINESS: dict[str, JsonSchema] = {
    "ready": {
        "type": "boolean",
        "description": "whether a question about a picture would be taken for the default model, by whichever engine",
    },
    "reason": {"type": ["string", "null"], "description": "why it is not ready"},
    "message": {"type": ["string", "null"], "description": "the same for a person"},
    "engines": {
        "type": "array",
        "description": "the engines of all models, those of each model in the order in which they are asked",
        "items": an_object(
            {
                "engine": {"type": "string", "description": "hailo, llama, remote or simulated"},
                "model": {"type": "string", "description": "the name of the model that it answers for"},
                "sees_pictures": {
                    "type": "boolean",
                    "description": "whether pictures are sent to it, and its model takes them",
                },
                "ready": {"type": "boolean"},
                "reason": {"type": ["string", "null"]},
                "message": {"type": ["string", "null"]},
            },
            required=("engine", "model", "sees_pictures", "ready", "reason", "message"),
        ),
    },
}
_HEALTH: JsonSchema = an_object(
    {
        "status": {"const": "ok"},
        **_READINESS,
        "state": {"type": "string", "description": "of the engine that the default model asks first"},
        "model": {"type": "string", "description": "the default model"},
        "model_loaded": {"type": "boolean"},
        "models": {"type": "array", "description": "whether each model would take a question now"},
        "runtime": {"type": "string"},
        "version": {"type": "string"},
        "uptime_seconds": {"type": "number"},
        "queue": {"type": "object"},
        "memory": {"type": "object"},
        "worker_restarts": {"type": "integer"},
        "chip": {"type": ["object", "null"]},
        "tokens": {"type": "object"},
    },
    required=("status", "ready", "engines", "model", "version"),
)
_READY: JsonSchema = an_object(_READINESS, required=tuple(_READINESS))

MODELS = Operation(
    tag="Models",
    summary="Every model under each of its names; also while it loads or writes",
    reply=an_object({"object": {"const": "list"}, "data": {"type": "array", "items": _MODEL}}),
)
MODEL = Operation(tag="Models", summary="A model by one of its names", reply=_MODEL, failures=(404,))
HEALTH = Operation(tag="Health", summary="200 while the process works, whatever the chip does", reply=_HEALTH)
READY = Operation(
    tag="Health",
    summary="200 when a question about a picture would be taken, else 503 and why",
    reply=_READY,
    failures=(503,),
)
BENCHMARK = Operation(
    tag="Health",
    summary="Measure the server, where server.allow_benchmark is on; answers as hailo-vision bench --json",
    body=an_object(
        {
            "n": nullable("integer", "questions; 5 without it", minimum=1, maximum=50),
            "c": nullable("integer", "ask them again by so many clients at once", minimum=1, maximum=16),
            "max_tokens": nullable("integer", "per answer; 64 without it", minimum=1, maximum=512),
        }
    ),
    reply={"type": "object"},
    failures=(400, 403, 503),
)
METRICS = Operation(
    tag="Health", summary="Counters and gauges for Prometheus", media="text/plain", reply={"type": "string"}
)
OPENAPI = Operation(tag="Documentation", summary="This document", reply={"type": "object"})
DOCS = Operation(
    tag="Documentation", summary="A page that shows this document", media="text/html", reply={"type": "string"}
)
PAGES = {
    "/": Operation(
        tag="Console",
        summary="A page to try it, for browsers; else a line that says that it runs",
        media="text/html",
        other_media="text/plain",
        reply={"type": "string"},
    ),
    "/console/{name}": Operation(
        tag="Console", summary="A file of that page", media="text/plain", reply={"type": "string"}, failures=(404,)
    ),
}
