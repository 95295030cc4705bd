"""An answer's Markdown: what it becomes, and that nothing in it can become markup. In Node.js, without a browser."""

from typing import Any

from console.modules import Modules
from needs import needs

pytestmark = [needs("node", "nodejs")]

KINDS = {"paragraph", "heading", "code", "list", "table", "quote", "rule", "strong", "em", "del", "break"}
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "**<b onclick=alert(1)>x</b>**",
    "`<svg onload=alert(1)>`",
    "```html\n<iframe src='javascript:alert(1)'>\n```",
    "```<script>alert(1)</script>\nx\n```",
    "[a](javascript:alert(1)) ![b](http://evil.example/x.png) <http://evil.example>",
    "| <script>a</script> | b |\n|---|---|\n| <img src=x onerror=alert(1)> | c |",
    "# <script>alert(1)</script>\n> <style>*{display:none}</style>\n- <a href='data:text/html,x'>",
    "&lt;script&gt; &#60;script&#62; \\<script\\>",
]


def read(modules: Modules, *texts: str) -> list[list[dict[str, Any]]]:
    """The tree of each text."""
    imports = '{ markdown } from "./markdown.js"'
    trees: list[list[dict[str, Any]]] = modules.run(imports, "given.map((text) => markdown(text))", texts)
    return trees


def paragraph(*children: Any) -> list[dict[str, Any]]:
    return [{"kind": "paragraph", "children": list(children)}]


def marked(kind: str, *children: Any) -> dict[str, Any]:
    return {"kind": kind, "children": list(children)}


def words(part: Any) -> str:
    """All that a reader of the tree would see."""
    match part:
        case str():
            return part
        case list():
            return " ".join(words(one) for one in part)
        case dict():
            return " ".join(words(part[name]) for name in ("text", "children", "items", "head", "rows") if name in part)
    raise AssertionError(part)


def kinds(part: Any) -> set[str]:
    match part:
        case list():
            return set().union(*(kinds(one) for one in part)) if part else set()
        case dict():
            return {part["kind"]}.union(*(kinds(value) for name, value in part.items() if name != "kind"))
    return set()


def test_what_stands_in_a_line_is_marked(modules: Modules) -> None:
    cases = {
        "a **b** c": paragraph("a ", marked("strong", "b"), " c"),
        "*a* _b_ ~~c~~": paragraph(marked("em", "a"), " ", marked("em", "b"), " ", marked("del", "c")),
        "***both***": paragraph(marked("strong", marked("em", "both"))),
        "*a **b** c*": paragraph(marked("em", "a ", marked("strong", "b"), " c")),
        "`a * b`": paragraph({"kind": "code", "text": "a * b"}),
        "one\ntwo": paragraph("one", {"kind": "break"}, "two"),
        "\\*plain\\*": paragraph("*plain*"),
    }
    assert dict(zip(cases, read(modules, *cases), strict=True)) == cases


def test_arithmetic_names_and_what_is_not_closed_stay_as_they_are(modules: Modules) -> None:
    texts = ["2 * 3 * 4 = 24", "snake_case_name", "**open", "a `tick", "*", "a | b", "5 > 3", "#hash"]
    assert read(modules, *texts) == [paragraph(text) for text in texts]


def test_lists_are_nested_and_keep_their_numbers(modules: Modules) -> None:
    ((lists, after),) = read(modules, "3. one\n4. two\n   - inner\n\n5. three\n\nafter")
    assert (lists["kind"], lists["isOrdered"], lists["start"]) == ("list", True, 3)
    one, two, three = lists["items"]
    assert (one, three) == (paragraph("one"), paragraph("three"))
    assert [part["kind"] for part in two] == ["paragraph", "list"]
    assert two[1]["items"] == [paragraph("inner")]
    assert [after] == paragraph("after")


def test_code_keeps_every_letter_and_an_open_fence_goes_on_to_the_end(modules: Modules) -> None:
    code = "def f():\n    return '**no**'  # <b>"
    closed, opened = read(modules, f"See:\n```python\n{code}\n```\nend", f"```\n{code}")
    assert closed[1] == {"kind": "code", "language": "python", "text": code}
    assert [closed[2]] == paragraph("end")
    assert opened == [{"kind": "code", "language": "", "text": code}]


def test_a_table_has_a_cell_for_each_column(modules: Modules) -> None:
    ((table,),) = read(modules, "| Name | **Count** |\n|:--|--:|\n| a\\|b | 1 |\n| c |")
    assert table["head"] == [["Name"], [marked("strong", "Count")]]
    assert table["rows"] == [[["a|b"], ["1"]], [["c"], []]]


def test_headings_quotes_and_rules_are_blocks(modules: Modules) -> None:
    ((heading, quote, rule),) = read(modules, "## Title\n> said\n\n---")
    assert heading == {"kind": "heading", "level": 2, "children": ["Title"]}
    assert quote == {"kind": "quote", "children": paragraph("said")}
    assert rule == {"kind": "rule"}


def test_html_links_and_images_are_never_more_than_text(modules: Modules) -> None:
    trees = read(modules, *HOSTILE)
    assert set().union(*(kinds(tree) for tree in trees)) <= KINDS
    for text, tree in zip(HOSTILE, trees, strict=True):
        assert words(tree).count("alert(1)") >= text.count("alert(1)") - text.count("```<script>")
        assert words(tree).count("evil.example") == text.count("evil.example")
    assert words(trees[-1]) == "&lt;script&gt; &#60;script&#62; <script>"  # a backslash before a mark is Markdown's own


def test_every_beginning_of_an_answer_is_read(modules: Modules) -> None:
    """The answer grows letter by letter, and the page draws each state of it."""
    text = "# A\n1. **b** `c`\n   - d\n\n```py\nx\n```\n| a | b |\n|---|---|\n| 1 | ~~2~~ |\n> q *r*\n"
    trees = read(modules, *(text[:end] for end in range(len(text) + 1)))
    assert len(trees) == len(text) + 1
    assert trees[0] == []


def test_marks_that_never_end_are_read_in_one_go(modules: Modules) -> None:
    """Each is long enough to outlast the test's patience, were the time to grow with the square of the length."""
    repeated = ["**a ", "*a ", "`a ", "_a ", "`` ` ", "> ", "- ", "|-", "  - a\n", "\\", "#", "~~a", "[", "<"]
    trees = read(modules, *(part * 50_000 for part in repeated))
    assert len(trees) == len(repeated)
