"""The facts of a GGUF file, held against the library that others write such files with, and against what is none."""

import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailo_vision.models.gguf import FACTS_BYTES, Fact, context_bytes, facts_in
from local_models import MAKER
from models.gguf_head import SHAPE, head, text

FACTS = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.lists(st.integers(-(2**63), 2**63 - 1)).map(tuple),
)


@given(facts=FACTS)
def test_what_was_written_is_read(facts: dict[str, Fact]) -> None:
    assert facts_in(head(facts)) == facts


@given(facts=FACTS, share=st.floats(0, 1))
def test_of_a_head_that_is_cut_the_first_facts_are_read(facts: dict[str, Fact], share: float) -> None:
    whole = head(facts)
    read = facts_in(whole[: int(share * len(whole))])
    assert list(read.items()) == list(facts.items())[: len(read)]


@given(rest=st.binary(max_size=200), count=st.integers(0, 2**64 - 1))
def test_any_bytes_behind_a_header_are_read_to_some_end(rest: bytes, count: int) -> None:
    facts = facts_in(struct.pack("<4sIQQ", b"GGUF", 3, 0, count) + rest)
    assert context_bytes(facts, 4096, "f16") is None


@pytest.mark.parametrize("kind", [0, 8, 10, 11, 12, 13])
def test_a_list_that_claims_to_be_endless_costs_nothing(kind: int) -> None:
    claim = text("odd") + struct.pack("<IIQ", 9, kind, 2**63)
    assert facts_in(struct.pack("<4sIQQ", b"GGUF", 3, 0, 1) + claim) == {}


def test_vocabularies_are_passed_by_and_what_follows_is_read() -> None:
    words = text("tokenizer.tokens") + struct.pack("<IIQ", 9, 8, 3) + b"".join(map(text, ("a", "bc", "")))
    scores = text("tokenizer.scores") + struct.pack("<IIQ", 9, 0, 5000) + bytes(5000)
    behind = head({"last": 7}, count=3)
    assert facts_in(behind[:24] + words + scores + behind[24:]) == {"last": 7}


def test_what_is_no_gguf_has_no_facts() -> None:
    assert facts_in(b"") == facts_in(b"\x01HEF" + bytes(99)) == facts_in(b"GGUF" + bytes(99)) == {}


@pytest.mark.parametrize(
    ("changes", "kv_type", "expected"),
    [
        ({}, "f16", 4096 * 28 * 2 * 256 * 2),
        ({}, "q8_0", 4096 * 28 * 2 * 256 * 34 // 32),
        ({}, "q4_0", 4096 * 28 * 2 * 256 * 18 // 32),
        ({"qwen2vl.attention.key_length": 64, "qwen2vl.attention.value_length": 32}, "f16", 4096 * 28 * 2 * 96 * 2),
        ({"qwen2vl.attention.head_count_kv": (1,) * 28}, "f16", 4096 * 28 * 256 * 2),
        ({"qwen2vl.attention.head_count_kv": "two"}, "f16", None),
        ({"qwen2vl.attention.head_count_kv": -2}, "f16", None),
        ({"qwen2vl.attention.head_count_kv": (2, float("inf"))}, "f16", None),
        ({"qwen2vl.block_count": 0}, "f16", None),
        ({"qwen2vl.attention.head_count": -1}, "f16", None),
        ({"qwen2vl.embedding_length": "wide"}, "f16", None),
        ({"general.architecture": "llama"}, "f16", None),
    ],
)
def test_the_memory_of_a_context_follows_from_the_shape(
    changes: dict[str, Fact], kv_type: str, expected: int | None
) -> None:
    assert context_bytes(SHAPE | changes, 4096, kv_type) == expected


def test_without_a_number_for_keys_and_values_every_head_has_its_own() -> None:
    shape = {key: value for key, value in SHAPE.items() if not key.endswith("_kv")}
    assert context_bytes(shape, 1, "f16") == 28 * 12 * 256 * 2


def test_a_file_that_the_field_s_own_library_wrote_is_understood(tmp_path: Path) -> None:
    pytest.importorskip("gguf")
    subprocess.run([sys.executable, str(MAKER), str(tmp_path)], check=True, capture_output=True)
    language = facts_in((tmp_path / "tiny-qwen2vl.gguf").read_bytes()[:FACTS_BYTES])
    eyes = facts_in((tmp_path / "mmproj-tiny-qwen2vl.gguf").read_bytes()[:FACTS_BYTES])
    assert language["general.architecture"] == "qwen2vl"
    assert language["tokenizer.ggml.add_bos_token"] is False
    assert context_bytes(language, 2048, "f16") == 2048 * 2 * 1 * 64 * 2
    assert eyes["general.architecture"] == "clip"
