"""Fetches files that a provider keeps for us, before its links expire."""

import logging
from datetime import timedelta
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone

from channels_ingest.models import Connection
from helpdesk import http
from tickets import attaching, recording
from tickets.locking import locked
from tickets.models import Attachment

logger = logging.getLogger(__name__)

_MOST_BYTES = 25 * 1024 * 1024
_TRIES = 5
_WAIT = timedelta(seconds=30)


def fetch(attachment_id: int) -> None:
    """Fetch one waiting file, under the guard of `helpdesk.http`. A failed try is planned again."""
    attachment = _claim(attachment_id)
    if attachment is None or attachment.message is None:
        return
    connection = Connection.objects.filter(channel=attachment.message.channel_id).first()
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
