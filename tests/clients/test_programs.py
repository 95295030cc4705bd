"""Other people's clients, as they install from PyPI and npm, run against the daemon as programs of their own."""

import base64
import re
import subprocess
from pathlib import Path

import pytest

from harness import MODEL, PHOTOS, ROOT, Daemon
from needs import needs

pytestmark = pytest.mark.guests

PROGRAMS = Path(__file__).parent / "programs"
PYTHON = ROOT / ".cache" / "clients" / "bin" / "python"
LLAMAINDEX = ROOT / ".cache" / "llamaindex" / "bin" / "python"  # disagrees with the others about releases of openai
NODE_MODULES = ROOT / ".cache" / "node" / "node_modules"
PATIENCE_S = 120  # LiteLLM alone takes ten seconds to be imported on a busy machine


def installed(name: str, folder: Path) -> pytest.MarkDecorator:
    """A mark for tests of clients that scripts/clients has put into a folder."""
    return pytest.mark.skipif(not folder.exists(), reason=f"no {name} here: scripts/clients gets them")


def run(daemon: Daemon, command: list[str]) -> None:
    picture = "data:image/jpeg;base64," + base64.b64encode((PHOTOS / "launch-pad.jpg").read_bytes()).decode()
    words = [*command, daemon.url, MODEL]
    cwd = NODE_MODULES.parent if command[0] == "node" else ROOT
    result = subprocess.run(
        words, cwd=cwd, input=picture, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert result.returncode == 0, result.stderr[-4000:]
    assert result.stdout.endswith("ok\n"), result.stdout


@installed("clients", PYTHON.parent.parent / ".has")
@pytest.mark.parametrize("name", sorted(path.stem for path in PROGRAMS.glob("*.py") if "llamaindex" not in path.stem))
def test_a_python_client_gets_what_it_asks_for(daemon: Daemon, name: str) -> None:
    run(daemon, [str(PYTHON), "-P", str(PROGRAMS / f"{name}.py")])


@installed("packages of LlamaIndex", LLAMAINDEX.parent.parent / ".has")
def test_llamaindex_gets_what_it_asks_for(daemon: Daemon) -> None:
    run(daemon, [str(LLAMAINDEX), "-P", str(PROGRAMS / "use_llamaindex.py")])


@installed("clients", PYTHON.parent.parent / ".has")
def test_the_example_for_anthropics_sdk_prints_its_answer(daemon: Daemon) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "api-anthropic.md").read_text(), re.DOTALL)
    words = [str(PYTHON), "-P", "-c", example.replace("http://127.0.0.1:11435", daemon.url)]
    result = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert result.returncode == 0, result.stderr[-4000:]
    assert "zebra" in result.stdout


@needs("node", "nodejs")
@installed("clients for Node", NODE_MODULES.parent / "package.json")
@pytest.mark.parametrize("name", sorted(path.stem for path in PROGRAMS.glob("*.mjs")))
def test_a_client_for_node_gets_what_it_asks_for(daemon: Daemon, name: str) -> None:
    run(daemon, ["node", str(PROGRAMS / f"{name}.mjs")])
