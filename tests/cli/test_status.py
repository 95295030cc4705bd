"""`hailo-vision status`, as a person runs it."""

import json
import os
import signal
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from harness import COMMAND, PATIENCE_S, Daemon, ask

pytestmark = pytest.mark.slow


def status(*words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, **variables}
    command = [*COMMAND, "status", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False, env=environment)


def test_a_ready_server_is_shown_on_one_screen(daemon: Daemon) -> None:
    daemon.post(ask("How many images are there?"))
    done = status("--url", daemon.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"hailo-vision 0.1.0 at {daemon.url}\n" in done.stdout
    for title in ("State    ready, takes requests", "Model    qwen2-vl-2b-instruct, simulated", "Queue    0 running"):
        assert title in done.stdout
    assert len(done.stdout.splitlines()) < 24


def test_the_address_can_come_from_the_environment(daemon: Daemon) -> None:
    assert status(HAILO_VISION_URL=f"{daemon.url}/v1/").returncode == 0


def test_json_has_what_health_says(daemon: Daemon) -> None:
    told: dict[str, Any] = json.loads(status("--url", daemon.url, "--json").stdout)
    assert list(told) == ["schema", "url", "running", "message", "health"]
    assert (told["schema"], told["url"], told["running"]) == (1, daemon.url, True)
    assert told["health"].keys() == daemon.get("/health")[1].keys()
    assert told["health"]["load_seconds"] is not None


def test_a_server_that_is_not_there_is_exit_code_1_and_the_next_step() -> None:
    done = status("--url", "http://127.0.0.1:9", "--json")
    assert done.returncode == 1
    assert "Nothing answers at http://127.0.0.1:9. Start the server with `hailo-vision serve`." in done.stderr
    assert "`hailo-vision doctor`" in done.stderr
    assert json.loads(done.stdout)["running"] is False


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--url", "nonsense"), 1, "is not the address of a server"),
        (("--url", f"http://{'a' * 64}.example"), 1, "is not the address of a server"),
        (("--url", "http://127.0.0.1:9", "--api-key", "ke\ny"), 2, "an API key is printable ASCII"),
    ],
)
def test_what_can_not_be_asked_is_said(words: tuple[str, ...], code: int, said: str) -> None:
    done = status(*words)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_key_in_the_environment_that_is_none_is_said() -> None:
    done = status(HAILO_VISION_API_KEY="schlüssel")
    assert done.returncode == 1
    assert "HAILO_VISION_API_KEY is no API key" in done.stderr


def test_a_server_that_loads_is_exit_code_1_with_its_reason(start: Callable[..., Daemon]) -> None:
    loading = start(simulator={"load_s": 600})
    done = status("--url", loading.url)
    assert done.returncode == 1
    assert "State    starting, takes no requests now" in done.stdout
    assert "Trouble  loading: The model is being loaded." in done.stdout


def test_watch_goes_on_while_the_server_comes_and_goes(start: Callable[..., Daemon]) -> None:
    server = start()
    command = [*COMMAND, "status", "--url", server.url, "--watch", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        assert json.loads(watching.stdout.readline())["running"] is True
        server.stop()
        assert any(json.loads(line)["running"] is False for line in watching.stdout)
        watching.send_signal(signal.SIGINT)
        assert watching.wait(PATIENCE_S) == 0
        assert watching.stderr is not None
        assert watching.stderr.read() == ""
