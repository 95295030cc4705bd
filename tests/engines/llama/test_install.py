"""`hailo-vision engines install llama` puts a pinned wheel into a folder where the engine finds it, or nothing."""

import base64
import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from hailo_vision.cli import main
from hailo_vision.config.data_folder import SYSTEM_FOLDER
from hailo_vision.engines.llama import install as installation
from hailo_vision.engines.llama import package
from hailo_vision.engines.llama.child import PLAN_VARIABLE
from hailo_vision.engines.llama.install import HASHES, REQUIREMENT, VERSION, InstallError, install
from hailo_vision.engines.llama.plan import package_path
from hailo_vision.errors import DeviceUnavailable
from harness import PATIENCE_S, ROOT


def wheel(folder: Path, source: str = "", version: str = VERSION) -> str:
    """Make a wheel of the package's name, and return its SHA-256."""
    files = {
        "xllamacpp/__init__.py": source,
        f"xllamacpp-{version}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: xllamacpp\nVersion: {version}\n",
        f"xllamacpp-{version}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = f"xllamacpp-{version}.dist-info/RECORD"
    lines = [f"{name},sha256={_digest(text)},{len(text)}" for name, text in files.items()]
    path = folder / f"xllamacpp-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {**files, record: "\n".join([*lines, f"{record},,", ""])}.items():
            archive.writestr(name, text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands for the package index."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python that does not find the package by itself."""
    monkeypatch.setitem(sys.modules, package.PACKAGE, None)


def requirement(digest: str) -> str:
    return f"xllamacpp=={VERSION} --hash=sha256:{digest}"


@pytest.mark.slow
def test_the_engine_finds_what_was_installed(tmp_path: Path, wheels: Path, without: None) -> None:
    folder = tmp_path / "data" / "engines" / "llama"
    install(folder, requirement(wheel(wheels)))
    assert package_path(folder) == str(folder)
    assert package.version(str(folder)) == VERSION
    assert [path.name for path in folder.parent.iterdir()] == ["llama"]


@pytest.mark.slow
def test_a_wheel_with_another_hash_is_refused_and_nothing_is_changed(tmp_path: Path, wheels: Path) -> None:
    folder = tmp_path / "engines" / "llama"
    folder.mkdir(parents=True)
    (folder / "old").touch()
    wheel(wheels)
    with pytest.raises(InstallError, match=r"pip failed: .*HASH"):
        install(folder, requirement("0" * 64))
    assert [path.name for path in folder.iterdir()] == ["old"]
    assert [path.name for path in folder.parent.iterdir()] == ["llama"]


@pytest.mark.slow
def test_a_library_that_is_missing_is_named_with_its_package(tmp_path: Path, wheels: Path) -> None:
    fault = "raise ImportError('libgomp.so.1: cannot open shared object file: No such file or directory')"
    with pytest.raises(InstallError, match="sudo apt install libgomp1"):
        install(tmp_path / "llama", requirement(wheel(wheels, fault)))
    assert not (tmp_path / "llama").exists()


@pytest.mark.slow
def test_where_python_has_no_pip_it_comes_from_an_environment_that_is_removed_again(
    tmp_path: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ensurepip")
    monkeypatch.setitem(sys.modules, "pip", None)
    install(tmp_path / "engines" / "llama", requirement(wheel(wheels)))
    assert [path.name for path in (tmp_path / "engines").iterdir()] == ["llama"]


@pytest.mark.slow
def test_the_command_installs_into_the_users_folder_and_does_nothing_twice(
    tmp_path: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if SYSTEM_FOLDER.is_dir():
        pytest.skip("the package is installed here, so its folder is the one")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(installation.install, "__defaults__", (requirement(wheel(wheels)),))
    assert main(["engines", "install", "llama"]) == 0
    assert (tmp_path / "hailo-vision/engines/llama/xllamacpp").is_dir()
    assert main(["engines", "install", "llama"]) == 0
    assert "already" in capsys.readouterr().out
    assert main(["engines", "remove", "llama"]) == 0
    assert not (tmp_path / "hailo-vision/engines/llama").exists()


def test_the_child_imports_the_package_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "xllamacpp").mkdir()
    (tmp_path / "xllamacpp/__init__.py").write_text("raise ImportError('this one')")
    plan = json.dumps({"program": None, "package_path": str(tmp_path), "parent": os.getpid()})
    # -S: without the packages of this environment, which may have the real one
    command = [sys.executable, "-S", "-P", "-m", "hailo_vision.engines.llama.child"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), PLAN_VARIABLE: plan}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.stderr.splitlines()[-1] == "ImportError: this one"


def test_a_child_whose_daemon_has_ended_before_it_was_tied_to_it_serves_nothing() -> None:
    plan = json.dumps({"program": "/bin/sleep", "arguments": ["3600"], "key": "k", "parent": os.getppid()})
    command = [sys.executable, "-P", "-m", "hailo_vision.engines.llama.child"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), PLAN_VARIABLE: plan}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert (done.returncode, done.stderr) == (1, "the daemon has ended\n")


def test_without_pip_and_ensurepip_the_package_that_has_them_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pip", None)
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(InstallError, match="sudo apt install python3-venv"):
        install(tmp_path / "llama")


def test_without_the_package_the_commands_that_bring_it_are_named(tmp_path: Path, without: None) -> None:
    with pytest.raises(DeviceUnavailable, match=r"sudo hailo-vision engines install llama .*scripts/setup llama"):
        package_path(tmp_path)


def test_the_requirement_pins_one_version_and_the_wheels_of_both_processors() -> None:
    assert f"xllamacpp=={VERSION} " in REQUIREMENT
    assert len(HASHES) == 2
    assert all(f"--hash=sha256:{digest}" in REQUIREMENT for digest in HASHES)
