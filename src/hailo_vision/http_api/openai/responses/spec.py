"""/v1/responses described; docs/api-responses.md has the rest."""

from hailo_vision.http_api.openai.sampling import MAX_TOP_LOGPROBS
from hailo_vision.http_api.openai.spec import (
    FAILURES,
    MODEL,
    NO_LOGPROBS,
    NO_PICTURES,
    OBJECT,
    PENALTIES,
    SAMPLING,
    SERVICE_TIER,
    STREAM,
    STRING,
)
from hailo_vision.http_api.openapi.operation import EXAMPLE_MODEL, Operation, an_object, nullable

_NOT_STORED = "refused: nothing is stored, so send the whole conversation"
_REPEATED = "changes nothing, and is repeated in the response"

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
            **PENALTIES,
            "stream": STREAM["stream"],
            "text": nullable("object", "its format is text, json_object or json_schema"),
            "tools": nullable("array", "functions, flat in their objects"),
            "tool_choice": {"description": "none, auto, required, a function by its name, or allowed_tools"},
            "parallel_tool_calls": nullable("boolean", "whether an answer may have several calls"),
            "metadata": {
                **nullable("object", "up to 16 pairs of strings, which are repeated"),
                "additionalProperties": STRING,
            },
            "include": nullable("array", f"message.output_text.logprobs: {NO_LOGPROBS}; other words change nothing"),
            "top_logprobs": nullable("integer", NO_LOGPROBS, minimum=0, maximum=MAX_TOP_LOGPROBS),
            "service_tier": SERVICE_TIER,
            "max_tool_calls": nullable("integer", _REPEATED),
            "prompt_cache_key": nullable("string", _REPEATED),
            "safety_identifier": nullable("string", _REPEATED),
            "store": nullable("boolean", "taken, and nothing is stored"),
            "background": nullable("boolean", "true is refused"),
            "previous_response_id": {"description": _NOT_STORED},
            "conversation": {"description": _NOT_STORED},
            "prompt": {"description": "refused: prompts are not stored, so send its text"},
            **NO_PICTURES,
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
