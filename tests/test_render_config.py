"""render_config.py, run as the operator and the service run it."""

import grp
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import Any

import hypothesis
import pytest
from hypothesis import given

from any_settings import any_settings, any_settings_with_a_list
from hailo_vision.config.load import load
from hailo_vision.config.settings import Settings

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "render_config.py"
EXAMPLE = ROOT / "etc" / "hailo-vision.yaml"


def render(*arguments: str | Path, prefix: tuple[str, ...] = (), **options: Any) -> subprocess.CompletedProcess[str]:
    command = [*prefix, sys.executable, SCRIPT, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, **options)


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("render_config", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@hypothesis.settings(deadline=None)
@given(settings=any_settings() | any_settings_with_a_list())
def test_any_settings_come_back_from_their_rendered_file(script: ModuleType, settings: Settings) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hailo-vision.json"
        script.replace(path, script.render(settings).encode())
        assert load(path) == settings


def test_the_json_holds_every_setting_with_its_default(tmp_path: Path) -> None:
    output = tmp_path / "hailo-vision.json"
    done = render("--input", EXAMPLE, "--output", output)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert output.read_text() == json.dumps(asdict(Settings()), indent=2) + "\n"
    assert load(output) == Settings()


def test_what_the_operator_set_is_in_the_json(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(
        "model: {aliases: [a]}\nqueue: {deadline_s: 5}\ngeneration: {system_prompt: Grüße}\n"
    )
    done = render("--input", tmp_path / "x.yaml", "--output", "-")
    rendered = json.loads(done.stdout)
    assert rendered["model"]["aliases"] == ["a"]
    assert rendered["queue"] == {"depth": 16, "deadline_s": 5.0, "drain_timeout_s": 25.0, "wait_for_load": "auto"}
    assert "Grüße" in done.stdout


def test_rendering_the_json_again_changes_nothing(tmp_path: Path) -> None:
    once, twice = tmp_path / "once.json", tmp_path / "twice.json"
    render("--input", EXAMPLE, "--output", once)
    render("--input", once, "--output", twice)
    assert once.read_bytes() == twice.read_bytes()


def test_it_works_in_a_checkout_where_nothing_is_installed(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    shutil.copytree(ROOT / "src", checkout / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    shutil.copy(SCRIPT, checkout)
    # Only the packages that it depends on can be found: -S leaves out what an editable install added.
    packages = tmp_path / "packages"
    packages.mkdir()
    for place in {Path(path) for path in sys.path if path.endswith("-packages")}:
        for entry in place.iterdir():
            if "hailo" not in entry.name and entry.suffix != ".pth" and not (packages / entry.name).exists():
                (packages / entry.name).symlink_to(entry)
    ask: list[str | Path] = [sys.executable, "-S", checkout / "render_config.py", "--input", EXAMPLE, "--output", "-"]
    environ = {**os.environ, "PYTHONPATH": str(packages)}
    done = subprocess.run(ask, capture_output=True, text=True, timeout=30, check=False, cwd=tmp_path, env=environ)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == json.loads(json.dumps(asdict(Settings())))


def test_a_missing_dependency_is_one_line_and_exit_code_1() -> None:
    ask: list[str | Path] = [sys.executable, "-I", "-S", SCRIPT, "--input", EXAMPLE, "--output", "-"]
    failed = subprocess.run(ask, capture_output=True, text=True, timeout=30, check=False)
    assert (failed.returncode, failed.stdout) == (1, "")
    advice = "on Debian: apt install python3-yaml python3-jsonschema"
    assert failed.stderr == f"The Python module yaml is missing; {advice}\n"


def test_a_bad_file_is_exit_code_78_and_the_old_json_stays(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("server: {prot: 1, port: 99999}\n")
    output = tmp_path / "x.json"
    output.write_text("old")
    refused = render("--input", "x.yaml", "--output", output, cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (78, "")
    assert refused.stderr.splitlines() == [
        "x.yaml has 2 problems:",
        '  server.prot: unknown key; did you mean "port"?',
        "  server.port: 99999 is too large; expected a whole number from 0 to 65535",
        "Correct this, then check it with: hailo-vision check-config x.yaml",
    ]
    assert output.read_text() == "old"


def test_a_missing_file_is_exit_code_78(tmp_path: Path) -> None:
    refused = render("--input", tmp_path / "x.yaml", "--output", "-")
    assert refused.returncode == 78
    assert "there is no such file" in refused.stderr


@pytest.mark.parametrize("umask", ["000", "077"])
def test_the_json_is_readable_for_the_daemon_whatever_the_umask(tmp_path: Path, umask: str) -> None:
    output = tmp_path / "x.json"
    assert render("--input", EXAMPLE, "--output", output, umask=int(umask, 8)).returncode == 0
    assert output.stat().st_mode & 0o777 == 0o644


def test_with_a_group_the_json_is_for_that_group_alone(tmp_path: Path) -> None:
    output, group = tmp_path / "x.json", os.getgid()
    done = render("--input", EXAMPLE, "--output", output, "--group", grp.getgrgid(group).gr_name)
    assert (done.returncode, done.stderr) == (0, "")
    assert (output.stat().st_mode & 0o777, output.stat().st_gid) == (0o640, group)


def test_a_group_that_does_not_exist_is_exit_code_2_and_nothing_is_written(tmp_path: Path) -> None:
    refused = render("--input", EXAMPLE, "--output", tmp_path / "x.json", "--group", "no-such-group")
    assert refused.returncode == 2
    assert "there is no group no-such-group" in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_the_old_json_and_no_debris(tmp_path: Path) -> None:
    output = tmp_path / "x.json"
    output.write_text("old")
    # As on a full disk: no file may grow beyond 512 bytes.
    limited = ("sh", "-c", 'ulimit -f 1; exec "$@"', "sh")
    failed = render(
        "--input", EXAMPLE, "--output", output, prefix=limited, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    )
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr == f"{output} was not written: File too large.\n"
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]
    assert output.read_text() == "old"


def test_a_directory_that_does_not_exist_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    failed = render("--input", EXAMPLE, "--output", tmp_path / "none" / "x.json")
    assert failed.returncode == 1
    assert failed.stderr == f"{tmp_path}/none/x.json was not written: No such file or directory.\n"


def test_only_a_regular_file_is_replaced(tmp_path: Path) -> None:
    folder, link = tmp_path / "folder", tmp_path / "link"
    folder.mkdir()
    link.symlink_to("/dev/null")
    for output in (folder, link):
        failed = render("--input", EXAMPLE, "--output", output)
        assert failed.returncode == 1
        assert failed.stderr == f"{output} was not written: it is not a regular file.\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "link"]
    assert list(folder.iterdir()) == []


def test_the_operators_file_is_never_overwritten(tmp_path: Path) -> None:
    shutil.copy(EXAMPLE, tmp_path / "x.yaml")
    refused = render("--input", tmp_path / "x.yaml", "--output", tmp_path / "." / "x.yaml")
    assert refused.returncode == 2
    assert (tmp_path / "x.yaml").read_bytes() == EXAMPLE.read_bytes()


def test_a_reader_that_went_away_is_one_line_and_exit_code_1() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command: list[str | Path] = [sys.executable, SCRIPT, "--input", EXAMPLE, "--output", "-"]
    failed = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=30, check=False)
    os.close(writer)
    assert failed.returncode == 1
    assert failed.stderr == "- was not written: Broken pipe.\n"
