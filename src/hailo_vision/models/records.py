"""The record files beside the models: they say where a file or a part of one came from."""

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final, TypeVar

from hailo_vision.files import open_regular

MAX_BYTES: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Partial:
    """`NAME.hef.part.json` says which file on the server the part belongs to, and how much of it is synced to the disk.

    `synced_bytes` is behind the part's size after a power cut; what lies behind it may be zeros and is not used.
    """

    url: str
    size_bytes: int | None
    etag: str | None
    last_modified: str | None
    synced_bytes: int

    @property
    def validator(self) -> str | None:
        """The validator for If-Range: a strong ETag, else a date (RFC 9110, 13.1.5)."""
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return self.last_modified


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """`NAME.hef.json` says what was pulled. The hash is that of the download, so that a bad disk shows later."""

    model: str
    release: str
    url: str
    size_bytes: int
    sha256: str


Record = TypeVar("Record", Partial, Origin)


def read(path: Path, kind: type[Record]) -> Record | None:
    """Reads a record file; None where there is none or it can't be parsed: both mean that nothing is known."""
    try:
        with open_regular(path, follow=False) as file:
            content = file.read(MAX_BYTES + 1)
        tree = json.loads(content) if len(content) <= MAX_BYTES else None
    except (OSError, ValueError, RecursionError):
        return None
    types = {field.name: field.type for field in fields(kind)}
    if not isinstance(tree, dict) or tree.keys() != types.keys():
        return None
    if not all(isinstance(tree[name], expected) for name, expected in types.items()):  # type: ignore[arg-type]
        return None
    return kind(**tree)


def write(path: Path, record: Partial | Origin) -> None:
    """Replaces the record file as a whole. The new one is created exclusively, so no symbolic link is followed."""
    new = path.with_name(f"{path.name}.new")
    with suppress(FileNotFoundError):
        new.unlink()
    with open(new, "x", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o644)
        json.dump(asdict(record), file, indent=2)
        file.write("\n")
    os.replace(new, path)
