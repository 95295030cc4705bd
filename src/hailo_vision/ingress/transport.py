"""The transport that aiohttp is given: the real one, with a bound on how long a client may take nothing in."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

Buffer = bytes | bytearray | memoryview


class Line(asyncio.Transport):
    """Passes everything on, and cuts the connection when what was written does not move for `stall_s`.

    That holds for answers of any kind and for what is left when the connection is to be closed, for which the
    transport alone would wait for ever. Under TLS bytes count as taken once they are in the transport's own buffer of
    64 KB; there asyncio's time for a shutdown is the bound.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        *,
        stall_s: float,
        on_stall: Callable[[], None],
        facts: dict[str, Any],
    ) -> None:
        super().__init__()
        self._transport = transport
        self._stall_s = stall_s
        self._on_stall = on_stall
        self._facts = facts
        self._watch: asyncio.TimerHandle | None = None
        self._written_bytes = 0
        self._taken_bytes = 0
        self._pausing: set[str] = set()
        self._is_cut = False
        self.has_spoken = False  # something was written since `hush`

    def hush(self) -> None:
        """An answer is complete: nothing of the next one was written yet."""
        self.has_spoken = False

    def cut(self) -> None:
        """The handler's side is over; whatever it does from now on reaches nobody."""
        self._is_cut = True
        self.lost()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._facts[name] if name in self._facts else self._transport.get_extra_info(name, default)

    # Writing

    def write(self, data: Buffer) -> None:
        if self._is_cut:
            return
        self.has_spoken = True
        self._written_bytes += len(data)
        self._transport.write(data)
        self._see()

    def writelines(self, list_of_data: Iterable[Buffer]) -> None:
        self.write(b"".join(list_of_data))

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size()

    def can_write_eof(self) -> bool:
        return False

    def is_closing(self) -> bool:
        return self._is_cut or self._transport.is_closing()

    def close(self) -> None:
        if not self._is_cut:
            self._transport.close()

    def abort(self) -> None:
        if not self._is_cut:
            self._transport.abort()

    # Reading: stopped while anybody wants it so

    def pause_reading(self, who: str = "handler") -> None:
        self._pausing.add(who)
        if not self.is_closing():
            self._transport.pause_reading()

    def resume_reading(self, who: str = "handler") -> None:
        self._pausing.discard(who)
        if not self._pausing and not self.is_closing():
            self._transport.resume_reading()

    def is_reading(self) -> bool:
        return self._transport.is_reading()

    # Watching

    def lost(self) -> None:
        """The connection is gone."""
        if self._watch is not None:
            self._watch.cancel()

    def _see(self) -> None:
        if self._watch is None and self._transport.get_write_buffer_size():
            self._taken_bytes = self._written_bytes - self._transport.get_write_buffer_size()
            self._watch = asyncio.get_running_loop().call_later(self._stall_s, self._look)

    def _look(self) -> None:
        self._watch = None
        left = self._transport.get_write_buffer_size()
        if left and self._written_bytes - left == self._taken_bytes:
            self._on_stall()
            self._transport.abort()
        else:
            self._see()
