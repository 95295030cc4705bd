"""Files: which one is read, and what is said about one that can't be."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hailo_vision.config.load import MAX_BYTES, default_path, describe, find, load, salvage
from hailo_vision.config.settings import Settings
from hailo_vision.errors import ConfigError, ConfigProblem
from needs import needs_root

yaml_like = st.lists(
    st.sampled_from(["server", "port", ":", " ", "\n", "  ", "-", "[", "{", "}", "&a", "*a", "!", "|", "1"])
)
NAME = Path("hailo-vision") / "hailo-vision.json"


def problems(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        load(path)
    return [str(problem) for problem in refused.value.problems]


def test_a_file_is_read_and_defaults_are_filled_in(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("server:\n  port: 8000\nmodel:\n  aliases: [a, b]\n")
    settings = load(path)
    assert settings.server.port == 8000
    assert settings.model.aliases == ("a", "b")
    assert settings.queue == Settings().queue


@pytest.mark.parametrize("name", ["x.yaml", "x.json", "x"])
def test_an_empty_file_is_all_defaults(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"")
    assert load(path) == Settings()


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(b'\xef\xbb\xbf{"server": {"port": 1}}')
    assert load(path).server.port == 1


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    assert problems(tmp_path / "x.yaml") == ["there is no such file"]


def test_a_directory_is_a_problem(tmp_path: Path) -> None:
    assert problems(tmp_path) == ["it is a directory; expected a file"]


def test_a_path_through_a_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert problems(tmp_path / "file" / "x.yaml") == ["it can't be read: Not a directory"]


def test_a_file_that_is_not_utf_8_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes("server:\n  host: Grüße\n".encode("latin-1"))
    assert problems(path) == ["line 2: it is not UTF-8; save it as UTF-8"]


def test_a_huge_file_is_a_problem_and_a_large_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"#" * MAX_BYTES)
    assert load(path) == Settings()
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    assert problems(path) == ["it is larger than 1 MB, which no config file is"]


@needs_root("only root can become a user who may not read the file")
def test_a_file_of_someone_else_is_a_problem_that_names_the_user(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "x.yaml"
        path.touch(mode=0o600)
        ask = (
            "import os, sys; from hailo_vision.config.load import *\n"
            "load(Path('/dev/null'))\n"  # while it may still import what it needs
            "os.setuid(65534)\n"
            "try: load(Path(sys.argv[1]))\n"
            "except Exception as error: print(*error.problems)"
        )
        answer = subprocess.run(
            [sys.executable, "-c", ask, path], capture_output=True, text=True, timeout=30, check=True
        )
    assert answer.stdout == "it can't be read by the user with the id 65534; change its owner or its mode\n"


def test_the_description_names_the_file_every_problem_and_the_next_step(tmp_path: Path) -> None:
    path = tmp_path / "my settings.yaml"
    path.write_text("server: {prot: 1}\nimages: {fit: padd}\n")
    with pytest.raises(ConfigError) as refused:
        load(path)
    assert describe(refused.value).splitlines() == [
        f"{path} has 2 problems:",
        '  server.prot: unknown key; did you mean "port"?',
        '  images.fit: "padd" is not one of pad, stretch, crop; did you mean "pad"?',
        f"Correct this, then check it with: hailo-vision check-config '{path}'",
    ]


def test_the_config_home_comes_before_the_config_directories(tmp_path: Path) -> None:
    environ = {"XDG_CONFIG_HOME": f"{tmp_path}/home", "XDG_CONFIG_DIRS": f"{tmp_path}/one:relative:{tmp_path}/two"}
    assert find(environ) is None
    for place in ("two", "one", "home"):
        (tmp_path / place / NAME).parent.mkdir(parents=True)
        (tmp_path / place / NAME).touch()
        assert find(environ) == tmp_path / place / NAME


def test_without_a_config_home_it_is_looked_for_below_the_home_directory() -> None:
    assert default_path({"HOME": "/home/pi"}) == Path("/home/pi/.config") / NAME
    assert default_path({"HOME": "/home/pi", "XDG_CONFIG_HOME": ""}) == Path("/home/pi/.config") / NAME
    assert default_path({"HOME": "/home/pi", "XDG_CONFIG_HOME": "relative"}) == Path("/home/pi/.config") / NAME
    assert default_path({"HOME": "/home/pi", "XDG_CONFIG_HOME": "/etc/xdg"}) == Path("/etc/xdg") / NAME


def test_a_link_that_leads_nowhere_is_found_so_that_it_is_complained_about(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.parent.mkdir()
    path.symlink_to(tmp_path / "gone")
    assert find({"XDG_CONFIG_HOME": str(tmp_path)}) == path
    assert problems(path) == ["there is no such file"]


def test_reading_json_imports_no_yaml() -> None:
    ask = (
        "import sys, tempfile, pathlib; from hailo_vision.config.load import load\n"
        "with tempfile.NamedTemporaryFile(suffix='.json') as f: load(pathlib.Path(f.name))\n"
        "assert 'yaml' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", ask], check=True, timeout=30)


@settings(deadline=None)
@given(content=st.binary() | st.text().map(str.encode) | yaml_like.map("".join).map(str.encode))
@pytest.mark.parametrize("suffix", [".yaml", ".json", ""])
def test_any_bytes_are_settings_or_a_config_error(suffix: str, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(suffix=suffix) as file:
        file.write(content)
        file.flush()
        found: tuple[ConfigProblem, ...] = ()
        saved = salvage(Path(file.name))
        try:
            assert load(Path(file.name)) == saved
        except ConfigError as error:
            found = error.problems
        assert all(str(problem).isprintable() for problem in found)


def test_what_is_right_in_a_file_with_problems_can_be_saved(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(
        "device: {runtime: remote}\nremote: {model: m, headers: [bad]}\nserver: {port: 1, host: 3}\nodd: 1\n"
    )
    saved = salvage(path)
    assert (saved.device.runtime, saved.remote.model, saved.server.port) == ("remote", "m", 1)
    assert (saved.remote.base_url, saved.remote.headers, saved.server.host) == (None, (), "127.0.0.1")
    assert salvage(tmp_path / "none.yaml") == Settings()
