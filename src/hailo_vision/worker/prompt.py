"""Turns become the vendor's messages, and the rendered prompt whose tokens are counted. Pure but for numpy's arrays."""

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np

from hailo_vision.chat import Frame, Text, Turn
from hailo_vision.special_tokens import SpecialTokens

# The model family's special tokens all look like `<|word|>`, and the device's tokenizer knows them in a user's text
# (contract 2.4): `<|image_pad|>` would ask for a frame that is not there, `<|im_end|>` would end the turn.
_SPECIAL = SpecialTokens()
_SURROGATE = re.compile("[\ud800-\udfff]")

_IMAGE = "<|vision_start|><|image_pad|><|vision_end|>"
_ANSWER = "<|im_start|>assistant\n"
_DEFAULT_SYSTEM = "You are a helpful assistant."  # Qwen2-VL's chat template adds it if the first turn is no system turn


def neutralise(text: str) -> str:
    """Text whose special tokens have become plain text, and which the vendor's JSON parser can read."""
    return _SPECIAL.neutralise(_SURROGATE.sub("�", text))


def messages(turns: Sequence[Turn[Frame]]) -> list[dict[str, Any]]:
    """The conversation as the vendor's messages, with one `image` part for each frame, in order."""
    return [{"role": turn.role, "content": [_message_part(part) for part in parts_of(turn)]} for turn in turns]


def _message_part(part: str | Frame) -> dict[str, str]:
    return {"type": "text", "text": part} if isinstance(part, str) else {"type": "image"}


def parts_of(turn: Turn[Frame]) -> list[str | Frame]:
    """The turn's neutralised text and its frames, in order.

    Neighbouring texts are joined before, as the template would join `<|im_` and `end|>` to a special token.
    """
    parts: list[str | Frame] = []
    for is_text, group in groupby(turn.parts, lambda part: isinstance(part, Text)):
        if is_text:
            parts.append(neutralise("".join(part.text for part in group if isinstance(part, Text))))
        else:
            parts.extend(part for part in group if isinstance(part, Frame))
    return parts


def frames(turns: Sequence[Turn[Frame]]) -> list[np.ndarray[Any, np.dtype[np.uint8]]]:
    """The frames in order, each `[height, width, 3]` uint8.

    They are contiguous and writeable copies: the binding takes a raw pointer, and refuses a read-only array (contract
    2.2).
    """
    return [
        np.frombuffer(part.pixels, np.uint8).reshape(part.height_px, part.width_px, 3).copy()
        for turn in turns
        for part in turn.parts
        if isinstance(part, Frame)
    ]


def rendered(turns: Sequence[Turn[Frame]]) -> str:
    """The prompt as Qwen2-VL's template renders it, to count its tokens; each frame is one `<|image_pad|>`."""
    lead = [] if turns and turns[0].role == "system" else [_chatml("system", _DEFAULT_SYSTEM)]
    return "".join([*lead, *(_chatml(turn.role, _content(turn)) for turn in turns), _ANSWER])


def continued(turn: Turn[Frame]) -> str:
    """The text that follows an answer in the same context: the end token that the device dropped, and one more turn."""
    return f"<|im_end|>\n{_chatml(turn.role, _content(turn))}{_ANSWER}"


def is_known_template(template: str) -> bool:
    """True for the template family that `rendered` and `continued` follow."""
    return "<|im_start|>" in template and "<|im_end|>" in template


def _content(turn: Turn[Frame]) -> str:
    return "".join(part if isinstance(part, str) else _IMAGE for part in parts_of(turn))


def _chatml(role: str, content: str) -> str:
    return f"<|im_start|>{role}\n{content}<|im_end|>\n"
