"""The worker's loop: it reads one message, answers it, and goes on until Quit or the end of the stream."""

import os
import select
import socket
import traceback
from collections import deque

from hailo_vision.errors import ContextLengthExceeded, DeviceUnavailable, GenerationFailed, WireError
from hailo_vision.wire import (
    Abort,
    Decoder,
    Failed,
    Finished,
    Generate,
    Hello,
    Load,
    Loaded,
    Message,
    Quit,
    Token,
    encode,
)
from hailo_vision.worker.backend import Backend

_READ_BYTES = 1 << 18


class Channel:
    """The worker's end of the socket pair: it reads and writes messages, and looks for an Abort without blocking."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._socket.setblocking(True)
        self._decoder = Decoder()
        self._inbox: deque[Message] = deque()
        self._closed = False
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)

    def send(self, message: Message) -> None:
        self._socket.sendall(encode(message))

    def receive(self) -> Message | None:
        """Wait for the next message, without a timeout. Returns None when the daemon has closed its end."""
        while not self._inbox and not self._closed:
            self._read()
        return self._inbox.popleft() if self._inbox else None

    def wants_end_of(self, job: int) -> bool:
        """True when the daemon has aborted this job, asked the worker to quit, or is gone. It costs one system call."""
        while not self._closed and self._poll.poll(0):
            self._read()
        return self._closed or any(isinstance(m, Quit) or (isinstance(m, Abort) and m.job == job) for m in self._inbox)

    def _read(self) -> None:
        data = self._socket.recv(_READ_BYTES)
        self._closed = not data
        self._inbox.extend(self._decoder.feed(data))


def serve(channel: Channel, backend: Backend) -> int:
    """Say Hello, load, then answer until Quit comes. Returns the process's exit code, whatever happens."""
    try:
        return _serve(channel, backend)
    except Exception:  # noqa: BLE001 - the outermost loop
        # This is a bug of ours, or the daemon is gone. An exit by the exception would collect the objects of the
        # device's code, and on a dead session that ends in SIGABRT (trap 14).
        traceback.print_exc()
        return 1


def _serve(channel: Channel, backend: Backend) -> int:
    channel.send(Hello(pid=os.getpid()))
    load = channel.receive()
    if load is None or isinstance(load, Quit):
        return 0
    if not isinstance(load, Load):
        raise WireError(f"the first message is a {type(load).__name__}, not a Load")
    try:
        channel.send(Loaded(model=backend.load(load)))
    except DeviceUnavailable as error:
        channel.send(Failed(job=None, error=error, fatal=True))
        return 1
    return _serve_loaded(channel, backend)


def _serve_loaded(channel: Channel, backend: Backend) -> int:
    while (message := channel.receive()) is not None:
        match message:
            case Generate():
                if not _generate(channel, backend, message):
                    return 1
            case Abort():
                pass  # the job has ended by itself meanwhile
            case Quit():
                break
            case _:
                raise WireError(f"a {type(message).__name__} is no message for a loaded worker")
    backend.close()
    return 0


def _generate(channel: Channel, backend: Backend, message: Generate) -> bool:
    """Answer one job. Returns False when the device is lost, so that the process must end."""
    job = message.job
    try:
        for event in backend.generate(message.generation, lambda: channel.wants_end_of(job)):
            if isinstance(event, str):
                channel.send(Token(job=job, text=event))
            else:
                channel.send(
                    Finished(
                        job=job,
                        reason=event.reason,
                        usage=event.usage,
                        prefill_s=event.prefill_s,
                        decode_s=event.decode_s,
                        stop=event.stop,
                    )
                )
    except (ContextLengthExceeded, GenerationFailed) as error:
        channel.send(Failed(job=job, error=error, fatal=False))
    except DeviceUnavailable as error:
        channel.send(Failed(job=job, error=error, fatal=True))
        return False
    return True
