"""The key of a remote server, as a file holds it."""

from pathlib import Path

import pytest

from hailo_vision.engines.remote.build import key_in
from hailo_vision.errors import StartError


def test_a_key_is_one_word(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("sk-one\n")
    assert key_in(file) == "sk-one"


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"two keys", b"one\ntwo", b"\xff\xfe", "schl\u00fcssel".encode(), b"a\0b", b"x" * 9000]
)
def test_all_else_is_refused_and_not_quoted(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    with pytest.raises(StartError) as refused:
        key_in(file)
    for word in content.decode(errors="replace").split():
        assert word not in str(refused.value).replace(str(tmp_path), "").replace("one key and nothing else", "")
