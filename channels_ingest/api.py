"""Channels in the REST API: connecting them, and whether they work."""

from typing import Any

from django.conf import settings as site
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.callers import key_of, user_of
from accounts.models import Team
from channels_ingest import connecting, forms
from channels_ingest.adapter import Adapter
from channels_ingest.models import Connection
from crm.api import shops_seen_by
from helpdesk.rest.problems import Conflict, referenced
from helpdesk.rest.serializers import NameField, StrictSerializer, TextField
from helpdesk.rest.views import ListView, View
from tickets.api.access import channels_seen_by
from tickets.models import Channel


class HealthSerializer(serializers.Serializer[Connection]):
    state = serializers.ChoiceField(Connection.State.choices)
    error = serializers.CharField(help_text="What is wrong and what to do; '' if nothing is.")
    last_ok_at = serializers.DateTimeField(allow_null=True)
    last_error_at = serializers.DateTimeField(allow_null=True)


class ChannelSerializer(serializers.Serializer[Channel]):
    """Settings, health and webhook address are shown to administrators; secrets to nobody."""

    id = serializers.UUIDField(source="public_id")
    kind = serializers.CharField()
    name = serializers.CharField()
    shop = serializers.SlugField(source="shop.slug")
    team = serializers.SlugField(source="team.slug", allow_null=True, default=None)
    follow_up_days = serializers.IntegerField()
    active = serializers.BooleanField()
    settings = serializers.DictField(source="connection.settings", allow_null=True)
    secrets = serializers.SerializerMethodField(help_text="Names of those that are set.")
    health = HealthSerializer(source="connection", allow_null=True)
    webhook_url = serializers.SerializerMethodField()

    def to_representation(self, channel: Channel) -> dict[str, Any]:
        shown = super().to_representation(channel)
        if not user_of(self.context["request"]).is_admin_role:
            shown |= dict.fromkeys(["settings", "secrets", "health", "webhook_url"])
        return shown

    @extend_schema_field({"type": ["array", "null"], "items": {"type": "string"}})
    def get_secrets(self, channel: Channel) -> list[str]:
        return sorted(channel.connection.secrets)

    @extend_schema_field({"type": ["string", "null"], "format": "uri"})
    def get_webhook_url(self, channel: Channel) -> str | None:
        """Where the provider has to send its events, for kinds that get them so."""
        if channel.connection.adapter.webhook() is None:
            return None
        return f"{site.BASE_URL}{reverse('hook', args=[channel.kind, channel.public_id])}"


class ChannelChangeSerializer(StrictSerializer):
    name = NameField(max_length=100, required=False)
    shop = TextField(max_length=50, required=False, help_text="By its slug.")
    team = TextField(max_length=50, allow_null=True, required=False, help_text="By its slug.")
    follow_up_days = serializers.IntegerField(min_value=0, max_value=3650, required=False)
    active = serializers.BooleanField(required=False)
    settings = serializers.DictField(required=False, help_text="Those that change.")
    secrets = serializers.DictField(required=False, help_text="Write-only; '' takes one away.")

    @classmethod
    def variants(cls, whole: dict[str, Any]) -> list[dict[str, Any]]:
        return [cls.variant(whole, kind) for kind in forms.connectable()]

    @classmethod
    def variant(cls, whole: dict[str, Any], kind: Adapter) -> dict[str, Any]:
        narrower = {
            "settings": forms.schema(kind, secrets=False),
            "secrets": forms.schema(kind, secrets=True),
        }
        return {**whole, "properties": {**whole["properties"], **narrower}}


class NewChannelSerializer(ChannelChangeSerializer):
    kind = TextField(max_length=32)
    name = NameField(max_length=100)
    shop = TextField(max_length=50, help_text="By its slug.")

    @classmethod
    def variant(cls, whole: dict[str, Any], kind: Adapter) -> dict[str, Any]:
        found = super().variant(whole, kind)
        found["properties"]["kind"] = {"const": kind.kind.name}
        found["required"] = list(whole["required"])
        for part in ("settings", "secrets"):
            if names := forms.required(kind, secrets=part == "secrets"):
                found["properties"][part]["required"] = names
                found["required"].append(part)
        return found


class Channels(ListView):
    """List the channels."""

    scopes = {"GET": "channels:read", "POST": "channels:write"}
    answers = ChannelSerializer
    accepts = {"POST": NewChannelSerializer}
    order = "created_at"

    def rows(self) -> QuerySet[Channel]:
        return _with_everything(self.request)

    def post(self, request: Request) -> Response:
        """Connect a channel."""
        data = self.body()
        kind = _kind(data["kind"])
        given, secrets = data.get("settings", {}), data.get("secrets", {})
        _check_types(kind, given, secrets, is_new=True)
        fields = _fields(data, request)
        active = fields.pop("active", True)
        own, sealed = _checked(kind, given, secrets)
        by = key_of(request) or user_of(request)
        channel = connecting.create(kind.kind.name, settings=own, secrets=sealed, by=by, **fields)
        connecting.switch(channel, active=active, by=by)
        return self.shown(_with_everything(request).get(pk=channel.pk), status=201)


class OneChannel(View):
    """Show a channel and whether it works."""

    scopes = {"GET": "channels:read", "PATCH": "channels:write"}
    answers = ChannelSerializer
    accepts = {"PATCH": ChannelChangeSerializer}

    def get(self, request: Request, channel_id: str) -> Response:
        return self.shown(get_object_or_404(_with_everything(request), public_id=channel_id))

    def patch(self, request: Request, channel_id: str) -> Response:
        """Change a channel: the settings and secrets that are named, the others stay."""
        channel = get_object_or_404(_with_everything(request), public_id=channel_id)
        data, by = self.body(), key_of(request) or user_of(request)
        fields = _fields(data, request)
        active = fields.pop("active", channel.active)
        settings = _changed_settings(channel.connection, data)
        secrets = data.get("secrets", {})
        if fields or settings or secrets:
            connecting.change(channel, settings=settings, secrets=secrets, by=by, **fields)
        connecting.switch(channel, active=active, by=by)
        return self.shown(_with_everything(request).get(pk=channel.pk))


def _kind(name: str) -> Adapter:
    kind = next((found for found in forms.connectable() if found.kind.name == name), None)
    if kind is None:
        raise ValidationError({"kind": [_("There is no such kind of channel.")]})
    return kind


def _with_everything(request: Request) -> QuerySet[Channel]:
    return channels_seen_by(request).select_related("shop", "team", "connection")


def _fields(data: dict[str, Any], request: Request) -> dict[str, Any]:
    """The columns that the body names. Raises `UnknownReference`."""
    fields: dict[str, Any] = {
        name: data[name] for name in ("name", "follow_up_days", "active") if name in data
    }
    if "shop" in data:
        fields["shop"] = referenced(shops_seen_by(request), "/shop", slug=data["shop"])
    if "team" in data:
        team, slug = None, data["team"]
        if slug is not None:
            team = referenced(Team.objects.all(), "/team", slug=slug)
        fields["team"] = team
    return fields


def _changed_settings(connection: Connection, data: dict[str, Any]) -> dict[str, Any]:
    """All settings as they are to be, where the body names any (or a secret); else none."""
    given, secrets = data.get("settings", {}), data.get("secrets", {})
    if not given and not secrets:
        return {}
    kind = connection.adapter
    _check_types(kind, given, secrets, is_new=False)
    whole = {**connection.settings, **given}
    settings, _secrets = _checked(kind, whole, {**connection.secrets, **secrets})
    return settings


def _check_types(
    kind: Adapter, given: dict[str, Any], secrets: dict[str, str], *, is_new: bool
) -> None:
    """Raises `ValidationError`; `Conflict` for another kind's settings, which the schema allows."""
    errors = _type_errors(kind, given, secrets, is_new=is_new)
    if not errors:
        return
    others = [other for other in forms.connectable() if other is not kind]
    if not is_new and any(
        not _type_errors(other, given, secrets, is_new=False) for other in others
    ):
        raise Conflict(errors=_pointed(errors))
    raise ValidationError(errors)


def _type_errors(
    kind: Adapter, given: dict[str, Any], secrets: dict[str, str], *, is_new: bool
) -> dict[str, Any]:
    errors: dict[str, Any] = {}
    for part, values in (("settings", given), ("secrets", secrets)):
        schema = forms.schema(kind, secrets=part == "secrets")
        if is_new:
            schema["required"] = forms.required(kind, secrets=part == "secrets")
        if wrong := forms.errors(schema, values):
            errors[part] = {name: [text] for name, text in wrong.items()}
    return errors


def _pointed(errors: dict[str, dict[str, list[str]]]) -> dict[str, str]:
    return {
        f"/{part}/{name}": " ".join(texts)
        for part, wrong in errors.items()
        for name, texts in wrong.items()
    }


def _checked(
    kind: Adapter, given: dict[str, Any], secrets: dict[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    try:
        return forms.checked(kind, given, {n: value for n, value in secrets.items() if value})
    except forms.NotValid as e:
        errors = {
            f"/{'secrets' if name in kind.secrets else 'settings'}/{name}": text
            for name, text in e.errors.items()
        }
        raise Conflict(errors=errors) from e
