"""etc/hailo-vision.yaml, the file that operators edit."""

import re
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

from hailo_vision.config.load import load
from hailo_vision.config.settings import SECTIONS, ModelEntry, Settings

EXAMPLE = Path(__file__).parents[2] / "etc" / "hailo-vision.yaml"
COMMENTED_OUT = re.compile(r"^  #(?=[a-z_]+: )", re.MULTILINE)
OF_A_MODEL = re.compile(r"^  #(?=- |  [a-z_]+: )", re.MULTILINE)


def test_as_it_is_shipped_it_is_all_defaults() -> None:
    assert load(EXAMPLE) == Settings()


def test_it_names_every_setting_once_with_its_default_and_no_other(tmp_path: Path) -> None:
    shown = tmp_path / "shown.yaml"
    shown.write_text(COMMENTED_OUT.sub("  ", EXAMPLE.read_text()))
    assert load(shown) == Settings()
    lines = re.findall(r"^(?:  )?([a-z_]+):(?: |$)", shown.read_text(), re.MULTILINE)
    assert lines == [name for section, keys in asdict(Settings()).items() for name in (section, *keys)]


def words(hint: Any) -> Iterator[str]:
    """The words that a type allows, at whatever depth."""
    for inner in get_args(hint):
        yield from (inner,) if isinstance(inner, str) else words(inner)


def test_it_says_of_every_setting_what_it_is_and_which_words_it_takes() -> None:
    prose = " ".join(line.lstrip(" #") for line in EXAMPLE.read_text().splitlines())
    for section in (*SECTIONS.values(), ModelEntry):
        hints = get_type_hints(section)
        for key in fields(section):
            assert key.metadata["about"] in prose
            assert (f"{key.metadata['about']} [reload]" in prose) is bool(key.metadata.get("reload"))
            assert all(word in prose for word in words(hints[key.name]))


def test_its_list_of_models_shows_every_key_of_one_and_can_be_taken(tmp_path: Path) -> None:
    shown = tmp_path / "shown.yaml"
    shown.write_text(OF_A_MODEL.sub("  ", EXAMPLE.read_text()))
    models = load(shown).models
    assert [entry.engine for entry in models] == [("hailo",), ("llama",), ("remote",)]
    keys = re.findall(r"^  (?:- |  )([a-z_]+): ", shown.read_text(), re.MULTILINE)
    assert set(keys) == {key.name for key in fields(ModelEntry)}
