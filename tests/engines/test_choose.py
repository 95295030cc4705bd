"""Which engine `auto` takes."""

from dataclasses import replace
from pathlib import Path

from hailo_vision.config.served import EngineSettings
from hailo_vision.config.settings import Device, Llama
from hailo_vision.engines.choose import Choice, choose_engine

AUTO = EngineSettings(runtime="auto", hef="/none.hef", load_timeout_s=1, llama=Llama(model="/models/m.gguf"))


def test_auto_takes_the_chip_then_the_model_then_the_simulator(tmp_path: Path) -> None:
    model, node = tmp_path / "models/m.gguf", tmp_path / "dev/hailo0"
    assert choose_engine(AUTO, tmp_path) == Choice(runtime="simulated", reason=f"there is neither a chip nor {model}")
    model.parent.mkdir()
    model.touch()
    assert choose_engine(AUTO, tmp_path) == Choice(runtime="llama", reason=f"there is no chip, but {model}")
    node.parent.mkdir()
    node.touch()
    assert choose_engine(AUTO, tmp_path) == Choice(runtime="hailo", reason=f"there is {node}")


def test_a_named_node_is_looked_for_alone(tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/hailo0").touch()
    named = replace(AUTO, device=Device(path="/dev/hailo1"))
    assert choose_engine(named, tmp_path).runtime == "simulated"


def test_a_model_that_can_t_be_looked_at_is_none(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("no folder")
    assert choose_engine(AUTO, tmp_path).runtime == "simulated"
    long = replace(AUTO, llama=Llama(model="/" + "x" * 5000))
    assert choose_engine(long, tmp_path).runtime == "simulated"


def test_what_is_named_is_taken(tmp_path: Path) -> None:
    named = replace(AUTO, runtime="remote")
    assert choose_engine(named, tmp_path) == Choice(runtime="remote", reason="the configuration names it")
