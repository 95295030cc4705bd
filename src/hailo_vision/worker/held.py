"""What the device's context holds between two requests, and whether the next one goes on from there. Pure.

A conversation that continues sends all its turns again. Where the device still holds them, only the new turn needs a
prefill. Any doubt means a cleared context and the full prompt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from hailo_vision.chat import Frame, Turn
from hailo_vision.worker.prompt import neutralise, parts_of

Seen = tuple[tuple[str, tuple[str | bytes, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A conversation up to the model's own end of its last answer.

    `tokens` are those in the device's cache. The end token of the answer is not among them: a VLM drops it at the next
    generation (contract 2.5, trap 11), so what is sent next begins with it.
    """

    seen: Seen
    tokens: int

    def is_continued_by(self, turns: Sequence[Turn[Frame]]) -> bool:
        """True when `turns` are this conversation and one more turn of the user."""
        return len(turns) > 1 and turns[-1].role == "user" and seen(turns[:-1]) == self.seen


def hold(turns: Sequence[Turn[Frame]], answer: str, tokens: int) -> Held | None:
    """The conversation with its answer; None for an answer that would not come back as it was."""
    if answer != neutralise(answer):
        return None
    return Held(seen=(*seen(turns), ("assistant", (answer,))), tokens=tokens)


def seen(turns: Sequence[Turn[Frame]]) -> Seen:
    """Turns as the device saw them, each frame as a digest of its pixels."""
    return tuple(
        (turn.role, tuple(part if isinstance(part, str) else _digest(part) for part in parts_of(turn)))
        for turn in turns
    )


def _digest(frame: Frame) -> bytes:
    return blake2b(frame.pixels, digest_size=32).digest()
