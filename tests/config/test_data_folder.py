"""Where models lie by default, on a machine with the package and on one without."""

from pathlib import Path

import pytest

from hailo_vision.config.data_folder import SYSTEM_FOLDER, in_data_folder, user_folder
from hailo_vision.config.settings import Llama, Model, Settings


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"HOME": "/home/me"}, "/home/me/.local/share/hailo-vision"),
        ({"HOME": "/home/me", "XDG_DATA_HOME": ""}, "/home/me/.local/share/hailo-vision"),
        ({"HOME": "/home/me", "XDG_DATA_HOME": "/data"}, "/data/hailo-vision"),
        ({"HOME": "/home/me", "XDG_DATA_HOME": "data"}, "/home/me/.local/share/hailo-vision"),
        ({"XDG_DATA_HOME": "/data"}, "/data/hailo-vision"),
        ({}, None),
        ({"HOME": "here"}, None),
    ],
)
def test_a_users_folder_is_that_of_the_xdg_specification(environ: dict[str, str], folder: str | None) -> None:
    assert user_folder(environ) == (folder and Path(folder))


def test_without_the_package_the_defaults_are_in_the_users_folder(tmp_path: Path) -> None:
    moved = in_data_folder(Settings(), {"XDG_DATA_HOME": "/data"}, tmp_path / "none")
    for path, default in (
        (moved.model.hef, Settings().model.hef),
        (moved.llama.model, Settings().llama.model),
    ):
        assert Path(path or "").parent == Path("/data/hailo-vision/models")
        assert Path(path or "").name == Path(default or "").name


@pytest.mark.parametrize("environ", [{"XDG_DATA_HOME": "/data"}, {}])
def test_with_the_package_nothing_moves(tmp_path: Path, environ: dict[str, str]) -> None:
    assert in_data_folder(Settings(), environ, tmp_path) == Settings()


def test_a_user_without_a_home_keeps_the_packages_folder(tmp_path: Path) -> None:
    assert in_data_folder(Settings(), {}, tmp_path / "none") == Settings()


def test_a_path_that_was_named_stays(tmp_path: Path) -> None:
    named = Settings(model=Model(hef="/srv/a.hef"), llama=Llama(model=f"{SYSTEM_FOLDER}/models/b.gguf", mmproj=None))
    assert in_data_folder(named, {"XDG_DATA_HOME": "/data"}, tmp_path / "none") == named
