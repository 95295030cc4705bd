"""`NAME.hef.part` holds a partial download. One process at a time has it, by a lock that ends with the process."""

import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from hailo_vision.errors import ModelError, ModelFault
from hailo_vision.models import hef, records
from hailo_vision.models.records import Origin, Partial
from hailo_vision.models.store import ModelPath, remove, sync_folder

_SYNC_BYTES = 64_000_000
_BLOCK_BYTES = 4 << 20


class Part:
    """The partial download of one model. Made by `held`; all of its methods block."""

    def __init__(self, model: ModelPath, descriptor: int) -> None:
        self._model = model
        self._descriptor = descriptor
        self._hash = hashlib.sha256()
        self._size_bytes = 0
        self.note: Partial | None = None

    @property
    def size_bytes(self) -> int:
        """The bytes that are there and hashed."""
        return self._size_bytes

    @property
    def is_whole(self) -> bool:
        """Whether the part has the size that the server announced."""
        return self.note is not None and self.note.size_bytes == self._size_bytes

    def take_up(self, url: str) -> Iterator[int]:
        """Resumes the part of an earlier run if it is of this URL and has a validator; else starts an empty one.

        Yields the bytes read so far: a big part takes seconds to hash.
        """
        note = self._model.partial
        size_bytes = os.fstat(self._descriptor).st_size
        if not note or note.url != url or not note.validator or not 0 < note.synced_bytes <= size_bytes:
            self.restart(None)
            return
        self.note = note
        os.truncate(self._descriptor, note.synced_bytes)
        while block := os.pread(self._descriptor, _BLOCK_BYTES, self._size_bytes):
            self._hash.update(block)
            self._size_bytes += len(block)
            yield self._size_bytes

    def restart(self, note: Partial | None) -> None:
        """Empties the part; the next write is the beginning of the file that the record is about."""
        os.truncate(self._descriptor, 0)
        self._hash = hashlib.sha256()
        self._size_bytes = 0
        self.note = note
        if note:
            records.write(self._model.part_note, note)
        else:
            _unlink(self._model.part_note)

    def write(self, block: bytes | bytearray) -> None:
        view = memoryview(block)
        while view:
            written = os.pwrite(self._descriptor, view, self._size_bytes)
            self._hash.update(view[:written])
            self._size_bytes += written
            view = view[written:]
        if self.note and self._size_bytes - self.note.synced_bytes >= _SYNC_BYTES:
            self.sync()

    def sync(self) -> None:
        """Syncs the part to the disk, and records its size."""
        os.fsync(self._descriptor)
        if self.note:
            self.note = replace(self.note, synced_bytes=self._size_bytes)
            records.write(self._model.part_note, self.note)

    def head(self) -> bytes:
        return os.pread(self._descriptor, hef.HEADER_BYTES, 0)

    def sha256(self) -> str:
        return self._hash.hexdigest()

    def install(self, origin: Origin) -> None:
        """Renames the part to the model's file. At no moment does a record stand beside a file that it is not about."""
        os.fchmod(self._descriptor, 0o644)
        os.fsync(self._descriptor)
        _unlink(self._model.note)
        os.replace(self._model.part, self._model.path)
        _unlink(self._model.part_note)
        records.write(self._model.note, origin)
        sync_folder(self._model.path.parent)

    def discard(self) -> None:
        _unlink(self._model.part)
        _unlink(self._model.part_note)

    def leave(self) -> None:
        """Keeps a part that a later run can resume, and deletes any other."""
        synced_bytes = self.note.synced_bytes if self.note and self.note.validator else None
        if synced_bytes is None or not max(self._size_bytes, synced_bytes):
            self.discard()
        elif self._size_bytes > synced_bytes:  # it is less while the part of an earlier run is still being hashed
            self.sync()


@contextmanager
def held(model: ModelPath) -> Iterator[Part]:
    """Opens and locks the part, and creates it where there is none. Raises ModelError while another process has it."""
    descriptor = _locked(model.part)
    try:
        yield Part(model, descriptor)
    finally:
        if os.fstat(descriptor).st_size == 0 and _is_still(model.part, descriptor):
            _unlink(model.part)
        os.close(descriptor)


def _locked(path: Path) -> int:
    while True:
        _require_ordinary(path)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if not isinstance(error, BlockingIOError):
                raise
            file = path.name.removesuffix(".part")
            raise ModelError(ModelFault.BUSY, f"Another process is downloading {file} just now.") from error
        if _is_still(path, descriptor):
            try:
                _require_ordinary(path)  # again, as another name may have come before the lock
            except ModelError:
                os.close(descriptor)
                raise
            return descriptor
        # The one that held it has finished between our open and our lock: that file has another name now, or none.
        os.close(descriptor)


def delete(model: ModelPath) -> None:
    """Deletes a model and its part. Raises ModelError while another process downloads it."""
    if is_foreign(model.part):  # no download writes to it, so that none holds it
        remove(model)
    else:
        with held(model):
            remove(model)


def is_foreign(path: Path) -> bool:
    """Whether something stands at a part's path that no download made: a pipe, a link, a file with a second name."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return False
    return not stat.S_ISREG(status.st_mode) or status.st_nlink > 1


def _require_ordinary(path: Path) -> None:
    """Raises ModelError for a path through which a write would change something elsewhere, or would wait."""
    if is_foreign(path):
        raise ModelError(
            ModelFault.IN_THE_WAY,
            f"{path} is no file of a download but a link, a pipe, a folder or the like. Remove it, then pull again.",
        )


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _unlink(path: Path) -> None:
    with suppress(FileNotFoundError):
        path.unlink()
