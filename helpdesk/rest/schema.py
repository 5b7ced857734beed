"""The OpenAPI description of our views, made of the same attributes that the views work by."""

from typing import Any, Literal

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent, build_object_type
from rest_framework.serializers import FileField

from helpdesk.rest.serializers import DocumentSerializer, StrictSerializer
from helpdesk.rest.views import ListView

Json = dict[str, Any]

_URL_OR_NULL: Json = {"type": ["string", "null"], "format": "uri"}
_PROBLEM_TYPE = "application/problem+json"
_JSON_TYPE = "application/json"
_FORM_TYPE = "multipart/form-data"

# In which cases each problem can be the answer.
_ALWAYS = {400: "Not valid", 401: "No key or a wrong one", 403: "Not allowed", 429: "Too many"}
_NOT_FOUND = {404: "Not there, or not visible"}
_WITH_BODY = {
    404: "Not there, or not visible; or the body names something unknown",
    409: "A rule does not allow it",
    411: "No Content-Length",
    413: "Too large",
    415: "Not a content type of this address",
}
_CHANGED = {412: "Changed since the version of If-Match"}
_KEY_REUSED = {422: "The Idempotency-Key was used with another request"}

_VERBS = {"POST": "create", "PATCH": "change", "PUT": "put", "DELETE": "delete"}
_SUCCESS = {"POST": (201,), "PUT": (200, 201), "DELETE": (204,)}

PROBLEM: Json = {
    "type": "object",
    "description": "RFC 9457.",
    "required": ["type", "title", "status", "detail", "errors"],
    "properties": {
        "type": {"type": "string", "description": "urn:okienko:problem: and the code"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {
                        "type": "string",
                        "description": "A JSON pointer into the body, or ?name of a parameter.",
                    },
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


class Schema(AutoSchema):
    """One operation: the serializers of the view, its scope, and the problems it can answer."""

    view: Any

    def get_override_parameters(self) -> list[Any]:
        return [self.view.query] if self.method == "GET" and self.view.query().fields else []

    def get_request_serializer(self) -> Any:
        return self.view.accepts.get(self.method)

    def get_response_serializers(self) -> Any:
        return self.view.answers_to.get(self.method, self.view.answers)

    def get_tags(self) -> list[str]:
        return [self._path_words()[0]]

    def get_operation_id(self) -> str:
        verb = _VERBS.get(self.method) or ("list" if self._is_list else "get")
        return "_".join([verb, *self._path_words()])

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular has it
        return f"Scope `{self.view.scopes[self.method]}`."

    def get_summary(self) -> str:
        doc = getattr(self.view, self.method.lower()).__doc__ or type(self.view).__doc__ or ""
        return str(doc).strip().partition("\n")[0]

    def _is_list_view(self, serializer: Any = None) -> bool:
        return False  # our pages are described below

    @property
    def _is_list(self) -> bool:
        return self.method == "GET" and isinstance(self.view, ListView)

    def _path_words(self) -> list[str]:
        words = self.path.removeprefix("/api/v1/").strip("/").split("/")
        return [word for word in words if not word.startswith("{")]

    def _get_parameters(self) -> list[Json]:
        parameters: list[Json] = super()._get_parameters()
        if self.method == "POST":
            pattern = "^[!-~]{1,255}$"
            parameters.append(_header("Idempotency-Key", "Done once for each key.", pattern))
        if self._takes_version:
            parameters.append(_header("If-Match", "The ETag of the version that is changed.", "^"))
        return parameters

    def _get_request_body(self, direction: str = "request") -> Json | None:
        if not self._has_body:
            return None
        content = {}
        for media_type, by_method in (
            (_JSON_TYPE, self.view.accepts),
            (_FORM_TYPE, self.view.accepts_form),
        ):
            if serializer := by_method.get(self.method):
                component = self._described(serializer(), "request")
                content[media_type] = {"schema": component.ref}
        return {"content": content, "required": True}

    def _get_response_bodies(self, direction: str = "response") -> Json:
        codes = self.view.succeeds.get(self.method) or _SUCCESS.get(self.method, (200,))
        problems = {**_ALWAYS}
        if self._has_body:
            problems |= _WITH_BODY
        elif "{" in self.path:
            problems |= _NOT_FOUND
        if self._is_list:
            problems |= _NOT_FOUND
        problems |= self.view.refuses
        problems |= _KEY_REUSED if self.method == "POST" else {}
        problems |= _CHANGED if self._takes_version else {}
        return {
            **{str(code): self._success(code) for code in codes},
            **{str(code): self._problem(text) for code, text in sorted(problems.items())},
        }

    @property
    def _has_body(self) -> bool:
        return self.method in self.view.accepts or self.method in self.view.accepts_form

    @property
    def _takes_version(self) -> bool:
        return bool(self.view.has_version and self.method == "PATCH")

    def _success(self, code: int) -> Json:
        if content := getattr(self.view, "answers_file", None):
            return {"description": "The file", "content": content}
        if code == 204:
            return {"description": "Done"}
        component = self._described(self.get_response_serializers()(), "response")
        schema = self._page_of(component).ref if self._is_list else component.ref
        answer: Json = {"description": "", "content": {_JSON_TYPE: {"schema": schema}}}
        if self.view.has_version:
            answer["headers"] = {"ETag": {"schema": {"type": "string"}}}
        return answer

    def _described(
        self, serializer: Any, direction: Literal["request", "response"]
    ) -> ResolvedComponent:
        """The component of a serializer: made of its fields, or of its own schemas."""
        if not isinstance(serializer, DocumentSerializer):
            found: ResolvedComponent = self.resolve_serializer(serializer, direction)
            return found
        described = [self._component(*item) for item in serializer.components().items()]
        return described[0]

    def _page_of(self, item: ResolvedComponent) -> ResolvedComponent:
        properties = {
            "next": _URL_OR_NULL,
            "previous": _URL_OR_NULL,
            "results": {"type": "array", "items": item.ref},
        }
        return self._component(
            f"{item.name}Page", build_object_type(properties, required=list(properties))
        )

    def _problem(self, description: str) -> Json:
        problem = self._component("Problem", PROBLEM)
        return {"description": description, "content": {_PROBLEM_TYPE: {"schema": problem.ref}}}

    def _component(self, name: str, schema: Json) -> ResolvedComponent:
        component = ResolvedComponent(
            name=name, type=ResolvedComponent.SCHEMA, schema=schema, object=name
        )
        self.registry.register_on_missing(component)
        return component

    def _map_serializer_field(
        self, field: Any, direction: str, bypass_extensions: bool = False
    ) -> Json:
        """A file that is sent is its bytes; elsewhere it would be described as an address."""
        if isinstance(field, FileField):
            return {"type": "string", "format": "binary", "minLength": 1}
        inherited: Any = super()._map_serializer_field
        schema: Json = inherited(field, direction, bypass_extensions)
        return schema

    def _map_basic_serializer(self, serializer: Any, direction: str) -> Json:
        """Input has the named fields and no others; an answer always has all of them."""
        inherited: Any = super()._map_basic_serializer
        schema: Json = inherited(serializer, direction)
        if not type(serializer).__doc__:
            schema.pop("description", None)
        if isinstance(serializer, StrictSerializer):
            schema["additionalProperties"] = False
            variants = serializer.variants(schema)
            return {"anyOf": variants} if variants else schema
        schema["required"] = list(schema["properties"])
        for shown in schema["properties"].values():
            shown.pop("minLength", None)
        return schema


def without_marks(result: Any, **_kwargs: Any) -> Any:
    """Take out what drf-spectacular notes for itself (a postprocessing hook)."""
    if isinstance(result, dict):
        return {
            name: without_marks(value) for name, value in result.items() if name != "x-spec-enum-id"
        }
    return [without_marks(value) for value in result] if isinstance(result, list) else result


def _header(name: str, description: str, pattern: str) -> Json:
    return {
        "in": "header",
        "name": name,
        "description": description,
        "schema": {"type": "string", "pattern": pattern},
    }
