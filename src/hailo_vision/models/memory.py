"""The memory that a model for llama.cpp takes, estimated from its files and settings, against the free memory."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hailo_vision.config.settings import Llama
from hailo_vision.files import open_regular
from hailo_vision.models.gguf import FACTS_BYTES, context_bytes, facts_in
from hailo_vision.models.listing import size

LESS = "Take a smaller model, llama.context or llama.slots; llama.kv_type q8_0 halves what the context takes."

Head = tuple[bytes, int]  # a file's first bytes, and how long it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """The estimate, without compute buffers. `context_bytes` is None where a file does not tell its model's shape."""

    files_bytes: int
    context_bytes: int | None
    cache_bytes: int

    @property
    def all_bytes(self) -> int:
        return self.files_bytes + (self.context_bytes or 0) + self.cache_bytes

    def __str__(self) -> str:
        parts = [f"files {size(self.files_bytes)}"]
        if self.context_bytes is not None:
            parts.append(f"context {size(self.context_bytes)}")
        if self.cache_bytes:
            parts.append(f"kept prompts up to {size(self.cache_bytes)}")
        unknown = "" if self.context_bytes is not None else ", and the context, which this file does not tell"
        return f"it takes about {size(self.all_bytes)} ({', '.join(parts)}){unknown}"


def need(settings: Llama, heads: Sequence[Head]) -> Need:
    """Estimates the memory. The first head is the model's; of the others only a draft has a context of its own."""
    shapes = [facts_in(start) for start, _ in heads]
    with_context = shapes[:1] if draft(settings) is None else [shapes[0], shapes[-1]]
    contexts = [context_bytes(shape, settings.context * settings.slots, settings.kv_type) for shape in with_context]
    return Need(
        files_bytes=sum(size_bytes for _, size_bytes in heads),
        context_bytes=None if None in contexts else sum(filter(None, contexts)),
        cache_bytes=settings.prompt_cache_mib << 20,
    )


def draft(settings: Llama) -> str | None:
    return settings.draft_model if settings.speculative == "draft" else None


class Claims:
    """The files of the models that run or start in this process, by their engines in the order in which they came.

    llama.cpp maps its files, so the kernel counts their memory as available: it could read them anew. The next model
    must not count on the same memory.
    """

    def __init__(self) -> None:
        self._bytes: dict[object, int] = {}

    def claim(self, engine: object, settings: Llama) -> int:
        """Claims the memory for the model's files. Returns how many bytes others have claimed before."""
        before = sum(claimed for other, claimed in self._bytes.items() if other is not engine)
        self._bytes[engine] = sum(os.path.getsize(path) for path in _paths(settings) if os.path.isfile(path))
        return before

    def release(self, engine: object) -> None:
        self._bytes.pop(engine, None)


def _paths(settings: Llama) -> list[str]:
    return [path for path in (settings.model, settings.mmproj, draft(settings)) if path is not None]


def shortage(settings: Llama, meminfo: Path = Path("/proc/meminfo"), *, claimed_bytes: int = 0) -> str | None:
    """Returns why the model does not fit into the free memory, with the figures; None where it fits or that is unknown.

    Prompts that are kept in case they come again do not count: llama.cpp fills that cache only as they come.
    `claimed_bytes` are those of other models.
    """
    available = free_bytes(meminfo)
    if available is None:
        return None
    try:
        needed = need(settings, [_head(Path(path)) for path in _paths(settings)])
    except OSError:
        return None
    needed_bytes = needed.files_bytes + (needed.context_bytes or 0)
    if needed_bytes <= available - claimed_bytes:
        return None
    parts = f"its files {size(needed.files_bytes)}, its context {size(needed.context_bytes or 0)}"
    others = f", {size(claimed_bytes)} of them taken by other models" if claimed_bytes else ""
    return (
        f"The model takes about {size(needed_bytes)} of memory ({parts}), and {size(available)} are available{others}. "
        f"{LESS}"
    )


def free_bytes(meminfo: Path) -> int | None:
    """Reads MemAvailable, the memory that can be had without swapping; None where the kernel does not say."""
    try:
        match = re.search(r"^MemAvailable: +([0-9]+) kB$", meminfo.read_text(), re.MULTILINE)
    except OSError:
        return None
    return None if match is None else int(match[1]) * 1024


def _head(path: Path) -> Head:
    with open_regular(path) as file:
        return file.read(FACTS_BYTES), path.stat().st_size
