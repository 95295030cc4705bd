"""What the descriptions of OpenAI's dialects share: the fields by which an answer is made, usage, and what can fail."""

from hailo_vision.http_api.openai.messages import PICTURES_BESIDE
from hailo_vision.http_api.openai.sampling import MAX_PENALTY, MAX_STOP_CHARS, MAX_STOPS, OTHER_FORMS
from hailo_vision.http_api.openapi.operation import JsonSchema, an_object, nullable

FAILURES = (400, 404, 408, 413, 415, 429, 500, 503, 504)
STRING: JsonSchema = {"type": "string"}
INTEGER: JsonSchema = {"type": "integer"}
OBJECT: JsonSchema = {"type": "object"}

_PENALTY = "where the engine has it; the chip has not, and ignores it: repetition_penalty is what it has"
NO_LOGPROBS = "refused where the engine gives none: the chip does not, llama.cpp does"

MODEL: JsonSchema = {"type": "string", "minLength": 1, "description": "a name that GET /v1/models lists"}
SAMPLING: dict[str, JsonSchema] = {
    "temperature": nullable("number", "0 is greedy, and so is the model without it", minimum=0, maximum=2),
    "top_p": nullable("number", "share of the likeliest tokens to choose from", minimum=0, maximum=1),
    "top_k": nullable("integer", "number of the likeliest tokens to choose from; not OpenAI's", minimum=1),
    "repetition_penalty": nullable(
        "number", "1 is off; not OpenAI's", minimum=round(1 / MAX_PENALTY, 3), maximum=MAX_PENALTY
    ),
    "seed": nullable("integer", "makes a sampled answer repeatable"),
}
PENALTIES: dict[str, JsonSchema] = {
    "frequency_penalty": nullable("number", _PENALTY, minimum=-2, maximum=2),
    "presence_penalty": nullable("number", _PENALTY, minimum=-2, maximum=2),
    "logit_bias": nullable("object", "by numbers of tokens; refused where the engine takes none, as the chip does not"),
}
NO_PICTURES: dict[str, JsonSchema] = {
    name: {"description": "refused unless empty: pictures are content parts"} for name in PICTURES_BESIDE
}
REFUSED: dict[str, JsonSchema] = {
    **NO_PICTURES,
    **{name: {"description": "refused unless empty: send response_format"} for name in OTHER_FORMS},
}
LENGTHS: dict[str, JsonSchema] = {
    "max_completion_tokens": nullable(
        "integer", "longest answer; cut to what the server allows, as are -1 and 0", minimum=-1
    ),
    "max_tokens": nullable("integer", "the same, older; max_completion_tokens wins", minimum=-1),
}
STREAM: dict[str, JsonSchema] = {
    "stream": nullable("boolean", "the answer comes as server-sent events, as it is written"),
    "stream_options": {
        **an_object({"include_usage": nullable("boolean", "one more event, with the usage, at the end")}),
        "type": ["object", "null"],
    },
}
STOP: JsonSchema = {
    "description": f"up to {MAX_STOPS} strings that end the answer and are not in it",
    "oneOf": [
        {"type": "string", "maxLength": MAX_STOP_CHARS},
        {"type": "array", "maxItems": MAX_STOPS, "items": {"type": "string", "maxLength": MAX_STOP_CHARS}},
        {"type": "null"},
    ],
}
SERVICE_TIER = nullable("string", "flex: after everybody else's work; all other words change nothing")
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
        "tools_shown": {"type": "integer", "description": "so many of the request's tools the model was shown"},
        "tools_offered": {"type": "integer", "description": "so many tools the request has; absent where it has none"},
    },
    required=("prompt_tokens", "completion_tokens", "total_tokens"),
)
