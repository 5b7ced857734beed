"""Channels: connecting one with a live check, and looking after those that are there."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts.requests import SignedInRequest
from channels_ingest import adapter, connecting
from channels_ingest.adapter import Adapter
from crm.models import Shop
from inbox.settings.access import admins
from inbox.settings.wizard import Wizard
from tickets import kinds
from tickets.models import Channel


@admins
def channels(request: SignedInRequest) -> HttpResponse:
    rows = Channel.objects.select_related("connection", "shop", "team")
    context = {"settings_section": "channels", "channels": rows}
    return render(request, "settings/channels.html", context)


@admins
def channel_choose(request: SignedInRequest) -> HttpResponse:
    """The first step of connecting: which kind."""
    context = {
        "settings_section": "channels",
        "kinds": kinds.registered(),
        "has_shop": Shop.objects.exists(),
    }
    return render(request, "settings/channel_choose.html", context)


@admins
@sensitive_post_parameters()
def channel_new(request: SignedInRequest, kind: str) -> HttpResponse:
    chosen = _adapter(kind)
    wizard = Wizard(request, chosen)
    if request.method != "POST":
        return wizard.page()
    if not wizard.is_valid():
        return wizard.invalid()
    check = connecting.check(connecting.draft(kind, wizard.settings, wizard.secrets))
    if not check.ok and "anyway" not in request.POST:
        return wizard.refused(check)
    channel = connecting.create(
        kind,
        settings=wizard.settings,
        secrets=wizard.secrets,
        by=request.user,
        **wizard.base.cleaned_data,
    )
    return wizard.done(channel, check)


@admins
@sensitive_post_parameters()
def channel_edit(request: SignedInRequest, public_id: str) -> HttpResponse:
    channel = _channel(public_id)
    wizard = Wizard(request, channel.connection.adapter, channel)
    if request.method != "POST":
        return wizard.page()
    if not wizard.is_valid():
        return wizard.invalid()
    check = connecting.check(connecting.changed_draft(channel, wizard.settings, wizard.secrets))
    if not check.ok and "anyway" not in request.POST:
        return wizard.refused(check)
    connecting.change(
        _channel(public_id),  # the form has changed the other one already
        settings=wizard.settings,
        secrets=wizard.secrets,
        by=request.user,
        **wizard.base.cleaned_data,
    )
    return wizard.done(channel, check)


@admins
@require_POST
def channel_check(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Try the connection as it is stored."""
    check = connecting.check(_channel(public_id).connection)
    return render(request, "settings/_check.html", {"check": check})


@admins
@require_POST
def channel_switch(request: SignedInRequest, public_id: str) -> HttpResponse:
    channel = _channel(public_id)
    connecting.switch(channel, active=request.POST.get("active") == "yes", by=request.user)
    messages.success(
        request, _("The channel is on.") if channel.active else _("The channel is off.")
    )
    return redirect("settings:channel", channel.public_id)


@admins
def channel(request: SignedInRequest, public_id: str) -> HttpResponse:
    """One channel: whether it works, and what the outside world needs to know of it."""
    shown = _channel(public_id)
    context = {
        "settings_section": "channels",
        "channel": shown,
        "connection": shown.connection,
        "webhook_url": f"{settings.BASE_URL}/hooks/{shown.kind}/{shown.public_id}/",
        "loader_url": f"{settings.BASE_URL}/widget/{shown.public_id}.js",
    }
    return render(request, "settings/channel.html", context)


@admins
def chat_preview(request: SignedInRequest, public_id: str) -> HttpResponse:
    """A page with nothing but the widget, as visitors of the shop see it."""
    shown = get_object_or_404(Channel, public_id=public_id, kind="chat")
    return render(request, "settings/chat_preview.html", {"channel": shown})


def _adapter(kind: str) -> Adapter:
    try:
        return adapter.get(kind)
    except KeyError as e:
        raise Http404 from e


def _channel(public_id: str) -> Channel:
    rows = Channel.objects.select_related("connection", "shop", "team")
    return get_object_or_404(rows, public_id=public_id)
