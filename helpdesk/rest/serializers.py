"""Serializers of input that take what the schema names and nothing else."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.utils import html

# Moments outside are told as the nearest one inside: PostgreSQL or a time zone could not hold them.
_EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
_LATEST = datetime(9999, 12, 30, tzinfo=UTC)

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)\Z", re.ASCII)


class BadQuery(serializers.ValidationError):
    """Errors of query parameters, by their names."""


class TextField(serializers.CharField):
    """Text as it comes: not trimmed; NUL, which PostgreSQL cannot keep, is left out."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"trim_whitespace": False, **kwargs})

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if not isinstance(data, str) or "\0" not in data:
            return super().run_validation(data)
        text = data.replace("\0", "")
        return super().run_validation(text) if text else ""


class NameField(serializers.RegexField):
    """One line of text with something to see in it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f\s][^\x00-\x1f\x7f]*$", **kwargs)


class MomentField(serializers.DateTimeField):
    """A moment with its offset (RFC 3339)."""

    default_error_messages = {
        "offset": _("Write the time with its offset, for example 2026-12-11T12:00:00+01:00.")
    }

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str) or not _RFC3339.match(value):
            self.fail("offset")
        try:
            moment = parse_datetime(_without_leap_second(value.upper()))
        except ValueError:
            moment = None
        if moment is None:
            self.fail("offset")
        return _clamped(moment)


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields that it does not have and values of another JSON type."""

    default_error_messages = {
        "unknown": _("There is no such field."),
        "type": _("This value is of the wrong type."),
    }

    @classmethod
    def variants(cls, whole: dict[str, Any]) -> list[dict[str, Any]]:
        """JSON schemas of which input must fit any, made from that of the whole."""
        del whole  # one form fits all
        return []

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            errors = {**self._unknown(data), **self._of_wrong_type(data)}
            if errors:
                raise serializers.ValidationError(errors)
        return super().to_internal_value(data)

    def _unknown(self, data: Mapping[str, Any]) -> dict[str, list[Any]]:
        writable = {name for name, field in self.fields.items() if not field.read_only}
        return {str(name): [self._error("unknown")] for name in data if name not in writable}

    def _of_wrong_type(self, data: Mapping[str, Any]) -> dict[str, list[Any]]:
        if html.is_html_input(data):
            return {}
        return {
            name: [self._error("type")]
            for name, field in self.fields.items()
            if not field.read_only and name in data and not _fits(field, data[name])
        }

    def _error(self, code: str) -> serializers.ErrorDetail:
        return serializers.ErrorDetail(str(self.error_messages[code]), code)


class DocumentSerializer(serializers.BaseSerializer[Any]):
    """A body or an answer that JSON Schemas of its own describe."""

    @classmethod
    def components(cls) -> dict[str, Any]:
        """The schemas by the names they have in the description; the first one is the whole."""
        raise NotImplementedError


class QuerySerializer(StrictSerializer):
    """The query parameters of an endpoint. Each is given once, save those that are lists."""

    @classmethod
    def read(cls, query: QueryDict) -> dict[str, Any]:
        """The checked parameters. Raises `BadQuery`."""
        serializer = cls(data={})
        # Not made a second time for the data: its fields are copied for each.
        serializer.initial_data = serializer.plain(query)
        if not serializer.is_valid():
            raise BadQuery(serializer.errors)
        checked: dict[str, Any] = serializer.validated_data
        return checked

    def plain(self, query: QueryDict) -> dict[str, Any]:
        """The parameters in the types of their fields, where they can be."""
        plain: dict[str, Any] = {}
        for name, values in query.lists():
            field = self.fields.get(name)
            if isinstance(field, serializers.ListField):
                plain[name] = values
            else:
                # Two values for one name fit no field but a list.
                plain[name] = _from_query(field, values[0]) if len(values) == 1 else values
        return plain


def variant(
    whole: dict[str, Any], *, required: list[str], optional: Iterable[str] = ()
) -> dict[str, Any]:
    """The part of an object's JSON schema that has these properties and no others."""
    properties = {name: whole["properties"][name] for name in [*required, *optional]}
    return {**whole, "properties": properties, "required": required}


def _from_query(field: Any, value: str) -> Any:
    """Numbers and truth values arrive as text, and an unescaped + as a space."""
    if isinstance(field, serializers.IntegerField) and re.fullmatch(r"-?[0-9]{1,18}", value):
        return int(value)
    if isinstance(field, serializers.BooleanField) and value in ("true", "false"):
        return value == "true"
    if isinstance(field, MomentField):
        return value.replace(" ", "+")
    return value


def _fits(field: Any, value: Any) -> bool:
    if value is None:
        return bool(field.allow_null)
    match field:
        case serializers.BooleanField():
            return isinstance(value, bool)
        case serializers.IntegerField():
            # JSON knows numbers only: 5.0 is 5.
            whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
            return whole and not isinstance(value, bool)
        case serializers.ListField() | serializers.ListSerializer():
            return isinstance(value, list) and _all_fit(field.child, value)
        case serializers.BaseSerializer() | serializers.DictField():
            return isinstance(value, dict)
        case serializers.JSONField():
            return True
        case serializers.FileField():
            return isinstance(value, UploadedFile)
    return isinstance(value, str)


def _all_fit(child: Any, values: Iterable[Any]) -> bool:
    return all(_fits(child, value) for value in values)


def _without_leap_second(text: str) -> str:
    return text.replace(":60", ":59", 1) if text[17:19] == "60" else text


def _clamped(moment: datetime) -> datetime:
    try:
        return min(max(moment.astimezone(UTC), _EARLIEST), _LATEST)
    except OverflowError:
        return _EARLIEST if moment.year < 1000 else _LATEST
