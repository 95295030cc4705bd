"""The chat template: ChatML as Qwen2-VL uses it, and the flag of the first turn (contract 2.4)."""

import pytest

from hailo_vision.simulator.status import Failure
from hailo_vision.simulator.template import ChatTemplate
from simulator.platforms import user

PREAMBLE = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
OPENER = "<|im_start|>assistant\n"


def test_a_first_prompt_has_the_preamble_the_turns_and_the_opener() -> None:
    template = ChatTemplate(refuses_late_system=False)
    assert template.render([user("Hi", 2), {"role": "assistant", "content": "Yes"}]) == (
        f"{PREAMBLE}<|im_start|>user\n"
        "<|vision_start|><|image_pad|><|vision_end|><|vision_start|><|image_pad|><|vision_end|>Hi<|im_end|>\n"
        f"<|im_start|>assistant\nYes<|im_end|>\n{OPENER}"
    )


def test_a_system_turn_of_ones_own_replaces_the_preamble() -> None:
    template = ChatTemplate(refuses_late_system=True)
    system = {"role": "system", "content": "Be brief."}
    assert template.render([system]) == f"<|im_start|>system\nBe brief.<|im_end|>\n{OPENER}"


def test_later_prompts_are_the_new_turns_alone() -> None:
    template = ChatTemplate(refuses_late_system=False)
    template.render([user("Hi")])
    assert template.render([user("Hi")]) == f"<|im_start|>user\nHi<|im_end|>\n{OPENER}"


def test_the_flag_is_used_up_by_a_call_that_fails() -> None:
    # Trap 10.
    template = ChatTemplate(refuses_late_system=False)
    with pytest.raises(Failure):
        template.render([{"role": "user", "content": None}])
    assert not template.render([user("Hi")]).startswith(PREAMBLE)


def test_content_can_be_parts_or_a_text_and_parts_keep_their_order() -> None:
    template = ChatTemplate(refuses_late_system=False)
    parts = [{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}, {"type": "video"}]
    assert (
        "a<|vision_start|><|image_pad|><|vision_end|>b<|vision_start|><|video_pad|><|vision_end|>"
        in template.render([{"role": "user", "content": parts}])
    )
