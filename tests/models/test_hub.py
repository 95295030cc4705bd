"""Which files of a repository on the hub make a model; what of a listing is believed."""

from typing import Any

import pytest

from hailo_vision.errors import ModelError
from hailo_vision.models.hub import HUB, chosen, repository

HASH = "ab" * 32
COMMIT = "0123456789" * 4


def listing(*names: str, **more: Any) -> dict[str, Any]:
    siblings = [{"rfilename": name, "size": 1000 + len(name), "lfs": {"sha256": HASH}} for name in names]
    return {"sha": COMMIT, "siblings": siblings, **more}


def names(spelling: str, *files: str) -> list[str]:
    return [file.file for file in chosen(repository(spelling), listing(*files))]


REPOSITORY = (
    "gemma-3-4b-it-Q4_0.gguf",
    "gemma-3-4b-it-Q4_K_M.gguf",
    "gemma-3-4b-it-UD-Q8_K_XL.gguf",
    "gemma-3-4b-it-BF16.gguf",
    "mmproj-F32.gguf",
    "mmproj-F16.gguf",
    "config.json",
)


@pytest.mark.parametrize(
    ("spelling", "file"),
    [
        ("hf:unsloth/gemma-3-4b-it-GGUF", "gemma-3-4b-it-Q4_K_M.gguf"),
        ("hf:unsloth/gemma-3-4b-it-GGUF:Q4_0", "gemma-3-4b-it-Q4_0.gguf"),
        ("hf:unsloth/gemma-3-4b-it-GGUF:bf16", "gemma-3-4b-it-BF16.gguf"),
        ("hf:unsloth/gemma-3-4b-it-GGUF:q8_k_xl", "gemma-3-4b-it-UD-Q8_K_XL.gguf"),
    ],
)
def test_the_file_is_that_of_the_quantisation_or_the_best_for_its_size(spelling: str, file: str) -> None:
    assert names(spelling, *REPOSITORY) == [file, "mmproj-gemma-3-4b-it-F16.gguf"]


def test_a_file_is_taken_at_the_commit_of_the_listing_with_its_size_and_hash() -> None:
    model, projector = chosen(repository("hf:unsloth/gemma-3-4b-it-GGUF"), listing(*REPOSITORY))
    assert model.url == f"{HUB}/unsloth/gemma-3-4b-it-GGUF/resolve/{COMMIT}/gemma-3-4b-it-Q4_K_M.gguf"
    assert projector.url.endswith(f"{COMMIT}/mmproj-F16.gguf")
    assert (model.size_bytes, model.sha256) == (1000 + len(model.file), HASH)


def test_a_model_in_parts_is_all_of_its_parts() -> None:
    files = [f"Q8_0/big-Q8_0-0000{part}-of-00003.gguf" for part in (2, 1, 3)]
    assert names("hf:o/big-GGUF", *files) == [f"big-Q8_0-0000{part}-of-00003.gguf" for part in (1, 2, 3)]
    with pytest.raises(ModelError, match="one of 3 parts, and 2 are there"):
        names("hf:o/big-GGUF", *files[:2])


@pytest.mark.parametrize(
    ("spelling", "files", "message"),
    [
        ("hf:o/r:Q2_K", REPOSITORY, "has no file of the quantisation Q2_K; it has BF16, Q4_0, Q4_K_M, Q8_K_XL"),
        ("hf:o/r", ("config.json", "model.safetensors"), "has no GGUF file"),
        ("hf:o/r", ("mmproj-F16.gguf",), "has no GGUF file"),
    ],
)
def test_what_the_repository_lacks_is_said(spelling: str, files: tuple[str, ...], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        names(spelling, *files)


@pytest.mark.parametrize("spelling", ["hf:", "hf:owner", "hf:a/b/c", "hf:../x/y", "hf:o/r:", "hf:o/r:Q4 K", "hf:o/\nr"])
def test_a_spelling_that_names_no_repository_says_what_does(spelling: str) -> None:
    with pytest.raises(ModelError, match="expected hf:OWNER/REPO"):
        repository(spelling)


@pytest.mark.parametrize(
    "siblings",
    [
        None,
        "none",
        [None, 1, "x.gguf", {}, {"rfilename": 3}, {"rfilename": "a.gguf"}],
        [
            {"rfilename": "a.gguf", "size": "9"},
            {"rfilename": "b.gguf", "size": -1},
            {"rfilename": "c\n.gguf", "size": 9},
        ],
        [{"rfilename": "a.gguf", "size": 10**4000}],
    ],
)
def test_an_entry_that_is_not_of_the_form_is_left_out(siblings: Any) -> None:
    with pytest.raises(ModelError, match="has no GGUF file"):
        chosen(repository("hf:o/r"), {"siblings": siblings})


def test_a_hash_that_is_none_is_no_hash() -> None:
    odd = {"sha": "main; rm", "siblings": [{"rfilename": "../../a-Q8_0.gguf", "size": 9, "lfs": {"sha256": "x"}}]}
    (file,) = chosen(repository("hf:o/r"), odd)
    assert (file.sha256, file.file) == (None, "a-Q8_0.gguf")
    assert "/resolve/main/" in file.url
