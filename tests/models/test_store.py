"""The folder of the models, and the notes in it."""

from dataclasses import replace
from pathlib import Path

import pytest

from hailo_vision.errors import ModelError, ModelFault
from hailo_vision.models import records
from hailo_vision.models.part import held
from hailo_vision.models.records import Origin, Partial
from hailo_vision.models.store import disk_errors, make_folder, model_path, model_paths, remove, require_space

ORIGIN = Origin(model="tiny", release="5.1.1", url="https://x/Tiny.hef", size_bytes=4, sha256="0" * 64)
PARTIAL = Partial(url="https://x/Tiny.hef", size_bytes=9, etag='"a"', last_modified=None, synced_bytes=2)


@pytest.mark.parametrize(
    "name", ["../x.hef", "/etc/x.hef", "a/b.hef", ".hef", "x.json", "x", "", "..", "x\0.hef", "./x.hef"]
)
def test_what_is_outside_the_folder_or_no_model_has_no_place(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError) as caught:
        model_path(tmp_path, name)
    assert caught.value.fault is ModelFault.NOT_ON_DISK


def test_places_are_models_whole_or_in_part_and_nothing_else(tmp_path: Path) -> None:
    for name in ("a.hef", "a.hef.json", "b.hef.part", "b.hef.part.json", "c.txt", "d.hef.json", ".hef"):
        (tmp_path / name).write_text("x")
    (tmp_path / "folder.hef").mkdir()
    assert [one.path.name for one in model_paths(tmp_path)] == ["a.hef", "b.hef"]


def test_a_folder_that_is_not_there_has_no_places(tmp_path: Path) -> None:
    assert model_paths(tmp_path / "none") == ()


@pytest.mark.parametrize("record", [ORIGIN, PARTIAL, replace(PARTIAL, etag=None, size_bytes=None)])
def test_a_note_is_read_as_it_was_written(tmp_path: Path, record: Origin | Partial) -> None:
    path = tmp_path / "note.json"
    records.write(path, record)
    records.write(path, record)
    assert records.read(path, type(record)) == record
    assert [entry.name for entry in tmp_path.iterdir()] == ["note.json"]


UNREADABLE = ("", "{", "[]", "null", "{}", '{"model": 1}', '"a"', '{"a": ' * 5000, "\xff")


@pytest.mark.parametrize("text", UNREADABLE, ids=range(len(UNREADABLE)))
def test_a_note_that_can_not_be_understood_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "note.json").write_text(text, encoding="latin-1")
    assert records.read(tmp_path / "note.json", Origin) is None
    assert records.read(tmp_path / "note.json", Partial) is None


def test_a_part_without_a_validator_is_worth_nothing(tmp_path: Path) -> None:
    one = model_path(tmp_path, "Tiny.hef")
    one.part.write_bytes(b"12")
    assert one.part_bytes == 0
    records.write(one.part_note, PARTIAL)
    assert one.part_bytes == 2
    records.write(one.part_note, replace(PARTIAL, etag=None))
    assert one.part_bytes == 0


def test_a_model_goes_with_all_that_belongs_to_it(tmp_path: Path) -> None:
    one = model_path(tmp_path, "Tiny.hef")
    for path in (one.path, one.note, one.part, one.part_note, tmp_path / "Other.hef"):
        path.write_text("x")
    remove(one)
    assert [entry.name for entry in tmp_path.iterdir()] == ["Other.hef"]


def test_of_a_link_the_link_is_removed(tmp_path: Path) -> None:
    (tmp_path / "precious.hef").write_text("x")
    (tmp_path / "Tiny.hef").symlink_to(tmp_path / "precious.hef")
    remove(model_path(tmp_path, "Tiny.hef"))
    assert [entry.name for entry in tmp_path.iterdir()] == ["precious.hef"]


def test_a_lock_that_finds_nothing_leaves_nothing(tmp_path: Path) -> None:
    with held(model_path(tmp_path, "Tiny.hef")):
        assert [entry.name for entry in tmp_path.iterdir()] == ["Tiny.hef.part"]
    assert list(tmp_path.iterdir()) == []


def test_room_is_asked_for_before_it_is_needed(tmp_path: Path) -> None:
    require_space(tmp_path, 1, 0)
    with pytest.raises(ModelError, match="Make room, then pull again") as caught:
        require_space(tmp_path, 1, 1 << 60)
    assert caught.value.fault is ModelFault.DISK_FULL


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (PermissionError(13, "Permission denied", "/x"), ModelFault.NO_PERMISSION),
        (OSError(30, "Read-only file system", "/x"), ModelFault.NO_PERMISSION),
        (OSError(28, "No space left on device"), ModelFault.DISK_FULL),
        (OSError(122, "Disk quota exceeded"), ModelFault.DISK_FULL),
        (OSError(5, "Input/output error"), ModelFault.DISK_FAILED),
    ],
)
def test_what_the_system_refuses_is_said_in_words_for_a_person(
    tmp_path: Path, error: OSError, fault: ModelFault
) -> None:
    with pytest.raises(ModelError) as caught, disk_errors(tmp_path):
        raise error
    assert caught.value.fault is fault
    assert str(error.filename or tmp_path) in str(caught.value)


def test_a_folder_is_made_with_its_parents_once(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
