"""The audit log: who changed what in settings and access, from where, before and after."""

import ipaddress
from typing import Any

from allauth.core import context
from django import forms
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.forms import BaseForm
from django.http import HttpRequest

from accounts.models import ApiKey, AuditEntry, User


def record(
    action: str,
    *,
    by: User | ApiKey | AnonymousUser | None,
    on: models.Model | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> AuditEntry:
    """Write one entry, in the transaction of the change that it tells of.

    `action` is `object.past_tense` (`user.role_changed`). Secrets never belong into `before` or
    `after`. The address comes from the request being answered, if there is one.
    """
    kind, actor_id, label = _actor(by)
    return AuditEntry.objects.create(
        actor_kind=kind,
        actor_id=actor_id,
        actor_label=label[:200],
        action=action,
        object_kind=str(on._meta.model_name) if on else "",
        object_id=str(getattr(on, "public_id", None) or on.pk) if on else "",
        object_label=str(on)[:200] if on else "",
        before=before or {},
        after=after or {},
        ip=network_of(context.request),
    )


def changes(form: BaseForm) -> dict[str, dict[str, Any]]:
    """What a bound, valid form changes, as `before` and `after` for `record`; no secrets in it."""
    names = [name for name in form.changed_data if name not in _secrets(form)]
    before = {name: _as_text(form.get_initial_for_field(form.fields[name], name)) for name in names}
    after = {name: _as_text(form.cleaned_data.get(name)) for name in names}
    return {"before": before, "after": after}


def _secrets(form: BaseForm) -> set[str]:
    fields = form.fields.items()
    return {name for name, field in fields if isinstance(field.widget, forms.PasswordInput)}


def _actor(by: User | ApiKey | AnonymousUser | None) -> tuple[AuditEntry.Actor, int | None, str]:
    match by:
        case User():
            return AuditEntry.Actor.USER, by.pk, by.email
        case ApiKey():
            return AuditEntry.Actor.API_KEY, by.pk, f"{by.name} ({by.prefix})"
        case _:
            return AuditEntry.Actor.SYSTEM, None, ""


def network_of(request: HttpRequest | None) -> str | None:
    """The /24 or /48 that a request came from."""
    address = request.META.get("REMOTE_ADDR") if request else None
    if not address:
        return None
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    prefix = 24 if parsed.version == 4 else 48
    return str(ipaddress.ip_network((parsed, prefix), strict=False).network_address)


def _as_text(value: Any) -> Any:
    if isinstance(value, (models.QuerySet, list, tuple, set)):
        return sorted(str(item) for item in value)
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return str(value)
