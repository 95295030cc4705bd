"""What is left out of a request that is too large."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loaded_models import QWEN2_VL

from hailo_vision.chat import (
    ChatRequest,
    Frame,
    Generation,
    ImageRef,
    Role,
    Sampling,
    Text,
    ToolCall,
    ToolResult,
    Turn,
)
from hailo_vision.errors import ContextLengthExceeded, PromptTooLong
from hailo_vision.generate.frames import check_length, image_refs
from hailo_vision.generate.reduction import said_turns, shortened, with_fewer_pictures, within_length


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


# Turns

MODEL = replace(QWEN2_VL, context_tokens=100, image_tokens=50)
FRAME = Frame(width_px=1, height_px=1, pixels=b"rgb")
TALK: tuple[tuple[Role, str], ...] = (
    ("system", "s"),
    ("user", "a" * 40),
    ("assistant", "b" * 40),
    ("user", "c" * 40),
    ("assistant", "d" * 40),
    ("user", "e" * 40),
)


def generation(*turns: tuple[Role, str], max_tokens: int = 10) -> Generation:
    """A conversation in which F is a frame."""
    said = (
        Turn(role=role, parts=tuple(FRAME if letter == "F" else Text(text=letter) for letter in text))
        for role, text in turns
    )
    return Generation(turns=tuple(said), sampling=Sampling(), max_tokens=max_tokens)


def counted(prompt_tokens: int) -> ContextLengthExceeded:
    return ContextLengthExceeded(prompt_tokens=prompt_tokens, context_tokens=MODEL.context_tokens)


def begin_of(shorter: Generation | None) -> str:
    """The roles of what is left, and the first letter that is said after the system's."""
    assert shorter is not None
    first = next(turn for turn in shorter.turns if turn.role != "system").parts[0]
    assert isinstance(first, Text)
    return "".join(turn.role[0] for turn in shorter.turns) + first.text


@pytest.mark.parametrize(
    ("prompt_tokens", "max_tokens", "left"),
    [
        (101, 10, "suauc"),  # 80 of 201 characters are 40 tokens: enough for 101 - 100 + 10
        (140, 10, "suauc"),  # 80 are 56 tokens, and 50 are to go
        (160, 10, "sue"),
        (140, 1000, "sue"),  # an answer that may be long gets a quarter of the context
        (9999, 10, "sue"),  # the last question stays, whatever it costs: the engine refuses it, or not
    ],
)
def test_as_many_of_the_oldest_questions_go_as_the_engine_counted_too_many_tokens(
    prompt_tokens: int, max_tokens: int, left: str
) -> None:
    assert begin_of(shortened(generation(*TALK, max_tokens=max_tokens), MODEL, counted(prompt_tokens))) == left


def test_a_frame_counts_as_much_as_it_costs() -> None:
    talk = generation(("user", "aF"), ("assistant", "b"), ("user", "c"), ("assistant", "d"), ("user", "eF"))
    assert begin_of(shortened(talk, MODEL, counted(105))) == "uauc"


def test_where_only_the_last_question_is_left_nothing_can_go() -> None:
    assert shortened(generation(("system", "s"), ("user", "e" * 40)), MODEL, counted(101)) is None
    assert shortened(generation(("user", "e" * 40), ("assistant", "yes")), MODEL, counted(101)) is None
    assert shortened(generation(), MODEL, counted(101)) is None


def test_a_refusal_without_a_count_costs_half_of_the_conversation() -> None:
    assert begin_of(shortened(generation(*TALK), MODEL, PromptTooLong("too long"))) == "sue"


def test_a_tools_result_stays_with_its_call_and_both_with_the_question() -> None:
    in_words = generation(
        ("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "x"), ("user", "r"), ("assistant", "z")
    )
    call: Turn[Frame] = Turn(role="assistant", parts=(Text(text="<tool_call>\n{}\n</tool_call>"),))
    prompted = replace(in_words, turns=(*in_words.turns[:3], call, *in_words.turns[4:]))
    assert begin_of(shortened(prompted, MODEL, counted(9999))) == "uauac"
    native_call: Turn[Frame] = Turn(role="assistant", parts=(ToolCall(id="1", name="look", arguments="{}"),))
    result: Turn[Frame] = Turn(role="user", parts=(ToolResult(call_id="1", text="r"),))
    native = replace(in_words, turns=(*in_words.turns[:3], native_call, result, result))
    assert begin_of(shortened(native, MODEL, counted(9999))) == "uauuc"


@given(st.lists(st.tuples(st.sampled_from(["user", "assistant"]), st.text("xF", max_size=9)), max_size=9))
def test_each_time_something_goes_until_only_the_last_question_is_left(said: list[tuple[Role, str]]) -> None:
    talk: Generation | None = generation(("system", "s"), *said)
    tries = 0
    while talk is not None:
        assert [turn.role for turn in talk.turns][:1] == ["system"]
        before, talk = talk, shortened(talk, MODEL, counted(101))
        assert talk is None or (len(talk.turns) < len(before.turns) and talk.turns[-1] is before.turns[-1])
        tries += 1
    assert tries <= len(said) + 1


def test_what_the_context_can_not_hold_in_any_way_goes_before_it_is_counted() -> None:
    letters = 128 * MODEL.context_tokens // 2
    words: Turn[ImageRef] = Turn(role="user", parts=(Text(text="w" * letters),))
    asked = replace(request(), turns=(words,) * 4)
    shorter = within_length(asked, MODEL)
    check_length(shorter, MODEL)
    assert (said_turns(asked.turns), said_turns(shorter.turns)) == (4, 1)
    many = replace(request(), turns=(Turn(role="user", parts=()),) * 10_000)
    check_length(within_length(many, MODEL), MODEL)
    assert within_length(request(("user", "x")), MODEL) == request(("user", "x"))
