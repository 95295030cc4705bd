"""A cache of decoded pictures, as a chat sends all of its pictures again with each of its turns.

The key has a digest of the file, so no client gets a picture that it does not have. The threads that decode use it.
"""

from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock

from hailo_vision.images.fit import Shape
from hailo_vision.images.tiles import DecodedPicture


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """The file, and all else that its frames depend on and that can differ between two requests."""

    digest: bytes
    shape: Shape
    max_tiles: int

    @classmethod
    def of(cls, data: bytes, shape: Shape, max_tiles: int) -> "Key":
        return cls(digest=sha256(data).digest(), shape=shape, max_tiles=max_tiles)


class Cache:
    """The decoded pictures that were used last, as many as fit into `max_bytes`."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._held_bytes = 0
        self._pictures: OrderedDict[Key, DecodedPicture] = OrderedDict()
        self._lock = Lock()

    @property
    def held_bytes(self) -> int:
        return self._held_bytes

    def get(self, key: Key) -> DecodedPicture | None:
        with self._lock:
            if key not in self._pictures:
                return None
            self._pictures.move_to_end(key)
            return self._pictures[key]

    def put(self, key: Key, picture: DecodedPicture) -> None:
        """Add a picture and evict the least recently used ones. A picture larger than the whole cache is not added."""
        size = _bytes_of(picture)
        if size > self._max_bytes:
            return
        with self._lock:
            if key in self._pictures:
                return
            self._pictures[key] = picture
            self._held_bytes += size
            while self._held_bytes > self._max_bytes:
                _, evicted = self._pictures.popitem(last=False)
                self._held_bytes -= _bytes_of(evicted)


def _bytes_of(picture: DecodedPicture) -> int:
    return sum(len(frame.pixels) for frame in picture.frames)
