"""docs/engines.md: its example of several models is taken, and says what the page says of it."""

import re

from hailo_vision.config.check import check, settings_from
from hailo_vision.config.parse import parse_text
from hailo_vision.config.served import served
from harness import ROOT

PAGE = (ROOT / "docs" / "engines.md").read_text()


def test_no_page_or_message_installs_a_package_that_is_not_ours_to_publish() -> None:
    """The project's name on PyPI is free: whoever registers it would be installed by such a line."""
    texts = [ROOT / "README.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("src/**/*.py")]
    assert [str(path) for path in texts if re.search(r"pip3? install\b[^\n]*hailo-vision", path.read_text())] == []


def test_the_list_of_models_is_three_models_with_their_engines() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    parsed = parse_text(example, "example.yaml")
    assert check(parsed) == ()
    chip, text, remote = served(settings_from(parsed.tree))
    assert [engine.runtime for model in (chip, text, remote) for engine in model.engines] == [
        "hailo",
        "llama",
        "remote",
    ]
    assert (chip.is_pinned, chip.fallback) == (True, (remote.name,))
    assert (text.kind, text.engines[0].llama.context, text.generation.max_tokens) == ("text", 8192, 400)
    assert remote.engines[0].takes_pictures
