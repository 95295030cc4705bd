"""What is left out of a request that is too large."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailo_vision.chat import ChatRequest, ImageRef, Role, Sampling, Text, Turn
from hailo_vision.generate.frames import image_refs
from hailo_vision.generate.reduction import with_fewer_pictures

Parts = tuple[Text | ImageRef, ...]


def request(*turns: tuple[Role, str]) -> ChatRequest:
    """A conversation in which each capital letter is a picture, and all else is text."""
    return ChatRequest(
        model="m",
        turns=tuple(Turn(role=role, parts=tuple(map(_part, text))) for role, text in turns),
        sampling=Sampling(),
        max_tokens=9,
    )


def _part(letter: str) -> Text | ImageRef:
    return ImageRef(url=letter, param="p") if letter.isupper() else Text(text=letter)


def said(reduced: ChatRequest) -> list[str]:
    words: list[str] = []
    for turn in reduced.turns:
        parts = [part.url if isinstance(part, ImageRef) else part.text for part in turn.parts if _is_shown(part)]
        words.append("".join(parts).replace("(not shown)", "-"))
    return words


def _is_shown(part: object) -> bool:
    assert isinstance(part, ImageRef | Text)
    return True


@pytest.mark.parametrize(
    ("sent", "most", "shown"),
    [
        ("ABCDEFGHIJ", 4, "ADGJ"),
        ("ABCDEFGHIJ", 3, "AFJ"),
        ("ABCDEFGHIJ", 2, "AJ"),
        ("ABCDEFGHIJ", 1, "J"),
        ("ABCDE", 4, "ABDE"),
        ("ABCD", 4, "ABCD"),
        ("ABC", 0, "ABC"),  # where no picture is taken at all, that is said
        ("x", 4, "x"),
    ],
)
def test_of_too_many_pictures_an_even_choice_is_shown_with_the_first_and_the_last(
    sent: str, most: int, shown: str
) -> None:
    assert said(with_fewer_pictures(request(("user", sent)), most)) == [shown]


def test_a_place_between_words_says_that_its_picture_is_not_shown() -> None:
    assert said(with_fewer_pictures(request(("user", "1A2B3C4D5")), 2)) == ["1A2-3-4D5"]
    assert said(with_fewer_pictures(request(("user", "aABCD")), 2)) == ["aAD"]


def test_the_pictures_of_the_last_question_come_before_those_of_earlier_ones() -> None:
    conversation = request(("user", "ABCDEx"), ("assistant", "y"), ("user", "FGz"), ("assistant", "w"), ("user", "v"))
    assert said(with_fewer_pictures(conversation, 4)) == ["AEx", "y", "FGz", "w", "v"]
    assert said(with_fewer_pictures(conversation, 2)) == ["x", "y", "FGz", "w", "v"]
    assert said(with_fewer_pictures(conversation, 1)) == ["x", "y", "Gz", "w", "v"]


@given(st.lists(st.text("Aa", max_size=12), min_size=1, max_size=5), st.integers(1, 14))
def test_as_many_as_may_be_are_shown_and_in_order(texts: list[str], most: int) -> None:
    sent = request(*(("user", text) for text in texts))
    reduced = with_fewer_pictures(sent, most)
    kept, all_refs = image_refs(reduced), image_refs(sent)
    assert len(kept) == min(most, len(all_refs))
    places = [next(i for i, ref in enumerate(all_refs) if ref is one) for one in kept]
    assert places == sorted(set(places))
    assert [turn.role for turn in reduced.turns] == [turn.role for turn in sent.turns]
