"""A channel of the shop's own making: its system posts messages and reads answers (README.md)."""

from django.utils.translation import gettext_lazy as _

from channels_ingest.adapter import Adapter
from crm.models import Identity
from tickets.kinds import Capabilities, ChannelKind

adapter = Adapter(
    package=__name__,
    kind=ChannelKind(
        name="custom",
        label=_("Own system (API)"),
        icon="plug",
        capabilities=Capabilities(subject=True),
        identity_kind=Identity.Kind.EXTERNAL,
        queue="live",
        immediate=True,
    ),
)
