"""The index of the documentation has every page."""

import re

from harness import ROOT

DOCS = ROOT / "docs"


def test_every_page_is_in_the_index_and_every_link_leads_somewhere() -> None:
    links = set(re.findall(r"\]\(([^)#]+)\)", (DOCS / "index.md").read_text()))
    assert all((DOCS / link).is_file() for link in links)
    pages = {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")} - {"index.md", "photos/README.md"}
    assert pages <= links
