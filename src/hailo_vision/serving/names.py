"""Names of models, as clients write them. Pure.

Clients of Ollama put the tag `:latest` to a name that has none, on OpenAI's routes too.
"""

_LATEST = ":latest"


def tagged(name: str) -> str:
    """The name with a tag, as Ollama lists all names."""
    return name if ":" in name else name + _LATEST


def untagged(name: str) -> str:
    """The name without that tag."""
    return name.removesuffix(_LATEST)
