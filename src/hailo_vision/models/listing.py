"""The catalogue beside what is on the disk: as lines for a person, as JSON for a program."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hailo_vision.models.catalogue import GGUF, ModelFile
from hailo_vision.models.records import Partial
from hailo_vision.models.release import Release
from hailo_vision.models.store import Place

_TITLES = ("NAME", "RELEASE", "SIZE", "LICENCE", "ON DISK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A file of the catalogue, and what the disk has of it. `fits` is None where no release is known."""

    file: ModelFile
    size_bytes: int
    on_disk: bool
    part_bytes: int
    configured: bool
    fits: bool | None


def rows(
    catalogue: Sequence[ModelFile], found: Sequence[Place], release: Release | None, configured: Path
) -> tuple[Row, ...]:
    by_name = {place.path.name: place for place in found}
    return tuple(_row(file, by_name.get(file.file), release, configured) for file in catalogue)


def strangers(catalogue: Sequence[ModelFile], found: Sequence[Place]) -> tuple[Place, ...]:
    """Files in the folder that are not known to be one of the catalogue's."""
    known = {(file.file, file.model, file.release) for file in catalogue}
    return tuple(place for place in found if place.size_bytes is not None and _identity(place) not in known)


def as_text(table: Sequence[Row], others: Sequence[Place], configured: Path) -> str:
    cells = [_TITLES, *((_cells(row)) for row in table)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_TITLES))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    for place in others:
        is_configured = ", configured" if place.path == configured else ""
        lines.append(f"Not from a pull: {place.path.name}, {size(place.size_bytes or 0)}{is_configured}")
    return "\n".join(lines)


def as_json(table: Sequence[Row], others: Sequence[Place], configured: Path) -> dict[str, Any]:
    return {
        "models": [
            {
                "name": row.file.model,
                "release": row.file.release,
                "file": row.file.file,
                "size_bytes": row.size_bytes,
                "licence": row.file.licence,
                "url": row.file.url,
                "sha256": row.file.sha256,
                "on_disk": row.on_disk,
                "part_bytes": row.part_bytes,
                "configured": row.configured,
                "fits": row.fits,
            }
            for row in table
        ],
        "others": [
            {"file": place.path.name, "size_bytes": place.size_bytes, "configured": place.path == configured}
            for place in others
        ],
    }


def size(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.2f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.1f} MB"


def _row(file: ModelFile, place: Place | None, release: Release | None, configured: Path) -> Row:
    on_disk = place is not None and _identity(place) == (file.file, file.model, file.release)
    actual_bytes = place.size_bytes if place and on_disk else None
    return Row(
        file=file,
        size_bytes=actual_bytes or file.size_bytes or file.listed_bytes,
        on_disk=on_disk,
        part_bytes=place.part_bytes if place and _is_of(place.partial, file) else 0,
        configured=place is not None and on_disk and place.path == configured,
        fits=None if release is None or file.release == GGUF else file.release == release.version,
    )


def _identity(place: Place) -> tuple[str, str, str] | None:
    origin = place.origin
    return (place.path.name, origin.model, origin.release) if origin and place.size_bytes is not None else None


def _is_of(partial: Partial | None, file: ModelFile) -> bool:
    """Whether it is this file's, from the vendor or from a mirror."""
    return partial is not None and urlsplit(partial.url).path.endswith(urlsplit(file.url).path)


def _cells(row: Row) -> tuple[str, ...]:
    state = "yes" if row.on_disk else "no"
    if row.part_bytes:
        state += f", {size(row.part_bytes)} of it have come"
    if row.configured:
        state += ", configured"
    if row.fits:
        state += ", fits"
    return row.file.model, row.file.release, size(row.size_bytes), row.file.licence, state
