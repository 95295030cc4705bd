"""Finished pictures are kept for when they are sent again, as all those of a chat are with each of its turns.

What is kept is found by a digest of the file, so nobody can ask for a picture that he does not have. Used by the
threads that decode.
"""

from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock

from hailo_vision.images.fit import Shape
from hailo_vision.images.tiles import Look


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """All that a look depends on and that is not the same for the life of the daemon."""

    digest: bytes
    shape: Shape
    most_tiles: int

    @classmethod
    def of(cls, data: bytes, shape: Shape, most_tiles: int) -> "Key":
        return cls(digest=sha256(data).digest(), shape=shape, most_tiles=most_tiles)


class Cache:
    """The looks that were asked for last, as many as fit into `most_bytes`."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._held_bytes = 0
        self._looks: OrderedDict[Key, Look] = OrderedDict()
        self._lock = Lock()

    @property
    def held_bytes(self) -> int:
        return self._held_bytes

    def get(self, key: Key) -> Look | None:
        with self._lock:
            if key not in self._looks:
                return None
            self._looks.move_to_end(key)
            return self._looks[key]

    def put(self, key: Key, look: Look) -> None:
        """Keeps `look`, and forgets what was not asked for longest. One that is too large for all of it is not kept."""
        size = _bytes_of(look)
        if size > self._most_bytes:
            return
        with self._lock:
            if key in self._looks:
                return
            self._looks[key] = look
            self._held_bytes += size
            while self._held_bytes > self._most_bytes:
                _, forgotten = self._looks.popitem(last=False)
                self._held_bytes -= _bytes_of(forgotten)


def _bytes_of(look: Look) -> int:
    return sum(len(frame.pixels) for frame in look.frames)
