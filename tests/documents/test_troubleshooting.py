"""docs/troubleshooting.md: each message that it quotes is one that the program still prints.

A line that begins with `> ` quotes a message, or the part of one that helps to find it; `…` stands for a value.
"""

import ast
from collections.abc import Iterator

import pytest

from harness import ROOT

PAGE = ROOT / "docs" / "troubleshooting.md"
VALUE = "…"
LEAST = 12  # letters that a quotation needs beside its values, so that it can't fit by chance


def quotations(page: str) -> list[str]:
    return [line.removeprefix("> ").strip() for line in page.splitlines() if line.startswith("> ")]


def strings(source: str) -> Iterator[str]:
    """All texts of a module but its docstrings, with an ellipsis where a value is put in."""
    tree = ast.parse(source)
    about = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if id(node) in about:
            continue
        match node:
            case ast.JoinedStr(values=values):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else VALUE for part in values)
            case ast.Constant(value=str(text)):
                yield text


def is_quoted_from(quotation: str, text: str) -> bool:
    """Whether the words of the quotation stand in the text, in order."""
    start = 0
    for words in quotation.split(VALUE):
        found = text.find(words.strip(), start)
        if found < 0:
            return False
        start = found + len(words.strip())
    return True


SOURCES = [path for path in sorted((ROOT / "src").rglob("*.py")) if "simulator" not in path.parts]
PRINTED = [text for path in SOURCES for text in strings(path.read_text())]


@pytest.mark.parametrize("quotation", quotations(PAGE.read_text()))
def test_each_quoted_message_is_printed_by_the_program(quotation: str) -> None:
    assert len(quotation.replace(VALUE, "").strip()) >= LEAST
    assert any(is_quoted_from(quotation, text) for text in PRINTED), f"no code prints: {quotation}"


def test_the_page_has_quotations() -> None:
    assert len(quotations(PAGE.read_text())) > 10


@pytest.mark.parametrize(
    ("quotation", "source", "fits"),
    [
        ("The queue is full: … requests", 'said = f"The queue is full: {depth} requests are waiting."', True),
        ("The queue is full", 'said = ("The queue "\n"is full: now")', True),
        ("… has it open", 'said = f"{names} has it open"', True),
        ("The queue is full: 3 requests", 'said = f"The queue is full: {depth} requests are waiting."', False),
        ("requests … The queue", 'said = f"The queue is full: {depth} requests are waiting."', False),
        ("The queue was full", 'said = "The queue is full"', False),
        ("The queue is full", 'def full():\n    """The queue is full."""', False),
    ],
)
def test_what_counts_as_quoted(quotation: str, source: str, fits: bool) -> None:
    assert any(is_quoted_from(quotation, text) for text in strings(source)) is fits
