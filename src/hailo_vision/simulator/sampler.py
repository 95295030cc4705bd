"""Samples the wording of the next statement, greedily or by the parameters (contract 2.3)."""

import math
import random
import time
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Final

from hailo_vision.simulator.tokenizer import encode_plain

CLOCK_SEED: Final = 0xFFFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """The parameters of a generation as the device holds them; `penalty` is multiplicative, 1.0 is off."""

    temperature: float
    top_p: float
    top_k: int
    penalty: float
    max_tokens: int
    do_sample: bool
    seed: int = CLOCK_SEED


class Sampler:
    """Chooses one of several wordings that state the same. The first of them is the likeliest."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self._random = random.Random(time.time_ns() if params.seed == CLOCK_SEED else params.seed)

    def choose(self, wordings: Sequence[str], generated: Set[int]) -> str:
        """Choose a wording. `generated` are the tokens that the penalty counts: all since the context was cleared."""
        scores = [3.0 - 0.6 * index for index in range(len(wordings))]
        if self._params.penalty != 1.0 and generated:
            for index, token in enumerate(_first_differences(wordings)):
                if token in generated:
                    scores[index] /= self._params.penalty
        order = sorted(range(len(scores)), key=lambda index: -scores[index])
        if not self._params.do_sample:
            return wordings[order[0]]
        return wordings[self._draw(order, scores)]

    def _draw(self, order: list[int], scores: list[float]) -> int:
        kept = order[: self._params.top_k]
        best = scores[kept[0]]
        weights = [math.exp((scores[index] - best) / self._params.temperature) for index in kept]
        total = sum(weights)
        share, count = 0.0, 0
        while count < len(kept) and (count == 0 or share < self._params.top_p):
            share += weights[count] / total
            count += 1
        return self._random.choices(kept[:count], weights[:count])[0]


def _first_differences(wordings: Sequence[str]) -> list[int | None]:
    """The token of each wording at the place where they part, since there the penalty decides between them."""
    rows = [encode_plain(wording) for wording in wordings]
    same = 0
    while all(len(row) > same for row in rows) and len({row[same] for row in rows}) == 1:
        same += 1
    return [row[same] if len(row) > same else None for row in rows]
