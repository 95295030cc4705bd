"""Stop strings, matched on text across token boundaries: text that may begin one is held back. Pure."""


class HoldBack:
    """Lets text through, except for a tail that could still become a stop string.

    Of several stop strings the one that is completed first counts, and of two that end together the longer one. So the
    answer does not depend on how the model cuts its text into tokens.
    """

    def __init__(self, stop: tuple[str, ...]) -> None:
        self._stop = stop
        self._longest = max((len(text) for text in stop), default=0)
        self._held = ""
        self.matched: str | None = None  # the stop string that is complete

    @property
    def stopped(self) -> bool:
        return self.matched is not None

    def feed(self, text: str) -> str:
        """Add text, and return the text that is safe to send. Once a stop string is complete, `stopped` stays True."""
        if not self._stop or self.stopped:
            return "" if self.stopped else text
        self._held += text
        ends = [(start + len(stop), start, stop) for stop in self._stop if (start := self._held.find(stop)) >= 0]
        if ends:
            _, start, self.matched = min(ends)
            safe, self._held = self._held[:start], ""
            return safe
        keep = self._open_prefix()
        cut = len(self._held) - keep
        safe, self._held = self._held[:cut], self._held[cut:]
        return safe

    def flush(self) -> str:
        """Return the text that was held back, as no more text comes."""
        safe, self._held = self._held, ""
        return safe

    def _open_prefix(self) -> int:
        """The length of the longest tail of the held text with which a stop string begins."""
        for length in range(min(self._longest - 1, len(self._held)), 0, -1):
            if any(stop.startswith(self._held[-length:]) for stop in self._stop):
                return length
        return 0
