"""The first bytes of a model's file, whatever kind of model it is. Pure."""

from hailo_vision.models import gguf, hef

HEADER_BYTES = max(hef.HEADER_BYTES, gguf.HEADER_BYTES)


def fault_in(file: str, head: bytes, size_bytes: int | None = None) -> str | None:
    """What is wrong with a file of this name that begins like this; None when nothing is."""
    if file.endswith(".gguf"):
        return gguf.fault_in(head, size_bytes)
    return hef.fault_in(head, size_bytes)
