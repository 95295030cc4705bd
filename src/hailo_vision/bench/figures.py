"""Samples become figures. Pure.

Percentiles are by nearest rank: the smallest measured value that at least so many per cent of all values do not
exceed. So each is a value that was measured, and of fewer than 20 values the 95th percentile is the largest one, of
fewer than 100 the 99th: honest, and not much to lean on.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from hailo_vision.bench.sample import Sample

Better = Literal["lower", "higher"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A quantity over all samples that have it. The percentiles of a rate are sorted from the fastest down."""

    count: int
    p50: float
    p95: float
    p99: float
    mean: float
    minimum: float
    maximum: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A quantity that is computed from samples. `measured_by` says whose clock measured it."""

    name: str
    title: str
    better: Better
    measured_by: Literal["client", "server"]
    of: Callable[[Sample], float | None]


QUANTITIES = (
    Quantity(name="ttft_s", title="Time to first token", better="lower", measured_by="client", of=lambda s: s.ttft_s),
    Quantity(name="queue_s", title="Wait in the queue", better="lower", measured_by="server", of=lambda s: s.queue_s),
    Quantity(name="image_s", title="Picture", better="lower", measured_by="server", of=lambda s: s.image_s),
    Quantity(name="prefill_s", title="Prefill", better="lower", measured_by="server", of=lambda s: s.prefill_s),
    Quantity(name="decode_s", title="Decode", better="lower", measured_by="client", of=lambda s: s.decode_s),
    Quantity(name="tokens_per_s", title="Tokens/s", better="higher", measured_by="client", of=lambda s: s.tokens_per_s),
    Quantity(name="total_s", title="End to end", better="lower", measured_by="client", of=lambda s: s.total_s),
)


def figures(samples: Sequence[Sample]) -> dict[str, Figure | None]:
    """All quantities of the answers that were whole; None where no sample has it."""
    answered = [sample for sample in samples if sample.error is None]
    return {quantity.name: _figure(quantity, answered) for quantity in QUANTITIES}


def percentile(values: Sequence[float], percent: float, better: Better = "lower") -> float:
    """By nearest rank. Where more is better it counts from above, so that p99 is a bad case of either kind."""
    ordered = sorted(values, reverse=better == "higher")
    return ordered[max(math.ceil(percent / 100 * len(ordered)), 1) - 1]


def is_extreme(percent: float, count: int) -> bool:
    """Whether the percentile of so many values is nothing but the worst of them."""
    return math.ceil(percent / 100 * count) >= count


def _figure(quantity: Quantity, samples: Sequence[Sample]) -> Figure | None:
    values = [value for sample in samples if (value := quantity.of(sample)) is not None]
    if not values:
        return None
    return Figure(
        count=len(values),
        p50=percentile(values, 50, quantity.better),
        p95=percentile(values, 95, quantity.better),
        p99=percentile(values, 99, quantity.better),
        mean=math.fsum(values) / len(values),
        minimum=min(values),
        maximum=max(values),
    )
