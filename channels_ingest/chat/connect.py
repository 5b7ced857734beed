"""The widget's settings, and whether it can work."""

import json
import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_ingest.adapter import Check
from channels_ingest.chat import origins, widgets
from channels_ingest.chat.hours import HoursField
from channels_ingest.models import Connection

_COLOR = re.compile(r"#[0-9a-fA-F]{6}\Z")
_WISHES = [
    ("required", _("must be filled in")),
    ("optional", _("may be filled in")),
    ("", _("not asked")),
]
_MOST_TRIGGERS = 10
_FIELD_LIST = {"type": "array", "items": {"enum": list(widgets.PRECHAT_FIELDS)}}


class OriginsField(forms.CharField):
    """Pages that may carry the widget, one a line; a list of origins in the settings."""

    widget = forms.Textarea
    json_schema = {"type": "array", "items": {"type": "string"}}

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        text = "\n".join(value) if isinstance(value, list) else super().clean(value)
        return [origins.normalised(line) for line in text.split() if line]


class _PrechatInput(forms.CheckboxInput):
    """A box to tick, through which the API's list of fields passes as it is."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        value = data.get(name)
        return value if isinstance(value, dict) else super().value_from_datadict(data, files, name)


class PrechatField(forms.BooleanField):
    """Yes or no; by the API also {"required": [...], "optional": [...]}, names of the fields."""

    widget = _PrechatInput
    json_schema = {
        "type": ["boolean", "object"],
        "properties": dict.fromkeys(("required", "optional"), _FIELD_LIST),
        "additionalProperties": False,
    }

    def to_python(self, value: Any) -> Any:
        return value if isinstance(value, dict) else super().to_python(value)


class SettingsForm(forms.Form):
    """What an admin sets: where the widget may stand, how it looks, what it asks."""

    usual = ("origins", "title", "greeting", "colour")

    origins = OriginsField(
        label=_("Addresses of the shop's pages"),
        help_text=_(
            "One a line: https://shop.example.com, or https://*.example.com for all below."
        ),
        required=False,
    )
    title = forms.CharField(label=_("Title"), max_length=60, required=False)
    greeting = forms.CharField(label=_("Greeting"), max_length=300, required=False)
    colour = forms.CharField(
        label=_("Colour"),
        initial=widgets.COLOR,
        required=False,
        widget=forms.TextInput(attrs={"type": "color"}),
    )
    theme = forms.ChoiceField(
        label=_("Appearance"),
        choices=[
            ("auto", _("As the visitor's device")),
            ("light", _("Light")),
            ("dark", _("Dark")),
        ],
        initial="auto",
        required=False,
    )
    side = forms.ChoiceField(
        label=_("Side of the page"),
        choices=[("right", _("Right")), ("left", _("Left"))],
        initial="right",
        required=False,
    )
    offset_x = forms.IntegerField(
        label=_("Distance from the side (px)"),
        min_value=0,
        max_value=200,
        initial=20,
        required=False,
    )
    offset_y = forms.IntegerField(
        label=_("Distance from the bottom (px)"),
        min_value=0,
        max_value=400,
        initial=20,
        required=False,
    )
    hours = HoursField(
        label=_("Hours of the chat"),
        help_text=_("One a line: Mon-Fri 8-20. Empty: the shop's working hours."),
        required=False,
    )
    prechat = PrechatField(label=_("Ask for contact details before the chat"), required=False)
    field_name = forms.ChoiceField(
        label=_("First name"), choices=_WISHES, initial="required", required=False
    )
    field_email = forms.ChoiceField(
        label=_("E-mail"), choices=_WISHES, initial="required", required=False
    )
    field_phone = forms.ChoiceField(label=_("Phone"), choices=_WISHES, initial="", required=False)
    field_order_ref = forms.ChoiceField(
        label=_("Order number"), choices=_WISHES, initial="", required=False
    )
    offline_form = forms.BooleanField(
        label=_("Outside working hours show a form that is answered by e-mail"),
        initial=True,
        required=False,
    )
    title_badge = forms.BooleanField(
        label=_("Count unread messages in the title of the shop's page"), required=False
    )
    consent_note = forms.CharField(
        label=_("Information about personal data"),
        help_text=_("Who processes the data, what for and how long."),
        max_length=1000,
        required=False,
        widget=forms.Textarea,
    )
    consent_version = forms.CharField(
        label=_("Version of this information"), max_length=50, required=False
    )
    consent_required = forms.BooleanField(label=_("The visitor has to agree to it"), required=False)
    privacy_url = forms.URLField(
        label=_("Address of the privacy policy"), assume_scheme="https", required=False
    )
    triggers = forms.JSONField(label=_("Invitations"), required=False, initial=list)
    identity_secret = forms.CharField(
        label=_("Secret for signed-in customers"),
        help_text=_("The shop's server signs its customers with it. At least 16 characters."),
        min_length=16,
        max_length=200,
        required=False,
        widget=forms.PasswordInput,
    )

    def clean_colour(self) -> str:
        color = self.cleaned_data["colour"] or widgets.COLOR
        if not _COLOR.match(color):
            raise ValidationError(_("Give a colour like #2f5fd0."))
        return str(color).lower()

    def clean_triggers(self) -> list[dict[str, Any]]:
        triggers = self.cleaned_data["triggers"] or []
        fits = (
            isinstance(triggers, list)
            and len(triggers) <= _MOST_TRIGGERS
            and all(_is_trigger(trigger) for trigger in triggers)
        )
        if not fits:
            raise ValidationError(
                _("Each invitation needs an id, a message and when it is shown: %(example)s"),
                params={"example": json.dumps({"id": "cart", "when": {}, "message": "..."})},
            )
        return list(triggers)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if isinstance(asked := data.get("prechat"), dict):
            data |= {"prechat": True} | _wishes(asked)
        if data.get("consent_required") and not data.get("consent_note"):
            self.add_error("consent_note", _("Write what the visitor agrees to."))
        return data


def check(connection: Connection) -> Check:
    """A widget needs no provider; what can be wrong is where it may stand."""
    if not connection.setting("origins"):
        return Check(
            False,
            gettext("Add the address of the shop's page, so that the widget may appear there."),
        )
    return Check(True, gettext("The widget is ready. Paste its code into the shop's page."))


def _wishes(asked: dict[str, list[str]]) -> dict[str, str]:
    """The form's own fields for what the API lists."""
    return {
        f"field_{name}": "required"
        if name in asked.get("required", [])
        else "optional"
        if name in asked.get("optional", [])
        else ""
        for name in widgets.PRECHAT_FIELDS
    }


def _is_trigger(trigger: object) -> bool:
    if not isinstance(trigger, dict):
        return False
    when = trigger.get("when")
    return (
        isinstance(trigger.get("id"), str)
        and 0 < len(trigger["id"]) <= 64
        and isinstance(trigger.get("message"), str)
        and 0 < len(trigger["message"]) <= 300
        and isinstance(when, dict)
        and isinstance(when.get("time_on_page_s", 0), int | float)
        and isinstance(when.get("url_prefix", ""), str)
    )
