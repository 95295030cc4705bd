"""What a server of llama.cpp says of its model becomes a LoadedModel. Pure."""

from math import isqrt
from typing import Any

from hailo_vision.chat import Capabilities, LoadedModel
from hailo_vision.engines.openai.fields import count_in, object_in

_PATCH_PX = 28  # of the Qwen-VL family, for one token; others cut a picture in ways of their own
_ROOM = 2  # so much longer may a side be: a picture four times as wide as high still gets all its tokens


def loaded(
    properties: dict[str, Any],
    *,
    name: str,
    build: str,
    context: int,
    image_max_tokens: int,
    threads: int,
    load_s: float,
) -> LoadedModel:
    """From the answer to GET /props. `context` is what was asked for, which a server may make larger or smaller."""
    n_ctx = count_in(object_in(properties.get("default_generation_settings")).get("n_ctx"))
    side_px = _PATCH_PX * _ROOM * (isqrt(image_max_tokens - 1) + 1)
    return LoadedModel(
        runtime="llama",
        runtime_version=build,
        device=f"{name} on {threads} {'thread' if threads == 1 else 'threads'}",
        frame_width_px=side_px,
        frame_height_px=side_px,
        context_tokens=n_ctx or context,
        image_tokens=image_max_tokens,
        max_images=None if _flag(properties, "modalities", "vision") else 0,
        load_s=load_s,
        is_frame_bound=True,
    )


def capabilities(properties: dict[str, Any] | None) -> Capabilities:
    """Whether there are tools is a matter of the model's template, which is known once it is loaded."""
    has_tools = properties is not None and _flag(properties, "chat_template_caps", "supports_tool_calls")
    return Capabilities(grammar=True, tools=has_tools, logprobs=True, penalties=True)


def _flag(properties: dict[str, Any], section: str, name: str) -> bool:
    return object_in(properties.get(section)).get(name) is True
