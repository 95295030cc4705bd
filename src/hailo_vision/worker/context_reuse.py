"""Context reuse: the conversation that the device's context holds, and whether the next request continues it. Pure.

A context is reused for the client that made it alone: `cached_tokens`, and the time to the first token, would tell
another one what was asked before.

A client sends all turns again with each request. Where the device still holds them, only the new turn needs a prefill.
Any doubt means a cleared context and the full prompt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from hailo_vision.chat import Frame, Turn
from hailo_vision.worker.prompt import neutralise, parts_of

Digest = tuple[tuple[str, tuple[str | bytes, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldContext:
    """A conversation of one client up to the model's own end of its last answer.

    `tokens` are those in the device's cache. The end token of the answer is not among them: a VLM drops it at the next
    generation (contract 2.5, trap 11), so the text that is sent next begins with it.
    """

    client: str | None
    digest: Digest
    tokens: int

    def is_continued_by(self, turns: Sequence[Turn[Frame]], client: str | None) -> bool:
        """True when the same client sends this conversation and one more turn of the user."""
        if client != self.client or len(turns) < 2 or turns[-1].role != "user":
            return False
        return digest_of(turns[:-1]) == self.digest


def hold(turns: Sequence[Turn[Frame]], answer: str, tokens: int, client: str | None) -> HeldContext | None:
    """The conversation with its answer; None if a client would send that answer back in other words."""
    if answer != neutralise(answer):
        return None
    return HeldContext(client=client, digest=(*digest_of(turns), ("assistant", (answer,))), tokens=tokens)


def digest_of(turns: Sequence[Turn[Frame]]) -> Digest:
    """The turns as the device saw them, with each frame as a digest of its pixels."""
    return tuple(
        (turn.role, tuple(part if isinstance(part, str) else _digest(part) for part in parts_of(turn)))
        for turn in turns
    )


def _digest(frame: Frame) -> bytes:
    return blake2b(frame.pixels, digest_size=32).digest()
