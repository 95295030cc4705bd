"""Which engine reads which file of a model. Pure."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from hailo_vision.config.settings import ModelEntry, Runtime

Format = Literal["hef", "gguf"]

# What an engine reads, and what of it it can't do without: the stand-in plays a model whose file is not there.
READS: dict[Runtime, tuple[Format, ...]] = {
    "hailo": ("hef",),
    "simulated": ("hef",),
    "llama": ("gguf",),
    "auto": ("hef", "gguf"),
    "remote": (),
}
NEEDS: dict[Runtime, tuple[Format, ...]] = {**READS, "simulated": ()}

_SUFFIXES: dict[str, Format] = {".hef": "hef", ".gguf": "gguf"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFiles:
    """The paths of a model's files by their format; `unread` are the places in the list that no engine reads."""

    hef: str | None = None
    gguf: str | None = None
    unread: tuple[int, ...] = ()


def model_files(entry: ModelEntry) -> ModelFiles:
    """An engine takes the file with its suffix. One with another name goes to the first engine that has none yet."""
    formats = list(dict.fromkeys(known for runtime in entry.engine for known in READS[runtime]))
    taken: dict[Format, int] = {}
    for index, path in enumerate(entry.file):
        known = _SUFFIXES.get(PurePosixPath(path).suffix.lower())
        if known in formats:
            taken.setdefault(known, index)
    nameless = (index for index, path in enumerate(entry.file) if PurePosixPath(path).suffix.lower() not in _SUFFIXES)
    taken |= dict(zip((known for known in formats if known not in taken), nameless, strict=False))
    return ModelFiles(
        hef=entry.file[taken["hef"]] if "hef" in taken else None,
        gguf=entry.file[taken["gguf"]] if "gguf" in taken else None,
        unread=tuple(index for index in range(len(entry.file)) if index not in taken.values()),
    )
