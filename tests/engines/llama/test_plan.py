"""What the child that runs llama.cpp is told."""

from pathlib import Path

import pytest

from hailo_vision.config import settings
from hailo_vision.engines.llama.plan import Plan, plan
from hailo_vision.errors import DeviceFault, DeviceUnavailable


def planned(folder: Path, **wanted: object) -> Plan:
    for name in ("model.gguf", "eyes.gguf", "draft.gguf"):
        (folder / name).write_bytes(b"GGUF")
    program = folder / "llama-server"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    given = {"model": str(folder / "model.gguf"), "mmproj": str(folder / "eyes.gguf"), "server": str(program)}
    return plan(settings.Llama(**{**given, **wanted}), socket="/run/x/llama.sock", key="secret-key")  # type: ignore[arg-type]


def test_a_llama_server_is_told_all_but_the_key(tmp_path: Path) -> None:
    made = planned(tmp_path, kv_type="q8_0", flash_attention="always", threads=3, image_max_tokens=99)
    words = made.arguments
    told = dict(zip(words[::2], words[1::2], strict=False))
    assert (told["--host"], told["--cache-type-k"], told["--flash-attn"]) == ("/run/x/llama.sock", "q8_0", "on")
    assert (told["--threads"], told["--image-max-tokens"], told["--cache-ram"]) == ("3", "99", "256")
    assert "secret-key" not in " ".join(words)
    assert "secret-key" not in repr(made)
    assert made.program == str(tmp_path / "llama-server")


def test_each_slot_has_the_whole_context(tmp_path: Path) -> None:
    made = planned(tmp_path, slots=3, context=1000)
    words = made.arguments
    assert words[words.index("--parallel") + 1] == "3"
    assert words[words.index("--ctx-size") + 1] == "3000"
    assert made.as_json()["all_context"] == 3000


@pytest.mark.parametrize(
    ("wanted", "fault"),
    [
        ({"model": "/none.gguf"}, DeviceFault.MODEL_MISSING),
        ({"mmproj": "/none.gguf"}, DeviceFault.MODEL_MISSING),
        ({"mmproj": "/dev/null"}, DeviceFault.MODEL_INVALID),
        ({"model": "/"}, DeviceFault.MODEL_MISSING),
        ({"speculative": "draft", "draft_model": "/none.gguf"}, DeviceFault.MODEL_MISSING),
        ({"server": "/none/llama-server"}, DeviceFault.RUNTIME_MISSING),
    ],
    ids=str,
)
def test_what_only_a_person_can_mend_is_permanent(
    tmp_path: Path, wanted: dict[str, object], fault: DeviceFault
) -> None:
    with pytest.raises(DeviceUnavailable) as raised:
        planned(tmp_path, **wanted)
    assert raised.value.fault is fault
    assert raised.value.fault.is_permanent
