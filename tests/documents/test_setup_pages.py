"""The pages about a laptop, a service from a clone, backup and a reverse proxy: what they print is taken, and works."""

import os
import re
import shlex
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

from hailo_vision.cli import BAD_CONFIG, NO_DEVICE
from hailo_vision.cli.named_model import name_of
from hailo_vision.config.check import check, settings_from
from hailo_vision.config.parse import parse_text
from hailo_vision.config.settings import Settings
from hailo_vision.models.catalogue import CATALOGUE, GGUF, builds
from hailo_vision.models.projector import with_projector
from harness import ROOT
from needs import needs

DOCS = ROOT / "docs"
LAPTOP_MODEL = "smolvlm-500m"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (DOCS / page).read_text(), re.M | re.S)


@pytest.mark.parametrize("page", ["laptop.md", "backup.md", "reverse-proxy.md"])
def test_the_settings_of_a_page_have_no_problems(page: str) -> None:
    examples = blocks(page, "yaml")
    assert examples
    for example in examples:
        assert check(parse_text(example, page)) == ()


def test_the_laptops_configuration_names_the_files_that_the_pull_brings() -> None:
    (example,) = blocks("laptop.md", "yaml")
    settings = settings_from(parse_text(example, "laptop.md").tree)
    files = builds(CATALOGUE, LAPTOP_MODEL)
    llama = with_projector(settings.llama)
    assert {Path(llama.model).name, Path(llama.mmproj or "").name} == {file.file for file in files}
    assert (settings.device.runtime, settings.model.name) == ("llama", name_of(files[0]))
    assert Path(settings.llama.model).parent == Path("/home/me/.local/share/hailo-vision/models")


def test_the_laptops_table_has_the_models_that_scripts_run_takes() -> None:
    page = (DOCS / "laptop.md").read_text()
    names = {file.model for file in CATALOGUE if file.release == GGUF}
    table = re.findall(r"^\| `([\w.-]+)` \| [0-9.]+ GB", page, re.M)
    assert {builds(CATALOGUE, name)[0].model for name in table} == names
    assert f"scripts/run --model {LAPTOP_MODEL}\n" in blocks("laptop.md", "sh")


def test_the_unit_of_the_clone_leaves_alone_what_a_person_must_mend() -> None:
    (example,) = blocks("service-from-clone.md", "ini")
    unit = ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(example)
    service = unit["Service"]
    assert service["RestartPreventExitStatus"].split() == [str(NO_DEVICE), str(BAD_CONFIG)]
    program, verb, option, _ = shlex.split(service["ExecStart"])
    assert (program.removeprefix("%h/hailo-vision/"), verb, option) == (".venv/bin/hailo-vision", "serve", "--config")
    assert int(service["TimeoutStopSec"]) > Settings().queue.drain_timeout_s


@needs("systemd-analyze", "systemd")
def test_systemd_finds_no_mistake_in_the_unit_of_the_clone(tmp_path: Path) -> None:
    (example,) = blocks("service-from-clone.md", "ini")
    program = tmp_path / "hailo-vision" / ".venv" / "bin" / "hailo-vision"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / "hailo-vision.service"
    unit.write_text(example.replace("%h", str(tmp_path)))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )
    told = [line for line in (done.stdout + done.stderr).splitlines() if unit.name in line]
    assert (done.returncode, told) == (0, [])


def test_a_backup_is_restored_and_models_move_as_printed(tmp_path: Path) -> None:
    """As root in the root folder of a Pi, which is a folder here: `sudo` and the service's user are left out."""
    keys, model = tmp_path / "etc/hailo/hailo-vision.keys", tmp_path / "var/lib/hailo-vision/models/a.hef"
    for file in (keys, model, model.with_suffix(".hef.json"), tmp_path / "root/x"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(file.name)
    saves, restores, copies, deletes, _ = blocks("backup.md", "sh")
    run_in(tmp_path, saves)
    keys.unlink()
    run_in(tmp_path, restores)
    assert keys.read_text() == keys.name
    run_in(tmp_path, copies)
    run_in(tmp_path, deletes)
    moved = tmp_path / "mnt/ssd/hailo-models"
    assert sorted(file.name for file in moved.iterdir()) == ["a.hef", "a.hef.json"]
    assert list(model.parent.iterdir()) == []


def run_in(root: Path, block: str) -> None:
    """The lines of a block that work on files, with the root folder in the place of /."""
    for line in block.splitlines():
        command = line.removeprefix("sudo ").replace("-o hailo-vision -g hailo-vision ", "")
        if command.startswith(("hailo-vision ", "systemctl ", "-u ")):
            continue  # other tests, and scripts/system-test, run these
        command = re.sub(r"(?<![\w*.])/(?=root/|var/|mnt/|etc/|\s|$)", f"{root}/", command)
        assert str(root) in command
        subprocess.run(["bash", "-ec", command], cwd=root, check=True, env={**os.environ, "LC_ALL": "C"})


def nginx_configuration(folder: Path) -> Path:
    """The page's server block in a whole configuration, with certificate, port and folders of the test's own."""
    (server,) = blocks("reverse-proxy.md", "nginx")
    pair = ["-keyout", str(folder / "vision.key"), "-out", str(folder / "vision.crt")]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=vision.home.arpa", *pair],
        check=True,
        capture_output=True,
    )
    for place in ("/etc/ssl/certs", "/etc/ssl/private"):
        server = server.replace(place, str(folder))
    whole = folder / "nginx.conf"
    server = server.replace("listen 443", f"listen unix:{folder}/socket")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    http = f"access_log off;\n{temporary}{server}"
    whole.write_text(f"pid {folder}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{ {http}}}\n")
    return whole


@needs("openssl")
@needs("nginx")
def test_nginx_takes_the_configuration(tmp_path: Path) -> None:
    whole = nginx_configuration(tmp_path)
    done = subprocess.run(["nginx", "-t", "-c", str(whole)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_proxys_limits_are_above_the_servers() -> None:
    (server,) = blocks("reverse-proxy.md", "nginx")
    limits = dict(re.findall(r"^ +(\w+) (\d+)[ms];", server, re.M))
    settings = Settings()
    assert int(limits["client_max_body_size"]) >= settings.server.max_body_mb
    assert int(limits["proxy_read_timeout"]) > settings.queue.deadline_s
