"""The folder of the models: the paths in it, its free space, and how files are removed."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from hailo_vision.errors import ModelError, ModelFault
from hailo_vision.models import records
from hailo_vision.models.records import Origin, Partial

SUFFIXES = (".hef", ".gguf")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPath:
    """The path of one model's file, and those of its record files and of its partial download."""

    path: Path

    @property
    def note(self) -> Path:
        return self.path.with_name(f"{self.path.name}.json")

    @property
    def part(self) -> Path:
        return self.path.with_name(f"{self.path.name}.part")

    @property
    def part_note(self) -> Path:
        return self.path.with_name(f"{self.path.name}.part.json")

    @property
    def origin(self) -> Origin | None:
        """The record of the pull; None for a file that somebody else put there."""
        return records.read(self.note, Origin)

    @property
    def partial(self) -> Partial | None:
        return records.read(self.part_note, Partial)

    @property
    def is_blocked(self) -> bool:
        """Whether a folder, a pipe, a socket or a device has the file's name."""
        return self.path.exists() and not self.path.is_file()

    @property
    def size_bytes(self) -> int | None:
        """The file's size, or None where there is no file."""
        return self.path.stat().st_size if self.path.is_file() else None

    @property
    def part_bytes(self) -> int:
        """How much of a broken download is there; 0 when it could not go on."""
        partial = self.partial
        return self.part.stat().st_size if partial and partial.validator and self.part.is_file() else 0


def model_path(folder: Path, file: str) -> ModelPath:
    """Returns the path of a file that a person or a record names. Raises ModelError for one outside the folder."""
    if file != os.path.basename(file) or "\0" in file or not file.endswith(SUFFIXES) or file in SUFFIXES:
        raise ModelError(
            ModelFault.NOT_ON_DISK,
            f"{file!r} is no file of {folder}: name a model, or a {' or '.join(SUFFIXES)} file in that folder.",
        )
    return ModelPath(path=folder / file)


def model_paths(folder: Path) -> tuple[ModelPath, ...]:
    """Lists all models in the folder, whole or in part; none where there is no folder."""
    with disk_errors(folder):
        try:
            names = {name.removesuffix(".part") for name in os.listdir(folder)}
        except FileNotFoundError:
            return ()
        paths = (
            ModelPath(path=folder / name) for name in sorted(names) if name.endswith(SUFFIXES) and name not in SUFFIXES
        )
        return tuple(model for model in paths if model.path.is_file() or model.part.is_file())


def make_folder(folder: Path) -> None:
    """Makes the folder so that the service can read it, whatever the user and the umask."""
    if not folder.is_dir():
        folder.mkdir(parents=True)
        folder.chmod(0o755)


def require_space(folder: Path, bytes_to_come: int, spare_bytes: int) -> None:
    """Raises ModelError where the disk lacks the space; `spare_bytes` are left for the rest of the system."""
    disk = os.statvfs(folder)
    free = disk.f_bavail * disk.f_frsize
    if free < bytes_to_come + spare_bytes:
        raise ModelError(
            ModelFault.DISK_FULL,
            f"{folder} has {free / 1e6:,.0f} MB free, and {(bytes_to_come + spare_bytes) / 1e6:,.0f} MB are needed. "
            "Make room, then pull again.",
        )


def remove(model: ModelPath) -> None:
    """Deletes a model with its record files and its part; a symbolic link is removed, and not its target."""
    for path in (model.path, model.note, model.part, model.part_note):
        with suppress(FileNotFoundError):
            path.unlink()


def sync_folder(folder: Path) -> None:
    """Makes a rename last through a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turns an OSError into a ModelError that says what it means for this folder."""
    try:
        yield
    except OSError as error:
        where = error.filename or folder
        match error:
            case PermissionError():
                message = f"There is no permission for {where}."
                raise ModelError(ModelFault.NO_PERMISSION, message) from error
            case OSError(errno=errno.EROFS):
                message = f"{where} is on a file system that can't be written."
                raise ModelError(ModelFault.NO_PERMISSION, message) from error
            case OSError(errno=number) if number in _FULL:
                message = f"The disk of {folder} became full. Make room, then pull again."
                raise ModelError(ModelFault.DISK_FULL, message) from error
            case _:
                raise ModelError(ModelFault.DISK_FAILED, f"{where}: {error.strerror or error}.") from error
