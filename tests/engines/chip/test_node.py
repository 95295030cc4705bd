"""Which device node the daemon takes."""

import os
from pathlib import Path

import pytest

from hailo_vision.engines.chip.node import find_node
from hailo_vision.errors import StartError


def test_auto_takes_the_first_node_under_either_of_its_names(tmp_path: Path) -> None:
    (tmp_path / "hailo_control").touch()
    (tmp_path / "h1x-0").touch()
    assert find_node("auto", tmp_path) == str(tmp_path / "h1x-0")
    (tmp_path / "hailo1").touch()
    (tmp_path / "hailo0").touch()
    assert find_node("auto", tmp_path) == str(tmp_path / "hailo0")


def test_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "hailo0").touch()
    (tmp_path / "hailo1").touch()
    assert find_node(str(tmp_path / "hailo1"), tmp_path) == str(tmp_path / "hailo1")


@pytest.mark.parametrize("path", ["auto", "/dev/no-such-node"])
def test_without_a_node_it_says_where_it_looked_and_what_to_do(path: str, tmp_path: Path) -> None:
    with pytest.raises(StartError) as caught:
        find_node(path, tmp_path)
    message = str(caught.value)
    assert (str(tmp_path / "hailo0") if path == "auto" else path) in message
    assert "hailo-h10-all" in message
    assert "simulated" in message


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_a_node_in_a_folder_that_is_closed_is_missing(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    with pytest.raises(StartError):
        find_node(str(tmp_path / "closed" / "hailo0"))
