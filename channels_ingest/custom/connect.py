"""Nothing is set: the shop's system comes to us."""

from django import forms
from django.utils.translation import gettext as _

from channels_ingest.adapter import Check
from channels_ingest.models import Connection


class SettingsForm(forms.Form):
    """A channel of one's own has a name and a team, and no settings."""

    usual = ()


def check(connection: Connection) -> Check:
    return Check(True, _("Ready: your system may post messages to it with an API key."))
