"""docs/integrations.md and docs/api-ollama.md: each example runs as printed, where what it is for can be had here."""

import base64
import json
import os
import re
import subprocess
from pathlib import Path
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
LLM = ROOT / ".cache" / "clients" / "bin" / "llm"
LLAMA_INDEX = ROOT / ".cache" / "llamaindex" / "bin" / "python"
NODE_FOLDER = ROOT / ".cache" / "node"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def commands(program: str) -> list[str]:
    """The page's blocks for a shell that begin with a program."""
    return [block for block in blocks(PAGE, "sh") if block.startswith(f"{program} ")]


def run(words: list[str], **options: Any) -> str:
    result = subprocess.run(
        words, capture_output=True, text=True, timeout=PATIENCE_S, check=False, **{"cwd": ROOT, **options}
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@needs("curl")
@pytest.mark.parametrize("example", commands("curl") + blocks(API_PAGE, "sh"))
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
    python = LLAMA_INDEX if "llama_index" in example else PYTHON
    if not python.exists():
        pytest.skip("no LlamaIndex here: scripts/clients gets it")
    said = run([str(python), "-c", example.replace(PRINTED_URL, daemon.url)])
    assert "blue" in said or "no image" in said


@pytest.mark.guests
@pytest.mark.skipif(not LLM.exists(), reason="no llm here: scripts/clients gets it")
def test_the_example_of_llm_prints_an_answer(daemon: Daemon, tmp_path: Path) -> None:
    (settings,) = [block for block in blocks(PAGE, "yaml") if "model_id" in block]
    (command,) = commands("llm")
    assert PRINTED_URL in settings
    (tmp_path / "extra-openai-models.yaml").write_text(settings.replace(PRINTED_URL, daemon.url))
    environment = {**os.environ, "LLM_USER_PATH": str(tmp_path), "PATH": f"{LLM.parent}:{os.environ['PATH']}"}
    assert "blue" in run(["sh", "-c", command], env=environment)


@pytest.mark.guests
@needs("node", "nodejs")
@pytest.mark.parametrize("example", blocks(PAGE, "js"))
def test_an_example_for_node_prints_an_answer(daemon: Daemon, example: str) -> None:
    assert PRINTED_URL in example
    for package in re.findall(r'require\("(.*?)"\)', example):
        if not (NODE_FOLDER / "node_modules" / package).exists():
            pytest.skip(f"no {package} here: scripts/clients gets the clients for Node")
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
    assert told["complete"] == "payload.response ? payload.response : payload.error"


def test_the_flow_for_node_red_is_the_one_that_node_red_itself_runs_in_tests_clients() -> None:
    (flow,) = [json.loads(block) for block in blocks(PAGE, "json")]
    assert flow == json.loads((ROOT / "docs" / "node-red-flow.json").read_text())


def test_the_configurations_name_this_server_and_its_model() -> None:
    task, frigate, llm, continues = [yaml.safe_load(block) for block in blocks(PAGE, "yaml")]
    assert task["action"] == "ai_task.generate_data"
    (provider,) = frigate["genai"].values()
    assert (provider["base_url"], provider["model"], provider["roles"]) == (PRINTED_URL, MODEL, ["descriptions"])
    assert provider["provider_options"]["options"]["num_ctx"] == 2048
    assert frigate["review"]["genai"]["enabled"] is False
    assert [(entry["api_base"], entry["model_name"]) for entry in llm] == [(f"{PRINTED_URL}/v1", MODEL)]
    (model,) = continues["models"]
    assert (model["apiBase"], model["model"]) == (f"{PRINTED_URL}/v1", MODEL)
    assert model["defaultCompletionOptions"]["contextLength"] == 2048


def test_the_page_has_all_that_it_promises() -> None:
    homes = {"Home Assistant", "LLM Vision", "Frigate", "Open WebUI", "n8n", "Node-RED", "VS Code", "curl"}
    libraries = {"LangChain", "Vercel's AI SDK", "LlamaIndex", "LiteLLM", "llm", "Anthropic's SDKs"}
    assert homes | libraries <= set(re.findall(r"^## (.*)$", PAGE, re.MULTILINE))
    assert {"Continue", "Copilot chat"} <= set(re.findall(r"\*\*(.*?)\*\*", PAGE))


def test_the_figures_of_what_fits_are_those_that_were_counted() -> None:
    """And what the page says is left of the context is what the sum leaves."""
    counted = (ROOT / "docs" / "performance.md").read_text()
    (assist,) = re.findall(r"Home Assistant's 11 \|.*\| ([\d,]+) with descriptions", counted)
    (web,) = re.findall(r"Open WebUI's 28 \|.*descriptions, ([\d,]+) without", counted)
    assert re.search(rf"Assist.*\| {assist} \|.*with {2048 - int(assist.replace(',', ''))} left", PAGE)
    assert re.search(rf"Open WebUI: its 28 built-in tools.*\| {web} \|", PAGE)


def test_the_api_page_names_every_route_of_ollamas() -> None:
    paths = {path for route in Routes(surfaces()).all for path in (route.path, *route.also) if path.startswith("/api/")}
    assert paths - {path for path in paths if path.partition("{")[0].rstrip("/") in API_PAGE} == set()
