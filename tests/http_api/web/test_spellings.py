"""A request is read as the same one however its JSON is written, and however large its picture is."""

import base64
import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hailo_vision.http_api.web.body import MAX_JSON_BYTES, json_object
from hailo_vision.http_api.web.http_errors import InvalidJson, JsonTooLarge

SIZES = {"1 kB": 1_000, "250 kB": 250_000, "10 MB": 10_000_000}
RANDOM = random.Random(17)
BYTES = b"\xff\xd8\xff" + RANDOM.randbytes(max(SIZES.values()) // 4 * 3)
Escape = Callable[[str], str]


def u(letter: str) -> str:
    return f"\\u{ord(letter):04x}"


def each(letters: str) -> Escape:
    """As System.Text.Json, Gson and others escape some letters, and leave the others."""
    return lambda text: "".join(u(letter) if letter in letters else letter for letter in text)


def replaced(old: str, new: str) -> Escape:
    return lambda text: text.replace(old, new)


# Of a string's text, in which line ends and quotes are escaped already.
ESCAPES: dict[str, Escape] = {
    "none": str,
    "\\u002B, as .NET": replaced("+", "\\u002B"),
    "\\u003d, as Gson": replaced("=", "\\u003d"),
    "\\/, as PHP": replaced("/", "\\/"),
    "the rarer letters": each("dDqQ+/=:;,"),
}
BLANKS = {"none": "", "a blank": " ", "a line end": "\n", "several": " \t\r\n\f"}
HEADERS = {
    "JPEG": "data:image/jpeg;base64,",
    "capitals": "DATA:IMAGE/JPEG;BASE64,",
    "no type": "data:;base64,",
    "a name in quotes": 'data:image/jpeg;name="a cat.jpg";base64,',
    "blanks": "data: image/jpeg; base64 , ",
    "HEIC": "data:image/heic;base64,",
    "bare": "",
    "Python's bytes": "b'",
}
LINES = {"one": 0, "76 letters": 76, "20 letters": 20}
LAYOUTS: dict[str, dict[str, Any]] = {
    "compact": {"separators": (",", ":")},
    "usual": {},
    "indented": {"indent": 4},
    "wide": {"separators": (" ,\r\n\t", "   : \n ")},
    "sorted": {"sort_keys": True, "indent": "\t"},
}
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")
PLACE = "PICTURE"


def text(size: str, header: str = "JPEG", blanks: str = "none", lines: str = "one") -> str:
    letters = base64.b64encode(BYTES[: SIZES[size] // 4 * 3]).decode()
    width = LINES[lines]
    wrapped = "\r\n".join(letters[at : at + width] for at in range(0, len(letters), width)) if width else letters
    return f"{BLANKS[blanks]}{HEADERS[header]}{wrapped}{BLANKS[blanks]}"


def request(picture: str, order: int) -> dict[str, Any]:
    """The same request with its keys in different orders; after the first picture comes one that is small."""
    parts = [
        {"type": "image_url", "image_url": {"url": picture, "detail": "low"}},
        {"type": "text", "text": 'Wie heißt "das"? \\ 🦊'},
        {"type": "image_url", "image_url": {"url": picture[:1000]}},
    ]
    fields = {"model": "m", "messages": [{"role": "user", "content": parts}], "images": [picture], "stream": False}
    names = random.Random(order).sample(list(fields), len(fields))
    return {name: fields[name] for name in names}


def written(picture: str, *, escape: str, layout: str, encoding: str, order: int, ascii_only: bool = False) -> bytes:
    shell = json.dumps(request(PLACE, order), ensure_ascii=ascii_only, **LAYOUTS[layout])
    for place in (PLACE, PLACE[:1000]):
        shell = shell.replace(f'"{place}"', '"' + ESCAPES[escape](json.dumps(picture)[1:-1]) + '"')
    return shell.encode(encoding)


spellings = st.fixed_dictionaries(
    {
        "escape": st.sampled_from(list(ESCAPES)),
        "layout": st.sampled_from(list(LAYOUTS)),
        "encoding": st.sampled_from(ENCODINGS),
        "order": st.integers(0, 23),
        "ascii_only": st.booleans(),
    }
)
pictures = st.builds(
    text,
    st.sampled_from(["1 kB", "250 kB"]),
    header=st.sampled_from(list(HEADERS)),
    blanks=st.sampled_from(list(BLANKS)),
    lines=st.sampled_from(list(LINES)),
)


def expected(picture: str, order: int) -> dict[str, Any]:
    value = request(picture, order)
    value["messages"][0]["content"][2]["image_url"]["url"] = picture
    return value


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pictures, spellings)
def test_every_spelling_is_read_as_the_same_request(picture: str, spelling: dict[str, Any]) -> None:
    assert json_object(written(picture, **spelling)) == expected(picture, spelling["order"])


@pytest.mark.parametrize(
    ("changed", "of_picture"),
    [
        *(({"escape": escape}, {}) for escape in ESCAPES),
        *(({"layout": layout}, {}) for layout in LAYOUTS),
        *(({"encoding": encoding}, {}) for encoding in ENCODINGS),
        *(({}, {"header": header}) for header in HEADERS),
        *(({}, {"blanks": blanks, "lines": "76 letters"}) for blanks in BLANKS),
    ],
    ids=str,
)
def test_every_spelling_of_ten_megabytes_is_read_as_the_same_request(
    changed: dict[str, Any], of_picture: dict[str, str]
) -> None:
    picture = text("10 MB", **of_picture)
    spelling = {"escape": "none", "layout": "usual", "encoding": "utf-8", "order": 1, **changed}
    assert json_object(written(picture, **spelling)) == expected(picture, 1)


@pytest.mark.parametrize("size", SIZES)
def test_a_picture_of_escapes_alone_is_read(size: str) -> None:
    picture = text(size)
    content = "".join(map(u, picture)).encode()
    assert json_object(b'{"url": "' + content + b'"}') == {"url": picture}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("damage", "error"),
    [
        (lambda body: body.replace(b'"}', b'\n"}'), InvalidJson),
        (lambda body: body.replace(b'"}', b'\t"}'), InvalidJson),
        (lambda body: body.replace(b'"}', b'\\x"}'), InvalidJson),
        (lambda body: body.replace(b'"}', b'\\u00"}'), InvalidJson),
        (lambda body: body.replace(b'"}', b'\xff"}'), InvalidJson),
        (lambda body: body[:-2], InvalidJson),
        (lambda body: body[:-1], InvalidJson),
        (lambda body: body.replace(b'"}', b'""}'), InvalidJson),
        (lambda body: body.decode().encode("utf-16")[:-1], InvalidJson),
    ],
    ids=range(9),
)
def test_what_is_no_json_is_called_so_at_every_size(size: str, damage: Callable[[bytes], bytes], error: type) -> None:
    body = f'{{"url": "{text(size)}"}}'.encode()
    with pytest.raises(error):
        json_object(damage(body))


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_a_body_in_another_encoding_is_told_that_json_is_utf_8(encoding: str) -> None:
    with pytest.raises(InvalidJson, match="not UTF-8 text"):
        json_object('{"prompt": "Straße"}'.encode(encoding))


def test_a_string_that_is_too_long_for_text_is_named_as_the_reason() -> None:
    for letters in ("Not base64: " + "A" * 425_000, "Words and words, " * 25_000):
        with pytest.raises(JsonTooLarge, match="one string has 425 kB and counts as text"):
            json_object(json.dumps({"url": letters}).encode())
    for value in ([[]] * 200_000, ["words"] * 60_000):
        with pytest.raises(JsonTooLarge, match=r"read here\. Shorten it"):
            json_object(json.dumps({"messages": value}).encode())


def test_text_up_to_the_limit_is_read_whatever_it_looks_like() -> None:
    for unit in ('"', "\\", "a\n", "é", "data: ", "🦊", "A"):
        words = unit * ((MAX_JSON_BYTES - 1000) // len(json.dumps(unit)))
        for ascii_only in (True, False):
            assert json_object(json.dumps({"text": words}, ensure_ascii=ascii_only).encode()) == {"text": words}
