"""Whether a file on the disk is what it should be: its size, its header, its hash."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hailo_vision.models import header
from hailo_vision.models.catalogue import ModelFile
from hailo_vision.models.events import Hashed, Report
from hailo_vision.models.records import Origin
from hailo_vision.models.store import Place

_BLOCK_BYTES = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found. `compared_with` says whose hash it is that the file has; None when nobody has told one."""

    place: Place
    origin: Origin | None
    size_bytes: int
    sha256: str
    compared_with: str | None
    faults: tuple[str, ...]


def verify(place: Place, catalogue: Sequence[ModelFile], report: Report) -> Verdict:
    """Reads all of the file. Raises OSError for what the disk can't give."""
    with place.path.open("rb") as file:
        head = file.read(header.HEADER_BYTES)
    size_bytes = place.path.stat().st_size
    sha256 = sha256_of(place.path, report)
    origin = place.origin
    listed = _listed(place, origin, catalogue)
    faults = [fault] if (fault := header.fault_in(place.path.name, head, size_bytes)) else []
    for known_bytes in {origin and origin.size_bytes, listed and listed.size_bytes} - {None, size_bytes}:
        faults.append(f"has {size_bytes:,} bytes instead of {known_bytes:,}")
    hashes = {"the catalogue": listed and listed.sha256, "what was pulled": origin and origin.sha256}
    for whose, known in hashes.items():
        if known and known != sha256:
            faults.append(f"has another hash than {whose}")
    compared_with = next((whose for whose, known in hashes.items() if known), None)
    return Verdict(
        place=place,
        origin=origin,
        size_bytes=size_bytes,
        sha256=sha256,
        compared_with=compared_with,
        faults=tuple(faults),
    )


def sha256_of(path: Path, report: Report) -> str:
    digest, done_bytes = hashlib.sha256(), 0
    with path.open("rb") as file:
        size_bytes = path.stat().st_size
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
            done_bytes += len(block)
            report(Hashed(done_bytes=done_bytes, size_bytes=size_bytes))
    return digest.hexdigest()


def _listed(place: Place, origin: Origin | None, catalogue: Sequence[ModelFile]) -> ModelFile | None:
    """The catalogue's entry for what was pulled to this place."""
    if origin is None:
        return None
    wanted = (place.path.name, origin.model, origin.release)
    return next((file for file in catalogue if (file.file, file.model, file.release) == wanted), None)
