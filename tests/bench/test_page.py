"""The report: whole, well-formed, needs nothing from elsewhere, and honest about what was measured."""

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from bench.results import phase, result, sample
from hailo_vision.bench.page import page
from hailo_vision.bench.result import Result
from hailo_vision.bench.style import STYLE

MANY = phase(*(sample(number, total_s=2 + number % 7 / 10, prefill_s=0.8) for number in range(120)))
FAILED = phase(*(sample(number, error="queue_full") for number in range(3)), name="concurrent", clients=3)
ONE = phase(sample(0))


def tree(html: str) -> ElementTree.Element:
    return ElementTree.fromstring(html.removeprefix("<!DOCTYPE html>"))


@pytest.mark.parametrize("made", [result(), result(MANY, FAILED), result(FAILED), result(ONE)])
def test_it_is_well_formed_and_needs_nothing_from_elsewhere(made: Result) -> None:
    html = page(made)
    root = tree(html)
    assert {element.tag for element in root.iter()} & {"script", "img", "link", "iframe", "use", "image"} == set()
    names = {name for element in root.iter() for name in element.attrib}
    assert names & {"src", "href", "srcset", "style", "onload", "onclick"} == set()
    assert "url(" not in html
    assert "@import" not in html
    assert "default-src 'none'" in html
    HTMLParser().feed(html)


def test_it_has_the_three_charts_of_each_phase_with_words_for_those_who_do_not_see_them() -> None:
    root = tree(page(result(MANY, FAILED)))
    charts = list(root.iter("svg"))
    assert len(charts) == 6
    assert all(chart.get("role") == "img" for chart in charts)
    assert charts[0].get("aria-label") == "Time to first token: 120 answers over time, median 900 ms; 0 failed"
    captions = [caption.text for caption in root.iter("figcaption")][:3]
    assert captions == ["Time to first token over time", "Token rate over time", "End to end, how it is spread"]
    assert len(list(charts[0].iter("circle"))) == 120
    assert len([cross for cross in charts[3].iter("path") if cross.get("class") == "failure"]) == 3


def test_all_that_is_drawn_is_inside_of_its_chart() -> None:
    for chart in tree(page(result(MANY, ONE))).iter("svg"):
        _, _, width, height = map(float, (chart.get("viewBox") or "").split())
        for element in chart.iter():
            for name, most in (("x", width), ("cx", width), ("y", height), ("cy", height)):
                assert 0 <= float(element.get(name, "0")) <= most


def test_the_bars_hold_every_answer() -> None:
    chart = list(tree(page(result(MANY))).iter("svg"))[2]
    told = [title.text or "" for bar in chart.iter("rect") for title in bar]
    assert sum(int(words.split()[0]) for words in told) == 120


def test_words_of_strangers_are_shown_and_not_obeyed() -> None:
    html = page(result(phase(sample(0), sample(1, error="<b>&")), model="<script>alert(1)</script>"))
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert tree(html) is not None


def test_a_percentile_that_is_only_the_worst_case_has_a_star_and_a_footnote() -> None:
    few, many = page(result()), page(result(MANY))
    assert "2.00 s*" in few
    assert "p99 a hundred" in few
    assert "*</td>" not in many


def test_a_simulator_is_not_shown_as_a_chip() -> None:
    assert "No NPU was measured" in page(result(runtime="simulated"))
    assert "No NPU was measured" not in page(result())


def test_what_the_server_does_not_tell_is_said() -> None:
    assert "not reported by the server" in page(result())


def luminance(colour: str) -> float:
    digits = colour if len(colour) == 6 else "".join(2 * digit for digit in colour)
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "paper", "least"),
    [
        ("ink", "paper", 7), ("ink", "card", 7), ("ink", "note", 7), ("soft", "paper", 4.5), ("soft", "card", 4.5),
        ("main", "paper", 4.5), ("main", "card", 3), ("mark", "card", 4.5), ("bad", "card", 3),
    ],
)  # fmt: skip
def test_colours_have_the_contrast_that_wcag_asks_for(scheme: int, ink: str, paper: str, least: float) -> None:
    colours = [dict(re.findall(r"--(\w+):#([0-9a-f]+)", block)) for block in re.findall(r":root\{([^}]*)\}", STYLE)]
    lighter, darker = sorted((luminance(colours[scheme][name]) for name in (ink, paper)), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= least
