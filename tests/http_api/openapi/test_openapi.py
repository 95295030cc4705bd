"""The OpenAPI document is valid, and says what is served: all of it, and nothing else."""

import base64
import hashlib
import re
from collections.abc import Callable, Iterable
from html.parser import HTMLParser
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from hailo_vision.config.settings import Settings
from hailo_vision.http_api.anthropic.parse import messages
from hailo_vision.http_api.anthropic.spec import MESSAGES
from hailo_vision.http_api.app import surfaces
from hailo_vision.http_api.openai.chat import spec as chat
from hailo_vision.http_api.openai.chat.parse import chat_request
from hailo_vision.http_api.openai.completions.parse import completions
from hailo_vision.http_api.openai.completions.spec import COMPLETIONS
from hailo_vision.http_api.openai.responses.parse import responses
from hailo_vision.http_api.openai.responses.spec import RESPONSES
from hailo_vision.http_api.openapi.document import document
from hailo_vision.http_api.openapi.operation import EXAMPLE_MODEL, Operation
from hailo_vision.http_api.openapi.page import page, policy
from hailo_vision.http_api.vision.parse import analyze, caption, vqa
from hailo_vision.http_api.vision.spec import ANALYZE, CAPTION, VQA
from hailo_vision.http_api.web.parsed import priority
from hailo_vision.http_api.web.routes import Routes
from hailo_vision.serving.served import Target
from harness import MODEL, Daemon, ask

DOCUMENT = document(Routes(surfaces()).all, "1.2.3")


class Watched(dict[str, Any]):
    """A body that remembers which of its fields were looked for."""

    def __init__(self, fields: dict[str, Any]) -> None:
        super().__init__(fields)
        self.looked_for: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.looked_for.add(name)
        return super().get(name, default)

    def __getitem__(self, name: str) -> Any:
        self.looked_for.add(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self.looked_for.add(str(name))
        return super().__contains__(name)


def test_it_is_openapi_3_1_to_the_specifications_own_schema() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    validate(DOCUMENT)


def test_every_route_is_in_it_and_nothing_else() -> None:
    told = {(method.upper(), path) for path, operations in DOCUMENT["paths"].items() for method in operations}
    assert told == {(route.method, path) for route in Routes(surfaces()).all for path in (route.path, *route.also)}
    assert ("POST", "/v1/chat/completions") in told


def test_every_route_has_words_for_people_and_an_id_of_its_own() -> None:
    operations = [told for operations in DOCUMENT["paths"].values() for told in operations.values()]
    assert all(told["summary"] and told["tags"] for told in operations)
    assert len({told["operationId"] for told in operations}) == len(operations)


TARGET = Target(name=MODEL)
HELLO = [{"role": "user", "content": "Hello"}]
PICTURE = "data:image/png;base64,AAAA"
# How each dialect reads a body, how that is described, and an example.
READ: list[tuple[Callable[[dict[str, Any], Target], object], Operation, dict[str, Any]]] = [
    (chat_request, chat.CHAT, ask("Hello")),
    (completions, COMPLETIONS, {"model": MODEL, "prompt": "Hello"}),
    (responses, RESPONSES, {"model": MODEL, "input": "Hello"}),
    (messages, MESSAGES, {"model": MODEL, "messages": HELLO, "max_tokens": 5}),
    (analyze, ANALYZE, {"images": [PICTURE], "prompt": "What is it?"}),
    (caption, CAPTION, {"image": PICTURE}),
    (vqa, VQA, {"image": PICTURE, "question": "What is it?"}),
]


@pytest.mark.parametrize(("read", "about", "example"), READ, ids=[about.summary for _, about, _ in READ])
def test_every_parameter_that_is_read_is_described_and_none_that_is_not(
    read: Callable[[dict[str, Any], Target], object], about: Operation, example: dict[str, Any]
) -> None:
    body = Watched(example)
    body.get("model")
    read(body, TARGET)
    priority(body)
    assert about.body is not None
    other_names = {"image", "images"} - about.body["properties"].keys() if "vision" in about.tag.lower() else set()
    assert body.looked_for - other_names == set(about.body["properties"])


def test_what_it_says_of_a_request_and_an_answer_is_so(daemon: Daemon) -> None:
    request = ask("What is it?", temperature=0.5, stop=["x"], stream_options=None, max_tokens=5)
    Draft202012Validator(chat.BODY).validate(request)
    status, answer = daemon.post(request)
    assert status == 200
    Draft202012Validator(chat.REPLY).validate(answer)


@pytest.mark.parametrize("path", ["/v1/models", f"/v1/models/{MODEL}", "/health", "/health/ready", "/openapi.json"])
def test_what_it_says_of_the_other_answers_is_so(daemon: Daemon, path: str) -> None:
    template = "/v1/models/{id}" if path.endswith(MODEL) else path
    told = DOCUMENT["paths"][template]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    status, answer = daemon.get(path)
    assert status == 200
    Draft202012Validator(told).validate(answer)


def examples() -> list[tuple[str, dict[str, Any]]]:
    described = [(path, told) for path, operations in DOCUMENT["paths"].items() for told in operations.values()]
    bodies = [(path, content) for path, told in described for content in bodies_of(told)]
    return [(path, content["example"]) for path, content in bodies if "example" in content]


def bodies_of(told: dict[str, Any]) -> Iterable[dict[str, Any]]:
    content: dict[str, dict[str, Any]] = told.get("requestBody", {}).get("content", {})
    return content.values()


@pytest.mark.parametrize(("path", "example"), examples(), ids=[path for path, _ in examples()])
def test_an_example_of_a_body_gets_an_answer(daemon: Daemon, path: str, example: dict[str, Any]) -> None:
    status, answer = daemon.post({**example, "stream": False}, path)
    assert status == 200, answer


def test_the_examples_are_of_the_routes_that_answer_and_name_the_default_model() -> None:
    assert {path for path, _ in examples()} > {"/v1/chat/completions", "/v1/messages", "/api/chat"}
    assert Settings().model.name == EXAMPLE_MODEL


def test_a_route_that_is_not_served_has_no_success_and_stands_last_on_the_page() -> None:
    stored = DOCUMENT["paths"]["/v1/responses/{id}"]["get"]
    assert "200" not in stored["responses"]
    assert "200" in DOCUMENT["paths"]["/v1/responses"]["post"]["responses"]
    *_, last = page(DOCUMENT).split("<section ")
    assert last.startswith('aria-labelledby="tag-Not-served"')
    for path in ("/v1/responses/{id}", "/v1/embeddings", "/api/copy", "/v1/messages/batches"):
        assert f"/b> {path}<" in last
    assert "/b> /v1/chat/completions<" not in last


def test_it_says_of_an_error_what_errors_are(daemon: Daemon) -> None:
    _, answer = daemon.post({})
    Draft202012Validator(DOCUMENT["components"]["schemas"]["Error"]).validate(answer)


# The page


class Seen(HTMLParser):
    """What a browser would make of the page: its tags with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_shows_every_route_and_parameter() -> None:
    seen = Seen(page(DOCUMENT))
    assert seen.open == []
    for route in Routes(surfaces()).all:
        assert f"{route.method} {route.path}" in seen.text
    for name in (*chat.BODY["properties"], "stream_options.include_usage", "messages[].content"):
        assert name in seen.text


def test_the_page_has_one_line_for_each_field_whatever_its_forms() -> None:
    body, *_ = re.findall(r"<h3>Body.*?<tbody>(.*?)</tbody>", page(DOCUMENT), re.DOTALL)
    names = re.findall(r"<th scope='row'><code>(.*?)</code>", body)
    assert len(names) == len(set(names))
    for name in ("messages[].content[].text", "messages[].content[].image_url.detail", "stream_options.include_usage"):
        assert name in names


def test_the_page_needs_nothing_from_elsewhere_and_no_script() -> None:
    seen = Seen(page(DOCUMENT))
    assert "script" not in {tag for tag, _ in seen.tags}
    for _, attributes in seen.tags:
        assert not attributes.keys() & {"src", "srcset", "style", "onclick", "background"}
    assert [attributes["href"] for _, attributes in seen.tags if "href" in attributes] == ["/", "/openapi.json"]
    assert not re.search(r"url\(|@import|https?://", page(DOCUMENT))


def test_the_pages_policy_lets_its_own_style_through_and_nothing_else() -> None:
    (style,) = re.findall("<style>(.*?)</style>", page(DOCUMENT), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy()
    assert "default-src 'none'" in policy()
    assert "unsafe" not in policy()


def test_the_page_can_be_read_by_keyboard_and_screen_reader() -> None:
    seen = Seen(page(DOCUMENT))
    tags = [tag for tag, _ in seen.tags]
    assert {"main", "header", "h1"} <= set(tags)
    assert tags.count("details") == tags.count("summary") > 0
    assert dict(seen.tags)["html"] == {"lang": "en"}
    assert all("scope" in attributes for tag, attributes in seen.tags if tag == "th")
    labels = {attributes["aria-labelledby"] for tag, attributes in seen.tags if tag == "section"}
    assert labels == {attributes["id"] for tag, attributes in seen.tags if tag == "h2"}


def test_words_from_the_document_are_no_markup() -> None:
    told = {**DOCUMENT, "info": {"title": "<script>", "version": "&", "description": "<b>"}}
    assert "<script>" not in page(told)
    assert "<b>" not in page(told).partition("<main>")[0]
