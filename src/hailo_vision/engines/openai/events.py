"""Server-sent events, as far as chat completions use them: bytes in, the data of each event out. No I/O."""

from collections.abc import Iterator

from hailo_vision.errors import GenerationFailed

MAX_EVENT_BYTES = 1 << 20  # one token with its candidates is some kilobytes; a whole tool call can be more


class EventDecoder:
    """Takes bytes in any cut."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What stands after `data:` on the lines that are complete. Raises GenerationFailed for an endless one.

        An event of several lines is none that these servers send; its lines come one by one.
        """
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > MAX_EVENT_BYTES:
            raise GenerationFailed("The engine's server sent an event that does not end.")
        for line in lines:
            name, _, value = line.rstrip(b"\r").partition(b":")
            if name == b"data":
                yield value.removeprefix(b" ")
