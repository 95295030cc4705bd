"""The engine's device code on the simulator: in this process, and as the real worker process with its socket."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from hailo_vision.chat import Frame, Generation, Role, Sampling, Text, Turn
from hailo_vision.engines.chip.process import WORKER_COMMAND
from hailo_vision.simulator.chip import Lock
from hailo_vision.wire import Decoder, Down, Generate, Hello, Load, Loaded, Message, Token, Up, encode
from hailo_vision.worker.backend import Done
from hailo_vision.worker.hailo import HailoBackend
from simulator.platforms import PACKAGE, QUICK, VARIABLE, Modules, import_fresh

VERSIONS = ("5.1.1", "5.2.0")
SIDE_PX = 336
IMAGE_TOKENS = 144
CAPACITY_TOKENS = 2048
PATIENCE_S = 20.0
LOAD = Load(runtime=PACKAGE, hef="/nowhere/model.hef", device="simulated", group_id="SHARED", patience_s=0.0)

Part = str | Frame


def plain(red: int, green: int, blue: int, side_px: int = SIDE_PX) -> Frame:
    return Frame(width_px=side_px, height_px=side_px, pixels=bytes((red, green, blue)) * side_px**2)


RED, GREEN, BLUE = plain(255, 0, 0), plain(0, 200, 0), plain(0, 0, 255)


def turn(role: Role, *parts: Part) -> Turn[Frame]:
    return Turn(role=role, parts=tuple(Text(text=part) if isinstance(part, str) else part for part in parts))


def asking(
    *parts: Part,
    before: Sequence[Turn[Frame]] = (),
    max_tokens: int = 200,
    stop: tuple[str, ...] = (),
    **sampling: Any,
) -> Generation:
    """A conversation that ends with this turn of the user; other keywords are fields of Sampling."""
    turns = (*before, turn("user", *parts))
    return Generation(turns=turns, sampling=Sampling(**sampling), max_tokens=max_tokens, stop=stop)


class Answered:
    """All that came of one generation."""

    def __init__(self, events: Sequence[str | Done]) -> None:
        *texts, done = events
        assert isinstance(done, Done)
        self.texts = [text for text in texts if isinstance(text, str)]
        assert len(self.texts) == len(texts)
        self.done = done
        self.text = "".join(self.texts)
        self.reason = done.reason
        self.usage = done.usage


class Device:
    """A HailoBackend in this process, on a simulator of its own, and what that device knows of itself."""

    def __init__(self, options: dict[str, Any], modules: Modules | None = None) -> None:
        self.fault_file = Path(options["fault_file"])
        self.backend = HailoBackend()
        self._modules = modules or import_fresh(options)

    def load(self, **fields: Any) -> "Device":
        """Load, with these fields of the Load message. The engine imports the runtime by its name, as always."""
        names = {"": "root", ".genai": "genai", ".pyhailort.pyhailort": "wrapped", ".pyhailort._pyhailort": "raw"}
        modules = {PACKAGE + name: getattr(self._modules, attribute) for name, attribute in names.items()}
        with patch.dict(sys.modules, modules):
            self.model = self.backend.load(replace(LOAD, **fields))
        return self

    def play(self, fault: str) -> None:
        """From now on this goes wrong."""
        self.fault_file.write_text(fault)

    def events(self, generation: Generation, cancelled: Callable[[], bool] = lambda: False) -> Iterator[str | Done]:
        return self.backend.generate(generation, cancelled)

    def answer(self, generation: Generation, cancelled: Callable[[], bool] = lambda: False) -> Answered:
        return Answered(list(self.events(generation, cancelled)))

    def close(self) -> None:
        """Release all, and first let what a failed test has left behind do no harm: it would end the whole run."""
        if self.backend._vlm is not None and self.backend._vlm._model is not None:
            for completion in self.session._completions:
                completion._is_released = True
        self.backend.close()

    def blank(self) -> Any:
        """A frame as the vendor's binding takes it."""
        return np.zeros((SIDE_PX, SIDE_PX, 3), np.uint8)

    # The device's own knowledge, past the vendor's interface

    @property
    def vlm(self) -> Any:
        return self.backend._vlm

    @property
    def session(self) -> Any:
        return self.vlm._model._session

    @property
    def params(self) -> Any:
        """The sampling parameters that the device holds."""
        return self.session._params

    @property
    def run_tokens(self) -> int:
        """Tokens that the device made in its last generation, recovery and all."""
        return len(self.session._run._tokens)

    @property
    def usage_tokens(self) -> int:
        return int(self.session.context.usage_tokens)

    @property
    def turns(self) -> Any:
        """The turns that the model sees in its context, by their marks."""
        read_turns = type(self.session).generate.__globals__["read_turns"]  # of the same import as the context
        return read_turns(self.session.context.view())

    @property
    def prompt_tokens(self) -> int:
        """Tokens that were in the context before the last generation began to speak."""
        return self.usage_tokens - self.run_tokens


class Worker:
    """The real worker process, spoken to as the daemon does, on a simulator with these options."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._end, theirs = socket.socketpair()
        self._end.settimeout(PATIENCE_S)
        self._decoder = Decoder()
        self._inbox: list[Message] = []
        self._lines: list[str] = []
        self._news = threading.Condition()
        with theirs:
            self.process = subprocess.Popen(
                [*WORKER_COMMAND, str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                env={**os.environ, VARIABLE: json.dumps(options)},
            )
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()

    def send(self, message: Down) -> None:
        self._end.sendall(encode(message))

    def receive(self) -> Up | None:
        """The next message; None when the worker has closed its end."""
        while not self._inbox:
            data = self._end.recv(1 << 16)
            if not data:
                return None
            self._inbox.extend(self._decoder.feed(data))
        message = self._inbox.pop(0)
        assert isinstance(message, Up)
        return message

    def start(self, **fields: Any) -> "Worker":
        """Hello, and ask it to load."""
        assert isinstance(self.receive(), Hello)
        self.send(replace(LOAD, **fields))
        return self

    def load(self) -> "Worker":
        loaded = self.start().receive()
        assert isinstance(loaded, Loaded), loaded
        return self

    def ask(self, generation: Generation, job: int = 1) -> tuple[str, Up | None]:
        """The text of an answer and the message that ended it; None for the end of the stream."""
        self.send(Generate(job=job, generation=generation))
        return self.rest()

    def rest(self) -> tuple[str, Up | None]:
        text = ""
        while isinstance(message := self.receive(), Token):
            text += message.text
        return text, message

    @property
    def log(self) -> str:
        with self._news:
            return "".join(self._lines)

    def wait_for_log(self, words: str) -> None:
        with self._news:
            assert self._news.wait_for(lambda: words in "".join(self._lines), PATIENCE_S), self._lines

    def end(self) -> int:
        """Wait for its end, which must come by itself; gives the exit code."""
        code = self.process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.end()
        self._end.close()
        assert self.process.stderr is not None
        self.process.stderr.close()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._news:
                self._lines.append(line)
                self._news.notify_all()


def options_of(folder: Path, version: str, **more: Any) -> dict[str, Any]:
    """A chip of one's own that takes no time; the fault is what stands in `folder/fault`."""
    own = {"version": version, "kv_slot": str(folder / "chip.kv"), "fault_file": str(folder / "fault")}
    return {**QUICK, **own, **more}


@contextmanager
def lock_held(options: dict[str, Any], *, group: str | None = None) -> Iterator[Callable[[], None]]:
    """Somebody else on the chip: with the KV cache, or in a group. Gives what makes them leave."""
    lock = Lock(options["kv_slot"] + ("" if group is None else ".clients"))
    assert lock.try_take(shared=False)
    if group is not None:
        lock.note = group
        assert lock.try_take(shared=True)
    try:
        yield lock.release
    finally:
        lock.release()
