"""The OpenAPI description, and the same as a page to read; neither needs another host."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer

Json = dict[str, Any]


class KeyScheme(OpenApiAuthenticationExtension):
    """How the schema tells of our keys."""

    target_class = "api.authentication.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> Json:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "hd_<prefix>_<secret>"}


@require_GET
def schema(request: HttpRequest) -> HttpResponse:
    """OpenAPI 3.1, for programs."""
    return HttpResponse(
        OpenApiJsonRenderer().render(description()),
        content_type="application/vnd.oai.openapi+json",
    )


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The same for people."""
    return render(request, "api/docs.html", {"groups": _groups()})


@dataclass(frozen=True)
class Field:
    """One line of a table: a parameter, or a property of a body or an answer."""

    name: str
    type: str
    required: bool
    description: str


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    summary: str
    description: str
    parameters: list[Field]
    bodies: list[tuple[str, list[Field]]]
    answers: list[Field]
    problems: list[tuple[str, str]]

    @property
    def anchor(self) -> str:
        return f"{self.method}{self.path}".replace("/", "-").strip("-").lower()


@cache
def description() -> Json:
    """What `/api/v1/` offers. It changes with the code only, so it is made once a process."""
    found: Json = SchemaGenerator().get_schema(request=None, public=True)
    return found


@cache
def _groups() -> dict[str, list[Operation]]:
    """The operations by resource, in the order of the paths."""
    groups: dict[str, list[Operation]] = {}
    for path, methods in description()["paths"].items():
        for method, operation in methods.items():
            found = _operation(method.upper(), path, operation)
            groups.setdefault(operation["tags"][0], []).append(found)
    return groups


def _operation(method: str, path: str, operation: Json) -> Operation:
    responses = dict(operation["responses"])
    success = responses.pop(min(responses))
    body = operation.get("requestBody", {}).get("content", {})
    return Operation(
        method,
        path,
        operation.get("summary", ""),
        operation.get("description", ""),
        parameters=[
            Field(
                item["name"],
                _type(item["schema"]),
                bool(item.get("required")),
                item.get("description", ""),
            )
            for item in operation.get("parameters", [])
        ],
        bodies=[
            (f"{media_type} {variant}", fields)
            for media_type, content in body.items()
            for variant, fields in _variants(content["schema"])
        ],
        answers=_answers(success),
        problems=[(code, answer["description"]) for code, answer in responses.items()],
    )


def _answers(success: Json) -> list[Field]:
    schemas = [content["schema"] for content in success["content"].values()]
    return _fields(_resolved(schemas[0])) if schemas else []


def _variants(schema: Json) -> list[tuple[str, list[Field]]]:
    """The forms that a body can have: one, or several that are told apart by `kind`."""
    whole = _resolved(schema)
    return [
        (variant["properties"].get("kind", {}).get("const", ""), _fields(variant))
        for variant in whole.get("anyOf", [whole])
    ]


def _fields(schema: Json, prefix: str = "") -> list[Field]:
    """The properties of an object and of the objects in it, as flat lines."""
    lines = []
    for name, inner in schema.get("properties", {}).items():
        required = name in schema.get("required", [])
        text = inner.get("description", "")
        lines.append(Field(f"{prefix}{name}", _type(inner), required, text))
        items = _resolved(inner.get("items", {}))
        lines += _fields(_resolved(inner), f"{prefix}{name}.")
        lines += _fields(items, f"{prefix}{name}[].")
    return lines


def _type(schema: Json) -> str:
    """A schema's type in one short line."""
    schema = _resolved(schema)
    if "const" in schema:
        return repr(schema["const"])
    if "enum" in schema:
        return " | ".join("null" if value is None else str(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " | ".join(_type(each) for each in schema["anyOf"])
    kinds = schema.get("type", "any")
    name = kinds if isinstance(kinds, str) else " | ".join(kinds)
    if "items" in schema:
        return f"{name} of {_type(schema['items'])}"
    return f"{name} ({schema['format']})" if "format" in schema else name


def _resolved(schema: Json) -> Json:
    """The schema itself in place of a reference to it."""
    for part in schema.get("allOf", []):
        schema = {**part, **{name: value for name, value in schema.items() if name != "allOf"}}
    reference = schema.get("$ref")
    if reference is None:
        return schema
    found: Json = description()["components"]["schemas"][reference.rpartition("/")[2]]
    return {**found, **{name: value for name, value in schema.items() if name != "$ref"}}
