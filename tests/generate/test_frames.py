"""How many frames a request may have."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loaded_models import QWEN2_VL
from waiters import ANYONE

from hailo_vision.chat import ChatRequest, ImageRef, Sampling, Text, Turn
from hailo_vision.config.settings import Images
from hailo_vision.errors import ConversationError, PromptTooLong
from hailo_vision.generate.frames import check_length, spare_frames, with_frames
from hailo_vision.images.pictures import Pictures

MODEL = QWEN2_VL
HIGH = ImageRef(url="data:,", param="p", detail="high")


def asked(text: str = "", images: int = 1, max_tokens: int = 200) -> ChatRequest:
    turn: Turn[ImageRef] = Turn(role="user", parts=(*[HIGH] * images, Text(text=text)))
    return ChatRequest(model="m", turns=(turn,), sampling=Sampling(), max_tokens=max_tokens)


def test_an_empty_context_has_room_for_many() -> None:
    assert spare_frames(asked(), MODEL) == 10


def test_the_device_may_take_fewer_than_the_context() -> None:
    assert spare_frames(asked(), replace(MODEL, max_images=5)) == 4
    assert spare_frames(asked(images=5), replace(MODEL, max_images=5)) == 0


@pytest.mark.parametrize("more", [{"text": "x" * 1000}, {"max_tokens": 1200}, {"text": "€" * 334}])
def test_words_and_the_answer_leave_room_for_fewer(more: dict[str, object]) -> None:
    assert spare_frames(asked(**more), MODEL) == 3  # type: ignore[arg-type]


def test_half_of_a_surrogate_pair_is_counted_and_no_error() -> None:
    assert spare_frames(asked("\ud800"), MODEL) == 10


@pytest.mark.parametrize(
    ("images", "the_devices", "the_operators", "told"),
    [(15, 14, 4, "takes up to 4"), (5, 14, 4, "takes up to 4"), (5, 2, 4, "takes 2 in one"), (15, 14, 14, "up to 14")],
)
async def test_of_two_limits_on_the_number_of_pictures_the_smaller_one_is_told_before_any_picture_is_looked_at(
    images: int, the_devices: int, the_operators: int, told: str
) -> None:
    pictures = Pictures(Images(max_per_request=the_operators))
    with pytest.raises(ConversationError, match=told):  # data:, is no picture, which would be the other error
        await with_frames(pictures, asked(images=images), replace(MODEL, max_images=the_devices), ANYONE)
    await pictures.aclose()


@given(st.text(max_size=3000), st.integers(0, 4), st.integers(1, 2000))
def test_what_is_promised_always_fits(text: str, images: int, max_tokens: int) -> None:
    spare = spare_frames(asked(text, images, max_tokens), MODEL)
    assert spare >= 0
    if spare:
        assert len(text.encode()) + max_tokens + (spare + images) * (144 + 2) + 5 < 2048


def conversation(chars: int, turns: int = 1) -> ChatRequest:
    words: Turn[ImageRef] = Turn(role="user", parts=(Text(text="a" * chars),))
    empty: Turn[ImageRef] = Turn(role="user", parts=())
    return ChatRequest(model="m", turns=(words, *[empty] * (turns - 1)), sampling=Sampling(), max_tokens=1)


@pytest.mark.parametrize("context_tokens", [2048, 32_768])
def test_what_no_context_could_hold_is_refused_before_it_is_counted(context_tokens: int) -> None:
    model = replace(MODEL, context_tokens=context_tokens)
    check_length(conversation(128 * context_tokens, context_tokens), model)
    for too_long in (conversation(128 * context_tokens + 1), conversation(0, context_tokens + 1)):
        with pytest.raises(PromptTooLong):
            check_length(too_long, model)
