"""A pull downloads a model's file, checks it and renames it, so that a file with its final name is always whole."""

from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType

from hailo_vision.errors import ModelError, ModelFault
from hailo_vision.models import records
from hailo_vision.models.catalogue import ModelFile, at_mirror, without_password
from hailo_vision.models.download import Download, Limits, in_thread
from hailo_vision.models.events import Hashed, Report
from hailo_vision.models.part import Part, held
from hailo_vision.models.records import Origin
from hailo_vision.models.store import ModelPath, disk_errors, make_folder, model_path
from hailo_vision.models.verify import header_fault, sha256_of

# After these faults a later run resumes the part.
_RESUMABLE = (ModelFault.BROKEN_OFF, ModelFault.DISK_FULL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """The file is on the disk; `fetched` is False when it was there before."""

    model: ModelPath
    origin: Origin
    fetched: bool


async def pull(
    file: ModelFile,
    folder: Path,
    *,
    report: Report,
    mirror: str | None = None,
    force: bool = False,
    limits: Limits | None = None,
) -> Pulled:
    """Raises ModelError for all that keeps the file from being there whole and right."""
    url = at_mirror(file.url, mirror)
    with disk_errors(folder):
        make_folder(folder)
        target = model_path(folder, file.file)
        _require_replaceable(target)
        with held(target) as part:
            if not force and (origin := await in_thread(_already_there, target, file, report)):
                return Pulled(model=target, origin=origin, fetched=False)
            async with AsyncExitStack() as stack:
                stack.push_async_exit(partial(_tidy_up, part))
                await _take_up(part, without_password(url), report)
                download = Download(
                    file=file, url=url, part=part, folder=folder, limits=limits or Limits(), report=report
                )
                await download.run()
                origin = _checked(file, part, without_password(url))
                await in_thread(part.install, origin)
                return Pulled(model=target, origin=origin, fetched=True)


def _require_replaceable(target: ModelPath) -> None:
    """Raises ModelError before gigabytes are downloaded for a path at which no file can be put."""
    if target.is_blocked:
        raise ModelError(
            ModelFault.IN_THE_WAY,
            f"{target.path} is there already, and is no regular file. Remove it, then pull again.",
        )


def _already_there(target: ModelPath, file: ModelFile, report: Report) -> Origin | None:
    """Returns the record of the file on the disk if it is the requested one. Raises ModelError for an unknown file."""
    size_bytes, origin = target.size_bytes, target.origin
    if size_bytes is None:
        return None
    if origin is None:
        return _adopted(target, file, size_bytes, report)
    same = (origin.model, origin.release, origin.size_bytes) == (file.model, file.release, size_bytes)
    return origin if same else None


def _adopted(target: ModelPath, file: ModelFile, size_bytes: int, report: Report) -> Origin:
    """Accepts a file without a record as the catalogue's only where the catalogue has its hash."""
    if file.sha256 and sha256_of(target.path, report) == file.sha256:
        origin = Origin(model=file.model, release=file.release, url=file.url, size_bytes=size_bytes, sha256=file.sha256)
        records.write(target.note, origin)
        return origin
    raise ModelError(
        ModelFault.IN_THE_WAY,
        f"{target.path} is there already, and was not put there by a pull, so its release is not known. "
        "Look at it with `hailo-vision models verify`, or replace it with --force.",
    )


async def _take_up(part: Part, url: str, report: Report) -> None:
    """Hashes the part of an earlier run block by block, so that Ctrl-C does not wait for gigabytes."""
    blocks = part.take_up(url)
    while done_bytes := await in_thread(next, blocks, 0):
        report(Hashed(done_bytes=done_bytes, size_bytes=part.note.synced_bytes if part.note else done_bytes))


def _checked(file: ModelFile, part: Part, url: str) -> Origin:
    sha256 = part.sha256()
    if fault := header_fault(file.file, part.head(), part.size_bytes):
        raise ModelError(ModelFault.WRONG_FILE, f"The file that came {fault}. It was removed; pull again.")
    if file.sha256 and sha256 != file.sha256:
        raise ModelError(
            ModelFault.WRONG_FILE,
            f"The file that came has the SHA-256 {sha256} instead of {file.sha256}. It was removed; pull again, "
            "and if the same comes again, from another mirror.",
        )
    return Origin(model=file.model, release=file.release, url=url, size_bytes=part.size_bytes, sha256=sha256)


async def _tidy_up(
    part: Part, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
) -> None:
    """Keeps a part that a later run can resume, and deletes one with which a later run would fail like this one.

    A disk that fails here too must not hide the first error: what was synced before is good.
    """
    with suppress(OSError):
        match error:
            case None:
                pass
            case OSError():
                await in_thread(part.discard)
            case ModelError(fault=fault) if fault not in _RESUMABLE:
                await in_thread(part.discard)
            case _:
                await in_thread(part.leave)
