"""How long jobs take and how long the wait is, from what recent jobs took. Pure."""

SMOOTHING = 0.3  # weight of the newest job in the running averages
FIRST_GUESS_S = 10.0  # how long a job takes, until one was measured


class Estimate:
    """Running averages of the prefill, of a token and of the tokens in an answer.

    A job is its prefill and as many tokens as answers have, but no more than were asked for: short and long questions
    come mixed, and an average of whole jobs would refuse the short ones for the long ones' sake.
    """

    def __init__(self) -> None:
        self._prefill_s: float | None = None
        self._token_s: float | None = None
        self._tokens = 0.0

    @property
    def is_guess(self) -> bool:
        """True until a job was measured."""
        return self._prefill_s is None

    def measure(self, *, prefill_s: float, decode_s: float, tokens: int) -> None:
        """Take in a job that has ended. Its decode is the time of the tokens after the first."""
        self._tokens = float(tokens) if self._prefill_s is None else _smoothed(self._tokens, tokens)
        self._prefill_s = _smoothed(self._prefill_s, prefill_s)
        if tokens > 1:
            self._token_s = _smoothed(self._token_s, decode_s / (tokens - 1))

    def job_s(self, max_tokens: int | None = None) -> float:
        """How long a job takes, of at most so many tokens where that is known."""
        if self._prefill_s is None:
            return FIRST_GUESS_S
        tokens = self._tokens if max_tokens is None else min(self._tokens, max_tokens)
        return self._prefill_s + max(tokens - 1, 0.0) * (self._token_s or 0.0)

    def rest_s(self, *, ran_s: float, max_tokens: int | None) -> float:
        """How long a job will still take that has run for so long."""
        return max(self.job_s(max_tokens) - ran_s, 0.0)


def _smoothed(average: float | None, newest: float) -> float:
    return newest if average is None else average + SMOOTHING * (newest - average)
