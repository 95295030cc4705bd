"""Text becomes a tree, or a sentence about why it does not."""

import pytest

from hailo_vision.config.parse import parse_text


def problems(text: str, source: str = "x.yaml") -> list[str]:
    return [str(problem) for problem in parse_text(text, source).problems]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("yes", True),
        ("Off", False),
        ("TRUE", True),
        ("'yes'", "yes"),
        ('"5"', "5"),
        ("5", 5),
        ("-1", -1),
        ("1_000", 1000),
        ("0", 0),
        ("0.5", 0.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("5.", 5.0),
        ("-.inf", float("-inf")),
        ("5.1.1", "5.1.1"),
        ("012", "012"),
        ("0o12", "0o12"),
        ("0x1F", "0x1F"),
        ("11:35", "11:35"),
        ("2024-01-01", "2024-01-01"),
        ("::1", "::1"),
        ("=", "="),
        ("[a, 1, no]", ["a", 1, False]),
        ("|\n  two\n  lines\n", "two\nlines\n"),
    ],
)
def test_a_plain_yaml_value_is_what_an_operator_expects(written: str, value: object) -> None:
    parsed = parse_text(f"key: {written}", "x.yaml")
    assert parsed.problems == ()
    assert repr(parsed.tree) == repr({"key": value})


def test_a_yaml_key_is_its_text_whatever_it_would_be_as_a_value() -> None:
    assert parse_text("on: 1\n5: 2\nnull: 3\n<<: 4", "x.yaml").tree == {"on": 1, "5": 2, "null": 3, "<<": 4}


@pytest.mark.parametrize("text", ["", "  \n", "# nothing\n", "---\n", "null"])
def test_a_text_with_nothing_in_it_is_an_empty_tree(text: str) -> None:
    assert parse_text(text, "x.yaml").tree == {}
    assert problems(text) == []


def test_an_empty_json_file_is_an_empty_tree() -> None:
    assert parse_text("\n", "x.json").tree == {}


@pytest.mark.parametrize("source", ["x.json", "X.JSON", "x.conf", "x"])
def test_json_is_known_by_its_suffix_or_by_its_first_brace(source: str) -> None:
    # The tab is fine in JSON and would be refused in YAML.
    assert parse_text('{\n\t"a": {"b": [1.5, null]}}', source).tree == {"a": {"b": [1.5, None]}}


def test_a_flow_mapping_in_a_yaml_file_is_yaml() -> None:
    assert parse_text("{a: {b: 1}}", "x.yml").tree == {"a": {"b": 1}}


def test_duplicate_keys_in_yaml_are_named_with_their_lines() -> None:
    assert problems("a:\n  b: 1\n  c: 2\n  b: 3\n  'b': 4\n") == ["a.b: stands 3 times, on lines 2, 4 and 5; keep one"]


def test_duplicate_keys_in_json_are_named() -> None:
    assert problems('{"a": 1, "a": 1, "b": {"c": 1, "c": 2}}', "x.json") == [
        "b.c: stands twice; keep one",
        "a: stands twice; keep one",
    ]


def test_both_halves_of_a_section_that_stands_twice_are_kept() -> None:
    parsed = parse_text("a: {b: 1}\na: {c: 2}\n", "x.yaml")
    assert parsed.tree == {"a": {"b": 1, "c": 2}}
    assert [str(problem) for problem in parsed.problems] == ["a: stands twice, on lines 1 and 2; keep one"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: &x [1]\nb: *x\n", 'line 1: anchors ("&") and aliases ("*") are not taken here; write the value out'),
        ("a:\n  <<: *x\n", 'line 2: anchors ("&") and aliases ("*") are not taken here; write the value out'),
        ("a: !!python/name:os.system x", 'line 1: tags are not taken here; leave "!!python/name:os.system" out'),
        ("a: !!int x", 'line 1: tags are not taken here; leave "!!int" out'),
        ("a: !!set {x}", 'line 1: tags are not taken here; leave "!!set" out'),
        ("b: 1\n? [a]\n: 1", "line 2: a key is a word, not a list and not a section"),
        ("b: 1\n{c: 1}: 1", "line 2: a key is a word, not a list and not a section"),
        (
            "server:\n  port 1\n  host: x\n",
            'line 3, column 7: this can\'t be read as YAML: "host: x"; look here and on the line above for a missing '
            "colon, quote or space",
        ),
        (
            "server:\n\tport: 1\n",
            'line 2, column 1: this can\'t be read as YAML: "port: 1"; a tab indents it, and only spaces may',
        ),
        ("a: [1,", "at its end, this is not complete YAML; look for a bracket or a quote that is never closed"),
        ('a: "x', "at its end, this is not complete YAML; look for a bracket or a quote that is never closed"),
        ("a: 1\nb: \x07", "line 2, column 4: the character U+0007 can't stand in YAML"),
        (
            "[" * 22 + "]" * 22,
            "its values are nested more than 20 levels deep; expected sections with keys below them",
        ),
        ("[" * 50_000, "its values are nested more than 20 levels deep; expected sections with keys below them"),
        ("- 1\n", "the file holds a list, [1]; expected sections with keys below them"),
        ("port 1", 'the file holds text, "port 1"; expected sections with keys below them'),
    ],
)
def test_yaml_that_cannot_be_taken_is_explained_in_one_line(text: str, sentence: str) -> None:
    assert problems(text) == [sentence]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            '{"a": 1,\n "b" 2}',
            'line 2, column 6: this can\'t be read as JSON: "\\"b\\" 2}"; look here and on the line above for '
            "a missing comma, quote or bracket",
        ),
        ('{"a": 1', "at its end, this is not complete JSON; look for a bracket or a quote that is never closed"),
        ("[" * 50_000, "its values are nested more than 20 levels deep; expected sections with keys below them"),
        ("17", "the file holds a whole number, 17; expected sections with keys below them"),
    ],
)
def test_json_that_cannot_be_taken_is_explained_in_one_line(text: str, sentence: str) -> None:
    assert problems(text, "x.json") == [sentence]


@pytest.mark.parametrize("source", ["x.json", "x.yaml"])
def test_a_number_with_thousands_of_digits_is_no_finite_number(source: str) -> None:
    parsed = parse_text(f'{{"a": {"9" * 5000}}}', source)
    assert parsed.tree == {"a": float("inf")}
