"""Stop strings, matched on text across token borders: what may go out now, and what must wait. Pure."""


class HoldBack:
    """Lets text through but for what could still become a stop string.

    The first of several stop strings is the one whose last character comes first, and of two that end together the
    longer: so the answer does not depend on how the model cuts its text into tokens.
    """

    def __init__(self, stop: tuple[str, ...]) -> None:
        self._stop = stop
        self._longest = max((len(text) for text in stop), default=0)
        self._held = ""
        self.stopped = False

    def feed(self, text: str) -> str:
        """Take in text, give back what is safe. Once a stop string is complete, `stopped` is true for good."""
        if not self._stop or self.stopped:
            return "" if self.stopped else text
        self._held += text
        found = [(start + len(stop), start) for stop in self._stop if (start := self._held.find(stop)) >= 0]
        if found:
            self.stopped = True
            _, start = min(found)
            safe, self._held = self._held[:start], ""
            return safe
        keep = self._open_prefix()
        cut = len(self._held) - keep
        safe, self._held = self._held[:cut], self._held[cut:]
        return safe

    def flush(self) -> str:
        """What was held back, now that no more text comes."""
        safe, self._held = self._held, ""
        return safe

    def _open_prefix(self) -> int:
        """Length of the longest end of the held text that begins a stop string."""
        for length in range(min(self._longest - 1, len(self._held)), 0, -1):
            if any(stop.startswith(self._held[-length:]) for stop in self._stop):
                return length
        return 0
