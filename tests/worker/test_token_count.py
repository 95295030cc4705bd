"""What a prompt is taken to cost, before and after the device has counted one."""

import pytest

from hailo_vision.worker.token_count import TokenCount

QWEN2 = {"frame_width_px": 336, "frame_height_px": 336}
QWEN3 = {"frame_width_px": 512, "frame_height_px": 288}  # published for Qwen3-VL-2B: 188 by the formula, 144 measured


def device_count(text_tokens: int, images: int, *, a_picture: int, template: int = 0) -> int:
    return text_tokens + images * (a_picture - 1) + template


@pytest.mark.parametrize(
    ("width_px", "height_px", "tokens"), [(336, 336, 144), (448, 252, 144), (512, 288, 188), (28, 28, 1)]
)
def test_before_the_first_answer_a_picture_costs_its_pixels_by_one_division(
    width_px: int, height_px: int, tokens: int
) -> None:
    assert TokenCount(frame_width_px=width_px, frame_height_px=height_px).image_tokens == tokens


@pytest.mark.parametrize("images", [1, 2, 5])
def test_after_the_first_answer_a_picture_costs_what_the_device_counted(images: int) -> None:
    count = TokenCount(**QWEN3)
    count.learn(40, images, device_count(40, images, a_picture=144))
    assert (count.image_tokens, count.margin) == (144, 0)
    assert count.total(50, 3) == device_count(50, 3, a_picture=144)
    assert not count.is_confirmed  # a template with some tokens more would have looked the same
    count.learn(60, images + 1, device_count(60, images + 1, a_picture=144))
    assert count.is_confirmed


@pytest.mark.parametrize("measured", [0, 39, 40, 41, 40 + 188 * 6, 40 + 2 * 144 - 1])
def test_a_count_that_is_no_picture_leaves_the_formula(measured: int) -> None:
    count = TokenCount(**QWEN3)
    count.learn(40, 2, measured)
    assert count.image_tokens == 188
    assert not count.is_confirmed


@pytest.mark.parametrize("images", [0, 1, 3])
def test_one_agreement_with_the_formula_confirms_the_template(images: int) -> None:
    count = TokenCount(**QWEN2)
    assert not count.is_confirmed
    count.learn(40, images, device_count(40, images, a_picture=144))
    assert count.is_confirmed


def test_a_template_that_is_not_ours_is_a_margin_and_never_confirmed() -> None:
    count = TokenCount(**QWEN2)
    count.learn(40, 0, device_count(40, 0, a_picture=144, template=7))
    count.learn(60, 0, device_count(60, 0, a_picture=144, template=9))
    count.learn(50, 0, device_count(50, 0, a_picture=144, template=8))
    count.learn(50, 0, device_count(50, 0, a_picture=144))
    assert (count.margin, count.is_confirmed) == (9, False)


def test_under_a_template_that_is_not_ours_a_picture_is_measured_without_the_margin() -> None:
    count = TokenCount(**QWEN3)
    count.learn(40, 0, device_count(40, 0, a_picture=144, template=6))
    count.learn(40, 2, device_count(40, 2, a_picture=144, template=6))
    assert (count.image_tokens, count.margin, count.is_confirmed) == (144, 6, False)


def test_no_prompt_is_taken_for_shorter_than_the_device_will_count_it() -> None:
    """With one picture first, the template's words count as the picture's: too many, and never too few."""
    count = TokenCount(**QWEN2)
    count.learn(40, 1, device_count(40, 1, a_picture=144, template=6))
    for images in range(1, 6):
        assert count.total(40, images) + count.margin >= device_count(40, images, a_picture=144, template=6)
    count.learn(40, 0, device_count(40, 0, a_picture=144, template=6))
    assert count.total(40, 0) + count.margin == device_count(40, 0, a_picture=144, template=6)
    assert not count.is_confirmed


def test_a_template_that_is_shorter_than_ours_is_no_negative_margin() -> None:
    count = TokenCount(**QWEN2)
    count.learn(40, 0, 36)
    assert (count.margin, count.is_confirmed) == (0, False)
