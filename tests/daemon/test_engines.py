"""Which engine `auto` takes, and the key of a remote server."""

from dataclasses import replace
from pathlib import Path

import pytest

from hailo_vision.config.served import EngineSettings
from hailo_vision.config.settings import Device, Llama
from hailo_vision.daemon.engines import Choice, choose, key_in
from hailo_vision.errors import StartError

AUTO = EngineSettings(runtime="auto", hef="/none.hef", load_timeout_s=1, llama=Llama(model="/models/m.gguf"))


def test_auto_takes_the_chip_then_the_model_then_the_simulator(tmp_path: Path) -> None:
    model, node = tmp_path / "models/m.gguf", tmp_path / "dev/hailo0"
    assert choose(AUTO, tmp_path) == Choice(runtime="simulated", reason=f"there is neither a chip nor {model}")
    model.parent.mkdir()
    model.touch()
    assert choose(AUTO, tmp_path) == Choice(runtime="llama", reason=f"there is no chip, but {model}")
    node.parent.mkdir()
    node.touch()
    assert choose(AUTO, tmp_path) == Choice(runtime="hailo", reason=f"there is {node}")


def test_a_named_node_is_looked_for_alone(tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/hailo0").touch()
    named = replace(AUTO, device=Device(path="/dev/hailo1"))
    assert choose(named, tmp_path).runtime == "simulated"


def test_a_model_that_can_t_be_looked_at_is_none(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("no folder")
    assert choose(AUTO, tmp_path).runtime == "simulated"
    long = replace(AUTO, llama=Llama(model="/" + "x" * 5000))
    assert choose(long, tmp_path).runtime == "simulated"


def test_what_is_named_is_taken(tmp_path: Path) -> None:
    wanted = replace(AUTO, runtime="remote")
    assert choose(wanted, tmp_path) == Choice(runtime="remote", reason="device.runtime says so")


def test_a_key_is_one_word(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("sk-one\n")
    assert key_in(file) == "sk-one"


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"two keys", b"one\ntwo", b"\xff\xfe", "schl\u00fcssel".encode(), b"a\0b", b"x" * 9000]
)
def test_all_else_is_refused_and_not_quoted(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    with pytest.raises(StartError) as refused:
        key_in(file)
    for word in content.decode(errors="replace").split():
        assert word not in str(refused.value).replace(str(tmp_path), "").replace("one key and nothing else", "")
