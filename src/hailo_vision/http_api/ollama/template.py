"""Raw prompts that follow the template of the chip's model. Pure."""

import re

from hailo_vision.chat import ImageRef, Role, Text, Turn
from hailo_vision.http_api.web.fields import unsupported

_TURN = re.compile(
    r"\s*<\|im_start\|>(system|user|assistant)\n((?:(?!<\|im_(?:start|end)\|>).)*)<\|im_end\|>", re.DOTALL
)
_ANSWER = re.compile(r"\s*<\|im_start\|>assistant\s*")
_ROLES: dict[str, Role] = {"system": "system", "user": "user", "assistant": "assistant"}


def conversation_in(prompt: str) -> list[Turn[ImageRef]]:
    """The turns of a raw prompt. Raises RequestError where it is no conversation in the template of the model.

    The device puts all that it is told into that template, so a text without one can't be had from it.
    """
    turns: list[Turn[ImageRef]] = []
    position = 0
    while found := _TURN.match(prompt, position):
        turns.append(Turn(role=_ROLES[found[1]], parts=(Text(text=found[2]),)))
        position = found.end()
    if not turns or not _ANSWER.fullmatch(prompt, position):
        raise unsupported(
            "raw",
            "The device knows conversations alone: a raw prompt must be one in the model's template, which "
            "POST /api/show tells, up to <|im_start|>assistant. Leave raw out to have it applied.",
        )
    return turns
