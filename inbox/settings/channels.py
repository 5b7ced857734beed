"""Channels: connecting one with a live check, and looking after those that are there."""

import secrets
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect, reswap, retarget

from accounts.models import Team
from accounts.requests import SignedInRequest
from channels_ingest import adapter, connecting
from channels_ingest.adapter import Adapter, Check
from crm.models import Shop
from inbox.settings.access import admins
from tickets import kinds
from tickets.models import Channel


class ChannelForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """What a channel of any kind has."""

    shop = forms.ModelChoiceField(
        label=gettext_lazy("Shop"), queryset=Shop.objects.all(), empty_label=None
    )
    team = forms.ModelChoiceField(
        label=gettext_lazy("Team"),
        queryset=Team.objects.all(),
        required=False,
        empty_label=gettext_lazy("The default team"),
    )

    class Meta:
        model = Channel
        fields = ["name", "shop", "team", "follow_up_days"]


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
    wizard = _Wizard(request, chosen)
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
    wizard = _Wizard(request, channel.connection.adapter, channel)
    if request.method != "POST":
        return wizard.page()
    if not wizard.is_valid():
        return wizard.invalid()
    check = connecting.check(connecting.changed_draft(channel, wizard.settings, wizard.secrets))
    if not check.ok and "anyway" not in request.POST:
        return wizard.refused(check)
    connecting.change(
        channel,
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


class _Wizard:
    """The two forms of one page: what every channel has, and the settings of its kind."""

    def __init__(
        self, request: SignedInRequest, chosen: Adapter, channel: Channel | None = None
    ) -> None:
        self.request, self.adapter, self.channel = request, chosen, channel
        data = request.POST or None
        initial = {"name": str(chosen.kind.label), "follow_up_days": chosen.kind.follow_up_days}
        self.base = ChannelForm(
            data, instance=channel, initial={} if channel else initial, prefix="channel"
        )
        self.own = chosen.settings_form()(data, initial=self._initial())
        stored = channel.connection.secrets if channel else {}
        for name in self._secret_names():
            field = self.own.fields[name]
            if stored.get(name):
                field.required = False
                field.help_text = _("Stored. Leave it empty to keep it.")

    @property
    def settings(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = self.own.cleaned_data
        return {n: value for n, value in cleaned.items() if n not in self.adapter.secrets}

    @property
    def secrets(self) -> dict[str, str]:
        """Those that were typed in."""
        cleaned: dict[str, str] = self.own.cleaned_data
        return {name: cleaned[name] for name in self._secret_names() if cleaned.get(name)}

    def is_valid(self) -> bool:
        return all([self.base.is_valid(), self.own.is_valid()])

    def page(self, status: int = 200, **context: Any) -> HttpResponse:
        context |= {
            "settings_section": "channels",
            "wizard": self,
            "channel": self.channel,
            "kind": self.adapter.kind,
        }
        template = "settings/channel_form.html"
        if self.request.htmx:  # type: ignore[attr-defined]  # by HtmxMiddleware
            template += "#form"
        return render(self.request, template, context, status=status)

    def invalid(self) -> HttpResponse:
        """The forms with their errors take the place of those on the page."""
        response = self.page(status=422)
        return reswap(retarget(response, "#channel-form"), "outerHTML")

    def refused(self, check: Check) -> HttpResponse:
        """Only the outcome is drawn anew: what was typed, the password too, stays on the page."""
        if not self.request.htmx:  # type: ignore[attr-defined]
            return self.page(status=422, check=check)
        context = {"check": check, "can_save_anyway": True}
        return render(self.request, "settings/_check.html", context, status=422)

    def done(self, channel: Channel, check: Check) -> HttpResponse:
        if check.ok:
            messages.success(self.request, check.text)
        else:
            messages.warning(self.request, check.text)
        url = reverse("settings:channel", args=[channel.public_id])
        if self.request.htmx:  # type: ignore[attr-defined]
            return HttpResponseClientRedirect(url)
        return redirect(url)

    def _secret_names(self) -> list[str]:
        return [name for name in self.adapter.secrets if name in self.own.fields]

    def _initial(self) -> dict[str, Any]:
        if self.channel:
            return dict(self.channel.connection.settings)
        # Whoever makes up a verify token in their head makes up a short one.
        return {"verify_token": secrets.token_urlsafe(18)}


def _adapter(kind: str) -> Adapter:
    try:
        return adapter.get(kind)
    except KeyError as e:
        raise Http404 from e


def _channel(public_id: str) -> Channel:
    rows = Channel.objects.select_related("connection", "shop", "team")
    return get_object_or_404(rows, public_id=public_id)
