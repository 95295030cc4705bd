"""Parses the context into turns, by its special tokens, with their pictures.

Only the tokens count, not their author: forged special tokens make turns, and dropped entries are missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hailo_vision.simulator.context import PATCHES_A_ROW, Patch
from hailo_vision.simulator.tokenizer import IM_END, IM_START, SPECIAL_IDS, decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture in view, and its first complete row of patches."""

    image: int
    first_patch_row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextTurn:
    """The entries between two special tokens; the role of a text without one is empty."""

    role: str
    text: str
    pictures: tuple[Picture, ...]


def read_turns(view: Sequence[int | Patch]) -> list[ContextTurn]:
    """The turns of a context, oldest first. The last one is the answer to come, if the prompt asks for one."""
    turns: list[ContextTurn] = []
    part: list[int | Patch] = []
    is_marked = False
    for entry in view:
        if entry in (IM_START, IM_END):
            turns += _turn(part, is_marked=is_marked)
            part, is_marked = [], entry == IM_START
        else:
            part.append(entry)
    return turns + _turn(part, is_marked=is_marked)


def _turn(part: Sequence[int | Patch], *, is_marked: bool) -> list[ContextTurn]:
    text = decode(entry for entry in part if not isinstance(entry, Patch) and entry not in SPECIAL_IDS)
    role = ""
    if is_marked:
        role, _, text = text.partition("\n")
    pictures = _pictures([entry for entry in part if isinstance(entry, Patch)])
    if not (is_marked or pictures or text.strip()):
        return []
    return [ContextTurn(role=role.strip(), text=text.strip(), pictures=pictures)]


def _pictures(patches: Sequence[Patch]) -> tuple[Picture, ...]:
    first: dict[int, int] = {}
    for patch in patches:
        first.setdefault(patch.image, patch.patch)
    pictures = (Picture(image=image, first_patch_row=-(-patch // PATCHES_A_ROW)) for image, patch in first.items())
    return tuple(picture for picture in pictures if picture.first_patch_row < PATCHES_A_ROW)
