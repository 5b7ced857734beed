"""The settings of an adapter's form, as JSON: what each may hold, and checking given ones."""

from collections.abc import Mapping
from typing import Any

import jsonschema
from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext as _

from channels_ingest.adapter import Adapter, registered

Json = dict[str, Any]


class NotValid(Exception):
    """The settings are of the right types, but the adapter's form refuses them; by field."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(errors)
        self.errors = errors


def connectable() -> list[Adapter]:
    """The installed kinds that have settings at all."""
    return [found for found in registered() if found.module("connect")]


def schema(adapter: Adapter, *, secrets: bool) -> Json:
    """The JSON schema of the adapter's settings, or of its secrets."""
    fields = adapter.settings_form().base_fields
    return {
        "type": "object",
        "properties": {
            name: _of_field(field)
            for name, field in fields.items()
            if (name in adapter.secrets) is secrets
        },
        "additionalProperties": False,
    }


def required(adapter: Adapter, *, secrets: bool) -> list[str]:
    """The names that a new channel must have."""
    fields = adapter.settings_form().base_fields
    return [
        name
        for name, field in fields.items()
        if field.required and field.initial is None and (name in adapter.secrets) is secrets
    ]


def errors(schema: Json, values: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with values that are no input of this schema, by name."""
    known = schema["properties"]
    found = {name: _("There is no such field.") for name in values if name not in known}
    for name in schema.get("required", []):
        if name not in values:
            found[name] = _("This field is required.")
    for name in known.keys() & values.keys():
        if not jsonschema.Draft202012Validator(known[name]).is_valid(values[name]):
            found[name] = _("This is no value of this setting.")
    return found


def checked(
    adapter: Adapter, settings: Mapping[str, Any], secrets: Mapping[str, str]
) -> tuple[Json, dict[str, str]]:
    """All settings and secrets as the form cleans them, defaults filled in. Raises `NotValid`."""
    form_class = adapter.settings_form()
    initial = {
        name: field.initial() if callable(field.initial) else field.initial
        for name, field in form_class.base_fields.items()
        if field.initial is not None
    }
    form = form_class({**initial, **settings, **secrets})
    if not form.is_valid():
        raise NotValid({name: " ".join(texts) for name, texts in form.errors.items()})
    cleaned: Json = form.cleaned_data
    own = {name: value for name, value in cleaned.items() if name not in adapter.secrets}
    return own, {name: cleaned[name] for name in adapter.secrets if cleaned.get(name)}


def _of_field(field: forms.Field) -> Json:
    """A field of a kind that is not known here says itself what it is in JSON (`json_schema`)."""
    if own := getattr(field, "json_schema", None):
        return dict(own)
    match field:
        case forms.BooleanField():
            return {"type": "boolean"}
        case forms.IntegerField():
            return _limited({"type": "integer"}, minimum=field.min_value, maximum=field.max_value)
        case forms.ChoiceField():
            choices: Any = field.choices
            return {"type": "string", "enum": [str(value) for value, _label in choices]}
        case forms.JSONField():
            return {}
        case forms.URLField():
            return {"type": "string"}
        case forms.CharField():
            shortest = field.min_length or (1 if field.required else None)
            text = _limited({"type": "string"}, minLength=shortest, maxLength=field.max_length)
            return text | _pattern(field)
    return {"type": "string"}


def _pattern(field: forms.Field) -> Json:
    checks: list[Any] = [check for check in field.validators if type(check) is RegexValidator]
    if not checks:
        return {}
    pattern = checks[0].regex.pattern
    # An optional setting may be empty all the same.
    return {"pattern": pattern if field.required else f"^$|{pattern}"}


def _limited(schema: Json, **limits: Any) -> Json:
    return schema | {name: limit for name, limit in limits.items() if limit is not None}
