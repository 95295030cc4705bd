"""The list of models, for people and for programs."""

from dataclasses import replace
from pathlib import Path

from hailo_vision.models import listing, records
from hailo_vision.models.catalogue import ModelFile
from hailo_vision.models.records import Origin, Partial
from hailo_vision.models.release import Release
from hailo_vision.models.store import model_path, model_paths

OLD = ModelFile(
    model="tiny",
    release="5.1.1",
    file="Tiny.hef",
    url="https://x/v5.1.1/Tiny.hef",
    licence="MIT",
    listed_bytes=2 * 10**9,
)
NEW = replace(OLD, release="5.2.0", url="https://x/v5.2.0/Tiny.hef")
RUNTIME = Release(version="5.2.0", source="a test")


def listed(folder: Path, release: Release | None = RUNTIME) -> str:
    found = model_paths(folder)
    table = listing.rows([OLD, NEW], found, release, folder / "Tiny.hef")
    return listing.as_text(table, listing.strangers([OLD, NEW], found), folder / "Tiny.hef")


def test_an_empty_folder_shows_what_there_is_to_get(tmp_path: Path) -> None:
    assert listed(tmp_path) == (
        "NAME  RELEASE  SIZE           LICENCE  ON DISK\n"
        "tiny  5.1.1    about 2.00 GB  MIT      no\n"
        "tiny  5.2.0    about 2.00 GB  MIT      no, fits"
    )


def test_without_a_runtime_nothing_is_said_to_fit(tmp_path: Path) -> None:
    assert "fits" not in listed(tmp_path, None)


def test_what_is_there_stands_in_the_row_of_its_release_with_its_own_size(tmp_path: Path) -> None:
    one = model_path(tmp_path, "Tiny.hef")
    one.path.write_bytes(bytes(1_500_000))
    records.write(one.note, Origin(model="tiny", release="5.1.1", url=OLD.url, size_bytes=1_500_000, sha256="0" * 64))
    one.part.write_bytes(bytes(800_000))
    records.write(
        one.part_note,
        Partial(
            url="http://nas/hailo/v5.2.0/Tiny.hef", size_bytes=None, etag='"a"', last_modified=None, synced_bytes=1
        ),
    )
    assert listed(tmp_path).splitlines()[1:] == [
        "tiny  5.1.1    1.5 MB         MIT      yes, configured",
        "tiny  5.2.0    about 2.00 GB  MIT      no, 0.8 MB of it have come, fits",
    ]


def test_a_file_of_unknown_origin_is_in_no_row_but_below_them(tmp_path: Path) -> None:
    (tmp_path / "Tiny.hef").write_bytes(bytes(1_500_000))
    (tmp_path / "mine.hef").write_bytes(b"x")
    lines = listed(tmp_path).splitlines()
    assert lines[2].endswith("no, fits")
    assert lines[3:] == ["Not from a pull: Tiny.hef, 1.5 MB, configured", "Not from a pull: mine.hef, 0.0 MB"]


def test_programs_get_the_same(tmp_path: Path) -> None:
    (tmp_path / "Tiny.hef").write_bytes(b"x")
    found = model_paths(tmp_path)
    tree = listing.as_json(
        listing.rows([NEW], found, RUNTIME, tmp_path / "Tiny.hef"),
        listing.strangers([NEW], found),
        tmp_path / "Tiny.hef",
    )
    assert tree["models"] == [
        {
            "name": "tiny",
            "release": "5.2.0",
            "file": "Tiny.hef",
            "size_bytes": 2 * 10**9,
            "size_is_exact": False,
            "licence": "MIT",
            "url": NEW.url,
            "sha256": None,
            "frame_px": None,
            "max_images": None,
            "on_disk": False,
            "part_bytes": 0,
            "configured": False,
            "fits": True,
        }
    ]
    assert tree["others"] == [{"file": "Tiny.hef", "size_bytes": 1, "configured": True}]
