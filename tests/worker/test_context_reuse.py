"""Which conversations may go on from the device's context."""

from hailo_vision.chat import Frame, Role, Text, Turn
from hailo_vision.worker.context_reuse import HeldContext, hold

RED = Frame(width_px=1, height_px=1, pixels=b"\xff\x00\x00")
BLUE = Frame(width_px=1, height_px=1, pixels=b"\x00\x00\xff")


def turn(role: Role, *parts: str | Frame) -> Turn[Frame]:
    return Turn(role=role, parts=tuple(Text(text=part) if isinstance(part, str) else part for part in parts))


ASKED = (turn("system", "Be brief."), turn("user", RED, "What is it?"))


def held() -> HeldContext:
    kept = hold(ASKED, "A red dot.", 200, "anna")
    assert kept is not None
    return kept


def test_the_same_turns_the_same_answer_and_one_more_question_continue() -> None:
    assert held().is_continued_by((*ASKED, turn("assistant", "A red dot."), turn("user", "Sure?")), "anna")
    assert held().is_continued_by((*ASKED, turn("assistant", "A red", " dot."), turn("user", BLUE)), "anna")


def test_anything_else_does_not() -> None:
    answer, more = turn("assistant", "A red dot."), turn("user", "Sure?")
    system, question = ASKED
    for turns in (
        ASKED,
        (*ASKED, answer),
        (*ASKED, more),
        (*ASKED, turn("assistant", "A red dot"), more),
        (*ASKED, answer, more, more),
        (*ASKED, answer, turn("assistant", "Sure?")),
        (question, answer, more),
        (turn("system", "Be brief"), question, answer, more),
        (system, turn("user", BLUE, "What is it?"), answer, more),
        (system, turn("user", "What is it?", RED), answer, more),
        (system, turn("user", RED, RED, "What is it?"), answer, more),
        (more,),
        (),
    ):
        assert not held().is_continued_by(turns, "anna")


def test_another_client_does_not_continue_the_same_conversation() -> None:
    turns = (*ASKED, turn("assistant", "A red dot."), turn("user", "Sure?"))
    assert not held().is_continued_by(turns, "bob")
    assert not held().is_continued_by(turns, None)


def test_an_answer_that_would_come_back_changed_is_not_held() -> None:
    assert hold(ASKED, "It ends with <|im_end|>", 200, "anna") is None
