"""What a question asks of a picture."""

import pytest

from hailo_vision.simulator.question import Ask, read_question


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("How many images are there?", (Ask.COUNT,)),
        ("What is the number of pictures?", (Ask.COUNT,)),
        ("Is it bright or dark?", (Ask.BRIGHTNESS,)),
        ("How bright is the photo?", (Ask.BRIGHTNESS,)),
        ("Which image is brighter?", (Ask.COMPARE_LIGHT,)),
        ("Which is the darkest picture?", (Ask.COMPARE_LIGHT,)),
        ("Where is the brightest spot?", (Ask.BRIGHTEST,)),
        ("What colour is on the left?", (Ask.COLOUR_THERE,)),
        ("What is at the top right?", (Ask.COLOUR_THERE,)),
        ("What's in the middle of it?", (Ask.COLOUR_THERE,)),
        ("Where is the red part?", (Ask.WHERE_IS_COLOUR,)),
        ("Is there any gray in it?", (Ask.HAS_COLOUR,)),
        ("How much blue do you see?", (Ask.HAS_COLOUR,)),
        ("What colors are in this image?", (Ask.COLOURS,)),
        ("What size is the image?", (Ask.SIZE,)),
        ("Are there grey bars?", (Ask.BARS,)),
        ("Describe this picture.", (Ask.DESCRIBE,)),
        ("What is in this image?", (Ask.DESCRIBE,)),
        ("What do you see?", (Ask.DESCRIBE,)),
        ("", (Ask.DESCRIBE,)),
        ("Who is the person?", (Ask.OTHER,)),
        ("Describe this picture and its brightness.", (Ask.BRIGHTNESS, Ask.DESCRIBE)),
        ("How many images are there, and of what size?", (Ask.COUNT, Ask.SIZE)),
    ],
)
def test_questions_are_told_apart(text: str, asks: tuple[Ask, ...]) -> None:
    assert read_question(text).asks == asks


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("What is in image 2?", 2),
        ("Describe the second picture", 2),
        ("Is the last one dark?", -1),
        ("Describe the picture", None),
    ],
)
def test_a_picture_can_be_named_by_its_number(text: str, number: int | None) -> None:
    assert read_question(text).number == number


def test_colours_and_places_have_one_name_each() -> None:
    question = read_question("Is there turquoise or GRAY in the upper left, the lower right or the center?")
    assert question.colours == ("cyan", "grey")
    assert question.places == ("top left", "bottom right", "centre")
    assert question.is_yes_or_no
