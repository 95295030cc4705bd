"""The manuals and the completion name all that the command and the settings have."""

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from hailo_vision.cli import VERBS, build
from hailo_vision.config.settings import SECTIONS, ModelEntry
from needs import needs

ROOT = Path(__file__).parents[2]
SETTINGS = [f"{name}.{key.name}" for name, section in SECTIONS.items() for key in fields(section)]
OF_A_MODEL = [key.name for key in fields(ModelEntry)]


def made(script: str, *arguments: str) -> str:
    command = [sys.executable, str(ROOT / "packaging" / script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.fixture(scope="module")
def manuals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("manuals")
    made("manuals.py", str(folder))
    return folder


@pytest.fixture(scope="module")
def completion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("completion") / "hailo-vision"
    file.write_text(made("completion.py"))
    return file


def plain(page: Path) -> str:
    """A manual's text without troff's escapes."""
    return re.sub(r"\\f[BIR]|\\&", "", page.read_text()).replace("\\-", "-").replace("\\e", "\\")


def verbs(parser: argparse.ArgumentParser, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], set[str]]]:
    """Each verb's words and the options that it takes, straight from argparse."""
    shown = [action for action in parser._actions if action.help != argparse.SUPPRESS]
    yield words, {name for action in shown for name in action.option_strings}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for verb, below in action.choices.items():
                yield from verbs(below, (*words, verb))


def test_the_manual_of_the_command_names_every_verb_and_option(manuals: Path) -> None:
    text = plain(manuals / "hailo-vision.1")
    found = dict(verbs(build(VERBS)))
    assert ("models", "pull") in found
    for words, options in found.items():
        if words:
            assert f'"hailo-vision {" ".join(words)}"' in text
            for option in options - {"-h", "--help"}:
                assert option in text, (words, option)


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_manual_of_the_settings_names_every_one_with_its_default(manuals: Path, setting: str) -> None:
    assert re.search(rf"^{re.escape(setting)} \(default .+\)$", plain(manuals / "hailo-vision.yaml.5"), re.M)


@pytest.mark.parametrize("key", OF_A_MODEL)
def test_the_manual_of_the_settings_names_every_key_of_a_model(manuals: Path, key: str) -> None:
    head = re.escape(f"models[].{key} ") + r"\((default .+|required)\)"
    assert re.search(rf"^{head}$", plain(manuals / "hailo-vision.yaml.5"), re.M)


@needs("groff", "groff-base")
@pytest.mark.parametrize("page", ["hailo-vision.1", "hailo-vision.yaml.5"])
def test_groff_has_nothing_to_say_about_the_manuals(manuals: Path, page: str) -> None:
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-z", manuals / page], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def complete(completion: Path, line: str, folder: Path) -> list[str]:
    """What bash offers at the end of a line."""
    words = line.split(" ")
    script = f'. "{completion}"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _hailo_vision; '
    script += 'printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(
        ["bash", "--norc", "-c", script, "bash", *words],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        timeout=30,
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_bash_offers_every_verb_and_every_option(completion: Path, tmp_path: Path) -> None:
    for words, options in verbs(build(VERBS)):
        line = " ".join(("hailo-vision", *words))
        assert set(complete(completion, f"{line} -", tmp_path)) == options
        below = {
            found[len(words)]
            for found, _ in verbs(build(VERBS))
            if len(found) > len(words) and found[: len(words)] == words
        }
        assert below <= set(complete(completion, f"{line} ", tmp_path)), line


def test_bash_offers_what_a_word_can_become(completion: Path, tmp_path: Path) -> None:
    assert complete(completion, "hailo-vision mod", tmp_path) == ["models"]
    assert complete(completion, "hailo-vision models pu", tmp_path) == ["pull"]
    assert complete(completion, "hailo-vision models pull --for", tmp_path) == ["--force"]


def test_bash_offers_the_names_of_models_and_engines(completion: Path, tmp_path: Path) -> None:
    assert "smolvlm-500m-instruct-gguf" in complete(completion, "hailo-vision models pull smol", tmp_path)
    assert "qwen2-vl-2b-instruct" in complete(completion, "hailo-vision models verify ", tmp_path)
    assert complete(completion, "hailo-vision engines install l", tmp_path) == ["llama"]


def test_bash_offers_files_where_a_file_is_meant_and_only_there(completion: Path, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").touch()
    for line in (
        "serve --config ",
        "check-config ",
        "models list --config ph",
        "ask question --image ",
        "ask question --image one.jpg ph",
    ):
        assert complete(completion, f"hailo-vision {line}", tmp_path) == ["photo.jpg"], line
    for line in ("", "models ", "ask question --url "):
        assert "photo.jpg" not in complete(completion, f"hailo-vision {line}", tmp_path), line
