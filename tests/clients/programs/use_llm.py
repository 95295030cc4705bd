"""Simon Willison's llm, its command line and its library, by OpenAI's route and by llm-ollama: a picture attached,
whole, streamed, a schema, tools, errors as it prints them.

Arguments: URL MODEL; stdin: the picture.
"""

import base64
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

os.environ["LLM_USER_PATH"] = tempfile.mkdtemp()
os.environ["OLLAMA_HOST"] = sys.argv[1]

import llm
from click.testing import CliRunner
from llm.cli import cli

(url, name), picture = sys.argv[1:], sys.stdin.read()
home = Path(os.environ["LLM_USER_PATH"])
photo = home / "photo.jpg"
photo.write_bytes(base64.b64decode(picture.partition(",")[2]))
# The file of docs/integrations.md; JSON is YAML.
common = {"api_base": f"{url}/v1", "vision": True, "supports_schema": True, "supports_tools": True}
models = [{"model_id": "hailo", "model_name": name}, {"model_id": "wrong", "model_name": "no-such-model"}]
(home / "extra-openai-models.yaml").write_text(json.dumps([common | model for model in models]))


def said(*words: str, code: int = 0) -> str:
    """What the command `llm` prints."""
    result = CliRunner().invoke(cli, list(words))
    assert result.exit_code == code, (words, result.output, result.exception)
    return result.output


for model in ("hailo", f"ollama/{name}"):
    question = ("-m", model, "What colours are in this photo?", "-a", str(photo))
    whole = said(*question, "--no-stream")
    assert "blue" in whole, whole
    assert said(*question) == whole
    pieces = list(llm.get_model(model).prompt(question[2], attachments=[llm.Attachment(path=str(photo))]))
    assert len(pieces) > 5, pieces
    assert "".join(pieces) == whole.removesuffix("\n")
    assert isinstance(json.loads(said(*question, "--schema", "is_dark bool"))["is_dark"], bool)
    assert "utc_time" in said("-m", model, "-T", "llm_time", "Call llm_time please.")
    refused = said("-m", model, "word " * 3000, code=1)
    assert "maximum context length is 2048 tokens" in refused, refused

assert f"this server has '{name}'" in said("-m", "wrong", "Hello!", code=1)
assert "vision" in said("ollama", "models")
shutil.rmtree(home)
print("ok")
