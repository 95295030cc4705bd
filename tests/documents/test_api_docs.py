"""The examples of the pages on the surfaces beside chats work as printed."""

import json
import re
import subprocess
import sys

import pytest

from harness import PATIENCE_S, ROOT, Daemon
from needs import needs

pytestmark = pytest.mark.slow

PAGES = {name: (ROOT / "docs" / name).read_text() for name in ("api-responses.md", "api-vision.md", "api-anthropic.md")}
PRINTED_URL = "http://127.0.0.1:11435"
SHELL = [block for page in PAGES.values() for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL)]


def run(words: list[str]) -> str:
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=True).stdout


@needs("curl")
@pytest.mark.parametrize("example", SHELL)
def test_a_curl_example_gets_its_answer(daemon: Daemon, example: str) -> None:
    assert PRINTED_URL in example
    said = run(["sh", "-c", example.replace(PRINTED_URL, daemon.url)])
    if "stream=true" in example:
        assert said.endswith("data: [DONE]\n\n")
        assert said.count("vision.analysis.result") == 2
        return
    answer = json.loads(said)
    assert "error" not in answer
    if "vqa" in example:
        assert "blue" in answer["answer"]


def test_the_sdk_example_prints_its_answer(daemon: Daemon) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGES["api-responses.md"], re.DOTALL)
    assert "zebra" in run([sys.executable, "-W", "error", "-c", example.replace(PRINTED_URL, daemon.url)])


def test_there_are_examples_of_all_routes() -> None:
    assert all(
        any(route in example for example in SHELL) for route in ("completions", "messages", "vqa", "caption", "analyze")
    )
