"""Connecting a Page: what an admin enters, and whether it works.

Sources: contracts/messenger.md 1, 2.
"""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from channels_ingest.adapter import Check, Refused, Unavailable, Uncertain
from channels_ingest.messenger import backfill, errors, graph
from channels_ingest.models import Connection

# What the Page has to tell the app (`subscribed_fields`).
FIELDS = (
    "messages",
    "messaging_postbacks",
    "message_deliveries",
    "message_reads",
    "message_echoes",
    "message_edits",
    "message_reactions",
    "messaging_referrals",
    "messaging_handovers",
    "standby",
    "messaging_optins",
    "messaging_policy_enforcement",
)

_PERMISSION = "pages_messaging"

# How far behind the last success one looks for missed messages: longer than Meta repeats its calls.
_OVERLAP = timedelta(days=2)

_is_number = RegexValidator(r"^\d{5,30}$", gettext_lazy("Give the number that Facebook shows."))


def _secret(label: Any, help_text: Any, *, required: bool = True) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=required,
        max_length=1_000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )


class SettingsForm(forms.Form):
    """What an admin enters. What is left empty gets Meta's own address and the version we know."""

    usual = ("page_id", "page_token", "app_id", "app_secret", "verify_token", "human_agent")

    page_id = forms.CharField(
        label=gettext_lazy("Page ID"),
        help_text=gettext_lazy("On the Page: About, Page transparency."),
        validators=[_is_number],
    )
    page_token = _secret(
        gettext_lazy("Page access token"),
        gettext_lazy("In the Meta app: Messenger, Settings, Generate token, for this Page."),
    )
    app_id = forms.CharField(
        label=gettext_lazy("App ID"),
        help_text=gettext_lazy(
            "By it the helpdesk knows its own messages from those of other tools."
        ),
        validators=[_is_number],
        required=False,
    )
    app_secret = _secret(
        gettext_lazy("App secret"),
        gettext_lazy("In the Meta app: Settings, Basic. It proves that Meta itself is calling."),
    )
    app_secret_previous = _secret(
        gettext_lazy("Previous app secret"),
        gettext_lazy("Only while you change the secret: calls signed with either are taken."),
        required=False,
    )
    verify_token = _secret(
        gettext_lazy("Verify token"),
        gettext_lazy(
            "A word of your choice. Enter the same in the Meta app, beside the address of the "
            "webhook."
        ),
    )
    human_agent = forms.BooleanField(
        label=gettext_lazy("Meta has approved the Human Agent feature"),
        help_text=gettext_lazy("Agents may then answer for 7 days instead of 24 hours."),
        required=False,
    )
    media_hosts = forms.CharField(
        label=gettext_lazy("Hosts of files"),
        help_text=gettext_lazy(
            "From where pictures and files may be fetched, one a line, with all hosts below. "
            "Empty: from any public address. Meta uses fbcdn.net, fbsbx.com and cdninstagram.com."
        ),
        validators=[
            RegexValidator(
                r"^[\w.\-\s]*$", gettext_lazy("Give names of hosts, one a line: fbcdn.net.")
            )
        ],
        widget=forms.Textarea,
        required=False,
    )
    api_version = forms.CharField(
        label=gettext_lazy("Version of the Graph API"),
        initial=graph.API_VERSION,
        validators=[RegexValidator(r"^v\d{1,3}\.\d$", gettext_lazy("Give a version like v25.0."))],
        required=False,
    )
    api_base = forms.URLField(
        label=gettext_lazy("Address of the Graph API"),
        initial=graph.API_BASE,
        assume_scheme="https",
        required=False,
    )

    def clean_api_version(self) -> str:
        return str(self.cleaned_data["api_version"] or graph.API_VERSION)

    def clean_api_base(self) -> str:
        base = str(self.cleaned_data["api_base"] or graph.API_BASE).rstrip("/")
        if not base.startswith(("https://", "http://")):
            raise ValidationError(gettext_lazy("Give an address that begins with https://."))
        return base


def check(connection: Connection) -> Check:
    """Try the token and the Page's subscription, which is made anew where it is missing.

    Meta ends a subscription by itself when our address has failed for long.
    """
    if problem := _missing(connection):
        return Check(False, problem)
    try:
        return _problem_of_token(connection) or _subscribed(connection)
    except Refused as refusal:
        # 100: the token's proof, which is made with the secret, was wrong; 101: no such app.
        if refusal.code in ("100", "101"):
            return Check(False, _("The app ID, its secret and the token do not belong together."))
        return Check(False, str(refusal), needs_reauth=refusal.needs_reauth)
    except (Unavailable, Uncertain):
        return Check(False, _("Facebook could not be reached. Check the address, or try later."))


def _missing(connection: Connection) -> str:
    """What cannot work, whatever Meta says; '' where nothing is amiss."""
    secrets = connection.secrets
    if not graph.page_id(connection) or not secrets.get("page_token"):
        return _("Enter the Page's ID and its access token.")
    if not secrets.get("app_secret"):
        return _("Enter the app secret: without it every call of Meta is turned away.")
    if not secrets.get("verify_token"):
        return _("Enter a verify token: without it Meta cannot confirm the webhook's address.")
    others = Connection.objects.filter(
        channel__kind="messenger", channel__active=True, account=graph.page_id(connection)
    ).exclude(channel=connection.channel.pk)
    if others.exists():
        return _("This Page is connected to another channel already.")
    return ""


def _problem_of_token(connection: Connection) -> Check | None:
    """The token has to be the Page's own, and allow to write."""
    page_id = graph.page_id(connection)
    me = graph.call(connection, "me", params={"fields": "id,name"})
    if str(me.get("id")) != page_id:
        text = _("The access token is of another Page: %(name)s.") % {"name": me.get("name", "?")}
        return Check(False, text, needs_reauth=True)
    app_id = str(connection.setting("app_id", ""))
    if not app_id:
        return None
    told = graph.call(
        connection,
        "debug_token",
        params={"input_token": connection.secrets["page_token"]},
        token=f"{app_id}|{connection.secrets['app_secret']}",
    )
    token = told.get("data", {})
    if not token.get("is_valid", True):
        return Check(False, errors.token_text(), needs_reauth=True)
    if str(token.get("app_id", app_id)) != app_id:
        text = _("The access token was made by another Meta app than the one entered here.")
        return Check(False, text)
    if _PERMISSION not in token.get("scopes", [_PERMISSION]):
        text = _("The access token lacks the permission pages_messaging. Grant it to the app.")
        return Check(False, text, needs_reauth=True)
    return None


def _subscribed(connection: Connection) -> Check:
    path = f"{graph.page_id(connection)}/subscribed_apps"
    app_id = str(connection.setting("app_id", ""))
    apps = graph.call(connection, path).get("data", [])
    fields = {
        field
        for app in apps
        if str(app.get("id")) == app_id or not app_id
        for field in app.get("subscribed_fields", [])
    }
    if set(FIELDS) <= fields:
        return Check(True, _("The Page is connected."))
    params = {"subscribed_fields": ",".join(FIELDS)}
    made = graph.call(connection, path, method="POST", params=params)
    if not made.get("success"):
        return Check(False, _("Facebook did not subscribe the app to the Page's messages."))
    if connection.pk and connection.last_ok_at:
        return _caught_up(connection, connection.last_ok_at)
    return Check(True, _("The Page is connected; its messages were subscribed to."))


def _caught_up(connection: Connection, last_ok_at: datetime) -> Check:
    """It was subscribed once and is again: what was written in between is read."""
    since = max(connection.channel.created_at, last_ok_at - _OVERLAP)
    try:
        count = backfill.fetch_missed(connection, since)
    except (Refused, Unavailable):
        return Check(
            True,
            _("The Page is connected again. What was written meanwhile is in its inbox only."),
        )
    text = ngettext(
        "The Page is connected again; %(count)s message was missed and is here now.",
        "The Page is connected again; %(count)s messages were missed and are here now.",
        count,
    )
    return Check(True, text % {"count": count})
