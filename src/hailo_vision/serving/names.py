"""Names of models, as clients write them. Pure.

Clients of Ollama put the tag `:latest` to a name that has none, on OpenAI's routes too. To Ollama names are not
case-sensitive, and those without an owner are in `library/` of its registry.
"""

_LATEST = ":latest"
_REGISTRY = "registry.ollama.ai/"
_LIBRARY = "library/"


def tagged(name: str) -> str:
    """The name with a tag, as Ollama lists all names."""
    return name if ":" in name else name + _LATEST


def untagged(name: str) -> str:
    """The name without that tag."""
    return name.removesuffix(_LATEST)


def spelling(name: str) -> str:
    """The one spelling of all that Ollama takes for the same name: without its library, in lower case, with a tag."""
    return tagged(name.casefold().removeprefix(_REGISTRY).removeprefix(_LIBRARY))
