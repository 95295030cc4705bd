"""An OpenAPI document as a page: plain HTML that needs no script, no font and nothing from elsewhere. Pure."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

_TYPES = {"object": "object", "array": "array", "string": "text", "integer": "whole number", "number": "number"}
_NOT_SERVED = "Not served"  # the last section: what clients of other servers ask for, and why it is not here


def page(document: Mapping[str, Any]) -> str:
    info = document["info"]
    title = f"{escape(info['title'])} {escape(info['version'])}"
    tags: dict[str, list[str]] = {}
    unserved: list[str] = []
    for path, operations in document["paths"].items():
        for method, described in operations.items():
            shown = _operation(method, path, described)
            (unserved if "x-not-served" in described else tags.setdefault(described["tags"][0], [])).append(shown)
    if unserved:
        tags[_NOT_SERVED] = unserved
    sections = "".join(
        f'<section aria-labelledby="{_id(tag)}"><h2 id="{_id(tag)}">{escape(tag)}</h2>{"".join(operations)}</section>'
        for tag, operations in tags.items()
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_style()}</style></head><body>"
        f"<header><h1>{title}</h1><p>{_prose(info['description'])}</p>"
        f'<p>{_console(document)}<a href="/openapi.json">openapi.json</a> is the same for programs.</p></header>'
        f"<main>{sections}</main></body></html>\n"
    )


def _console(document: Mapping[str, Any]) -> str:
    """A link to the console, unless it is switched off."""
    return '<a href="/">The console</a> is a page to try it. ' if "/console/{name}" in document["paths"] else ""


def _id(tag: str) -> str:
    return escape(f"tag-{tag}".replace(" ", "-"))


def _prose(text: str) -> str:
    return re.sub("`(.*?)`", r"<code>\1</code>", escape(text))


def policy() -> str:
    """The Content-Security-Policy of the page: its own style, and nothing else at all."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    closed = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    return f"{closed}; style-src 'sha256-{digest}'"


def _style() -> str:
    return files(__package__).joinpath("style.css").read_text("utf-8")


def _operation(method: str, path: str, described: Mapping[str, Any]) -> str:
    summary = f"<code><b>{method.upper()}</b> {escape(path)}</code> <span>{escape(described['summary'])}</span>"
    parts = [_key(described)]
    for media, content in described.get("requestBody", {}).get("content", {}).items():
        parts.append(f"<h3>Body <small>{escape(media)}</small></h3>{_fields(content['schema'])}")
        if "example" in content:
            written = escape(json.dumps(content["example"], indent=2))
            parts.append(f"<h3>Example of a body</h3><pre><code>{written}</code></pre>")
    for status, response in described["responses"].items():
        if status == "200":
            parts.extend(_answer(response))
    failures = "".join(
        f"<tr><th scope='row'>{status}</th><td>{escape(response['description'])}</td></tr>"
        for status, response in described["responses"].items()
        if status != "200"
    )
    parts.append(f"<h3>Failures</h3><table>{failures}</table>")
    return f"<details><summary>{summary}</summary>{''.join(parts)}</details>"


def _key(described: Mapping[str, Any]) -> str:
    return "<p>Open without an API key.</p>" if described.get("security") == [] else ""


def _answer(response: Mapping[str, Any]) -> Iterator[str]:
    for media, content in response["content"].items():
        yield f"<h3>Answer <small>{escape(media)}</small></h3>"
        yield _fields(content["schema"]) or f"<p>{escape(content['schema'].get('description', ''))}</p>"


def _fields(schema: Mapping[str, Any]) -> str:
    """The fields of an object as a table, those of the objects in it below them by their paths."""
    forms: dict[str, list[tuple[Mapping[str, Any], bool]]] = {}
    for name, field, is_required in _found(schema, ""):
        forms.setdefault(name, []).append((field, is_required))
    rows = "".join(_row(name, found) for name, found in forms.items())
    head = "<tr><th scope='col'>Field</th><th scope='col'>Type</th><th scope='col'>What it does</th></tr>"
    return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>" if rows else ""


def _found(schema: Mapping[str, Any], within: str) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """Path, schema and whether it is required, of all that is inside: items of arrays, and each of several forms."""
    for name, field in schema.get("properties", {}).items():
        yield f"{within}{name}", field, name in schema.get("required", ())
        yield from _found(field, f"{within}{name}.")
    if "items" in schema:
        yield from _found(schema["items"], f"{within.removesuffix('.')}[].")
    for form in schema.get("oneOf", ()):
        yield from _found(form, within)


def _row(name: str, forms: Sequence[tuple[Mapping[str, Any], bool]]) -> str:
    """One line for a field, however many forms of its object have it."""
    kinds = " | ".join(dict.fromkeys(kind for field, _ in forms if (kind := _kind(field))))
    descriptions = "; ".join(dict.fromkeys(field["description"] for field, _ in forms if "description" in field))
    required = " <em>required</em>" if all(is_required for _, is_required in forms) else ""
    return (
        f"<tr><th scope='row'><code>{escape(name)}</code>{required}</th>"
        f"<td>{escape(kinds)}</td><td>{escape(descriptions)}</td></tr>"
    )


def _kind(field: Mapping[str, Any]) -> str:
    if "const" in field:
        return f'"{field["const"]}"'
    if "enum" in field:
        return " | ".join("null" if word is None else f'"{word}"' for word in field["enum"])
    if "oneOf" in field:
        return " | ".join(dict.fromkeys(_kind(form) for form in field["oneOf"]))
    types = [field["type"]] if isinstance(field.get("type"), str) else field.get("type", [])
    words = [f"{_TYPES.get(kind, kind)}{_range(field)}" for kind in types if kind != "null"]
    return " | ".join([*words, *(["null"] if "null" in types else [])])


def _range(field: Mapping[str, Any]) -> str:
    match field.get("minimum"), field.get("maximum"):
        case None, None:
            return ""
        case least, None:
            return f", at least {least:g}"
        case None, most:
            return f", at most {most:g}"
        case least, most:
            return f" from {least:g} to {most:g}"
