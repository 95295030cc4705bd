"""JSON is found in what a small model says, and half of it never is."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailo_vision.generate.documents import MAX_TRIED_CHARS, MAX_TRIES, NoDocument, document, dumped


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ('  \n{"a": 1}\n', {"a": 1}),
        ("5", 5),
        ('"a"', "a"),
        ("null", None),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('```\n{"a": 1}\n```', {"a": 1}),
        ('```JSON\n{"a": 1}', {"a": 1}),
        ('Sure! Here it is:\n```json\n{"a": 1}\n```\nAnything else?', {"a": 1}),
        ('See [1]: {"a": [1, 2]} I hope that helps {you}.', {"a": [1, 2]}),
        ('{"a": {"b": 1}} and {"c": 2}', {"a": {"b": 1}}),
        ('{"a": 1, "a": 2}', {"a": 2}),
        ('{broken {"a": 1}', {"a": 1}),
    ],
)
def test_a_document_is_found_alone_in_a_fence_or_among_words(text: str, value: Any) -> None:
    assert document(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I can't do that.",
        '{"a": 1',
        '{"a": 1,}',
        "{'a': 1}",
        "NaN",
        '{"a": NaN}',
        '{"a": Infinity}',
        '{"a": 1e999}',
        "```json\n```",
        "[" * 100_000,
        "{" * 100_000,
        '{"a":' * 100_000,
        "9" * 10_000,
        "[" * 500 + "]" * 500,
        "Look: " + '{"a":' * 500 + "1" + "}" * 500,
    ],
    ids=lambda text: text[:12],
)
def test_what_is_no_document_is_none(text: str) -> None:
    with pytest.raises(NoDocument) as error:
        document(text)
    assert len(str(error.value)) < 200


def test_there_is_an_end_to_the_search() -> None:
    with pytest.raises(NoDocument):
        document("{ " * MAX_TRIES + '{"a": 1}')


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
)
def test_a_document_goes_out_as_it_came_in(value: Any) -> None:
    assert json.loads(dumped(document(json.dumps(value)))) == value


@given(st.text(alphabet='{}[]",:a1`\n \\', max_size=60))
def test_any_text_has_a_document_or_none(text: str) -> None:
    with suppress(NoDocument):
        dumped(document(text))


@pytest.mark.parametrize(
    "text",
    ["x" + ("[" + "1," * 7000) * 70, "```json\n{}\n```\n" * 70_000, "```json\n[1,\n```\n" * 70_000],
    ids=["arrays without an end", "fences", "fences with half of an array"],
)
def test_the_work_in_a_long_text_is_bounded(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    plain = json.JSONDecoder.raw_decode

    def counted(decoder: json.JSONDecoder, text: str, idx: int = 0) -> Any:
        try:
            value, end = plain(decoder, text, idx)
        except json.JSONDecodeError as error:
            read.append(error.pos - idx)
            raise
        read.append(end - idx)
        return value, end

    monkeypatch.setattr(json.JSONDecoder, "raw_decode", counted)
    with suppress(NoDocument):
        document(text)
    assert len(read) <= 1 + 2 * MAX_TRIES
    assert sum(read) <= len(text) + MAX_TRIED_CHARS
