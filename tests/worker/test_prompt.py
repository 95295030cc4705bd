"""Turns become the vendor's prompt: nothing that a client writes can act as one of the model's own tokens."""

import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hailo_vision.chat import Frame, Text, Turn
from hailo_vision.simulator.template import ChatTemplate
from hailo_vision.worker import prompt

searching = settings(max_examples=150, deadline=None)

# The added tokens of Qwen2-VL's tokenizer.
SPECIALS = re.findall(
    r"<\|\w+\|>",
    "<|endoftext|> <|im_start|> <|im_end|> <|object_ref_start|> <|object_ref_end|> <|box_start|> <|box_end|> "
    "<|quad_start|> <|quad_end|> <|vision_start|> <|vision_end|> <|vision_pad|> <|image_pad|> <|video_pad|>",
)

FRAME = Frame(width_px=2, height_px=1, pixels=bytes(range(6)))

shards = st.sampled_from(
    ["<|", "|>", "<", "|", ">", "im_", "im_end", "end", "image_pad", "\ud800", "\udc00", "\n", " "]
)
hostile = st.lists(shards | st.sampled_from(SPECIALS) | st.text(max_size=3), max_size=8).map("".join)
parts = st.lists(st.builds(Text, text=hostile) | st.just(FRAME), max_size=6).map(tuple)
said = st.lists(st.builds(Turn, role=st.sampled_from(["user", "assistant"]), parts=parts), max_size=4)
lead = st.lists(st.builds(Turn, role=st.just("system"), parts=st.tuples(st.builds(Text, text=hostile))), max_size=1)
conversations = st.builds(lambda lead, said: (*lead, *said), lead, said).filter(bool)

Conversation = tuple[Turn[Frame], ...]


def frames_in(turns: Conversation) -> list[Frame]:
    return [part for turn in turns for part in turn.parts if isinstance(part, Frame)]


@searching
@given(conversations)
def test_the_only_special_tokens_are_those_of_the_template(turns: Conversation) -> None:
    text = prompt.rendered(turns)
    leads = turns[0].role != "system"
    of_the_template = {
        "<|im_start|>": len(turns) + leads + 1,
        "<|im_end|>": len(turns) + leads,
        "<|vision_start|>": len(frames_in(turns)),
        "<|image_pad|>": len(frames_in(turns)),
        "<|vision_end|>": len(frames_in(turns)),
    }
    assert {token: text.count(token) for token in SPECIALS} == dict.fromkeys(SPECIALS, 0) | of_the_template


@searching
@given(conversations)
def test_the_tokens_are_counted_on_what_the_device_will_render(turns: Conversation) -> None:
    assert prompt.rendered(turns) == ChatTemplate(refuses_late_system=True).render(prompt.messages(turns))


@searching
@given(conversations)
def test_messages_have_one_image_for_each_frame_and_text_that_a_strict_parser_reads(turns: Conversation) -> None:
    messages = prompt.messages(turns)
    assert [message["role"] for message in messages] == [turn.role for turn in turns]
    kinds = [part["type"] for message in messages for part in message["content"]]
    assert kinds.count("image") == len(frames_in(turns))
    json.dumps(messages, ensure_ascii=False).encode()


@searching
@given(st.text() | hostile)
def test_neutral_text_has_no_special_token_and_stays_as_it_is(text: str) -> None:
    neutral = prompt.neutralise(text)
    assert not any(token in neutral for token in SPECIALS)
    assert prompt.neutralise(neutral) == neutral


@searching
@given(st.text().filter(lambda text: not re.search(r"<\|\w+\|>", text)))
def test_text_without_special_tokens_is_untouched(text: str) -> None:
    assert prompt.neutralise(text) == text


@pytest.mark.parametrize(
    "text", ["a <| b |> c", "<|im end|>", "<||>", "<|im_end>", "|im_end|", "if a<|b: x|>y", "é 写真 🙂"]
)
def test_what_only_looks_a_little_like_a_token_is_untouched(text: str) -> None:
    assert prompt.neutralise(text) == text


@pytest.mark.parametrize("token", SPECIALS)
def test_a_special_token_stays_readable(token: str) -> None:
    assert prompt.neutralise(f"What is {token}?") == f"What is <| {token[2:-2]} |>?"


@pytest.mark.parametrize("around", ["<|{}|>", "<|im_{}end|>", "{}{}"])
def test_a_token_made_of_tokens_is_none_either(around: str) -> None:
    neutral = prompt.neutralise(around.replace("{}", "<|im_end|>"))
    assert not any(token in neutral for token in SPECIALS)


def test_a_lone_surrogate_becomes_the_replacement_character() -> None:
    assert prompt.neutralise("a\ud800b\udfffc 🙂") == "a�b�c 🙂"


def test_a_token_cut_over_neighbouring_parts_is_none_either() -> None:
    turn: Turn[Frame] = Turn(role="user", parts=(Text(text="<|im_"), Text(text="en"), Text(text="d|>")))
    assert prompt.messages([turn]) == [{"role": "user", "content": [{"type": "text", "text": "<| im_end |>"}]}]


def test_words_and_pictures_keep_their_order() -> None:
    turn: Turn[Frame] = Turn(role="user", parts=(Text(text="a"), FRAME, FRAME, Text(text="b"), Text(text="c"), FRAME))
    image = {"type": "image"}
    (message,) = prompt.messages([turn])
    assert message["content"] == [{"type": "text", "text": "a"}, image, image, {"type": "text", "text": "bc"}, image]


def test_the_prompt_is_chatml_with_a_system_turn_in_front() -> None:
    turns: Conversation = (
        Turn(role="user", parts=(FRAME, Text(text="What is this?"))),
        Turn(role="assistant", parts=(Text(text="A launch pad."),)),
        Turn(role="user", parts=(Text(text="Where?"),)),
    )
    assert prompt.rendered(turns) == (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
        "<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|>What is this?<|im_end|>\n"
        "<|im_start|>assistant\nA launch pad.<|im_end|>\n"
        "<|im_start|>user\nWhere?<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def test_a_system_turn_of_ones_own_takes_the_place_of_the_models() -> None:
    turns: Conversation = (
        Turn(role="system", parts=(Text(text="Be brief."),)),
        Turn(role="user", parts=(Text(text="Hi"),)),
    )
    assert prompt.rendered(turns) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    )


def test_frames_are_rows_of_rgb_pixels_in_the_order_of_the_conversation() -> None:
    tall = Frame(width_px=1, height_px=2, pixels=b"\x09\x08\x07\x06\x05\x04")
    turns: Conversation = (Turn(role="user", parts=(FRAME, Text(text="and"), tall)), Turn(role="user", parts=(FRAME,)))
    first, second, third = prompt.frames(turns)
    assert first.tolist() == third.tolist() == [[[0, 1, 2], [3, 4, 5]]]
    assert second.tolist() == [[[9, 8, 7]], [[6, 5, 4]]]


def test_frames_are_what_the_binding_can_take() -> None:
    """It takes the raw pointer, and refuses what it could not write to (contract 2.2)."""
    (frame,) = prompt.frames([Turn(role="user", parts=(FRAME,))])
    assert (frame.dtype, frame.nbytes) == (np.uint8, len(FRAME.pixels))
    assert frame.flags.c_contiguous
    assert frame.flags.writeable
    assert frame.flags.owndata
