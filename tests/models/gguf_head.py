"""The beginning of a GGUF file with facts of a test's own."""

import struct

from hailo_vision.models.gguf import Fact

SHAPE: dict[str, Fact] = {
    "general.architecture": "qwen2vl",
    "qwen2vl.block_count": 28,
    "qwen2vl.embedding_length": 1536,
    "qwen2vl.attention.head_count": 12,
    "qwen2vl.attention.head_count_kv": 2,
}


def text(value: str) -> bytes:
    encoded = value.encode()
    return struct.pack("<Q", len(encoded)) + encoded


def pair(key: str, value: Fact) -> bytes:
    match value:
        case bool():
            return text(key) + struct.pack("<I?", 7, value)
        case int():
            return text(key) + struct.pack("<Iq", 11, value)
        case float():
            return text(key) + struct.pack("<Id", 12, value)
        case str():
            return text(key) + struct.pack("<I", 8) + text(value)
        case _:
            return text(key) + struct.pack(f"<IIQ{len(value)}q", 9, 11, len(value), *value)


def head(facts: dict[str, Fact], count: int | None = None) -> bytes:
    pairs = b"".join(pair(key, value) for key, value in facts.items())
    return struct.pack("<4sIQQ", b"GGUF", 3, 0, len(facts) if count is None else count) + pairs
