"""/v1/responses described; docs/api-responses.md has the rest."""

from hailo_vision.http_api.openai.spec import FAILURES, MODEL, OBJECT, SAMPLING, STREAM, STRING
from hailo_vision.http_api.openapi.operation import EXAMPLE_MODEL, Operation, an_object, nullable

RESPONSES = Operation(
    tag="Responses",
    summary="Answer a conversation in the Responses API; nothing is stored",
    body=an_object(
        {
            "model": MODEL,
            "input": {"oneOf": [STRING, {"type": "array", "minItems": 1, "items": OBJECT}]},
            "instructions": nullable("string", "leads the conversation"),
            "max_output_tokens": nullable(
                "integer", "longest answer; cut to what the server allows, as are -1 and 0", minimum=-1
            ),
            **SAMPLING,
            **STREAM,
            "text": nullable("object", "its format is text, json_object or json_schema"),
            "tools": nullable("array", "functions, flat in their objects"),
            "tool_choice": {"description": "none, auto, required, a function by its name, or allowed_tools"},
            "parallel_tool_calls": nullable("boolean", "whether an answer may have several calls"),
            "metadata": {
                **nullable("object", "up to 16 pairs of strings, which are repeated"),
                "additionalProperties": STRING,
            },
            "store": nullable("boolean", "taken, and nothing is stored"),
        },
        required=("model", "input"),
    ),
    example={"model": EXAMPLE_MODEL, "input": "Hello! What can you see?"},
    reply=an_object(
        {
            "id": STRING,
            "object": {"const": "response"},
            "status": {"enum": ["completed", "incomplete", "failed"]},
            "output": {"type": "array", "items": OBJECT},
            "usage": OBJECT,
        },
        required=("id", "object", "status", "output", "usage"),
    ),
    streams=True,
    failures=FAILURES,
)
NOTHING_STORED = Operation(tag="Responses", summary="Nothing is stored", is_served=False, failures=(404,))
NOT_COUNTED = Operation(
    tag="Responses", summary="Tokens are counted in an answer alone", is_served=False, failures=(404,)
)
NOT_COMPACTED = Operation(tag="Responses", summary="Nothing is compacted", is_served=False, failures=(404,))
