"""Names of models, as clients write them. Pure.

Clients of Ollama put the tag `:latest` to a name that has none, on OpenAI's routes too.
"""

from hailo_vision.config import settings

LATEST = ":latest"


def is_served(name: str, model: settings.Model) -> bool:
    """Whether it is the name of the model, or an alias, with `:latest` or without."""
    known = (model.name, *model.aliases)
    return name in known or name.removesuffix(LATEST) in known


def tagged(name: str) -> str:
    """The name with a tag, as Ollama lists all names."""
    return name if ":" in name else name + LATEST
