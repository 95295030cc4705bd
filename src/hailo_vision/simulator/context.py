"""The model's context: a ring of KV entries, counted as the device counts them (contract 2.5, 2.6)."""

import base64
import json
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hailo_vision.simulator.status import Failure, Status

CAPACITY_TOKENS: Final = 2048
FRAME_SIDE_PX: Final = 336
FRAME_BYTES: Final = FRAME_SIDE_PX * FRAME_SIDE_PX * 3
PATCH_PX: Final = 28
PATCHES_A_ROW: Final = FRAME_SIDE_PX // PATCH_PX
IMAGE_TOKENS: Final = PATCHES_A_ROW**2

_MAGIC: Final = b"HVSC"
_HEADER: Final = struct.Struct("<4s8sI32sQ")  # magic, version, protocol, hash of the HEF, size of the payload


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """One entry of a picture: its number in this context, and which of its 144 patches, row by row."""

    image: int
    patch: int


class Context:
    """KV entries, the pending prefix, and the set of generated tokens that the repetition penalty looks at.

    An entry is a token id, or a negative number that names a patch of a picture. Only the last `CAPACITY_TOKENS`
    entries exist: older ones have been dropped without a notice (contract 2.6).
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._entries: list[int] = []
        self._fallen = 0
        self._frames: dict[int, bytes] = {}
        self._next_image = 0
        self.pending: list[int] = []
        self.generated: set[int] = set()

    @property
    def usage_tokens(self) -> int:
        """The number of KV entries and of tokens in the pending prefix; it grows beyond the capacity."""
        return self._fallen + len(self._entries) + len(self.pending)

    def append(self, tokens: Iterable[int]) -> None:
        self._entries += tokens
        if (excess := len(self._entries) - CAPACITY_TOKENS) > 0:
            del self._entries[:excess]
            self._fallen += excess

    def append_image(self, frame: bytes) -> None:
        """Append the embeddings of a picture in the place of its placeholder."""
        number, self._next_image = self._next_image, self._next_image + 1
        self._frames[number] = frame
        self.append(-1 - number * IMAGE_TOKENS - patch for patch in range(IMAGE_TOKENS))
        oldest = (-1 - next(entry for entry in self._entries if entry < 0)) // IMAGE_TOKENS
        self._frames = {number: frame for number, frame in self._frames.items() if number >= oldest}

    def view(self) -> list[int | Patch]:
        """The entries that the model can attend to, oldest first."""
        return [
            entry if entry >= 0 else Patch(image=(-1 - entry) // IMAGE_TOKENS, patch=(-1 - entry) % IMAGE_TOKENS)
            for entry in self._entries
        ]

    def frame(self, image: int) -> bytes:
        return self._frames[image]

    def dump(self, hef_hash: bytes, version: str) -> bytes:
        """A saved context: the header has the fields of contract 3, the payload is the stand-in's own and smaller."""
        frames = {number: base64.b64encode(zlib.compress(frame, 1)).decode() for number, frame in self._frames.items()}
        state = {
            "entries": self._entries,
            "fallen": self._fallen,
            "frames": frames,
            "next_image": self._next_image,
            "pending": self.pending,
            "generated": sorted(self.generated),
        }
        payload = zlib.compress(json.dumps(state).encode())
        return _HEADER.pack(_MAGIC, version.encode(), 0, hef_hash, len(payload)) + payload

    def load(self, blob: bytes, hef_hash: bytes) -> None:
        """Restore a saved context. One that fails the checks leaves the entries, but not the pending prefix."""
        self.pending = []
        state = _open_blob(blob, hef_hash)
        if state["fallen"] + len(state["entries"]) >= CAPACITY_TOKENS:
            raise Failure(Status.INVALID_ARGUMENT, "a saved context whose usage had reached the cache's length")
        self._entries = state["entries"]
        self._fallen = state["fallen"]
        self._frames = {int(n): zlib.decompress(base64.b64decode(frame)) for n, frame in state["frames"].items()}
        self._next_image = state["next_image"]
        self.pending = state["pending"]
        self.generated = set(state["generated"])


def _open_blob(blob: bytes, hef_hash: bytes) -> dict[str, Any]:
    if len(blob) < _HEADER.size:
        raise Failure(Status.INVALID_ARGUMENT, "a saved context that is shorter than its header")
    magic, _, protocol, saved_hash, size = _HEADER.unpack_from(blob)
    payload = blob[_HEADER.size :]
    if magic != _MAGIC or protocol != 0 or saved_hash != hef_hash or size != len(payload):
        raise Failure(Status.INVALID_ARGUMENT, "a saved context of another kind, another model or another length")
    try:
        state = json.loads(zlib.decompress(payload))
    except (zlib.error, ValueError):
        raise Failure(Status.INVALID_ARGUMENT, "a saved context whose payload is damaged") from None
    assert isinstance(state, dict)
    return state


def prompt_entries(context: Context, tokens: Sequence[int], placeholder: int, frames: Sequence[bytes]) -> None:
    """Prefill a prompt: each placeholder becomes the 144 entries of the next picture."""
    remaining = iter(frames)
    start = 0
    for index, token in enumerate(tokens):
        if token == placeholder:
            context.append(tokens[start:index])
            context.append_image(next(remaining))
            start = index + 1
    context.append(tokens[start:])
