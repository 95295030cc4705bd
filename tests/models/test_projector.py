"""A model's vision projector is found beside it, by the names that people and repositories give such files."""

from pathlib import Path

import pytest

from hailo_vision.config.settings import Llama
from hailo_vision.models.projector import choose, model_name, projector_beside, with_projector


@pytest.mark.parametrize(
    ("model", "others", "projector"),
    [
        ("SmolVLM-500M-Instruct-Q8_0.gguf", ["mmproj-SmolVLM-500M-Instruct-Q8_0.gguf"], 0),
        ("Qwen2-VL-2B-Instruct-Q4_K_M.gguf", ["mmproj-Qwen2-VL-2B-Instruct-f16.gguf"], 0),
        ("gemma-3-4b-it-UD-IQ2_XXS.gguf", ["mmproj-F16.gguf"], 0),
        ("model-q4_0.gguf", ["mmproj-model-f16.gguf"], 0),
        ("moondream2-text-model-f16.gguf", ["moondream2-mmproj-f16.gguf"], None),  # another name: nobody can know
        ("a-Q4_K_M.gguf", ["mmproj-a-F32.gguf", "mmproj-a-BF16.gguf", "mmproj-a-F16.gguf", "mmproj-a-Q8_0.gguf"], 3),
        ("a-Q4_K_M.gguf", ["mmproj-b-Q8_0.gguf", "b-Q4_K_M.gguf"], None),
        ("a-Q4_K_M.gguf", ["mmproj-F16.gguf", "b-Q4_K_M.gguf"], None),  # whose it is, is not to be told
        ("a-Q4_K_M.gguf", ["mmproj-F16.gguf", "a-Q8_0.gguf"], 0),
        ("a-Q4_K_M-00001-of-00002.gguf", ["mmproj-a-f16.gguf", "a-Q4_K_M-00002-of-00002.gguf"], 0),
        ("a-Q4_K_M.gguf", [], None),
    ],
)
def test_the_projector_is_the_one_of_the_models_name(model: str, others: list[str], projector: int | None) -> None:
    assert choose(model, [model, *others]) == (None if projector is None else others[projector])


def test_a_models_name_loses_what_says_how_its_numbers_are_kept() -> None:
    names = ["Qwen2-VL-2B-Instruct-Q4_K_M.gguf", "mmproj-Qwen2-VL-2B-Instruct-f16.gguf", "qwen2-vl-2b-instruct.gguf"]
    assert {model_name(name) for name in names} == {"qwen2-vl-2b-instruct"}


def test_auto_is_the_file_beside_the_model_or_none(tmp_path: Path) -> None:
    model, projector = tmp_path / "my-model-Q8_0.gguf", tmp_path / "mmproj-my-model-Q8_0.gguf"
    model.touch()
    assert with_projector(Llama(model=str(model))).mmproj is None
    projector.touch()
    assert with_projector(Llama(model=str(model))).mmproj == str(projector)
    assert with_projector(Llama(model=str(model), mmproj=None)).mmproj is None
    assert with_projector(Llama(model=str(model), mmproj="/elsewhere.gguf")).mmproj == "/elsewhere.gguf"


def test_a_model_of_the_catalogue_lacks_its_projector_by_name() -> None:
    model = "/models/SmolVLM-500M-Instruct-Q8_0.gguf"
    assert projector_beside(model) == "/models/mmproj-SmolVLM-500M-Instruct-Q8_0.gguf"
    assert projector_beside("/nowhere/else.gguf") is None
