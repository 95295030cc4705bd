"""The README's examples work as printed, and its two commands do what it says."""

import re
import signal
import subprocess
import sys

import pytest

from harness import PATIENCE_S, ROOT, Daemon
from needs import needs

README = (ROOT / "README.md").read_text()
PRINTED_URL = "http://127.0.0.1:11435"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def run(words: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def printed_by(daemon: Daemon, example: str) -> str:
    """What an example in Python prints, run as it stands but for the port."""
    assert PRINTED_URL in example
    result = run([sys.executable, "-W", "error", "-c", example.replace(PRINTED_URL, daemon.url)])
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.slow
def test_the_sdk_example_prints_the_answer_whole_and_streamed(daemon: Daemon) -> None:
    (example,) = [block for block in blocks("python") if "stream=True" in block]
    whole, _, streamed = printed_by(daemon, example).partition("\n")
    assert "blue" in whole
    assert "CompletionUsage" in whole
    assert streamed
    assert whole.startswith(streamed)


@pytest.mark.slow
def test_the_example_of_structured_output_prints_an_object(daemon: Daemon) -> None:
    (example,) = [block for block in blocks("python") if "parse(" in block]
    assert printed_by(daemon, example).startswith("description=")


@pytest.mark.slow
def test_the_example_of_tools_prints_what_the_tool_said(daemon: Daemon) -> None:
    (example,) = [block for block in blocks("python") if "tools=tools" in block]
    assert "18 degrees and rain in Paris" in printed_by(daemon, example)


def test_every_example_in_python_is_run_here() -> None:
    assert len(blocks("python")) == 3


@needs("curl")
def test_the_curl_example_gets_an_answer(daemon: Daemon) -> None:
    (example,) = [block for block in blocks("sh") if block.startswith("curl")]
    assert PRINTED_URL in example
    result = run(["sh", "-c", example.replace(PRINTED_URL, daemon.url)])
    assert '"finish_reason": "stop"' in result.stdout


def test_the_ask_example_gets_an_answer(daemon: Daemon) -> None:
    (example,) = [block for block in blocks("sh") if "hailo-vision ask" in block]
    (line,) = [line for line in example.splitlines() if line.startswith("hailo-vision ask")]
    words = line.replace("hailo-vision", f"'{sys.executable}' -P -m hailo_vision", 1)
    result = run(["sh", "-c", f"{words} --url {daemon.url}"])
    assert "blue" in result.stdout


def test_the_configuration_example_renders() -> None:
    (example,) = [block for block in blocks("sh") if "render_config.py" in block]
    for command in ("check-config etc/hailo-vision.yaml", "--input etc/hailo-vision.yaml"):
        assert command in example
    assert run([sys.executable, "-P", "-m", "hailo_vision", "check-config", "etc/hailo-vision.yaml"]).returncode == 0
    rendered = run([sys.executable, "render_config.py", "--input", "etc/hailo-vision.yaml", "--output", "-"])
    assert '"port": 11435' in rendered.stdout


@pytest.mark.slow
def test_run_once_answers_about_the_photo_and_leaves() -> None:
    result = run([sys.executable, "scripts/demo.py", "--once"])
    assert result.returncode == 0, result.stderr
    for label in ("Photo     docs/photos/launch-pad.jpg", "Question  ", "Answer    ", "TTFT      ", "Speed     "):
        assert label in result.stdout
    assert "blue" in result.stdout
    assert "tokens/s" in result.stdout


@pytest.mark.slow
def test_run_keeps_serving_until_it_is_interrupted() -> None:
    demo = subprocess.Popen([sys.executable, "-u", "scripts/demo.py"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with demo:
        assert demo.stdout is not None
        said = ""
        for line in demo.stdout:
            said += line
            if "scripts/run --model" in line:
                break
        url = re.findall(r"http://\S+?:\d+", said)[0]
        assert f"in a browser:\n\n  {url}/\n" in said
        assert f"curl {url}/v1/chat/completions" in said
        assert f'base_url="{url}/v1"' in said
        demo.send_signal(signal.SIGINT)
        assert demo.wait(PATIENCE_S) == 0
