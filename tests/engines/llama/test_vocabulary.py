"""The special tokens of a GGUF file are read from its vocabulary."""

import struct
from pathlib import Path

import pytest

from hailo_vision.engines.llama.vocabulary import special_tokens
from hailo_vision.special_tokens import KNOWN, MEDIA_MARKERS
from local_models import make_tiny

NORMAL, UNKNOWN, CONTROL = 1, 2, 3


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def gguf(tokens: dict[str, int], *, version: int = 3) -> bytes:
    return b"".join(
        (
            struct.pack("<4sIQQ", b"GGUF", version, 0, 4),
            text("general.name") + struct.pack("<I", 8) + text("a model"),
            text("some.scores") + struct.pack("<IIQ", 9, 6, 2) + bytes(8),
            text("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, len(tokens)) + b"".join(map(text, tokens)),
            text("tokenizer.ggml.token_type") + struct.pack("<IIQ", 9, 5, len(tokens)),
            struct.pack(f"<{len(tokens)}i", *tokens.values()),
        )
    )


def test_control_tokens_are_special_and_ordinary_ones_are_not(tmp_path: Path) -> None:
    file = tmp_path / "a.gguf"
    file.write_bytes(gguf({"hello": NORMAL, "<unk>": UNKNOWN, "<eot>": CONTROL, "世": NORMAL}))
    assert special_tokens(str(file)) == (*MEDIA_MARKERS, "<unk>", "<eot>")


@pytest.mark.parametrize("data", [b"", b"GGUF", gguf({}), gguf({"<eot>": CONTROL})[:-9], gguf({"a": 3}, version=1)])
def test_a_file_that_does_not_tell_gets_all_that_are_known(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "a.gguf"
    file.write_bytes(data)
    assert special_tokens(str(file)) == KNOWN


def test_a_file_that_is_not_there_gets_all_that_are_known(tmp_path: Path) -> None:
    assert special_tokens(str(tmp_path / "none.gguf")) == KNOWN


def test_the_tiny_models_own_end_of_turn_is_special(tmp_path: Path) -> None:
    assert "<|im_end|>" in special_tokens(make_tiny(tmp_path)["model"])
