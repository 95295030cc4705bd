"""Whether a file on the disk is what it should be: its size, its header, its hash."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hailo_vision.files import open_regular
from hailo_vision.models import gguf, hef
from hailo_vision.models.catalogue import ModelFile
from hailo_vision.models.events import Hashed, Report
from hailo_vision.models.records import Origin
from hailo_vision.models.store import ModelPath

HEADER_BYTES = max(hef.HEADER_BYTES, gguf.HEADER_BYTES)
_BLOCK_BYTES = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result of a check. `compared_with` names the source of the hash that the file has; None without one."""

    model: ModelPath
    origin: Origin | None
    size_bytes: int
    sha256: str
    compared_with: str | None
    faults: tuple[str, ...]


def verify(model: ModelPath, catalogue: Sequence[ModelFile], report: Report) -> Verdict:
    """Reads all of the file. Raises OSError for what the disk can't give."""
    with open_regular(model.path) as file:
        head = file.read(HEADER_BYTES)
    size_bytes = model.path.stat().st_size
    sha256 = sha256_of(model.path, report)
    origin = model.origin
    listed = _listed(model, origin, catalogue)
    faults = [fault] if (fault := header_fault(model.path.name, head, size_bytes)) else []
    for expected_bytes in {origin and origin.size_bytes, listed and listed.sha256 and listed.size_bytes} - {
        None,
        size_bytes,
    }:
        faults.append(f"has {size_bytes:,} bytes instead of {expected_bytes:,}")
    hashes = {"the catalogue": listed and listed.sha256, "what was pulled": origin and origin.sha256}
    for source, expected in hashes.items():
        if expected and expected != sha256:
            faults.append(f"has another hash than {source}")
    compared_with = next((source for source, expected in hashes.items() if expected), None)
    return Verdict(
        model=model,
        origin=origin,
        size_bytes=size_bytes,
        sha256=sha256,
        compared_with=compared_with,
        faults=tuple(faults),
    )


def header_fault(file: str, head: bytes, size_bytes: int | None = None) -> str | None:
    """Returns the fault in the header of a file of this name, HEF or GGUF; None when there is none."""
    if file.endswith(".gguf"):
        return gguf.fault_in(head, size_bytes)
    return hef.fault_in(head, size_bytes)


def sha256_of(path: Path, report: Report) -> str:
    digest, done_bytes = hashlib.sha256(), 0
    with open_regular(path) as file:
        size_bytes = path.stat().st_size
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
            done_bytes += len(block)
            report(Hashed(done_bytes=done_bytes, size_bytes=size_bytes))
    return digest.hexdigest()


def _listed(model: ModelPath, origin: Origin | None, catalogue: Sequence[ModelFile]) -> ModelFile | None:
    """Returns the catalogue's entry for the file that was pulled to this path."""
    if origin is None:
        return None
    identity = (model.path.name, origin.model, origin.release)
    return next((file for file in catalogue if (file.file, file.model, file.release) == identity), None)
