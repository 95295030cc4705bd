"""Entries of GET /v1/models: what is known of a model, by whoever knows it, and nothing made up."""

from dataclasses import replace

from loaded_models import QWEN2_VL
from openai.types import Model

from hailo_vision.chat import ModelFacts
from hailo_vision.http_api.service.status import model_json
from served_models import StillEngine, served_model

LOADED = QWEN2_VL
CREATED = 1_700_000_000


def test_a_model_is_listed_while_it_loads() -> None:
    entry = model_json(served_model("the-model", "gpt-4o"), "the-model", CREATED, ModelFacts())
    assert entry == {
        "id": "the-model",
        "object": "model",
        "created": CREATED,
        "owned_by": "hailo-vision",
        "runtime": "hailo",
        "kind": "vision",
        "input_modalities": ["text", "image"],
        "aliases": ["gpt-4o"],
        "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text"]},
        "meta": {"n_ctx": None},
        "type": "model",
        "display_name": "the-model",
        "created_at": "2023-11-14T22:13:20Z",
        "max_input_tokens": None,
        "lifecycle": "active",
    }
    assert Model.model_validate(entry).id == "the-model"


def test_a_loaded_model_says_how_long_a_conversation_it_takes() -> None:
    """Frigate reads the key."""
    model = served_model("the-model", engine=StillEngine(model=LOADED))
    assert model_json(model, "the-model", CREATED, ModelFacts())["max_model_len"] == 2048
    assert model_json(served_model("m"), "m", CREATED, ModelFacts(context_tokens=4096))["max_model_len"] == 4096


def test_a_loaded_model_says_how_many_pictures_it_takes_where_not_only_the_context_bounds_them() -> None:
    for most, told in ((5, 5), (None, None), (0, None)):
        model = served_model("m", engine=StillEngine(model=replace(LOADED, max_images=most)))
        assert model_json(model, "m", CREATED, ModelFacts()).get("max_images") == told


def test_nobody_can_take_a_simulated_model_for_a_real_one() -> None:
    entry = model_json(served_model("the-model", runtime="simulated"), "the-model", CREATED, ModelFacts())
    assert entry["runtime"] == "simulated"
    assert "simulated" in entry["owned_by"]


def test_a_text_model_is_not_said_to_see() -> None:
    entry = model_json(served_model("m", kind="text"), "m", CREATED, ModelFacts())
    assert entry["input_modalities"] == entry["architecture"]["input_modalities"] == ["text"]
