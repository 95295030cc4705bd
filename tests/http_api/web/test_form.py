"""Forms: what real clients write is read, what is no form is refused, and nothing has more than it may have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailo_vision.http_api.web.form import MAX_FIELDS, MAX_HEADER_BYTES, Field, boundary_of, fields
from hailo_vision.http_api.web.http_errors import InvalidForm

LINE = b"--B\r\n"
END = b"--B--\r\n"


def part(data: bytes = b"x", headers: str = 'Content-Disposition: form-data; name="a"') -> bytes:
    return LINE + headers.encode() + b"\r\n\r\n" + data + b"\r\n"


def read(body: bytes) -> tuple[Field, ...]:
    return fields(body, b"B")


def field(name: str, data: bytes, filename: str | None = None) -> Field:
    return Field(name=name, filename=filename, data=data)


# What is read


def test_fields_and_files_come_in_their_order() -> None:
    disposition = 'Content-Disposition: form-data; name="f"; filename="a b.jpg"\r\nContent-Type: image/jpeg'
    body = part(b"one") + part(b"\xff\xd8\r\n--C\r\n", disposition) + part(b"") + END
    assert read(body) == (field("a", b"one"), field("f", b"\xff\xd8\r\n--C\r\n", "a b.jpg"), field("a", b""))


def test_a_form_can_be_empty() -> None:
    assert read(END) == ()
    assert read(b"--B--") == ()


@pytest.mark.parametrize(
    ("disposition", "name", "filename"),
    [
        ("form-data; name=a", "a", None),
        ("FORM-DATA; NAME=a", "a", None),
        ('form-data; name="a;b"', "a;b", None),
        (r'form-data; name="a\"b"', 'a"b', None),
        ('form-data; name="ä"', "ä", None),
        ('form-data; name="a"; filename=""', "a", ""),
        ('form-data;name="a";filename="x"; filename*=UTF-8\'\'y', "a", "x"),
        ('form-data; filename="x"; name="a"', "a", "x"),
    ],
)
def test_dispositions_are_read_as_browsers_and_curl_write_them(
    disposition: str, name: str, filename: str | None
) -> None:
    (found,) = read(part(headers=f"content-disposition:{disposition}") + END)
    assert (found.name, found.filename) == (name, filename)


def test_a_files_name_may_be_in_latin_1() -> None:
    body = part(b"x", 'Content-Disposition: form-data; name="image"; filename="Straße.jpg"').replace(
        "ß".encode(), "ß".encode("latin-1")
    )
    assert read(body + END) == (field("image", b"x", "Straße.jpg"),)


@pytest.mark.parametrize("end", [";", " ;", "; ", ";\t"])
def test_a_last_semicolon_is_no_parameter(end: str) -> None:
    (found,) = read(part(headers=f'Content-Disposition: form-data; name="image"; filename="a.jpg"{end}') + END)
    assert (found.name, found.filename) == ("image", "a.jpg")
    assert boundary_of(f"multipart/form-data; boundary=abc{end}") == b"abc"


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/form-data; boundary=abc", b"abc"),
        ('multipart/form-data; boundary="a b:c"', b"a b:c"),
        ("Multipart/Form-Data; charset=utf-8; Boundary=----WebKitFormBoundary7", b"----WebKitFormBoundary7"),
    ],
)
def test_the_boundary_is_the_headers(content_type: str, boundary: bytes) -> None:
    assert boundary_of(content_type) == boundary


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.binary(max_size=40)), max_size=5))
def test_any_data_comes_out_as_it_went_in(sent: list[tuple[str, bytes]]) -> None:
    body = b"".join(part(data, f'Content-Disposition: form-data; name="{name}"') for name, data in sent) + END
    if not any(b"\r\n--B" in data for _, data in sent):  # no client chooses a boundary that its data has
        assert read(body) == tuple(field(name, data) for name, data in sent)


def test_a_boundary_in_two_pieces_of_the_search_is_found() -> None:
    for size in range((1 << 20) - 80, (1 << 20) + 4, 7):
        (found, after) = read(part(bytes(size)) + part(b"after") + END)
        assert (len(found.data), after.data) == (size, b"after")


# What is refused


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "begin with its boundary"),
        (b"\r\n" + part() + END, "begin with its boundary"),
        (b"{}", "begin with its boundary"),
        (part(), "cut off"),
        (part()[:-1], "cut off"),
        (part() + b"--B-", "neither a field nor the end"),
        (part() + END + b"more", "neither a field nor the end"),
        (part() + b"--BB\r\n", "neither a field nor the end"),
        (LINE, "no end of its headers"),
        (LINE + b"\r\n\r\nx\r\n" + END, "headers that are none"),
        (part(headers="Content-Disposition form-data") + END, "headers that are none"),
        (part(headers='Content-Disposition: form-data; name="a"\r\n folded') + END, "headers that are none"),
        (part(headers='Content-Disposition: form-data; name="a\0"') + END, "headers that are none"),
        (part(headers="A: 1\r\na: 2") + END, "one of them twice"),
        (part(headers="A: 1") + END, "no Content-Disposition"),
        (part(headers="Content-Disposition: attachment; name=a") + END, "no Content-Disposition"),
        (part(headers="Content-Disposition: form-data; name=a b") + END, "no Content-Disposition"),
        (part(headers='Content-Disposition: form-data; name="a') + END, "no Content-Disposition"),
        (part(headers=f'Content-Disposition: form-data; name="{"a" * 101}"') + END, "no Content-Disposition"),
        (
            part(headers='Content-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64') + END,
            "Send files as they are",
        ),
        (LINE + b"\xff: 1\r\n\r\nx\r\n" + END, "headers that are none"),
        (part(headers='Content-Disposition: form-data; name="a";;') + END, "no Content-Disposition"),
    ],
)
def test_what_is_no_form_is_refused_with_its_reason(body: bytes, reason: str) -> None:
    with pytest.raises(InvalidForm, match=reason):
        read(body)


def test_fields_are_so_many_at_most() -> None:
    assert len(read(part() * MAX_FIELDS + END)) == MAX_FIELDS
    with pytest.raises(InvalidForm, match=f"more than {MAX_FIELDS} fields"):
        read(part() * (MAX_FIELDS + 1) + END)


def test_headers_are_so_long_at_most() -> None:
    disposition = 'Content-Disposition: form-data; name="a"\r\nX: '
    room = MAX_HEADER_BYTES - len(disposition) - 4
    assert len(read(part(headers=disposition + "x" * room) + END)) == 1
    with pytest.raises(InvalidForm, match="no end of its headers"):
        read(part(headers=disposition + "x" * (room + 1)) + END)


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; 0*",
        "multipart/form-data; boundary=a; 0*",
        f"multipart/form-data; boundary={'a' * 71}",
        'multipart/form-data; boundary="a "',
        "multipart/form-data; boundary=a\u00e9",
        'multipart/form-data; boundary="a\x01b"',
        "multipart/form-data; boundary*=utf-8''a",
    ],
)
def test_a_boundary_that_is_none_is_refused(content_type: str) -> None:
    with pytest.raises(InvalidForm, match="no boundary"):
        boundary_of(content_type)


@given(st.binary(max_size=300), st.integers(0, 300), st.integers(0, 300))
def test_any_damage_to_a_form_is_read_or_refused(noise: bytes, start: int, length: int) -> None:
    body = part(b"one") + part(b"two", 'Content-Disposition: form-data; name="f"; filename="x"') + END
    damaged = body[:start] + noise + body[start + length :]
    try:
        found = read(damaged)
    except InvalidForm:
        return
    assert sum(len(one.data) for one in found) <= len(damaged)
