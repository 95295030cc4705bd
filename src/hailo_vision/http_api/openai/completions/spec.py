"""POST /v1/completions described."""

from hailo_vision.http_api.openai.completions.parse import DEFAULT_MAX_TOKENS, MAX_CHOICES, MAX_LOGPROBS, MAX_PROMPTS
from hailo_vision.http_api.openai.spec import (
    FAILURES,
    MODEL,
    NO_LOGPROBS,
    PENALTIES,
    REFUSED,
    SAMPLING,
    SERVICE_TIER,
    STOP,
    STREAM,
    STRING,
    USAGE,
)
from hailo_vision.http_api.openapi.operation import EXAMPLE_MODEL, Operation, an_object, nullable

COMPLETIONS = Operation(
    tag="Completions",
    summary="Answer prompts, for clients from before chats",
    body=an_object(
        {
            "model": MODEL,
            "prompt": {"oneOf": [STRING, {"type": "array", "minItems": 1, "maxItems": MAX_PROMPTS, "items": STRING}]},
            "max_tokens": nullable("integer", f"default {DEFAULT_MAX_TOKENS}", minimum=-1),
            "n": nullable("integer", "answers to each prompt", minimum=1, maximum=MAX_CHOICES),
            "echo": nullable("boolean", "puts the prompt before each answer"),
            "best_of": nullable("integer", "refused unless it is n", minimum=1, maximum=MAX_CHOICES),
            "logprobs": nullable(
                "integer", f"tokens to show in the place of each; {NO_LOGPROBS}", maximum=MAX_LOGPROBS
            ),
            "suffix": nullable("string", "refused unless empty"),
            "service_tier": SERVICE_TIER,
            "stop": STOP,
            **SAMPLING,
            **PENALTIES,
            **REFUSED,
            **STREAM,
        },
        required=("model", "prompt"),
    ),
    example={"model": EXAMPLE_MODEL, "prompt": "The sky is"},
    reply=an_object(
        {"id": STRING, "object": {"const": "text_completion"}, "choices": {"type": "array"}, "usage": USAGE},
        required=("id", "object", "choices", "usage"),
    ),
    streams=True,
    failures=FAILURES,
)
