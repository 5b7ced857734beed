"""Facebook Messenger, one channel a Page."""

from datetime import timedelta

from django.core.exceptions import ObjectDoesNotExist
from django.utils.translation import gettext_lazy as _

from channels_ingest.adapter import Adapter
from crm.models import Identity
from tickets.kinds import Capabilities, ChannelKind
from tickets.models import Channel


def _human_agent(channel: Channel) -> bool:
    """Whether Meta has granted the Page's app the Human Agent feature; an admin says so."""
    try:
        return bool(channel.connection.setting("human_agent", False))
    except ObjectDoesNotExist:
        return False


adapter = Adapter(
    package=__name__,
    kind=ChannelKind(
        name="messenger",
        label=_("Messenger"),
        icon="brand-messenger",
        capabilities=Capabilities(
            # "Under 2,000 characters" (contracts/messenger.md 7).
            max_text=1_999,
            files_apart=True,
            max_file_bytes=25 * 1024 * 1024,
            max_total_bytes=250 * 1024 * 1024,
            typing=True,
            receipts=True,
            reply_window=timedelta(hours=24),
            human_window=timedelta(days=7),
        ),
        identity_kind=Identity.Kind.PAGE_SCOPED,
        queue="live",
        follow_up_days=7,
        human_window_granted=_human_agent,
    ),
    secrets=("app_secret", "app_secret_previous", "verify_token", "page_token"),
    account="page_id",
    checked_daily=True,
)
