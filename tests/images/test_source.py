"""What a picture's url can be."""

import base64
import contextlib
import random
import textwrap
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailo_vision.errors import ImageFault
from hailo_vision.images.bad_image import BadImage
from hailo_vision.images.source import Inline, Remote, read_source
from images.drawn import corners, data_uri, encoded

PNG = encoded(corners(), "PNG")
BASE64 = base64.b64encode(PNG).decode()
# Bytes whose base64 has both of the letters that the two alphabets write differently, and padding.
AWKWARD = b"\xff\xef\xbe\xfb\xff" * 7 + b"\xfe\xff"


def inline(url: str) -> bytes:
    source = read_source(url)
    assert isinstance(source, Inline)
    return source.decode()


def refusal(url: str) -> BadImage:
    with pytest.raises(BadImage) as caught:
        inline(url)
    return caught.value


@pytest.mark.parametrize(
    "url",
    [
        f"data:image/png;base64,{BASE64}",
        f"DATA:IMAGE/PNG;BASE64,{BASE64}",
        f"Data:image/png;Base64,{BASE64}",
        f"data:;base64,{BASE64}",
        f"data:image/png;charset=utf-8;base64,{BASE64}",
        f"data:image/png;name=a b.png; base64 ,{BASE64}",
        f"data:application/octet-stream;base64,{BASE64}",
        f"data:image/jpeg;base64,{BASE64}",
        f"  data:image/png;base64,{BASE64}\n",
        f"data:image/png;base64, {textwrap.fill(BASE64, 76)}\r\n",
        f"data:image/png;base64,{BASE64.rstrip('=')}",
        f"data:image/png;base64,{BASE64}====",
        BASE64,
        f"\n{textwrap.fill(BASE64, 60)}",
    ],
)
def test_data_uris_are_taken_in_every_spelling_that_clients_use(url: str) -> None:
    assert inline(url) == PNG


@pytest.mark.parametrize(
    "letters",
    [
        base64.b64encode(AWKWARD).decode(),
        base64.urlsafe_b64encode(AWKWARD).decode(),
        base64.urlsafe_b64encode(AWKWARD).decode().rstrip("="),
        base64.b64encode(AWKWARD).decode().replace("+", "-"),
    ],
)
def test_both_base64_alphabets_are_read(letters: str) -> None:
    assert inline(f"data:image/png;base64,{letters}") == AWKWARD


@given(st.binary(max_size=300), st.booleans(), st.booleans(), st.integers(min_value=1, max_value=100))
def test_whatever_is_encoded_comes_back(data: bytes, url_safe: bool, padded: bool, width: int) -> None:
    letters = (base64.urlsafe_b64encode(data) if url_safe else base64.b64encode(data)).decode()
    letters = letters if padded else letters.rstrip("=")
    wrapped = "\n".join(letters[at : at + width] for at in range(0, len(letters), width))
    assert inline(f"data:;base64,{wrapped}") == data


@pytest.mark.parametrize("size", [196_607, 196_608, 196_609, 600_001])
@pytest.mark.parametrize("line", [0, 64, 77])
def test_data_that_is_longer_than_a_slice_is_read_whole(size: int, line: int) -> None:
    data = bytes(range(256)) * (size // 256) + bytes(size % 256)
    letters = base64.b64encode(data).decode()
    wrapped = "\n".join(letters[at : at + line] for at in range(0, len(letters), line)) if line else letters
    assert inline(f"data:;base64,{wrapped}") == data


def test_padding_at_the_end_of_one_slice_ends_the_data() -> None:
    letters = "A" * ((1 << 18) - 2) + "==" + "AAAA"
    assert "after its padding" in refusal(f"data:;base64,{letters}").reason


@pytest.mark.parametrize(
    ("letters", "why"),
    [
        ("AAAA=AAAA", "after its padding"),
        ("AAA%41", "characters that base64 does not have"),
        ("AAA\u00e4", "characters that base64 does not have"),
        ("AAA\ud800", "characters that base64 does not have"),
        ("AAA\0", "characters that base64 does not have"),
        ("<svg/>", "characters that base64 does not have"),
        ("AAAAA", "cut off"),
        ("b'/9j/4AAQ'", "send the text of .decode()"),
        ("data:image/png;base64,AAAA", "write the prefix once"),
    ],
)
def test_what_is_no_base64_is_refused_with_the_reason(letters: str, why: str) -> None:
    refused = refusal(f"data:image/png;base64,{letters}")
    assert refused.fault == ImageFault.BAD_BASE64
    assert why in refused.reason


@pytest.mark.parametrize(
    "url",
    ["data:image/png", "data:", "data:image/png;base64", "data:image/png,AAAA", f"data:image/png{';x' * 999},AAAA"],
)
def test_data_uris_without_base64_are_refused(url: str) -> None:
    assert refusal(url).fault == ImageFault.BAD_BASE64


@pytest.mark.parametrize("url", ["http://example.com/a.jpg", " HTTPS://example.com/a.jpg\n", "Http://x"])
def test_web_addresses_are_recognised_and_not_yet_judged(url: str) -> None:
    assert read_source(url) == Remote(url=url.strip())


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "FILE:/etc/passwd",
        "file:picture.png",
        " file://localhost/etc/passwd",
        "fi\tle:///etc/passwd",
    ],
)
def test_file_addresses_are_refused(url: str) -> None:
    assert refusal(url).fault == ImageFault.BAD_ADDRESS


@pytest.mark.parametrize(
    "url",
    [
        "/etc/passwd",
        "/etc/shadow",
        "etc/passwd",
        "~/picture.png",
        "./picture.png",
        "picture.png",
        "C:\\picture.png",
        "\\\\server\\picture.png",
        "//example.com/picture.png",
        "example.com/picture.png",
        "ftp://example.com/picture.png",
        "gopher://example.com/",
        "blob:https://example.com/1234",
        "javascript:alert(1)",
        "a picture of a cat",
        "\0",
    ],
)
def test_paths_and_other_kinds_of_address_are_refused(url: str) -> None:
    refused = refusal(url)
    assert refused.fault == ImageFault.BAD_ADDRESS
    assert "data: URI" in refused.reason


@pytest.mark.parametrize("url", ["", " ", "\n\t"])
def test_nothing_is_called_empty(url: str) -> None:
    assert refusal(url).fault == ImageFault.EMPTY


@given(st.text())
def test_no_text_does_more_harm_than_a_refusal(url: str) -> None:
    for text in (url, f"data:{url}", f"data:;base64,{url}", f"iVBORw0KGgo{url}"):
        with contextlib.suppress(BadImage):
            source = read_source(text)
            assert isinstance(source, Remote) or len(source.decode()) <= source.size_bytes


def test_the_text_of_a_picture_stays_out_of_logs() -> None:
    assert BASE64[:20] not in repr(read_source(data_uri(PNG)))


@pytest.mark.parametrize("letters", ["AAAA\\", "AA\\tAA", "\\u0041AAA", "AA\\/AA"])
def test_backslashes_are_no_base64(letters: str) -> None:
    assert "characters that base64 does not have" in refusal(f"data:;base64,{letters}").reason


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(400)


@pytest.mark.parametrize(
    "file",
    [
        *(encoded(corners(), name) for name in ("JPEG", "PNG", "GIF", "WebP", "BMP", "TIFF")),
        HEIC,
        HEIC.replace(b"heic", b"avif"),
        b"%PDF-1.7\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"8BPS\0\1",
        random.Random(20).randbytes(300),
    ],
    ids=lambda file: file[:12].hex(),
)
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode, base64.encodebytes])
def test_bare_base64_is_recognised_whatever_is_in_it(file: bytes, encode: Callable[[bytes], bytes]) -> None:
    """What it is, and whether it is read here, is said of its bytes."""
    assert inline(encode(file).decode()) == file


@pytest.mark.parametrize("path", ["/world/photos/cat", "/world/" + "photos/" * 30, "photos/cat", "abcdefgh" * 20])
def test_a_path_of_base64s_letters_is_a_path(path: str) -> None:
    assert "paths are never read" in refusal(path).reason


@pytest.mark.parametrize("before", ["", "data:image/png;base64,"])
@pytest.mark.parametrize("quote", ["'", '"'])
def test_pythons_way_to_show_bytes_is_called_by_name(before: str, quote: str) -> None:
    refused = refusal(f"{before}b{quote}{BASE64}{quote}")
    assert refused.fault == ImageFault.BAD_BASE64
    assert "send the text of .decode()" in refused.reason
