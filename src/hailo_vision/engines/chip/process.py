"""One worker process and the daemon's end of its socket pair."""

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Self

from hailo_vision.engines.stderr import Stderr
from hailo_vision.wire import Decoder, Down, Message, encode

# -P: the working directory is no place to import from.
WORKER_COMMAND = (sys.executable, "-P", "-m", "hailo_vision.worker")
_READ_BYTES = 1 << 16
_SEND_BUFFER_BYTES = 4 << 20  # as much as the system allows: what fits goes out at once, the rest when the loop is free


class WorkerProcess:
    """A running child. Its death shows as the end of the stream, with which `receive` ends."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        stderr: Stderr,
    ) -> None:
        self._process = process
        self._stderr = stderr
        self._reader = reader
        self._writer = writer
        self._decoder = Decoder()

    @classmethod
    async def spawn(cls, command: Sequence[str], environment: Mapping[str, str]) -> Self:
        """Start a child with one end of a socket pair; the number of its descriptor is the last argument."""
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        with contextlib.ExitStack() as childs, contextlib.ExitStack() as undo:
            childs.enter_context(theirs)
            # The child comes last: nothing is awaited once it runs, so no cancellation can lose it.
            reader, writer = await asyncio.open_connection(sock=ours)
            undo.callback(writer.close)
            stderr, childs_stderr = await Stderr.open()
            childs.callback(os.close, childs_stderr)
            undo.callback(stderr.abandon)
            process = await asyncio.create_subprocess_exec(
                *command,
                str(theirs.fileno()),
                pass_fds=(theirs.fileno(),),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=childs_stderr,  # of one rate and one log with stderr, whatever the library prints there
                stderr=childs_stderr,
                env={**os.environ, **environment},
            )
            undo.pop_all()
        stderr.begin(process.pid)
        return cls(process, reader, writer, stderr)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def last_line(self) -> str:
        return self._stderr.last_line

    def send(self, message: Down) -> None:
        """Queue a message; a child that has died is noticed by `receive`."""
        if not self._writer.is_closing():
            self._writer.write(encode(message))

    async def receive(self) -> AsyncIterator[Message]:
        """The messages until the child closes its end. Those that came together are given in one step of the loop.

        Raises WireError.
        """
        while True:
            try:
                data = await self._reader.read(_READ_BYTES)
            except ConnectionError:
                return
            if not data:
                return
            for message in self._decoder.feed(data):
                yield message

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def leave(self, within_s: float) -> int:
        """Wait for the child to end, kill it when the time is up, and clean up. Returns its exit code."""
        try:
            async with asyncio.timeout(within_s):
                await self._process.wait()
        except TimeoutError:
            pass
        finally:
            self.kill()
            returncode = await self._process.wait()
            self._writer.close()
            await self._stderr.close()
            with contextlib.suppress(ConnectionError):
                await self._writer.wait_closed()
        return returncode
