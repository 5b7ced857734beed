"""API keys: shown once, listed by their beginning."""

from datetime import datetime, time
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts import keys as api_keys
from accounts.errors import ScopeNotAllowed
from accounts.models import ApiKey
from accounts.requests import SignedInRequest
from crm.models import KeyShop
from inbox.settings.access import admins, sure
from inbox.settings.forms import KeyForm
from inbox.settings.paging import page_of


@admins
def keys(request: SignedInRequest) -> HttpResponse:
    rows = ApiKey.objects.select_related("user").prefetch_related("shop_limits__shop")
    context = {"settings_section": "keys", "page": page_of(rows, request.GET)}
    return render(request, "settings/keys.html", context)


@admins
@sure
@never_cache
def key_new(request: SignedInRequest) -> HttpResponse:
    form = KeyForm(request.POST or None, initial={"user": request.user})
    if request.method == "POST" and form.is_valid():
        try:
            key, text = _create(form.cleaned_data, request)
        except ScopeNotAllowed as e:
            form.add_error("scopes", str(e))
        else:
            context = {"settings_section": "keys", "key": key, "text": text}
            return render(request, "settings/key_made.html", context)
    context = {"settings_section": "keys", "form": form}
    status = 422 if form.is_bound else 200
    return render(request, "settings/key_new.html", context, status=status)


@admins
@require_POST
def key_revoke(request: SignedInRequest, public_id: str) -> HttpResponse:
    key = get_object_or_404(ApiKey, public_id=public_id)
    api_keys.revoke(key, by=request.user)
    messages.success(request, _("The key “%(name)s” no longer works.") % {"name": key.name})
    return redirect("settings:keys")


@transaction.atomic
def _create(data: dict[str, Any], request: SignedInRequest) -> tuple[ApiKey, str]:
    expires_on = data["expires_on"]
    key, text = api_keys.create(
        data["user"],
        name=data["name"],
        wanted=data["scopes"] or None,
        expires_at=timezone.make_aware(datetime.combine(expires_on, time.max))
        if expires_on
        else None,
        by=request.user,
    )
    KeyShop.objects.bulk_create(KeyShop(key=key, shop=shop) for shop in data["shops"])
    return key, text
