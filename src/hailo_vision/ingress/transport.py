"""The transport that aiohttp writes to: asyncio's own, with a timeout for clients that do not read."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

Buffer = bytes | bytearray | memoryview


class GuardedTransport(asyncio.Transport):
    """Forwards every call, and aborts the connection of a slow client that reads nothing for `stall_timeout_s`.

    The timeout holds for responses of any kind, and for the bytes that are left when the connection is being closed,
    for which asyncio alone would wait for ever. Under TLS bytes count as sent once they are in the transport's own
    buffer of 64 KB; there asyncio's timeout of a TLS shutdown is the bound.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        *,
        stall_timeout_s: float,
        on_stall: Callable[[], None],
        extra_info: dict[str, Any],
    ) -> None:
        super().__init__()
        self._transport = transport
        self._stall_timeout_s = stall_timeout_s
        self._on_stall = on_stall
        self._extra_info = extra_info
        self._stall_timer: asyncio.TimerHandle | None = None
        self._written_bytes = 0
        self._sent_bytes = 0  # when the timer was started
        self._pausing: set[str] = set()
        self._is_detached = False
        self.has_written = False  # since `new_response`

    def new_response(self) -> None:
        """Note that a response is complete, and nothing of the next one is written yet."""
        self.has_written = False

    def detach(self) -> None:
        """Cut off the handler: from now on its calls do nothing."""
        self._is_detached = True
        self.stop_timer()

    def stop_timer(self) -> None:
        """Stop watching the client, as the connection is lost or no longer the handler's."""
        if self._stall_timer is not None:
            self._stall_timer.cancel()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._extra_info[name] if name in self._extra_info else self._transport.get_extra_info(name, default)

    # Writing

    def write(self, data: Buffer) -> None:
        if self._is_detached:
            return
        self.has_written = True
        self._written_bytes += len(data)
        self._transport.write(data)
        self._start_timer()

    def writelines(self, list_of_data: Iterable[Buffer]) -> None:
        self.write(b"".join(list_of_data))

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size()

    def can_write_eof(self) -> bool:
        return False

    def is_closing(self) -> bool:
        return self._is_detached or self._transport.is_closing()

    def close(self) -> None:
        if not self._is_detached:
            self._transport.close()

    def abort(self) -> None:
        if not self._is_detached:
            self._transport.abort()

    # Reading is paused while at least one owner wants it paused

    def pause_reading(self, owner: str = "handler") -> None:
        self._pausing.add(owner)
        if not self.is_closing():
            self._transport.pause_reading()

    def resume_reading(self, owner: str = "handler") -> None:
        self._pausing.discard(owner)
        if not self._pausing and not self.is_closing():
            self._transport.resume_reading()

    def is_reading(self) -> bool:
        return self._transport.is_reading()

    # The stall timeout

    def _start_timer(self) -> None:
        if self._stall_timer is None and self._transport.get_write_buffer_size():
            self._sent_bytes = self._written_bytes - self._transport.get_write_buffer_size()
            self._stall_timer = asyncio.get_running_loop().call_later(self._stall_timeout_s, self._check_progress)

    def _check_progress(self) -> None:
        self._stall_timer = None
        unsent_bytes = self._transport.get_write_buffer_size()
        if unsent_bytes and self._written_bytes - unsent_bytes == self._sent_bytes:
            self._on_stall()
            self._transport.abort()
        else:
            self._start_timer()
