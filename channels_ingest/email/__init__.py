"""E-mail: IMAP, a pipe and an SMTP/LMTP listener in, SMTP out."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from channels_ingest.adapter import Adapter
from channels_ingest.email.brakes import may_answer
from crm.models import Identity
from tickets.kinds import Capabilities, ChannelKind
from tickets.models import Message


def _message_id(message: Message) -> str:
    """Our own Message-ID without brackets; from the id alone one can tell that it is ours."""
    address = str(message.channel.connection.settings.get("address", ""))
    domain = address.rpartition("@")[2] or "localhost"
    return f"hd.{message.public_id}@{domain}"


adapter = Adapter(
    package=__name__,
    kind=ChannelKind(
        name="email",
        label=_("E-mail"),
        icon="mail",
        capabilities=Capabilities(
            rich_text=True, subject=True, copies=True, undo=timedelta(seconds=10)
        ),
        identity_kind=Identity.Kind.EMAIL,
        scoped=False,
        queue="mail",
        follow_up_days=14,
        one_conversation=False,
        external_id=_message_id,
        may_answer=may_answer,
    ),
    secrets=("imap_password", "smtp_password", "oauth_client_secret", "oauth_refresh_token"),
    account="address",
)
