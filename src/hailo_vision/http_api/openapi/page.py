"""An OpenAPI document as a page: plain HTML that needs no script, no font and nothing from elsewhere. Pure."""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from html import escape
from importlib.resources import files
from typing import Any

_TYPES = {"object": "object", "array": "array", "string": "text", "integer": "whole number", "number": "number"}


def page(document: Mapping[str, Any]) -> str:
    info = document["info"]
    title = f"{escape(info['title'])} {escape(info['version'])}"
    tags: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method, told in operations.items():
            tags.setdefault(told["tags"][0], []).append(_operation(method, path, told))
    sections = "".join(
        f'<section aria-labelledby="tag-{escape(tag)}"><h2 id="tag-{escape(tag)}">{escape(tag)}</h2>'
        f"{''.join(operations)}</section>"
        for tag, operations in tags.items()
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_style()}</style></head><body>"
        f"<header><h1>{title}</h1><p>{escape(info['description'])}</p>"
        '<p><a href="/openapi.json">openapi.json</a> is the same for programs.</p></header>'
        f"<main>{sections}</main></body></html>\n"
    )


def policy() -> str:
    """The Content-Security-Policy of the page: its own style, and nothing else at all."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    closed = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    return f"{closed}; style-src 'sha256-{digest}'"


def _style() -> str:
    return files(__package__).joinpath("style.css").read_text("utf-8")


def _operation(method: str, path: str, told: Mapping[str, Any]) -> str:
    summary = f"<code><b>{method.upper()}</b> {escape(path)}</code> <span>{escape(told['summary'])}</span>"
    parts = [_key(told)]
    for media, content in told.get("requestBody", {}).get("content", {}).items():
        parts.append(f"<h3>Body <small>{escape(media)}</small></h3>{_fields(content['schema'])}")
    for status, response in told["responses"].items():
        if status == "200":
            parts.extend(_answer(response))
    failures = "".join(
        f"<tr><th scope='row'>{status}</th><td>{escape(response['description'])}</td></tr>"
        for status, response in told["responses"].items()
        if status != "200"
    )
    parts.append(f"<h3>Failures</h3><table>{failures}</table>")
    return f"<details><summary>{summary}</summary>{''.join(parts)}</details>"


def _key(told: Mapping[str, Any]) -> str:
    return "<p>Open without an API key.</p>" if told.get("security") == [] else ""


def _answer(response: Mapping[str, Any]) -> Iterator[str]:
    for media, content in response["content"].items():
        yield f"<h3>Answer <small>{escape(media)}</small></h3>"
        yield _fields(content["schema"]) or f"<p>{escape(content['schema'].get('description', ''))}</p>"


def _fields(schema: Mapping[str, Any]) -> str:
    """The fields of an object as a table, those of the objects in it below them by their paths."""
    rows = "".join(
        f"<tr><th scope='row'><code>{escape(name)}</code>{' <em>required</em>' if required else ''}</th>"
        f"<td>{escape(_kind(field))}</td><td>{escape(field.get('description', ''))}</td></tr>"
        for name, field, required in _rows(schema, "")
    )
    head = "<tr><th scope='col'>Field</th><th scope='col'>Type</th><th scope='col'>What it does</th></tr>"
    return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>" if rows else ""


def _rows(schema: Mapping[str, Any], within: str) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    for name, field in schema.get("properties", {}).items():
        yield f"{within}{name}", field, name in schema.get("required", ())
        yield from _rows(field, f"{within}{name}.")
        yield from _choices(field, f"{within}{name}")
    yield from _choices(schema, within.removesuffix("."))


def _choices(schema: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """What is inside the items of an array, and inside each of several forms."""
    if "items" in schema:
        yield from _rows(schema["items"], f"{path}[].")
    for form in schema.get("oneOf", ()):
        yield from _rows(form, f"{path}.")


def _kind(field: Mapping[str, Any]) -> str:
    if "const" in field:
        return f'"{field["const"]}"'
    if "enum" in field:
        return " | ".join("null" if word is None else f'"{word}"' for word in field["enum"])
    if "oneOf" in field:
        return " | ".join(dict.fromkeys(_kind(form) for form in field["oneOf"]))
    types = [field["type"]] if isinstance(field.get("type"), str) else field.get("type", [])
    return " | ".join(_TYPES.get(kind, kind) for kind in types) + _range(field)


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
