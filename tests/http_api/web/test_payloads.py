"""Pictures are cut out of a body, and nobody can tell from what is read."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailo_vision.http_api.web.body import MAX_JSON_BYTES, MAX_JSON_VALUES, json_object
from hailo_vision.http_api.web.http_errors import InvalidJson, JsonTooLarge, TooManyValues
from hailo_vision.http_api.web.payloads import cut

LETTERS = base64.b64encode(bytes(range(256)) * 60).decode()
URI = f"data:image/png;base64,{LETTERS}"


@pytest.mark.parametrize(
    "picture",
    [
        URI,
        URI.upper(),
        f"data:;base64,{LETTERS}",
        *(head + LETTERS for head in ("/9j/", "iVBORw0KGgo", "R0lGOD", "Qk1")),
    ],
)
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (" ,\n\t", " :\r\n ")])
def test_pictures_are_cut_out_and_land_where_they_stood(picture: str, separators: tuple[str, str]) -> None:
    value = {"url": picture, "list": [picture, "a", [picture + "x"]], "after": 1}
    body = json.dumps(value, separators=separators).encode()
    found = cut(body, MAX_JSON_BYTES)
    assert len(found.payloads) == 3
    assert len(found.json) < 300
    assert json_object(body) == value


@given(
    st.recursive(
        st.none()
        | st.text(max_size=5)
        | st.integers()
        | st.sampled_from([URI, "data:" + "x" * 9000, "\\" * 5000, '"' * 5000]),
        lambda inner: (
            st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(["a", URI, '"']), inner, max_size=3)
        ),
        max_leaves=12,
    ),
    st.booleans(),
)
def test_every_body_reads_as_plain_json_does(value: Any, ascii_only: bool) -> None:
    assert json_object(json.dumps({"value": value}, ensure_ascii=ascii_only).encode()) == {"value": value}


def test_a_picture_inside_another_string_is_left_there() -> None:
    text = f'Look at ["{URI}", or ,"{URI}"'
    assert json_object(json.dumps({"text": text}).encode()) == {"text": text}


def test_a_text_that_begins_like_a_picture_keeps_its_escapes() -> None:
    for text in (f'{URI} and "more"', f"{URI}\tmore", f"{URI}\u20ac\\"):
        assert json_object(json.dumps({"text": text}).encode()) == {"text": text}


def test_an_escaped_quote_does_not_end_a_picture() -> None:
    body = f'{{"text": "data:image\\/png;base64,{LETTERS}\\" and more"}}'.encode()
    assert json_object(body) == json.loads(body)


@pytest.mark.parametrize(
    "body",
    [
        f'{{"a": "{URI}", "b": -Infinity}}',
        f'{{"b": -Infinity, "a": "{URI}"}}',
        f'{{"a": "{URI}", "b": Infinity}}',
        f'{{"a": NaN, "b": "{URI}"}}',
        f'{{"a": "{URI}',
        f'{{"a":"b:"{URI}""}}',
        f'{{"a": "{URI}" "{URI}"}}',
        f'{{"a": "b"{URI}"}}',
    ],
    ids=range(8),
)
def test_a_body_with_pictures_that_is_no_json_is_refused(body: str) -> None:
    with pytest.raises(InvalidJson):
        json_object(body.encode())


def test_a_payload_that_is_no_utf_8_is_refused() -> None:
    with pytest.raises(InvalidJson):
        json_object(b'{"a": "' + URI.encode() + b'\xff"}')


@pytest.mark.parametrize("unit", [b"[],", b'{"a":1},', b'"a",', b"1,"])
def test_more_than_any_conversation_besides_pictures_is_refused_unread(unit: bytes) -> None:
    body = b'{"a": [' + unit * (1_000_000 // len(unit)) + b'0], "b": "' + URI.encode() + b'"}'
    with pytest.raises(JsonTooLarge, match="300 kB besides its pictures"):
        json_object(body)


@pytest.mark.parametrize(
    "shape",
    [
        lambda count: [0] * count,
        lambda count: {str(index): 0 for index in range(count)},
        lambda count: [[]] * count,
        lambda count: [[{}]] * (count // 2),
        lambda count: [{"a": {"b": None}}] * (count // 3),
    ],
)
def test_the_number_of_values_is_bounded_whatever_they_are(shape: Callable[[int], Any]) -> None:
    most = MAX_JSON_VALUES - 3
    value = {"a": shape(most), "text": ", [{" * 1000}
    assert json_object(json.dumps(value, separators=(",", ":")).encode()) == value
    for body in ({"a": shape(most + 4)}, {"a": shape(most), "b": shape(6)}):
        with pytest.raises(TooManyValues, match="30000 JSON values"):
            json_object(json.dumps(body, separators=(",", ":")).encode())


def test_many_megabytes_of_pictures_are_no_megabyte_of_json() -> None:
    value = {"pictures": [f"data:image/jpeg;base64,{LETTERS * 100}"] * 4}
    assert json_object(json.dumps(value).encode()) == value
