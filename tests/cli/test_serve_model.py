"""`serve --model` and `models pull` take a model of the hub, of the catalogue or of the disk, and serve it as it is."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hub import COMMIT, Hub, serving

from harness import COMMAND, PATIENCE_S, Daemon, ask, photo
from local_models import has_llama, make_tiny

pytestmark = [has_llama, pytest.mark.slow]

LLAMA = {"llama": {"threads": 1, "prompt_cache_mib": 16, "image_max_tokens": 64}}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {name: Path(path) for name, path in make_tiny(tmp_path_factory.mktemp("tiny")).items()}


@pytest.fixture
def hub(tiny: dict[str, Path]) -> Iterator[Hub]:
    files = {"tiny-qwen2vl-Q8_0.gguf": tiny["model"], "mmproj-F16.gguf": tiny["mmproj"]}
    with serving(Hub("me/tiny-qwen2vl-GGUF", files)) as hub:
        yield hub


def served(daemon: Daemon) -> dict[str, Any]:
    (model,) = daemon.get("/v1/models")[1]["data"]
    return dict(model)


def test_a_model_of_the_hub_is_pulled_and_looks_at_a_picture(hub: Hub, tmp_path: Path) -> None:
    config = {**LLAMA, "model": {"hef": str(tmp_path / "models" / "none.hef")}}
    daemon = Daemon(tmp_path, config, arguments=["--model", "hf:me/tiny-qwen2vl-GGUF"], HF_ENDPOINT=hub.url)
    try:
        daemon.wait_until_ready()
        assert served(daemon)["id"] == "tiny-qwen2vl"
        body = ask("What is it?", photo("launch-pad.jpg"), max_tokens=4) | {"model": "tiny-qwen2vl"}
        status, answer = daemon.post(body)
        assert status == 200, answer
        assert answer["usage"]["completion_tokens"] > 0
    finally:
        daemon.stop()
    assert sorted(path.name for path in (tmp_path / "models").glob("*.gguf")) == [
        "mmproj-tiny-qwen2vl-F16.gguf",
        "tiny-qwen2vl-Q8_0.gguf",
    ]
    assert hub.asked == [
        "/api/models/me/tiny-qwen2vl-GGUF",
        f"/me/tiny-qwen2vl-GGUF/resolve/{COMMIT}/tiny-qwen2vl-Q8_0.gguf",
        f"/me/tiny-qwen2vl-GGUF/resolve/{COMMIT}/mmproj-F16.gguf",
    ]


def test_a_file_is_served_under_its_name_with_the_projector_beside_it(tiny: dict[str, Path], tmp_path: Path) -> None:
    words = ["--model", str(tiny["model"]), "--port", "0", "--log-level", "debug"]
    daemon = Daemon(tmp_path, {**LLAMA, "server": {"port": 1}}, arguments=words)
    try:
        daemon.wait_until_ready()
        assert served(daemon)["id"] == "tiny-qwen2vl"
        status, answer = daemon.post(ask("What?", photo("launch-pad.jpg"), max_tokens=4) | {"model": "tiny-qwen2vl"})
        assert status == 200, answer
    finally:
        daemon.stop()


def models(*words: str, folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    config = folder / "config.json"
    config.write_text(json.dumps({"model": {"hef": str(folder / "models" / "none.hef")}}))
    return subprocess.run(
        [*COMMAND, *words, "--config", str(config)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def test_a_pull_prints_the_lines_that_serve_the_model_and_they_do(hub: Hub, tmp_path: Path) -> None:
    done = models("models", "pull", "hf:me/tiny-qwen2vl-GGUF", folder=tmp_path, HF_ENDPOINT=hub.url)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.partition("configuration says:\n\n")[2]
    path = tmp_path / "models" / "tiny-qwen2vl-Q8_0.gguf"
    assert lines == f"device:\n  runtime: llama\nmodel:\n  name: tiny-qwen2vl\nllama:\n  model: {path}\n"
    config = tmp_path / "served.yaml"
    config.write_text(lines)
    checked = subprocess.run([*COMMAND, "check-config", config], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize(
    ("spelling", "message"),
    [
        ("hf:me/nothing-GGUF", "me/nothing-GGUF is not there"),
        ("hf:me/tiny-qwen2vl-GGUF:Q4_0", "has no file of the quantisation Q4_0; it has Q8_0"),
        ("hf:me", "expected hf:OWNER/REPO"),
        ("smolvlm-5OOm", "Did you mean smolvlm-500m-instruct-gguf?"),
        ("/nowhere/model.gguf", "There is no file /nowhere/model.gguf."),
        ("mmproj-model.gguf", "There is no file"),
    ],
)
def test_a_model_that_can_not_be_had_ends_the_start_with_its_reason(
    hub: Hub, tmp_path: Path, spelling: str, message: str
) -> None:
    done = models("serve", "--model", spelling, folder=tmp_path, HF_ENDPOINT=hub.url)
    assert (done.returncode, done.stdout) == (3, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_network_it_says_so(tmp_path: Path) -> None:
    done = models("serve", "--model", "hf:o/r", folder=tmp_path, HF_ENDPOINT="http://127.0.0.1:9")
    assert done.returncode == 3
    assert "can't be reached" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [(("--port", "70000"), 2, "--port"), (("--host", "a:b:80"), 78, "--host"), (("--log-level", "loud"), 2, "loud")],
)
def test_a_flag_that_is_wrong_is_named(tmp_path: Path, words: tuple[str, ...], code: int, message: str) -> None:
    done = models("serve", *words, folder=tmp_path)
    assert done.returncode == code
    assert message in done.stderr
    assert len(done.stderr) < 2000
