"""The worker's loop: one message in, its answer out, until Quit or the end of the stream."""

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


class Link:
    """The worker's end of the socket pair: blocking messages, and a look for an Abort that never blocks."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._end.setblocking(True)
        self._decoder = Decoder()
        self._inbox: deque[Message] = deque()
        self._closed = False
        self._poll = select.poll()
        self._poll.register(end, select.POLLIN)

    def send(self, message: Message) -> None:
        self._end.sendall(encode(message))

    def receive(self) -> Message | None:
        """The next message, however long it takes; None when the daemon has closed its end."""
        while not self._inbox and not self._closed:
            self._read()
        return self._inbox.popleft() if self._inbox else None

    def wants_end_of(self, job: int) -> bool:
        """True when the daemon has aborted this job, asked the worker to quit, or is gone. Costs one system call."""
        while not self._closed and self._poll.poll(0):
            self._read()
        return self._closed or any(isinstance(m, Quit) or (isinstance(m, Abort) and m.job == job) for m in self._inbox)

    def _read(self) -> None:
        data = self._end.recv(_READ_BYTES)
        self._closed = not data
        self._inbox.extend(self._decoder.feed(data))


def serve(link: Link, backend: Backend) -> int:
    """Say Hello, load, then answer until told to leave. Returns the process's exit code, whatever happens."""
    try:
        return _serve(link, backend)
    except Exception:  # noqa: BLE001 - the outermost loop
        # A bug of ours, or a daemon that is gone. Python's own way out would collect what the device's code holds,
        # and on a dead session that ends in SIGABRT (trap 14).
        traceback.print_exc()
        return 1


def _serve(link: Link, backend: Backend) -> int:
    link.send(Hello(pid=os.getpid()))
    load = link.receive()
    if load is None or isinstance(load, Quit):
        return 0
    if not isinstance(load, Load):
        raise WireError(f"the first message is a {type(load).__name__}, not a Load")
    try:
        link.send(Loaded(model=backend.load(load)))
    except DeviceUnavailable as error:
        link.send(Failed(job=None, error=error, fatal=True))
        return 1
    return _serve_loaded(link, backend)


def _serve_loaded(link: Link, backend: Backend) -> int:
    while (message := link.receive()) is not None:
        match message:
            case Generate():
                if not _generate(link, backend, message):
                    return 1
            case Abort():
                pass  # it crossed the job's own end on the way
            case Quit():
                break
            case _:
                raise WireError(f"a {type(message).__name__} is no message for a loaded worker")
    backend.close()
    return 0


def _generate(link: Link, backend: Backend, message: Generate) -> bool:
    """Answer one job; False when the device is lost and the process with it."""
    job = message.job
    try:
        for event in backend.generate(message.generation, lambda: link.wants_end_of(job)):
            if isinstance(event, str):
                link.send(Token(job=job, text=event))
            else:
                link.send(
                    Finished(
                        job=job,
                        reason=event.reason,
                        usage=event.usage,
                        prefill_s=event.prefill_s,
                        decode_s=event.decode_s,
                    )
                )
    except (ContextLengthExceeded, GenerationFailed) as error:
        link.send(Failed(job=job, error=error, fatal=False))
    except DeviceUnavailable as error:
        link.send(Failed(job=job, error=error, fatal=True))
        return False
    return True
