"""Names of people who write to a Page.

Needs Meta's Business Asset User Profile Access; without it, or where the person's country forbids
it, nothing is told (contracts/messenger.md 10).
"""

from django.utils import translation
from django.utils.translation import gettext as _

from channels_ingest.adapter import Profile, Refused, Unavailable
from channels_ingest.messenger import graph
from channels_ingest.models import Connection
from crm.models import Identity


def fetch(connection: Connection, identity: Identity) -> Profile:
    """The person's name, and what to call them where Facebook tells none."""
    placeholder = _placeholder(connection, identity)
    try:
        fields = {"fields": "first_name,last_name"}
        told = graph.call(connection, identity.value, params=fields)
    except (Refused, Unavailable):
        # Also where the token is bad: the daily check and the next answer find that out.
        return Profile(placeholder=placeholder)
    first_name = str(told.get("first_name", ""))
    name = f"{first_name} {told.get('last_name', '')}".strip()
    return Profile(name=name, first_name=first_name, placeholder=placeholder)


def _placeholder(connection: Connection, identity: Identity) -> str:
    """In the language of the shop, because it is kept."""
    with translation.override(connection.channel.shop.locale):
        return _("Messenger customer %(last)s") % {"last": identity.value[-4:]}
