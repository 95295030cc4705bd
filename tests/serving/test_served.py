"""Models are found by each of their names, and a parser gets what it has to know of the one that was named."""

from typing import Any

import pytest

from hailo_vision.chat import Capabilities, LoadedModel
from hailo_vision.errors import RequestError, UnknownModel
from hailo_vision.http_api.ollama import parse as ollama
from hailo_vision.http_api.web.surface import named, named_or_default
from served_models import StillEngine, served_model, served_models

MODELS = served_models(served_model("the-model", "llava:7b", "other", "mine:latest"), served_model("big"))


def loaded(**more: Any) -> LoadedModel:
    facts = {"runtime": "x", "runtime_version": "1", "device": "d", "frame_width_px": 28, "frame_height_px": 28}
    return LoadedModel(**facts, context_tokens=2048, image_tokens=1, load_s=1.0, **{"max_images": None, **more})


@pytest.mark.parametrize("name", ["the-model", "the-model:latest", "llava:7b", "other", "other:latest", "mine"])
def test_every_name_finds_the_model_with_the_tag_latest_or_without(name: str) -> None:
    assert named(MODELS, {"model": name}).name == "the-model"
    assert ollama.named(MODELS, {"model": name}).name == "the-model"
    assert ollama.named(MODELS, {"name": name}).name == "the-model"


@pytest.mark.parametrize(
    "name", ["The-Model", "LLaVA:7B", "library/the-model", "registry.ollama.ai/library/the-model:latest", "MINE:Latest"]
)
def test_names_are_found_in_every_spelling_that_ollama_takes(name: str) -> None:
    assert ollama.named(MODELS, {"model": name}).name == "the-model"


def test_a_name_as_it_is_written_stands_above_one_in_another_spelling() -> None:
    models = served_models(served_model("a"), served_model("A"), served_model("library/a"))
    assert [models.find(name).name for name in ("a", "A", "library/a", "LIBRARY/A")] == ["a", "A", "library/a", "a"]  # type: ignore[union-attr]


def test_each_model_is_found_by_its_own_name() -> None:
    assert named(MODELS, {"model": "big"}).name == "big"
    assert [model.name for model in MODELS] == ["the-model", "big"]


@pytest.mark.parametrize("name", ["llava", "the-model:7b", "x" * 1000])
def test_another_name_is_not_found_in_the_words_of_the_dialect(name: str) -> None:
    with pytest.raises(UnknownModel):
        named(MODELS, {"model": name})
    with pytest.raises(UnknownModel, match="not found"):
        ollama.named(MODELS, {"model": name})


@pytest.mark.parametrize("body", [{}, {"model": None}, {"model": 5}, {"model": ""}])
def test_what_is_no_name_is_refused_by_its_field(body: dict[str, Any]) -> None:
    with pytest.raises(RequestError) as refused:
        named(MODELS, body)
    assert refused.value.param == "model"
    with pytest.raises(RequestError, match="model is required"):
        ollama.named(MODELS, body)


def test_where_a_model_may_be_left_out_the_default_one_is_taken() -> None:
    assert named_or_default(MODELS, {}).name == "the-model"
    assert named_or_default(MODELS, {"model": "big"}).name == "big"


def test_a_target_tells_what_the_preferred_engine_can() -> None:
    can = Capabilities(logprobs=True)
    target = served_model("m", runtime="llama", engine=StillEngine(capabilities=can)).target
    assert (target.name, target.engine, target.capabilities) == ("m", "llama", can)


def test_a_model_sees_by_its_kind_and_by_what_is_loaded() -> None:
    assert served_model("m").sees
    assert not served_model("m", kind="text").sees
    assert not served_model("m", engine=StillEngine(model=loaded(max_images=0))).sees
    assert not served_model("m", kind="text", engine=StillEngine(model=loaded())).sees


def test_a_model_on_another_machine_sees_what_may_be_sent_there() -> None:
    assert not served_model("m", runtime="remote", takes_pictures=False).sees
    assert served_model("m", runtime="remote", takes_pictures=True).sees
