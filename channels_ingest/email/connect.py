"""Connecting a mailbox: what an admin enters, and whether it works, in plain words."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from channels_ingest.adapter import Check, Refused, Unavailable
from channels_ingest.email import imap, receive, submission
from channels_ingest.email.mailboxes import key
from channels_ingest.email.receive import AfterImport
from channels_ingest.email.submission import Server
from channels_ingest.email.wire import Security
from channels_ingest.models import Connection

_SECURITY = [
    (Security.TLS.value, gettext_lazy("TLS from the start")),
    (Security.STARTTLS.value, gettext_lazy("STARTTLS")),
    (Security.NONE.value, gettext_lazy("None: only inside your own network")),
]
_AFTER_IMPORT = [
    (AfterImport.LEAVE.value, gettext_lazy("Leave it as it is")),
    (AfterImport.MOVE.value, gettext_lazy("Move it to the folder Helpdesk")),
    (AfterImport.DELETE.value, gettext_lazy("Delete it")),
]
_IMAP_PORTS = {Security.TLS: 993, Security.STARTTLS: 143, Security.NONE: 143}
_LONGEST = 255


class NamesField(forms.CharField):
    """Words, by space, comma or line; a list of them in the settings."""

    json_schema = {"type": "array", "items": {"type": "string", "maxLength": _LONGEST}}

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        text = " ".join(value) if isinstance(value, list) else super().clean(value)
        return list(dict.fromkeys(text.replace(",", " ").split()))


class DayField(forms.DateField):
    """A day, `2026-11-22` in the settings; '' where none is chosen."""

    json_schema = {"type": "string"}

    def clean(self, value: Any) -> str:
        day: date | None = super().clean(value)
        return day.isoformat() if day else ""


def _text(label: Any, help_text: Any = "", **options: Any) -> forms.CharField:
    return forms.CharField(
        label=label, help_text=help_text, **{"max_length": _LONGEST, "required": False, **options}
    )


def _secret(label: Any, help_text: Any = "") -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": "off"})
    return _text(label, help_text, max_length=4_000, widget=widget, strip=False)


def _port(label: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        help_text=gettext_lazy("Empty: the usual one."),
        min_value=1,
        max_value=65_535,
        required=False,
    )


def _security(label: Any, initial: Security) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=_SECURITY, initial=initial.value, required=False)


class SettingsForm(forms.Form):
    """What an admin enters. Without an incoming server mail comes by the pipe or the listener."""

    usual = (
        "address",
        "imap_host",
        "imap_user",
        "imap_password",
        "smtp_host",
        "smtp_user",
        "smtp_password",
        "from_name",
    )

    address = forms.EmailField(
        label=gettext_lazy("Address of the mailbox"),
        help_text=gettext_lazy("Customers write to it, and answers come from it."),
        max_length=_LONGEST,
    )
    imap_host = _text(
        gettext_lazy("Incoming server (IMAP)"), gettext_lazy("For example imap.example.com")
    )
    imap_port = _port(gettext_lazy("Port of the incoming server"))
    imap_security = _security(gettext_lazy("Encryption of the incoming server"), Security.TLS)
    imap_user = _text(gettext_lazy("User name"), gettext_lazy("Empty: the address of the mailbox."))
    imap_password = _secret(
        gettext_lazy("Password"), gettext_lazy("Some providers want an app password here.")
    )
    imap_folder = _text(gettext_lazy("Folder"), initial="INBOX")
    import_since = DayField(
        label=gettext_lazy("Import mail from this day on"),
        help_text=gettext_lazy("Empty: the last 30 days."),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    after_import = forms.ChoiceField(
        label=gettext_lazy("Imported mail in the mailbox"),
        choices=_AFTER_IMPORT,
        initial=AfterImport.LEAVE.value,
        required=False,
    )
    authserv_ids = NamesField(
        label=gettext_lazy("Servers that check senders"),
        help_text=gettext_lazy(
            "Names at the start of Authentication-Results that your own provider writes into each "
            "mail. Only these are believed."
        ),
        required=False,
    )
    smtp_host = _text(
        gettext_lazy("Outgoing server (SMTP)"),
        gettext_lazy("Empty: the server that this helpdesk uses for its own mail."),
    )
    smtp_port = _port(gettext_lazy("Port of the outgoing server"))
    smtp_security = _security(gettext_lazy("Encryption of the outgoing server"), Security.STARTTLS)
    smtp_user = _text(
        gettext_lazy("User name for sending"), gettext_lazy("Empty: without signing in.")
    )
    smtp_password = _secret(gettext_lazy("Password for sending"))
    from_name = _text(
        gettext_lazy("Name of the sender"),
        gettext_lazy("Empty: the shop's name. {agent} is the first name of who answers."),
        max_length=100,
    )
    signature = _text(
        gettext_lazy("Signature"),
        gettext_lazy("{agent} is the name of who answers."),
        max_length=2_000,
        widget=forms.Textarea,
    )
    subject_tag = forms.BooleanField(
        label=gettext_lazy("Add the ticket's number to the subject"), required=False
    )
    oauth_token_url = forms.URLField(
        label=gettext_lazy("Address for OAuth tokens"),
        help_text=gettext_lazy("For Google and Microsoft 365, in place of a password."),
        assume_scheme="https",
        required=False,
    )
    oauth_client_id = _text(gettext_lazy("OAuth client ID"))
    oauth_client_secret = _secret(gettext_lazy("OAuth client secret"))
    oauth_refresh_token = _secret(gettext_lazy("OAuth refresh token"))

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"]
        if "+" in address.partition("@")[0]:
            raise ValidationError(_("Give the address without a plus: it marks our replies."))
        return address.strip()

    def clean_imap_security(self) -> str:
        return self.cleaned_data["imap_security"] or Security.TLS.value

    def clean_smtp_security(self) -> str:
        return self.cleaned_data["smtp_security"] or Security.STARTTLS.value

    def clean_after_import(self) -> str:
        return self.cleaned_data["after_import"] or AfterImport.LEAVE.value

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        for name, ports in (("imap", _IMAP_PORTS), ("smtp", submission.PORTS)):
            security = data.get(f"{name}_security")
            if security and not data.get(f"{name}_port") and f"{name}_port" not in self.errors:
                data[f"{name}_port"] = ports[Security(security)]
        return data


def check(connection: Connection) -> Check:
    """Try both directions now: what arrives and what goes out."""
    if _is_taken(connection):
        return Check(False, _("This address is connected to another channel already."))
    try:
        incoming = _try_incoming(connection)
    except (Refused, Unavailable) as error:
        return Check(False, str(error))
    try:
        outgoing = _try_outgoing(connection)
    except (Refused, Unavailable) as error:
        text = _("%(incoming)s But sending does not work: %(reason)s")
        return Check(False, text % {"incoming": incoming, "reason": error})
    return Check(True, f"{incoming} {outgoing}".strip())


def _is_taken(connection: Connection) -> bool:
    address = key(str(connection.setting("address", "")))
    others = Connection.objects.filter(channel__kind="email").exclude(channel=connection.channel.pk)
    return any(key(account) == address for account in others.values_list("account", flat=True))


def _try_incoming(connection: Connection) -> str:
    if not receive.is_polled(connection):
        return _("Mail is taken from the pipe and the SMTP listener.")
    with imap.opened(connection) as folder:
        new = receive.count_new(connection, folder)
    return ngettext(
        "Connected: %(count)s new message in the mailbox.",
        "Connected: %(count)s new messages in the mailbox.",
        new,
    ) % {"count": new}


def _try_outgoing(connection: Connection) -> str:
    server = Server.of(connection)
    if server is None:
        return ""
    with submission.opened(server) as smtp:
        smtp.noop()
    return _("Sending works.")
