"""Chat on the shop's own pages: our widget, our protocol, no provider in between (README.md)."""

from django.utils.translation import gettext_lazy as _

from channels_ingest.adapter import Adapter
from crm.models import Identity
from tickets.kinds import Capabilities, ChannelKind
from tickets.models import Channel
from tickets.sla.weeks import Week, as_week


def _own_week(channel: Channel) -> Week:
    return as_week(channel.connection.settings.get("hours") or [])


adapter = Adapter(
    package=__name__,
    kind=ChannelKind(
        name="chat",
        label=_("Chat"),
        icon="message-circle",
        capabilities=Capabilities(
            max_text=10_000,
            max_files=5,
            max_file_bytes=10 * 1024 * 1024,
            max_total_bytes=50 * 1024 * 1024,
            typing=True,
            receipts=True,
        ),
        identity_kind=Identity.Kind.VISITOR,
        queue="live",
        immediate=True,
        follow_up_days=7,
        own_week=_own_week,
    ),
    secrets=("identity_secret",),
)
