"""Short things with a slug and a name in the API: made, renamed, kept in the audit log."""

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Model
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from helpdesk.rest.problems import Conflict
from helpdesk.rest.serializers import NameField, StrictSerializer

SLUG = r"^[-a-zA-Z0-9_]+$"


class NameChangeSerializer(StrictSerializer):
    name = NameField(max_length=50, required=False)


class NewNameSerializer(NameChangeSerializer):
    slug = serializers.RegexField(SLUG, max_length=50)
    name = NameField(max_length=50)


class SlugTaken(Conflict):
    default_code = "slug_taken"
    default_detail = _("Another one has this short name already.")


def made(model: type[Model], fields: dict[str, Any]) -> Any:
    """A new row. Raises `SlugTaken`."""
    try:
        with transaction.atomic():
            return model._default_manager.create(**fields)
    except IntegrityError as e:
        raise SlugTaken from e


def changed(row: Any, fields: dict[str, Any]) -> dict[str, Any]:
    """Set the fields; returns what they were before."""
    before = {name: getattr(row, name) for name in fields}
    for name, value in fields.items():
        setattr(row, name, value)
    if fields:
        row.save(update_fields=list(fields))
    return before
