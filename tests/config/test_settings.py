"""The settings agree with what they are for."""

from dataclasses import fields
from typing import get_args

from hailo_vision.chat import Capabilities, Capability
from hailo_vision.config.settings import Fault, HailoRTVersion, Settings, Simulator
from hailo_vision.simulator import behaviour


def test_every_fault_of_the_simulator_can_be_set_and_no_other() -> None:
    assert set(get_args(Fault)) == set(behaviour.FAULTS)


def test_the_simulator_has_the_releases_that_can_be_set() -> None:
    assert get_args(HailoRTVersion) == get_args(behaviour.Version)


def test_the_simulator_is_slow_like_the_chip_by_default() -> None:
    ours, theirs = Simulator(), behaviour.Behaviour()
    for name in ("load_s", "prefill_s", "tokens_per_s", "version", "fault"):
        assert getattr(ours, name) == getattr(theirs, name)


def test_every_section_can_be_left_out() -> None:
    assert Settings() == Settings(simulator=Simulator())


def test_what_a_server_can_be_said_to_support_is_what_an_engine_can_do() -> None:
    assert get_args(Capability) == tuple(key.name for key in fields(Capabilities))
