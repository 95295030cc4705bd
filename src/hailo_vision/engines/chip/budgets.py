"""How long the device may be silent in each phase, and how long to wait before another try."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """Seconds of silence after which the worker is taken for stuck and killed.

    HailoRT gives up on one inference after 15 s; a full prompt is some twenty of them in a row. The vendor's calls
    hold the worker's interpreter lock, so silence is all that can be measured: a ping would condemn the healthy.
    """

    hello_s: float = 20.0
    load_s: float = 180.0  # HailoRT ends a transfer after 120 s by itself, and then says why
    prefill_s: float = 60.0
    token_s: float = 20.0
    abort_s: float = 20.0
    quit_s: float = 5.0
