"""What there is to ask for: read from the URL resolver and from the API's schema."""

from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from api import docs


def named() -> dict[str, str]:
    """Of each address its name (its path where it has none), and the path with its arguments."""
    found: dict[str, str] = {}

    def walk(entries: list[URLPattern | URLResolver], path: str, space: str) -> None:
        for entry in entries:
            here = path + template(entry)
            if isinstance(entry, URLResolver):
                walk(entry.url_patterns, here, f"{entry.namespace}:" if entry.namespace else space)
            else:
                found[space + (entry.name or here)] = here

    walk(get_resolver().url_patterns, "", "")
    return found


def operations() -> list[str]:
    """Method and path of everything that the API's schema describes."""
    return [
        f"{method.upper()} {path.removeprefix('/api/v1/')}"
        for path, methods in docs.description()["paths"].items()
        for method in methods
    ]


def fields_of(operation: str) -> set[str]:
    """Names that the schema lets a caller write in the body of an operation."""
    method, _, path = operation.partition(" ")
    description = docs.description()
    body = description["paths"][f"/api/v1/{path}"][method.lower()].get("requestBody", {})
    found: set[str] = set()

    def collect(schema: dict[str, Any]) -> None:
        if "$ref" in schema:
            collect(description["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
        for part in [*schema.get("allOf", []), *schema.get("oneOf", []), *schema.get("anyOf", [])]:
            collect(part)
        found.update(schema.get("properties", {}))

    for content in body.get("content", {}).values():
        collect(content["schema"])
    return found


def arguments(template: str) -> list[str]:
    return [part.partition("}")[0] for part in template.split("{")[1:]]


def template(entry: URLPattern | URLResolver) -> str:
    """The route as the schema writes it: `tickets/{number}/`."""
    route = str(entry.pattern)
    for argument in entry.pattern.regex.groupindex:
        before, _, rest = route.partition("<")
        route = f"{before}{{{argument}}}{rest.partition('>')[2]}"
    return route
