"""Names of models, as clients write them. Pure.

Clients of Ollama put the tag `:latest` to a name that has none, on OpenAI's routes too.
"""

from hailo_vision.config import settings

_LATEST = ":latest"


def is_served(name: str, model: settings.Model) -> bool:
    """Whether it is the name of the model, or an alias, with `:latest` or without."""
    return tagged(name) in {tagged(known) for known in (model.name, *model.aliases)}


def tagged(name: str) -> str:
    """The name with a tag, as Ollama lists all names."""
    return name if ":" in name else name + _LATEST


def untagged(name: str) -> str:
    """The name without that tag."""
    return name.removesuffix(_LATEST)
