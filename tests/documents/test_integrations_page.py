"""docs/integrations.md and docs/api-ollama.md: each example runs as printed, where what it is for can be had here."""

import base64
import json
import re
import subprocess
from typing import Any

import pytest
import yaml

from hailo_vision.http_api.app import surfaces
from hailo_vision.http_api.web.routes import Routes
from harness import MODEL, PATIENCE_S, PHOTOS, ROOT, Daemon
from needs import needs

PAGE = (ROOT / "docs" / "integrations.md").read_text()
API_PAGE = (ROOT / "docs" / "api-ollama.md").read_text()
PRINTED_URL = "http://127.0.0.1:11435"
PYTHON = ROOT / ".cache" / "clients" / "bin" / "python"
NODE_FOLDER = ROOT / ".cache" / "node"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def run(words: list[str], **options: Any) -> str:
    result = subprocess.run(
        words, capture_output=True, text=True, timeout=PATIENCE_S, check=False, **{"cwd": ROOT, **options}
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@needs("curl")
@pytest.mark.parametrize("example", blocks(PAGE, "sh") + blocks(API_PAGE, "sh"))
def test_a_curl_example_gets_its_answer(daemon: Daemon, example: str) -> None:
    assert PRINTED_URL in example
    *_, last = run(["sh", "-c", example.replace(PRINTED_URL, daemon.url)]).splitlines()
    answer = json.loads(last)
    assert answer.get("done") or answer["answer"]


@pytest.mark.guests
@pytest.mark.skipif(not (PYTHON.parent.parent / ".has").exists(), reason="no clients here: scripts/clients gets them")
@pytest.mark.parametrize("example", blocks(PAGE, "python"))
def test_an_example_in_python_prints_an_answer(daemon: Daemon, example: str) -> None:
    assert PRINTED_URL in example
    said = run([str(PYTHON), "-c", example.replace(PRINTED_URL, daemon.url)])
    assert "blue" in said or "no image" in said


@pytest.mark.guests
@needs("node", "nodejs")
@pytest.mark.skipif(not (NODE_FOLDER / "node_modules" / "ollama").exists(), reason="scripts/clients gets the client")
@pytest.mark.parametrize("example", blocks(PAGE, "js"))
def test_an_example_for_node_prints_an_answer(daemon: Daemon, example: str) -> None:
    assert PRINTED_URL in example
    said = run(["node", "-e", example.replace(PRINTED_URL, daemon.url)], cwd=NODE_FOLDER)
    assert "no image" in said


@pytest.mark.guests
@needs("node", "nodejs")
def test_the_flow_for_node_red_asks_what_the_server_answers(daemon: Daemon) -> None:
    """Node-RED's part is played: its function runs in Node, and what it returns is posted."""
    (flow,) = [json.loads(block) for block in blocks(PAGE, "json")]
    ask, post, told = flow
    assert [ask["wires"], post["wires"]] == [[[post["id"]]], [[told["id"]]]]
    words = f"const msg = {{payload: require('fs').readFileSync(0)}}; const ask = () => {{{ask['func']}}};"
    picture = (PHOTOS / "launch-pad.jpg").open("rb")
    with picture:
        body = json.loads(run(["node", "-e", f"{words} console.log(JSON.stringify(ask().payload))"], stdin=picture))
    assert base64.b64decode(body["images"][0]) == (PHOTOS / "launch-pad.jpg").read_bytes()
    assert (post["method"], post["url"].startswith(PRINTED_URL)) == ("POST", True)
    status, answer = daemon.post(body, post["url"].removeprefix(PRINTED_URL))
    assert (status, "blue" in answer["response"]) == (200, True)
    assert told["complete"] == "payload.response"


def test_the_configurations_name_this_server_and_its_model() -> None:
    task, frigate, continues = [yaml.safe_load(block) for block in blocks(PAGE, "yaml")]
    assert task["action"] == "ai_task.generate_data"
    assert (frigate["genai"]["base_url"], frigate["genai"]["model"]) == (PRINTED_URL, MODEL)
    assert frigate["review"]["genai"]["enabled"] is False
    (model,) = continues["models"]
    assert (model["apiBase"], model["model"]) == (f"{PRINTED_URL}/v1", MODEL)
    assert model["defaultCompletionOptions"]["contextLength"] == 2048


def test_the_page_has_all_that_it_promises() -> None:
    wanted = ["Home Assistant", "Frigate", "Open WebUI", "n8n", "Node-RED", "LangChain", "VS Code", "curl"]
    assert set(wanted) <= set(re.findall(r"^## (.*)$", PAGE, re.MULTILINE))
    assert {"LLM Vision", "Continue"} <= set(re.findall(r"\*\*(.*?)\*\*", PAGE))


def test_the_api_page_names_every_route_of_ollamas() -> None:
    paths = {path for route in Routes(surfaces()).all for path in (route.path, *route.also) if path.startswith("/api/")}
    assert paths - {path for path in paths if path.partition("{")[0].rstrip("/") in API_PAGE} == set()
