"""docs/security.md: its settings are settings, its files are taken, its commands work."""

import re
import subprocess
from pathlib import Path

import pytest

from hailo_vision.access.tls import Tls
from hailo_vision.config.check import check
from hailo_vision.config.parse import parse_text
from hailo_vision.http_api.app import surfaces
from hailo_vision.http_api.web.routes import Routes
from harness import ROOT
from needs import needs

PAGE = (ROOT / "docs" / "security.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("example", blocks("yaml"))
def test_its_settings_have_no_problems(example: str) -> None:
    assert check(parse_text(example, "example.yaml")) == ()


@needs("openssl")
def test_its_command_makes_a_pair_that_the_server_takes(tmp_path: Path) -> None:
    (command,) = blocks("sh")
    subprocess.run(["sh", "-ec", command], cwd=tmp_path, check=True, capture_output=True)
    Tls(str(tmp_path / "server.crt"), str(tmp_path / "server.key"))


def test_it_names_all_that_is_open_without_a_key() -> None:
    (line,) = re.findall(r"Open without a key are(.*?)`/health` tells", PAGE, re.DOTALL)
    assert set(re.findall("`(/[^`]*)`", line)) == {
        path for route in Routes(surfaces()).all if route.is_open for path in (route.path, *route.also)
    }
