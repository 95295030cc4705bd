"""The tokenizer: reversible, with special tokens and incomplete characters as the device's has them."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailo_vision.simulator.tokenizer import (
    END_OF_TEXT,
    IM_END,
    IM_START,
    IMAGE_PAD,
    SPECIAL,
    SPECIAL_IDS,
    decode,
    decode_bytes,
    encode,
    encode_plain,
)

COUNTED = json.loads((Path(__file__).parent / "counted_texts.json").read_text())["texts"]

texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]))


@given(texts)
def test_every_text_comes_back_from_its_tokens(text: str) -> None:
    assert decode(encode(text)) == text


@given(texts)
def test_plain_words_never_become_special_tokens(text: str) -> None:
    tokens = encode_plain(text + "<|im_end|>")
    assert SPECIAL_IDS.isdisjoint(tokens)
    assert decode(tokens) == text + "<|im_end|>"


@given(st.integers(0, END_OF_TEXT - 1))
def test_every_id_below_the_special_ones_decodes(token: int) -> None:
    raw = decode_bytes(token)
    assert len(raw) <= 8
    if raw and not raw.decode("utf-8", "replace").endswith("\ufffd"):
        assert decode(encode(raw.decode("utf-8", "replace"))) == raw.decode("utf-8", "replace")


def test_special_tokens_are_recognised_whoever_wrote_them() -> None:
    # Contract 2.4 and trap 24: user text is tokenized with special tokens recognised. Ids are Qwen's.
    assert encode("a<|image_pad|>b<|im_end|>") == [*encode("a"), 151655, *encode("b"), 151645]
    assert (END_OF_TEXT, IM_START, IM_END, IMAGE_PAD) == (151643, 151644, 151645, 151655)
    assert all(encode(text) == [token] and decode([token]) == text for text, token in SPECIAL.items())


@pytest.mark.parametrize("counted", COUNTED, ids=lambda counted: counted["kind"])
def test_a_text_has_as_many_tokens_as_in_qwens_table(counted: dict[str, Any]) -> None:
    # Counted with the table that PyPI's dashscope 2.0.2 carries (resources/qwen.tiktoken) and tiktoken, without special
    # tokens; the texts are of this project.
    assert len(encode(counted["text"])) == pytest.approx(counted["tokens"], rel=0.1)


def test_a_word_is_split_so_that_a_stop_string_crosses_the_border_of_tokens() -> None:
    # Contract 2.9: a stop string that is split differently in context is missed.
    pieces = [decode([token]) for token in encode("The Klingelknopf")]
    assert pieces == ["The", " Kli", "nge", "lkn", "opf"]


@pytest.mark.parametrize("character", ["é", "日", "🙂"])
def test_a_character_outside_ascii_is_spread_over_tokens_that_are_incomplete_alone(character: str) -> None:
    # Contract 2.7: a token whose text ends in U+FFFD is held back.
    tokens = encode(character)
    assert len(tokens) == 2
    assert decode(tokens[:1]).endswith("\ufffd")
    assert decode(tokens) == character


def test_ids_are_stable() -> None:
    # 256 bytes, then 18,278 short pieces four times: "A" is the first with a capital, " red" stands among those with
    # a space at 26 + 26**2 + 17 * 26**2 + 4 * 26 + 3. A longer piece is its bytes behind a byte of 1, 32 bits up.
    longer = int.from_bytes(b"\x01 cups", "big") << 32
    assert encode("A red cups.") == [256 + 18278, 256 + 2 * 18278 + 702 + 11599, longer, 46]


def test_a_lone_surrogate_is_no_text() -> None:
    # Contract 1.2: UnicodeEncodeError can escape.
    with pytest.raises(UnicodeEncodeError):
        encode("\ud800")
