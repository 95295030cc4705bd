"""Stop strings: what goes out is the text before the first of them, however the model cuts it into tokens."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hailo_vision.worker.holdback import HoldBack

searching = settings(max_examples=500, deadline=None)

# Two letters, so that stop strings overlap, contain each other and nearly happen all the time.
tokens = st.lists(st.text("ab", max_size=4), max_size=12)
stops = st.lists(st.text("ab", min_size=1, max_size=5), max_size=4).map(tuple)


def expected(text: str, stop: tuple[str, ...]) -> tuple[str, bool]:
    """The answer and whether it was stopped, one character at a time: the plainest way to say it."""
    for end in range(1, len(text) + 1):
        complete = [len(one) for one in stop if text[:end].endswith(one)]
        if complete:
            return text[: end - max(complete)], True
    return text, False


def open_end(text: str, stop: tuple[str, ...]) -> str:
    """The longest end of a text that may still become a stop string."""
    ends = (text[start:] for start in range(len(text)))
    return next((end for end in ends if any(one.startswith(end) for one in stop)), "")


@searching
@given(tokens, stops)
def test_what_goes_out_is_the_text_before_the_first_stop_string(tokens: list[str], stop: tuple[str, ...]) -> None:
    hold_back = HoldBack(stop)
    out = "".join(map(hold_back.feed, tokens)) + hold_back.flush()
    assert (out, hold_back.stopped) == expected("".join(tokens), stop)
    if hold_back.matched is not None:
        assert hold_back.matched in stop
        assert "".join(tokens).startswith(out + hold_back.matched)


@searching
@given(tokens, stops)
def test_text_goes_out_as_soon_as_it_can_be_no_part_of_a_stop_string(tokens: list[str], stop: tuple[str, ...]) -> None:
    hold_back = HoldBack(stop)
    fed = out = ""
    for token in tokens:
        fed += token
        out += hold_back.feed(token)
        text, is_stopped = expected(fed, stop)
        assert hold_back.stopped is is_stopped
        assert out == (text if is_stopped else text.removesuffix(open_end(text, stop)))


@pytest.mark.parametrize(
    ("tokens", "stop", "answer"),
    [
        (["Done.", " END", " more"], ("END",), "Done. "),
        (["Done. E", "N", "D more"], ("END",), "Done. "),
        (["a EN", "tity"], ("END",), "a ENtity"),
        (["a E", "END"], ("END",), "a E"),
        (["abcd"], ("abcd", "bc"), "a"),  # "bc" is complete first, though "abcd" begins before it
        (["abc"], ("bc", "abc"), ""),  # complete together: the longer
        (["one\n", "\ntwo"], ("\n\n",), "one"),
        (["caf", "é au lait"], ("é",), "caf"),
        (["END"], ("END",), ""),
        (["a trailing EN"], ("END",), "a trailing EN"),
    ],
)
@pytest.mark.parametrize("slicing", ["tokens", "characters", "whole"])
def test_the_answer_ends_before_the_stop_string(
    tokens: list[str], stop: tuple[str, ...], answer: str, slicing: str
) -> None:
    text = "".join(tokens)
    hold_back = HoldBack(stop)
    fed = {"tokens": tokens, "characters": list(text), "whole": [text]}[slicing]
    assert "".join(map(hold_back.feed, fed)) + hold_back.flush() == answer


def test_without_stop_strings_nothing_waits() -> None:
    hold_back = HoldBack(())
    assert [hold_back.feed(text) for text in ("a", "", "b\n")] == ["a", "", "b\n"]
    assert hold_back.flush() == ""


def test_after_a_stop_string_nothing_goes_out_any_more() -> None:
    hold_back = HoldBack(("END",))
    hold_back.feed("END and EN")
    assert (hold_back.feed("D or not"), hold_back.flush(), hold_back.stopped) == ("", "", True)


def test_what_was_flushed_does_not_come_again() -> None:
    hold_back = HoldBack(("END",))
    hold_back.feed("EN")
    assert (hold_back.flush(), hold_back.flush(), hold_back.stopped) == ("EN", "", False)
