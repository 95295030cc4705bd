"""scripts/run without the chip: the simulator or a real model, by a flag or by a question on a terminal."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub import Hub, serving

from harness import PATIENCE_S, ROOT
from local_models import has_llama, make_tiny

pytestmark = pytest.mark.slow

DEMO = [sys.executable, "-u", "scripts/demo.py"]
NO_HUB = {"HF_ENDPOINT": "http://127.0.0.1:9"}


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "XDG_RUNTIME_DIR": str(tmp_path),
    }


def once(model: str, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*DEMO, "--once", "--model", model],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE_S,
        check=False,
    )


@has_llama
def test_a_model_of_the_hub_answers_about_the_photo(home: dict[str, str], tmp_path: Path) -> None:
    files = {name: Path(path) for name, path in make_tiny(tmp_path).items()}
    repository = {"tiny-qwen2vl-Q8_0.gguf": files["model"], "mmproj-F16.gguf": files["mmproj"]}
    with serving(Hub("me/tiny-qwen2vl-GGUF", repository)) as hub:
        done = once("hf:me/tiny-qwen2vl-GGUF", {**home, "HF_ENDPOINT": hub.url})
    again = once("hf:me/tiny-qwen2vl-GGUF", {**home, **NO_HUB})
    assert "with hf:me/tiny-qwen2vl-GGUF" in again.stdout  # what is on the disk needs no network
    assert done.returncode == 0, done.stderr
    assert "with hf:me/tiny-qwen2vl-GGUF" in done.stdout
    assert "tokens/s (" in done.stdout


@has_llama
def test_without_a_network_it_says_so_in_a_line_and_goes_on_with_the_simulator(home: dict[str, str]) -> None:
    done = once("hf:o/r", {**home, **NO_HUB})
    assert done.returncode == 0, done.stderr
    assert "and hf:o/r is not on the disk; going on with the simulator." in done.stderr
    assert "on the simulator" in done.stdout


class Terminal:
    """A person's terminal with the script in it."""

    def __init__(self, *words: str, environment: dict[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [*DEMO, *words],
            cwd=ROOT,
            env=environment,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.seen = ""

    def until(self, text: str) -> str:
        """What has come when the text has; the test's own time limit ends a wait in vain."""
        while text not in self.seen:
            try:
                self.seen += os.read(self._ours, 65536).decode(errors="replace")
            except OSError:  # the other side is closed
                raise AssertionError(f"no {text!r} in: {self.seen}") from None
        return self.seen

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def close(self) -> int:
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(PATIENCE_S)
        os.close(self._ours)
        return code


@pytest.fixture
def terminal(home: dict[str, str]) -> Iterator[Terminal]:
    terminal = Terminal(environment={**home, **NO_HUB})
    yield terminal
    if terminal.process.poll() is None:
        terminal.process.kill()
        terminal.process.wait()


def test_on_a_terminal_it_asks_once_and_an_empty_line_is_the_simulator(terminal: Terminal) -> None:
    terminal.until("1 or 2? [1] ")
    terminal.type("\n")
    seen = terminal.until("in a browser:")
    assert "SmolVLM-500M, 0.55 GB to download once" in seen
    assert "on the simulator" in seen
    assert seen.count("1 or 2?") == 1
    assert terminal.close() == 0


@has_llama
def test_the_real_model_falls_back_to_the_simulator_where_it_can_not_be_had(terminal: Terminal) -> None:
    terminal.until("1 or 2? [1] ")
    terminal.type("2\n")
    seen = terminal.until("in a browser:")
    assert "smolvlm-500m is not on the disk; going on with the simulator." in seen
    assert "on the simulator" in seen
    assert terminal.close() == 0


@has_llama
def test_a_model_that_there_is_not_ends_it_with_its_reason(home: dict[str, str]) -> None:
    done = once("smolvlm-5OOm", home)
    assert done.returncode == 2
    assert "Did you mean smolvlm-500m-instruct-gguf?" in done.stderr
