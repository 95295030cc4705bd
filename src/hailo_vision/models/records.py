"""The notes beside the files: what a part is a part of, and what a finished file was when it came."""

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TypeVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Partial:
    """`NAME.hef.part.json`: which file on the server the part is of, and how much of it is surely on the disk.

    `synced_bytes` is behind the part's size after a power cut; what lies behind it may be zeros and is not used.
    """

    url: str
    size_bytes: int | None
    etag: str | None
    last_modified: str | None
    synced_bytes: int

    @property
    def validator(self) -> str | None:
        """What If-Range takes to mean "the same file still": a strong ETag, else a date (RFC 9110, 13.1.5)."""
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return self.last_modified


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """`NAME.hef.json`: what was pulled. Its hash is the file's as it came, so that a bad disk shows later."""

    model: str
    release: str
    url: str
    size_bytes: int
    sha256: str


Record = TypeVar("Record", Partial, Origin)


def read(path: Path, kind: type[Record]) -> Record | None:
    """The note, or None where there is none, or none that can be understood: both mean that nothing is known."""
    try:
        tree = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    wanted = {field.name: field.type for field in fields(kind)}
    if not isinstance(tree, dict) or tree.keys() != wanted.keys():
        return None
    if not all(isinstance(tree[name], expected) for name, expected in wanted.items()):  # type: ignore[arg-type]
        return None
    return kind(**tree)


def write(path: Path, record: Partial | Origin) -> None:
    """Replaces the note as a whole. It is made anew and exclusively, so that no symbolic link is written through."""
    new = path.with_name(f"{path.name}.new")
    with suppress(FileNotFoundError):
        new.unlink()
    with open(new, "x", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o644)
        json.dump(asdict(record), file, indent=2)
        file.write("\n")
    os.replace(new, path)
