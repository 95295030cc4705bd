"""The catalogue and the files on the disk in one table: as text for a person, as JSON for a program."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hailo_vision.models.catalogue import GGUF, ModelFile
from hailo_vision.models.catalogue import fits as catalogue_fits
from hailo_vision.models.records import Partial
from hailo_vision.models.release import Release
from hailo_vision.models.store import ModelPath

_TITLES = ("NAME", "RELEASE", "SIZE", "LICENCE", "ON DISK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A file of the catalogue, and whether it is on the disk. `fits` is None where no release is known."""

    file: ModelFile
    size_bytes: int
    size_is_exact: bool
    on_disk: bool
    part_bytes: int
    configured: bool
    fits: bool | None


def rows(
    catalogue: Sequence[ModelFile], models: Sequence[ModelPath], release: Release | None, configured: Path
) -> tuple[Row, ...]:
    by_name = {model.path.name: model for model in models}
    return tuple(_row(file, by_name.get(file.file), _fits(file, catalogue, release), configured) for file in catalogue)


def strangers(catalogue: Sequence[ModelFile], models: Sequence[ModelPath]) -> tuple[ModelPath, ...]:
    """Returns the files in the folder that have no record as one of the catalogue's."""
    identities = {(file.file, file.model, file.release) for file in catalogue}
    return tuple(model for model in models if model.size_bytes is not None and _identity(model) not in identities)


def as_text(table: Sequence[Row], others: Sequence[ModelPath], configured: Path) -> str:
    cells = [_TITLES, *((_cells(row)) for row in table)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_TITLES))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    for model in others:
        is_configured = ", configured" if model.path == configured else ""
        lines.append(f"Not from a pull: {shown(model.path.name)}, {size(model.size_bytes or 0)}{is_configured}")
    return "\n".join(lines)


def as_json(table: Sequence[Row], others: Sequence[ModelPath], configured: Path) -> dict[str, Any]:
    return {
        "models": [
            {
                "name": row.file.model,
                "release": row.file.release,
                "file": row.file.file,
                "size_bytes": row.size_bytes,
                "size_is_exact": row.size_is_exact,
                "licence": row.file.licence,
                "url": row.file.url,
                "sha256": row.file.sha256,
                "frame_px": row.file.frame_px,
                "max_images": row.file.max_images,
                "on_disk": row.on_disk,
                "part_bytes": row.part_bytes,
                "configured": row.configured,
                "fits": row.fits,
            }
            for row in table
        ],
        "others": [
            {"file": model.path.name, "size_bytes": model.size_bytes, "configured": model.path == configured}
            for model in others
        ],
    }


def size(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.2f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.1f} MB"


def shown(name: str) -> str:
    """Returns a file's name as a terminal can print it: anybody may have named it, in any bytes."""
    return name if name.isprintable() else ascii(name)


def _row(file: ModelFile, model: ModelPath | None, fits: bool | None, configured: Path) -> Row:
    on_disk = model is not None and _identity(model) == (file.file, file.model, file.release)
    actual_bytes = model.size_bytes if model and on_disk else None
    return Row(
        file=file,
        size_bytes=actual_bytes or file.size_bytes or file.listed_bytes,
        size_is_exact=(actual_bytes or file.size_bytes) is not None,
        on_disk=on_disk,
        part_bytes=model.part_bytes if model and _is_of(model.partial, file) else 0,
        configured=model is not None and on_disk and model.path == configured,
        fits=fits,
    )


def _fits(file: ModelFile, catalogue: Sequence[ModelFile], release: Release | None) -> bool | None:
    return None if release is None or file.release == GGUF else catalogue_fits(file, catalogue, release.version)


def _identity(model: ModelPath) -> tuple[str, str, str] | None:
    origin = model.origin
    return (model.path.name, origin.model, origin.release) if origin and model.size_bytes is not None else None


def _is_of(partial: Partial | None, file: ModelFile) -> bool:
    """Whether the part is this file's, from the vendor or from a mirror. A record can hold any text as its URL."""
    return partial is not None and partial.url.endswith(urlsplit(file.url).path)


def _cells(row: Row) -> tuple[str, ...]:
    state = "yes" if row.on_disk else "no"
    if row.part_bytes:
        state += f", {size(row.part_bytes)} of it have come"
    if row.configured:
        state += ", configured"
    if row.fits:
        state += ", fits"
    about = "" if row.size_is_exact else "about "
    return _name(row.file), row.file.release, f"{about}{size(row.size_bytes)}", row.file.licence, state


def _name(file: ModelFile) -> str:
    """The model's name; of the two files of a GGUF model it says which is the vision projector."""
    return f"{file.model} (mmproj)" if file.file.startswith("mmproj") else file.model
