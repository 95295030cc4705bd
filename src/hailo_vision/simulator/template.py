"""The chat template, rendered on the host, and the flag that remembers whether a conversation has begun."""

from collections.abc import Sequence
from typing import Any, Final

from hailo_vision.simulator.status import Failure, Status

# ChatML as Qwen2-VL uses it, written anew. `prompt_template()` returns this text, and `render` renders the same.
PROMPT_TEMPLATE: Final = (
    "{% for message in messages %}"
    "{% if loop.first and message['role'] != 'system' %}"
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
    "{% endif %}"
    "<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif part['type'] == 'video' %}<|vision_start|><|video_pad|><|vision_end|>"
    "{% elif 'text' in part %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

_PREAMBLE: Final = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
_IMAGE: Final = "<|vision_start|><|image_pad|><|vision_end|>"
_VIDEO: Final = "<|vision_start|><|video_pad|><|vision_end|>"


class ChatTemplate:
    """Renders messages; `is_first` is the host's only state (contract 2.4)."""

    def __init__(self, *, refuses_late_system: bool) -> None:
        self.is_first = True
        self._refuses_late_system = refuses_late_system

    def render(self, messages: Sequence[dict[str, Any]], tools: str = "") -> str:
        """The prompt of the new messages; only the first call adds the preamble.

        The flag is cleared before anything can fail, so after a failed first call the preamble is missing (trap 10).
        """
        first, self.is_first = self.is_first, False
        if not first and self._refuses_late_system and (tools or any(m.get("role") == "system" for m in messages)):
            raise Failure(Status.INVALID_OPERATION, "a system message or tools in a conversation that has begun")
        text = "".join(_render_message(message) for message in messages) + "<|im_start|>assistant\n"
        if first and messages[0].get("role") != "system":
            text = _PREAMBLE + text
        return text.replace("<|im_end|>\n", f"\n\n# Tools\n\n{tools}<|im_end|>\n", 1) if tools else text


def _render_message(message: dict[str, Any]) -> str:
    role, content = message.get("role", ""), message.get("content")  # minja renders what is missing as nothing
    if not isinstance(role, str):
        raise Failure(Status.INTERNAL_FAILURE, "the template can't render a role that is no text")
    if isinstance(content, list) and all(isinstance(part, dict) for part in content):
        content = "".join(_render_part(part) for part in content)
    if not isinstance(content, str):
        raise Failure(Status.INTERNAL_FAILURE, "the template can't render a content that is no text and no parts")
    try:
        (role + content).encode()
    except UnicodeEncodeError:
        raise Failure(Status.INTERNAL_FAILURE, "the parser of messages can't read a lone surrogate") from None
    return f"<|im_start|>{role}\n{content}<|im_end|>\n"


def _render_part(part: dict[str, Any]) -> str:
    match part.get("type"):
        case "image":
            return _IMAGE
        case "video":
            return _VIDEO
    return str(part.get("text", ""))
