"""Fresh imports of the simulator, each with its own options, and pictures to show it."""

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

PACKAGE = "hailo_vision.simulator"
VARIABLE = "HAILO_VISION_SIMULATOR"
HEF = "/nowhere/Qwen2-VL-2B-Instruct.hef"
QUICK = {"load_s": 0, "prefill_s": 0, "tokens_per_s": 0, "busy_wait_s": 0}
SIDE_PX = 336

RED, GREEN, BLUE, GREY, BLACK, WHITE = (
    (255, 0, 0),
    (0, 200, 0),
    (0, 0, 255),
    (128, 128, 128),
    (0, 0, 0),
    (255, 255, 255),
)

Pixels = npt.NDArray[np.uint8]


def plain(colour: tuple[int, int, int]) -> Pixels:
    frame = np.empty((SIDE_PX, SIDE_PX, 3), np.uint8)
    frame[:] = colour
    return frame


def halves(left: tuple[int, int, int], right: tuple[int, int, int]) -> Pixels:
    frame = plain(left)
    frame[:, SIDE_PX // 2 :] = right
    return frame


@contextmanager
def ticking() -> Iterator[list[float]]:
    """The moments at which another thread could run, meanwhile."""
    ticks: list[float] = []
    begun, stopping = threading.Event(), threading.Event()

    def tick() -> None:
        while not stopping.is_set():
            ticks.append(time.monotonic())
            begun.set()

    thread = threading.Thread(target=tick)
    thread.start()
    begun.wait(10)
    try:
        yield ticks
    finally:
        stopping.set()
        thread.join()


def longest_pause(ticks: Sequence[float]) -> float:
    return max(later - earlier for earlier, later in pairwise(ticks))


def user(text: str, images: int = 0) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "image"}] * images + [{"type": "text", "text": text}]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Modules:
    """What an engine imports of the vendor's package."""

    root: Any
    genai: Any
    wrapped: Any
    raw: Any


class Platform:
    """The simulator as one import of it sees the world; what it opens is released at the end."""

    def __init__(self, stack: ExitStack, modules: Modules) -> None:
        self._stack = stack
        self.root = modules.root
        self.genai = modules.genai
        self.wrapped = modules.wrapped
        self.raw = modules.raw

    def vdevice(self, group: str = "SHARED", **fields: Any) -> Any:
        params = self.genai.VDevice.create_params()
        params.group_id = group
        for name, value in fields.items():
            setattr(params, name, value)
        vdevice = self.genai.VDevice(params)
        self._stack.callback(vdevice.release)
        return vdevice

    def vlm(self, path: str = HEF, kind: str = "VLM") -> Any:
        vlm = getattr(self.genai, kind)(self.vdevice(), path)
        self._stack.callback(_release, vlm)
        return vlm

    def llm(self) -> Any:
        return self.vlm(kind="LLM")

    def keep(self, completion: Any) -> Any:
        """For a completion on a session that will be dead: collecting it would end the whole test run (trap 14)."""
        self._stack.callback(_defuse, completion)
        return completion

    def chunks(self, completion: Any) -> list[tuple[str, str]]:
        """All that is left of a stream: each chunk with the status after it. Releases the completion."""
        found = []
        with completion:
            while completion.generation_status.name == "GENERATING":
                found.append((completion.read(), completion.generation_status.name))
        return found

    def ask(self, vlm: Any, text: str, *frames: Pixels, **params: Any) -> str:
        """The answer to a single question in a context of its own, without its end token."""
        vlm.clear_context()
        answer: str = vlm.generate_all(prompt=[user(text, len(frames))], frames=list(frames), **params)
        return answer.removesuffix("<|im_end|>")


def import_modules() -> Modules:
    return Modules(
        root=importlib.import_module(PACKAGE),
        genai=importlib.import_module(f"{PACKAGE}.genai"),
        wrapped=importlib.import_module(f"{PACKAGE}.pyhailort.pyhailort"),
        raw=importlib.import_module(f"{PACKAGE}.pyhailort._pyhailort"),
    )


def import_fresh(options: Mapping[str, Any]) -> Modules:
    """The package imported anew, since its classes depend on its options (contract 1.2); what was there is restored."""
    before = {name: module for name, module in sys.modules.items() if name.startswith(PACKAGE)}
    parent = sys.modules.get("hailo_vision")
    saved = os.environ.get(VARIABLE)
    _forget()
    os.environ[VARIABLE] = json.dumps(options)
    try:
        return import_modules()
    finally:
        _forget()
        sys.modules.update(before)
        if isinstance(parent, ModuleType) and PACKAGE in before:
            parent.simulator = before[PACKAGE]  # type: ignore[attr-defined]
        os.environ.pop(VARIABLE)
        if saved is not None:
            os.environ[VARIABLE] = saved


def _defuse(completion: Any) -> None:
    completion._completion._completion._is_released = True


def _release(vlm: Any) -> None:
    """Releases a model, and lets the completions that a failed test has left behind do no harm (trap 13, 14)."""
    if vlm._model is not None:
        for completion in vlm._model._session._completions:
            completion._is_released = True
    vlm.release()


def _forget() -> None:
    for name in [name for name in sys.modules if name.startswith(PACKAGE)]:
        del sys.modules[name]


START = (
    "import json, os, sys, numpy as np\n"
    f"sys.path.insert(0, {str(Path(__file__).parent.parent)!r})\n"
    "from contextlib import ExitStack\n"
    "from simulator.platforms import *\n"
    "platform = Platform(ExitStack(), import_modules())\n"
)


def run_script(script: str, options: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
    """A program of its own, for what ends a process. It finds `platform` there, with the same methods as here."""
    return subprocess.run(
        [sys.executable, "-u", "-c", START + script],
        env={**os.environ, VARIABLE: json.dumps(options)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


# A thread of the script's own, which shows at each turn that the interpreter lets threads run.
TICKS = (
    "def tick():\n"
    "    while os.write(ticks, b'.'): time.sleep(0.01)\n"
    "ticks = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND)\n"
    "threading.Thread(target=tick, daemon=True).start()\n"
)
FROZEN_S = 0.5


def run_until_frozen(script: str, steps: str, options: Mapping[str, Any], folder: Path) -> tuple[str, int]:
    """Wait until a script has printed these steps and no thread of it runs any more, then end it by SIGALRM.

    Gives all that it printed, and its exit code.
    """
    ticks = folder / "ticks"
    ticks.touch()
    with subprocess.Popen(
        [sys.executable, "-u", "-c", START + TICKS + script, str(ticks)],
        env={**os.environ, VARIABLE: json.dumps(options)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        watchdog = threading.Timer(60, process.kill)
        watchdog.start()
        assert process.stdout is not None
        printed = process.stdout.read(len(steps))
        before = 0
        while process.poll() is None:
            size = ticks.stat().st_size
            if 0 < size == before:
                break
            before = size
            time.sleep(FROZEN_S)
        process.send_signal(signal.SIGALRM)
        printed += process.stdout.read()
        watchdog.cancel()
        return printed, process.wait()
