"""What the catalogue has, and what is chosen from it."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from hailo_vision.config.settings import Llama, Model
from hailo_vision.errors import ModelError, ModelFault
from hailo_vision.models.catalogue import (
    CATALOGUE,
    GGUF,
    at_mirror,
    builds,
    fits,
    fitting,
    fitting_warning,
    release_in,
    without_password,
)
from hailo_vision.models.projector import with_projector

URL = "https://dev-public.hailo.ai/v5.1.1/blob/Qwen2-VL-2B-Instruct.hef"


def test_the_default_model_is_in_the_catalogue_for_both_releases_of_the_contract() -> None:
    model = Model()
    files = builds(CATALOGUE, model.name)
    assert {"5.1.1", "5.2.0"} <= {file.release for file in files}
    assert {file.file for file in files} == {model.hef.rpartition("/")[2]}


@pytest.mark.parametrize("file", CATALOGUE, ids=lambda file: f"{file.model}-{file.release}")
def test_every_file_comes_over_tls_from_a_folder_of_its_own_release(file) -> None:  # type: ignore[no-untyped-def]
    address = urlsplit(file.url)
    assert address.scheme == "https"
    assert f"/v{file.release}/" in address.path or (file.release == GGUF and file.sha256 and file.size_bytes)
    assert address.path.endswith(f"/{file.file}")
    assert file.licence
    assert file.listed_bytes > 0
    assert file.model == file.model.casefold()


@pytest.mark.parametrize("name", ["qwen2-vl-2b-instruct", "Qwen2-VL-2B-Instruct", "Qwen2-VL-2B-Instruct.hef"])
def test_a_model_is_found_in_any_case_and_by_its_file(name: str) -> None:
    assert {file.release for file in builds(CATALOGUE, name)} == {"5.1.1", "5.2.0", "5.3.0", "5.4.0"}


def test_a_model_for_llama_is_a_language_model_and_its_eyes_with_hashes() -> None:
    names = {file.model for file in CATALOGUE if file.release == GGUF}
    assert len(names) == 4
    for name in names:
        language, eyes = builds(CATALOGUE, name)
        assert eyes.file.startswith("mmproj-")
        assert not language.file.startswith("mmproj-")
        assert all(re.fullmatch("[0-9a-f]{64}", file.sha256 or "") for file in (language, eyes))


def test_the_files_that_the_settings_name_are_those_of_a_pull() -> None:
    files = builds(CATALOGUE, "qwen2-vl-2b-instruct-gguf")
    llama = with_projector(Llama())
    assert [file.file for file in files] == [Path(path or "").name for path in (llama.model, llama.mmproj)]


@pytest.mark.parametrize(
    ("name", "hint"), [("qwen2-vl-2b-instuct", "Did you mean qwen2-vl-2b-instruct?"), ("llama", "It has qwen2-vl")]
)
def test_an_unknown_model_is_told_what_there_is(name: str, hint: str) -> None:
    with pytest.raises(ModelError) as caught:
        builds(CATALOGUE, name)
    assert caught.value.fault is ModelFault.UNKNOWN_MODEL
    assert hint in str(caught.value)


def test_the_file_of_the_release_is_chosen() -> None:
    assert fitting(builds(CATALOGUE, "qwen2-vl-2b-instruct"), "5.2.0").url == URL.replace("5.1.1", "5.2.0")


@pytest.mark.parametrize("model", ["qwen2-vl-2b-instruct", "qwen3-vl-2b-instruct"])
@pytest.mark.parametrize(
    ("release", "expected"),
    [("5.3.0", "5.3.0"), ("5.3.1", "5.3.0"), ("5.4.0", "5.4.0"), ("5.10.0", "5.4.0"), ("12.0.0", "5.4.0")],
)
def test_an_unknown_release_takes_the_newest_known_one_below_with_a_warning(
    model: str, release: str, expected: str
) -> None:
    file = fitting(builds(CATALOGUE, model), release)
    assert file.release == expected
    warning = fitting_warning(file, release)
    assert (warning is None) == (release == expected)
    assert warning is None or f"no {model} for HailoRT {release}; this is the file for {expected}" in warning
    assert fits(file, CATALOGUE, release)
    assert [other.release for other in builds(CATALOGUE, model) if fits(other, CATALOGUE, release)] == [expected]


@pytest.mark.parametrize(("model", "release"), [("qwen2-vl-2b-instruct", "5.1.0"), ("qwen3-vl-2b-instruct", "5.2.0")])
def test_a_release_older_than_all_known_ones_gets_no_file(model: str, release: str) -> None:
    with pytest.raises(ModelError) as caught:
        fitting(builds(CATALOGUE, model), release)
    assert caught.value.fault is ModelFault.UNKNOWN_RELEASE
    assert f"no {model} for HailoRT {release}, only for 5." in str(caught.value)


def test_the_size_that_was_measured_is_exact_and_the_others_leave_room() -> None:
    for file in builds(CATALOGUE, "qwen2-vl-2b-instruct"):
        assert file.size_bytes == (3_255_444_179 if file.release == "5.4.0" else None)
        assert file.space_bytes >= 3_255_444_179
        assert file.max_bytes >= 3_255_444_179


def test_qwen3_takes_one_wide_picture_a_prompt() -> None:
    for file in builds(CATALOGUE, "qwen3-vl-2b-instruct"):
        assert (file.frame_px, file.max_images, file.size_bytes) == ((512, 288), 1, None)


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ("5.1.1", "5.1.1"),
        ("5.1.1-1", "5.1.1"),
        ("v5.2.0", "5.2.0"),
        ("1:5.2.0-2+rpt1", "5.2.0"),
        (" 5.2.0\n", "5.2.0"),
        ("5.1", None),
        ("", None),
        ("new", None),
    ],
)
def test_a_release_is_read_out_of_a_packages_version(text: str, release: str | None) -> None:
    assert release_in(text) == release


@pytest.mark.parametrize(
    ("mirror", "address"),
    [
        (None, URL),
        ("", URL),
        ("http://nas.lan:8080", "http://nas.lan:8080/v5.1.1/blob/Qwen2-VL-2B-Instruct.hef"),
        ("https://nas.lan/hailo/", "https://nas.lan/hailo/v5.1.1/blob/Qwen2-VL-2B-Instruct.hef"),
        ("https://me:pass@nas.lan/a/b", "https://me:pass@nas.lan/a/b/v5.1.1/blob/Qwen2-VL-2B-Instruct.hef"),
    ],
)
def test_a_mirror_stands_where_the_vendors_host_stood(mirror: str | None, address: str) -> None:
    assert at_mirror(URL, mirror) == address


@pytest.mark.parametrize(
    "mirror",
    [
        "nas.lan",
        "ftp://nas.lan",
        "https://",
        "file:///srv",
        "http://a/?b",
        "http://[::1",
        "http://a:99999",
        "http://u:p@[x",
    ],
)
def test_what_is_no_address_is_no_mirror(mirror: str) -> None:
    with pytest.raises(ModelError, match="is no address of a mirror") as caught:
        at_mirror(URL, mirror)
    assert "u:p" not in str(caught.value)


def test_a_password_is_taken_out_of_an_address() -> None:
    assert without_password("https://me:pass@nas.lan:8080/a?b") == "https://nas.lan:8080/a?b"
    assert without_password(URL) == URL
