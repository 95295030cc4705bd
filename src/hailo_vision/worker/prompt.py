"""Turns become the vendor's messages, and text that counts their tokens. Pure but for numpy's arrays."""

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np

from hailo_vision.chat import Frame, Text, Turn

# The model family's tokens all look like this, and the device's tokenizer recognises them in user text
# (contract 2.4): `<|image_pad|>` would ask for a frame that is not there, `<|im_end|>` would end the turn.
_SPECIAL = re.compile(r"<\|(\w+)\|>")
_SURROGATE = re.compile("[\ud800-\udfff]")

_IMAGE = "<|vision_start|><|image_pad|><|vision_end|>"
_DEFAULT_SYSTEM = "You are a helpful assistant."  # Qwen2-VL's chat template adds it where no system turn leads


def neutralise(text: str) -> str:
    """Text in which special tokens are plain words, and which the vendor's JSON parser can read."""
    return _SPECIAL.sub(r"<| \1 |>", _SURROGATE.sub("�", text))


def messages(turns: Sequence[Turn[Frame]]) -> list[dict[str, Any]]:
    """The conversation in the vendor's form: one `image` part for each frame, in order."""
    return [{"role": turn.role, "content": [_message_part(part) for part in _parts(turn)]} for turn in turns]


def _message_part(part: str | Frame) -> dict[str, str]:
    return {"type": "text", "text": part} if isinstance(part, str) else {"type": "image"}


def _parts(turn: Turn[Frame]) -> list[str | Frame]:
    """Words and frames in order. Neighbouring words are one: the template would join `<|im_` and `end|>`."""
    parts: list[str | Frame] = []
    for is_text, group in groupby(turn.parts, lambda part: isinstance(part, Text)):
        if is_text:
            parts.append(neutralise("".join(part.text for part in group if isinstance(part, Text))))
        else:
            parts.extend(part for part in group if isinstance(part, Frame))
    return parts


def frames(turns: Sequence[Turn[Frame]]) -> list[np.ndarray[Any, np.dtype[np.uint8]]]:
    """The frames in order, each `[height, width, 3]` uint8.

    Contiguous and writeable copies: the binding takes the raw pointer of one and refuses the other (contract 2.2).
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
    said = [
        _chatml(turn.role, "".join(part if isinstance(part, str) else _IMAGE for part in _parts(turn)))
        for turn in turns
    ]
    return "".join([*lead, *said, "<|im_start|>assistant\n"])


def _chatml(role: str, content: str) -> str:
    return f"<|im_start|>{role}\n{content}<|im_end|>\n"
