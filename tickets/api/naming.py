"""Tags and contact reasons in the REST API."""

from typing import Any

from django.db import transaction
from django.db.models import Model, QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import audit
from accounts.callers import key_of, user_of
from helpdesk.rest import naming
from helpdesk.rest.naming import NameChangeSerializer, NewNameSerializer
from helpdesk.rest.serializers import NameField
from helpdesk.rest.views import ListView, View
from tickets.api.reading import ReasonSerializer, TagSerializer
from tickets.models import Reason, Tag


class ReasonChangeSerializer(NameChangeSerializer):
    name = NameField(max_length=100, required=False)
    active = serializers.BooleanField(required=False)


class NewReasonSerializer(ReasonChangeSerializer):
    slug = serializers.RegexField(naming.SLUG, max_length=50)
    name = NameField(max_length=100)


class Tags(ListView):
    """List the tags."""

    scopes = {"GET": "tags:read", "POST": "tags:write"}
    answers = TagSerializer
    accepts = {"POST": NewNameSerializer}
    order = "slug"

    def rows(self) -> QuerySet[Tag]:
        return Tag.objects.all()

    def post(self, request: Request) -> Response:
        """Add a tag."""
        return self.shown(_make(Tag, self.body(), request), status=201)


class OneTag(View):
    """Show a tag."""

    scopes = {"GET": "tags:read", "PATCH": "tags:write"}
    answers = TagSerializer
    accepts = {"PATCH": NameChangeSerializer}

    def get(self, request: Request, slug: str) -> Response:
        return self.shown(get_object_or_404(Tag, slug=slug))

    def patch(self, request: Request, slug: str) -> Response:
        """Rename a tag."""
        return self.shown(_change(get_object_or_404(Tag, slug=slug), self.body(), request))


class Reasons(ListView):
    """List the contact reasons."""

    scopes = {"GET": "reasons:read", "POST": "reasons:write"}
    answers = ReasonSerializer
    accepts = {"POST": NewReasonSerializer}
    order = "slug"

    def rows(self) -> QuerySet[Reason]:
        return Reason.objects.all()

    def post(self, request: Request) -> Response:
        """Add a contact reason."""
        return self.shown(_make(Reason, self.body(), request), status=201)


class OneReason(View):
    """Show a contact reason."""

    scopes = {"GET": "reasons:read", "PATCH": "reasons:write"}
    answers = ReasonSerializer
    accepts = {"PATCH": ReasonChangeSerializer}

    def get(self, request: Request, slug: str) -> Response:
        return self.shown(get_object_or_404(Reason, slug=slug))

    def patch(self, request: Request, slug: str) -> Response:
        """Rename a contact reason, or take it out of use."""
        return self.shown(_change(get_object_or_404(Reason, slug=slug), self.body(), request))


@transaction.atomic
def _make(model: type[Model], fields: dict[str, Any], request: Request) -> Any:
    row = naming.made(model, fields)
    by = key_of(request) or user_of(request)
    audit.record(f"{model._meta.model_name}.created", by=by, on=row, after=fields)
    return row


@transaction.atomic
def _change(row: Any, fields: dict[str, Any], request: Request) -> Any:
    before = naming.changed(row, fields)
    if before != fields:
        by = key_of(request) or user_of(request)
        audit.record(f"{row._meta.model_name}.changed", by=by, on=row, before=before, after=fields)
    return row
