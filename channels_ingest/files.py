"""Fetches files that a provider keeps for us, before its links expire."""

import logging
from datetime import timedelta
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone

from channels_ingest import waking
from channels_ingest.adapter import Refused, Unavailable
from channels_ingest.models import Connection, InboundEvent
from helpdesk import http
from tickets import attaching, recording
from tickets.locking import locked
from tickets.models import Attachment, Message

logger = logging.getLogger(__name__)

_MOST_BYTES = 25 * 1024 * 1024
_TRIES = 5
_WAIT = timedelta(seconds=30)
# In place of an address: the rest of the message lies in the mailbox that it came from.
_WHOLE, _WHOLE_MARK, _WHOLE_NAME = "whole:", "whole", "wiadomosc.eml"


def fetch(attachment_id: int) -> None:
    """Fetch one waiting file, under the guard of `helpdesk.http`. A failed try is planned again."""
    attachment = _claim(attachment_id)
    if attachment is None or attachment.message is None:
        return
    connection = Connection.objects.filter(channel=attachment.message.channel_id).first()
    if attachment.source_url == _WHOLE:
        _fetch_whole(attachment, connection)
        return
    is_providers_own = _is_providers_own(attachment.source_url, connection)
    if not (is_providers_own or _is_allowed(attachment.source_url, connection)):
        logger.warning("attachment %s lies on a host that is not allowed", attachment.pk)
        _give_up(attachment)
        return
    try:
        fetched = http.fetch(
            attachment.source_url, max_bytes=_MOST_BYTES, allow_private=is_providers_own
        )
    except http.FetchError as error:
        logger.warning("attachment %s was not fetched: %s", attachment.pk, type(error).__name__)
        _give_up_after_last(attachment)
        return
    if not fetched.is_success:
        logger.warning("attachment %s was not fetched: status %s", attachment.pk, fetched.status)
        _give_up_after_last(attachment)
        return
    attaching.fill(attachment, fetched.content)
    _tell(attachment)


@transaction.atomic
def ask_for_whole(message: Message) -> None:
    """Fetch a message of which only the beginning was taken in, as a file of its own; once."""
    if not message.context.get("too_large_bytes"):
        return
    attachment, _is_new = Attachment.objects.select_for_update().get_or_create(
        message=message,
        mark=_WHOLE_MARK,
        defaults={"name": _WHOLE_NAME, "content_type": "message/rfc822"},
    )
    if attachment.storage_key:
        return
    attachment.state, attachment.source_url = Attachment.State.WAITING, _WHOLE
    attachment.attempts, attachment.next_attempt_at = 0, timezone.now()
    attachment.save()
    _tell(attachment)
    transaction.on_commit(lambda: waking.fetch_files([attachment.pk], message.channel))


def _fetch_whole(attachment: Attachment, connection: Connection | None) -> None:
    message = attachment.message
    event = (
        InboundEvent.objects.filter(pk=message.inbound_event_id or 0).first() if message else None
    )
    if message is None or event is None or connection is None:
        _give_up(attachment)
        return
    try:
        itself, *files = connection.adapter.whole(connection, event)
    except Refused:
        _give_up(attachment)
    except Unavailable:
        _give_up_after_last(attachment)
    else:
        attaching.attach(message, files)
        attaching.fill(attachment, itself.content or b"")
        _tell(attachment)


def waiting(limit: int = 200) -> list[int]:
    """Ids of files whose next try is due."""
    return list(
        Attachment.objects.filter(
            state=Attachment.State.WAITING, next_attempt_at__lte=timezone.now()
        ).values_list("pk", flat=True)[:limit]
    )


@transaction.atomic
def _claim(attachment_id: int) -> Attachment | None:
    """Take the row for one try; the next one is planned before this one begins."""
    attachment = (
        Attachment.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("message")
        .filter(pk=attachment_id, state=Attachment.State.WAITING)
        .first()
    )
    if attachment is not None:
        attachment.attempts += 1
        attachment.next_attempt_at = timezone.now() + _WAIT * 2**attachment.attempts
        attachment.save(update_fields=["attempts", "next_attempt_at"])
    return attachment


def _is_providers_own(url: str, connection: Connection | None) -> bool:
    """Whether the file lies with the channel's own API, whose address an admin has set."""
    api_base = str(connection.setting("api_base", "")) if connection else ""
    return bool(api_base) and _host_of(api_base) == _host_of(url)


def _is_allowed(url: str, connection: Connection | None) -> bool:
    """Whether the admin lets files be fetched from there: anywhere, where no hosts are named."""
    hosts = str(connection.setting("media_hosts", "")).split() if connection else []
    host, _port = _host_of(url)
    return not hosts or any(host == each or host.endswith(f".{each}") for each in hosts)


def _host_of(url: str) -> tuple[str, int | None]:
    try:
        parts = urlsplit(url)
        return parts.hostname or "", parts.port
    except ValueError:
        return "", None


def _give_up_after_last(attachment: Attachment) -> None:
    if attachment.attempts >= _TRIES:
        _give_up(attachment)


def _give_up(attachment: Attachment) -> None:
    attachment.state, attachment.source_url = Attachment.State.FAILED, ""
    attachment.save(update_fields=["state", "source_url"])
    _tell(attachment)


@transaction.atomic
def _tell(attachment: Attachment) -> None:
    """Raise the ticket's version, so that open pages show the file."""
    if attachment.message is not None:
        ticket = locked(attachment.message.ticket_id)
        recording.record(ticket, "message.file_changed", message=attachment.message)
