"""The words in which a route describes itself."""

from dataclasses import dataclass, field
from typing import Any

JsonSchema = dict[str, Any]

EVENTS = "text/event-stream"
_IN_EVENTS = "an event for each part of the answer; the last is `data: [DONE]`, after an error there is none"
# What the examples name and say. A server with another model lists its name at GET /v1/models.
EXAMPLE_MODEL = "qwen2-vl-2b-instruct"
EXAMPLE_MESSAGES = [{"role": "user", "content": "Hello! What can you see?"}]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What a route is for, and the JSON Schemas (draft 2020-12) of what it reads and answers.

    `media` is the content type of the answer where it is not JSON, `other_media` that for clients that don't accept it;
    `streams` says that it comes bit by bit, in `stream_media`, when the body asks for that; `stream_about` tells what
    its parts are. `example` is a body that gets an answer. A route that is not `is_served` only says why and what to do
    in its place. `failures` are statuses besides those that every route can have; `error` names what they bring, and
    `error_schema` is that where it is not OpenAI's.
    """

    tag: str
    summary: str
    reply: JsonSchema = field(default_factory=dict)
    body: JsonSchema | None = None
    body_media: str = "application/json"
    example: JsonSchema | None = None
    is_served: bool = True
    media: str = "application/json"
    other_media: str | None = None
    streams: bool = False
    stream_media: str = EVENTS
    stream_about: str = _IN_EVENTS
    error: str = "Error"
    error_schema: JsonSchema | None = None
    failures: tuple[int, ...] = ()


def an_object(properties: dict[str, JsonSchema], *, required: tuple[str, ...] = ()) -> JsonSchema:
    """The schema of an object that may have more than is named."""
    return {"type": "object", "properties": properties, **({"required": list(required)} if required else {})}


def nullable(kind: str, about: str, **limits: Any) -> JsonSchema:
    """The schema of an optional field: null means absent."""
    return {"type": [kind, "null"], "description": about, **limits}
