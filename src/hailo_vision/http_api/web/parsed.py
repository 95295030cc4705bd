"""What every parser makes of a body, whatever its dialect. Pure."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from hailo_vision.chat import ChatRequest, Priority
from hailo_vision.http_api.web.fields import JsonObject

Rest = TypeVar("Rest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed(Generic[Rest]):
    """What a parser makes of a body. The `requests` hold its pictures, and are let go as soon as those are frames.

    They are answered one after the other, and are alike but for their turns. `rest` is what the reply needs of the
    body. `keeps_turns` is whether the client forbids that old turns are left out of a conversation that is too long.
    """

    requests: tuple[ChatRequest, ...]
    rest: Rest
    keeps_turns: bool = False


def priority(body: JsonObject) -> Priority:
    """`service_tier`: flex is work that can wait for everybody else's; all other tiers are the same here."""
    return Priority.BATCH if body.get("service_tier") == "flex" else Priority.INTERACTIVE
