"""Other people's compliance suites: PyPI's llm-comply, by the rules of Open Responses, OpenAI and Anthropic."""

import json
import subprocess

import pytest

from harness import MODEL, PATIENCE_S, ROOT, Daemon

pytestmark = pytest.mark.guests

SUITE = ROOT / ".cache" / "clients" / "bin" / "llm-comply"


SKIPPED = {
    "open-responses": "reasoning-summary",
    "openai-chat": "chat-reasoning-summary",
    "anthropic": "anth-thinking-display",
}


@pytest.mark.skipif(not SUITE.exists(), reason="no llm-comply here: scripts/clients gets it")
@pytest.mark.parametrize(("specification", "tests"), [("open-responses", 13), ("openai-chat", 9), ("anthropic", 9)])
def test_a_specification_is_kept(daemon: Daemon, specification: str, tests: int) -> None:
    """What is skipped needs a model that reasons; compaction, a 404 as a whole, counts as not served."""
    words = [SUITE, "--base-url", f"{daemon.url}/v1", "--api-key", "unused", "--model", MODEL, "--json"]
    words += ["--format", specification]
    result = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    report = json.loads(result.stdout)
    assert report["summary"]["failed"] == 0, result.stdout
    assert report["summary"]["total"] >= tests
    skipped = [each["id"] for each in report["results"] if each["status"] == "skipped"]
    assert skipped == [SKIPPED[specification]]
