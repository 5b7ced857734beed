"""Mail into the journal, whichever way it came."""

from typing import Any

from channels_ingest import journal
from channels_ingest.email.journal_key import journal_key
from channels_ingest.models import InboundEvent
from tickets.models import Channel

MOST_BYTES = 50 * 1024 * 1024


def keep(channel: Channel, raw: bytes, *, source: str, **meta: Any) -> tuple[InboundEvent, bool]:
    """Commit one mail to the journal; returns it and whether it is new.

    `source` is imap, pipe, smtp, lmtp or mx; `meta` what came beside the bytes, as far as it is
    known: recipients, mail_from ('' for the empty sender), arrived_at, too_large, authserv_id.
    """
    return journal.keep(
        channel.kind,
        channel.connection.account,
        journal_key(raw),
        raw,
        channel=channel,
        meta={"source": source, **meta},
    )
