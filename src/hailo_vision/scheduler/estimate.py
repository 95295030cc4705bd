"""Estimates how long a job takes and how long the wait is, from what recent jobs took. Pure."""

from dataclasses import dataclass

SMOOTHING = 0.3  # weight of the newest job in the running averages
FIRST_GUESS_S = 10.0  # the length of a job, until one was measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """The running averages of an Estimate, as they are kept across restarts. `token_s` is None until it is known."""

    prefill_s: float
    token_s: float | None
    tokens: float


class Estimate:
    """Running averages of the time of a prefill, the time of a token and the number of tokens in an answer.

    A job is estimated as one prefill and the average number of tokens, but no more tokens than its `max_tokens`.
    Short and long answers are mixed, and an average over whole jobs would refuse short ones because of long ones.
    """

    def __init__(self, before: Speed | None = None) -> None:
        """`before` is what the last run of the daemon measured."""
        self._prefill_s = None if before is None else before.prefill_s
        self._token_s = None if before is None else before.token_s
        self._tokens = 0.0 if before is None else before.tokens
        self.is_remembered = before is not None  # until a job of this run was measured

    @property
    def is_guess(self) -> bool:
        """True until a job was measured, in this run of the daemon or in one before."""
        return self._prefill_s is None

    @property
    def speed(self) -> Speed | None:
        """What was measured; None until a job was."""
        if self._prefill_s is None:
            return None
        return Speed(prefill_s=self._prefill_s, token_s=self._token_s, tokens=self._tokens)

    def measure(self, *, prefill_s: float, decode_s: float, tokens: int) -> None:
        """Add a job that has ended to the averages. `decode_s` is the time of the tokens after the first."""
        self.is_remembered = False
        self._tokens = float(tokens) if self._prefill_s is None else _smoothed(self._tokens, tokens)
        self._prefill_s = _smoothed(self._prefill_s, prefill_s)
        if tokens > 1:
            self._token_s = _smoothed(self._token_s, decode_s / (tokens - 1))

    def job_s(self, max_tokens: int | None = None) -> float:
        """How long a job takes; of at most `max_tokens`, where that is known."""
        if self._prefill_s is None:
            return FIRST_GUESS_S
        tokens = self._tokens if max_tokens is None else min(self._tokens, max_tokens)
        return self._prefill_s + max(tokens - 1, 0.0) * (self._token_s or 0.0)

    def rest_s(self, *, ran_s: float, max_tokens: int | None) -> float:
        """How long a job that has run for `ran_s` will still take."""
        return max(self.job_s(max_tokens) - ran_s, 0.0)


def _smoothed(average: float | None, newest: float) -> float:
    return newest if average is None else average + SMOOTHING * (newest - average)
