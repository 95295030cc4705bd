"""`hailo-vision check-config FILE`, as a person runs it."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def check_config(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hailo_vision", "check-config", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_a_good_file_is_done_with_in_one_line() -> None:
    done = check_config(ROOT / "etc" / "hailo-vision.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{ROOT}/etc/hailo-vision.yaml has no problems\n"


def test_five_mistakes_are_five_messages_and_exit_code_78(tmp_path: Path) -> None:
    path = tmp_path / "five.yaml"
    path.write_text(
        "server:\n  prot: 8000\n  port: 99999\nimages:\n  fit: padd\n  fetch: yes\n  fetch: no\nqueue:\n  depth: .nan\n"
    )
    refused = check_config(path)
    assert (refused.returncode, refused.stdout) == (78, "")
    assert refused.stderr.splitlines() == [
        f"{path} has 5 problems:",
        '  server.prot: unknown key; did you mean "port"?',
        "  server.port: 99999 is too large; expected a whole number from 0 to 65535",
        '  images.fit: "padd" is not one of pad, stretch, crop; did you mean "pad"?',
        "  images.fetch: stands twice, on lines 6 and 7; keep one",
        "  queue.depth: NaN is not a finite number; expected a whole number from 0 to 10000",
        f"Correct this, then check it with: hailo-vision check-config {path}",
    ]


def test_both_forms_of_models_are_a_mistake_that_prints_the_list_which_says_the_same(tmp_path: Path) -> None:
    path, corrected = tmp_path / "both.yaml", tmp_path / "corrected.yaml"
    path.write_text("model: {name: eyes}\ndevice: {runtime: simulated}\nmodels: [{name: x, engine: simulated}]\n")
    refused = check_config(path)
    assert refused.returncode == 78
    printed = refused.stderr.partition("\n\nmodels:\n")[2].partition("\n\nCorrect this")[0]
    corrected.write_text(f"models:\n{printed}\n")
    assert check_config(corrected).returncode == 0
    assert "name: eyes" in printed


def test_a_missing_file_is_exit_code_78(tmp_path: Path) -> None:
    refused = check_config(tmp_path / "x.yaml")
    assert refused.returncode == 78
    assert "there is no such file" in refused.stderr


def test_without_a_file_it_is_a_mistake_of_usage() -> None:
    assert check_config().returncode == 2
