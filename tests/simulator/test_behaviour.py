"""The options, as the environment brings them."""

import json
import os
from pathlib import Path

import pytest

from hailo_vision.config.settings import Fault as FaultSetting
from hailo_vision.simulator.behaviour import FAULTS, VARIABLE, InjectedFault, read_behaviour


def test_without_the_variable_nothing_takes_time() -> None:
    behaviour = read_behaviour({})
    assert (behaviour.load_s, behaviour.prefill_s, behaviour.tokens_per_s) == (0, 0, 0)
    assert behaviour.version == "5.1.1"


def test_with_the_variable_what_it_leaves_out_has_the_figures_of_the_chip() -> None:
    behaviour = read_behaviour({VARIABLE: "{}"})
    assert (behaviour.load_s, behaviour.prefill_s, behaviour.tokens_per_s) == (3.0, 0.9, 8.4)


def test_every_fault_that_the_config_can_name_is_known() -> None:
    assert set(FaultSetting.__args__) <= set(FAULTS)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"loads_s": 1}',
        '{"load_s": -1}',
        '{"load_s": "1"}',
        '{"version": "5.3.0"}',
        '{"fault": "sulking"}',
        '{"fault": "lost_in_decode@x"}',
    ],
)
def test_options_that_make_no_sense_are_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match=VARIABLE):
        read_behaviour({VARIABLE: text})


def test_a_fault_can_carry_a_number() -> None:
    behaviour = read_behaviour({VARIABLE: '{"fault": "lost_in_decode@7"}'})
    assert behaviour.current_fault() == InjectedFault(name="lost_in_decode", argument=7)


def test_a_fault_file_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    behaviour = read_behaviour({VARIABLE: json.dumps({"fault_file": str(tmp_path / "pipe")})})
    with pytest.raises(ValueError, match="is no regular file"):
        behaviour.current_fault()


def test_a_fault_file_is_read_afresh_each_time(tmp_path: Path) -> None:
    file = tmp_path / "fault"
    behaviour = read_behaviour({VARIABLE: json.dumps({"fault": "no_device", "fault_file": str(file)})})
    assert behaviour.current_fault().name == "no_device"
    file.write_text("device_busy\n")
    assert behaviour.current_fault().name == "device_busy"
    file.write_text("")
    assert behaviour.current_fault().name == "none"


def test_the_chip_stands_in_the_runtime_folder_or_else_under_the_users_number(tmp_path: Path) -> None:
    assert read_behaviour({"XDG_RUNTIME_DIR": str(tmp_path)}).kv_slot.startswith(str(tmp_path))
    assert read_behaviour({"XDG_RUNTIME_DIR": str(tmp_path / "absent")}).kv_slot.endswith(".kv")
