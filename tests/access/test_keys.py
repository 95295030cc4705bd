"""The file of API keys: which lines are valid, how the problems are named, and which keys a reload keeps."""

import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hailo_vision.access.keys import MAX_KEYS, Keys, parse_keys
from hailo_vision.errors import UnusableFile

KITCHEN, GARDEN = "k" * 24, "g" * 24


def written(path: Path, text: str, mode: int = 0o640) -> str:
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def refused(text: str) -> list[str]:
    with pytest.raises(UnusableFile) as caught:
        parse_keys(text, "keys")
    return [str(problem) for problem in caught.value.problems]


def test_each_key_has_its_owner_and_any_other_text_has_none(tmp_path: Path) -> None:
    keys = Keys(written(tmp_path / "keys", f"# ours\n\nkitchen {KITCHEN}\n  garden\t{GARDEN}  \r\n"))
    assert len(keys) == 2
    assert keys.owner(KITCHEN) == "kitchen"
    assert keys.owner(GARDEN) == "garden"
    for other in ("", "kitchen", KITCHEN[:-1], KITCHEN + "k", KITCHEN.upper(), "\udcff", "é" * 24):
        assert keys.owner(other) is None


def test_a_name_can_have_two_keys_while_one_is_replaced(tmp_path: Path) -> None:
    keys = Keys(written(tmp_path / "keys", f"kitchen {KITCHEN}\nkitchen {GARDEN}\n"))
    assert keys.owner(KITCHEN) == keys.owner(GARDEN) == "kitchen"


def test_keys_are_kept_as_hashes_only(tmp_path: Path) -> None:
    keys = Keys(written(tmp_path / "keys", f"kitchen {KITCHEN}\n"))
    assert KITCHEN not in repr([vars(keys), keys._keys])


def test_every_bad_line_is_named_by_its_number_and_never_quoted() -> None:
    secret = "sesame-open-sesame"
    found = refused(
        f"good {KITCHEN}\n{secret}\nname {secret} {secret}\n-{secret} {GARDEN}\nshort {secret[:6]}\n"
        f"again {KITCHEN}\nname {secret}é\n"
    )
    assert [problem.split(":")[0] for problem in found] == [f"line {number}" for number in (2, 3, 4, 5, 6, 7)]
    assert "line 1" in found[4]
    assert not [problem for problem in found if "sesame" in problem]


@pytest.mark.parametrize("text", ["", "\n", "# nobody\n"])
def test_a_file_without_keys_is_refused_as_no_client_could_use_the_server(text: str) -> None:
    (problem,) = refused(text)
    assert "nobody" in problem


def test_the_number_of_keys_is_bounded() -> None:
    (problem,) = refused("".join(f"name key-number-{number:06}\n" for number in range(MAX_KEYS + 1)))
    assert str(MAX_KEYS) in problem


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_any_text_is_keys_or_problems(text: str) -> None:
    with suppress(UnusableFile):
        assert parse_keys(text, "keys")


@pytest.mark.parametrize("mode", [0o644, 0o641, 0o604, 0o646, 0o660, 0o777])
def test_a_file_that_others_can_read_or_change_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(UnusableFile) as caught:
        Keys(written(tmp_path / "keys", f"kitchen {KITCHEN}\n", mode))
    (problem,) = caught.value.problems
    assert f"{mode:04o}" in problem.message
    assert "chmod 640" in problem.message


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640, 0o440])
def test_a_file_for_its_owner_and_its_group_is_read(tmp_path: Path, mode: int) -> None:
    assert len(Keys(written(tmp_path / "keys", f"kitchen {KITCHEN}\n", mode))) == 1


def test_the_mode_of_the_file_behind_a_symbolic_link_counts(tmp_path: Path) -> None:
    target = written(tmp_path / "target", f"kitchen {KITCHEN}\n")
    link = tmp_path / "link"
    link.symlink_to(target)
    assert len(Keys(str(link))) == 1
    os.chmod(target, 0o644)
    with pytest.raises(UnusableFile):
        Keys(str(link))


def test_a_path_that_is_no_readable_text_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "huge").write_bytes(b"#" * 1_000_001)
    for name in ("binary", "huge"):
        (tmp_path / name).chmod(0o600)
    for name in ("pipe", "binary", "huge", "missing", "."):
        with pytest.raises(UnusableFile) as caught:
            Keys(str(tmp_path / name))
        assert len(caught.value.problems) == 1


def test_a_prepared_reload_changes_nothing_until_it_is_called(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    keys = Keys(written(path, f"kitchen {KITCHEN}\n"))
    written(path, f"garden {GARDEN}\n")
    change = keys.prepare()
    assert keys.owner(KITCHEN) == "kitchen"
    change()
    assert keys.owner(KITCHEN) is None


def test_a_reload_takes_a_good_file_and_keeps_the_old_keys_with_a_bad_one(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    keys = Keys(written(path, f"kitchen {KITCHEN}\n"))
    written(path, f"garden {GARDEN}\n")
    keys.prepare()()
    assert keys.owner(KITCHEN) is None
    assert keys.owner(GARDEN) == "garden"
    for text, mode in (("garden\n", 0o640), (f"kitchen {KITCHEN}\n", 0o644)):
        written(path, text, mode)
        with pytest.raises(UnusableFile):
            keys.prepare()()
        assert keys.owner(GARDEN) == "garden"
        assert keys.owner(KITCHEN) is None
