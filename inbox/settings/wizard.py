"""The page on which a channel of any kind is connected or changed."""

from typing import Any

from django import forms
from django.contrib import messages
from django.forms.boundfield import BoundField
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_htmx.http import HttpResponseClientRedirect, reswap, retarget

from accounts.models import Team
from accounts.requests import SignedInRequest
from channels_ingest.adapter import Adapter, Check
from crm.models import Shop
from tickets.models import Calendar, Channel

_REMOVE = "remove_"


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
    calendar = forms.ModelChoiceField(
        label=gettext_lazy("Working hours"),
        queryset=Calendar.objects.order_by("name"),
        required=False,
        empty_label=gettext_lazy("The standard hours"),
    )

    class Meta:
        model = Channel
        fields = ["name", "shop", "team", "calendar", "follow_up_days"]


class Wizard:
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
        self.own = chosen.settings_form()(
            data, initial=channel.connection.settings if channel else None
        )
        for name in self._stored_secrets():
            self._may_stay(name)

    @property
    def usual_fields(self) -> list[BoundField]:
        """What everybody has to think of: `usual` of the kind's form, or all of it."""
        usual = getattr(self.own, "usual", tuple(self.own.fields))
        return [self.own[name] for name in usual]

    @property
    def rare_fields(self) -> list[BoundField]:
        usual = getattr(self.own, "usual", tuple(self.own.fields))
        return [bound for bound in self.own if bound.name not in usual]

    @property
    def has_rare_errors(self) -> bool:
        return any(bound.errors for bound in self.rare_fields)

    @property
    def settings(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = self.own.cleaned_data
        names = self.own.base_fields.keys() - set(self.adapter.secrets)
        return {name: value for name, value in cleaned.items() if name in names}

    @property
    def secrets(self) -> dict[str, str]:
        """Those that were typed in, and '' for those to be removed."""
        cleaned: dict[str, Any] = self.own.cleaned_data
        typed = {name: cleaned[name] for name in self.adapter.secrets if cleaned.get(name)}
        removed = {name: "" for name in self._stored_secrets() if cleaned.get(_REMOVE + name)}
        return removed | typed

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

    def _stored_secrets(self) -> list[str]:
        stored = self.channel.connection.secrets if self.channel else {}
        return [name for name in self.adapter.secrets if name in stored]

    def _may_stay(self, name: str) -> None:
        """A secret is never shown again: an empty field keeps it, a tick removes it."""
        field = self.own.fields[name]
        if not field.required:
            label = _("Remove: %(name)s") % {"name": field.label}
            self.own.fields[_REMOVE + name] = forms.BooleanField(label=label, required=False)
        field.required = False
        field.help_text = _("Stored. Leave it empty to keep it.")
