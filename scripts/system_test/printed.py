"""The commands of a page, as it prints them, and what a reader's machine has that the container has not."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# The guest's commands run as root, so `sudo` has only to become the other user.
SUDO = """\
#!/bin/sh
if [ "$1" = -u ]; then user="$2"; shift 2; exec runuser -u "$user" -- "$@"; fi
exec "$@"
"""


def blocks(page: str, language: str, heading: str) -> list[str]:
    """The blocks of code under a heading of a page, up to the next heading."""
    text = (ROOT / page).read_text()
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", text, re.M | re.S)
    assert found, f"{page} has no heading {heading!r}"
    return re.findall(rf"^```{language}\n(.*?)^```", found[1], re.M | re.S)
