"""Special tokens in text become plain text, whatever the vocabulary."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailo_vision.special_tokens import KNOWN, SpecialTokens

VOCABULARY = (
    "<s>",
    "</s>",
    "[INST]",
    "[/INST]",
    "<|im_end|>",
    "<end_of_turn>",
    "][",
    "<s><s",
    "<unused1>",
    "<unused12>",
)
SPECIAL = SpecialTokens(VOCABULARY)
hostile = st.lists(st.sampled_from([*VOCABULARY, "<", "|", ">", "[", "]", "s", "im_end", " ", "世"])).map("".join)


@given(st.text() | hostile)
def test_no_token_is_left_and_a_second_time_changes_nothing(text: str) -> None:
    neutral = SPECIAL.neutralise(text)
    assert not any(token in neutral for token in VOCABULARY)
    assert SPECIAL.neutralise(neutral) == neutral
    assert neutral.replace(" ", "") == text.replace(" ", "")  # nothing but spaces was put in


@pytest.mark.parametrize("token", [*KNOWN, "<|im_end|>", "<|eot_id|>", "<｜User｜>", "<｜end▁of▁sentence｜>"])
def test_each_known_token_is_inert(token: str) -> None:
    special = SpecialTokens(KNOWN)
    assert token not in special.neutralise(f"a {token} b")
    assert token not in special.neutralise(token * 3)


def test_other_text_stays_as_it_is() -> None:
    for text in ("if a < b: [x] = 3", "<div>é 写真 🙂</div>", "<| im_end |>", "a|b", ""):
        assert SpecialTokens(KNOWN).neutralise(text) == text


def test_a_token_that_is_a_plain_word_or_white_space_is_no_reason_to_change_text() -> None:
    assert SpecialTokens(("user", "\n\n", "", "x")).neutralise("user\n\nx") == "user\n\nx"


def test_names_and_values_of_json_are_inert() -> None:
    value = {"<s>": ["</s>", {"deep": "[INST]"}], "number": 3, "none": None, "yes": True}
    assert SPECIAL.neutralise_json(value) == {
        "< s>": ["< /s>", {"deep": "[ INST]"}],
        "number": 3,
        "none": None,
        "yes": True,
    }


def test_a_vocabulary_of_thousands_is_one_pattern() -> None:
    tokens = [f"<unused{number}>" for number in range(6000)] + [f"[control_{number}]" for number in range(1000)]
    assert (
        SpecialTokens(tokens).neutralise("<unused5999>[control_7]<unused6000>")
        == "< unused5999>[ control_7]<unused6000>"
    )
